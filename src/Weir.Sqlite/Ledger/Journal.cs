namespace Weir.Sqlite;

/// <summary>The rows of <c>journal</c>: one for each commit whose consequences may not all be in their tables.</summary>
internal static class Journal
{
    /// <summary>Brings every table up to date from the journal and empties it: at a start, and at an end.</summary>
    public static void Settle(Connection connection)
    {
        if (Start(connection) is not var (firstSequence, firstDenial))
        {
            return;
        }

        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            foreach (((int workspace, long account), AccountChanges changes) in Read(connection))
            {
                AccountRows.Write(connection, workspace, account, changes);
            }

            connection.Prepared("Ledger/SettleAccountEvents").Bind(1, firstSequence).Run();
            PendingIndex.Slice ids = new();
            Statement rows = connection.Prepared("Ledger/UnsettledIds").Bind(1, firstSequence).Bind(2, firstDenial);
            while (rows.Step())
            {
                ids.Add(rows.Int32(0), Pending.HashOf(rows.Sha256(1)), rows.Int64(2));
            }

            ids.Sort();
            ids.Write(connection.Prepared("Ledger/InsertId"));
            connection.Prepared("Ledger/TrimJournal").Bind(1, long.MaxValue).Run();
            connection.Execute("COMMIT");
        }
        catch
        {
            connection.Rollback();
            throw;
        }
    }

    /// <summary>The first event and the first denial that indexes may lack, or null when they are complete.</summary>
    public static (long Sequence, long Denial)? Start(Connection connection)
    {
        Statement row = connection.Prepared("Ledger/JournalStart");
        row.Step();
        (long, long)? start = row.IsNull(0) ? null : (row.Int64(0), row.Int64(1));
        row.Reset();
        return start;
    }

    /// <summary>What the tables lack, by workspace and account in the order of the tables.</summary>
    public static SortedDictionary<(int Workspace, long Account), AccountChanges> Read(Connection connection)
    {
        Dictionary<int, Dictionary<long, AccountChanges>> workspaces = [];
        Statement rows = connection.Prepared("Ledger/ReadJournal");
        while (rows.Step())
        {
            int workspace = rows.Int32(0);
            if (!workspaces.TryGetValue(workspace, out Dictionary<long, AccountChanges>? accounts))
            {
                workspaces.Add(workspace, accounts = []);
            }

            AccountChanges.Decode(rows.Bytes(1), accounts);
        }

        SortedDictionary<(int, long), AccountChanges> all = [];
        foreach ((int workspace, Dictionary<long, AccountChanges> accounts) in workspaces)
        {
            foreach ((long account, AccountChanges changes) in accounts)
            {
                all.Add((workspace, account), changes);
            }
        }

        return all;
    }
}
