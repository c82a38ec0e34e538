using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>Rows of the outbox.</summary>
internal static class NotificationRows
{
    public static void Insert(Connection connection, int workspace, IReadOnlyList<Notification> notifications)
    {
        foreach (Notification notification in notifications)
        {
            connection.Prepared("Alerts/InsertNotification").Bind(1, workspace).Bind(2, notification.Id).Bind(3, notification.Type).Bind(4, notification.Account)
                .Bind(5, Clock.ToMicros(notification.At)).BindUtf8(6, notification.Data.Span).Run();
        }
    }

    /// <summary>False when the follower does not stand at <paramref name="from"/>.</summary>
    public static bool MoveFollower(Connection connection, int workspace, string follower, long from, long to) =>
        connection.Prepared("Alerts/MoveFollower").Bind(1, workspace).Bind(2, follower).Bind(3, from).Bind(4, to).Scalar() is not null;

    /// <summary>Columns from <paramref name="at"/>: seq, id, type, account, at, data.</summary>
    public static StoredNotification Read(Statement row, int at) =>
        new(row.Int64(at), new Notification
        {
            Id = row.Text(at + 1),
            Type = row.Text(at + 2),
            Account = row.Int64(at + 3),
            At = Clock.FromMicros(row.Int64(at + 4)),
            Data = row.Bytes(at + 5).ToArray(),
        });
}
