using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>What can be said of the figures of a period.</summary>
public enum PeriodStatus
{
    /// <summary>It runs.</summary>
    Open,

    /// <summary>It is over and still takes late events (PER-3).</summary>
    Ending,

    /// <summary>It changes no more (PER-2).</summary>
    Closed,
}

/// <summary>One period of one of an account's balances.</summary>
/// <param name="Figures">As they stand; for a closed period, as they stood.</param>
/// <param name="Held">Open and ending periods: what live reservations hold.</param>
/// <param name="ClosedAt">When its summary was written; null until then.</param>
public sealed record AccountPeriod(PeriodStatus Status, ClosingSummary Figures, Quantity Held, Instant? ClosedAt);

/// <param name="Next">The place after which the next page begins; null at the end.</param>
public sealed record PeriodPage(IReadOnlyList<AccountPeriod> Periods, CatalogBook Book, PeriodPosition? Next);

/// <summary>Lists an account's periods with their totals: the open ones from the balances, the closed ones as they were written down.</summary>
public sealed class PeriodService(IWeirStore store, CatalogService catalogs, TimeProvider time)
{
    /// <param name="filter">Its <see cref="PeriodFilter.EndedBy"/> is set here.</param>
    /// <returns>Null when there is no such account.</returns>
    public async ValueTask<PeriodPage?> ReadAsync(WorkspaceId workspace, AccountKey account, PeriodFilter filter, CancellationToken cancellationToken)
    {
        if (await store.Ledger.ReadStateAsync(workspace, account, cancellationToken) is not { } state)
        {
            return null;
        }

        CatalogBook book = await catalogs.BookAsync(workspace, state.Account, cancellationToken);
        Instant now = Instant.Max(Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow())), state.Account.DecidedAt);
        state = await OpenedStates.ReadAsync(store, workspace, account, state, book, now, cancellationToken);
        PeriodFilter live = filter with { EndedBy = Instant.MaxValue };
        List<AccountPeriod> periods =
        [
            .. Open(state, book, now).Concat(Ending(state, book, now))
                .Where(period => live.Takes(period.Figures.Key, period.Figures.PeriodEnd))
                .OrderBy(Position)
                .Take(filter.Limit),
        ];
        if (periods.Count < filter.Limit)
        {
            PeriodFilter closed = filter with { EndedBy = now - Engine.Period.Grace, Limit = filter.Limit - periods.Count };
            foreach (EndedPeriod ended in await store.Periods.ReadAsync(workspace, state.Account.Id, closed, cancellationToken))
            {
                // What the job has not written down yet, and imported history, is shown by the plan of its end.
                periods.Add(new AccountPeriod(PeriodStatus.Closed, ended.Summary ?? Closing.AtEnd(state, book, ended.Balance!), Quantity.Zero, ended.ClosedAt));
            }
        }

        return new PeriodPage(periods, book, periods.Count == filter.Limit ? Position(periods[^1]) : null);
    }

    private static PeriodPosition Position(AccountPeriod period) => PeriodPosition.Of(period.Figures.Key, period.Figures.PeriodEnd);

    private static IEnumerable<AccountPeriod> Open(AccountState state, CatalogBook book, Instant now)
    {
        Plan plan = book.PlanOf(state.Account, now);
        int version = state.Account.SubscriptionAt(now).PinnedVersion ?? book.ActiveVersion;
        foreach (UsageLine line in UsageView.Of(state, book, now))
        {
            StandingLimit limit = line.Limit;
            if (limit.Per != Per.Lifetime)
            {
                BalanceKey key = new(limit.Scope, line.ScopeId, limit.Meter.Key, limit.Per, line.Period.Start);
                yield return new AccountPeriod(
                    PeriodStatus.Open,
                    new ClosingSummary(state.Account.Id, key, line.Period.End, limit.Meter.Scale, plan.Key, version, limit.Limit, limit.Enforcement, limit.Granted, line.Used, limit.OverageRate),
                    line.Held, null);
            }
        }
    }

    private static IEnumerable<AccountPeriod> Ending(AccountState state, CatalogBook book, Instant now)
    {
        Balance[] ended = [.. state.Balances.Values.Where(balance => balance.PeriodEnd <= now && !new Engine.Period(balance.Key.PeriodStart, balance.PeriodEnd).IsClosedAt(now))];
        HashSet<BalanceKey> known = [.. ended.Select(balance => balance.Key)];
        IEnumerable<Balance> unused = Closing.Unused(state.Account, book, now - Engine.Period.Grace, now).Where(balance => !known.Contains(balance.Key));
        return ended.Concat(unused).Select(balance => new AccountPeriod(PeriodStatus.Ending, Closing.AtEnd(state, book, balance), state.HeldOf(balance, now), null));
    }
}
