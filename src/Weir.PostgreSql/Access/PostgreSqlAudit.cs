using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlAudit(Database database) : IAuditStore
{
    public async ValueTask<IReadOnlyList<AuditRecord>> ReadAsync(WorkspaceId workspace, AuditFilter filter, CancellationToken cancellationToken) =>
        await database.ListAsync(
            workspace, filter.Ascending ? "Access/ReadAuditAscending" : "Access/ReadAudit", AuditRows.Read, cancellationToken,
            Value.Long(filter.Cursor), Value.Text(filter.Action), Value.Text(filter.Target?.ToString()), Value.Text(filter.Actor),
            Value.Time(filter.From), Value.Time(filter.To), Value.Int(filter.Limit));
}

/// <summary>Rows of the audit log.</summary>
internal static class AuditRows
{
    /// <summary>What lies outside was not written by Weir: it is read as the beginning of time, which no hash fits.</summary>
    private static readonly long s_latest = Clock.ToMicros(Instant.FromUtc(9999, 12, 31, 0, 0));

    /// <summary>
    /// Adds the next records inside the transaction of their change. The end of the chain is locked from here to the commit, so that nodes
    /// make one chain; nothing that a transaction does afterwards waits for another.
    /// </summary>
    public static async Task AppendAsync(Session session, Instant now, IReadOnlyList<AuditEntry> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        AuditHead head = await session.FindAsync("Access/LockAudit", row => new AuditHead(row.Long(0), row.Sha256(1)));
        AuditRecord[] records = new AuditRecord[entries.Count];
        for (int i = 0; i < records.Length; i++)
        {
            records[i] = AuditChain.Next(head, now, entries[i]);
            head = records[i].Head;
        }

        await session.RunAllAsync(
        [
            session.Own(
                "Access/InsertAudit", Value.Longs(records.Select(r => r.Number)), Value.Longs(records.Select(r => Clock.ToMicros(r.At))),
                Value.Texts(records.Select(r => r.Actor.Id)), Value.Texts(records.Select(r => r.Actor.Name)), Value.Texts(records.Select(r => r.Action)),
                Value.Texts(records.Select(r => r.Target.ToString())), Value.Texts(records.Select(r => r.Before)), Value.Texts(records.Select(r => r.After)),
                Value.Digests(records.Select(r => r.Previous)), Value.Digests(records.Select(r => r.Hash))),
            session.Own("Access/MoveAudit", Value.Long(head.Number), Value.Digest(head.Hash)),
        ]);
    }

    public static AuditRecord Read(NpgsqlDataReader row)
    {
        long at = row.Long(1);
        string target = row.Text(5);
        return new AuditRecord(
            row.Long(0), at >= 0 && at <= s_latest ? Clock.FromMicros(at) : Instant.MinValue, AuditActor.Stored(row.Text(2), row.TextOrNull(3)), row.Text(4),
            AuditTarget.Parse(target) ?? new AuditTarget(target, ""), row.TextOrNull(6), row.TextOrNull(7), row.Sha256(8), row.Sha256(9));
    }
}
