namespace Weir.Server;

/// <summary>Everything that the program logs, one line an event.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(3001, LogLevel.Information, "Serving {Urls} from {Place}")]
    public static partial void Serving(ILogger logger, string urls, string place);

    [LoggerMessage(3002, LogLevel.Information, "Stopped: everything that was accepted has been answered")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(3101, LogLevel.Information, "Demo: {Done} of {All} events of history loaded")]
    public static partial void DemoLoading(ILogger logger, int done, int all);

    [LoggerMessage(3102, LogLevel.Information, "Demo: {Accounts} accounts, {Events} events of history ({Refused} refused) in {Milliseconds} ms; live traffic begins")]
    public static partial void DemoLoaded(ILogger logger, int accounts, int events, int refused, long milliseconds);

    [LoggerMessage(3103, LogLevel.Warning, "Demo: the workspace has the catalog '{Name}', so the demo's accounts are not loaded; serve another folder with --data")]
    public static partial void DemoSkipped(ILogger logger, string name);

    [LoggerMessage(3104, LogLevel.Warning, "Demo: an event could not be sent: {Reason}")]
    public static partial void DemoPaused(ILogger logger, string reason);

    [LoggerMessage(3105, LogLevel.Error, "Demo: ended: {Reason}")]
    public static partial void DemoEnded(ILogger logger, string reason);
}
