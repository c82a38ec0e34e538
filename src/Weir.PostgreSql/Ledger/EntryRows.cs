using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>Entries as rows: the columns and the body in <c>events</c>, what may be erased in <c>event_details</c>.</summary>
internal static class EntryRows
{
    /// <summary>A row with the columns of <c>Ledger/EntryColumns</c>.</summary>
    public static StoredEntry Read(NpgsqlDataReader row)
    {
        Entry columns = new()
        {
            Account = row.Long(1),
            Scopes = new Scopes(row.Long(2), row.Long(3), row.Long(4)),
            Kind = (EntryKind)row.Int(5),
            Type = row.TextOrNull(6),
            At = row.Time(7),
            RecordedAt = row.Time(8),
            CatalogVersion = row.Int(9),
            Plan = row.Text(10),
            Flags = (EntryFlags)row.Int(11),
            Target = row.LongOrNull(12),
            Reason = row.TextOrNull(30),
            Actor = row.TextOrNull(31),
        };
        EventDetails details = new()
        {
            Source = row.TextOrNull(13),
            Provider = row.TextOrNull(14),
            Model = row.TextOrNull(15),
            Endpoint = row.TextOrNull(16),
            Status = row.TextOrNull(17),
            LatencyMs = row.LongOrNull(18),
            Id = row.TextOrNull(20),
            RequestId = row.TextOrNull(21),
            Resource = row.TextOrNull(22),
            Address = row.TextOrNull(23),
            UserAgent = row.TextOrNull(24),
            FreeProperties = PropertyJson.FromUtf8(row.Bytes(25)),
            User = row.TextOrNull(26),
            Campaign = row.TextOrNull(27),
            Key = row.TextOrNull(28),
        };
        return new StoredEntry(row.Long(0), EntryJson.Read(row.Bytes(19), columns), details, row.Sha256(29));
    }

    /// <summary>Entries by their numbers, in the order of the ledger.</summary>
    public static Task<List<StoredEntry>> BySequenceAsync(Session session, IEnumerable<long> sequences) =>
        session.ListAsync("Ledger/SelectFoundEntries:Ledger/EntriesBySequence", Read, Value.Longs(sequences));

    /// <summary>The entries under ids, in the order of the ledger. The ids know of which months they are, and no others are searched.</summary>
    public static async Task<IReadOnlyList<StoredEntry>> ByIdAsync(Session session, IEnumerable<FoundId> ids)
    {
        FoundId[] taken = [.. ids.Where(id => id.Sequence is not null)];
        return taken.Length == 0 ? [] : await session.ListAsync(
            "Ledger/SelectFoundEntries:Ledger/EntriesById", Read, Value.Longs(taken.Select(id => id.Sequence!.Value)), Value.Longs(taken.Select(id => id.RecordedAt)));
    }

    /// <summary>Completions and reversals by the number of the entry that they are about.</summary>
    public static async Task<ILookup<long, StoredEntry>> LaterAsync(Session session, IReadOnlyList<StoredEntry> entries) => (entries.Count == 0 ? [] : await session.ListAsync(
        "Ledger/SelectFoundEntries:Ledger/EntriesByTarget", Read, Value.Longs(entries.Select(entry => entry.Sequence)), Value.Time(entries.Min(entry => entry.Entry.RecordedAt))))
        .ToLookup(entry => entry.Entry.Target!.Value);

    /// <summary>The statements that append entries, the first of them under a number.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Insert(Session session, IReadOnlyList<LedgerRow> rows, long first)
    {
        if (rows.Count == 0)
        {
            yield break;
        }

        IEnumerable<Entry> entries = rows.Select(row => row.Entry);
        IEnumerable<EventDetails> details = rows.Select(row => row.Details);
        yield return session.Own(
            "Ledger/InsertEvents", Value.Longs(rows.Select((_, i) => first + i)), Value.Longs(entries.Select(e => e.Account)), Value.Longs(entries.Select(e => e.Scopes.User)),
            Value.Longs(entries.Select(e => e.Scopes.Campaign)), Value.Longs(entries.Select(e => e.Scopes.Key)), Value.Ints([.. entries.Select(e => (int)e.Kind)]), Value.Texts(entries.Select(e => e.Type)),
            Value.Longs(entries.Select(e => Clock.ToMicros(e.At))), Value.Longs(entries.Select(e => Clock.ToMicros(e.RecordedAt))), Value.Ints([.. entries.Select(e => e.CatalogVersion)]),
            Value.Texts(entries.Select(e => e.Plan)), Value.Ints([.. entries.Select(e => (int)e.Flags)]), Value.Longs([.. entries.Select(e => e.Target)]),
            Value.Texts(details.Select(d => d.Source)), Value.Texts(details.Select(d => d.Provider)), Value.Texts(details.Select(d => d.Model)), Value.Texts(details.Select(d => d.Endpoint)),
            Value.Texts(details.Select(d => d.Status)), Value.Longs([.. details.Select(d => d.LatencyMs)]), Value.Digests(rows.Select(row => row.Fingerprint)),
            Value.BytesOf([.. entries.Select(EntryJson.Write)]));

        List<(long Sequence, LedgerRow Row, byte[]? Properties)> erasable = [];
        for (int i = 0; i < rows.Count; i++)
        {
            byte[]? properties = PropertyJson.ToUtf8(rows[i].Details.FreeProperties);
            if (properties is not null || rows[i].Entry is not { Reason: null, Actor: null } || rows[i].Details is not { Id: null, User: null, Campaign: null, Key: null, RequestId: null, Resource: null, Address: null, UserAgent: null })
            {
                erasable.Add((first + i, rows[i], properties));
            }
        }

        if (erasable.Count > 0)
        {
            yield return session.Own(
                "Ledger/InsertDetails", Value.Longs(erasable.Select(e => e.Sequence)), Value.Longs(erasable.Select(e => Clock.ToMicros(e.Row.Entry.RecordedAt))),
                Value.Texts(erasable.Select(e => e.Row.Details.Id)), Value.Texts(erasable.Select(e => e.Row.Details.User)), Value.Texts(erasable.Select(e => e.Row.Details.Campaign)),
                Value.Texts(erasable.Select(e => e.Row.Details.Key)), Value.Texts(erasable.Select(e => e.Row.Details.RequestId)), Value.Texts(erasable.Select(e => e.Row.Details.Resource)),
                Value.Texts(erasable.Select(e => e.Row.Details.Address)), Value.Texts(erasable.Select(e => e.Row.Details.UserAgent)), Value.BytesOf([.. erasable.Select(e => e.Properties)]),
                Value.Texts(erasable.Select(e => e.Row.Entry.Reason)), Value.Texts(erasable.Select(e => e.Row.Entry.Actor)));
        }
    }
}
