namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private INotificationStore Notifications => Store.Notifications;

    [Fact(DisplayName = "Notifications come back in the order of their commits, exactly as they were written, each once")]
    public async Task NotificationsAreFollowedInOrder()
    {
        WorkspaceId other = await NewWorkspaceAsync("other");
        await WriteAsync(new LedgerWrites { Notifications = [Sample.Note("msg_a"), Sample.Note("msg_b", NotificationTypes.JobStuck)] });
        await Notifications.AppendAsync(other, [Sample.Note("msg_a")], None);
        await Notifications.AppendAsync(Own, [Sample.Note("msg_c"), Sample.Note("msg_a", NotificationTypes.WebhookTest), Sample.Note("msg_d")], None);

        IReadOnlyList<StoredNotification> all = await Notifications.FollowAsync(Own, 0, 100, None);
        Same(new[] { Sample.Note("msg_a"), Sample.Note("msg_b", NotificationTypes.JobStuck), Sample.Note("msg_c"), Sample.Note("msg_d") }, all.Select(stored => stored.Notification));
        Assert.Equal(all.Select(stored => stored.Sequence).Order(), all.Select(stored => stored.Sequence));
        Assert.True(all[0].Sequence > 0);
        Same(all.Skip(1).Take(2), await Notifications.FollowAsync(Own, all[0].Sequence, 2, None));
        Assert.Empty(await Notifications.FollowAsync(Own, all[^1].Sequence, 100, None));
        Same(Sample.Note("msg_a"), Assert.Single(await Notifications.FollowAsync(other, 0, 100, None)).Notification);
    }

    [Fact(DisplayName = "A follower moves on from where it stands, and nobody moves it twice")]
    public async Task AFollowerMovesOnce()
    {
        Assert.Equal(0, await Notifications.CheckpointAsync(Own, "a", None));
        Assert.False(await Notifications.MoveCheckpointAsync(Own, "a", 3, 5, None));
        Assert.True(await Notifications.MoveCheckpointAsync(Own, "a", 0, 5, None));
        Assert.False(await Notifications.MoveCheckpointAsync(Own, "a", 0, 6, None));
        Assert.True(await Notifications.MoveCheckpointAsync(Own, "a", 5, 9, None));
        Assert.Equal(9, await Notifications.CheckpointAsync(Own, "a", None));
        Assert.Equal(0, await Notifications.CheckpointAsync(Own, "b", None));
    }

    [Fact(DisplayName = "A follower that reads while many write sees every notification once, in order")]
    public async Task AFollowerOfNotificationsMissesNothing()
    {
        const int writers = 4;
        const int each = 40;
        Task writing = Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < each; i++)
            {
                Notification note = Sample.Note($"msg_{writer}_{i}");
                await (i % 2 == 0 ? WriteAsync(new LedgerWrites { Notifications = [note] }) : Notifications.AppendAsync(Own, [note], None).AsTask());
            }
        })));
        List<string> seen = [];
        long after = 0;
        while (seen.Count < writers * each)
        {
            Assert.False(writing.IsFaulted);
            foreach (StoredNotification stored in await Notifications.FollowAsync(Own, after, 7, None))
            {
                Assert.True(stored.Sequence > after);
                after = stored.Sequence;
                seen.Add(stored.Notification.Id);
            }
        }

        await writing;
        Assert.Equal(writers * each, seen.Distinct(StringComparer.Ordinal).Count());
    }
}
