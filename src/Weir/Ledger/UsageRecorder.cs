using System.Threading.Channels;

using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using Weir.Engine;

namespace Weir;

/// <summary>What the recorder has done since the start.</summary>
/// <param name="Accepted">Events that it took into its queue.</param>
/// <param name="Recorded">Events that are durable.</param>
/// <param name="Rejected">Events that were wrong: unknown type, wrong property; logged with their reason.</param>
/// <param name="Dropped">Events that found the queue full, or were left when the host stopped.</param>
public sealed record RecorderFigures(long Accepted, long Recorded, long Rejected, long Dropped, int Waiting);

/// <summary>
/// Records without waiting: the caller hands over an event and goes on. The queue is bounded; it never blocks and never throws into
/// the caller's request. What is lost is counted and visible.
/// </summary>
public sealed class UsageRecorder : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    private readonly Channel<Item> _queue;
    private readonly AdmissionService _admission;
    private readonly WeirOptions _options;
    private readonly WeirInstruments _instruments;
    private readonly ILogger<UsageRecorder> _logger;
    private readonly CancellationTokenSource _giveUp = new();
    private long _accepted;
    private long _recorded;
    private long _rejected;
    private long _dropped;

    public UsageRecorder(AdmissionService admission, WeirOptions options, WeirInstruments instruments, ILogger<UsageRecorder> logger)
    {
        _admission = admission;
        _options = options;
        _instruments = instruments;
        _logger = logger;
        _queue = Channel.CreateBounded<Item>(new BoundedChannelOptions(options.LargestRecorderQueue) { SingleReader = true });
    }

    public RecorderFigures Figures => new(
        Interlocked.Read(ref _accepted), Interlocked.Read(ref _recorded), Interlocked.Read(ref _rejected), Interlocked.Read(ref _dropped), _queue.Reader.Count);

    /// <summary>Takes an event to record soon. False when the queue is full: the event is dropped and counted.</summary>
    public bool TryRecord(WorkspaceId workspace, UsageEvent e) =>
        // An id of its own makes a repeat after a failed commit harmless.
        Accept(new Item(workspace, e.Id is null ? e with { Id = new Engine.EventId(AdmissionService.OwnId()) } : e, null));

    /// <summary>Takes the end of a call that was admitted before it ran.</summary>
    public bool TryComplete(WorkspaceId workspace, CallCompletion completion) => Accept(new Item(workspace, null, completion));

    /// <summary>
    /// Takes the end of a call that holds what it uses: what it does is tried again while the store cannot be used, so it must be the same
    /// when it is repeated.
    /// </summary>
    public bool TrySettle(Func<Task<Outcome>> settle) => Accept(new Item(default, null, null) { Settle = settle });

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        _giveUp.CancelAfter(_options.RecorderShutdown);
        if (ExecuteTask is { } running)
        {
            await running;
        }

        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _giveUp.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The queue is emptied also while the host stops: only the time that stopping may take ends it.
        List<Item> batch = new(_options.LargestBatch);
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (batch.Count < _options.LargestBatch && _queue.Reader.TryRead(out Item? item))
            {
                batch.Add(item);
            }

            await RecordAsync(batch);
        }
    }

    private bool Accept(Item item)
    {
        if (_queue.Writer.TryWrite(item))
        {
            Interlocked.Increment(ref _accepted);
            return true;
        }

        Drop(1);
        return false;
    }

    private void Drop(int count)
    {
        Interlocked.Add(ref _dropped, count);
        _instruments.RecorderDropped.Add(count);
    }

    private async Task RecordAsync(List<Item> batch)
    {
        Task[] answers = [.. batch.Select(RecordOneAsync)];
        await Task.WhenAll(answers);
    }

    private async Task RecordOneAsync(Item item)
    {
        while (true)
        {
            try
            {
                Outcome outcome = item.Settle is { } settle ? await settle()
                    : item.Completion is { } completion
                    ? await CompleteAsync(item.Workspace, completion)
                    : await RecordAsync(item.Workspace, item.Event!);
                if (outcome.Failure is { } failure)
                {
                    Interlocked.Increment(ref _rejected);
                    Log.RecorderRejected(_logger, outcome.Refusal.Code(), failure.Message);
                }
                else
                {
                    Interlocked.Increment(ref _recorded);
                }

                return;
            }
            catch (Exception exception) when (exception is StoreUnavailableException or OverloadedException)
            {
                if (_giveUp.IsCancellationRequested)
                {
                    Drop(1);
                    Log.RecorderDropped(_logger, exception.Message);
                    return;
                }

                await Task.Delay(s_pause, CancellationToken.None);
            }
            catch (Exception exception)
            {
                Drop(1);
                Log.RecorderFault(_logger, exception);
                return;
            }
        }
    }

    private async Task<Outcome> RecordAsync(WorkspaceId workspace, UsageEvent e) =>
        (await _admission.RecordAsync(workspace, [e], CancellationToken.None))[0];

    private async Task<Outcome> CompleteAsync(WorkspaceId workspace, CallCompletion completion)
    {
        Outcome outcome = await _admission.CompleteAsync(workspace, completion, CancellationToken.None);
        if (completion.Failed && outcome.Refusal == Refusal.EventNotFound)
        {
            // The admission's own commit was unknown, and it did not happen: there is nothing to take back.
            return outcome with { Refusal = Refusal.None, Failure = null };
        }

        bool failedBefore = outcome is { Replayed: true, Entry: { } settled } && settled.Flags.HasFlag(EntryFlags.Failed);
        return failedBefore && completion is { Failed: false, Otherwise: { } e } ? await RecordAsync(workspace, e) : outcome;
    }

    private sealed record Item(WorkspaceId Workspace, UsageEvent? Event, CallCompletion? Completion)
    {
        public Func<Task<Outcome>>? Settle { get; init; }
    }
}
