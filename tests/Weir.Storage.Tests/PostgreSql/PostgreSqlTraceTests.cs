using System.Collections.Concurrent;
using System.Diagnostics;

namespace Weir.Storage.Tests;

/// <summary>Spans from a request to the statements of its commit.</summary>
public sealed class PostgreSqlTraceTests : IDisposable
{
    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "A request's trace has its decision, the commit of its batch, and the commit's statements; others of the batch are linked")]
    public async Task ARequestIsTracedToItsStatements()
    {
        using ActivitySource requests = new("requests of " + nameof(PostgreSqlTraceTests));
        ConcurrentQueue<Activity> ended = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == requests.Name || source.Name is WeirInstruments.Name or "Npgsql",
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using UsageDesk desk = await UsageDesk.OpenAsync(NodaTime.SystemClock.Instance.GetCurrentInstant(), _ => _database.NewStore(null));
        await desk.RecordAsync("warm", "ping");
        ActivityContext[] asked = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Task.Run(async () =>
        {
            Activity.Current = null;
            using Activity request = requests.StartActivity("request")!;
            await desk.RecordAsync($"e-{i}", "ping", account: $"account-{i}");
            return request.Context;
        })));

        // The span of a batch ends after its answers.
        await desk.Get<GroupCommit>().StopAsync();
        Activity[] decisions = [.. asked.Select(request => Assert.Single(ended, span => span.OperationName == "weir.decide" && span.ParentSpanId == request.SpanId))];
        Assert.All(decisions, decision => Assert.Equal("recorded", decision.GetTagItem("weir.outcome")));
        HashSet<ActivitySpanId> ids = [.. decisions.Select(decision => decision.SpanId)];
        Activity[] commits = [.. ended.Where(span => span.OperationName == "weir.commit" && ids.Contains(span.ParentSpanId))];
        Assert.Equal(ids.Order(Comparer<ActivitySpanId>.Create((x, y) => string.CompareOrdinal(x.ToHexString(), y.ToHexString()))),
            commits.SelectMany(commit => commit.Links.Select(link => link.Context.SpanId).Append(commit.ParentSpanId)).Order(Comparer<ActivitySpanId>.Create((x, y) => string.CompareOrdinal(x.ToHexString(), y.ToHexString()))));
        Assert.Equal(24, commits.Sum(commit => (int)commit.GetTagItem("weir.commit.batch")!));
        Assert.All(commits, commit => Assert.Contains(ended, span => span.Source.Name == "Npgsql" && span.ParentSpanId == commit.SpanId));
    }
}
