using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Erases, and places that are given up, in the moment in which somebody's turn comes.</summary>
public abstract partial class EraseTests
{
    [Fact(DisplayName = "PRIV-1: who waits for a slot is sent away; another account gets the slot that the erase gave back")]
    public async Task WaitersAreSentAway()
    {
        await using UsageDesk desk = await OpenAsync();
        Assert.True((await ReserveAsync(desk, "j1", 1)).Allowed);
        Assert.True((await ReserveAsync(desk, "j2", 1)).Allowed);
        Task<Outcome> waits = ReserveAsync(desk, "j3", 1, wait: Duration.FromMinutes(2));
        Task<Outcome> other = ReserveAsync(desk, "o1", 1, account: "other", wait: Duration.FromMinutes(2));
        ReservationService reservations = desk.Get<ReservationService>();
        while ((await reservations.ReadWaitingAsync(desk.Workspace, new WaiterFilter(), CancellationToken.None)).Count < 2)
        {
            await Task.Yield();
        }

        Assert.Equal(2, (await EraseAsync(desk)).Reservations);
        Assert.Equal(Refusal.ReservationNotFound, (await waits).Refusal);
        Assert.True((await other).Allowed);
        Assert.Null(await desk.Store.Accounts.FindAsync(desk.Workspace, s_ada, CancellationToken.None));
    }

    [Theory(DisplayName = "PRIV-1, SLOT-2: whose turn has come just before an erase, or before his place is given up, takes no slot afterwards and makes nobody anew")]
    [InlineData(null, false)]
    [InlineData(null, true)]
    [InlineData("byron", false)]
    [InlineData("byron", true)]
    public async Task TurnsThatComeTooLate(string? erased, bool wasDenied)
    {
        HookedStore? hooks = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, clock => hooks = new HookedStore(NewStore(clock)), Catalog);
        Stop turn = new();
        Assert.True((await ReserveAsync(desk, "j1", 1, user: "byron")).Allowed);
        Assert.True((await ReserveAsync(desk, "j2", 1, user: "byron")).Allowed);
        Task<Outcome> waits;
        if (wasDenied)
        {
            Task denied = AfterADenial(hooks!);
            waits = ReserveAsync(desk, "j3", 1, user: "byron", wait: Duration.FromMinutes(2));
            await denied;
            // From the moment on in which a slot has come free, and before anybody looks for it.
            hooks!.AfterCommit = () =>
            {
                hooks.Tickets.AfterRenew = turn.HoldAsync;
                return Task.CompletedTask;
            };
            Assert.Equal(Refusal.None, (await desk.Get<ReservationService>().ReleaseAsync(desk.Workspace, new EventId("j1"), null, null, CancellationToken.None)).Refusal);
            hooks.AfterCommit = null;
        }
        else
        {
            hooks!.Tickets.AfterRenew = turn.HoldAsync;
            waits = ReserveAsync(desk, "j3", 1, user: "byron", wait: Duration.FromMinutes(2));
        }

        await turn.Reached;
        await EraseAsync(desk, erased);
        hooks.Tickets.AfterRenew = null;
        turn.Open();
        Assert.Equal(Refusal.ReservationNotFound, (await waits).Refusal);
        Assert.False((await EraseAsync(desk, erased)).Erased);
        Assert.Empty((await desk.Store.Ledger.ReadWorkspaceStateAsync(desk.Workspace, CancellationToken.None)).Holds);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "SLOT-2: a place that was given up in the moment of its turn takes no slot afterwards")]
    public async Task GivenUpInTheMomentOfItsTurn()
    {
        Stop turn = new();
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, clock => new HookedStore(NewStore(clock)) { Tickets = { AfterRenew = turn.HoldAsync } }, Catalog);
        Task<Outcome> waits = ReserveAsync(desk, "j1", 1, wait: Duration.FromMinutes(2));
        await turn.Reached;
        Assert.Equal(Refusal.None, (await desk.Get<ReservationService>().ReleaseAsync(desk.Workspace, new EventId("j1"), null, null, CancellationToken.None)).Refusal);
        turn.Open();
        Assert.Equal(Refusal.ReservationNotFound, (await waits).Refusal);
        Assert.Empty(await EntriesAsync(desk));
    }

    [Fact(DisplayName = "SLOT-2: a place that is given up while it is being decided gives back what that takes")]
    public async Task GivenUpWhileItIsDecided()
    {
        HookedStore? hooks = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, clock => hooks = new HookedStore(NewStore(clock)), Catalog);
        await ConsumeAsync(desk, "e1");
        Stop commit = new();
        hooks!.BeforeCommit = commit.HoldAsync;
        ReservationService reservations = desk.Get<ReservationService>();
        Task<Outcome> waits = ReserveAsync(desk, "j1", 1, wait: Duration.FromMinutes(2));
        await commit.Reached;
        Task<Outcome> release = reservations.ReleaseAsync(desk.Workspace, new EventId("j1"), null, null, CancellationToken.None);
        while (!release.IsCompleted && await reservations.FindWaitingAsync(desk.Workspace, "j1", CancellationToken.None) is not null)
        {
            await Task.Yield();
        }

        commit.Open();
        Assert.True((await waits).Allowed);
        Assert.Equal(EntryKind.Release, (await release).Entry?.Kind);
        Assert.Empty((await desk.Store.Ledger.ReadWorkspaceStateAsync(desk.Workspace, CancellationToken.None)).Holds);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "PRIV-1: an account that was erased between two tries of one who waits for a slot is not made anew, although he came after the erase had begun")]
    public async Task CameWhileTheEraseBegan()
    {
        HookedStore? hooks = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, clock => hooks = new HookedStore(NewStore(clock)), Catalog);
        Assert.True((await ReserveAsync(desk, "j1", 1)).Allowed);
        Assert.True((await ReserveAsync(desk, "j2", 1)).Allowed);
        Task<Outcome>? waits = null;
        hooks!.Tickets.AfterForget = async () =>
        {
            hooks.Tickets.AfterForget = null;
            Task denied = AfterADenial(hooks);
            waits = ReserveAsync(desk, "j3", 1, wait: Duration.FromMinutes(2));
            await denied;
        };
        Assert.Equal(2, (await EraseAsync(desk)).Reservations);
        Assert.Equal(Refusal.ReservationNotFound, (await waits!).Refusal);
        Assert.Null(await desk.Store.Accounts.FindAsync(desk.Workspace, s_ada, CancellationToken.None));
        await VerifyAsync(desk);
    }

    /// <summary>Ends when the one who will wait has been tried once: a second look follows the first try.</summary>
    private static Task AfterADenial(HookedStore hooks)
    {
        TaskCompletionSource looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int looks = 0;
        hooks.Tickets.AfterRenew = () =>
        {
            if (++looks == 2)
            {
                looked.TrySetResult();
            }

            return Task.CompletedTask;
        };
        return looked.Task;
    }

    /// <summary>Where a test holds whoever comes by, until it lets all on.</summary>
    private sealed class Stop
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public Task HoldAsync()
        {
            _reached.TrySetResult();
            return _open.Task;
        }

        public void Open() => _open.SetResult();
    }
}
