namespace Weir;

internal sealed class MemoryNotifications(MemoryStore store) : INotificationStore
{
    public ValueTask AppendAsync(WorkspaceId workspace, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            store.Of(workspace).Outbox.Append(notifications);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<StoredNotification>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult<IReadOnlyList<StoredNotification>>([.. store.Of(workspace).Outbox.Notifications.Values.SkipWhile(stored => stored.Sequence <= after).Take(limit)]);
        }
    }

    public ValueTask<long> CheckpointAsync(WorkspaceId workspace, string follower, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).Outbox.Followers.GetValueOrDefault(follower));
        }
    }

    public ValueTask<bool> MoveCheckpointAsync(WorkspaceId workspace, string follower, long from, long to, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).Outbox.Move(follower, from, to));
        }
    }
}
