using Microsoft.Extensions.Logging;

namespace Weir.PostgreSql;

/// <summary>Everything that the store logs, one line an event.</summary>
internal static partial class Log
{
    [LoggerMessage(5001, LogLevel.Warning, "Changes of other nodes are not heard, so keys and catalogs are asked for again and again: {Reason}")]
    public static partial void NotListening(ILogger logger, string reason);

    [LoggerMessage(5002, LogLevel.Information, "Changes of other nodes are heard again")]
    public static partial void Listening(ILogger logger);

    [LoggerMessage(5003, LogLevel.Warning, "It can be served from this database while nodes are upgraded: {Finding}")]
    public static partial void HoldsForNow(ILogger logger, string finding);
}
