using NodaTime;

namespace Weir.Engine;

/// <summary>Why an alert is over. The numbers are stored and never change.</summary>
public enum AlertResolution
{
    /// <summary>The limit was raised or taken away.</summary>
    LimitRaised = 1,

    /// <summary>A balance that never starts anew has fallen far enough below the threshold.</summary>
    Fell = 2,

    /// <summary>The threshold is no longer watched.</summary>
    RuleRemoved = 3,

    /// <summary>The job was heard of again.</summary>
    Heard = 4,

    /// <summary>The job has ended.</summary>
    JobEnded = 5,
}

/// <summary>An alert that a decision raises or resolves.</summary>
/// <param name="Resolution">Null when it is raised.</param>
public abstract record AlertChange(Instant At, AlertResolution? Resolution);

/// <summary>A job that holds a slot has not been heard of for too long, or it was again, or has ended.</summary>
/// <param name="Number">The sequence number of its reservation's entry.</param>
/// <param name="Type">Event type of the job.</param>
public sealed record StuckJobChange(long Number, string Type, Instant At, AlertResolution? Resolution) : AlertChange(At, Resolution);

/// <summary>A balance has reached a threshold, or one that stood raised is over.</summary>
/// <param name="Key">Never of the workspace.</param>
public sealed record ThresholdChange(
    BalanceKey Key, Instant PeriodEnd, int Scale, RaisedThreshold Threshold, Quantity Used, Quantity Held, Quantity? Limit, Instant At, AlertResolution? Resolution)
    : AlertChange(At, Resolution);
