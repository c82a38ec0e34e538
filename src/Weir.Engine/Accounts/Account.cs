using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>
/// The head of an account: what decisions read of it beside its balances. It holds no personal data; the host's key, names and
/// external ids are kept apart and can be erased.
/// </summary>
public sealed record Account
{
    /// <summary>The id of the head row that carries a workspace's own limits.</summary>
    public const long WorkspaceHead = 0;

    /// <summary>A random 64-bit number above 0; 0 is the workspace's own head.</summary>
    public required long Id { get; init; }

    /// <summary>Rises by one with each committed change of the account's state.</summary>
    public long Version { get; init; }

    public required Instant CreatedAt { get; init; }

    /// <summary>The time of the last decision; the next is later by at least a microsecond (TX-3).</summary>
    public Instant DecidedAt { get; init; }

    /// <summary>The time of the first event that was not imported, or null (PER-5).</summary>
    public Instant? FirstLiveEventAt { get; init; }

    /// <summary>Key of the plan.</summary>
    public required string Plan { get; init; }

    /// <summary>The catalog version whose plan holds, or null to follow the active one (PLAN-1).</summary>
    public int? PinnedVersion { get; init; }

    public required Timeline Timeline { get; init; }

    public bool Suspended { get; init; }

    public ImmutableArray<LimitOverride> Overrides { get; init; } = [];

    /// <summary>Thresholds of its own, beside or in place of the plan's.</summary>
    public AlertRuleSet AlertRules { get; init; } = AlertRuleSet.Empty;

    /// <summary>What the account is subscribed to at a time.</summary>
    public Subscription SubscriptionAt(Instant now) => new(Plan, PinnedVersion);
}

/// <summary>What an account is subscribed to.</summary>
/// <param name="Plan">Key of the plan.</param>
/// <param name="PinnedVersion">The catalog version whose plan holds, or null to follow the active one (PLAN-1).</param>
public readonly record struct Subscription(string Plan, int? PinnedVersion);

/// <summary>A limit that stands in place of the plan's for one account.</summary>
/// <param name="Per">The allowance it is for, or null for every allowance of the meter at that scope.</param>
/// <param name="Limit">Smallest units; null is unlimited.</param>
/// <param name="Until">When it ends, or null.</param>
public sealed record LimitOverride(string Meter, ScopeKind Scope, Per? Per, Quantity? Limit, Instant? Until, string? Reason);
