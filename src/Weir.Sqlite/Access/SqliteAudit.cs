using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteAudit(ReaderPool readers) : IAuditStore
{
    public ValueTask<IReadOnlyList<AuditRecord>> ReadAsync(WorkspaceId workspace, AuditFilter filter, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<AuditRecord>>(
            connection => AuditRows.ReadAll(connection.Prepared(filter.Ascending ? "Access/ReadAuditAscending" : "Access/ReadAudit").Bind(1, workspace.Value)
                .Bind(2, filter.Cursor).Bind(3, filter.Action).Bind(4, filter.Target?.ToString()).Bind(5, filter.Actor)
                .Bind(6, filter.From is { } from ? Clock.ToMicros(from) : null).Bind(7, filter.To is { } to ? Clock.ToMicros(to) : null).Bind(8, filter.Limit)),
            cancellationToken);
}

/// <summary>Rows of the audit log.</summary>
internal static class AuditRows
{
    /// <summary>What lies outside was not written by Weir: it is read as the beginning of time, which no hash fits.</summary>
    private static readonly long s_latest = Clock.ToMicros(Instant.FromUtc(9999, 12, 31, 0, 0));

    /// <summary>Adds the next record inside the transaction of its change. The writer's lock makes the chain one.</summary>
    public static void Append(Connection connection, int workspace, Instant now, AuditEntry entry)
    {
        AuditHead head = AuditHead.None;
        Statement last = connection.Prepared("Access/LastAudit").Bind(1, workspace);
        if (last.Step())
        {
            head = new AuditHead(last.Int64(0), HashOf(last, 1));
            last.Reset();
        }

        AuditRecord record = AuditChain.Next(head, now, entry);
        connection.Prepared("Access/InsertAudit").Bind(1, workspace).Bind(2, record.Number).Bind(3, Clock.ToMicros(record.At)).Bind(4, record.Actor.Id)
            .Bind(5, record.Actor.Name).Bind(6, record.Action).Bind(7, record.Target.ToString()).Bind(8, record.Before).Bind(9, record.After)
            .Bind(10, record.Previous).Bind(11, record.Hash).Run();
    }

    public static List<AuditRecord> ReadAll(Statement rows)
    {
        List<AuditRecord> records = [];
        while (rows.Step())
        {
            long at = rows.Int64(1);
            string target = rows.Text(5);
            records.Add(new AuditRecord(
                rows.Int64(0), at >= 0 && at <= s_latest ? Clock.FromMicros(at) : Instant.MinValue, AuditActor.Stored(rows.Text(2), rows.TextOrNull(3)), rows.Text(4),
                AuditTarget.Parse(target) ?? new AuditTarget(target, ""), rows.TextOrNull(6), rows.TextOrNull(7), HashOf(rows, 8), HashOf(rows, 9)));
        }

        return records;
    }

    private static Digest HashOf(Statement row, int column) => row.Bytes(column).Length == Digest.Length ? row.Sha256(column) : default;
}
