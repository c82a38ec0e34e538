using System.Runtime.CompilerServices;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteRetention(Writer writer, ReaderPool readers, LedgerMemory memory) : IRetentionStore
{
    public ValueTask<Instant> StartAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => Start(connection, workspace.Value), cancellationToken);

    public ValueTask<Instant?> FirstRecordedAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync(
            connection =>
            {
                Instant start = Start(connection, workspace.Value);
                long? first = connection.Prepared("Privacy/FirstRecorded").Bind(1, workspace.Value).Bind(2, LogReader.Between(connection, workspace.Value, start, start).First)
                    .Bind(3, Clock.ToMicros(start)).Scalar();
                return first is { } micros ? Clock.FromMicros(micros) : (Instant?)null;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(WorkspaceId workspace, Instant before, long after, int limit, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<StoredEntry>>(
            connection =>
            {
                Instant start = Start(connection, workspace.Value);
                (long first, long end) = LogReader.Between(connection, workspace.Value, start, before);
                return EntryRows.ReadAll(EntryRows.Select(connection, "Privacy/RowsRecorded").Bind(1, workspace.Value).Bind(2, Math.Max(after, first - 1)).Bind(3, end)
                    .Bind(4, Clock.ToMicros(start)).Bind(5, Clock.ToMicros(before)).Bind(6, limit));
            },
            cancellationToken);

    public async ValueTask CarryAsync(
        WorkspaceId workspace, Instant start, IReadOnlyCollection<CarriedBalance> balances, IReadOnlyCollection<CarriedGrant> grants, CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                foreach ((long account, BalanceKey key, Quantity used, Quantity held) in balances)
                {
                    connection.Prepared("Privacy/CarryBalance").Bind(1, workspace.Value).Bind(2, Clock.ToMicros(start)).Bind(3, account).Bind(4, key.Meter).Bind(5, (long)key.Per)
                        .Bind(6, (long)key.Scope).Bind(7, key.ScopeId).Bind(8, Clock.ToMicros(key.PeriodStart)).Bind(9, used.Units).Bind(10, held.Units).Run();
                }

                foreach ((long account, long grant, Quantity used, Quantity held) in grants)
                {
                    connection.Prepared("Privacy/CarryGrant").Bind(1, workspace.Value).Bind(2, Clock.ToMicros(start)).Bind(3, account).Bind(4, grant).Bind(5, used.Units).Bind(6, held.Units).Run();
                }

                return true;
            },
            cancellationToken);

    public ValueTask<bool> MoveStartAsync(WorkspaceId workspace, Instant start, long summed, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                (long checkpoint, SummaryFloor floor) = SqliteSummaries.ReadProgress(connection, workspace.Value);
                if (checkpoint < Math.Max(summed, floor.Through))
                {
                    return false;
                }

                connection.Prepared("Privacy/MoveStart").Bind(1, workspace.Value).Bind(2, Clock.ToMicros(start)).Run();
                return true;
            },
            cancellationToken);

    public async IAsyncEnumerable<CarriedBalance> ReadBalancesAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<CarriedBalance> carried = await readers.ReadAsync(
            connection =>
            {
                List<CarriedBalance> found = [];
                Statement rows = connection.Prepared("Privacy/ReadCarriedBalances").Bind(1, workspace.Value);
                while (rows.Step())
                {
                    BalanceKey key = new((ScopeKind)rows.Int32(3), rows.Int64(4), rows.Text(1), (Per)rows.Int32(2), Clock.FromMicros(rows.Int64(5)));
                    found.Add(new CarriedBalance(rows.Int64(0), key, new Quantity(rows.Int64(6)), new Quantity(rows.Int64(7))));
                }

                return found;
            },
            cancellationToken);
        foreach (CarriedBalance one in carried)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return one;
        }
    }

    public async IAsyncEnumerable<CarriedGrant> ReadGrantsAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<CarriedGrant> carried = await readers.ReadAsync(
            connection =>
            {
                List<CarriedGrant> found = [];
                Statement rows = connection.Prepared("Privacy/ReadCarriedGrants").Bind(1, workspace.Value);
                while (rows.Step())
                {
                    found.Add(new CarriedGrant(rows.Int64(0), rows.Int64(1), new Quantity(rows.Int64(2)), new Quantity(rows.Int64(3))));
                }

                return found;
            },
            cancellationToken);
        foreach (CarriedGrant one in carried)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return one;
        }
    }

    /// <summary>The whole of an entry goes in one transaction: the entry, its details, and every way that leads to it.</summary>
    public async ValueTask<LedgerDrop> DropAsync(WorkspaceId workspace, long? after, int limit, CancellationToken cancellationToken)
    {
        List<(long Hash, long Account, long Sequence, bool HasId)> gone = [];
        return await writer.WriteAsync(
            connection =>
            {
                gone.Clear();
                gone.AddRange(Drop(connection, workspace.Value, after ?? 0, limit));
                return new LedgerDrop(gone.Count == limit ? gone[^1].Sequence : null, gone.Count(entry => entry.HasId));
            },
            cancellationToken,
            _ => memory.Pending.Forget(workspace.Value, gone));
    }

    private static List<(long Hash, long Account, long Sequence, bool HasId)> Drop(Connection connection, int workspace, long after, int limit)
    {
        Instant start = Start(connection, workspace);
        if (start == Instant.MinValue)
        {
            return [];
        }

        List<long> next = [];
        Statement rows = connection.Prepared("Privacy/CarriedEntries").Bind(1, workspace).Bind(2, after).Bind(3, LogReader.Between(connection, workspace, start, start).End)
            .Bind(4, Clock.ToMicros(start)).Bind(5, connection.Prepared("Privacy/NewestRoot").Bind(1, workspace).Scalar() ?? 0).Bind(6, limit);
        while (rows.Step())
        {
            next.Add(rows.Int64(0));
        }

        if (next.Count == 0)
        {
            return [];
        }

        string sequences = EntryRows.JsonOf(next);
        Dictionary<long, long> hashes = [];
        rows = connection.Prepared("Privacy/IdsOfEntries").Bind(1, sequences);
        while (rows.Step())
        {
            hashes.Add(rows.Int64(1), Pending.HashOf(rows.Sha256(0)));
        }

        List<(long, long, long, bool)> gone = [];
        foreach (StoredEntry entry in EntryRows.ReadAll(connection, workspace, next))
        {
            bool hasId = hashes.TryGetValue(entry.Sequence, out long hash);
            gone.Add((hash, entry.Entry.Account, entry.Sequence, hasId));
            if (hasId)
            {
                connection.Prepared("Privacy/DeleteId").Bind(1, workspace).Bind(2, hash).Bind(3, entry.Sequence).Run();
            }

            connection.Prepared("Privacy/DeleteAccountEvent").Bind(1, workspace).Bind(2, entry.Entry.Account).Bind(3, entry.Sequence).Run();
            foreach (long grant in GrantDraw.SumsOf(entry.Entry).Keys)
            {
                connection.Prepared("Privacy/DeleteDraw").Bind(1, workspace).Bind(2, grant).Bind(3, entry.Sequence).Run();
            }
        }

        // Zeros first, where the texts lie: rows that are deleted move their neighbours, and free space may keep copies.
        connection.Prepared("Privacy/BlankDetails").Bind(1, sequences).Run();
        connection.Prepared("Privacy/DropDetails").Bind(1, sequences).Run();
        connection.Prepared("Privacy/DropEntries").Bind(1, sequences).Run();
        return gone;
    }

    private static Instant Start(Connection connection, int workspace) =>
        connection.Prepared("Privacy/LedgerStart").Bind(1, workspace).Scalar() is { } micros ? Clock.FromMicros(micros) : Instant.MinValue;
}
