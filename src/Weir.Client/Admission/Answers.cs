using System.Text.Json.Serialization;

namespace Weir.Client;

/// <summary>How consume decides.</summary>
public enum ConsumeMode
{
    /// <summary>All or nothing.</summary>
    Enforce,

    /// <summary>As much as is left.</summary>
    BestEffort,

    /// <summary>Always, beyond limits too: it has happened.</summary>
    Record,
}

/// <summary>A decision. A denial is an answer of the plan, never an exception.</summary>
public sealed record ConsumeAnswer
{
    public required bool Allowed { get; init; }

    /// <summary>The event's id; the one that the client made where none was given.</summary>
    public string? Id { get; init; }

    /// <summary>The id had been decided before, and this is the same answer again.</summary>
    public bool Replayed { get; init; }

    /// <summary>Of a check: the time that it is about.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>Why not: see <see cref="DenialReasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>Every limit that stood against it.</summary>
    public IReadOnlyList<Violation> Violations { get => field ?? []; init; }

    /// <summary>The cheapest plan that would have allowed it.</summary>
    public Advice? Advice { get; init; }

    public IReadOnlyList<Charge> Charges { get => field ?? []; init; }

    public Cost? Cost { get; init; }

    /// <summary>After the event; of a check, before it.</summary>
    public IReadOnlyList<Balance> Balances { get => field ?? []; init; }

    public IReadOnlyList<Warning> Warnings { get => field ?? []; init; }

    /// <summary>
    /// Weir could not be reached: the client decided alone, by the policy of the event type. What it allowed is durable in the spool and
    /// is recorded later under the same id. What it denied may be asked again with the same id.
    /// </summary>
    [JsonIgnore]
    public bool Degraded { get; init; }
}

/// <summary>Reasons of denials. The server may have more of them.</summary>
public static class DenialReasons
{
    public const string AccountSuspended = "account_suspended";
    public const string FeatureNotInPlan = "feature_not_in_plan";
    public const string RequestLimitExceeded = "request_limit_exceeded";
    public const string LevelBelowZero = "level_below_zero";
    public const string LimitExceeded = "limit_exceeded";
    public const string RateLimited = "rate_limited";
    public const string NoSlot = "no_slot";
    public const string ExceedsReservation = "exceeds_reservation";

    /// <summary>Weir cannot be reached, and the event type's policy does not let it go ahead.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>Weir cannot be reached, and what the account may use meanwhile is used up.</summary>
    public const string OutageAllowance = "outage_allowance_exceeded";

    /// <summary>Weir cannot be reached, and the spool takes no more.</summary>
    public const string SpoolFull = "spool_full";

    /// <summary>Weir cannot be reached, and the disk of the spool does not keep what it is told to.</summary>
    public const string SpoolFailed = "spool_failed";
}

/// <summary>What rating made of an event on one meter.</summary>
/// <param name="Amount">In the meter's unit.</param>
public sealed record Charge(string Meter, decimal Amount, ChargeTrace? Trace = null);

/// <summary>How a charge came about.</summary>
public sealed record ChargeTrace
{
    public decimal? Base { get; init; }

    public IReadOnlyList<PerUnitTrace> Per { get => field ?? []; init; }

    /// <summary>The factor that was applied.</summary>
    public decimal? Multiplier { get; init; }

    /// <summary>The factor that was given, where it was outside its range.</summary>
    public decimal? MultiplierGiven { get; init; }

    public IReadOnlyDictionary<string, decimal> Bonuses { get => field ?? System.Collections.Immutable.ImmutableDictionary<string, decimal>.Empty; init; }

    public decimal? Change { get; init; }

    public decimal? Set { get; init; }

    public decimal? Cost { get; init; }

    public decimal? Unrounded { get; init; }

    public decimal? CutFrom { get; init; }

    public decimal? ClampedFrom { get; init; }
}

public sealed record PerUnitTrace(string Property, decimal Value, decimal Amount);

/// <summary>What an account has used and has left of one meter in one period.</summary>
public sealed record Balance
{
    public required string Meter { get; init; }

    public decimal Used { get; init; }

    public decimal Held { get; init; }

    /// <summary>Null is unlimited.</summary>
    public decimal? Limit { get; init; }

    public decimal? Remaining { get; init; }

    /// <summary>Used of limit, holds apart.</summary>
    public decimal? Percent { get; init; }

    /// <summary>Such as <c>month</c>, <c>calendar-day</c>, <c>lifetime</c>.</summary>
    public string? Per { get; init; }

    public DateTimeOffset? PeriodStart { get; init; }

    public DateTimeOffset? PeriodEnd { get; init; }

    /// <summary>Null is the whole account; else <c>user</c>, <c>campaign</c>, <c>key</c> or <c>workspace</c>.</summary>
    public string? Scope { get; init; }

    public string? ScopeValue { get; init; }

    /// <summary>What is used beyond a soft limit.</summary>
    public decimal? Overage { get; init; }

    public decimal? OverageCost { get; init; }
}

/// <summary>A limit that stood against a request.</summary>
public sealed record Violation
{
    public required string Reason { get; init; }

    public string? Meter { get; init; }

    /// <summary>Of the rate, the feature, the slot or the request limit.</summary>
    public string? Name { get; init; }

    public string? Scope { get; init; }

    public string? ScopeValue { get; init; }

    public string? Per { get; init; }

    public decimal? Limit { get; init; }

    public decimal? Used { get; init; }

    public decimal? Held { get; init; }

    public decimal? Requested { get; init; }

    public decimal? Remaining { get; init; }

    public DateTimeOffset? ResetsAt { get; init; }
}

/// <summary>What is worth knowing about a request that went ahead.</summary>
public sealed record Warning
{
    /// <summary>Such as <c>over_limit</c>, <c>late</c>, <c>carried</c>, <c>clamped</c>, or the reason that would have denied it.</summary>
    public required string Code { get; init; }

    public string? Meter { get; init; }

    public string? Name { get; init; }

    public string? Per { get; init; }

    public decimal? Overage { get; init; }

    public decimal? OverageCost { get; init; }

    public string? Scope { get; init; }

    public string? ScopeValue { get; init; }
}

/// <summary>The plan to move to.</summary>
public sealed record Advice(string Plan, string Name, string? Meter = null, decimal? Limit = null);
