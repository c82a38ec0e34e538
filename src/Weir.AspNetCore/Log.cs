using Microsoft.Extensions.Logging;

namespace Weir.AspNetCore;

/// <summary>Everything that the HTTP side logs, one line an event.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Error, "The store could not be used for a request")]
    public static partial void StoreUnavailable(ILogger logger, Exception exception);

    [LoggerMessage(2002, LogLevel.Error, "An admission of '{EventType}' could not be decided")]
    public static partial void AdmissionOutage(ILogger logger, string eventType, Exception exception);

    [LoggerMessage(2003, LogLevel.Error, "What a request uses of '{EventType}' could not be told; it goes unrecorded")]
    public static partial void UsageNotDescribed(ILogger logger, string eventType, Exception exception);

    [LoggerMessage(2004, LogLevel.Warning, "A request's use of '{EventType}' goes unrecorded: {Reason}")]
    public static partial void NothingRecorded(ILogger logger, string eventType, string reason);

    [LoggerMessage(2005, LogLevel.Error, "A fault of Weir's own in {Method} {Endpoint}")]
    public static partial void Fault(ILogger logger, string method, string? endpoint, Exception exception);

    [LoggerMessage(2006, LogLevel.Error, "{Method} {Endpoint} was not answered by the store within {Seconds} s")]
    public static partial void DeadlineExceeded(ILogger logger, string method, string? endpoint, double seconds);
}
