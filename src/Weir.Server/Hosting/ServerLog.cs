namespace Weir.Server;

/// <summary>Everything that the program logs, one line an event.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(3001, LogLevel.Information, "Serving {Urls} from {Folder}")]
    public static partial void Serving(ILogger logger, string urls, string folder);

    [LoggerMessage(3002, LogLevel.Information, "Stopped: everything that was accepted has been answered")]
    public static partial void Stopped(ILogger logger);
}
