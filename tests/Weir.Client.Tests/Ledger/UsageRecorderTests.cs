using System.Diagnostics.Metrics;
using System.Net;

namespace Weir.Client.Tests;

public sealed class UsageRecorderTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("weir-recorder-");

    private string Spool => Path.Combine(_root.FullName, "spool");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact(DisplayName = "Many events go in few requests of at most 1,000, each once, and disposing sends the rest")]
    public async Task Batches()
    {
        Ledger ledger = new();
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Recorder.FlushInterval = TimeSpan.FromMinutes(1));
        UsageRecorder recorder = new(client);
        for (int i = 0; i < 2500; i++)
        {
            Assert.True(recorder.TryRecord(new UsageEvent("acme", "call") { Id = $"e-{i}" }));
        }

        await Clients.UntilAsync(() => ledger.Ids.Count == 2000);
        await recorder.DisposeAsync();
        Assert.Equal(Enumerable.Range(0, 2500).Select(i => $"e-{i}"), ledger.Ids);
        Assert.Equal(3, ledger.Wire.Requests.Count);
        Assert.Equal((2500L, 2500L, 0L, 0), (recorder.Figures.Accepted, recorder.Figures.Recorded, recorder.Figures.Lost, recorder.Figures.Waiting));
        Assert.False(recorder.TryRecord(new UsageEvent("acme", "call")));
        Assert.Equal(1, recorder.Figures.QueueFull);
    }

    [Fact(DisplayName = "Who waits for an event is answered when it is recorded; the first of a batch waits no longer than the interval")]
    public async Task Waits()
    {
        Ledger ledger = new();
        await using WeirClient client = Clients.Of(ledger.Wire);
        await using UsageRecorder recorder = new(client);
        RecordResult[] results = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => recorder.RecordAsync(new UsageEvent("acme", i == 7 ? "poison" : "call") { Id = $"e-{i}" })));
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"e-{i}"), results.Select(result => result.Id));
        Assert.Equal("e-7", Assert.Single(results, result => result.Status == RecordStatus.Rejected).Id);
        Assert.Equal((299L, 1L), (recorder.Figures.Recorded, recorder.Figures.Rejected));
    }

    [Fact(DisplayName = "Memory is bounded: beyond, events are refused at once and counted, by property and by metric")]
    public async Task Bounded()
    {
        using TaskGate gate = new();
        Ledger ledger = new() { Instead = _ => gate.Pass() };
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Recorder.LargestQueue = 100);
        UsageRecorder recorder = new(client);
        long lost = 0;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, to) =>
        {
            if (instrument is { Name: "weir.client.recorder.lost", Meter.Name: "Weir.Client" })
            {
                to.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            Assert.Equal("reason", tags[0].Key);
            Interlocked.Add(ref lost, value);
        });
        listener.Start();
        int taken = Enumerable.Range(0, 150).Count(_ => recorder.TryRecord(new UsageEvent("acme", "call")));
        Assert.Equal(100, taken);
        Assert.Equal((50L, 100), (recorder.Figures.QueueFull, recorder.Figures.Waiting));
        Assert.Equal("queue_full", (await Assert.ThrowsAsync<WeirUnavailableException>(() => recorder.RecordAsync(new UsageEvent("acme", "call")))).Code);
        // Recorders of other tests may lose something too.
        Assert.True(Interlocked.Read(ref lost) >= 51);
        gate.Open();
        await recorder.DisposeAsync();
        Assert.Equal((100L, 100), (recorder.Figures.Recorded, ledger.Ids.Count));
    }

    [Fact(DisplayName = "Without a spool what was taken is kept in memory through an outage, and sent with the same ids")]
    public async Task KeepsTrying()
    {
        int failures = 10;
        Ledger ledger = new();
        ledger.Instead = _ => failures-- > 0 ? throw Wire.Lost() : null;
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.MostAttempts = 2);
        await using UsageRecorder recorder = new(client);
        recorder.TryRecord(new UsageEvent("acme", "call"));
        await Clients.UntilAsync(() => recorder.Figures.Recorded == 1);
        Assert.Single(ledger.Ids);
        Assert.Equal(0, recorder.Figures.Lost);
    }

    [Fact(DisplayName = "Without a spool who waits is told when Weir is away; nothing is pretended")]
    public async Task TellsTheWaiting()
    {
        Wire wire = new(_ => throw Wire.Refused());
        await using WeirClient client = Clients.Of(wire, o => o.Recorder.Shutdown = TimeSpan.Zero);
        await using UsageRecorder recorder = new(client);
        await Assert.ThrowsAsync<WeirUnavailableException>(() => recorder.RecordAsync(new UsageEvent("acme", "call")));
        await Clients.UntilAsync(() => recorder.Figures is { Refused: 1, Waiting: 0 });
        Assert.Equal(0, recorder.Figures.Lost);
    }

    [Fact(DisplayName = "With a spool an outage loses nothing: what is recorded meanwhile is durable and arrives once")]
    public async Task Spools()
    {
        Ledger ledger = new() { Instead = _ => throw Wire.Lost() };
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Spool.Folder = Spool);
        await using UsageRecorder recorder = new(client);
        RecordResult[] results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => recorder.RecordAsync(new UsageEvent("acme", "call") { Id = $"e-{i}" })));
        Assert.All(results, result => Assert.Equal(RecordStatus.Spooled, result.Status));
        await Clients.UntilAsync(() => recorder.Figures.Spooled == 200);
        ledger.Instead = null;
        await Clients.UntilAsync(() => ledger.Ids.Count == 200);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"e-{i}"), ledger.Ids);
    }

    [Theory(DisplayName = "A wrong key does not lose events: they are spooled where there is a spool, and wait in memory where there is none")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WrongKey(bool spool)
    {
        bool wrong = true;
        Ledger ledger = new();
        ledger.Instead = _ => wrong ? Wire.Problem(HttpStatusCode.Unauthorized, "unauthorized") : null;
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Spool.Folder = spool ? Spool : null);
        await using UsageRecorder recorder = new(client);
        recorder.TryRecord(new UsageEvent("acme", "call") { Id = "e-1" });
        await Clients.UntilAsync(() => ledger.Wire.Requests.Count >= 3);
        Assert.Equal((0L, 0L), (recorder.Figures.Lost, recorder.Figures.Recorded));
        wrong = false;
        await Clients.UntilAsync(() => ledger.Ids.Count == 1);
    }

    [Fact(DisplayName = "An event that makes its whole batch unreadable is rejected alone")]
    public async Task Unreadable()
    {
        Ledger ledger = new();
        ledger.Instead = seen => seen.Body.Contains("\"e-13\"", StringComparison.Ordinal) ? Wire.Problem(HttpStatusCode.BadRequest, "invalid_json") : null;
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Recorder.FlushInterval = TimeSpan.FromMinutes(1));
        UsageRecorder recorder = new(client);
        for (int i = 0; i < 50; i++)
        {
            recorder.TryRecord(new UsageEvent("acme", "call") { Id = $"e-{i}" });
        }

        await recorder.DisposeAsync();
        Assert.Equal(Enumerable.Range(0, 50).Where(i => i != 13).Select(i => $"e-{i}"), ledger.Ids);
        Assert.Equal((49L, 1L), (recorder.Figures.Recorded, recorder.Figures.Rejected));
    }

    [Fact(DisplayName = "What is left when the time to shut down is over goes to the spool; without one it is counted as lost")]
    public async Task ShutDown()
    {
        Wire wire = new(_ => throw Wire.Refused());
        await using (WeirClient client = Clients.Of(wire, o => o.Recorder.Shutdown = TimeSpan.Zero))
        {
            UsageRecorder recorder = new(client);
            recorder.TryRecord(new UsageEvent("acme", "call"));
            await recorder.DisposeAsync();
            Assert.Equal((1L, 1L, 0), (recorder.Figures.ShutDown, recorder.Figures.Lost, recorder.Figures.Waiting));
        }

        await using (WeirClient client = Clients.Of(wire, o =>
        {
            o.Recorder.Shutdown = TimeSpan.Zero;
            o.Spool.Folder = Spool;
        }))
        {
            UsageRecorder recorder = new(client);
            recorder.TryRecord(new UsageEvent("acme", "call"));
            await recorder.DisposeAsync();
            Assert.Equal((1L, 0L), (recorder.Figures.Spooled, recorder.Figures.Lost));
        }
    }

    /// <summary>Holds requests until it is opened.</summary>
    private sealed class TaskGate : IDisposable
    {
        private readonly ManualResetEventSlim _open = new();

        public HttpResponseMessage? Pass()
        {
            _open.Wait();
            return null;
        }

        public void Open() => _open.Set();

        public void Dispose() => _open.Dispose();
    }
}
