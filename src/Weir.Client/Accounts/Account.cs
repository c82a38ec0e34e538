namespace Weir.Client;

/// <summary>Who holds a plan.</summary>
public sealed record Account
{
    public required string Key { get; init; }

    public string? Name { get; init; }

    public required PlanSummary Plan { get; init; }

    /// <summary>The catalog version that the account keeps its plan of; null when it follows the plan.</summary>
    public int? PinnedVersion { get; init; }

    /// <summary>Of the TZDB, such as <c>Africa/Nairobi</c>.</summary>
    public string? TimeZone { get; init; }

    /// <summary>The local date and time that its periods count from.</summary>
    public string? Anchor { get; init; }

    public bool Suspended { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public IReadOnlyDictionary<string, string> ExternalIds { get => field ?? System.Collections.Immutable.ImmutableDictionary<string, string>.Empty; init; }

    public IReadOnlyList<LimitOverride> Overrides { get => field ?? []; init; }
}

public sealed record PlanSummary(string Key, string Name, string? Description = null);

/// <summary>A limit that stands in place of the plan's.</summary>
/// <param name="Per">Null: every allowance of the meter at this scope.</param>
/// <param name="Limit">Null is unlimited.</param>
public sealed record LimitOverride(string Meter, string Scope, string? Per, decimal? Limit, DateTimeOffset? Until, string? Reason);

/// <summary>What to make of an account. What is null stays as it is.</summary>
public sealed record AccountChange
{
    public string? Name { get; init; }

    public string? Plan { get; init; }

    /// <summary>Of the TZDB. It takes effect when the running period ends.</summary>
    public string? TimeZone { get; init; }

    /// <summary>A local date and time such as <c>2026-01-31T09:00:00</c>. It takes effect when the running period ends.</summary>
    public string? Anchor { get; init; }

    public bool? Suspended { get; init; }

    public IReadOnlyDictionary<string, string>? ExternalIds { get; init; }
}

/// <summary>An account of a list, with how far its limits are used.</summary>
public sealed record AccountListItem
{
    public required string Key { get; init; }

    public string? Name { get; init; }

    public required PlanSummary Plan { get; init; }

    public int? PinnedVersion { get; init; }

    public string? TimeZone { get; init; }

    public bool Suspended { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public IReadOnlyList<LimitUsage> Usage { get => field ?? []; init; }
}

/// <summary>How far one limit is used.</summary>
public sealed record LimitUsage(string Meter, string Per, decimal Used, decimal? Limit, decimal? Percent, DateTimeOffset? PeriodEnd);

internal sealed record SubscriptionBody(string Plan, bool Pin);
