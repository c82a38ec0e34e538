using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Jobs that wait for a slot.</summary>
public abstract partial class ReservationTests
{
    [Fact(DisplayName = "SLOT-2: who waits is served in order when a slot comes free, by release and by time")]
    public async Task Queue()
    {
        await using UsageDesk desk = await OpenAsync();
        ReservationService reservations = desk.Get<ReservationService>();
        for (int i = 0; i < 3; i++)
        {
            Assert.True((await ReserveAsync(desk, $"run{i}", "slot", 1)).Allowed);
        }

        List<string> served = [];
        List<Task> waiting = [];
        foreach ((string id, int priority) in new[] { ("late", 5), ("second", 1), ("first", 0), ("third", 1) })
        {
            // One after the other, so that who came first is known.
            waiting.Add(WaitAsync(id, priority));
            await WaitUntilAsync(async () => (await WaitingAsync(desk)).Count == waiting.Count);
        }

        Assert.Equal(["first", "second", "third", "late"], (await WaitingAsync(desk)).Select(waiter => waiter.Reservation));
        Assert.Equal([1, 2, 3, 4], (await WaitingAsync(desk)).Select(waiter => waiter.Position));
        Outcome passing = await ReserveAsync(desk, "passing", "slot", 1);
        Assert.Equal(Refusal.NoSlot, passing.Refusal);

        foreach ((string running, int count) in new[] { ("run0", 1), ("run1", 2), ("run2", 3), ("first", 4) })
        {
            Assert.True((await reservations.ReleaseAsync(desk.Workspace, new EventId(running), null, null, CancellationToken.None)).Allowed);
            await WaitUntilAsync(() => Task.FromResult(Volatile.Read(ref served).Count == count));
        }

        await Task.WhenAll(waiting);
        Assert.Equal(["first", "second", "third", "late"], served);
        Assert.Empty(await WaitingAsync(desk));

        async Task WaitAsync(string id, int priority)
        {
            Outcome outcome = await ReserveAsync(desk, id, "slot", 1, wait: Duration.FromMinutes(2), priority: priority);
            Assert.True(outcome.Allowed);
            lock (served)
            {
                served.Add(id);
            }
        }
    }

    [Fact(DisplayName = "SLOT-2, ID-5: the same request waiting twice gets one slot and one answer, which only one of the two has first")]
    public async Task WaitsTwice()
    {
        await using UsageDesk desk = await OpenAsync();
        for (int i = 0; i < 3; i++)
        {
            Assert.True((await ReserveAsync(desk, $"run{i}", "slot", 1)).Allowed);
        }

        Task<Outcome>[] waiting = [.. Enumerable.Range(0, 3).Select(_ => ReserveAsync(desk, "w", "slot", 1, wait: Duration.FromMinutes(2)))];
        await WaitUntilAsync(async () => (await WaitingAsync(desk)).Count == 1);
        await desk.Get<ReservationService>().ReleaseAsync(desk.Workspace, new EventId("run1"), null, null, CancellationToken.None);
        Outcome[] outcomes = await Task.WhenAll(waiting);
        Assert.All(outcomes, outcome => Assert.True(outcome.Allowed));
        Assert.Single(outcomes, outcome => !outcome.Replayed);
        Assert.Single(outcomes.Select(outcome => outcome.Entry!.Reservation!.Slot!.Fence).Distinct());
    }

    [Fact(DisplayName = "SLOT-2: time-out is a denial that is not stored and keeps the place; cancelling gives it up")]
    public async Task QueueTimesOut()
    {
        await using UsageDesk desk = await OpenAsync();
        ReservationService reservations = desk.Get<ReservationService>();
        for (int i = 0; i < 3; i++)
        {
            Assert.True((await ReserveAsync(desk, $"run{i}", "slot", 1)).Allowed);
        }

        Outcome denied = await ReserveAsync(desk, "w", "slot", 1, wait: Duration.FromMilliseconds(30));
        Assert.Equal(Refusal.NoSlot, denied.Refusal);
        Assert.Equal("w", Assert.Single(await WaitingAsync(desk)).Reservation);
        Task<Outcome> again = ReserveAsync(desk, "w", "slot", 1, wait: Duration.FromMinutes(2));
        Task<Outcome> gone = ReserveAsync(desk, "gone", "slot", 1, wait: Duration.FromMinutes(2), priority: 0);
        await WaitUntilAsync(async () => (await WaitingAsync(desk)).Count == 2);
        Assert.True((await reservations.ReleaseAsync(desk.Workspace, new EventId("gone"), null, null, CancellationToken.None)).Allowed);
        await reservations.ReleaseAsync(desk.Workspace, new EventId("run1"), null, null, CancellationToken.None);
        Outcome served = await again;
        Assert.True(served is { Allowed: true, Replayed: false });
        Assert.False((await gone).Allowed);
        Assert.Empty(await WaitingAsync(desk));
    }
}
