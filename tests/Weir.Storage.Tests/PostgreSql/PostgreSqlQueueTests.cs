using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Jobs that wait for slots at several nodes of one database.</summary>
public sealed class PostgreSqlQueueTests : IDisposable
{
    private const string Catalog = """
        name: queue
        defaultPlan: free
        meters: { units: { unit: unit } }
        events: { render: { slot: render, charges: { units: 1 } } }
        plans: { free: { allowances: { units: { limit: 1000000 } }, slots: { render: 1 } } }
        """;

    private static readonly AccountKey s_acme = new("acme");

    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "SLOT-2: one queue over all nodes: who waits is served in order wherever it waits, and each node shows all of them")]
    public async Task OrderHoldsOverNodes()
    {
        await using UsageDesk first = await OpenAsync();
        await using UsageDesk second = await OpenAsync();
        Assert.True((await ReserveAsync(first, "run")).Allowed);
        List<string> served = [];
        List<Task> waiting = [];
        (UsageDesk Node, string Id, int Priority)[] waiters = [(second, "late", 5), (first, "second", 1), (second, "third", 1), (first, "first", 0), (second, "last", 9)];
        foreach ((UsageDesk node, string id, int priority) in waiters)
        {
            // One after the other, so that who came first is known.
            waiting.Add(WaitAsync(node, id, priority));
            await UntilAsync(async () => (await WaitingAsync(first)).Count == waiting.Count);
        }

        foreach (UsageDesk node in new[] { first, second })
        {
            Assert.Equal([("first", 1), ("second", 2), ("third", 3), ("late", 4), ("last", 5)], await WaitingAsync(node));
        }

        // Each holder gives its slot back at the node at which it did not wait.
        string holder = "run";
        foreach (string next in (string[])["first", "second", "third", "late", "last"])
        {
            Assert.True((await (holder is "run" or "third" or "late" ? first : second).Get<ReservationService>().ReleaseAsync(first.Workspace, new EventId(holder), null, null, CancellationToken.None)).Allowed);
            await UntilAsync(() => Task.FromResult(Volatile.Read(ref served).Contains(next)));
            holder = next;
        }

        await Task.WhenAll(waiting);
        Assert.Equal(["first", "second", "third", "late", "last"], served);
        Assert.Empty(await WaitingAsync(second));

        async Task WaitAsync(UsageDesk node, string id, int priority)
        {
            Outcome outcome = await ReserveAsync(node, id, Duration.FromMinutes(5), priority);
            Assert.True(outcome.Allowed, outcome.Failure?.Message);
            lock (served)
            {
                served.Add(id);
            }
        }
    }

    [Fact(DisplayName = "SLOT-1, SLOT-2: jobs of two accounts at three nodes, taken and given back anywhere at any time, run one at a time in the order of their places")]
    public async Task ManyJobsKeepTheirOrder()
    {
        const int jobs = 24;
        await using UsageDesk first = await OpenAsync();
        await using UsageDesk second = await OpenAsync();
        await using UsageDesk third = await OpenAsync();
        UsageDesk[] nodes = [first, second, third];
        Random random = new(5);
        foreach (string account in (string[])["acme", "globex"])
        {
            Assert.True((await ReserveAsync(first, "run-" + account, account: account)).Allowed);
        }

        Dictionary<string, long> fences = [];
        List<long> passers = [];
        Task[] waiting = [.. Enumerable.Range(0, jobs).Select(i => RunAsync($"job-{i}", i % 2 == 0 ? "acme" : "globex", nodes[random.Next(3)], nodes[random.Next(3)], random.Next(3)))];
        IReadOnlyList<SlotWaiter> line = [];
        await UntilAsync(async () => (line = await first.Get<ReservationService>().ReadWaitingAsync(first.Workspace, new WaiterFilter(), CancellationToken.None)).Count == jobs);
        Task passing = Task.Run(async () =>
        {
            for (int i = 0; waiting.Any(task => !task.IsCompleted); i++)
            {
                if ((await ReserveAsync(nodes[i % 3], $"passes-{i}")).Entry?.Reservation?.Slot is { } slot)
                {
                    passers.Add(slot.Fence);
                    await first.Get<ReservationService>().ReleaseAsync(first.Workspace, new EventId($"passes-{i}"), null, null, CancellationToken.None);
                }
            }
        });
        foreach (string account in (string[])["acme", "globex"])
        {
            Assert.True((await second.Get<ReservationService>().ReleaseAsync(first.Workspace, new EventId("run-" + account), null, null, CancellationToken.None)).Allowed);
        }

        await Task.WhenAll(waiting);
        await passing;
        foreach (IGrouping<AccountKey, SlotWaiter> ofAccount in line.GroupBy(waiter => waiter.Account))
        {
            Assert.Equal(ofAccount.OrderBy(waiter => waiter.Position).Select(waiter => waiter.Reservation), ofAccount.OrderBy(waiter => fences[waiter.Reservation]).Select(waiter => waiter.Reservation));
        }

        // The fence rises with each lease, so it tells the order in which slots were given.
        long last = line.Where(waiter => waiter.Account == s_acme).Max(waiter => fences[waiter.Reservation]);
        Assert.All(passers, fence => Assert.True(fence > last, $"The lease {fence} was given to one who passed those who waited until {last}."));

        async Task RunAsync(string id, string account, UsageDesk here, UsageDesk there, int priority)
        {
            Outcome outcome = await ReserveAsync(here, id, Duration.FromMinutes(5), priority, account);
            Assert.True(outcome.Allowed, outcome.Failure?.Message);
            lock (fences)
            {
                fences.Add(id, outcome.Entry!.Reservation!.Slot!.Fence);
            }

            Assert.True((await there.Get<ReservationService>().ReleaseAsync(here.Workspace, new EventId(id), null, null, CancellationToken.None)).Allowed);
        }
    }

    [Fact(DisplayName = "SLOT-2: a caller without wait passes nobody, at whatever node; who is in front is served when it asks")]
    public async Task NobodyIsPassed()
    {
        await using UsageDesk first = await OpenAsync();
        await using UsageDesk second = await OpenAsync();
        Assert.True((await ReserveAsync(first, "run")).Allowed);

        // A place at a node that does not look, as one that is busy: the slot is free, and it is the place's.
        NewTicket place = new(s_acme, "render", "waits", default, 0, null);
        long? ticket = await first.Store.Tickets.TakeAsync(first.Workspace, place, Duration.FromMinutes(1), 10, CancellationToken.None);
        Assert.True((await first.Get<ReservationService>().ReleaseAsync(first.Workspace, new EventId("run"), null, null, CancellationToken.None)).Allowed);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(Refusal.NoSlot, (await ReserveAsync(second, $"passes-{i}")).Refusal);
            Assert.Equal(Refusal.NoSlot, (await ReserveAsync(first, $"passes-too-{i}")).Refusal);
        }

        Assert.True((await ReserveAsync(second, "other", account: "globex")).Allowed);
        await first.Store.Tickets.RemoveAsync(first.Workspace, ticket!.Value, CancellationToken.None);
        Assert.True((await ReserveAsync(second, "comes")).Allowed);
    }

    [Fact(DisplayName = "SLOT-2: the places of a node that dies are free when their leases end, and those behind it are served")]
    public async Task ADeadNodeLeavesTheLine()
    {
        await using UsageDesk node = await OpenAsync();
        Assert.True((await ReserveAsync(node, "run")).Allowed);
        // What a node leaves that was killed while somebody waited there: a ticket that nobody renews.
        NewTicket place = new(s_acme, "render", "of-the-dead", default, 0, null);
        Assert.NotNull(await node.Store.Tickets.TakeAsync(node.Workspace, place, SlotQueue.Lease, 10, CancellationToken.None));
        Task<Outcome> waits = ReserveAsync(node, "waits", Duration.FromMinutes(5), priority: 1);
        await UntilAsync(async () => (await WaitingAsync(node)).Count == 2);
        Assert.Equal([("of-the-dead", 1), ("waits", 2)], await WaitingAsync(node));
        Assert.True((await node.Get<ReservationService>().ReleaseAsync(node.Workspace, new EventId("run"), null, null, CancellationToken.None)).Allowed);
        Assert.True((await waits).Allowed);
        Assert.Empty(await WaitingAsync(node));
    }

    [Fact(DisplayName = "SLOT-2: a place is given up at any node, whoever waits there is told, and the next is served")]
    public async Task APlaceIsGivenUpAnywhere()
    {
        await using UsageDesk first = await OpenAsync();
        await using UsageDesk second = await OpenAsync();
        Assert.True((await ReserveAsync(first, "run")).Allowed);
        Task<Outcome> gone = ReserveAsync(first, "gone", Duration.FromMinutes(5));
        await UntilAsync(async () => (await WaitingAsync(second)).Count == 1);
        Task<Outcome> next = ReserveAsync(second, "next", Duration.FromMinutes(5));
        await UntilAsync(async () => (await WaitingAsync(first)).Count == 2);
        Assert.True((await second.Get<ReservationService>().ReleaseAsync(first.Workspace, new EventId("gone"), null, null, CancellationToken.None)).Allowed);
        Assert.Equal(Refusal.ReservationNotFound, (await gone).Refusal);
        Assert.True((await second.Get<ReservationService>().ReleaseAsync(first.Workspace, new EventId("run"), null, null, CancellationToken.None)).Allowed);
        Assert.True((await next).Allowed);
    }

    [Fact(DisplayName = "SLOT-2: a repeat rejoins its place at another node, and the same job waiting at two nodes gets one slot and one answer")]
    public async Task ARepeatMayComeToAnotherNode()
    {
        await using UsageDesk first = await OpenAsync();
        await using UsageDesk second = await OpenAsync();
        Assert.True((await ReserveAsync(first, "run")).Allowed);
        Outcome denied = await ReserveAsync(first, "job", Duration.FromMilliseconds(1));
        Assert.Equal(Refusal.NoSlot, denied.Refusal);
        Task<Outcome> behind = ReserveAsync(first, "behind", Duration.FromMinutes(5));
        await UntilAsync(async () => (await WaitingAsync(first)).Count == 2);
        Task<Outcome>[] waiting = [ReserveAsync(second, "job", Duration.FromMinutes(5)), ReserveAsync(first, "job", Duration.FromMinutes(5))];
        Assert.Equal([("job", 1), ("behind", 2)], await WaitingAsync(second));
        Assert.True((await second.Get<ReservationService>().ReleaseAsync(first.Workspace, new EventId("run"), null, null, CancellationToken.None)).Allowed);
        Outcome[] outcomes = await Task.WhenAll(waiting);
        Assert.All(outcomes, outcome => Assert.True(outcome.Allowed, outcome.Failure?.Message));
        Assert.Single(outcomes.Select(outcome => outcome.Entry!.Reservation!.Slot!.Lease).Distinct(StringComparer.Ordinal));
        Assert.True((await first.Get<ReservationService>().ReleaseAsync(first.Workspace, new EventId("job"), null, null, CancellationToken.None)).Allowed);
        Assert.True((await behind).Allowed);
    }

    [Fact(DisplayName = "SLOT-2, ID-5: a job that waits at two nodes and is denied for a limit in the end gets that answer wherever it waits, once as the first")]
    public async Task ADenialIsTheSameEverywhere()
    {
        string catalog = Catalog.Replace("1000000", "1", StringComparison.Ordinal);
        await using UsageDesk first = await OpenAsync(catalog);
        await using UsageDesk second = await OpenAsync(catalog);
        Assert.True((await ReserveAsync(first, "run")).Allowed);
        Task<Outcome>[] waiting = [.. new[] { first, second, first, second }.Select(node => ReserveAsync(node, "job", Duration.FromMinutes(5)))];
        await UntilAsync(async () => (await WaitingAsync(first)).Count == 1);
        await second.Get<ReservationService>().CommitAsync(first.Workspace, new EventId("run"), new ReservationEnd(), CancellationToken.None);
        Outcome[] outcomes = await Task.WhenAll(waiting);
        Assert.All(outcomes, outcome => Assert.Equal((Refusal.LimitExceeded, null), (outcome.Refusal, outcome.Failure)));
        Assert.Single(outcomes, outcome => !outcome.Replayed);
        Outcome repeat = await ReserveAsync(second, "job", Duration.FromMinutes(5));
        Assert.Equal((Refusal.LimitExceeded, true), (repeat.Refusal, repeat.Replayed));
    }

    [Fact(DisplayName = "SLOT-2: a slot whose lease ended by time goes to who waits at another node; a denial while waiting counts once")]
    public async Task ALeaseThatEndsIsNoticed()
    {
        await using UsageDesk first = await OpenAsync();
        await using UsageDesk second = await OpenAsync();
        Assert.True((await ReserveAsync(first, "run", ttl: Duration.FromSeconds(1))).Allowed);
        Assert.True((await ReserveAsync(second, "waits", Duration.FromMinutes(5))).Allowed);
        Assert.True((await first.Get<ReservationService>().ReleaseAsync(first.Workspace, new EventId("waits"), null, null, CancellationToken.None)).Allowed);

        // Nobody told it of the slots of a larger plan, either.
        Assert.True((await ReserveAsync(first, "run-2")).Allowed);
        Task<Outcome> more = ReserveAsync(second, "more", Duration.FromMinutes(5));
        await UntilAsync(async () => (await WaitingAsync(first)).Count == 1);
        await first.PutCatalogAsync(Catalog.Replace("render: 1 }", "render: 2 }", StringComparison.Ordinal));
        Assert.True((await more).Allowed);
        IReadOnlyList<DenialCount> denials = await first.Store.Ledger.ReadDenialsAsync(first.Workspace, s_acme, Instant.MinValue, Instant.MaxValue, CancellationToken.None);
        Assert.InRange(denials.Sum(count => count.Count), 1, 2);
    }

    private Task<UsageDesk> OpenAsync(string catalog = Catalog) => UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => _database.NewHastyStore(null), catalog);

    private static async Task<IReadOnlyList<(string, int)>> WaitingAsync(UsageDesk desk) =>
        [.. (await desk.Get<ReservationService>().ReadWaitingAsync(desk.Workspace, new WaiterFilter { Accounts = [s_acme] }, CancellationToken.None)).Select(waiter => (waiter.Reservation, waiter.Position))];

    private static async Task UntilAsync(Func<Task<bool>> reached)
    {
        while (!await reached())
        {
            await Task.Yield();
        }
    }

    private static Task<Outcome> ReserveAsync(UsageDesk desk, string id, Duration? wait = null, int priority = 0, string account = "acme", Duration? ttl = null) =>
        desk.Get<ReservationService>().ReserveAsync(
            desk.Workspace,
            new ReservationRequest
            {
                Event = new UsageEvent { Id = new EventId(id), Account = new AccountKey(account), Type = "render" },
                Wait = wait ?? Duration.Zero,
                Priority = priority,
                Ttl = ttl ?? Reservations.DefaultTtl,
            },
            CancellationToken.None);
}
