using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Weir;

/// <summary>Weir's traces and metrics. Units stand in the instruments; no account's data in any tag.</summary>
public sealed class WeirInstruments : IDisposable
{
    public const string Name = "Weir";

    public static readonly ActivitySource Activities = new(Name);

    /// <summary>From the submission of a command to its answer.</summary>
    internal const string DecideSpan = "weir.decide";

    /// <summary>A batch, from its begin to its commit; what the store does stands under it.</summary>
    private const string CommitSpan = "weir.commit";

    /// <summary>Of the commands of a batch, those that its span is linked to at the most.</summary>
    private const int MostLinks = 32;

    // Without edges of our own an exporter takes 0, 5, 10, 25 and so on, and nearly every commit is under 5 s.
    private static readonly InstrumentAdvice<double> s_seconds = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private readonly Meter _meter;

    public WeirInstruments(IMeterFactory factory)
    {
        _meter = factory.Create(Name);
        Decisions = _meter.CreateCounter<long>("weir.decisions", "{decision}", "Decisions by operation and outcome.");
        BatchSize = _meter.CreateHistogram<int>("weir.commit.batch", "{command}", "Commands in one commit.");
        CommitDuration = _meter.CreateHistogram<double>("weir.commit.duration", "s", "From the begin of a batch to its commit.", advice: s_seconds);
        Retries = _meter.CreateCounter<long>("weir.commit.retries", "{batch}", "Batches decided again.");
        RecorderDropped = _meter.CreateCounter<long>("weir.recorder.dropped", "{event}", "Events that the recorder could not take or keep.");
        Deliveries = _meter.CreateCounter<long>("weir.deliveries", "{attempt}", "Attempts to deliver a notification, by outcome.");
        ProjectorLag = _meter.CreateGauge<long>("weir.projector.lag", "{entry}", "Entries that summaries are behind.");
    }

    public Counter<long> Decisions { get; }

    public Histogram<int> BatchSize { get; }

    public Histogram<double> CommitDuration { get; }

    public Counter<long> Retries { get; }

    public Counter<long> RecorderDropped { get; }

    public Counter<long> Deliveries { get; }

    public Gauge<long> ProjectorLag { get; }

    public void Dispose() => _meter.Dispose();

    /// <summary>
    /// A batch answers many callers: its span stands in the trace of the first one that is kept, and is linked to the others. Null when none is.
    /// </summary>
    internal static Activity? StartCommit(List<LedgerCommand> commands)
    {
        if (!Activities.HasListeners())
        {
            return null;
        }

        ActivityContext[] traced = [.. commands.Select(command => command.Trace).Where(trace => trace != default).Take(MostLinks + 1)];
        return traced.Length == 0
            ? null
            : Activities.StartActivity(
                CommitSpan, ActivityKind.Internal, traced[0], [KeyValuePair.Create("weir.commit.batch", (object?)commands.Count)], traced.Skip(1).Select(trace => new ActivityLink(trace)));
    }
}
