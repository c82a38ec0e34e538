using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqlitePrivacy(Writer writer, ReaderPool readers, LedgerMemory memory) : IPrivacyStore
{
    /// <summary>How often the end of an erase looks whether the last reader of an older state has gone, some 4 seconds in all.</summary>
    private const int MostTries = 40;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Tables with names of people whose rows lie in random places, each with the order of its key.</summary>
    private static readonly (string Table, string Order)[] s_scattered =
    [
        ("accounts", "workspace, id"),
        ("account_profiles", "workspace, account"),
        ("aliases", "workspace, account, kind, name"),
        ("portal_tokens", "workspace, id"),
        ("contacts", "workspace, account, address"),
        ("delivery_attempts", "workspace, target, seq, number"),
    ];

    public ValueTask<IReadOnlyList<OpenErasure>> ReadOpenAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<OpenErasure>>(
            connection =>
            {
                List<OpenErasure> open = [];
                Statement rows = connection.Prepared("Privacy/ReadOpenErasures").Bind(1, workspace.Value);
                while (rows.Step())
                {
                    open.Add(new OpenErasure(rows.Int64(0), rows.Int64(1), rows.Int64OrNull(2)));
                }

                return open;
            },
            cancellationToken);

    public ValueTask<int> EraseNextAsync(WorkspaceId workspace, long erasure, int limit, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                Statement row = connection.Prepared("Privacy/FindOpenErasure").Bind(1, workspace.Value).Bind(2, erasure);
                if (!row.Step())
                {
                    return 0;
                }

                (long account, long? user, long through) = (row.Int64(0), row.Int64OrNull(1), row.Int64(2));
                row.Reset();
                List<long> next = Next(connection, workspace.Value, account, through, limit);
                if (next.Count == 0)
                {
                    return 0;
                }

                if (user is { } one)
                {
                    connection.Prepared("Privacy/BlankDetailsOfUser").Bind(1, EntryRows.JsonOf(next)).Bind(2, workspace.Value).Bind(3, one).Run();
                }
                else
                {
                    connection.Prepared("Privacy/BlankDetails").Bind(1, EntryRows.JsonOf(next)).Run();
                }

                connection.Prepared("Privacy/MoveErasure").Bind(1, workspace.Value).Bind(2, erasure).Bind(3, next[^1]).Run();
                return next.Count;
            },
            cancellationToken);

    public ValueTask<int> PruneAsync(WorkspaceId workspace, RetentionKind kind, Instant before, int limit, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => kind switch
            {
                RetentionKind.EventDetails => PruneDetails(connection, workspace.Value, before, limit),
                RetentionKind.Alerts => Prune(connection, "Privacy/PruneAlerts", workspace.Value, before, limit),
                RetentionKind.PortalTokens => Prune(connection, "Privacy/PrunePortalTokens", workspace.Value, before, limit),
                RetentionKind.Denials => PruneDenials(connection, workspace.Value, before, limit),
                _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
            },
            cancellationToken);

    public async ValueTask<bool> EndAsync(WorkspaceId workspace, IReadOnlyCollection<long> erasures, CancellationToken cancellationToken)
    {
        await writer.WriteAsync(
            connection =>
            {
                foreach ((string table, string order) in s_scattered)
                {
                    ErasureRows.WriteAnew(connection, table, order);
                }

                return true;
            },
            cancellationToken);
        for (int tries = 1; !await writer.TryEmptyLogAsync(cancellationToken); tries++)
        {
            if (tries == MostTries)
            {
                return false;
            }

            await Task.Delay(s_pause, cancellationToken);
        }

        return await writer.WriteAsync(
            connection =>
            {
                foreach (long erasure in erasures)
                {
                    connection.Prepared("Privacy/EndErasure").Bind(1, workspace.Value).Bind(2, erasure).Bind(3, Clock.ToMicros(memory.Now())).Run();
                }

                return true;
            },
            cancellationToken);
    }

    /// <summary>Along the log, whose times rise with its numbers but for a moment; what is left for that moment goes the next time.</summary>
    private static int PruneDetails(Connection connection, int workspace, Instant before, int limit)
    {
        long through = connection.Prepared("Privacy/ReadRetained").Bind(1, workspace).Scalar() ?? 0;
        long end = LogReader.Between(connection, workspace, before, before).First;
        List<long> next = [];
        Statement rows = connection.Prepared("Privacy/EntriesBetween").Bind(1, workspace).Bind(2, through).Bind(3, end).Bind(4, limit);
        while (rows.Step())
        {
            next.Add(rows.Int64(0));
        }

        if (next.Count > 0)
        {
            connection.Prepared("Privacy/BlankDetails").Bind(1, EntryRows.JsonOf(next)).Run();
            connection.Prepared("Privacy/MoveRetained").Bind(1, workspace).Bind(2, next[^1]).Run();
        }

        return next.Count;
    }

    private static int Prune(Connection connection, string statement, int workspace, Instant before, int limit)
    {
        int count = 0;
        Statement rows = connection.Prepared(statement).Bind(1, workspace).Bind(2, Clock.ToMicros(before)).Bind(3, limit);
        while (rows.Step())
        {
            count++;
        }

        return count;
    }

    /// <summary>
    /// With what leads to them. Where that is yet to be written it leads to nothing afterwards, as the row itself decides whether it has an id.
    /// </summary>
    private static int PruneDenials(Connection connection, int workspace, Instant before, int limit)
    {
        List<(long Number, Digest Id)> next = [];
        Statement rows = connection.Prepared("Privacy/OldDenials").Bind(1, workspace).Bind(2, Clock.ToMicros(before)).Bind(3, limit);
        while (rows.Step())
        {
            next.Add((rows.Int64(0), rows.Sha256(1)));
        }

        foreach ((long number, Digest id) in next)
        {
            connection.Prepared("Privacy/DeleteDenial").Bind(1, number).Run();
            connection.Prepared("Privacy/DeleteId").Bind(1, workspace).Bind(2, Pending.HashOf(id)).Bind(3, -number).Run();
        }

        return next.Count;
    }

    /// <summary>What the index of the account's entries has, and what it has yet to get.</summary>
    private List<long> Next(Connection connection, int workspace, long account, long through, int limit)
    {
        SortedSet<long> next = [.. (memory.Pending.FindEvents(workspace, account) ?? []).Where(sequence => sequence > through)];
        Statement rows = connection.Prepared("Privacy/NextEntries").Bind(1, workspace).Bind(2, account).Bind(3, through).Bind(4, limit);
        while (rows.Step())
        {
            next.Add(rows.Int64(0));
        }

        return [.. next.Take(limit)];
    }
}
