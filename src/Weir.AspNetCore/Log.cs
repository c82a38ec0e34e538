using Microsoft.Extensions.Logging;

namespace Weir.AspNetCore;

/// <summary>Everything that the HTTP side logs, one line an event.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Error, "The store could not be used for a request")]
    public static partial void StoreUnavailable(ILogger logger, Exception exception);
}
