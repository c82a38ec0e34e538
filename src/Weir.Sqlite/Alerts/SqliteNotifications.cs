namespace Weir.Sqlite;

internal sealed class SqliteNotifications(Writer writer, ReaderPool readers) : INotificationStore
{
    public async ValueTask AppendAsync(WorkspaceId workspace, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                NotificationRows.Insert(connection, workspace.Value, notifications);
                return true;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<StoredNotification>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<StoredNotification>>(
            connection =>
            {
                List<StoredNotification> found = [];
                Statement rows = connection.Prepared("Alerts/FollowNotifications").Bind(1, workspace.Value).Bind(2, after).Bind(3, limit);
                while (rows.Step())
                {
                    found.Add(NotificationRows.Read(rows, 0));
                }

                return found;
            },
            cancellationToken);

    public ValueTask<long> CheckpointAsync(WorkspaceId workspace, string follower, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => connection.Prepared("Alerts/FollowerCheckpoint").Bind(1, workspace.Value).Bind(2, follower).Scalar() ?? 0, cancellationToken);

    public ValueTask<bool> MoveCheckpointAsync(WorkspaceId workspace, string follower, long from, long to, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => NotificationRows.MoveFollower(connection, workspace.Value, follower, from, to), cancellationToken);
}
