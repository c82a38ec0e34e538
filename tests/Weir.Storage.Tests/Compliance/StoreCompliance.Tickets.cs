using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private static readonly Duration s_lease = Duration.FromSeconds(5);
    private static readonly Duration s_keep = Duration.FromSeconds(10);

    private ITicketStore Tickets => Store.Tickets;

    [Fact(DisplayName = "SLOT-2: lower priority numbers stand first, then who came first; each account and kind has a line of its own")]
    public async Task LinesAreInOrder()
    {
        foreach ((string id, int priority, string account, string kind) in new[]
        {
            ("late", 5, "acme", "render"), ("second", 1, "acme", "render"), ("first", 0, "acme", "render"), ("third", 1, "acme", "render"), ("other", 9, "globex", "render"), ("encoding", 3, "acme", "encode"),
        })
        {
            await TakeTicketAsync(id, priority, account, kind);
        }

        Assert.Equal(
            [("encoding", 1), ("first", 1), ("second", 2), ("third", 3), ("late", 4), ("other", 1)],
            (await Tickets.ReadAsync(Own, new WaiterFilter(), None)).Select(waiter => (waiter.Reservation, waiter.Position)));
        SlotWaiter found = Assert.Single(await Tickets.ReadAsync(Own, new WaiterFilter { Reservation = "third" }, None));
        Assert.Equal(new SlotWaiter(Sample.Acme, "render", "third", 1, Clock.Truncate(Time.Now), 3), found);
        Assert.Equal(["other"], (await Tickets.ReadAsync(Own, new WaiterFilter { Accounts = [new AccountKey("globex"), new AccountKey("nobody")] }, None)).Select(waiter => waiter.Reservation));
        Assert.Equal(["encoding", "first"], (await Tickets.ReadAsync(Own, new WaiterFilter { Limit = 2 }, None)).Select(waiter => waiter.Reservation));
        Assert.Empty(await Tickets.ReadAsync(Own, new WaiterFilter { Accounts = [] }, None));
    }

    [Fact(DisplayName = "SLOT-2: the same request comes back to its place while that is live, and to a new one afterwards")]
    public async Task TheSameRequestFindsItsPlace()
    {
        long first = await TakeTicketAsync("first");
        long second = await TakeTicketAsync("second");
        Assert.NotEqual(first, second);
        Assert.Equal(first, await TakeTicketAsync("first"));
        Assert.NotEqual(first, await TakeTicketAsync("first", content: "other"));
        Assert.True(await Tickets.LeaveAsync(Own, first, s_keep, None));
        Time.Advance(s_keep - Duration.FromMilliseconds(1));
        Assert.Equal(first, await TakeTicketAsync("first"));

        Assert.True(await Tickets.LeaveAsync(Own, first, s_keep, None));
        Time.Advance(s_keep);
        Assert.Empty(await Tickets.ReadAsync(Own, new WaiterFilter { Reservation = "first" }, None));
        Assert.NotEqual(first, await TakeTicketAsync("first"));
        Assert.False(await Tickets.LeaveAsync(Own, first, s_keep, None));
    }

    [Fact(DisplayName = "SLOT-2: a ticket dies with its lease unless its node renews it, and a node that stood still finds its places again")]
    public async Task TicketsHaveLeases()
    {
        long dead = await TakeTicketAsync("dead");
        long live = await TakeTicketAsync("live");
        for (int i = 0; i < 3; i++)
        {
            Time.Advance(Duration.FromSeconds(2));
            Assert.Equal([live], (await RenewAsync(live)).Standing);
        }

        Assert.Equal([("live", 1)], (await Tickets.ReadAsync(Own, new WaiterFilter(), None)).Select(waiter => (waiter.Reservation, waiter.Position)));
        SlotLines lines = await RenewAsync(live);
        Assert.Equal(live, Assert.Single(lines.Fronts).Ticket);
        Assert.Equal(Clock.Truncate(Time.Now), lines.Now);

        Assert.Equal([dead, live], (await RenewAsync(dead, live)).Standing.Order());
        Assert.Equal(["dead", "live"], (await Tickets.ReadAsync(Own, new WaiterFilter(), None)).Select(waiter => waiter.Reservation));
        Time.Advance(s_lease + NewTicket.KeptAfterLease);
        await TakeTicketAsync("new");
        Assert.Empty((await RenewAsync(dead, live)).Standing);
    }

    [Fact(DisplayName = "SLOT-2: in front stands the first that somebody waits at; the others of its account, and kept places, are passed over")]
    public async Task FrontsAreThoseWhoWait()
    {
        long away = await TakeTicketAsync("away");
        long first = await TakeTicketAsync("first");
        long second = await TakeTicketAsync("second");
        long other = await TakeTicketAsync("other", priority: -1, account: "globex");
        long unrelated = await TakeTicketAsync("unrelated", account: "initech");
        Assert.True(await Tickets.LeaveAsync(Own, away, s_keep, None));
        Assert.Equal([(new AccountKey("globex"), other), (Sample.Acme, first)], (await RenewAsync(second, other)).Fronts.Select(front => (front.Account, front.Ticket)));
        await Tickets.RemoveAsync(Own, first, None);
        Assert.Equal([(Sample.Acme, second)], (await RenewAsync(second, first)).Fronts.Select(front => (front.Account, front.Ticket)));
        Assert.Equal([second], (await RenewAsync(second, first)).Standing);

        // Who is renewed is there again.
        Assert.Equal(away, (await RenewAsync(away)).Fronts.Single().Ticket);
        Assert.Equal([unrelated], (await RenewAsync(unrelated)).Fronts.Select(front => front.Ticket));
        Assert.Empty((await Tickets.RenewAsync(Own, "encode", [second], s_lease, None)).Fronts);
    }

    [Fact(DisplayName = "SLOT-2: a line knows how many may wait in it, and who stands there already may come back")]
    public async Task LinesHaveABound()
    {
        long? first = await Tickets.TakeAsync(Own, Ticket("first"), s_lease, 2, None);
        Assert.NotNull(await Tickets.TakeAsync(Own, Ticket("second"), s_lease, 2, None));
        Assert.Null(await Tickets.TakeAsync(Own, Ticket("third"), s_lease, 2, None));
        Assert.Equal(first, await Tickets.TakeAsync(Own, Ticket("first"), s_lease, 2, None));
        Assert.NotNull(await Tickets.TakeAsync(Own, Ticket("third", kind: "encode"), s_lease, 2, None));
        Time.Advance(s_lease);
        Assert.NotNull(await Tickets.TakeAsync(Own, Ticket("third"), s_lease, 2, None));
    }

    [Fact(DisplayName = "SLOT-2, PRIV-1: a place is given up by its reservation, and an erase takes every place of an account or of one user of it")]
    public async Task PlacesAreGivenUp()
    {
        await TakeTicketAsync("first");
        await TakeTicketAsync("of-ada", user: "ada");
        await TakeTicketAsync("of-bob", user: "bob");
        await TakeTicketAsync("other", account: "globex", user: "ada");
        Assert.True(await Tickets.GiveUpAsync(Own, "first", None));
        Assert.False(await Tickets.GiveUpAsync(Own, "first", None));
        await Tickets.ForgetAsync(Own, Sample.Acme, "ada", None);
        Assert.Equal(["of-bob", "other"], (await Tickets.ReadAsync(Own, new WaiterFilter(), None)).Select(waiter => waiter.Reservation));
        await Tickets.ForgetAsync(Own, Sample.Acme, null, None);
        Assert.Equal(["other"], (await Tickets.ReadAsync(Own, new WaiterFilter(), None)).Select(waiter => waiter.Reservation));
    }

    [Fact(DisplayName = "SLOT-2: a transaction sees in which lines somebody waits, also one who came after it began")]
    public async Task TransactionsSeeWhoWaits()
    {
        SlotLine[] lines = [new(Sample.Acme, "render"), new(Sample.Acme, "encode"), new(new AccountKey("globex"), "render")];
        await CreateAcmeAsync();
        await using ILedgerTransaction transaction = await Ledger.BeginAsync(Own, None);
        await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
        Assert.Empty(await transaction.ReadWaitedAsync(lines, None));
        long ticket = await TakeTicketAsync("first");
        await TakeTicketAsync("elsewhere", account: "initech", kind: "encode");
        Assert.Equal([lines[0]], await transaction.ReadWaitedAsync(lines, None));
        Assert.True(await Tickets.LeaveAsync(Own, ticket, s_keep, None));
        Assert.Empty(await transaction.ReadWaitedAsync(lines, None));
        await RenewAsync(ticket);
        Assert.Equal([lines[0]], await transaction.ReadWaitedAsync(lines, None));
        Time.Advance(s_lease);
        Assert.Empty(await transaction.ReadWaitedAsync(lines, None));
    }

    [Fact(DisplayName = "SLOT-2, PRIV-1: a transaction sees which places stand, also when one was given up after it began; one whose owner is away for a while stands")]
    public async Task TransactionsSeeWhichPlacesStand()
    {
        await CreateAcmeAsync();
        long first = await TakeTicketAsync("first");
        long second = await TakeTicketAsync("second", kind: "encode");
        await TakeTicketAsync("not-asked-for");
        await using ILedgerTransaction transaction = await Ledger.BeginAsync(Own, None);
        await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
        Assert.Equal([first, second], (await transaction.ReadStandingAsync([first, second, 1_000_000], None)).Order());
        Assert.True(await Tickets.LeaveAsync(Own, second, s_keep, None));
        Assert.True(await Tickets.GiveUpAsync(Own, "first", None));
        Assert.Equal([second], await transaction.ReadStandingAsync([first, second], None));
    }

    private static NewTicket Ticket(string id, int priority = 0, string account = "acme", string kind = "render", string content = "", string? user = null) =>
        new(new AccountKey(account), kind, id, Digest.Of(content), priority, user);

    private async Task<long> TakeTicketAsync(string id, int priority = 0, string account = "acme", string kind = "render", string content = "", string? user = null) =>
        await Tickets.TakeAsync(Own, Ticket(id, priority, account, kind, content, user), s_lease, 100, None) ?? throw new InvalidOperationException("Too many wait.");

    private async Task<SlotLines> RenewAsync(params long[] tickets) => await Tickets.RenewAsync(Own, "render", tickets, s_lease, None);
}
