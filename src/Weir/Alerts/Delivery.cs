using NodaTime;

namespace Weir;

public enum DeliveryState
{
    /// <summary>It is tried now or again later.</summary>
    Pending = 0,

    Delivered = 1,

    /// <summary>It was given up. It can be delivered again on request.</summary>
    Failed = 2,
}

/// <summary>One notification on its way to one target: a webhook or a contact, by its id.</summary>
public sealed record Delivery
{
    public required string Target { get; init; }

    public required StoredNotification Message { get; init; }

    public required DeliveryState State { get; init; }

    /// <summary>Attempts that were begun, in all.</summary>
    public required int Attempts { get; init; }

    /// <summary>When the attempts that count now began: from here on it is tried for as long as deliveries are tried. Null before the first.</summary>
    public Instant? TriedSince { get; init; }

    /// <summary>When it is tried next; while an attempt is under way, when another node may take it over. Null when it is over.</summary>
    public Instant? NextAttemptAt { get; init; }

    public required Instant CreatedAt { get; init; }

    public Instant? FinishedAt { get; init; }

    /// <summary>The newest attempts that have ended, oldest first.</summary>
    public IReadOnlyList<DeliveryAttempt> Log { get; init; } = [];
}

/// <summary>How one attempt ended.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Status">What the receiver answered (HTTP or SMTP); null when it did not.</param>
/// <param name="Error">Why it failed, in our words; null when it did not.</param>
/// <param name="Answer">The beginning of the receiver's answer.</param>
public sealed record DeliveryAttempt(int Number, Instant At, int? Status, string? Error, string? Answer, Duration Took)
{
    /// <summary>The most attempts of one delivery that are kept.</summary>
    public const int MostKept = 40;
}

/// <summary>A delivery that is waiting for its turn.</summary>
public sealed record NewDelivery(string Target, long Sequence);

/// <summary>A target with deliveries to make, and when the first of them may be taken.</summary>
public sealed record WaitingTarget(string Target, Instant ReadyAt);

/// <summary>What became of an attempt. It is written only while the delivery is still at this attempt.</summary>
/// <param name="NextAttemptAt">For one that stays <see cref="DeliveryState.Pending"/>.</param>
public sealed record DeliveryResult(string Target, long Sequence, DeliveryAttempt Attempt, DeliveryState State, Instant? NextAttemptAt)
{
    /// <summary>Switches the webhook off with it; what else is waiting for it then has failed.</summary>
    public WebhookDisabling? Disable { get; init; }
}

/// <summary>Switches a webhook off that is enabled, and tells of it.</summary>
/// <param name="UnlessSuccessSince">Not when something was delivered to it at or after this; null for whatever was.</param>
public sealed record WebhookDisabling(DisabledReason Reason, Instant? UnlessSuccessSince, Notification Notification);

/// <summary>Which deliveries of a target to list, newest first.</summary>
public sealed record DeliveryFilter
{
    public const int LargestLimit = 1_000;

    public DeliveryState? State { get; init; }

    public string? Type { get; init; }

    /// <summary>One message.</summary>
    public string? Message { get; init; }

    /// <summary>Only before this place in the outbox.</summary>
    public long? Before { get; init; }

    public int Limit { get; init; } = 100;
}
