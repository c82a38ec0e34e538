using Microsoft.Extensions.Logging;

namespace Weir;

/// <summary>Everything that the shell logs, one line an event.</summary>
internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Warning, "An event of the recorder was rejected: {Code}: {Reason}")]
    public static partial void RecorderRejected(ILogger logger, string code, string reason);

    [LoggerMessage(1002, LogLevel.Error, "An event of the recorder was dropped at shutdown: {Reason}")]
    public static partial void RecorderDropped(ILogger logger, string reason);

    [LoggerMessage(1003, LogLevel.Error, "The recorder could not record an event")]
    public static partial void RecorderFault(ILogger logger, Exception exception);

    [LoggerMessage(1051, LogLevel.Warning, "Expired reservations are tidied again in {Delay}: {Reason}")]
    public static partial void SweeperWaits(ILogger logger, TimeSpan delay, string reason);

    [LoggerMessage(1061, LogLevel.Warning, "Usage could not be compared with the weeks before; it is tried again in a minute")]
    public static partial void WatchFailed(ILogger logger, Exception exception);

    [LoggerMessage(1301, LogLevel.Information, "Periods of workspace {Workspace} were closed ({Outcome}): {Accounts} accounts, {Written} summaries, {Failures} failures")]
    public static partial void ClosingEnded(ILogger logger, int workspace, ClosingOutcome outcome, long accounts, long written, long failures);

    [LoggerMessage(1302, LogLevel.Warning, "The closing of periods waits {Delay} for the store: {Reason}")]
    public static partial void ClosingWaits(ILogger logger, TimeSpan delay, string reason);

    [LoggerMessage(1303, LogLevel.Error, "The closing of periods of workspace {Workspace} failed; it is tried again")]
    public static partial void ClosingFailed(ILogger logger, int workspace, Exception exception);

    [LoggerMessage(1304, LogLevel.Error, "An account of workspace {Workspace} could not be closed: {Account}")]
    public static partial void ClosingOfAccountFailed(ILogger logger, int workspace, long account, Exception exception);

    [LoggerMessage(1305, LogLevel.Error, "The closing of periods could not be run; it is tried again")]
    public static partial void ClosingScheduleFault(ILogger logger, Exception exception);

    [LoggerMessage(1401, LogLevel.Warning, "An erase waits for a reader of the state before; repeat it, or start again, to end it")]
    public static partial void EraseIncomplete(ILogger logger);

    [LoggerMessage(1402, LogLevel.Error, "An erase that was begun could not be ended; the next start tries again")]
    public static partial void EraseFailed(ILogger logger, Exception exception);

    [LoggerMessage(1403, LogLevel.Error, "The retention of workspace {Workspace} failed; it is tried again")]
    public static partial void RetentionFailed(ILogger logger, int workspace, Exception exception);

    [LoggerMessage(1101, LogLevel.Warning, "The summaries wait for the store and go on in {Delay}: {Reason}")]
    public static partial void ProjectorWaits(ILogger logger, TimeSpan delay, string reason);

    [LoggerMessage(1201, LogLevel.Error, "The webhook {Webhook} is not delivered to: {Reason}")]
    public static partial void WebhookCannotSign(ILogger logger, string webhook, string reason);

    [LoggerMessage(1202, LogLevel.Warning, "Notifications wait for the store: {Reason}")]
    public static partial void DispatcherWaits(ILogger logger, string reason);

    [LoggerMessage(1204, LogLevel.Warning, "The notification {Notification} to {Target} was given up after attempt {Attempt}: {Reason}")]
    public static partial void DeliveryFailed(ILogger logger, string notification, string target, int attempt, string? reason);

    [LoggerMessage(1203, LogLevel.Error, "Notifications could not be delivered; they are tried again")]
    public static partial void DispatcherFault(ILogger logger, Exception exception);

    [LoggerMessage(1102, LogLevel.Error, "The summaries could not go on; they try again in {Delay}")]
    public static partial void ProjectorFault(ILogger logger, TimeSpan delay, Exception exception);
}
