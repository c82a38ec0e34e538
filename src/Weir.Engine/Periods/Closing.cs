using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>How one balance stood when its period closed. It is written once and never changes.</summary>
/// <param name="Plan">The plan of the last entry that moved it; of a period without one, the plan at its end.</param>
/// <param name="Limit">As it stood then, with what grants gave; null without limit.</param>
/// <param name="Granted">What of the limit was there by grants.</param>
/// <param name="OverageRate">Soft limits: the price of one unit beyond the limit, for show.</param>
public sealed record ClosingSummary(
    long Account, BalanceKey Key, Instant PeriodEnd, int Scale, string Plan, int CatalogVersion, Quantity? Limit, LimitEnforcement Enforcement,
    Quantity Granted, Quantity Used, UnitPrice? OverageRate)
{
    /// <summary>What a soft limit let pass beyond it (BAL-3); 0 on a hard one.</summary>
    public Quantity Overage => Enforcement == LimitEnforcement.Soft && Limit is { } limit ? Quantity.Max(Used - limit, Quantity.Zero) : Quantity.Zero;

    /// <summary>The price of <see cref="Overage"/>, for show; null where the allowance named no rate.</summary>
    public Money? OverageCost => OverageRate?.For(Overage.ToDecimal(Scale));
}

/// <summary>The last entry that moved a balance.</summary>
public sealed record LastMove(string Plan, int CatalogVersion, EntryLine Line);

/// <summary>
/// What is written down of periods once they are closed (PER-2). It follows from the account and its log alone, so that it is the same
/// whenever it is asked for.
/// </summary>
public static class Closing
{
    /// <summary>The forms of which a period without usage has a summary too; of shorter ones there would be too many.</summary>
    private static readonly Per[] s_long = [Per.Month, Per.Year, Per.CalendarMonth, Per.CalendarYear];

    /// <summary>Whether a closed period can change no more: an import reaches periods that ended before the account's first live event (PER-5).</summary>
    public static bool IsFinal(Account account, Instant periodEnd)
    {
        ArgumentNullException.ThrowIfNull(account);
        return account.FirstLiveEventAt is { } first && periodEnd > first;
    }

    /// <summary>The summaries of periods that ended after one time and up to another.</summary>
    /// <param name="ended">Every balance of the account whose period did.</param>
    /// <param name="moves">The last move of each balance that has one.</param>
    public static ImmutableArray<ClosingSummary> Of(
        AccountState state, CatalogBook book, IReadOnlyCollection<Balance> ended, IReadOnlyDictionary<BalanceKey, LastMove> moves, Instant after, Instant upTo)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(ended);
        ArgumentNullException.ThrowIfNull(moves);
        ImmutableArray<ClosingSummary>.Builder summaries = ImmutableArray.CreateBuilder<ClosingSummary>();
        foreach (Balance balance in ended)
        {
            if (IsFinal(state.Account, balance.PeriodEnd))
            {
                summaries.Add(moves.TryGetValue(balance.Key, out LastMove? move) ? Of(state.Account.Id, balance, move) : AtEnd(state, book, balance));
            }
        }

        HashSet<BalanceKey> known = [.. ended.Select(balance => balance.Key)];
        foreach (Balance empty in Unused(state.Account, book, after, upTo))
        {
            if (!known.Contains(empty.Key))
            {
                summaries.Add(AtEnd(state, book, empty));
            }
        }

        return summaries.DrainToImmutable();
    }

    /// <summary>
    /// A balance of a period that is over, as the plan of its end limits it. So it is shown until it is closed, and for good where no
    /// entry ever moved it.
    /// </summary>
    public static ClosingSummary AtEnd(AccountState state, CatalogBook book, Balance balance)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(book);
        ArgumentNullException.ThrowIfNull(balance);
        Account account = state.Account;
        Instant last = balance.PeriodEnd - Clock.Microsecond;
        Plan plan = book.PlanOf(account, last);
        int version = account.SubscriptionAt(last).PinnedVersion ?? book.ActiveVersion;
        if (book.Active.Meters.TryGetValue(balance.Key.Meter, out Meter? meter))
        {
            foreach (StandingLimit planned in LimitRules.OfMeter(plan, account, meter, last))
            {
                if (planned.Scope == balance.Key.Scope && planned.Per == balance.Key.Per)
                {
                    StandingLimit limit = GrantRules.Granting(state, planned, new Period(balance.Key.PeriodStart, balance.PeriodEnd), last);
                    return new ClosingSummary(
                        account.Id, balance.Key, balance.PeriodEnd, meter.Scale, plan.Key, version, limit.Limit, limit.Enforcement, limit.Granted, balance.Used, limit.OverageRate);
                }
            }
        }

        return new ClosingSummary(
            account.Id, balance.Key, balance.PeriodEnd, meter?.Scale ?? 0, plan.Key, version, null, LimitEnforcement.Hard, Quantity.Zero, balance.Used, null);
    }

    /// <summary>
    /// Empty balances of the account's months and years that ended after one time and up to another, for the allowances of the whole
    /// account that the plan had at their end. Those before the account's first live event are not among them.
    /// </summary>
    public static IEnumerable<Balance> Unused(Account account, CatalogBook book, Instant after, Instant upTo)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(book);
        if (account.FirstLiveEventAt is not { } first)
        {
            yield break;
        }

        Instant from = Instant.Max(after, first);
        foreach (Per per in s_long)
        {
            for (Period period = account.Timeline.At(per, from); period.End <= upTo; period = account.Timeline.Next(per, period))
            {
                if (period.End > from)
                {
                    foreach (Allowance allowance in book.PlanOf(account, period.End - Clock.Microsecond).Allowances)
                    {
                        if (allowance.Per == per && allowance.Scope == ScopeKind.Account)
                        {
                            yield return Balance.Empty(new BalanceKey(ScopeKind.Account, 0, allowance.Meter.Key, per, period.Start), period.End);
                        }
                    }
                }
            }
        }
    }

    private static ClosingSummary Of(long account, Balance balance, LastMove move) => new(
        account, balance.Key, balance.PeriodEnd, move.Line.Scale, move.Plan, move.CatalogVersion, move.Line.Limit, move.Line.Enforcement, move.Line.Granted,
        balance.Used, move.Line.OverageRate);
}
