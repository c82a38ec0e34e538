using System.Collections.Concurrent;
using System.Globalization;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public sealed class SummaryProjectorTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 14, 9, 26, 53);
    private static readonly Instant s_bucket = Instant.FromUtc(2026, 3, 14, 9, 15, 0);

    [Fact(DisplayName = "LOG-2: an event counts in the total and in one cell for each of its dimensions")]
    public async Task AnEventCountsInEachDimension()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync(
            "1", "diagnose", [("complexity", 1.5m), ("department", "R&D"), ("other", "free")],
            details: new EventDetails { User = "u", Campaign = "c", Source = "web", Model = "gpt", Status = "200", LatencyMs = 40 }, cost: 0.25m);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);

        AccountState state = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        Scopes scopes = await desk.Store.Ledger.ReadScopesAsync(desk.Workspace, Sample.Acme, "u", "c", null, CancellationToken.None);
        Dictionary<SummaryKey, SummaryFigures> cells = await desk.CellsAsync();
        Assert.Equal(
            new[]
            {
                ("", ""), ("campaign", Text(scopes.Campaign)), ("endpoint", "/api/diagnose"), ("model", "gpt"), ("properties.department", "R&D"), ("source", "web"),
                ("status", "200"), ("user", Text(scopes.User)),
            },
            cells.Keys.Select(key => (key.Dimension, key.Value)).OrderBy(key => key.Dimension, StringComparer.Ordinal));
        Assert.All(cells, cell =>
        {
            Assert.Equal((state.Account.Id, s_bucket, "diagnose"), (cell.Key.Account, cell.Key.Bucket, cell.Key.Type));
            Assert.Equal("1 events, 0 failed, 40 ms of 1, calls 1, cost 250000000, credits 1500", Figures(cell.Value));
        });
    }

    [Fact(DisplayName = "LOG-2: a level counts when it was recorded, a sum when it happened")]
    public async Task LevelsCountWhenRecorded()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        Instant earlier = s_start - Duration.FromHours(2);
        await desk.RecordAsync("1", "stored", [("bytes", 100)], at: earlier);
        await desk.RecordAsync("2", "ping", at: earlier);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);

        Assert.Equal(
            [
                (SummaryKey.BucketOf(earlier), "ping", "1 events, 0 failed, 0 ms of 0, calls 1"),
                (SummaryKey.BucketOf(earlier), "stored", "1 events, 0 failed, 0 ms of 0"),
                (s_bucket, "stored", "0 events, 0 failed, 0 ms of 0, storage 100"),
            ],
            await TotalsAsync(desk));
    }

    [Fact(DisplayName = "LOG-2: a failed call counts as failed and charges nothing")]
    public async Task AFailedCallCountsAsFailed()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "diagnose", details: new EventDetails { Status = "500" }, failed: true);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal([(s_bucket, "diagnose", "0 events, 1 failed, 0 ms of 0")], await TotalsAsync(desk));
    }

    [Theory(DisplayName = "LOG-2: a completion settles its event's cells: status, latency, charges, and failure")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ACompletionSettlesItsEvent(bool inOnePass)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "diagnose", details: new EventDetails { Model = "m1" });
        await desk.RecordAsync("2", "diagnose", details: new EventDetails { Model = "m1" });
        await PassAsync();
        desk.Clock.Advance(Duration.FromHours(1));
        await desk.CompleteAsync("1", new EventDetails { Status = "200", LatencyMs = 70, Model = "m2" }, properties: [("complexity", 2)], cost: 0.5m);
        await desk.CompleteAsync("2", new EventDetails { Status = "500", LatencyMs = 30 }, failed: true);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);

        // The cost is known with the completion only, so it counts where that was recorded.
        Assert.Equal(
            [
                (s_bucket, "diagnose", "1 events, 1 failed, 100 ms of 2, calls 1, credits 2000"),
                (s_bucket + Duration.FromHours(1), "diagnose", "0 events, 0 failed, 0 ms of 0, cost 500000000"),
            ],
            await TotalsAsync(desk));
        Assert.Equal(
            ["m1: 0 events, 1 failed, 30 ms of 1", "m2: 1 events, 0 failed, 70 ms of 1, calls 1, credits 2000", "m2: 0 events, 0 failed, 0 ms of 0, cost 500000000"],
            await ByAsync(desk, "model"));
        Assert.Equal(
            ["200: 1 events, 0 failed, 70 ms of 1, calls 1, credits 2000", "200: 0 events, 0 failed, 0 ms of 0, cost 500000000", "500: 0 events, 1 failed, 30 ms of 1"],
            await ByAsync(desk, "status"));

        Task PassAsync() => inOnePass ? Task.CompletedTask : desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
    }

    [Theory(DisplayName = "LOG-2: a reversal takes its event out of every cell, whatever came in between")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AReversalTakesItsEventOut(bool inOnePass)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "diagnose", [("department", "a")], details: new EventDetails { User = "u", Status = "0", LatencyMs = 5 }, cost: 1);
        await PassAsync();
        await desk.CompleteAsync("1", new EventDetails { Status = "200", LatencyMs = 70 }, properties: [("complexity", 2)]);
        await PassAsync();
        desk.Clock.Advance(Duration.FromHours(1));
        await desk.ReverseAsync("1");
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);

        Assert.Empty(await desk.CellsAsync());

        Task PassAsync() => inOnePass ? Task.CompletedTask : desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
    }

    [Fact(DisplayName = "BAL-7: a reversed level moves back when the reversal was recorded, by what the balance moved")]
    public async Task AReversedLevelMovesBackLater()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "stored", [("bytes", 100)]);
        await desk.RecordAsync("2", "stored", [("bytes", -30)]);
        desk.Clock.Advance(Duration.FromHours(1));
        await desk.ReverseAsync("1");
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);

        Assert.Equal(
            [
                (s_bucket, "stored", "1 events, 0 failed, 0 ms of 0, storage 70"),
                (s_bucket + Duration.FromHours(1), "stored", "0 events, 0 failed, 0 ms of 0, storage -70"),
            ],
            await TotalsAsync(desk));
    }

    [Fact(DisplayName = "LOG-2: an adjustment counts its amount under no type and no dimension")]
    public async Task AnAdjustmentCountsItsAmount()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "ping");
        await desk.AdjustAsync("2", "calls", 41);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(
            [(s_bucket, "", "0 events, 0 failed, 0 ms of 0, calls 41"), (s_bucket, "ping", "1 events, 0 failed, 0 ms of 0, calls 1")],
            await TotalsAsync(desk));

        await desk.ReverseAsync("2");
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal([(s_bucket, "ping", "1 events, 0 failed, 0 ms of 0, calls 1")], await TotalsAsync(desk));
    }

    [Fact(DisplayName = "LOG-2: a declared dimension counts from the catalog version that declares it")]
    public async Task ADimensionCountsFromItsDeclaration()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "ping", [("region", "eu")]);
        await desk.PutCatalogAsync(UsageDesk.Catalog.Replace("ping: { charges", "ping: { dimensions: [region], charges", StringComparison.Ordinal));
        await desk.RecordAsync("2", "ping", [("region", "eu")]);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(["eu: 1 events, 0 failed, 0 ms of 0, calls 1"], await ByAsync(desk, "properties.region"));
        Assert.Equal([(s_bucket, "ping", "2 events, 0 failed, 0 ms of 0, calls 2")], await TotalsAsync(desk));
    }

    [Theory(DisplayName = "LOG-2: rebuilt summaries are those that were made on the way")]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(3, true)]
    public async Task RebuiltSummariesAreTheSame(int seed, bool handedOver)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        Random pauses = new(seed);
        if (handedOver)
        {
            await desk.Projector.StartAsync(CancellationToken.None);
        }

        await desk.WorkAsync(seed, 120, _ => pauses.Next(7) == 0 ? desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None) : Task.CompletedTask);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Dictionary<SummaryKey, SummaryFigures> incremental = await desk.CellsAsync();

        await desk.Projector.RebuildAsync(desk.Workspace, CancellationToken.None);
        Assert.NotEmpty(incremental);
        Assert.Equal(Dump.Of(incremental), Dump.Of(await desk.CellsAsync()));
        Assert.Equal(await desk.Store.Ledger.LastSequenceAsync(desk.Workspace, CancellationToken.None), await desk.Store.Summaries.CheckpointAsync(desk.Workspace, CancellationToken.None));
    }

    [Fact(DisplayName = "LOG-2: what this process commits is summed without being read again")]
    public async Task OwnCommitsAreNotReadAgain()
    {
        HookedStore? hooks = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start, time => hooks = new HookedStore(new MemoryStore(time)));
        ConcurrentQueue<long> read = [];
        TaskCompletionSource looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        hooks!.Followed = page =>
        {
            page.ToList().ForEach(entry => read.Enqueue(entry.Sequence));
            looked.TrySetResult();
        };
        await desk.Projector.StartAsync(CancellationToken.None);

        // Its first pass finds nothing, and no other follows while the clock stands still.
        await looked.Task;
        await desk.RecordAsync("1", "diagnose", [("department", "a")], details: new EventDetails { User = "u", Status = "0" });
        await desk.RecordAsync("2", "stored", [("bytes", 100)]);
        await desk.RecordAsync("3", "ping", account: "other");
        await desk.CompleteAsync("1", new EventDetails { Status = "200", LatencyMs = 70 });
        await desk.AdjustAsync("4", "calls", 41);
        await desk.ReverseAsync("3");
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.Empty(read);
        await AssertRebuiltIsTheSameAsync(desk);
        Assert.NotEmpty(read);
    }

    [Fact(DisplayName = "LOG-2: where others write too, what they wrote is read from the log, and only that")]
    public async Task OthersComeByTheLog()
    {
        HookedStore? hooks = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start, time => hooks = new HookedStore(new MemoryStore(time)) { HasOtherWriters = true });
        await using UsageDesk other = await UsageDesk.OpenAsync(s_start, _ => hooks!);
        ConcurrentQueue<long> read = [];
        TaskCompletionSource looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        hooks!.Followed = page =>
        {
            page.ToList().ForEach(entry => read.Enqueue(entry.Sequence));
            looked.TrySetResult();
        };
        await desk.Projector.StartAsync(CancellationToken.None);

        // Its first pass finds nothing, and no other follows while the clock stands still.
        await looked.Task;
        List<long> others = [];
        for (int i = 0; i < 5; i++)
        {
            await desk.RecordAsync($"own-{i}-a", "ping");
            await desk.RecordAsync($"own-{i}-b", "diagnose", account: "beta");
            await other.RecordAsync($"other-{i}", "ping");
            others.Add(await desk.Store.Ledger.LastSequenceAsync(desk.Workspace, CancellationToken.None));
        }

        await desk.RecordAsync("own", "ping");
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(others, read);
        await AssertRebuiltIsTheSameAsync(desk);
    }

    [Theory(DisplayName = "LOG-2: what others committed in between is read from the log, and nothing twice")]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public async Task GapsAreReadFromTheLog(int seed, bool hasOtherWriters)
    {
        HookedStore? hooks = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start, time => hooks = new HookedStore(new MemoryStore(time)) { HasOtherWriters = hasOtherWriters });
        await using UsageDesk other = await UsageDesk.OpenAsync(s_start, _ => hooks!);
        Random random = new(seed);
        await desk.Projector.StartAsync(CancellationToken.None);
        await desk.WorkAsync(seed, 100, async i =>
        {
            if (random.Next(3) == 0)
            {
                await other.RecordAsync($"other-{i}", "ping", account: "account-" + random.Next(3));
            }

            if (random.Next(9) == 0)
            {
                await (random.Next(3) == 0 ? other : desk).Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
            }
        });
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        await AssertRebuiltIsTheSameAsync(desk);
    }

    [Fact(DisplayName = "LOG-2: commits are taken over in any order, each once; what is missing is known")]
    public async Task CommitsAreTakenInAnyOrder()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "ping");
        IReadOnlyList<StoredEntry> log = await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 10, CancellationToken.None);
        LedgerRow row = new(log[0].Entry, log[0].Details, null, default);
        SummaryFold fold = new(desk.Store, desk.Get<CatalogService>());
        SummaryTail tail = new();

        tail.Add(after: 7, first: 8, [row, row]);
        tail.Add(after: 5, first: 6, [row, row]);
        tail.Add(after: 9, first: 12, [row]);
        await tail.FoldAsync(fold, desk.Workspace, CancellationToken.None);
        Assert.Equal((7, 12, 3), (tail.From, tail.To, EventsOf(tail)));

        // The second row is new, the first is not.
        tail.Add(after: 9, first: 12, [row, row]);
        await tail.FoldAsync(fold, desk.Workspace, CancellationToken.None);
        Assert.Equal((7, 13, 4), (tail.From, tail.To, EventsOf(tail)));

        // Nobody knows what stands between 13 and 20, until somebody brings it.
        tail.Add(after: 20, first: 21, [row]);
        await tail.FoldAsync(fold, desk.Workspace, CancellationToken.None);
        Assert.Equal((7, 21, 5), (tail.From, tail.To, EventsOf(tail)));
        Assert.Equal([new LogStretch(14, 20)], tail.Gaps);
        tail.Add(after: 16, first: 17, [row]);
        tail.Add(after: 13, first: 15, [row]);
        await tail.FoldAsync(fold, desk.Workspace, CancellationToken.None);
        Assert.Equal((7, 21, 7), (tail.From, tail.To, EventsOf(tail)));
        Assert.Equal([new LogStretch(16, 16), new LogStretch(18, 20)], tail.Gaps);

        // What is counted is not counted again.
        tail.Add(after: 14, first: 15, [row]);
        tail.Add(after: 16, first: 17, [row]);
        await tail.FoldAsync(fold, desk.Workspace, CancellationToken.None);
        Assert.Equal((7, 21, 7), (tail.From, tail.To, EventsOf(tail)));
    }

    [Fact(DisplayName = "LOG-2: when more waits to be summed than is kept, what waited is read from the log")]
    public async Task WhatWaitsIsBounded()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "ping");
        IReadOnlyList<StoredEntry> log = await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 10, CancellationToken.None);
        LedgerRow[] rows = [.. Enumerable.Repeat(new LedgerRow(log[0].Entry, log[0].Details, null, default), 1_000)];
        SummaryTail tail = new();
        for (long first = 1; first <= SummaryTail.MostWaiting + 1; first += rows.Length)
        {
            tail.Add(first - 1, first, rows);
        }

        await tail.FoldAsync(new SummaryFold(desk.Store, desk.Get<CatalogService>()), desk.Workspace, CancellationToken.None);
        Assert.Equal((SummaryTail.MostWaiting, SummaryTail.MostWaiting + 1_000, 1_000), (tail.From, tail.To, EventsOf(tail)));
    }

    [Fact(DisplayName = "LOG-2: several who sum at once sum each entry once")]
    public async Task SeveralSumEachEntryOnce()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await Task.WhenAll(
            desk.WorkAsync(7, 60),
            Task.Run(CatchUpOftenAsync),
            Task.Run(CatchUpOftenAsync));
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Dictionary<SummaryKey, SummaryFigures> together = await desk.CellsAsync();
        await desk.Projector.RebuildAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(Dump.Of(await desk.CellsAsync()), Dump.Of(together));

        async Task CatchUpOftenAsync()
        {
            while (await desk.Store.Ledger.LastSequenceAsync(desk.Workspace, CancellationToken.None) < 50)
            {
                await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
                await Task.Yield();
            }
        }
    }

    [Fact(DisplayName = "LOG-2: the lag is what is not summed yet, and its age")]
    public async Task TheLagIsKnown()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        Assert.Equal(SummaryLag.None, await desk.Projector.LagAsync(CancellationToken.None));
        await desk.RecordAsync("1", "ping");
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(SummaryLag.None, await desk.Projector.LagAsync(CancellationToken.None));
        desk.Clock.Advance(Duration.FromMinutes(1));
        await desk.RecordAsync("2", "ping");
        await desk.RecordAsync("3", "ping");
        desk.Clock.Advance(Duration.FromSeconds(30));
        Assert.Equal(new SummaryLag(2, Duration.FromSeconds(30)), await desk.Projector.LagAsync(CancellationToken.None));
    }

    [Fact(DisplayName = "LOG-2: the projector goes on by itself after the store was away")]
    public async Task TheProjectorOutlastsTheStore()
    {
        FaultyStore? faulty = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start, time => faulty = new FaultyStore(new MemoryStore(time)));
        await desk.RecordAsync("1", "ping");
        faulty!.FailSummaries(times: 1);
        await desk.Projector.StartAsync(CancellationToken.None);
        await faulty.Failed.WaitAsync(TimeSpan.FromSeconds(60));
        await faulty.SummedAfterwards.WaitAsync(TimeSpan.FromSeconds(60));
        await desk.Projector.StopAsync(CancellationToken.None);
        Assert.Equal([(s_bucket, "ping", "1 events, 0 failed, 0 ms of 0, calls 1")], await TotalsAsync(desk));
    }

    private static long EventsOf(SummaryTail tail) => tail.Cells.ToFigures().Where(cell => cell.Key.Dimension == "").Sum(cell => cell.Value.Events);

    private static async Task AssertRebuiltIsTheSameAsync(UsageDesk desk)
    {
        await desk.Projector.StopAsync(CancellationToken.None);
        Dictionary<SummaryKey, SummaryFigures> made = await desk.CellsAsync();
        Assert.NotEmpty(made);
        await desk.Projector.RebuildAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(Dump.Of(await desk.CellsAsync()), Dump.Of(made));
    }

    private static async Task<IEnumerable<(Instant Bucket, string Type, string Figures)>> TotalsAsync(UsageDesk desk) =>
        (await desk.CellsAsync()).Where(cell => cell.Key.Dimension == "").OrderBy(cell => cell.Key.Bucket).ThenBy(cell => cell.Key.Type, StringComparer.Ordinal)
            .Select(cell => (cell.Key.Bucket, cell.Key.Type, Figures(cell.Value)));

    private static async Task<IEnumerable<string>> ByAsync(UsageDesk desk, string dimension) =>
        (await desk.CellsAsync()).Where(cell => cell.Key.Dimension == dimension).OrderBy(cell => cell.Key.Value, StringComparer.Ordinal).ThenBy(cell => cell.Key.Bucket)
            .Select(cell => $"{cell.Key.Value}: {Figures(cell.Value)}");

    private static string Figures(SummaryFigures f) =>
        $"{f.Events} events, {f.Failed} failed, {f.LatencyMs} ms of {f.LatencyCount}" + string.Concat(f.Amounts.Select(a => $", {a.Key} {a.Value}"));

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
