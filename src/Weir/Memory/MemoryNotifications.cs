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
            MemoryOutbox outbox = store.Of(workspace).Outbox;
            if (outbox.Followers.GetValueOrDefault(follower) != from)
            {
                return ValueTask.FromResult(false);
            }

            outbox.Followers[follower] = to;
            return ValueTask.FromResult(true);
        }
    }
}

/// <summary>The outbox of one workspace. Under the store's gate.</summary>
internal sealed class MemoryOutbox
{
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private long _last;

    public SortedDictionary<long, StoredNotification> Notifications { get; } = [];

    public Dictionary<string, long> Followers { get; } = new(StringComparer.Ordinal);

    public void Append(IReadOnlyList<Notification> notifications)
    {
        foreach (Notification notification in notifications)
        {
            if (_ids.Add(notification.Id))
            {
                _last++;
                Notifications.Add(_last, new StoredNotification(_last, notification with { Data = notification.Data.ToArray() }));
            }
        }
    }
}
