using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>The log as pages and stretches of time.</summary>
internal static class LogReader
{
    /// <summary>An event is recorded when it happens or later, but for the microseconds by which the accounts of a batch count on.</summary>
    private static readonly Duration s_disorder = Duration.FromMinutes(1);

    public static async Task<IReadOnlyList<LedgerRecord>> ReadAsync(Session session, LedgerFilter filter)
    {
        long? account = filter.Account is { } key ? await AccountRows.FindIdAsync(session, key) : null;
        if (filter.Account is not null && account is null)
        {
            return [];
        }

        string rows = account is null ? "Ledger/RowsOfLog" : "Ledger/RowsOfAccount";
        NpgsqlParameter[] parameters =
        [
            Value.Long(filter.Ascending ? filter.Cursor ?? 0 : 0), Value.Long(filter.Ascending ? long.MaxValue : filter.Cursor ?? long.MaxValue),
            Value.Text(filter.Type), Value.Text(filter.User), Value.Text(filter.Campaign), Value.Text(filter.Model), Value.Text(filter.Status),
            Value.Time(filter.From), Value.Time(filter.To), Value.Int(filter.Limit), Value.Long(Earliest(filter.From)),
        ];
        List<StoredEntry> entries = await session.ListAsync(
            $"Ledger/SelectEntries:{rows}:Ledger/LogFilters:{(filter.Ascending ? "ASC" : "DESC")}", EntryRows.Read,
            account is { } id ? [.. parameters, Value.Long(id)] : parameters);
        return await ToRecordsAsync(session, entries);
    }

    /// <summary>Entries with their account's key and what came after them, in their order.</summary>
    public static async Task<IReadOnlyList<LedgerRecord>> ToRecordsAsync(Session session, IReadOnlyList<StoredEntry> entries)
    {
        if (entries.Count == 0)
        {
            return [];
        }

        ILookup<long, StoredEntry> later = await EntryRows.LaterAsync(session, entries);
        Dictionary<long, AccountKey?> keys = (await session.ListAsync(
            "Accounts/ReadNames", row => (row.Long(0), (AccountKey?)new AccountKey(row.Text(1))), Value.Longs(entries.Select(entry => entry.Entry.Account).Distinct()))).ToDictionary();
        return
        [
            .. entries.Select(entry => new LedgerRecord(
                keys.GetValueOrDefault(entry.Entry.Account), entry.Sequence, entry.Entry, entry.Details,
                later[entry.Sequence].LastOrDefault(l => l.Entry.Kind.IsSettlement() && l.Entry.Kind != EntryKind.Growth),
                later[entry.Sequence].FirstOrDefault(l => l.Entry.Kind == EntryKind.Reversal)?.Entry.RecordedAt)),
        ];
    }

    public static async Task<List<EntryHistory>> ReadHistoriesAsync(Session session, IEnumerable<long> sequences)
    {
        List<StoredEntry> entries = await EntryRows.BySequenceAsync(session, sequences);
        ILookup<long, StoredEntry> later = await EntryRows.LaterAsync(session, entries);
        return [.. entries.Select(entry => new EntryHistory(entry, [.. later[entry.Sequence]]))];
    }

    /// <summary>Numbers of the events of a stretch of time, in the order of the ledger.</summary>
    public static async Task<List<long>> ScanAsync(Session session, IReadOnlyCollection<long>? accounts, Instant from, Instant to)
    {
        Duration late = Admission.OldestEvent + s_disorder + s_disorder;
        NpgsqlParameter[] parameters =
        [
            Value.Time(from), Value.Time(to), Value.Long(Earliest(from) ?? long.MinValue), Value.Time(to >= Instant.MaxValue - late ? Instant.MaxValue : to + late),
        ];
        return await session.ListAsync(
            accounts is null ? "Ledger/ScanRows:Ledger/OfAllAccounts" : "Ledger/ScanRows:Ledger/OfAccounts", row => row.Long(0),
            accounts is null ? parameters : [.. parameters, Value.Longs(accounts)]);
    }

    /// <summary>The earliest time at which something that happened at a time or after can have been recorded.</summary>
    public static long? Earliest(Instant? from) => from is { } given && given > Instant.MinValue + s_disorder ? Clock.ToMicros(given - s_disorder) : null;

    /// <summary>The time before which everything has been recorded that was decided before a time.</summary>
    public static Instant Latest(Instant to) => to >= Instant.MaxValue - s_disorder - s_disorder ? Instant.MaxValue : to + s_disorder + s_disorder;
}
