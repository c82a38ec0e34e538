using System.Collections.Frozen;

namespace Weir;

/// <summary>What a notification can be about. Endpoints and contacts choose among these by name.</summary>
public static class NotificationTypes
{
    public const string AlertRaised = "alert.raised";
    public const string AlertResolved = "alert.resolved";
    public const string JobStuck = "job.stuck";
    public const string UsageUnusual = "usage.unusual";
    public const string ScheduleLate = "schedule.late";
    public const string WebhookDisabled = "webhook.disabled";
    public const string WebhookTest = "webhook.test";

    /// <summary>Every type with what it tells, in the order in which they are shown.</summary>
    public static IReadOnlyList<(string Type, string Description)> All { get; } =
    [
        (AlertRaised, "An account has reached a threshold of one of its limits."),
        (AlertResolved, "An alert is over: the limit was raised, a level fell, a job was heard of again or has ended."),
        (JobStuck, "A job holds usage or a slot and has not been heard of for too long."),
        (UsageUnusual, "An account uses much more than in its own last weeks."),
        (ScheduleLate, "Work that runs by the clock is late or has failed."),
        (WebhookDisabled, "A webhook could not be delivered for days, or its receiver is gone, and it was switched off."),
        (WebhookTest, "Sent on request, to try a webhook."),
    ];

    private static readonly FrozenSet<string> s_known = All.Select(type => type.Type).ToFrozenSet(StringComparer.Ordinal);

    public static bool IsKnown(string type) => s_known.Contains(type);
}
