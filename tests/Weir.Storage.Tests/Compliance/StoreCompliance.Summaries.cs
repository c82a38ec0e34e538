using System.Collections.Immutable;

using NodaTime;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private static readonly Instant s_bucket = SummaryKey.BucketOf(Sample.Now);

    [Fact(DisplayName = "LOG-2: figures come back exactly and add up")]
    public async Task FiguresAddUp()
    {
        SummaryKey key = new(long.MaxValue, s_bucket, "diagnose", "properties.département", "Forschung & “x”");
        Assert.True(await AddAsync(0, 5, (key, Figures(3, 1, 700, 3, ("credits", 9_000_000_000_000_000), ("cost", 1)))));
        Same(new[] { (key, Figures(3, 1, 700, 3, ("credits", 9_000_000_000_000_000), ("cost", 1))) }, await CellsAsync(new SummaryQuery(null, null, key.Dimension, null, Instant.MinValue, Instant.MaxValue)));

        Assert.True(await AddAsync(5, 6, (key, Figures(-1, 2, -100, -1, ("credits", -1), ("storage", -5)))));
        Same(
            new[] { (key, Figures(2, 3, 600, 2, ("cost", 1), ("credits", 8_999_999_999_999_999), ("storage", -5))) },
            await CellsAsync(new SummaryQuery(null, null, key.Dimension, null, Instant.MinValue, Instant.MaxValue)));
    }

    [Fact(DisplayName = "LOG-2: figures are added only from where the checkpoint stands, and move it")]
    public async Task TheCheckpointGuards()
    {
        SummaryKey key = Key(1, 0, "a");
        Assert.Equal(0, await Store.Summaries.CheckpointAsync(Own, None));
        Assert.True(await AddAsync(0, 10, (key, Figures(1))));
        Assert.Equal(10, await Store.Summaries.CheckpointAsync(Own, None));
        Assert.False(await AddAsync(0, 10, (key, Figures(1))));
        Assert.False(await AddAsync(9, 11, (key, Figures(1))));
        Assert.Equal(10, await Store.Summaries.CheckpointAsync(Own, None));
        Assert.True(await AddAsync(10, 12));
        Assert.Equal(12, await Store.Summaries.CheckpointAsync(Own, None));
        Same(new[] { (key, Figures(1)) }, await CellsAsync(new SummaryQuery(null, null, "", null, Instant.MinValue, Instant.MaxValue)));
    }

    [Fact(DisplayName = "LOG-2: of several who sum the same stretch at once, one does")]
    public async Task OneSumsAStretch()
    {
        SummaryKey key = Key(1, 0, "a");
        bool[] added = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => AddAsync(0, 10, (key, Figures(1))))));
        Assert.Single(added, done => done);
        Same(new[] { (key, Figures(1)) }, await CellsAsync(new SummaryQuery(null, null, "", null, Instant.MinValue, Instant.MaxValue)));
    }

    [Fact(DisplayName = "LOG-2: cells are read by account, types, dimension, value and time, in the order of time")]
    public async Task CellsAreFiltered()
    {
        await AddAsync(
            0, 1, (Key(1, 2, "a"), Figures(1)), (Key(1, 0, "a"), Figures(2)), (Key(1, 1, "b"), Figures(3)), (Key(2, 1, "a"), Figures(4)), (Key(1, 1, ""), Figures(5)),
            (Key(1, 0, "a", "user", "7"), Figures(6)), (Key(1, 0, "a", "user", "8"), Figures(7)), (Key(1, 0, "a", "source", "7"), Figures(8)));

        Assert.Equal([2, 12, 1], await PerBucketAsync(new SummaryQuery(null, null, "", null, Instant.MinValue, Instant.MaxValue)));
        Assert.Equal([2, 8, 1], await PerBucketAsync(new SummaryQuery(1, null, "", null, s_bucket, Bucket(3))));
        Assert.Equal([2, 8], await PerBucketAsync(new SummaryQuery(1, null, "", null, s_bucket, Bucket(2))));
        Assert.Equal([1], await PerBucketAsync(new SummaryQuery(1, null, "", null, Bucket(1) + Engine.Clock.Microsecond, Bucket(2) + Engine.Clock.Microsecond)));
        Assert.Equal([2, 4, 1], await PerBucketAsync(new SummaryQuery(null, ["a"], "", null, Instant.MinValue, Instant.MaxValue)));
        Assert.Equal([8], await PerBucketAsync(new SummaryQuery(null, ["b", ""], "", null, Instant.MinValue, Instant.MaxValue)));
        Assert.Empty(await PerBucketAsync(new SummaryQuery(null, [], "", null, Instant.MinValue, Instant.MaxValue)));
        Assert.Equal([13], await PerBucketAsync(new SummaryQuery(null, null, "user", null, Instant.MinValue, Instant.MaxValue)));
        Assert.Equal([23, 12, 1], await PerBucketAsync(new SummaryQuery(null, null, null, null, Instant.MinValue, Instant.MaxValue)));
        Assert.Equal([7], await PerBucketAsync(new SummaryQuery(1, ["a"], "user", "8", Instant.MinValue, Instant.MaxValue)));
        Assert.Empty(await PerBucketAsync(new SummaryQuery(3, null, "", null, Instant.MinValue, Instant.MaxValue)));

        async Task<IEnumerable<long>> PerBucketAsync(SummaryQuery query)
        {
            List<(SummaryKey Key, SummaryFigures Figures)> cells = await CellsAsync(query);
            Assert.Equal(cells.Select(cell => cell.Key.Bucket).Order(), cells.Select(cell => cell.Key.Bucket));
            return cells.GroupBy(cell => cell.Key.Bucket).Select(group => group.Sum(cell => cell.Figures.Events));
        }
    }

    [Fact(DisplayName = "LOG-2: cleared summaries begin anew, those of other workspaces stay")]
    public async Task ClearedSummariesBeginAnew()
    {
        WorkspaceId other = await NewWorkspaceAsync("other");
        await AddAsync(0, 10, (Key(1, 0, "a"), Figures(1)));
        await Store.Summaries.AddAsync(other, 0, 20, new Dictionary<SummaryKey, SummaryFigures> { [Key(1, 0, "a")] = Figures(2) }, None);
        await Store.Summaries.ClearAsync(Own, None);

        SummaryQuery all = new(null, null, "", null, Instant.MinValue, Instant.MaxValue);
        Assert.Equal(0, await Store.Summaries.CheckpointAsync(Own, None));
        Assert.Empty(await CellsAsync(all));
        Assert.Equal(20, await Store.Summaries.CheckpointAsync(other, None));
        Assert.Single(await AllAsync(Store.Summaries.ReadAsync(other, all, None)));
        Assert.True(await AddAsync(0, 1, (Key(1, 0, "a"), Figures(9))));
        Assert.Equal(9, Assert.Single(await CellsAsync(all)).Figures.Events);
    }

    private static Instant Bucket(int index) => s_bucket + (index * SummaryKey.BucketLength);

    private static SummaryKey Key(long account, int bucket, string type, string dimension = "", string value = "") => new(account, Bucket(bucket), type, dimension, value);

    private static SummaryFigures Figures(long events, long failed = 0, long latency = 0, long latencies = 0, params (string Meter, long Amount)[] amounts) =>
        new(events, failed, latency, latencies, ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal).AddRange(amounts.Select(a => KeyValuePair.Create(a.Meter, a.Amount))));

    private Task<bool> AddAsync(long from, long to, params (SummaryKey Key, SummaryFigures Figures)[] cells) =>
        Store.Summaries.AddAsync(Own, from, to, cells.ToDictionary(cell => cell.Key, cell => cell.Figures), None).AsTask();

    private Task<List<(SummaryKey Key, SummaryFigures Figures)>> CellsAsync(SummaryQuery query) => AllAsync(Store.Summaries.ReadAsync(Own, query, None));
}
