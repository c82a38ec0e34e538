using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>The log as pages and stretches of time.</summary>
internal static class LogReader
{
    /// <summary>Recording times follow the numbers but for a batch, whose accounts count on by microseconds each.</summary>
    private static readonly Duration s_disorder = Duration.FromMinutes(1);

    public static IReadOnlyList<LedgerRecord> Read(Connection connection, PendingView pending, int workspace, LedgerFilter filter)
    {
        long above = filter.From is { } earliest ? FirstRecordedAt(connection, workspace, earliest) - 1 : 0;
        if (filter.Account is not { } key)
        {
            return ToRecords(connection, workspace, EntryRows.ReadAll(Rows("Ledger/RowsOfLog")));
        }

        if (AccountRows.FindId(connection, workspace, key) is not { } account)
        {
            return [];
        }

        // Both lists are cut to the page; a row may stand in both when it was settled between the two looks.
        IReadOnlyList<long> unsettled = pending.EventsOf(account);
        List<StoredEntry> entries = EntryRows.ReadAll(Rows("Ledger/RowsOfAccount").Bind(12, account));
        if (unsettled.Count > 0)
        {
            entries.AddRange(EntryRows.ReadAll(Rows("Ledger/RowsOfPending").Bind(12, EntryRows.JsonOf(unsettled))));
            IEnumerable<StoredEntry> distinct = entries.DistinctBy(entry => entry.Sequence);
            entries = [.. (filter.Ascending ? distinct.OrderBy(entry => entry.Sequence) : distinct.OrderByDescending(entry => entry.Sequence)).Take(filter.Limit)];
        }

        return ToRecords(connection, workspace, entries);

        Statement Rows(string name) => EntryRows.Select(connection, name, filter.Ascending).Bind(1, workspace)
            .Bind(2, filter.Ascending ? Math.Max(above, filter.Cursor ?? above) : above).Bind(3, filter.Ascending ? long.MaxValue : filter.Cursor ?? long.MaxValue)
            .Bind(4, filter.Type).Bind(5, filter.User).Bind(6, filter.Campaign).Bind(7, filter.Model).Bind(8, filter.Status)
            .Bind(9, filter.From is { } from ? Clock.ToMicros(from) : null).Bind(10, filter.To is { } to ? Clock.ToMicros(to) : null).Bind(11, filter.Limit);
    }

    /// <summary>Entries with their account's key and what came after them, in their order.</summary>
    public static IReadOnlyList<LedgerRecord> ToRecords(Connection connection, int workspace, IReadOnlyList<StoredEntry> entries)
    {
        ILookup<long, StoredEntry> later = EntryRows.ReadLater(connection, workspace, entries.Select(entry => entry.Sequence));
        Dictionary<long, AccountKey?> keys = [];
        foreach (long account in entries.Select(entry => entry.Entry.Account).Distinct())
        {
            keys[account] = AccountRows.FindProfile(connection, workspace, account)?.Key;
        }

        return
        [
            .. entries.Select(entry => new LedgerRecord(
                keys[entry.Entry.Account], entry.Sequence, entry.Entry, entry.Details,
                later[entry.Sequence].LastOrDefault(l => l.Entry.Kind.IsSettlement() && l.Entry.Kind != EntryKind.Growth),
                later[entry.Sequence].FirstOrDefault(l => l.Entry.Kind == EntryKind.Reversal)?.Entry.RecordedAt)),
        ];
    }

    public static List<EntryHistory> ReadHistories(Connection connection, int workspace, IEnumerable<long> sequences)
    {
        List<StoredEntry> entries = EntryRows.ReadAll(connection, workspace, sequences);
        ILookup<long, StoredEntry> later = EntryRows.ReadLater(connection, workspace, entries.Select(entry => entry.Sequence));
        return [.. entries.Select(entry => new EntryHistory(entry, [.. later[entry.Sequence]]))];
    }

    /// <summary>Numbers of the events of a stretch of time, in the order of the ledger.</summary>
    public static long[] Scan(Connection connection, PendingView pending, int workspace, IReadOnlyCollection<long>? accounts, Instant from, Instant to)
    {
        List<long> unsettled = [];
        foreach (long account in accounts ?? [])
        {
            unsettled.AddRange(pending.EventsOf(account));
        }

        long first = FirstRecordedAt(connection, workspace, from);
        Statement rows = connection.Prepared(accounts is null ? "Ledger/ScanRows" : "Ledger/ScanAccountRows").Bind(1, workspace)
            .Bind(2, Clock.ToMicros(from)).Bind(3, Clock.ToMicros(to)).Bind(4, first)
            .Bind(5, EndRecordedAt(connection, workspace, to, Admission.OldestEvent)).Bind(6, EndRecordedAt(connection, workspace, to, Duration.Zero));
        if (accounts is not null)
        {
            rows.Bind(7, EntryRows.JsonOf(accounts)).Bind(8, EntryRows.JsonOf(unsettled));
        }

        List<long> sequences = [];
        while (rows.Step())
        {
            sequences.Add(rows.Int64(0));
        }

        return [.. sequences];
    }

    /// <summary>Numbers between which everything lies that was recorded from one time to before another; the second one is not among them.</summary>
    public static (long First, long End) Between(Connection connection, int workspace, Instant from, Instant to) =>
        (FirstRecordedAt(connection, workspace, from), EndRecordedAt(connection, workspace, to, Duration.Zero));

    private static long EndRecordedAt(Connection connection, int workspace, Instant to, Duration later)
    {
        Duration wait = later + s_disorder + s_disorder;
        return to >= Instant.MaxValue - wait ? long.MaxValue : FirstRecordedAt(connection, workspace, to + wait);
    }

    /// <summary>A number below which nothing of the workspace was recorded at a time or after: found by halving, as times rise with numbers.</summary>
    private static long FirstRecordedAt(Connection connection, int workspace, Instant time)
    {
        if (time <= Instant.MinValue + s_disorder)
        {
            return 0;
        }

        long wanted = Clock.ToMicros(time - s_disorder);
        long low = 0;
        long high = (connection.Prepared("Ledger/LastSequence").Bind(1, workspace).Scalar() ?? 0) + 1;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            Statement row = connection.Prepared("Ledger/RecordedAtOrAfter").Bind(1, workspace).Bind(2, middle);
            bool isBefore = row.Step();
            if (isBefore)
            {
                isBefore = row.Int64(1) < wanted;
                low = isBefore ? row.Int64(0) + 1 : low;
                row.Reset();
            }

            if (!isBefore)
            {
                high = middle;
            }
        }

        return low;
    }
}
