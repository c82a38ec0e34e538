using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>A change of an account's head; what is null stays as it is.</summary>
public sealed record AccountChange
{
    /// <summary>The plan from now on; the one that the account has already moves nothing, and what is planned stays.</summary>
    public string? Plan { get; init; }

    /// <summary>The whole subscription from a time on, with what follows it.</summary>
    public SubscriptionChange? Subscribe { get; init; }

    /// <summary>The plan stays as it is now: nothing is planned any more.</summary>
    public bool CancelPlanned { get; init; }

    /// <summary>Brings what is pinned to the active catalog; it stays pinned.</summary>
    public PlanMigration? Migrate { get; init; }

    /// <summary>
    /// True holds the account on the catalog version that is active now, or on the one that it is pinned to already; false lets it follow (PLAN-1).
    /// </summary>
    public bool? Pin { get; init; }

    public DateTimeZone? Zone { get; init; }

    /// <summary>Local date and time in the account's zone.</summary>
    public LocalDateTime? Anchor { get; init; }

    public bool? Suspended { get; init; }

    /// <summary>Stands in place of the override of the same meter, scope and per.</summary>
    public LimitOverride? SetOverride { get; init; }

    /// <summary>The override to take away.</summary>
    public (string Meter, ScopeKind Scope, Per? Per)? RemoveOverride { get; init; }

    /// <summary>The account's thresholds from now on; an empty set takes its own away.</summary>
    public AlertRuleSet? AlertRules { get; init; }
}

/// <param name="Plan">Only accounts on this plan; null for all.</param>
public sealed record PlanMigration(string? Plan);

public static class AccountRules
{
    /// <summary>The most overrides one account may have.</summary>
    public const int MostOverrides = 200;

    /// <summary>
    /// The account after a change. Used and held amounts are kept (PLAN-1); a new zone or anchor lets the current period end as it would
    /// have (PER-4).
    /// </summary>
    /// <param name="key">The host's key of the account, for plans that are made for one; null where there can be none.</param>
    public static Account? Apply(Account account, AccountChange change, CatalogBook book, string? key, Instant now, out Failure? failure)
    {
        failure = null;
        Account folded = SubscriptionRules.Fold(account, now);
        Account changed = folded;
        if (change.Plan is not null || change.Pin is not null)
        {
            if (SubscriptionRules.Move(changed, change.Plan, change.Pin, book, key, now, out failure) is not { } moved)
            {
                return null;
            }

            changed = moved;
        }

        if (change.Subscribe is { } subscription)
        {
            if (SubscriptionRules.Subscribe(changed, subscription, book, key, now, out failure) is not { } subscribed)
            {
                return null;
            }

            changed = subscribed;
        }

        if (change.CancelPlanned && !changed.Planned.IsEmpty)
        {
            changed = changed with { Planned = [] };
        }

        if (change.Migrate is { } migration)
        {
            changed = SubscriptionRules.Migrate(changed, migration.Plan, book, now);
        }

        if (change.Zone is not null || change.Anchor is not null)
        {
            Schedule current = changed.Timeline.Latest;
            Schedule wanted = new(change.Zone ?? current.Zone, change.Anchor ?? current.Anchor);
            if (wanted != current)
            {
                changed = changed with { Timeline = changed.Timeline.Change(now, wanted) };
            }
        }

        if (change.Suspended is { } suspended)
        {
            changed = changed with { Suspended = suspended };
        }

        if (change.SetOverride is { } wantedOverride)
        {
            if (!book.Active.Meters.TryGetValue(wantedOverride.Meter, out Meter? meter))
            {
                failure = new Failure(Refusal.UnknownMeter, "", $"There is no meter '{wantedOverride.Meter}'; the catalog has {string.Join(", ", book.Active.Meters.Keys.Order(StringComparer.Ordinal))}.");
                return null;
            }

            if (wantedOverride.Scope == ScopeKind.Workspace)
            {
                failure = new Failure(Refusal.InvalidRequest, "/scope", "The workspace's limits are the same for all accounts and stand in the catalog; an override has the scope account, user, campaign or key.");
                return null;
            }

            if (wantedOverride.Limit is { } limit && (limit < Quantity.Zero || limit.Units > Quantity.LargestLimitUnits))
            {
                failure = new Failure(Refusal.InvalidRequest, "/limit", $"A limit is null for unlimited, or from 0 to {new Quantity(Quantity.LargestLimitUnits).ToDecimal(meter.Scale)} (2^53 - 1 smallest units).");
                return null;
            }

            if (wantedOverride.Until <= now)
            {
                failure = new Failure(Refusal.InvalidRequest, "/until", $"An override ends after now ({now}), or never: null. To end the one that stands, delete it.");
                return null;
            }

            if (meter.Kind == MeterKind.Level && wantedOverride.Per is not (null or Per.Lifetime))
            {
                failure = new Failure(Refusal.InvalidRequest, "/per", $"'{meter.Key}' is a level and has no periods; leave 'per' out.");
                return null;
            }

            ImmutableArray<LimitOverride> overrides =
                [.. changed.Overrides.Where(o => (o.Meter, o.Scope, o.Per) != (wantedOverride.Meter, wantedOverride.Scope, wantedOverride.Per)), wantedOverride];
            if (overrides.Length > MostOverrides)
            {
                failure = new Failure(Refusal.InvalidRequest, "", $"An account may have at most {MostOverrides} overrides; make a plan of its own for it.");
                return null;
            }

            changed = changed.Overrides.Contains(wantedOverride) ? changed : changed with { Overrides = overrides };
        }

        if (change.RemoveOverride is { } gone && changed.Overrides.FirstOrDefault(o => (o.Meter, o.Scope, o.Per) == gone) is { } found)
        {
            changed = changed with { Overrides = changed.Overrides.Remove(found) };
        }

        if (change.AlertRules is { } rules)
        {
            if (AlertRuleChecks.Check(rules, book.Active, out failure) is not { } filled)
            {
                return null;
            }

            changed = filled.Equals(changed.AlertRules) ? changed : changed with { AlertRules = filled };
        }

        // From here the command succeeds.
        return changed == folded ? account : changed with { Version = account.Version + 1, DecidedAt = now };
    }
}
