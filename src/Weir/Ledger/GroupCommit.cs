using System.Diagnostics;
using System.Threading.Channels;

namespace Weir;

/// <summary>More commands wait than the writer can take soon. Nothing was recorded; the same request may come again shortly.</summary>
public sealed class OverloadedException(string message) : Exception(message);

/// <summary>
/// The writer's queue: whatever has gathered while the last commit was under way becomes the next batch. One commit then makes many
/// commands durable, and each is answered only after it.
/// </summary>
public sealed class GroupCommit
{
    private readonly Channel<LedgerCommand> _queue;
    private readonly BatchExecutor _executor;
    private readonly WeirOptions _options;
    private readonly WeirInstruments _instruments;
    private readonly SummaryProjector _summaries;
    private readonly Task _loop;

    public GroupCommit(BatchExecutor executor, SummaryProjector summaries, WeirOptions options, WeirInstruments instruments)
    {
        _executor = executor;
        _summaries = summaries;
        _options = options;
        _instruments = instruments;
        _queue = Channel.CreateBounded<LedgerCommand>(new BoundedChannelOptions(options.LargestQueue) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Commands that wait for the writer, and the time of its last commit: what readiness looks at.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>Ticks of <see cref="Stopwatch"/> at which the batch under way began; 0 when the writer is idle.</summary>
    public long BusySince => Interlocked.Read(ref _busySince);

    private long _busySince;

    /// <summary>Ticks of <see cref="Stopwatch"/> at which a batch failed, when none has been committed since; 0 otherwise.</summary>
    public long FailedAt => Interlocked.Read(ref _failedAt);

    private long _failedAt;

    /// <summary>The answer comes after the commit. Cancelling stops the waiting, not the command.</summary>
    /// <exception cref="OverloadedException">The queue is full.</exception>
    /// <exception cref="StoreUnavailableException">The outcome is unknown: repeat with the same id.</exception>
    internal Task<Outcome> SubmitAsync(LedgerCommand command, CancellationToken cancellationToken)
    {
        if (!_queue.Writer.TryWrite(command))
        {
            return Task.FromException<Outcome>(new OverloadedException(_loop.IsCompleted
                ? "The writer has stopped; the server is shutting down."
                : $"{_options.LargestQueue} commands wait for the writer; send again in a moment with the same id."));
        }

        return cancellationToken.CanBeCanceled ? command.Answer.WaitAsync(cancellationToken) : command.Answer;
    }

    /// <summary>Takes no more, and ends when everything that was accepted has been answered.</summary>
    public async Task StopAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
    }

    private async Task RunAsync()
    {
        List<LedgerCommand> gathered = new(_options.LargestBatch);
        while (await _queue.Reader.WaitToReadAsync())
        {
            gathered.Clear();
            while (gathered.Count < _options.LargestBatch && _queue.Reader.TryRead(out LedgerCommand? command))
            {
                gathered.Add(command);
            }

            long start = Stopwatch.GetTimestamp();
            Interlocked.Exchange(ref _busySince, start);
            await ExecuteAsync(gathered);
            _summaries.Wake();
            Interlocked.Exchange(ref _busySince, 0);
            _instruments.BatchSize.Record(gathered.Count);
            _instruments.CommitDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    private async Task ExecuteAsync(List<LedgerCommand> gathered)
    {
        WorkspaceId first = gathered[0].Workspace;
        bool single = gathered.TrueForAll(command => command.Workspace == first);
        IEnumerable<IReadOnlyList<LedgerCommand>> batches = single
            ? [gathered]
            : gathered.GroupBy(command => command.Workspace).Select(IReadOnlyList<LedgerCommand> (group) => [.. group]);
        foreach (IReadOnlyList<LedgerCommand> batch in batches)
        {
            try
            {
                await _executor.ExecuteAsync(batch[0].Workspace, batch);
                Interlocked.Exchange(ref _failedAt, 0);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // Whoever has an answer keeps it; the others learn that theirs is unknown.
                Exception unknown = exception as StoreUnavailableException
                    ?? new StoreUnavailableException("The batch could not be committed; repeat with the same id.", exception);
                Interlocked.Exchange(ref _failedAt, Stopwatch.GetTimestamp());
                foreach (LedgerCommand command in batch)
                {
                    command.Fail(unknown);
                }
            }
        }
    }
}
