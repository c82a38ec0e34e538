using System.Net;

using Weir.Server.Tests;

namespace Weir.Client.Tests;

/// <summary>Jobs through the client, against a real server on a line that can be cut.</summary>
public sealed class ReservationTests : IAsyncLifetime
{
    private const string Catalog = """
        name: jobs
        defaultPlan: free
        meters: { credits: { unit: credit, scale: 2 } }
        events:
          transcription: { slot: transcription, charges: { credits: { per: { property: duration_seconds, unit: 60, amount: 1 }, rounding: nearest } } }
          render: { charges: { credits: { per: { property: frames, unit: 1, amount: 1 } } } }
        plans:
          free: { name: Free, allowances: { credits: { limit: 30, per: month } }, slots: { transcription: 1 } }
        """;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("weir-jobs-");
    private readonly Line _line = new();
    private WeirHost _host = null!;
    private HttpClient _http = null!;
    private WeirClientOptions _options = null!;
    private WeirClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await WeirHost.StartAsync(catalog: null);
        (await _host.Admin.PutAsync("/api/v1/catalog", Catalog, "application/yaml")).ExpectOk();
        _http = new HttpClient(_line);
        _options = Clients.Options(o =>
        {
            o.BaseAddress = _host.Address;
            o.Key = WeirHost.AdminKey;
            o.Spool.Folder = Path.Combine(_root.FullName, "spool");
            o.MostAttempts = 2;
            o.Outage.EventTypes["render"] = OutagePolicy.AllowUpTo(10, "frames");
        });
        _client = new WeirClient(_options, _http);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        _http.Dispose();
        await _host.DisposeAsync();
        _root.Delete(recursive: true);
    }

    [Fact(DisplayName = "A job holds, extends, grows and commits; it is found and listed, and its slot is its own")]
    public async Task Life()
    {
        ReservationAnswer held = await _client.ReserveAsync(Job("job/1", 180), new ReservationOptions { Ttl = TimeSpan.FromMinutes(10), Priority = 3 });
        Assert.Equal((true, "held", false, "transcription", 3m), (held.Allowed, held.State, held.Degraded, held.Slot!.Kind, held.Charges[0].Amount));
        Assert.Equal(3m, held.Balances[0].Held);
        Assert.True((await _client.ReserveAsync(Job("job/1", 180), new ReservationOptions { Ttl = TimeSpan.FromMinutes(10), Priority = 3 })).Replayed);
        ReservationAnswer none = await _client.ReserveAsync(Job(null, 60));
        Assert.Equal((false, DenialReasons.NoSlot), (none.Allowed, none.Reason));

        ReservationAnswer extended = await _client.ExtendAsync("job/1", TimeSpan.FromHours(1), 0.5m, held.Slot.Fence);
        Assert.True(extended.ExpiresAt > held.ExpiresAt);
        Assert.Equal("stale_fence", (await Assert.ThrowsAsync<WeirProblemException>(() => _client.ExtendAsync("job/1", fence: held.Slot.Fence + 1))).Code);
        Assert.True((await _client.GrowAsync("job/1", new() { ["duration_seconds"] = 240 })).Allowed);
        Assert.Equal(DenialReasons.LimitExceeded, (await _client.GrowAsync("job/1", new() { ["duration_seconds"] = 24_000 })).Reason);
        Reservation found = (await _client.FindReservationAsync("job/1"))!;
        Assert.Equal(("acme", "transcription", "held", 0.5m, 4m), (found.Account, found.Type, found.State, found.Progress, found.Held[0].Amount));
        Assert.Equal("job/1", Assert.Single((await _client.ListReservationsAsync("acme")).Items).Id);

        ReservationAnswer over = await _client.CommitAsync("job/1", new ReservationCommit { Properties = new() { ["duration_seconds"] = 600 } });
        Assert.Equal((false, DenialReasons.ExceedsReservation, "held"), (over.Allowed, over.Reason, over.State));
        ReservationAnswer done = await _client.CommitAsync("job/1", new ReservationCommit { Properties = new() { ["duration_seconds"] = 171 }, Status = "200", LatencyMs = 9, Fence = held.Slot.Fence });
        Assert.Equal((true, "committed", 2.85m), (done.Allowed, done.State, done.Charges[0].Amount));
        WeirProblemException ended = await Assert.ThrowsAsync<WeirProblemException>(() => _client.ReleaseAsync("job/1"));
        Assert.Equal((HttpStatusCode.Conflict, "reservation_ended", "committed"), (ended.Status, ended.Code, ended.State));
        Assert.Null(await _client.FindReservationAsync("none"));
        Assert.Empty((await _client.ListReservationsAsync()).Items);
        Assert.Equal("transcription", Assert.Single((await _client.GetUsageAsync("acme")).Slots).Kind);
    }

    [Fact(DisplayName = "Releasing gives everything back, and committing without figures uses what is held")]
    public async Task Ends()
    {
        await _client.ReserveAsync(Job("job-1", 180));
        Assert.Equal("released", (await _client.ReleaseAsync("job-1", "given up")).State);
        Assert.Equal("given up", (await _client.FindReservationAsync("job-1"))!.Reason);
        await _client.ReserveAsync(Job("job-2", 180));
        Assert.Equal(3m, (await _client.CommitAsync("job-2")).Charges[0].Amount);
        Assert.Equal((3m, 0m), await FiguresAsync());
    }

    [Fact(DisplayName = "A caller that waits gets the slot when it comes free")]
    public async Task Waits()
    {
        await _client.ReserveAsync(Job("job-1", 60));
        Task<ReservationAnswer> waiting = _client.ReserveAsync(Job("job-2", 60), new ReservationOptions { Wait = TimeSpan.FromMinutes(2) });
        while (await _client.FindReservationAsync("job-2") is not { State: "waiting", Position: 1 })
        {
            Assert.False(waiting.IsCompleted);
        }

        await _client.ReleaseAsync("job-1");
        Assert.Equal("held", (await waiting).State);
    }

    [Fact(DisplayName = "OUT-1: the end of a job is kept while Weir is away, and carried out once when it is back, though it had arrived unheard")]
    public async Task EndsWhileAway()
    {
        await _client.ReserveAsync(Render("job-1", 5));
        await _client.ReserveAsync(Render("job-2", 5));
        await _client.ReserveAsync(Render("job-3", 5));
        _line.State = LineState.Deaf;
        ReservationAnswer unheard = await _client.CommitAsync("job-1", new ReservationCommit { Properties = new() { ["frames"] = 4 } });
        Assert.Equal((true, "committed", true), (unheard.Allowed, unheard.State, unheard.Degraded));
        _line.State = LineState.Down;
        // More than is held: while nobody can deny it, what was used is recorded.
        Assert.True((await _client.CommitAsync("job-2", new ReservationCommit { Properties = new() { ["frames"] = 7 } })).Degraded);
        Assert.Equal(("released", true), ((await _client.ReleaseAsync("job-3")).State, (await _client.ReleaseAsync("job-3")).Degraded));
        await Assert.ThrowsAsync<WeirUnavailableException>(() => _client.ExtendAsync("job-2"));
        Assert.Equal(4, _client.SpoolHealth!.WaitingRecords);
        _line.State = LineState.Up;
        await DrainedAsync();
        Assert.Equal(0, _client.SpoolHealth.Quarantined);
        Assert.Equal((11m, 0m), await FiguresAsync());
        Assert.Equal(["committed", "committed", "released"], new[] { "job-1", "job-2", "job-3" }.Select(id => _client.FindReservationAsync(id).Result!.State));
    }

    [Fact(DisplayName = "A commit of a reservation that is not there, or has ended otherwise, is put aside with the answer")]
    public async Task PoisonCommits()
    {
        await _client.ReserveAsync(Render("job-1", 5));
        await _client.ReleaseAsync("job-1");
        _line.State = LineState.Down;
        await _client.CommitAsync("job-1");
        await _client.CommitAsync("nothing");
        await _client.ReleaseAsync("nothing");
        await _client.RecordAsync(Render("after", 1));
        _line.State = LineState.Up;
        await DrainedAsync();
        Assert.Equal((2L, 2L), (_client.SpoolHealth!.Quarantined, _client.SpoolHealth.Delivered));
        Assert.Equal((1m, 0m), await FiguresAsync());
    }

    [Fact(DisplayName = "OUT-1: a hold follows the policy of its type while Weir is away; what it comes to is recorded under its id")]
    public async Task HoldsWhileAway()
    {
        _line.State = LineState.Down;
        ReservationAnswer denied = await _client.ReserveAsync(Job("job-1", 60));
        Assert.Equal((false, true, DenialReasons.Unavailable), (denied.Allowed, denied.Degraded, denied.Reason));
        ReservationAnswer held = await _client.ReserveAsync(Render("alone-1", 6), new ReservationOptions { Ttl = TimeSpan.FromMinutes(1) });
        Assert.Equal((true, true, "held", null), (held.Allowed, held.Degraded, held.State, held.Slot));
        Assert.True((await _client.ReserveAsync(Render("alone-1", 6))).Replayed);
        Assert.Equal(DenialReasons.OutageAllowance, (await _client.ReserveAsync(Render("alone-2", 5))).Reason);
        Assert.True((await _client.ReserveAsync(Render("alone-3", 4))).Allowed);
        Assert.Equal((false, DenialReasons.OutageAllowance), await GrowAsync("alone-1", 7));
        Assert.True((await _client.ReleaseAsync("alone-3")).Degraded);
        Assert.Equal((true, null), await GrowAsync("alone-1", 8));
        Assert.True((await _client.ExtendAsync("alone-1", TimeSpan.FromHours(1))).ExpiresAt > held.ExpiresAt);
        ReservationAnswer committed = await _client.CommitAsync("alone-1", new ReservationCommit { Properties = new() { ["frames"] = 9 }, Status = "200" });
        Assert.Equal((true, true, "committed"), (committed.Allowed, committed.Degraded, committed.State));
        ReservationAnswer later = await _client.ReserveAsync(Render("alone-4", 2));
        Assert.True(later.Degraded);
        _line.State = LineState.Up;
        await DrainedAsync();
        // The server knows nothing of this one: what it comes to is recorded at once.
        Assert.Equal(("committed", 3m), ((await CommitAsync("alone-4", 3)).State, (await FindAsync("alone-4")).Charges[0].Amount));
        Assert.Equal((9m, "200", "usage"), ((await FindAsync("alone-1")).Charges[0].Amount, (await FindAsync("alone-1")).Status, (await FindAsync("alone-1")).Kind));
        Assert.Equal((12m, 0m), await FiguresAsync());
        Assert.Equal("reservation_not_found", (await Assert.ThrowsAsync<WeirProblemException>(() => _client.CommitAsync("alone-3"))).Code);
    }

    [Theory(DisplayName = "OUT-1: a hold that arrived unheard is committed there, and counted once, however the commit comes there")]
    [InlineData(LineState.Up)]
    [InlineData(LineState.Down)]
    [InlineData(LineState.Deaf)]
    public async Task HeldTwice(LineState whenCommitted)
    {
        _line.State = LineState.Deaf;
        Assert.True((await _client.ReserveAsync(Render("both", 6))).Degraded);
        _line.State = whenCommitted;
        await Clients.UntilAsync(() => whenCommitted != LineState.Up || CanAskAsync().Result);
        Assert.Equal("committed", (await CommitAsync("both", 5)).State);
        _line.State = LineState.Up;
        await DrainedAsync();
        Assert.Equal((0L, 5m), (_client.SpoolHealth!.Quarantined, (await FiguresAsync()).Used));
        Assert.Equal((5m, 0m), await FiguresAsync());
        Assert.Equal("committed", (await _client.FindReservationAsync("both"))!.State);
    }

    [Fact(DisplayName = "A hold that was denied unheard is recorded all the same when the client let it go ahead")]
    public async Task DeniedUnheard()
    {
        await _client.RecordAsync(Render("before", 29));
        _line.State = LineState.Deaf;
        Assert.True((await _client.ReserveAsync(Render("over", 6))).Degraded);
        _line.State = LineState.Down;
        await CommitAsync("over", 6);
        _line.State = LineState.Up;
        await DrainedAsync();
        Assert.Equal((0L, 35m), (_client.SpoolHealth!.Quarantined, (await FiguresAsync()).Used));
        Assert.Equal(6m, (await FindAsync("over.allowed-while-unavailable")).Charges[0].Amount);
    }

    private static UsageEvent Job(string? id, int seconds) => new("acme", "transcription") { Id = id, Properties = new() { ["duration_seconds"] = seconds } };

    private static UsageEvent Render(string id, int frames) => new("acme", "render") { Id = id, Properties = new() { ["frames"] = frames } };

    private Task<ReservationAnswer> CommitAsync(string id, int frames) => _client.CommitAsync(id, new ReservationCommit { Properties = new() { ["frames"] = frames } });

    private async Task<(bool Allowed, string? Reason)> GrowAsync(string id, int frames)
    {
        ReservationAnswer answer = await _client.GrowAsync(id, new() { ["frames"] = frames });
        return (answer.Allowed, answer.Reason);
    }

    private async Task<LoggedEvent> FindAsync(string id) => (await _client.FindEventAsync(id))!;

    /// <summary>Any answer ends the outage.</summary>
    private async Task<bool> CanAskAsync()
    {
        await _client.GetCatalogAsync();
        return _client.UnavailableSince is null;
    }

    private Task DrainedAsync() => Clients.UntilAsync(() => _client.SpoolHealth!.WaitingRecords == 0, () => _client.SpoolHealth!.ToString());

    private async Task<(decimal Used, decimal Held)> FiguresAsync()
    {
        Balance balance = (await _client.GetUsageAsync("acme")).Balances[0];
        return (balance.Used, balance.Held);
    }
}
