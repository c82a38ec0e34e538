using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteAlerts(Writer writer, ReaderPool readers) : IAlertStore
{
    public async ValueTask AppendAsync(WorkspaceId workspace, IReadOnlyList<Alert> alerts, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                AlertRows.Write(connection, workspace.Value, alerts);
                NotificationRows.Insert(connection, workspace.Value, notifications);
                return true;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<StoredAlert>> ListAsync(WorkspaceId workspace, AlertFilter filter, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<StoredAlert>>(connection => AlertRows.List(connection, workspace.Value, filter), cancellationToken);

    public ValueTask<StoredAlert?> FindAsync(WorkspaceId workspace, long account, string id, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => AlertRows.Find(connection, workspace.Value, account, id), cancellationToken);

    public ValueTask<StoredAlert?> AcknowledgeAsync(WorkspaceId workspace, long account, string id, Instant at, string by, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                connection.Prepared("Alerts/AcknowledgeAlert").Bind(1, workspace.Value).Bind(2, account).Bind(3, id).Bind(4, Clock.ToMicros(at)).Bind(5, by).Run();
                return AlertRows.Find(connection, workspace.Value, account, id);
            },
            cancellationToken);

    public ValueTask<int> MarkReadAsync(WorkspaceId workspace, long account, IReadOnlyCollection<string>? ids, Instant at, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                Statement rows = connection.Prepared("Alerts/ReadAlerts").Bind(1, workspace.Value).Bind(2, account)
                    .Bind(3, ids is null ? null : JsonSerializer.Serialize(ids)).Bind(4, Clock.ToMicros(at));
                int read = 0;
                while (rows.Step())
                {
                    read++;
                }

                return read;
            },
            cancellationToken);

    public ValueTask<AlertCounts> CountAsync(WorkspaceId workspace, long? account, long? onlyUser, Instant now, CancellationToken cancellationToken) =>
        readers.ReadAsync(
            connection =>
            {
                Statement row = connection.Prepared("Alerts/CountAlerts").Bind(1, workspace.Value).Bind(2, account).Bind(3, Clock.ToMicros(now)).Bind(4, onlyUser);
                row.Step();
                AlertCounts counts = new(row.Int64(0), row.Int64(1));
                row.Reset();
                return counts;
            },
            cancellationToken);
}
