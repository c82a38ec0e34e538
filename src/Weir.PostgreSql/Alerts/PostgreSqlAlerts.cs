using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlAlerts(Database database) : IAlertStore
{
    public async ValueTask AppendAsync(WorkspaceId workspace, IReadOnlyList<Alert> alerts, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            workspace,
            async session =>
            {
                await AlertRows.WriteAsync(session, alerts);
                await NotificationRows.InsertAsync(session, notifications);
                return true;
            },
            cancellationToken);

    public async ValueTask<IReadOnlyList<StoredAlert>> ListAsync(WorkspaceId workspace, AlertFilter filter, CancellationToken cancellationToken) =>
        await database.ListAsync(
            workspace, filter.Account is null ? "Alerts/SelectAlerts:Alerts/AlertFilters" : "Alerts/SelectAlerts:Alerts/AlertsOfAccount:Alerts/AlertFilters", AlertRows.Read, cancellationToken,
            [
                Value.Int((int?)filter.State), Value.Time(filter.Now), Value.Bool(filter.Unread), Value.Int((int?)filter.Kind), Value.Long(filter.Before ?? long.MaxValue), Value.Int(filter.Limit),
                Value.Long(filter.OnlyUser), .. filter.Account is { } account ? [Value.Long(account)] : Array.Empty<NpgsqlParameter>(),
            ]);

    public ValueTask<StoredAlert?> FindAsync(WorkspaceId workspace, long account, string id, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Alerts/SelectAlerts:Alerts/OneAlert", AlertRows.Read, cancellationToken, Value.Long(account), Value.Text(id));

    public ValueTask<StoredAlert?> AcknowledgeAsync(WorkspaceId workspace, long account, string id, Instant at, string by, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                await session.RunAsync("Alerts/AcknowledgeAlert", Value.Long(account), Value.Text(id), Value.Time(at), Value.Text(by));
                return await session.FindAsync("Alerts/SelectAlerts:Alerts/OneAlert", AlertRows.Read, Value.Long(account), Value.Text(id));
            },
            cancellationToken);

    public ValueTask<int> MarkReadAsync(WorkspaceId workspace, long account, IReadOnlyCollection<string>? ids, Instant at, CancellationToken cancellationToken) =>
        database.WriteAsync(workspace, session => session.RunAsync("Alerts/ReadAlerts", Value.Long(account), Value.Texts(ids), Value.Time(at)), cancellationToken);

    public async ValueTask<AlertCounts> CountAsync(WorkspaceId workspace, long? account, long? onlyUser, Instant now, CancellationToken cancellationToken) =>
        await database.FindAsync(workspace, "Alerts/CountAlerts", row => new AlertCounts(row.Long(0), row.Long(1)), cancellationToken, Value.Long(account), Value.Time(now), Value.Long(onlyUser))
            ?? new AlertCounts(0, 0);
}

/// <summary>Rows of the inboxes.</summary>
internal static class AlertRows
{
    /// <summary>Raises and resolves, in the order of the list: one round trip.</summary>
    public static Task WriteAsync(Session session, IReadOnlyList<Alert> alerts) => session.RunAllAsync(alerts.Select(alert => alert.ResolvedAt is { } resolvedAt
        ? session.Own("Alerts/ResolveAlert", Value.Text(alert.Id), Value.Time(resolvedAt), Value.Int((int?)alert.Resolution))
        : session.Own(
            "Alerts/InsertAlert", Value.Long(alert.Account), Value.Text(alert.Id), Value.Int((int)alert.Kind), Value.Long(alert is { Scope: ScopeKind.User, ScopeId: not 0 } ? alert.ScopeId : null),
            Value.Time(alert.PeriodEnd), Value.Time(alert.RaisedAt), Value.Bytes(AlertJson.WriteFacts(alert)))));

    public static StoredAlert Read(NpgsqlDataReader row)
    {
        Alert bare = new()
        {
            Id = row.Text(1),
            Kind = (AlertKind)row.Int(2),
            Account = row.Long(3),
            PeriodEnd = row.Time(4),
            RaisedAt = row.Time(5),
            ResolvedAt = row.TimeOrNull(6),
            Resolution = (AlertResolution?)row.IntOrNull(7),
            ReadAt = row.TimeOrNull(8),
            AcknowledgedAt = row.TimeOrNull(9),
            AcknowledgedBy = row.TextOrNull(10),
        };
        return new StoredAlert(row.Long(0), AlertJson.ReadFacts(bare, row.Bytes(11)));
    }
}
