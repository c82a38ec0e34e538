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
/// summed yet is counted when it is asked for.
/// </summary>
public sealed class SummaryProjector : BackgroundService
{
    /// <summary>
    /// The most entries that one step sums. The writer waits while a step is written, and what it writes is one cell for many entries:
    /// fewer and larger steps cost the writer less in all.
    /// </summary>
    public const int LargestStep = 50_000;

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

    public SummaryProjector(IWeirStore store, CatalogService catalogs, WeirInstruments instruments, TimeProvider time, ILogger<SummaryProjector> logger)
    {
        _store = store;
        _fold = new SummaryFold(store, catalogs);
        _instruments = instruments;
        _time = time;
        _logger = logger;
    }

    /// <summary>Says that there is something new in the log. Cheap; may be called after every commit.</summary>
    public void Wake()
    {
        lock (_waking)
        {
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    /// <summary>Sums everything that stands in the log now. Several may do so at once, on any node: each entry is summed once.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be used now; what was summed stays summed.</exception>
    public async Task CatchUpAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        while (true)
        {
            long from = await _store.Summaries.CheckpointAsync(workspace, cancellationToken);
            long to = from;
            SummaryCells cells = new();
            IReadOnlyList<StoredEntry> entries;
            int summed = 0;
            do
            {
                entries = await _store.Ledger.FollowAsync(workspace, to, Page, cancellationToken);
                if (entries.Count > 0)
                {
                    await _fold.AddAsync(cells, workspace, entries, null, cancellationToken);
                    to = entries[^1].Sequence;
                    summed += entries.Count;
                }
            }
            while (entries.Count == Page && summed < LargestStep);
            if (summed == 0)
            {
                return;
            }

            // When another was faster, its checkpoint is further on, and this step begins again from there.
            await _store.Summaries.AddAsync(workspace, from, to, cells.ToFigures(), cancellationToken);
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
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host's start does not wait for the first pass.
        await Task.Yield();
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

    private async Task PassAsync(CancellationToken cancellationToken)
    {
        foreach (Workspace workspace in await _store.Workspaces.ListAsync(cancellationToken))
        {
            await CatchUpAsync(workspace.Id, cancellationToken);
        }

        _instruments.ProjectorLag.Record((await LagAsync(cancellationToken)).Entries);
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
