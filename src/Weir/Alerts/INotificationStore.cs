namespace Weir;

/// <summary>The outbox of a workspace: notifications in the order of their commits, and who has read how far.</summary>
public interface INotificationStore
{
    /// <summary>
    /// Writes notifications in a transaction of their own, for what is not decided in the ledger. One whose id is there already is left
    /// out, so a repeat changes nothing.
    /// </summary>
    ValueTask AppendAsync(WorkspaceId workspace, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken);

    /// <summary>
    /// Notifications after a sequence number, in their order. One that commits late is never skipped: what is returned is contiguous with
    /// everything that can still appear.
    /// </summary>
    ValueTask<IReadOnlyList<StoredNotification>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken);

    /// <summary>How far a follower of this name has come; 0 for one that is not known.</summary>
    ValueTask<long> CheckpointAsync(WorkspaceId workspace, string follower, CancellationToken cancellationToken);

    /// <summary>Moves a follower on, if it still stands at <paramref name="from"/>; false when it does not.</summary>
    ValueTask<bool> MoveCheckpointAsync(WorkspaceId workspace, string follower, long from, long to, CancellationToken cancellationToken);
}
