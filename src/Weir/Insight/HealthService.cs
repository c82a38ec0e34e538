using System.Diagnostics;

using NodaTime;

namespace Weir;

/// <summary>Whether this process can take work, and the figures that say why not.</summary>
/// <param name="Trouble">Null when it can; else <c>store_unavailable</c>, <c>writer_stalled</c>, <c>overloaded</c> or <c>summaries_behind</c>.</param>
/// <param name="WriterWaiting">Commands that wait for the writer.</param>
/// <param name="WriterBusy">How long the batch under way has taken so far; zero when the writer is idle.</param>
/// <param name="Summaries">Null when the store does not answer.</param>
public sealed record HealthReport(string? Trouble, int WriterWaiting, TimeSpan WriterBusy, RecorderFigures Recorder, SummaryLag? Summaries);

/// <summary>Looks at the store, the writer and the summaries. Nothing is written.</summary>
public sealed class HealthService(IWeirStore store, GroupCommit commits, UsageRecorder recorder, SummaryProjector projector, WeirOptions options)
{
    /// <summary>A batch that takes longer says that the disk does not answer.</summary>
    public static readonly TimeSpan LongestCommit = TimeSpan.FromSeconds(5);

    /// <summary>Summaries further behind than this show figures that nobody should act on.</summary>
    public static readonly Duration LongestLag = Duration.FromSeconds(60);

    /// <summary>How long a batch that could not be committed speaks against the store, unless another one can be.</summary>
    private static readonly TimeSpan s_memory = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public async ValueTask<HealthReport> ReadAsync(CancellationToken cancellationToken)
    {
        SummaryLag? lag = await LagAsync(cancellationToken);
        long since = commits.BusySince;
        TimeSpan busy = since == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(since);
        int waiting = commits.Waiting;
        long failed = commits.FailedAt;
        bool writable = failed == 0 || Stopwatch.GetElapsedTime(failed) > s_memory;
        string? trouble = TroubleOf(lag, writable, busy, waiting, options.LargestQueue);
        return new HealthReport(trouble, waiting, busy, recorder.Figures, lag);
    }

    internal static string? TroubleOf(SummaryLag? lag, bool writable, TimeSpan busy, int waiting, int largestQueue) =>
        lag is null || !writable ? "store_unavailable"
        : busy > LongestCommit ? "writer_stalled"
        : waiting >= largestQueue ? "overloaded"
        : lag.Behind > LongestLag ? "summaries_behind"
        : null;

    /// <summary>Reads the store as the summaries do; null when it does not answer, whatever the reason.</summary>
    private async ValueTask<SummaryLag?> LagAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            return await store.Workspaces.FindAsync(Workspace.DefaultKey, patience.Token).AsTask().WaitAsync(patience.Token) is null
                ? null
                : await projector.LagAsync(patience.Token).AsTask().WaitAsync(patience.Token);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is not OutOfMemoryException)
        {
            return null;
        }
    }
}
