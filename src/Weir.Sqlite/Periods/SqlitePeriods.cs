using System.Globalization;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqlitePeriods(Writer writer, Overlay overlay) : IPeriodStore
{
    /// <summary>Entries that are read at a time on the way back through an account's log.</summary>
    private const int Page = 200;

    public ValueTask<IReadOnlyList<(long Account, Balance Balance)>> ReadEndedAsync(
        WorkspaceId workspace, IReadOnlyCollection<long> accounts, Instant after, Instant upTo, CancellationToken cancellationToken) =>
        overlay.ReadAsync<IReadOnlyList<(long Account, Balance Balance)>>(
            workspace.Value,
            (connection, pending) =>
            {
                Dictionary<(long, BalanceKey), Balance> ended = [];
                Statement rows = connection.Prepared("Periods/ReadEnded").Bind(1, workspace.Value).Bind(2, EntryRows.JsonOf(accounts))
                    .Bind(3, Clock.ToMicros(after)).Bind(4, Clock.ToMicros(upTo));
                while (rows.Step())
                {
                    Balance balance = AccountRows.ReadBalance(rows, 0);
                    ended[(rows.Int64(8), balance.Key)] = balance;
                }

                foreach (long account in accounts)
                {
                    foreach (Balance balance in pending.ChangesOf(account)?.Balances.Values ?? Enumerable.Empty<Balance>())
                    {
                        if (balance.PeriodEnd > after && balance.PeriodEnd <= upTo)
                        {
                            ended[(account, balance.Key)] = balance;
                        }
                    }
                }

                return [.. ended.Where(pair => pair.Value.PeriodEnd != Instant.MaxValue).Select(pair => (pair.Key.Item1, pair.Value))];
            },
            cancellationToken);

    public ValueTask<IReadOnlyDictionary<BalanceKey, LastMove>> ReadLastMovesAsync(
        WorkspaceId workspace, long account, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken) =>
        overlay.ReadAsync(workspace.Value, (connection, pending) => LastMoves(connection, pending, workspace.Value, account, balances), cancellationToken);

    public ValueTask<int> CloseAsync(WorkspaceId workspace, IReadOnlyList<ClosingSummary> summaries, Instant closedAt, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                int added = 0;
                foreach (ClosingSummary summary in summaries)
                {
                    BalanceKey key = summary.Key;
                    Statement insert = connection.Prepared("Periods/InsertClosing").Bind(1, workspace.Value).Bind(2, summary.Account).Bind(3, Clock.ToMicros(summary.PeriodEnd))
                        .Bind(4, key.Meter).Bind(5, (long)key.Per).Bind(6, (long)key.Scope).Bind(7, key.ScopeId).Bind(8, Clock.ToMicros(key.PeriodStart))
                        .Bind(9, summary.Scale).Bind(10, summary.Plan).Bind(11, summary.CatalogVersion).Bind(12, summary.Limit?.Units).Bind(13, (long)summary.Enforcement)
                        .Bind(14, summary.Granted.Units).Bind(15, summary.Used.Units)
                        .Bind(16, summary.OverageRate?.Amount.ToString(CultureInfo.InvariantCulture)).Bind(17, Clock.ToMicros(closedAt));
                    added += insert.Scalar() is null ? 0 : 1;
                }

                return added;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<EndedPeriod>> ReadAsync(WorkspaceId workspace, long account, PeriodFilter filter, CancellationToken cancellationToken) =>
        overlay.ReadAsync<IReadOnlyList<EndedPeriod>>(
            workspace.Value,
            (connection, pending) =>
            {
                Dictionary<BalanceKey, Balance> balances = [];
                Statement rows = Filtered(connection, "Periods/EndedBalances", workspace.Value, account, filter);
                while (rows.Step())
                {
                    Balance balance = AccountRows.ReadBalance(rows, 0);
                    balances[balance.Key] = balance;
                }

                foreach (Balance balance in pending.ChangesOf(account)?.Balances.Values ?? Enumerable.Empty<Balance>())
                {
                    if (balance.PeriodEnd != Instant.MaxValue && filter.Takes(balance.Key, balance.PeriodEnd))
                    {
                        balances[balance.Key] = balance;
                    }
                }

                // Each list has the first of its own, so together they have the first of both.
                List<EndedPeriod> periods = [];
                rows = Filtered(connection, "Periods/Closings", workspace.Value, account, filter);
                while (rows.Step())
                {
                    ClosingSummary summary = ReadClosing(rows, account);
                    periods.Add(new EndedPeriod(balances.Remove(summary.Key, out Balance? balance) ? balance : null, summary, Clock.FromMicros(rows.Int64(14))));
                }

                periods.AddRange(balances.Values.Where(balance => balance.PeriodEnd != Instant.MaxValue).Select(balance => new EndedPeriod(balance, null, null)));
                return [.. periods.OrderBy(period => period.Position).Take(filter.Limit)];
            },
            cancellationToken);

    private static Statement Filtered(Connection connection, string name, int workspace, long account, PeriodFilter filter)
    {
        Statement rows = connection.PreparedText(name, static file => Sql.Load(file).Replace("{filters}", Sql.Load("Periods/PeriodFilters"), StringComparison.Ordinal), name)
            .Bind(1, workspace).Bind(2, account).Bind(3, Clock.ToMicros(filter.From)).Bind(4, Clock.ToMicros(filter.EndedBy)).Bind(5, Clock.ToMicros(filter.To))
            .Bind(6, (long)filter.Scope).Bind(7, filter.Meter).Bind(8, filter.Per is { } per ? (long)per : null).Bind(15, filter.Limit);
        return filter.After is { } after
            ? rows.Bind(9, Clock.ToMicros(after.End)).Bind(10, after.Meter).Bind(11, (long)after.Per).Bind(12, (long)after.Scope).Bind(13, after.ScopeId).Bind(14, Clock.ToMicros(after.Start))
            : rows.BindNull(9).BindNull(10).BindNull(11).BindNull(12).BindNull(13).BindNull(14);
    }

    private static ClosingSummary ReadClosing(Statement row, long account)
    {
        BalanceKey key = new((ScopeKind)row.Int32(2), row.Int64(3), row.Text(0), (Per)row.Int32(1), Clock.FromMicros(row.Int64(4)));
        return new ClosingSummary(
            account, key, Clock.FromMicros(row.Int64(5)), row.Int32(6), row.Text(7), row.Int32(8), row.Int64OrNull(9) is { } limit ? new Quantity(limit) : null,
            (LimitEnforcement)row.Int32(10), new Quantity(row.Int64(11)), new Quantity(row.Int64(12)),
            row.TextOrNull(13) is { } rate ? new UnitPrice(decimal.Parse(rate, CultureInfo.InvariantCulture)) : null);
    }

    /// <summary>Back through the account's own entries, from the time at which the last of the periods closed, until each balance has been met.</summary>
    private static IReadOnlyDictionary<BalanceKey, LastMove> LastMoves(Connection connection, PendingView pending, int workspace, long account, IReadOnlyCollection<Balance> balances)
    {
        Dictionary<BalanceKey, LastMove> moves = [];
        HashSet<BalanceKey> wanted = [.. balances.Select(balance => balance.Key)];
        if (wanted.Count == 0)
        {
            return moves;
        }

        (long low, long high) = LogReader.Between(connection, workspace, balances.Min(balance => balance.Key.PeriodStart), balances.Max(balance => balance.PeriodEnd) + Engine.Period.Grace);
        List<long> unsettled = [.. pending.EventsOf(account).Where(sequence => sequence >= low && sequence < high).OrderDescending()];
        while (wanted.Count > 0)
        {
            List<long> page = [];
            Statement rows = connection.Prepared("Periods/AccountRowsBack").Bind(1, workspace).Bind(2, account).Bind(3, high).Bind(4, low).Bind(5, Page);
            while (rows.Step())
            {
                page.Add(rows.Int64(0));
            }

            bool isLast = page.Count < Page;
            long end = isLast ? low : page[^1];
            page = [.. page.Concat(unsettled.Where(sequence => sequence >= end && sequence < high)).Distinct()];
            foreach (StoredEntry stored in EntryRows.ReadAll(connection, workspace, page).OrderByDescending(stored => stored.Sequence))
            {
                foreach (EntryLine line in Enumerable.Reverse(stored.Entry.Lines))
                {
                    if (line.Key.Scope != ScopeKind.Workspace && wanted.Remove(line.Key))
                    {
                        moves.Add(line.Key, new LastMove(stored.Entry.Plan, stored.Entry.CatalogVersion, line));
                    }
                }
            }

            if (isLast)
            {
                break;
            }

            high = end;
        }

        return moves;
    }
}
