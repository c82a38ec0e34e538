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
/// summed yet is counted when it is asked for. What this process commits itself it adds up as it comes, where the store can tell that
/// nothing else stands in between; everything else it reads from the log.
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

    /// <summary>Entries that are read at a time.</summary>
    private const int Page = 2_000;

    /// <summary>Between two passes, so that many commits become one addition. Questions do not wait for it.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(2);

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
        if (_running && rows.Count > 0 && snapshot.LastSequence is { } after)
        {
            TailOf(workspace).Add(after, snapshot.NextSequence, rows);
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
            while (await StepAsync(workspace, tail, cancellationToken))
            {
            }
        }
        finally
        {
            tail.Gate.Release();
        }
    }

    /// <summary>Throws the summaries of a workspace away and makes them anew from the log.</summary>
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

    public override void Dispose()
    {
        _wake.Dispose();
        _committed.Dispose();
        base.Dispose();
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
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
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
            while (tail.Cells.Count > LargestTail && await StepAsync(workspace, tail, cancellationToken))
            {
            }
        }
        finally
        {
            tail.Gate.Release();
        }
    }

    /// <summary>One addition to the summaries; false when there is nothing to add. Under the tail's gate.</summary>
    private async Task<bool> StepAsync(WorkspaceId workspace, SummaryTail tail, CancellationToken cancellationToken)
    {
        await tail.FoldAsync(_fold, workspace, cancellationToken);
        long from = await _store.Summaries.CheckpointAsync(workspace, cancellationToken);
        if (tail.From < from)
        {
            // Another was faster.
            tail.Restart(from);
        }

        if (tail.From == from && tail.To > from)
        {
            if (await _store.Summaries.AddAsync(workspace, from, tail.To, tail.Cells.ToFigures(), cancellationToken))
            {
                tail.Restart(tail.To);
            }

            return true;
        }

        SummaryCells cells = new();
        long end = tail.To > tail.From ? tail.From : long.MaxValue;
        long to = from;
        int summed = 0;
        while (summed < LargestStep && to < end)
        {
            IReadOnlyList<StoredEntry> entries = await _store.Ledger.FollowAsync(workspace, to, Page, cancellationToken);
            List<StoredEntry> taken = [.. entries.TakeWhile(entry => entry.Sequence <= end)];
            await _fold.AddAsync(cells, workspace, taken, null, cancellationToken);
            summed += taken.Count;
            to = taken.Count > 0 ? taken[^1].Sequence : to;
            if (taken.Count < Page)
            {
                break;
            }
        }

        if (summed == 0)
        {
            return false;
        }

        // When another was faster, its checkpoint is further on, and the next step begins from there.
        await _store.Summaries.AddAsync(workspace, from, to, cells.ToFigures(), cancellationToken);
        return true;
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
