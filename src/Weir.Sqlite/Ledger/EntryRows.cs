using System.Buffers;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>Entries as rows: the columns and the body in <c>events</c>, what may be erased in <c>event_details</c>.</summary>
internal static class EntryRows
{
    /// <summary>Selects whole entries by the sequence numbers that a statement gives.</summary>
    /// <param name="rows">Name of a statement that gives a column <c>seq</c>; its parameter 1 is the workspace.</param>
    public static Statement Select(Connection connection, string rows, bool ascending = true)
    {
        string direction = ascending ? "ASC" : "DESC";
        return connection.PreparedText(rows + direction, static name => Sql.Load("Ledger/SelectEntries")
            .Replace("{rows}", Sql.Load(name.Rows), StringComparison.Ordinal)
            .Replace("{filters}", Sql.Load("Ledger/LogFilters"), StringComparison.Ordinal)
            .Replace("{direction}", name.Direction, StringComparison.Ordinal), (Rows: rows, Direction: direction));
    }

    /// <summary>The row that <see cref="Select"/> stands at.</summary>
    public static StoredEntry Read(Statement row)
    {
        Entry columns = new()
        {
            Account = row.Int64(1),
            Scopes = new Scopes(row.Int64(2), row.Int64(3), row.Int64(4)),
            Kind = (EntryKind)row.Int32(5),
            Type = row.TextOrNull(6),
            At = Clock.FromMicros(row.Int64(7)),
            RecordedAt = Clock.FromMicros(row.Int64(8)),
            CatalogVersion = row.Int32(9),
            Plan = row.Text(10),
            Flags = (EntryFlags)row.Int32(11),
            Target = row.Int64OrNull(12),
            Reason = Kept(row, 30),
            Actor = Kept(row, 31),
        };
        EventDetails details = new()
        {
            Source = row.TextOrNull(13),
            Provider = row.TextOrNull(14),
            Model = row.TextOrNull(15),
            Endpoint = row.TextOrNull(16),
            Status = row.TextOrNull(17),
            LatencyMs = row.Int64OrNull(18),
            Id = Kept(row, 20),
            RequestId = Kept(row, 21),
            Resource = Kept(row, 22),
            Address = Kept(row, 23),
            UserAgent = Kept(row, 24),
            FreeProperties = PropertyJson.FromUtf8(IsErased(row, 25) ? [] : row.Bytes(25)),
            User = Kept(row, 26),
            Campaign = Kept(row, 27),
            Key = Kept(row, 28),
        };
        return new StoredEntry(row.Int64(0), EntryJson.Read(row.Bytes(19), columns), details, row.Sha256(29));
    }

    public static List<StoredEntry> ReadAll(Statement rows)
    {
        List<StoredEntry> entries = [];
        while (rows.Step())
        {
            entries.Add(Read(rows));
        }

        return entries;
    }

    /// <summary>Entries by their numbers, in the order of the ledger.</summary>
    public static List<StoredEntry> ReadAll(Connection connection, int workspace, IEnumerable<long> sequences) =>
        ReadAll(Select(connection, "Ledger/RowsBySequence").Bind(1, workspace).Bind(2, JsonOf(sequences)));

    /// <summary>Completions and reversals by the number of the entry that they are about.</summary>
    public static ILookup<long, StoredEntry> ReadLater(Connection connection, int workspace, IEnumerable<long> sequences) =>
        ReadAll(Select(connection, "Ledger/RowsByTarget").Bind(1, workspace).Bind(2, JsonOf(sequences))).ToLookup(entry => entry.Entry.Target!.Value);

    /// <summary>A list of numbers as SQL takes it.</summary>
    public static string JsonOf(IEnumerable<long> numbers) => "[" + string.Join(',', numbers) + "]";

    public static void Insert(Connection connection, int workspace, long sequence, LedgerRow row, ArrayBufferWriter<byte> body)
    {
        Entry entry = row.Entry;
        EventDetails details = row.Details;
        body.ResetWrittenCount();
        EntryJson.Write(entry, body);
        Statement insert = connection.Prepared("Ledger/InsertEvent")
            .Bind(1, sequence).Bind(2, workspace).Bind(3, entry.Account)
            .Bind(4, entry.Scopes.User).Bind(5, entry.Scopes.Campaign).Bind(6, entry.Scopes.Key)
            .Bind(7, (long)entry.Kind).Bind(8, entry.Type)
            .Bind(9, Clock.ToMicros(entry.At)).Bind(10, Clock.ToMicros(entry.RecordedAt))
            .Bind(11, entry.CatalogVersion).Bind(12, entry.Plan).Bind(13, (long)entry.Flags).Bind(14, entry.Target)
            .Bind(15, details.Source).Bind(16, details.Provider).Bind(17, details.Model).Bind(18, details.Endpoint)
            .Bind(19, details.Status).Bind(20, details.LatencyMs);
        if (row.Id is { } id)
        {
            insert.Bind(21, id);
        }
        else
        {
            insert.BindNull(21);
        }

        insert.Bind(22, row.Fingerprint).BindUtf8(23, body.WrittenSpan).Run();
        InsertDetails(connection, sequence, details, entry);
    }

    /// <summary>A text of the details; null when an erase has put zeros over it.</summary>
    private static string? Kept(Statement row, int column) => IsErased(row, column) ? null : row.TextOrNull(column);

    private static bool IsErased(Statement row, int column) => row.Bytes(column) is [0, ..];

    private static void InsertDetails(Connection connection, long sequence, EventDetails details, Entry entry)
    {
        byte[]? properties = PropertyJson.ToUtf8(details.FreeProperties);
        if (properties is null && entry is { Reason: null, Actor: null } && details is { Id: null, User: null, Campaign: null, Key: null, RequestId: null, Resource: null, Address: null, UserAgent: null })
        {
            return;
        }

        Statement insert = connection.Prepared("Ledger/InsertDetails").Bind(1, sequence).Bind(2, details.Id)
            .Bind(3, details.User).Bind(4, details.Campaign).Bind(5, details.Key).Bind(6, details.RequestId)
            .Bind(7, details.Resource).Bind(8, details.Address).Bind(9, details.UserAgent).Bind(11, entry.Reason).Bind(12, entry.Actor);
        if (properties is null)
        {
            insert.BindNull(10);
        }
        else
        {
            insert.BindUtf8(10, properties);
        }

        insert.Run();
    }
}
