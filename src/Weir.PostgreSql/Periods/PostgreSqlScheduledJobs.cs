using NodaTime;

using Npgsql;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlScheduledJobs(Database database) : IScheduledJobStore
{
    public ValueTask<ScheduledJob?> FindAsync(WorkspaceId workspace, string job, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Periods/FindJob", row => Read(job, row), cancellationToken, Value.Text(job));

    public ValueTask<ScheduledJobLease?> TakeAsync(WorkspaceId workspace, string job, string owner, Duration length, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                Instant now = await session.NowAsync();
                return await session.FindAsync(
                    "Periods/TakeJob", row => new ScheduledJobLease(job, owner, row.Long(0), now, row.TimeOrNull(1)),
                    Value.Text(job), Value.Text(owner), Value.Time(now + length), Value.Time(now));
            },
            cancellationToken);

    public ValueTask<bool> KeepAsync(WorkspaceId workspace, ScheduledJobLease lease, Duration length, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session => await session.RunAsync("Periods/KeepJob", Value.Text(lease.Job), Value.Long(lease.Fence), Value.Time(await session.NowAsync() + length)) > 0,
            cancellationToken);

    public ValueTask<bool> EndAsync(
        WorkspaceId workspace, ScheduledJobLease lease, ScheduledJobResult result, AuditEntry? audit, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                Instant now = await session.NowAsync();
                if (await session.RunAsync(
                    "Periods/EndJob", Value.Text(lease.Job), Value.Long(lease.Fence), Value.Time(now), Value.Time(result.Through), Value.Long(result.Accounts), Value.Long(result.Written),
                    Value.Long(result.Failures), Value.Text(result.Error)) == 0)
                {
                    return false;
                }

                await NotificationRows.InsertAsync(session, notifications);
                await AuditRows.AppendAsync(session, now, audit is null ? [] : [audit]);
                return true;
            },
            cancellationToken);

    private static ScheduledJob Read(string job, NpgsqlDataReader row)
    {
        ScheduledJobResult? last = row.IsDBNull(4) ? null : new ScheduledJobResult
        {
            Accounts = row.Long(6), Written = row.Long(7), Failures = row.Long(8), Error = row.TextOrNull(9), Through = row.TimeOrNull(10),
        };
        return new ScheduledJob(job, row.Text(0), row.Long(1), row.TimeOrNull(2), row.Time(3), row.TimeOrNull(4), row.TimeOrNull(5), last);
    }
}
