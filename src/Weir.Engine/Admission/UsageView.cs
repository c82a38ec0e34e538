using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>One balance as people see it: figures, limit and period.</summary>
public sealed record UsageLine(StandingLimit Limit, long ScopeId, Quantity Used, Quantity Held, Period Period)
{
    /// <summary>At least 0; null without limit.</summary>
    public Quantity? Remaining => Limit.Limit is { } limit ? Quantity.Max(limit - Used - Held, Quantity.Zero) : null;

    /// <summary>Used in percent of the limit, not rounded; what is held stands apart. A limit of 0 is 100; null without limit.</summary>
    public decimal? Percent => Limit.Limit is not { } limit ? null : limit.IsZero ? 100 : 100m * Used.Units / limit.Units;

    /// <summary>What a soft limit let pass beyond it (BAL-3); 0 on a hard one.</summary>
    public Quantity Overage => Limit is { Enforcement: LimitEnforcement.Soft, Limit: { } limit } ? Quantity.Max(Used - limit, Quantity.Zero) : Quantity.Zero;

    /// <summary>The price of <see cref="Overage"/>, for show; null where the allowance names no rate.</summary>
    public Money? OverageCost => Limit.OverageRate?.For(Overage.ToDecimal(Limit.Meter.Scale));
}

/// <summary>The current figures of an account, from its balances alone (BAL-10).</summary>
public static class UsageView
{
    /// <summary>
    /// The balances of the plan's allowances in its order, at every scope, then of every other meter that has an override or a grant or has been
    /// used in its current period.
    /// </summary>
    public static ImmutableArray<UsageLine> Of(AccountState state, CatalogBook book, Instant now)
    {
        Plan plan = book.PlanOf(state.Account, now);
        IEnumerable<string> used = state.Balances.Values
            .Where(b => (b.Used != Quantity.Zero || state.HeldOf(b, now) != Quantity.Zero) && b.Key.PeriodStart <= now && now < b.PeriodEnd)
            .Select(b => b.Key.Meter);
        IEnumerable<string> overridden = state.Account.Overrides.Where(o => LimitRules.IsActive(o, now)).Select(o => o.Meter);
        IEnumerable<string> granted = state.Grants.Values.Where(grant => GrantRules.LeftOf(state, grant, now) > Quantity.Zero).Select(grant => grant.Terms.Meter);
        List<string> meters = [.. plan.Allowances.Select(a => a.Meter.Key).Concat(overridden).Concat(granted).Concat(used.Order(StringComparer.Ordinal)).Distinct(StringComparer.Ordinal)];
        ImmutableArray<UsageLine>.Builder lines = ImmutableArray.CreateBuilder<UsageLine>();
        foreach (string key in meters)
        {
            if (book.Active.Meters.TryGetValue(key, out Meter? meter))
            {
                foreach (StandingLimit limit in LimitRules.OfMeter(plan, state.Account, meter, now))
                {
                    AddLine(lines, state, limit, now);
                }
            }
        }

        return lines.DrainToImmutable();
    }

    /// <summary>The workspace's own limits and how far they are used.</summary>
    public static ImmutableArray<UsageLine> OfWorkspace(AccountState workspace, CatalogBook book, Instant now)
    {
        ImmutableArray<UsageLine>.Builder lines = ImmutableArray.CreateBuilder<UsageLine>();
        foreach (Allowance allowance in book.Active.Workspace.Allowances)
        {
            AddLine(lines, workspace, LimitRules.Stand(allowance), now);
        }

        return lines.DrainToImmutable();
    }

    private static void AddLine(ImmutableArray<UsageLine>.Builder lines, AccountState state, StandingLimit limit, Instant now)
    {
        Period period = state.Account.Timeline.At(limit.Per, now);
        limit = GrantRules.Granting(state, limit, period, now);
        if (limit.Scope is ScopeKind.Account or ScopeKind.Workspace)
        {
            Balance balance = state.BalanceOf(new BalanceKey(limit.Scope, 0, limit.Meter.Key, limit.Per, period.Start), period.End);
            lines.Add(new UsageLine(limit, 0, balance.Used, state.HeldOf(balance, now), period));
            return;
        }

        foreach (Balance balance in state.Balances.Values.Where(b => b.Key.Scope == limit.Scope && b.Key.Meter == limit.Meter.Key && b.Key.Per == limit.Per && b.Key.PeriodStart == period.Start).OrderBy(b => b.Key.ScopeId))
        {
            lines.Add(new UsageLine(limit, balance.Key.ScopeId, balance.Used, state.HeldOf(balance, now), period));
        }
    }
}
