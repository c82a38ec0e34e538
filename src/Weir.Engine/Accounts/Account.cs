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

    /// <summary>Key of the plan, as of the last change; <see cref="SubscriptionAt"/> knows what was planned and has acted since.</summary>
    public required string Plan { get; init; }

    /// <summary>The catalog version whose plan holds, or null to follow the active one (PLAN-1); like <see cref="Plan"/> as of the last change.</summary>
    public int? PinnedVersion { get; init; }

    public required Timeline Timeline { get; init; }

    public bool Suspended { get; init; }

    public ImmutableArray<LimitOverride> Overrides { get; init; } = [];

    /// <summary>Thresholds of its own, beside or in place of the plan's.</summary>
    public AlertRuleSet AlertRules { get; init; } = AlertRuleSet.Empty;

    /// <summary>Changes of plan that follow <see cref="Plan"/>, in the order of their instants. A few at most: the rules make no more than three.</summary>
    public ImmutableArray<PlannedChange> Planned { get; init; } = [];

    /// <summary>What the account was subscribed to before <see cref="Plan"/>, the oldest first; remembered for a while, for periods that are closed late.</summary>
    public ImmutableArray<FormerPlan> FormerPlans { get; init; } = [];

    /// <summary>What the account is subscribed to now. The clock of who asks may lie a moment behind the account's last decision (TX-3), which counts.</summary>
    public Subscription CurrentSubscription(Instant now) => SubscriptionAt(Instant.Max(now, DecidedAt));

    /// <summary>Keys of the plans that the account has now and will have.</summary>
    public IEnumerable<string> PlansFrom(Instant now) => Planned.Where(change => change.At > now).Select(change => change.Subscription.Plan).Prepend(CurrentSubscription(now).Plan);

    /// <summary>What the account is subscribed to at a time: what the last change at or before it says (PLAN-2).</summary>
    public Subscription SubscriptionAt(Instant at)
    {
        for (int i = Planned.Length - 1; i >= 0; i--)
        {
            if (Planned[i].At <= at)
            {
                return Planned[i].Subscription;
            }
        }

        if (!FormerPlans.IsEmpty && at < FormerPlans[^1].Until)
        {
            foreach (FormerPlan former in FormerPlans)
            {
                if (at < former.Until)
                {
                    return former.Subscription;
                }
            }
        }

        return new Subscription(Plan, PinnedVersion);
    }
}

/// <summary>A limit that stands in place of the plan's for one account.</summary>
/// <param name="Per">The allowance it is for, or null for every allowance of the meter at that scope.</param>
/// <param name="Limit">Smallest units; null is unlimited.</param>
/// <param name="Until">When it ends, or null.</param>
public sealed record LimitOverride(string Meter, ScopeKind Scope, Per? Per, Quantity? Limit, Instant? Until, string? Reason);
