using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using NodaTime;

namespace Weir;

/// <summary>
/// Takes notifications from the outbox to webhooks and contacts, behind everything else and in its own time: at least once, under the
/// same id, through crashes. Every target has its own lane.
/// </summary>
public sealed class NotificationDispatcher : BackgroundService
{
    /// <summary>Rows that retention forgets in one transaction.</summary>
    private const int PruneStep = 500;

    /// <summary>How long it sleeps without being woken: other nodes write too, and retries become ready.</summary>
    private static readonly TimeSpan s_sleep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(30);

    /// <summary>How long attempts under way may take to end once the host stops.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(5);

    /// <summary>Until a target that could not be served is looked at again.</summary>
    private static readonly Duration s_block = Duration.FromSeconds(10);
    private static readonly Duration s_pruneEvery = Duration.FromHours(1);

    private readonly IWeirStore _store;
    private readonly NotificationFanOut _fanOut;
    private readonly DeliveryLane _lane;
    private readonly WebhookOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<NotificationDispatcher> _logger;
    private readonly Lock _waking = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _abandon = new();
    private readonly Dictionary<(int Workspace, string Target), Task> _lanes = [];
    private readonly Dictionary<(int Workspace, string Target), Instant> _blocked = [];
    private Instant _pruneAt = Instant.MinValue;

    internal NotificationDispatcher(
        IWeirStore store, NotificationFanOut fanOut, DeliveryLane lane, WebhookOptions options, TimeProvider time, ILogger<NotificationDispatcher> logger)
    {
        _store = store;
        _fanOut = fanOut;
        _lane = lane;
        _options = options;
        _time = time;
        _logger = logger;
    }

    /// <summary>Says that there is something new in the outbox. Cheap; without it, it is found within a second.</summary>
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

    /// <summary>Makes and tries every delivery that is ready now, and returns when each has been tried.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be used now; what was claimed is sent again when its claim has ended.</exception>
    public async Task CatchUpAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        await _fanOut.CatchUpAsync(workspace.Id, cancellationToken);
        Instant now = Instant.FromDateTimeOffset(_time.GetUtcNow());
        await Task.WhenAll((await _store.Deliveries.WaitingAsync(workspace.Id, cancellationToken))
            .Where(waiting => waiting.ReadyAt <= now)
            .Select(waiting => _lane.RunAsync(workspace, waiting.Target, cancellationToken, cancellationToken)));
    }

    /// <summary>Forgets finished deliveries and old notifications of a workspace. Returns how many rows went.</summary>
    public async Task<int> PruneAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        Instant before = Instant.FromDateTimeOffset(_time.GetUtcNow() - _options.KeepFor);
        int all = 0;
        int step;
        do
        {
            step = await _store.Deliveries.PruneAsync(workspace, before, PruneStep, cancellationToken);
            all += step;
        }
        while (step == PruneStep);
        return all;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using CancellationTokenRegistration impatient = cancellationToken.Register(static abandon => ((CancellationTokenSource)abandon!).Cancel(), _abandon);
        _abandon.CancelAfter(s_grace);
        await Task.WhenAll(Lanes());
    }

    /// <summary>A start that failed is not stopped first: the loop, in the middle of a pass, must find itself cancelled before what it uses is gone.</summary>
    public override void Dispose()
    {
        base.Dispose();
        _wake.Dispose();
        _abandon.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host's start does not wait for the first pass.
        await Task.Yield();
        TimeSpan delay = s_sleep;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await PassAsync(stoppingToken);
                delay = s_sleep;
                await _wake.WaitAsync(s_sleep, stoppingToken);
            }
            catch (Exception exception) when (stoppingToken.IsCancellationRequested && exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Note(exception);
                await Task.Delay(delay, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                delay = delay * 2 < s_longestDelay ? delay * 2 : s_longestDelay;
            }
        }
    }

    private async Task PassAsync(CancellationToken stopping)
    {
        IReadOnlyList<Workspace> workspaces = await _store.Workspaces.ListAsync(stopping);
        foreach (Workspace workspace in workspaces)
        {
            await _fanOut.CatchUpAsync(workspace.Id, stopping);
            Instant now = Instant.FromDateTimeOffset(_time.GetUtcNow());
            foreach (WaitingTarget waiting in await _store.Deliveries.WaitingAsync(workspace.Id, stopping))
            {
                if (waiting.ReadyAt <= now)
                {
                    Start(workspace, waiting.Target, now, stopping);
                }
            }
        }

        if (Instant.FromDateTimeOffset(_time.GetUtcNow()) is var time && time >= _pruneAt)
        {
            _pruneAt = time + s_pruneEvery;
            foreach (Workspace workspace in workspaces)
            {
                await PruneAsync(workspace.Id, stopping);
            }
        }
    }

    private void Start(Workspace workspace, string target, Instant now, CancellationToken stopping)
    {
        (int, string) key = (workspace.Id.Value, target);
        lock (_lanes)
        {
            if (_lanes.ContainsKey(key) || (_blocked.TryGetValue(key, out Instant until) && now < until))
            {
                return;
            }

            _blocked.Remove(key);
            _lanes.Add(key, Task.Run(() => RunAsync(workspace, target, stopping), CancellationToken.None));
        }
    }

    private async Task RunAsync(Workspace workspace, string target, CancellationToken stopping)
    {
        bool served = false;
        try
        {
            served = await _lane.RunAsync(workspace, target, stopping, _abandon.Token);
        }
        catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
        {
            // What was under way is sent again by whoever comes next.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Note(exception);
        }

        lock (_lanes)
        {
            _lanes.Remove((workspace.Id.Value, target));
            if (!served)
            {
                _blocked[(workspace.Id.Value, target)] = Instant.FromDateTimeOffset(_time.GetUtcNow()) + s_block;
            }
        }
    }

    private Task[] Lanes()
    {
        lock (_lanes)
        {
            return [.. _lanes.Values];
        }
    }

    private void Note(Exception exception)
    {
        if (exception is StoreUnavailableException)
        {
            Log.DispatcherWaits(_logger, exception.Message);
        }
        else
        {
            Log.DispatcherFault(_logger, exception);
        }
    }
}
