using System.Globalization;

using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlPeriods(Database database) : IPeriodStore
{
    /// <summary>Entries that are read at a time on the way back through an account's log.</summary>
    private const int Page = 200;

    public ValueTask<IReadOnlyList<(long Account, Balance Balance)>> ReadEndedAsync(
        WorkspaceId workspace, IReadOnlyCollection<long> accounts, Instant after, Instant upTo, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<(long Account, Balance Balance)>>(
            workspace,
            async session =>
            {
                List<(long, Balance)> ended = await session.ListAsync(
                    "Periods/ReadEnded", row => (row.Long(8), AccountRows.ReadBalance(row)), Value.Longs(accounts.Distinct()), Value.Time(after), Value.Time(upTo));
                foreach ((long account, Figures figures) in await BalanceReader.InHeadsAsync(session, accounts.Distinct()))
                {
                    ended.AddRange(figures.Balances.Values.Where(balance => balance.PeriodEnd > after && balance.PeriodEnd <= upTo).Select(balance => (account, balance)));
                }

                return [.. ended.Where(pair => pair.Item2.PeriodEnd != Instant.MaxValue)];
            },
            cancellationToken);

    public ValueTask<IReadOnlyDictionary<BalanceKey, LastMove>> ReadLastMovesAsync(
        WorkspaceId workspace, long account, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken) =>
        database.ReadEntriesAsync(workspace, session => LastMovesAsync(session, account, balances), cancellationToken);

    public ValueTask<int> CloseAsync(WorkspaceId workspace, IReadOnlyList<ClosingSummary> summaries, Instant closedAt, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            session => summaries.Count == 0 ? Task.FromResult(0) : session.RunAsync(
                "Periods/InsertClosings", Value.Longs(summaries.Select(s => s.Account)), Value.Longs(summaries.Select(s => Clock.ToMicros(s.PeriodEnd))), Value.Texts(summaries.Select(s => s.Key.Meter)),
                Value.Ints([.. summaries.Select(s => (int)s.Key.Per)]), Value.Ints([.. summaries.Select(s => (int)s.Key.Scope)]), Value.Longs(summaries.Select(s => s.Key.ScopeId)),
                Value.Longs(summaries.Select(s => Clock.ToMicros(s.Key.PeriodStart))), Value.Ints([.. summaries.Select(s => s.Scale)]), Value.Texts(summaries.Select(s => s.Plan)),
                Value.Ints([.. summaries.Select(s => s.CatalogVersion)]), Value.Longs([.. summaries.Select(s => s.Limit?.Units)]), Value.Ints([.. summaries.Select(s => (int)s.Enforcement)]),
                Value.Longs(summaries.Select(s => s.Granted.Units)), Value.Longs(summaries.Select(s => s.Used.Units)),
                Value.Texts(summaries.Select(s => s.OverageRate?.Amount.ToString(CultureInfo.InvariantCulture))), Value.Time(closedAt)),
            cancellationToken);

    public ValueTask<IReadOnlyList<EndedPeriod>> ReadAsync(WorkspaceId workspace, long account, PeriodFilter filter, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<EndedPeriod>>(
            workspace,
            async session =>
            {
                Dictionary<BalanceKey, Balance> balances = (await session.ListAsync("Periods/EndedBalances:Periods/PeriodFilters", AccountRows.ReadBalance, Filters(account, filter)))
                    .ToDictionary(balance => balance.Key);
                foreach (Balance balance in (await BalanceReader.InHeadsAsync(session, [account])).Values.SelectMany(figures => figures.Balances.Values))
                {
                    if (balance.PeriodEnd != Instant.MaxValue && filter.Takes(balance.Key, balance.PeriodEnd))
                    {
                        balances[balance.Key] = balance;
                    }
                }

                // Each list has the first of its own, so together they have the first of both.
                List<EndedPeriod> periods = [];
                foreach ((ClosingSummary summary, Instant closedAt) in await session.ListAsync("Periods/Closings:Periods/PeriodFilters", row => ReadClosing(row, account), Filters(account, filter)))
                {
                    periods.Add(new EndedPeriod(balances.Remove(summary.Key, out Balance? balance) ? balance : null, summary, closedAt));
                }

                periods.AddRange(balances.Values.Where(balance => balance.PeriodEnd != Instant.MaxValue).Select(balance => new EndedPeriod(balance, null, null)));
                return [.. periods.OrderBy(period => period.Position).Take(filter.Limit)];
            },
            cancellationToken);

    private static NpgsqlParameter[] Filters(long account, PeriodFilter filter) =>
    [
        Value.Long(account), Value.Time(filter.From), Value.Time(filter.EndedBy), Value.Time(filter.To), Value.Int((int)filter.Scope), Value.Text(filter.Meter), Value.Int((int?)filter.Per),
        Value.Time(filter.After?.End), Value.Text(filter.After?.Meter), Value.Int((int?)filter.After?.Per), Value.Int((int?)filter.After?.Scope), Value.Long(filter.After?.ScopeId),
        Value.Time(filter.After?.Start), Value.Int(filter.Limit),
    ];

    private static (ClosingSummary Summary, Instant ClosedAt) ReadClosing(NpgsqlDataReader row, long account)
    {
        BalanceKey key = new((ScopeKind)row.Int(2), row.Long(3), row.Text(0), (Per)row.Int(1), row.Time(4));
        ClosingSummary summary = new(
            account, key, row.Time(5), row.Int(6), row.Text(7), row.Int(8), row.LongOrNull(9) is { } limit ? new Quantity(limit) : null,
            (LimitEnforcement)row.Int(10), new Quantity(row.Long(11)), new Quantity(row.Long(12)),
            row.TextOrNull(13) is { } rate ? new UnitPrice(decimal.Parse(rate, CultureInfo.InvariantCulture)) : null);
        return (summary, row.Time(14));
    }

    /// <summary>Back through the account's own entries, from the time at which the last of the periods closed, until each balance has been met.</summary>
    private static async Task<IReadOnlyDictionary<BalanceKey, LastMove>> LastMovesAsync(Session session, long account, IReadOnlyCollection<Balance> balances)
    {
        Dictionary<BalanceKey, LastMove> moves = [];
        HashSet<BalanceKey> wanted = [.. balances.Select(balance => balance.Key)];
        long before = long.MaxValue;
        while (wanted.Count > 0)
        {
            List<StoredEntry> page = await session.ListAsync(
                "Ledger/SelectEntries:Periods/RowsBack", EntryRows.Read, Value.Long(account), Value.Long(before),
                Value.Long(LogReader.Earliest(balances.Min(balance => balance.Key.PeriodStart)) ?? long.MinValue),
                Value.Time(LogReader.Latest(balances.Max(balance => balance.PeriodEnd) is var end && end >= Instant.MaxValue - Engine.Period.Grace ? Instant.MaxValue : end + Engine.Period.Grace)),
                Value.Int(Page));
            foreach (StoredEntry stored in page)
            {
                foreach (EntryLine line in Enumerable.Reverse(stored.Entry.Lines))
                {
                    if (line.Key.Scope != ScopeKind.Workspace && wanted.Remove(line.Key))
                    {
                        moves.Add(line.Key, new LastMove(stored.Entry.Plan, stored.Entry.CatalogVersion, line));
                    }
                }
            }

            if (page.Count < Page)
            {
                break;
            }

            before = page[^1].Sequence;
        }

        return moves;
    }
}
