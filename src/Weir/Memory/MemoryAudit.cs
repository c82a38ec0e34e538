namespace Weir;

internal sealed class MemoryAudit(MemoryStore store) : IAuditStore
{
    public ValueTask<IReadOnlyList<AuditRecord>> ReadAsync(WorkspaceId workspace, AuditFilter filter, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            IEnumerable<AuditRecord> records = store.Of(workspace).Audit;
            return ValueTask.FromResult<IReadOnlyList<AuditRecord>>(
            [
                .. (filter.Ascending ? records : records.Reverse())
                    .Where(record => filter.Cursor is not { } cursor || (filter.Ascending ? record.Number > cursor : record.Number < cursor))
                    .Where(record => filter.Action is null || record.Action == filter.Action)
                    .Where(record => filter.Target is null || record.Target == filter.Target)
                    .Where(record => filter.Actor is null || record.Actor.Id == filter.Actor)
                    .Where(record => (filter.From is not { } from || record.At >= from) && (filter.To is not { } to || record.At < to))
                    .Take(filter.Limit),
            ]);
        }
    }
}
