using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlNotifications(Database database) : INotificationStore
{
    public async ValueTask AppendAsync(WorkspaceId workspace, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            workspace,
            async session =>
            {
                await NotificationRows.InsertAsync(session, notifications);
                return true;
            },
            cancellationToken);

    public async ValueTask<IReadOnlyList<StoredNotification>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken) =>
        await database.ListAsync(workspace, "Alerts/FollowNotifications", row => NotificationRows.Read(row, 0), cancellationToken, Value.Long(after), Value.Int(limit));

    public ValueTask<long> CheckpointAsync(WorkspaceId workspace, string follower, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Ledger/ReadCheckpoint", row => row.Long(0), cancellationToken, Value.Text(NotificationRows.FollowerName(follower)));

    public ValueTask<bool> MoveCheckpointAsync(WorkspaceId workspace, string follower, long from, long to, CancellationToken cancellationToken) =>
        database.WriteAsync(workspace, session => Checkpoints.MoveAsync(session, NotificationRows.FollowerName(follower), from, to), cancellationToken);
}

/// <summary>Rows of the outbox.</summary>
internal static class NotificationRows
{
    /// <summary>Followers of the outbox stand beside those of the log.</summary>
    public static string FollowerName(string follower) => "outbox:" + follower;

    /// <summary>They are numbered under the lock of the workspace's row, which is held to the commit: followers miss none.</summary>
    public static async Task InsertAsync(Session session, IReadOnlyList<Notification> notifications)
    {
        if (notifications.Count > 0)
        {
            await session.RunAsync(
                "Alerts/InsertNotifications", Value.Texts(notifications.Select(n => n.Id)), Value.Texts(notifications.Select(n => n.Type)), Value.Longs(notifications.Select(n => n.Account)),
                Value.Longs(notifications.Select(n => Clock.ToMicros(n.At))), Value.BytesOf([.. notifications.Select(n => n.Data.ToArray())]), Value.Long(notifications.Count));
        }
    }

    /// <summary>Columns from <paramref name="at"/>: seq, id, type, account, at, data.</summary>
    public static StoredNotification Read(NpgsqlDataReader row, int at) =>
        new(row.Long(at), new Notification { Id = row.Text(at + 1), Type = row.Text(at + 2), Account = row.Long(at + 3), At = row.Time(at + 4), Data = row.Bytes(at + 5) });
}
