using System.Collections.Immutable;
using System.Text.Json;

namespace Weir.Client;

/// <summary>What an account has used and has left now.</summary>
public sealed record AccountUsage
{
    public required string Account { get; init; }

    public required PlanSummary Plan { get; init; }

    /// <summary><c>enforce</c>, or <c>observe</c>: everything is recorded and nothing refused.</summary>
    public string? Enforcement { get; init; }

    public IReadOnlyList<Balance> Balances { get => field ?? []; init; }

    public CostFigures? Cost { get; init; }

    public IReadOnlyList<SlotUsage> Slots { get => field ?? []; init; }

    public DateTimeOffset AsOf { get; init; }
}

/// <summary>What an account's usage has cost.</summary>
public sealed record CostFigures(decimal Month, decimal Lifetime, string Currency);

/// <summary>Jobs of one kind that run at once.</summary>
public sealed record SlotUsage(string Kind, int Used, int? Limit, int Waiting);

/// <summary>What an account may use, as it stands.</summary>
public sealed record AccountLimits
{
    public required string Account { get; init; }

    public required PlanSummary Plan { get; init; }

    public string? Enforcement { get; init; }

    public bool Suspended { get; init; }

    public IReadOnlyList<StandingLimit> Limits { get => field ?? []; init; }

    /// <summary>The largest value of a property in one request, by <c>max_</c> and the property.</summary>
    public IReadOnlyDictionary<string, decimal> Requests { get => field ?? ImmutableDictionary<string, decimal>.Empty; init; }

    public IReadOnlyDictionary<string, RateLimit> Rates { get => field ?? ImmutableDictionary<string, RateLimit>.Empty; init; }

    /// <summary>A boolean, a number or a text each.</summary>
    public IReadOnlyDictionary<string, JsonElement> Features { get => field ?? ImmutableDictionary<string, JsonElement>.Empty; init; }

    public IReadOnlyList<SlotUsage> Slots { get => field ?? []; init; }

    public DateTimeOffset AsOf { get; init; }
}

/// <summary>A limit with overrides applied.</summary>
/// <param name="Limit">Null is unlimited.</param>
/// <param name="Enforcement"><c>hard</c> or <c>soft</c>.</param>
/// <param name="OverageRate">The price of one unit beyond a soft limit.</param>
public sealed record StandingLimit(
    string Meter, string? Unit, string Scope, string Per, decimal? Limit, string Enforcement, decimal? Ceiling, decimal? OverageRate, bool Overridden);

/// <summary>At most so much in a sliding window.</summary>
/// <param name="Meter">Null counts events.</param>
public sealed record RateLimit(decimal Limit, decimal WindowSeconds, string Scope, string? Meter);

/// <summary>The current and the past periods of an account.</summary>
public sealed record UsageHistory(string Account, IReadOnlyList<MeterHistory> Items);

public sealed record MeterHistory(string Meter, string? Unit, string Per, IReadOnlyList<PeriodUsage> Periods);

/// <param name="Limit">As it stands now, of the current period.</param>
public sealed record PeriodUsage(DateTimeOffset PeriodStart, DateTimeOffset PeriodEnd, bool Current, decimal Used, decimal Held, decimal? Limit, decimal? Percent);

/// <summary>Whether an account's plan has a feature.</summary>
/// <param name="Enabled">What event types that require the feature are decided by.</param>
/// <param name="Value">A boolean, a number or a text; null where the plan does not have it.</param>
public sealed record Feature(string Name, bool Enabled, JsonElement? Value);
