using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteScheduledJobs(Writer writer, ReaderPool readers, LedgerMemory memory) : IScheduledJobStore
{
    public ValueTask<ScheduledJob?> FindAsync(WorkspaceId workspace, string job, CancellationToken cancellationToken) =>
        readers.ReadAsync(
            connection =>
            {
                Statement row = connection.Prepared("Periods/FindJob").Bind(1, workspace.Value).Bind(2, job);
                if (!row.Step())
                {
                    return null;
                }

                ScheduledJobResult? last = row.IsNull(4) ? null : new ScheduledJobResult
                {
                    Accounts = row.Int64(6), Written = row.Int64(7), Failures = row.Int64(8), Error = row.TextOrNull(9), Through = Time(row, 10),
                };
                ScheduledJob state = new(job, row.Text(0), row.Int64(1), Time(row, 2), Clock.FromMicros(row.Int64(3)), Time(row, 4), Time(row, 5), last);
                row.Reset();
                return state;
            },
            cancellationToken);

    public ValueTask<ScheduledJobLease?> TakeAsync(WorkspaceId workspace, string job, string owner, Duration length, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                Instant now = memory.Now();
                Statement taken = connection.Prepared("Periods/TakeJob").Bind(1, workspace.Value).Bind(2, job).Bind(3, owner)
                    .Bind(4, Clock.ToMicros(now + length)).Bind(5, Clock.ToMicros(now));
                if (!taken.Step())
                {
                    return null;
                }

                ScheduledJobLease lease = new(job, owner, taken.Int64(0), now, Time(taken, 1));
                taken.Reset();
                return lease;
            },
            cancellationToken);

    public ValueTask<bool> KeepAsync(WorkspaceId workspace, ScheduledJobLease lease, Duration length, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => connection.Prepared("Periods/KeepJob").Bind(1, workspace.Value).Bind(2, lease.Job).Bind(3, lease.Fence)
                .Bind(4, Clock.ToMicros(memory.Now() + length)).Scalar() is not null,
            cancellationToken);

    public ValueTask<bool> EndAsync(
        WorkspaceId workspace, ScheduledJobLease lease, ScheduledJobResult result, AuditEntry? audit, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                Instant now = memory.Now();
                bool held = connection.Prepared("Periods/EndJob").Bind(1, workspace.Value).Bind(2, lease.Job).Bind(3, lease.Fence).Bind(4, Clock.ToMicros(now))
                    .Bind(5, result.Through is { } through ? Clock.ToMicros(through) : null).Bind(6, result.Accounts).Bind(7, result.Written).Bind(8, result.Failures)
                    .Bind(9, result.Error).Scalar() is not null;
                if (!held)
                {
                    return false;
                }

                if (audit is not null)
                {
                    AuditRows.Append(connection, workspace.Value, now, audit);
                }

                NotificationRows.Insert(connection, workspace.Value, notifications);
                return true;
            },
            cancellationToken);

    private static Instant? Time(Statement row, int column) => row.Int64OrNull(column) is { } micros ? Clock.FromMicros(micros) : null;
}
