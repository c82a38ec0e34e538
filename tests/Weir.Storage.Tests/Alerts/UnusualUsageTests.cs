using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Who does far more than is usual, found from the summaries.</summary>
public sealed class UnusualUsageTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 2, 10, 20);

    [Fact(DisplayName = "ALERT-3: an hour that is unusual for its account is told once a day; steady, weekly, small and young accounts are left in peace")]
    public async Task Found()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        UnusualUsageWatch watch = desk.Get<UnusualUsageWatch>();
        for (int day = 0; day < UnusualUsage.Days; day++)
        {
            await UseAsync(desk, "quiet", 5);
            await UseAsync(desk, "steady", 150);
            await UseAsync(desk, "small", 2);
            await UseAsync(desk, "weekly", day % 7 == 0 ? 150 : 0);
            await UseAsync(desk, "young", day >= 24 ? 1 : 0);
            desk.Clock.Advance(Duration.FromDays(1));
        }

        foreach ((string account, int count) in new[] { ("quiet", 150), ("steady", 200), ("small", 90), ("weekly", 160), ("young", 500) })
        {
            await UseAsync(desk, account, count);
        }

        // The quarter of an hour that runs is not looked at yet.
        Assert.Equal(0, await watch.LookAsync(desk.Workspace, CancellationToken.None));
        desk.Clock.Advance(Duration.FromMinutes(15));
        Assert.Equal(1, await watch.LookAsync(desk.Workspace, CancellationToken.None));
        Assert.Equal(1, await watch.LookAsync(desk.Workspace, CancellationToken.None));
        Alert alert = Assert.Single(await AlertsAsync(desk));
        Assert.Equal((AlertKind.UsageUnusual, "ping", 150, 100), (alert.Kind, alert.Type, alert.Used.Units, alert.Limit!.Value.Units));
        Assert.Equal(await desk.IdOfAsync("quiet"), alert.Account);
        Assert.Equal(AlertState.Raised, alert.StateAt(desk.Clock.Now));
        Assert.Equal(AlertState.Ended, alert.StateAt(desk.Clock.Now + Duration.FromDays(1)));

        // The next day it is told again: yesterday alone makes nothing usual.
        desk.Clock.Advance(Duration.FromDays(1) - Duration.FromMinutes(15));
        await UseAsync(desk, "quiet", 150);
        desk.Clock.Advance(Duration.FromMinutes(15));
        Assert.Equal(1, await watch.LookAsync(desk.Workspace, CancellationToken.None));
        Assert.Equal(2, (await AlertsAsync(desk)).Count);
        IReadOnlyList<StoredNotification> told = await desk.Store.Notifications.FollowAsync(desk.Workspace, 0, 100, CancellationToken.None);
        Assert.Equal([NotificationTypes.UsageUnusual, NotificationTypes.UsageUnusual], told.Select(note => note.Notification.Type).Where(type => type == NotificationTypes.UsageUnusual));
    }

    private static async Task<IReadOnlyList<Alert>> AlertsAsync(UsageDesk desk) =>
    [
        .. (await desk.Store.Alerts.ListAsync(desk.Workspace, new AlertFilter { Now = desk.Clock.Now, Kind = AlertKind.UsageUnusual }, CancellationToken.None)).Select(stored => stored.Alert),
    ];

    private static async Task UseAsync(UsageDesk desk, string account, int count)
    {
        UsageEvent[] events = [.. Enumerable.Range(0, count).Select(_ => new UsageEvent { Account = new AccountKey(account), Type = "ping" })];
        Assert.All(await desk.Get<AdmissionService>().RecordAsync(desk.Workspace, events, CancellationToken.None), outcome => Assert.True(outcome.Allowed));
    }
}
