using Microsoft.Extensions.Logging;

namespace Weir.Client;

/// <summary>Everything that the client logs, one line an event.</summary>
internal static partial class Log
{
    [LoggerMessage(4001, LogLevel.Warning, "Weir cannot be reached; decisions follow the policies of their event types: {Reason}")]
    public static partial void Unavailable(ILogger logger, string reason);

    [LoggerMessage(4101, LogLevel.Warning, "An event of the recorder was rejected: {Code}: {Reason}")]
    public static partial void RecorderRejected(ILogger logger, string? code, string? reason);

    [LoggerMessage(4102, LogLevel.Error, "{Count} events of the recorder are lost: {Reason}")]
    public static partial void RecorderLost(ILogger logger, int count, string reason);

    [LoggerMessage(4103, LogLevel.Error, "The recorder failed")]
    public static partial void RecorderFault(ILogger logger, Exception exception);

    [LoggerMessage(4201, LogLevel.Error, "The spool takes nothing: {Reason}")]
    public static partial void SpoolRefuses(ILogger logger, string reason);

    [LoggerMessage(4202, LogLevel.Information, "The spool takes records again")]
    public static partial void SpoolRecovered(ILogger logger);

    [LoggerMessage(4203, LogLevel.Error, "{Bytes} bytes of the spool file {File} cannot be read; they are kept in {Kept}")]
    public static partial void SpoolCorrupt(ILogger logger, long bytes, string file, string kept);

    [LoggerMessage(4204, LogLevel.Error, "The server does not take a record of the spool ({Code}: {Reason}); it is kept in {Kept}")]
    public static partial void SpoolQuarantined(ILogger logger, string? code, string? reason, string kept);

    [LoggerMessage(4205, LogLevel.Warning, "The spool cannot be delivered now: {Reason}")]
    public static partial void SpoolWaits(ILogger logger, string reason);

    [LoggerMessage(4206, LogLevel.Information, "The spool of a process that has ended is delivered by this one: {Records} records")]
    public static partial void SpoolAdopted(ILogger logger, long records);

    [LoggerMessage(4207, LogLevel.Error, "The delivery of the spool failed and goes on in a moment")]
    public static partial void SpoolFault(ILogger logger, Exception exception);
}
