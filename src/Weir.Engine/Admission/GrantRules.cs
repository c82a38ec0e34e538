using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>What grants give at a time. They renew by the clock, so that nobody need look at them in between.</summary>
public static class GrantRules
{
    /// <summary>Whether a grant adds to a balance.</summary>
    public static bool AddsTo(Grant grant, StandingLimit limit)
    {
        ArgumentNullException.ThrowIfNull(grant);
        return limit.Scope == ScopeKind.Account && grant.Terms.Meter == limit.Meter.Key && (grant.Terms.Per is { } per ? per == limit.Per : limit.IsLongest);
    }

    /// <summary>
    /// By priority, the lowest first; then what ends first, of one that recurs its period; then the oldest. Whether one is drawn before
    /// the plan's own allowance stands apart (GRANT-2).
    /// </summary>
    public static int ByOrderOfDrawing(Grant left, Grant right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return (left.Terms.Priority, left.Periods[^1].End, left.Number).CompareTo((right.Terms.Priority, right.Periods[^1].End, right.Number));
    }

    /// <summary>What grants add to the limit of a balance: what they gave or hold in its period and, while it runs, what is left of them (GRANT-1).</summary>
    public static Quantity Granted(AccountState state, StandingLimit limit, Period period, Instant now)
    {
        ArgumentNullException.ThrowIfNull(state);
        Quantity granted = Quantity.Zero;
        if (limit.Scope == ScopeKind.Account && !state.Grants.IsEmpty)
        {
            foreach ((long _, Grant grant) in state.Grants)
            {
                granted += Of(grant, state, state.Holds, limit, period, now);
            }
        }

        return granted;
    }

    /// <summary>A limit with what grants add to it in a period.</summary>
    public static StandingLimit Granting(AccountState state, StandingLimit limit, Period period, Instant now)
    {
        ArgumentNullException.ThrowIfNull(state);
        return limit.Scope != ScopeKind.Account || state.Grants.IsEmpty ? limit : limit.Granting(Granted(state, limit, period, now));
    }

    /// <summary>What can still be drawn of a grant; 0 before its start and after its end.</summary>
    public static Quantity LeftOf(AccountState state, Grant grant, Instant now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(grant);
        return Left(Renewed(grant, state.Account.Timeline, state.Holds, now), state.Holds, now, now);
    }

    /// <summary>What live reservations hold of a grant.</summary>
    public static Quantity HeldOf(AccountState state, Grant grant, Instant now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(grant);
        Quantity held = grant.Held;
        if (now >= state.Holds.FirstExpiry && !held.IsZero)
        {
            foreach (HeldAmount amount in ExpiredAmounts(state.Holds, now))
            {
                foreach (Draw draw in amount.Draws)
                {
                    held -= draw.Grant == grant.Number ? draw.Held : Quantity.Zero;
                }
            }
        }

        return Quantity.Max(held, Quantity.Zero);
    }

    /// <summary>Whether a state need not have a grant any more: it gives nothing more, and what it gave is in closed periods (PER-2).</summary>
    public static bool IsPast(Grant grant, Instant now)
    {
        ArgumentNullException.ThrowIfNull(grant);
        return now >= grant.EndsAt && new Period(grant.Terms.Start, grant.EndsAt).IsClosedAt(now)
            && grant.Uses.All(use => use.Held.IsZero && (use.Drawn.IsZero || new Period(use.Start, use.End).IsClosedAt(now)));
    }

    /// <summary>The state without the grants that it need not have any more.</summary>
    internal static AccountState Prune(AccountState state, Instant now) =>
        state.Grants.IsEmpty ? state : state with { Grants = state.Grants.RemoveRange(state.Grants.Where(grant => IsPast(grant.Value, now)).Select(grant => grant.Key)) };

    /// <summary>A grant without the uses of closed periods, which only their sum is needed of.</summary>
    internal static Grant Settled(Grant grant, Instant now)
    {
        Grant settled = grant;
        foreach (GrantUse use in grant.Uses)
        {
            if (use.Held.IsZero && new Period(use.Start, use.End).IsClosedAt(now))
            {
                settled = settled with { DrawnBefore = settled.DrawnBefore + use.Drawn, Uses = settled.Uses.Remove(use) };
            }
        }

        return settled;
    }

    /// <summary>
    /// A grant with the period that runs at a time. What is left at a renewal moves on as its rollover says; what is held counts as used,
    /// what has expired by then does not, whether or not somebody has tidied it.
    /// </summary>
    internal static Grant Renewed(Grant grant, Timeline timeline, HoldSet holds, Instant now)
    {
        GrantPeriod last = grant.Periods[^1];
        GrantTerms terms = grant.Terms;
        if (terms.Recurrence is not { } per || now < last.End || last.End >= grant.EndsAt)
        {
            return grant;
        }

        List<GrantPeriod> periods = [.. grant.Periods];
        while (last.End <= now && last.End < grant.EndsAt)
        {
            Quantity left = LeftOf(grant.Number, last, holds, last.End);
            Quantity given = terms.Amount + (terms.Rollover?.Of(left) ?? Quantity.Zero);
            Instant start = last.End;
            if (terms.Rollover is null || (given == last.Given && left == last.Given))
            {
                // From here on each period is like the one before; those that nothing can come into any more need not be counted.
                start = Instant.Max(start, timeline.At(per, now - Period.Grace).Start);
                if (start >= grant.EndsAt)
                {
                    break;
                }
            }

            last = new GrantPeriod(start, Instant.Min(timeline.At(per, start).End, terms.End), given, given);
            periods.Add(last);
        }

        periods.RemoveAll(period => period != last && new Period(period.Start, period.End).IsClosedAt(now));
        return grant with { Periods = [.. periods] };
    }

    /// <summary>What a grant adds to one balance.</summary>
    internal static Quantity Of(Grant grant, AccountState state, HoldSet holds, StandingLimit limit, Period period, Instant now)
    {
        Quantity sum = Quantity.Zero;
        if (grant.Terms.Meter != limit.Meter.Key)
        {
            return sum;
        }

        if (UseOf(grant, limit.Per, period.Start) is { } use)
        {
            BalanceKey key = new(ScopeKind.Account, 0, limit.Meter.Key, limit.Per, period.Start);
            sum = use.Drawn + use.Held - ExpiredOf(grant.Number, key, holds, now);
        }

        return period.Contains(now) && AddsTo(grant, limit) ? sum + Left(Renewed(grant, state.Account.Timeline, holds, now), holds, now, now) : sum;
    }

    /// <summary>What can be drawn of a renewed grant for something that happened at a time: now, or late.</summary>
    internal static Quantity Left(Grant grant, HoldSet holds, Instant at, Instant now) =>
        PeriodAt(grant, at, now) is { } period ? LeftOf(grant.Number, period, holds, Instant.Min(now, period.End)) : Quantity.Zero;

    /// <summary>The period of a grant that an event at a time may draw from. It closes like the period of a balance (PER-2).</summary>
    internal static GrantPeriod? PeriodAt(Grant grant, Instant at, Instant now)
    {
        foreach (GrantPeriod period in grant.Periods)
        {
            if (period.Start <= at && at < period.End)
            {
                return grant.EndedAt is null && !new Period(period.Start, period.End).IsClosedAt(now) ? period : null;
            }
        }

        return null;
    }

    internal static GrantUse? UseOf(Grant grant, Per per, Instant start)
    {
        foreach (GrantUse use in grant.Uses)
        {
            if (use.Per == per && use.Start == start)
            {
                return use;
            }
        }

        return null;
    }

    /// <summary>What reservations that had expired by a time stand for in what a grant holds of a balance.</summary>
    internal static Quantity ExpiredOf(long grant, BalanceKey key, HoldSet holds, Instant at)
    {
        Quantity expired = Quantity.Zero;
        if (at < holds.FirstExpiry)
        {
            return expired;
        }

        foreach (HeldAmount amount in ExpiredAmounts(holds, at))
        {
            if (amount.Key == key)
            {
                foreach (Draw draw in amount.Draws)
                {
                    expired += draw.Grant == grant ? draw.Held : Quantity.Zero;
                }
            }
        }

        return expired;
    }

    /// <summary>What is left of a period with what has returned by time.</summary>
    private static Quantity LeftOf(long grant, GrantPeriod period, HoldSet holds, Instant at)
    {
        Quantity left = period.Left;
        if (at >= holds.FirstExpiry)
        {
            foreach (HeldAmount amount in ExpiredAmounts(holds, at))
            {
                foreach (Draw draw in amount.Draws)
                {
                    left += draw.Grant == grant && (draw.Period ?? period.Start) == period.Start ? draw.Held : Quantity.Zero;
                }
            }
        }

        return Quantity.Max(left, Quantity.Zero);
    }

    private static IEnumerable<HeldAmount> ExpiredAmounts(HoldSet holds, Instant at) =>
        holds.Where(hold => !hold.IsLiveAt(at)).SelectMany(hold => hold.Amounts);
}
