using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Weir.Client;

/// <summary>What the recorder has done.</summary>
/// <param name="Accepted">Events that it took.</param>
/// <param name="Recorded">Events that the server has.</param>
/// <param name="Spooled">Events that are durable in the spool.</param>
/// <param name="Refused">Events whose callers waited and were told that Weir cannot be reached and nothing could be kept.</param>
/// <param name="Rejected">Events that the server found wrong.</param>
/// <param name="QueueFull">Events that found no room in memory.</param>
/// <param name="Denied">Events of types whose policy is to keep nothing while Weir cannot be reached.</param>
/// <param name="ShutDown">Events that were left when the time to shut down was over.</param>
/// <param name="Failed">Events that were lost to a fault of the recorder's own; it is logged.</param>
/// <param name="Waiting">Events in memory now.</param>
public sealed record RecorderFigures(
    long Accepted, long Recorded, long Spooled, long Refused, long Rejected, long QueueFull, long Denied, long ShutDown, long Failed, int Waiting)
{
    /// <summary>Events that were handed over and are neither in the log nor on the disk, and will not be.</summary>
    public long Lost => Rejected + QueueFull + Denied + ShutDown + Failed;
}

/// <summary>
/// Records many events with few requests: it gathers what comes and sends it together. No caller's thread ever waits for the network: an
/// event is taken or refused at once. What is lost is counted by its reason. Dispose it before its client: it sends what it still holds.
/// </summary>
/// <remarks>
/// With a spool, an outage loses nothing that the spool takes. What it does not take waits in memory, and without a spool everything does;
/// when that is full, new events are refused and counted.
/// </remarks>
public sealed class UsageRecorder : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly WeirClient _client;
    private readonly WeirClientOptions _options;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _giveUp = new();
    private readonly Queue<Item> _queue = new();
    private readonly Task _running;
    private RecorderFigures _figures = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    private TaskCompletionSource? _reached;
    private int _wanted;
    private bool _closed;

    public UsageRecorder(WeirClient client, ILogger<UsageRecorder>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        _client = client;
        _options = client.Options;
        _logger = logger ?? NullLogger<UsageRecorder>.Instance;
        client.Instruments.Observe(this);
        _running = Task.Run(RunAsync);
    }

    public RecorderFigures Figures
    {
        get
        {
            lock (_gate)
            {
                return _figures;
            }
        }
    }

    /// <summary>Takes an event to record soon. It is in memory only until then.</summary>
    /// <returns>False when there is no room, or the recorder has been disposed: the event is counted as lost.</returns>
    public bool TryRecord(UsageEvent e) => Accept(new Item(Named(e), null));

    /// <summary>Takes an event, and answers when the server has it or the disk does.</summary>
    /// <exception cref="WeirUnavailableException">It is kept nowhere: <c>queue_full</c>, or as <see cref="WeirClient.RecordAsync(UsageEvent, CancellationToken)"/> says.</exception>
    public Task<RecordResult> RecordAsync(UsageEvent e)
    {
        TaskCompletionSource<RecordResult> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return Accept(new Item(Named(e), answer))
            ? answer.Task
            : Task.FromException<RecordResult>(new WeirUnavailableException("queue_full", "The recorder takes no more events.", mayHaveTakenEffect: false));
    }

    /// <summary>Sends what it holds, for as long as <see cref="RecorderOptions.Shutdown"/> allows.</summary>
    public async ValueTask DisposeAsync()
    {
        bool first;
        lock (_gate)
        {
            first = !_closed;
            _closed = true;
            _reached?.TrySetResult();
        }

        if (first)
        {
            _giveUp.CancelAfter(_options.Recorder.Shutdown);
        }

        await _running;
        _giveUp.Dispose();
    }

    // The id is made here and not later, so that every repeat has the same.
    private static UsageEvent Named(UsageEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return e.Id is null ? e with { Id = WeirClient.NewId() } : e;
    }

    private bool Accept(Item item)
    {
        lock (_gate)
        {
            if (!_closed && _figures.Waiting < _options.Recorder.LargestQueue)
            {
                _figures = _figures with { Accepted = _figures.Accepted + 1, Waiting = _figures.Waiting + 1 };
                _queue.Enqueue(item);
                if (_queue.Count >= _wanted)
                {
                    _reached?.TrySetResult();
                }

                return true;
            }

            _figures = _figures with { QueueFull = _figures.QueueFull + 1 };
        }

        _client.Instruments.Lost.Add(1, ClientInstruments.Reason("queue_full"));
        return false;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            await HasAsync(1);
            await GatherAsync();
            List<Item> batch = Take();
            if (batch.Count == 0)
            {
                return;
            }

            await RecordAsync(batch);
        }
    }

    /// <summary>Ends when so many events wait, or no more will come.</summary>
    private Task HasAsync(int count)
    {
        lock (_gate)
        {
            if (_closed || _queue.Count >= count)
            {
                return Task.CompletedTask;
            }

            _wanted = count;
            _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _reached.Task;
        }
    }

    /// <summary>Lets a batch grow for a moment.</summary>
    private async Task GatherAsync()
    {
        Task full = HasAsync(_options.Recorder.LargestBatch);
        if (!full.IsCompleted && _options.Recorder.FlushInterval > TimeSpan.Zero)
        {
            using CancellationTokenSource enough = new();
            await Task.WhenAny(full, Task.Delay(_options.Recorder.FlushInterval, enough.Token));
            await enough.CancelAsync();
        }
    }

    /// <summary>Empty only when no more will come.</summary>
    private List<Item> Take()
    {
        lock (_gate)
        {
            List<Item> batch = new(Math.Min(_queue.Count, _options.Recorder.LargestBatch));
            while (batch.Count < _options.Recorder.LargestBatch && _queue.TryDequeue(out Item? item))
            {
                batch.Add(item);
            }

            return batch;
        }
    }

    private async Task RecordAsync(List<Item> batch)
    {
        for (int failures = 0; batch.Count > 0; failures++)
        {
            try
            {
                Settle(batch, await _client.RecordAsync([.. batch.Select(item => item.Event)], _giveUp.Token));
                return;
            }
            catch (WeirProblemException problem) when (!problem.IsAboutContent)
            {
                // A wrong key or a missing catalog is no fault of the events: they wait as through an outage.
                batch = await KeepAsync(batch, new WeirUnavailableException(DenialReasons.Unavailable, problem.Message, mayHaveTakenEffect: false, problem));
                await PauseAsync(failures);
            }
            catch (WeirProblemException) when (batch.Count > 1)
            {
                // One of them makes the whole unreadable: halves show which.
                await RecordAsync(batch[..(batch.Count / 2)]);
                batch = batch[(batch.Count / 2)..];
            }
            catch (WeirProblemException problem)
            {
                Settle(batch, [.. batch.Select(item => new RecordResult { Id = item.Event.Id!, Status = RecordStatus.Rejected, Code = problem.Code, Detail = problem.Message })]);
                return;
            }
            catch (WeirUnavailableException exception)
            {
                batch = Waiting(batch, exception);
                await PauseAsync(failures);
            }
            catch (OperationCanceledException)
            {
                await GiveUpAsync(batch);
                return;
            }
            catch (Exception exception)
            {
                Log.RecorderFault(_logger, exception);
                Lose(batch, "failed", exception, count => _figures with { Failed = _figures.Failed + count });
                return;
            }
        }
    }

    /// <returns>What waits in memory.</returns>
    private async Task<List<Item>> KeepAsync(List<Item> batch, WeirUnavailableException exception)
    {
        try
        {
            if (await _client.SpoolAsync([.. batch.Select(item => item.Event)]) is { } results)
            {
                Settle(batch, results);
                return [];
            }
        }
        catch (WeirUnavailableException refused)
        {
            exception = refused;
        }

        return Waiting(batch, exception);
    }

    /// <summary>Who waits is told; what may be kept in memory is tried again.</summary>
    private List<Item> Waiting(List<Item> batch, WeirUnavailableException exception)
    {
        List<Item> told = batch.FindAll(item => item.Answer is not null);
        foreach (Item item in told)
        {
            item.Answer!.SetException(exception);
        }

        Settled(told.Count, count => _figures with { Refused = _figures.Refused + count });
        List<Item> denied = batch.FindAll(item => item.Answer is null && _client.IsDenied(item.Event.Type));
        Lose(denied, "denied", exception, count => _figures with { Denied = _figures.Denied + count });
        return batch.FindAll(item => item.Answer is null && !_client.IsDenied(item.Event.Type));
    }

    private async Task PauseAsync(int failures)
    {
        double most = Math.Min(_options.LongestBackOff.TotalMilliseconds, _options.FirstBackOff.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 30)));
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(most * (0.5 + (Random.Shared.NextDouble() / 2))), _giveUp.Token);
        }
        catch (OperationCanceledException)
        {
            // The next try sees it.
        }
    }

    /// <summary>The time is over: what the spool takes is safe.</summary>
    private async Task GiveUpAsync(List<Item> batch)
    {
        try
        {
            if (await _client.SpoolAsync([.. batch.Select(item => item.Event)]) is { } results)
            {
                Settle(batch, results);
                return;
            }
        }
        catch (WeirUnavailableException)
        {
            // Then they are lost with the rest.
        }

        Lose(batch, "shut_down", new WeirUnavailableException("shut_down", "The recorder has been shut down.", mayHaveTakenEffect: true),
            count => _figures with { ShutDown = _figures.ShutDown + count });
    }

    private void Settle(List<Item> batch, IReadOnlyList<RecordResult> results)
    {
        int recorded = 0, spooled = 0, rejected = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            RecordResult result = results[i];
            batch[i].Answer?.SetResult(result);
            switch (result.Status)
            {
                case RecordStatus.Spooled:
                    spooled++;
                    break;
                case RecordStatus.Rejected:
                    rejected++;
                    Log.RecorderRejected(_logger, result.Code, result.Detail);
                    break;
                default:
                    recorded++;
                    break;
            }
        }

        Settled(batch.Count, _ => _figures with
        {
            Recorded = _figures.Recorded + recorded, Spooled = _figures.Spooled + spooled, Rejected = _figures.Rejected + rejected,
        });
        _client.Instruments.Recorded.Add(recorded + spooled);
        if (rejected > 0)
        {
            _client.Instruments.Lost.Add(rejected, ClientInstruments.Reason("rejected"));
        }
    }

    private void Lose(List<Item> batch, string reason, Exception exception, Func<int, RecorderFigures> count)
    {
        if (batch.Count == 0)
        {
            return;
        }

        foreach (Item item in batch)
        {
            item.Answer?.SetException(exception);
        }

        Settled(batch.Count, count);
        _client.Instruments.Lost.Add(batch.Count, ClientInstruments.Reason(reason));
        Log.RecorderLost(_logger, batch.Count, reason);
    }

    private void Settled(int events, Func<int, RecorderFigures> count)
    {
        lock (_gate)
        {
            _figures = count(events) with { Waiting = _figures.Waiting - events };
        }
    }

    private sealed record Item(UsageEvent Event, TaskCompletionSource<RecordResult>? Answer);
}
