using System.Collections.Concurrent;

using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>How far the summaries are behind the log.</summary>
/// <param name="Entries">The distance in sequence numbers.</param>
/// <param name="Behind">The age of the oldest entry that is not summed yet.</param>
public sealed record SummaryLag(long Entries, Duration Behind)
{
    public static readonly SummaryLag None = new(0, Duration.Zero);
}

/// <summary>
/// Follows the log and adds it to the summaries (LOG-2), behind the writer and in its own time. Answers do not wait for it: what is not
/// summed yet is counted when it is asked for. What this process commits itself it adds up as it comes; what else stands in the log it reads
/// from there.
/// </summary>
public sealed class SummaryProjector : BackgroundService
{
    /// <summary>
    /// The most entries that one step sums. The writer waits while a step is written, and what it writes is one cell for many entries:
    /// fewer and larger steps cost the writer less in all.
    /// </summary>
    public const int LargestStep = 50_000;

    /// <summary>Cells of this process's own commits that are written before their time, so that no step grows without bound.</summary>
    private const int LargestTail = 50_000;

    /// <summary>How often it looks whether what others began in between is committed, before it gives its own commits up to the log.</summary>
    private const int MostLooks = 40;

    /// <summary>Entries that are read at a time.</summary>
    private const int Page = 2_000;

    /// <summary>Between two passes, so that many commits become one addition. Questions do not wait for it.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_betweenLooks = TimeSpan.FromMilliseconds(10);

    /// <summary>How long it sleeps without being woken: other nodes write too.</summary>
    private static readonly TimeSpan s_sleep = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_shortestDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(30);

    private readonly IWeirStore _store;
    private readonly SummaryFold _fold;
    private readonly WeirInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly ILogger<SummaryProjector> _logger;
    private readonly Lock _waking = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly SemaphoreSlim _committed = new(0, 1);
    private readonly ConcurrentDictionary<WorkspaceId, SummaryTail> _tails = new();
    private volatile bool _running;

    public SummaryProjector(IWeirStore store, CatalogService catalogs, WeirInstruments instruments, TimeProvider time, ILogger<SummaryProjector> logger)
    {
        _store = store;
        _fold = new SummaryFold(store, catalogs);
        _instruments = instruments;
        _time = time;
        _logger = logger;
    }

    /// <summary>Says that there is something new in the log. Cheap; may be called after every commit.</summary>
    public void Wake() => Release(_wake);

    /// <summary>Takes over what a commit has written, so that it need not be read again. Cheap; called after the commit, in any order.</summary>
    /// <param name="snapshot">What the commit began from.</param>
    internal void Take(WorkspaceId workspace, LedgerSnapshot snapshot, IReadOnlyList<LedgerRow> rows)
    {
        if (_running && rows.Count > 0)
        {
            TailOf(workspace).Add(snapshot.LastSequence ?? snapshot.NextSequence - 1, snapshot.NextSequence, rows);
            Release(_committed);
        }
    }

    /// <summary>Sums everything that stands in the log now. Several may do so at once, on any node: each entry is summed once.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be used now; what was summed stays summed.</exception>
    public async Task CatchUpAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        SummaryTail tail = TailOf(workspace);
        await tail.Gate.WaitAsync(cancellationToken);
        try
        {
            // What comes while it sums is not its business: under load there would always be a little more.
            long goal = await _store.Ledger.LastSequenceAsync(workspace, cancellationToken);
            while (await StepAsync(workspace, tail, cancellationToken) is { } summed && summed < goal)
            {
            }
        }
        finally
        {
            tail.Gate.Release();
        }
    }

    /// <summary>
    /// Throws the summaries of a workspace away and makes them anew from the log. Those of the time before the ledger begins stay as they
    /// are: nothing is left that they could be made from (LOG-3).
    /// </summary>
    public async Task RebuildAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        await _store.Summaries.ClearAsync(workspace, cancellationToken);
        await CatchUpAsync(workspace, cancellationToken);
    }

    /// <summary>How far the summaries of one workspace are behind.</summary>
    public async ValueTask<SummaryLag> LagAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        long checkpoint = await _store.Summaries.CheckpointAsync(workspace, cancellationToken);
        IReadOnlyList<StoredEntry> next = await _store.Ledger.FollowAsync(workspace, checkpoint, 1, cancellationToken);
        if (next.Count == 0)
        {
            return SummaryLag.None;
        }

        long last = await _store.Ledger.LastSequenceAsync(workspace, cancellationToken);
        Duration age = Instant.FromDateTimeOffset(_time.GetUtcNow()) - next[0].Entry.RecordedAt;
        return new SummaryLag(last - checkpoint, Duration.Max(age, Duration.Zero));
    }

    /// <summary>How far the summaries of all workspaces are behind: all entries together, and the oldest of them.</summary>
    public async ValueTask<SummaryLag> LagAsync(CancellationToken cancellationToken)
    {
        SummaryLag all = SummaryLag.None;
        foreach (Workspace workspace in await _store.Workspaces.ListAsync(cancellationToken))
        {
            SummaryLag lag = await LagAsync(workspace.Id, cancellationToken);
            all = new SummaryLag(all.Entries + lag.Entries, Duration.Max(all.Behind, lag.Behind));
        }

        return all;
    }

    /// <summary>A start that failed is not stopped first: the loops, in the middle of a pass, must find themselves cancelled before what they use is gone.</summary>
    public override void Dispose()
    {
        base.Dispose();
        _wake.Dispose();
        _committed.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host's start does not wait for the first pass.
        await Task.Yield();
        _running = true;
        await Task.WhenAll(RunAsync(stoppingToken), FoldAsync(stoppingToken));
        _running = false;
    }

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        TimeSpan delay = s_shortestDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await PassAsync(stoppingToken);
                delay = s_shortestDelay;
                await Task.Delay(s_rest, _time, stoppingToken);
                await _wake.WaitAsync(s_sleep, stoppingToken);
            }
            catch (Exception exception) when (stoppingToken.IsCancellationRequested && exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                delay = await PauseAsync(exception, delay, stoppingToken);
            }
        }
    }

    /// <summary>Adds commits up as they come: what is let go of at once costs the garbage collector nothing.</summary>
    private async Task FoldAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _committed.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            foreach ((WorkspaceId workspace, SummaryTail tail) in _tails)
            {
                try
                {
                    await FoldAsync(workspace, tail, stoppingToken);
                }
                catch (Exception exception) when (exception is not OutOfMemoryException)
                {
                    // The next pass reads the same entries from the log, and says so when it fails there too.
                }
            }
        }
    }

    private async Task FoldAsync(WorkspaceId workspace, SummaryTail tail, CancellationToken cancellationToken)
    {
        await tail.Gate.WaitAsync(cancellationToken);
        try
        {
            await tail.FoldAsync(_fold, workspace, cancellationToken);
            while (tail.Cells.Count > LargestTail && await StepAsync(workspace, tail, cancellationToken) is not null)
            {
            }
        }
        finally
        {
            tail.Gate.Release();
        }
    }

    /// <summary>One addition to the summaries. Under the tail's gate.</summary>
    /// <returns>Up to where the log is summed, at least; null when there was nothing to add.</returns>
    private async Task<long?> StepAsync(WorkspaceId workspace, SummaryTail tail, CancellationToken cancellationToken)
    {
        await tail.FoldAsync(_fold, workspace, cancellationToken);
        (long from, SummaryFloor floor) = await _store.Summaries.ProgressAsync(workspace, cancellationToken);
        if (tail.From < from || tail.From < floor.Through)
        {
            // Another was faster, or they are being made anew and hold some of it already.
            tail.Restart(from);
        }

        if (tail.To > tail.From && await AddTailAsync(workspace, tail, from, floor, cancellationToken) is { } added)
        {
            return added;
        }

        SummaryCells cells = new();
        long to = from;
        int summed = 0;
        while (summed < LargestStep && await _store.Ledger.FollowAsync(workspace, to, Page, cancellationToken) is { Count: > 0 } page)
        {
            await _fold.AddAsync(cells, workspace, page, floor, null, cancellationToken);
            summed += page.Count;
            to = page[^1].Sequence;
            if (page.Count < Page)
            {
                break;
            }
        }

        if (summed == 0)
        {
            return null;
        }

        // When another was faster, its checkpoint is further on, and the next step begins from there.
        return await _store.Summaries.AddAsync(workspace, from, to, cells.ToFigures(), cancellationToken) ? to : from;
    }

    /// <summary>
    /// Adds what this process has committed, together with what others have written in between. Null, and the tail is given up, when something
    /// in between is still not committed after a while: nobody is to wait for a transaction that stands still.
    /// </summary>
    private async Task<long?> AddTailAsync(WorkspaceId workspace, SummaryTail tail, long from, SummaryFloor floor, CancellationToken cancellationToken)
    {
        List<LogStretch> unknown = [.. tail.Gaps];
        if (tail.From > from)
        {
            unknown.Insert(0, new LogStretch(from + 1, tail.From));
        }

        SummaryCells others = new();
        int looks = 0;
        int summed = 0;
        while (unknown.Count > 0)
        {
            if (await _store.Ledger.ReadStretchesAsync(workspace, unknown, Page, cancellationToken) is not { } page)
            {
                if (++looks == MostLooks)
                {
                    tail.Restart(from);
                    return null;
                }

                await Task.Delay(s_betweenLooks, cancellationToken);
                continue;
            }

            await _fold.AddAsync(others, workspace, page, floor, null, cancellationToken);
            if (page.Count < Page)
            {
                break;
            }

            summed += page.Count;
            long read = page[^1].Sequence;
            if (summed >= LargestStep && read < tail.From)
            {
                // A long way to the first of its own: that part of it is a step by itself.
                return await _store.Summaries.AddAsync(workspace, from, read, others.ToFigures(), cancellationToken) ? read : from;
            }

            unknown = [.. unknown.Where(stretch => stretch.Last > read).Select(stretch => stretch with { First = Math.Max(stretch.First, read + 1) })];
        }

        foreach ((SummaryKey key, SummaryFigures figures) in others.Count > 0 ? tail.Cells.ToFigures() : [])
        {
            others.Add(key, figures);
        }

        if (!await _store.Summaries.AddAsync(workspace, from, tail.To, (others.Count > 0 ? others : tail.Cells).ToFigures(), cancellationToken))
        {
            return from;
        }

        tail.Restart(tail.To);
        return tail.To;
    }

    private SummaryTail TailOf(WorkspaceId workspace) => _tails.GetOrAdd(workspace, static _ => new SummaryTail());

    private void Release(SemaphoreSlim signal)
    {
        lock (_waking)
        {
            if (signal.CurrentCount == 0)
            {
                signal.Release();
            }
        }
    }

    private async Task PassAsync(CancellationToken cancellationToken)
    {
        long behind = 0;
        foreach (Workspace workspace in await _store.Workspaces.ListAsync(cancellationToken))
        {
            await CatchUpAsync(workspace.Id, cancellationToken);
            long checkpoint = await _store.Summaries.CheckpointAsync(workspace.Id, cancellationToken);
            behind += await _store.Ledger.LastSequenceAsync(workspace.Id, cancellationToken) - checkpoint;
        }

        _instruments.ProjectorLag.Record(Math.Max(0, behind));
    }

    private async Task<TimeSpan> PauseAsync(Exception exception, TimeSpan delay, CancellationToken cancellationToken)
    {
        if (exception is StoreUnavailableException)
        {
            Log.ProjectorWaits(_logger, delay, exception.Message);
        }
        else
        {
            Log.ProjectorFault(_logger, delay, exception);
        }

        await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return delay * 2 < s_longestDelay ? delay * 2 : s_longestDelay;
    }
}
