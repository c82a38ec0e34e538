using System.Net;

using Weir.Server.Tests;

namespace Weir.Client.Tests;

public sealed class SpoolDeliveryTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("weir-delivery-");

    private string Spool => Path.Combine(_root.FullName, "spool");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact(DisplayName = "SPOOL-4: what is recorded while Weir is away is durable, arrives once, in order, with its ids and its times")]
    public async Task Delivers()
    {
        Ledger ledger = new() { Instead = _ => throw Wire.Refused() };
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Spool.Folder = Spool);
        List<string> ids = [];
        for (int i = 0; i < 50; i++)
        {
            RecordResult result = await client.RecordAsync(new UsageEvent("acme", "call") { Id = i % 2 == 0 ? $"e-{i}" : null });
            Assert.Equal((RecordStatus.Spooled, true), (result.Status, result.Degraded));
            ids.Add(result.Id);
        }

        Assert.Equal((50L, false), (client.SpoolHealth!.WaitingRecords, client.SpoolHealth.Healthy));
        Assert.NotNull(client.UnavailableSince);
        ledger.Instead = null;
        await Clients.UntilAsync(() => client.SpoolHealth.WaitingRecords == 0, () => client.SpoolHealth.ToString());
        Assert.Equal(ids, ledger.Ids);
        Assert.All(ids, id => Assert.InRange((DateTimeOffset)ledger[id]["at"]!, DateTimeOffset.UtcNow.AddMinutes(-10), DateTimeOffset.UtcNow));
        Assert.Null(client.UnavailableSince);
        Assert.True(client.SpoolHealth.Healthy, client.SpoolHealth.ToString());
        Assert.Equal(RecordStatus.Recorded, (await client.RecordAsync(new UsageEvent("acme", "call"))).Status);
    }

    [Fact(DisplayName = "What waits in the spool goes first: new events go behind it")]
    public async Task Behind()
    {
        Ledger ledger = new() { Instead = _ => throw Wire.Refused() };
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Spool.Folder = Spool);
        await client.RecordAsync(new UsageEvent("acme", "call") { Id = "old-1" });
        // The server answers again; only what waits does not get through yet.
        ledger.Instead = seen => seen.Body.Contains("old-1", StringComparison.Ordinal) ? Wire.Problem(HttpStatusCode.Unauthorized, "unauthorized") : null;
        await Clients.UntilAsync(() => client.UnavailableSince is null);
        Assert.Equal(RecordStatus.Spooled, (await client.RecordAsync(new UsageEvent("acme", "call") { Id = "new-2" })).Status);
        Assert.Empty(ledger.Ids);
        ledger.Instead = null;
        await Clients.UntilAsync(() => ledger.Ids.Count == 2);
        Assert.Equal(["old-1", "new-2"], ledger.Ids);
    }

    [Theory(DisplayName = "SPOOL-4: a record that the server does not take goes to the quarantine with the answer, and the others go on")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Poison(bool wholeBatch)
    {
        Ledger ledger = new() { Instead = _ => throw Wire.Refused() };
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Spool.Folder = Spool);
        for (int i = 0; i < 20; i++)
        {
            await client.RecordAsync(new UsageEvent("acme", i is 3 or 11 ? "poison" : "call") { Id = $"e-{i}" });
        }

        // Either the server rejects one among many, or the one makes it refuse the whole request.
        ledger.Instead = seen => wholeBatch && seen.Body.Contains("poison", StringComparison.Ordinal) ? Wire.Problem(HttpStatusCode.BadRequest, "invalid_json") : null;
        await Clients.UntilAsync(() => client.SpoolHealth!.WaitingRecords == 0, () => client.SpoolHealth!.ToString());
        Assert.Equal(Enumerable.Range(0, 20).Where(i => i is not (3 or 11)).Select(i => $"e-{i}"), ledger.Ids);
        Assert.Equal((2L, 18L, false), (client.SpoolHealth!.Quarantined, client.SpoolHealth.Delivered, client.SpoolHealth.Healthy));
        string[] lines = await File.ReadAllLinesAsync(Assert.Single(Directory.EnumerateFiles(Path.Combine(Spool, "quarantine"))));
        Assert.Equal(["e-3", "e-11"], lines.Select(line => line.Member("id")));
        Assert.All(lines, line => Assert.Equal(wholeBatch ? "invalid_json" : "unknown_event_type", line.Member("code")));
        Assert.Equal("poison", lines[0].Member("body").Member("type"));
    }

    [Theory(DisplayName = "A wrong key, a wrong address or a missing catalog is no fault of the records: they wait until it is put right")]
    [InlineData(401, "unauthorized")]
    [InlineData(403, "forbidden")]
    [InlineData(404, "not_found")]
    [InlineData(409, "no_catalog")]
    [InlineData(400, "unexpected_status")]
    [InlineData(503, "overloaded")]
    public async Task Waits(int status, string code)
    {
        Ledger ledger = new() { Instead = _ => throw Wire.Refused() };
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Spool.Folder = Spool);
        await client.RecordAsync(new UsageEvent("acme", "call") { Id = "e-1" });
        int refused = 0;
        ledger.Instead = _ => ++refused > 0 ? Wire.Problem((HttpStatusCode)status, code) : null;
        await Clients.UntilAsync(() => refused >= 3);
        Assert.Equal((0L, 1L), (client.SpoolHealth!.Quarantined, client.SpoolHealth.WaitingRecords));
        Assert.NotNull(client.SpoolHealth.Delivery);
        ledger.Instead = null;
        await Clients.UntilAsync(() => ledger.Ids.Count == 1);
    }

    [Fact(DisplayName = "What a process leaves behind is delivered by the next, the same ids again where it had begun")]
    public async Task NextProcess()
    {
        Ledger ledger = new() { Instead = _ => throw Wire.Refused() };
        await using (WeirClient first = Clients.Of(ledger.Wire, o => o.Spool.Folder = Spool))
        {
            await first.RecordAsync([.. Enumerable.Range(0, 30).Select(i => new UsageEvent("acme", "call") { Id = $"e-{i}" })]);
        }

        ledger.LostAnswers = 2;
        ledger.Instead = null;
        await using WeirClient second = Clients.Of(ledger.Wire, o => o.Spool.Folder = Spool);
        await Clients.UntilAsync(() => second.SpoolHealth!.Delivered == 30, () => second.SpoolHealth!.ToString());
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"e-{i}"), ledger.Ids);
        Assert.True(ledger.LostAnswers < 0);
    }

    [Fact(DisplayName = "OUT-1, ID-5: a request that arrived although its answer was lost is not counted again when it comes from the spool")]
    public async Task UnknownOutcome()
    {
        await using WeirHost host = await WeirHost.StartAsync(catalog: null);
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Calls(2), "application/yaml")).ExpectOk();
        using Line line = new() { State = LineState.Deaf };
        using HttpClient http = new(line);
        // A folder for each, too: a client that also had what another left to deliver could learn from that that nobody answers, and not ask.
        WeirClient Client(string folder) => new(
            Clients.Options(o =>
            {
                o.BaseAddress = host.Address;
                o.Key = WeirHost.AdminKey;
                o.Spool.Folder = Path.Combine(Spool, folder);
                o.Outage.Decisions = OutagePolicy.AllowAndSpool;
                o.MostAttempts = 2;
            }),
            http);

        // Each effect takes place, and nobody hears of it. A client of its own for each, so that each asks.
        await using (WeirClient first = Client("recorded"))
        {
            Assert.Equal(RecordStatus.Spooled, (await first.RecordAsync(new UsageEvent("acme", "call") { Id = "recorded" })).Status);
        }

        // The limit is reached by the first of these: the second is denied, unheard, and the client lets it go ahead.
        foreach (string id in new[] { "consumed", "denied" })
        {
            await using WeirClient next = Client(id);
            ConsumeAnswer answer = await next.ConsumeAsync(new UsageEvent("acme", "call") { Id = id });
            Assert.Equal((true, true, id), (answer.Allowed, answer.Degraded, answer.Id));
        }

        line.State = LineState.Up;
        foreach (string folder in new[] { "recorded", "consumed", "denied" })
        {
            await using WeirClient again = Client(folder);
            await Clients.UntilAsync(() => again.SpoolHealth!.Delivered == 1, () => again.SpoolHealth!.ToString());
            Assert.Equal(0, again.SpoolHealth!.Quarantined);
        }

        await using WeirClient client = Client("reader");
        Page<LoggedEvent> log = await client.ListEventsAsync(new EventFilter { OldestFirst = true });
        Assert.Equal(["recorded", "consumed", "denied" + ".allowed-while-unavailable"], log.Items.Select(item => item.Id));
        Assert.Equal(3m, (await client.GetUsageAsync("acme")).Balances[0].Used);
    }

    [Fact(DisplayName = "An id that stands for something else is poison, whatever was sent first")]
    public async Task ReusedId()
    {
        await using WeirHost host = await WeirHost.StartAsync(catalog: null);
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Calls(100), "application/yaml")).ExpectOk();
        using Line line = new();
        using HttpClient http = new(line);
        await using WeirClient client = new(
            Clients.Options(o =>
            {
                o.BaseAddress = host.Address;
                o.Key = WeirHost.AdminKey;
                o.Spool.Folder = Spool;
            }),
            http);
        await client.RecordAsync(new UsageEvent("acme", "call") { Id = "e-1" });
        line.State = LineState.Down;
        await client.RecordAsync(new UsageEvent("other", "call") { Id = "e-1" });
        await client.RecordAsync(new UsageEvent("other", "call") { Id = "e-2" });
        line.State = LineState.Up;
        await Clients.UntilAsync(() => client.SpoolHealth!.WaitingRecords == 0, () => client.SpoolHealth!.ToString());
        Assert.Equal((1L, 1L), (client.SpoolHealth!.Quarantined, client.SpoolHealth.Delivered));
        Assert.Equal(1m, (await client.GetUsageAsync("other")).Balances[0].Used);
    }

    [Fact(DisplayName = "A record of another version of the program is put aside and holds nobody up")]
    public async Task OtherVersion()
    {
        using ClientInstruments instruments = new();
        SpoolOptions options = new() { Folder = Spool };
        await using (SpoolStore store = new(options, new LocalDisk(), instruments, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
        {
            await store.AppendAsync([new byte[] { 1, 2, 3 }, new SpoolEntry("dance", "d-1", "{}"u8.ToArray()).ToBytes(), new SpoolEntry(SpoolKinds.Event, "e-1", """{"id":"e-1","account":"a","type":"call"}"""u8.ToArray()).ToBytes()]);
        }

        Ledger ledger = new();
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Spool.Folder = Spool);
        await Clients.UntilAsync(() => client.SpoolHealth!.Quarantined == 2, () => client.SpoolHealth!.ToString());
        Assert.Equal(["e-1"], ledger.Ids);
    }

    [Fact(DisplayName = "Ids of usage that was denied unheard stay within what an id may be")]
    public void DerivedIds()
    {
        Assert.Equal("e-1.allowed-while-unavailable", SpoolDelivery.IdAfterDenial("e-1"));
        string longest = SpoolDelivery.IdAfterDenial(new string('x', 255));
        Assert.InRange(longest.Length, 1, 255);
        Assert.NotEqual(longest, SpoolDelivery.IdAfterDenial(new string('x', 254) + "y"));
    }
}
