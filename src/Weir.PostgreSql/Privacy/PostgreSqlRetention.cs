using System.Runtime.CompilerServices;

using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlRetention(Database database) : IRetentionStore
{
    /// <summary>Nobody waits for ids that go, so they go in larger parts than what others wait for.</summary>
    private const int IdsAtATime = 50_000;

    /// <summary>How often a month is tried again that somebody reads or writes for long: each time others may wait for 0.2 s.</summary>
    private const int MostTries = 3;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);

    public ValueTask<Instant> StartAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Privacy/LedgerStart", row => row.Time(0), cancellationToken);

    public static Task<Instant> StartAsync(Session session) => session.FindAsync("Privacy/LedgerStart", row => row.Time(0));

    public ValueTask<Instant?> FirstRecordedAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        database.FindAsync<Instant?>(workspace, "Privacy/FirstRecorded", row => row.Time(0), cancellationToken);

    public async ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(WorkspaceId workspace, Instant before, long after, int limit, CancellationToken cancellationToken) =>
        await database.ListAsync(workspace, "Ledger/SelectEntries:Privacy/RowsRecorded", EntryRows.Read, cancellationToken, Value.Long(after), Value.Time(before), Value.Int(limit));

    public async ValueTask CarryAsync(
        WorkspaceId workspace, Instant start, IReadOnlyCollection<CarriedBalance> balances, IReadOnlyCollection<CarriedGrant> grants, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            workspace,
            async session =>
            {
                await session.RunAllAsync(
                [
                    session.Own(
                        "Privacy/CarryBalances", Value.Time(start), Value.Longs(balances.Select(sum => sum.Account)), Value.Texts(balances.Select(sum => sum.Key.Meter)),
                        Value.Ints([.. balances.Select(sum => (int)sum.Key.Per)]), Value.Ints([.. balances.Select(sum => (int)sum.Key.Scope)]), Value.Longs(balances.Select(sum => sum.Key.ScopeId)),
                        Value.Longs(balances.Select(sum => Clock.ToMicros(sum.Key.PeriodStart))), Value.Longs(balances.Select(sum => sum.Used.Units)), Value.Longs(balances.Select(sum => sum.Held.Units))),
                    session.Own(
                        "Privacy/CarryGrants", Value.Time(start), Value.Longs(grants.Select(sum => sum.Account)), Value.Longs(grants.Select(sum => sum.Grant)),
                        Value.Longs(grants.Select(sum => sum.Used.Units)), Value.Longs(grants.Select(sum => sum.Held.Units))),
                ]);
                return true;
            },
            cancellationToken);

    /// <summary>Under the lock of the summaries' checkpoint: nobody begins to make them anew in between.</summary>
    public ValueTask<bool> MoveStartAsync(WorkspaceId workspace, Instant start, long summed, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                (long checkpoint, SummaryFloor floor) = await PostgreSqlSummaries.LockAsync(session);
                if (checkpoint < Math.Max(summed, floor.Through))
                {
                    return false;
                }

                await session.RunAsync("Privacy/MoveStart", Value.Time(start));
                return true;
            },
            cancellationToken);

    public async IAsyncEnumerable<CarriedBalance> ReadBalancesAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (CarriedBalance carried in await database.ListAsync(workspace, "Privacy/ReadCarriedBalances", Balance, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return carried;
        }
    }

    public async IAsyncEnumerable<CarriedGrant> ReadGrantsAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (CarriedGrant carried in await database.ListAsync(
            workspace, "Privacy/ReadCarriedGrants", row => new CarriedGrant(row.Long(0), row.Long(1), new Quantity(row.Long(2)), new Quantity(row.Long(3))), cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return carried;
        }
    }

    /// <summary>
    /// Month by month: ids first, in parts, so that nobody can come to an entry any more; then the entries of all workspaces at once, by a
    /// function of the owner. A workspace whose entries of a month have gone with another's run finds nothing more to do there.
    /// </summary>
    public async ValueTask<LedgerDrop> DropAsync(WorkspaceId workspace, long? after, int limit, CancellationToken cancellationToken)
    {
        if (await database.FindAsync<(long Start, long End)?>(
            workspace, "Privacy/NextCarriedMonth", row => (row.Long(0), row.Long(1)), cancellationToken, Value.Long(after ?? long.MinValue)) is not { } month)
        {
            return new LedgerDrop(null, 0);
        }

        bool isBegun = after > month.Start;
        if (!isBegun && !await database.FindAsync(workspace, "Privacy/HasCarried", row => row.GetBoolean(0), cancellationToken, Value.Long(month.Start), Value.Long(month.End)))
        {
            return new LedgerDrop(month.End, 0);
        }

        (int ids, long reached) = await database.WriteAsync(
            workspace,
            session => session.FindAsync("Privacy/PruneCarried", row => (row.Int(0), row.Long(1)), Value.Long(month.Start), Value.Long(isBegun ? after!.Value : month.Start), Value.Int(IdsAtATime)),
            cancellationToken);
        if (reached < month.End)
        {
            // Never where the month begins: there it would be looked at as a whole again.
            return new LedgerDrop(Math.Max(reached, month.Start + 1), ids);
        }

        bool isBlocked = false;
        for (int tries = 1; (isBlocked = await DropMonthAsync(workspace, month.Start, cancellationToken) is "locked" or "busy") && tries < MostTries; tries++)
        {
            await Task.Delay(s_pause, cancellationToken);
        }

        return new LedgerDrop(month.End, ids) { IsBlocked = isBlocked };
    }

    private ValueTask<string?> DropMonthAsync(WorkspaceId workspace, long month, CancellationToken cancellationToken) =>
        database.WriteAsync(workspace, session => session.FindAsync("Privacy/DropMonth", row => row.Text(0), Value.Long(month)), cancellationToken);

    private static CarriedBalance Balance(NpgsqlDataReader row) => new(
        row.Long(0), new BalanceKey((ScopeKind)row.Int(3), row.Long(4), row.Text(1), (Per)row.Int(2), row.Time(5)), new Quantity(row.Long(6)), new Quantity(row.Long(7)));
}
