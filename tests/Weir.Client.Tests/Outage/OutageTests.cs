namespace Weir.Client.Tests;

public sealed class OutageTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("weir-outage-");

    private string Spool => Path.Combine(_root.FullName, "spool");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact(DisplayName = "OUT-1: without a policy a decision is denied while Weir is away, and the answer says that it is degraded")]
    public async Task Deny()
    {
        Wire wire = new(_ => throw Wire.Refused());
        await using WeirClient client = Clients.Of(wire, o => o.Outage.ProbeInterval = TimeSpan.FromMinutes(10));
        ConsumeAnswer answer = await client.ConsumeAsync(new UsageEvent("acme", "call") { Id = "e-1" });
        Assert.Equal((false, true, "e-1", DenialReasons.Unavailable), (answer.Allowed, answer.Degraded, answer.Id, answer.Reason));
        Assert.Equal((false, true), await CheckAsync(client, "acme"));
        // It is known by now that nobody answers: nobody is made to wait for that again.
        Assert.Equal(4, wire.Requests.Count);
    }

    [Fact(DisplayName = "Of many decisions while Weir is away one in each interval asks; when it answers the outage is over")]
    public async Task Probes()
    {
        bool away = true;
        int asked = 0;
        Wire wire = new(_ =>
        {
            Interlocked.Increment(ref asked);
            return away ? throw Wire.Refused() : Wire.Json("""{ "allowed": true, "id": "e", "replayed": false }""");
        });
        Clock clock = new();
        WeirClientOptions options = Clients.Options(o => o.Outage.ProbeInterval = TimeSpan.FromSeconds(10));
        using HttpClient http = new(wire);
        await using WeirClient client = new(options, http, clock);
        Assert.False((await client.ConsumeAsync(new UsageEvent("acme", "call"))).Allowed);
        Assert.Equal(4, asked);
        for (int i = 0; i < 20; i++)
        {
            Assert.True((await client.ConsumeAsync(new UsageEvent("acme", "call"))).Degraded);
        }

        Assert.Equal(4, asked);
        clock.Advance(TimeSpan.FromSeconds(10));
        ConsumeAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.ConsumeAsync(new UsageEvent("acme", "call"))));
        Assert.All(answers, answer => Assert.True(answer.Degraded));
        // Sent once: the one that finds out is not repeated.
        Assert.Equal(5, asked);
        clock.Advance(TimeSpan.FromSeconds(10));
        away = false;
        ConsumeAnswer back = await client.ConsumeAsync(new UsageEvent("acme", "call"));
        Assert.Equal((true, false), (back.Allowed, back.Degraded));
        Assert.Null(client.UnavailableSince);
        Assert.False((await client.ConsumeAsync(new UsageEvent("acme", "call"))).Degraded);
    }

    [Fact(DisplayName = "OUT-1: allow_and_spool lets an event type go ahead; it is recorded later under the same id")]
    public async Task AllowAndSpool()
    {
        Ledger ledger = new() { Instead = _ => throw Wire.Refused() };
        await using WeirClient client = Clients.Of(ledger.Wire, o =>
        {
            o.Spool.Folder = Spool;
            o.Outage.EventTypes["call"] = OutagePolicy.AllowAndSpool;
        });
        ConsumeAnswer answer = await client.ConsumeAsync(new UsageEvent("acme", "call") { Id = "e-1", Properties = new() { ["n"] = 2 } });
        Assert.Equal((true, true, null), (answer.Allowed, answer.Degraded, answer.Reason));
        Assert.Equal((true, true), await CheckAsync(client, "acme"));
        Assert.False((await client.ConsumeAsync(new UsageEvent("acme", "other"))).Allowed);
        ledger.Instead = null;
        await Clients.UntilAsync(() => ledger.Ids.Count > 0);
        Assert.Equal(["e-1"], ledger.Ids);
        Assert.Equal((2, true), ((int)ledger["e-1"]["properties"]!["n"]!, ledger["e-1"]["at"] is not null));
        Assert.Null(ledger["e-1"]["mode"]);
    }

    [Fact(DisplayName = "A repeat of what went ahead gets the same answer and is kept once")]
    public async Task Repeat()
    {
        Ledger ledger = new() { Instead = _ => throw Wire.Refused() };
        await using WeirClient client = Clients.Of(ledger.Wire, o =>
        {
            o.Spool.Folder = Spool;
            o.Outage.EventTypes["call"] = OutagePolicy.AllowUpTo(1);
        });
        UsageEvent e = new("acme", "call") { Id = "e-1" };
        Assert.True((await client.ConsumeAsync(e)).Allowed);
        ConsumeAnswer again = await client.ConsumeAsync(e);
        Assert.Equal((true, true, true), (again.Allowed, again.Replayed, again.Degraded));
        UsageEvent recorded = new("acme", "note") { Id = "n-1" };
        Assert.Equal(RecordStatus.Spooled, (await client.RecordAsync(recorded)).Status);
        Assert.Equal([RecordStatus.Spooled, RecordStatus.Spooled], (await client.RecordAsync([recorded, recorded with { Id = "n-2" }])).Select(result => result.Status));
        Assert.Equal(3, client.SpoolHealth!.WaitingRecords);
        ledger.Instead = null;
        await Clients.UntilAsync(() => client.SpoolHealth.WaitingRecords == 0);
        Assert.Equal(["e-1", "n-1", "n-2"], ledger.Ids);
    }

    [Fact(DisplayName = "OUT-2: allow_up_to lets each account use so much of each budget since the outage began, exactly, at any concurrency")]
    public async Task AllowUpTo()
    {
        Ledger ledger = new() { Instead = _ => throw Wire.Refused() };
        await using WeirClient client = Clients.Of(ledger.Wire, o =>
        {
            o.Spool.Folder = Spool;
            OutagePolicy minutes = OutagePolicy.AllowUpTo(10, "minutes", "minutes");
            o.Outage.EventTypes["call"] = OutagePolicy.AllowUpTo(3);
            o.Outage.EventTypes["video"] = minutes;
            o.Outage.EventTypes["audio"] = minutes;
        });
        ConsumeAnswer[] calls = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.ConsumeAsync(new UsageEvent(i % 2 == 0 ? "acme" : "other", "call"))));
        Assert.Equal(6, calls.Count(answer => answer.Allowed));
        Assert.All(calls.Where(answer => !answer.Allowed), answer => Assert.Equal((DenialReasons.OutageAllowance, true), (answer.Reason, answer.Degraded)));
        Assert.True((await client.ConsumeAsync(Of("video", 6))).Allowed);
        Assert.False((await client.ConsumeAsync(Of("audio", 5))).Allowed);
        Assert.True((await client.CheckAsync(Of("audio", 4))).Allowed);
        Assert.True((await client.ConsumeAsync(Of("audio", 4))).Allowed);
        Assert.False((await client.CheckAsync(Of("audio", 0.001m))).Allowed);
        // What has happened is recorded all the same.
        Assert.Equal(RecordStatus.Spooled, (await client.RecordAsync(Of("audio", 100))).Status);
        Assert.True((await client.ConsumeAsync(Of("audio", 100), ConsumeMode.Record)).Allowed);
        ledger.Instead = null;
        await Clients.UntilAsync(() => client.SpoolHealth!.WaitingRecords == 0);
        Assert.Equal(10, ledger.Ids.Count);

        static UsageEvent Of(string type, decimal minutes) => new("acme", type) { Properties = new() { ["minutes"] = minutes } };
    }

    [Fact(DisplayName = "A property is a number however it was written")]
    public void Numbers()
    {
        UsageEvent e = new("acme", "call")
        {
            Properties = new() { ["int"] = 3, ["long"] = 3L, ["double"] = 1.5, ["decimal"] = 0.1m, ["text"] = "3", ["flag"] = true, ["huge"] = 1e300, ["none"] = null },
        };
        Assert.Equal([3m, 3m, 1.5m, 0.1m], new[] { "int", "long", "double", "decimal" }.Select(name => e.Number(name)!.Value));
        Assert.All(["text", "flag", "huge", "none", "absent"], name => Assert.Null(e.Number(name)));
        Assert.Null(new UsageEvent("acme", "call").Number("int"));
        UsageEvent read = e with { Properties = System.Text.Json.Nodes.JsonNode.Parse("""{ "n": 1e2 }""")!.AsObject() };
        Assert.Equal(100m, read.Number("n"));
    }

    [Fact(DisplayName = "Accounts beyond what is remembered are denied: the promised most is never exceeded")]
    public async Task MostAccounts()
    {
        Wire wire = new(_ => throw Wire.Refused());
        await using WeirClient client = Clients.Of(wire, o =>
        {
            o.Spool.Folder = Spool;
            o.Outage.MostAccounts = 2;
            o.Outage.Decisions = OutagePolicy.AllowUpTo(1);
        });
        bool[] allowed = [.. (await Task.WhenAll(Enumerable.Range(0, 5).Select(i => client.ConsumeAsync(new UsageEvent($"account-{i}", "call"))))).Select(answer => answer.Allowed)];
        Assert.Equal(2, allowed.Count(one => one));
    }

    [Theory(DisplayName = "What the spool does not take does not go ahead, and takes nothing of what is allowed")]
    [InlineData(true, DenialReasons.SpoolFull)]
    [InlineData(false, DenialReasons.SpoolFailed)]
    public async Task SpoolRefuses(bool full, string code)
    {
        Wire wire = new(_ => throw Wire.Refused());
        FaultyDisk disk = new() { IsFull = full, SyncFails = !full };
        using HttpClient http = new(wire);
        await using WeirClient client = new(
            Clients.Options(o =>
            {
                o.Spool.Folder = Spool;
                o.Outage.Decisions = OutagePolicy.AllowUpTo(1);
            }),
            http, null, null, disk);
        UsageEvent e = new("acme", "call") { Id = "e-1" };
        ConsumeAnswer refused = await client.ConsumeAsync(e);
        Assert.Equal((false, true, code), (refused.Allowed, refused.Degraded, refused.Reason));
        Assert.Equal(code, (await Assert.ThrowsAsync<WeirUnavailableException>(() => client.RecordAsync(new UsageEvent("acme", "note")))).Code);
        Assert.Equal((code, false), (client.SpoolHealth!.Trouble, client.SpoolHealth.Healthy));
        disk.IsFull = disk.SyncFails = false;
        Assert.True((await client.ConsumeAsync(e)).Allowed);
        Assert.Null(client.SpoolHealth.Trouble);
    }

    [Fact(DisplayName = "A type whose policy is to deny is not recorded either, and its caller is told")]
    public async Task DeniedRecording()
    {
        Wire wire = new(_ => throw Wire.Refused());
        await using WeirClient client = Clients.Of(wire, o =>
        {
            o.Spool.Folder = Spool;
            o.Outage.EventTypes["call"] = OutagePolicy.Deny;
        });
        Assert.Equal("unavailable", (await Assert.ThrowsAsync<WeirUnavailableException>(() => client.RecordAsync(new UsageEvent("acme", "call")))).Code);
        Assert.False((await client.ConsumeAsync(new UsageEvent("acme", "call"), ConsumeMode.Record)).Allowed);
        Assert.Equal(0, client.SpoolHealth!.WaitingRecords);
        Assert.Equal(RecordStatus.Spooled, (await client.RecordAsync(new UsageEvent("acme", "note"))).Status);
    }

    private static async Task<(bool Allowed, bool Degraded)> CheckAsync(WeirClient client, string account)
    {
        ConsumeAnswer answer = await client.CheckAsync(new UsageEvent(account, "call"));
        return (answer.Allowed, answer.Degraded);
    }

    /// <summary>Shows a time that only a test moves; pauses are the system's own.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _ticks = TimeSpan.FromDays(1).Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
    }
}
