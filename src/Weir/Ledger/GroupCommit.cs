using System.Diagnostics;
using System.Threading.Channels;

using Weir.Engine;

namespace Weir;

/// <summary>More commands wait than the writer can take soon. Nothing was recorded; the same request may come again shortly.</summary>
public sealed class OverloadedException(string message) : Exception(message);

/// <summary>
/// The writer's queue: whatever has gathered while commits were under way becomes the next batch. One commit then makes many commands
/// durable, and each is answered only after it. Where the store takes several batches at once, the commands of one account are never in two
/// of them, so they take effect in the order in which they came.
/// </summary>
public sealed class GroupCommit
{
    /// <summary>
    /// A batch sets out beside another one when it has this part of the largest; else it goes on gathering until the other is done: many
    /// small batches cost the database more than few large ones.
    /// </summary>
    private const int SmallestPart = 4;

    /// <summary>Transactions of one batch that the store may refuse before the rest is given up: where it refuses everything, a search finds nothing.</summary>
    private const int MostRefused = 100;

    /// <summary>A batch that lasts longer than this holds back only its own accounts: the others no longer gather for it.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(250);

    private readonly Channel<LedgerCommand> _queue;
    private readonly BatchExecutor _executor;
    private readonly WeirOptions _options;
    private readonly WeirInstruments _instruments;
    private readonly SummaryProjector _summaries;
    private readonly Backlog _backlog;
    private readonly int _mostUnderWay;
    private readonly int _enough;
    private readonly Task _loop;

    // These belong to the loop.
    private readonly List<Flight> _underWay = [];
    private readonly HashSet<(WorkspaceId, AccountKey)> _busy = [];
    private readonly List<LedgerCommand> _held = [];
    private List<LedgerCommand> _next = [];

    public GroupCommit(IWeirStore store, BatchExecutor executor, SummaryProjector summaries, WeirOptions options, WeirInstruments instruments)
    {
        _executor = executor;
        _summaries = summaries;
        _options = options;
        _instruments = instruments;
        _backlog = new Backlog(options.LargestBatch, TimeProvider.System);
        _mostUnderWay = store.MostBatches;
        _enough = Math.Max(1, options.LargestBatch / SmallestPart);
        _queue = Channel.CreateBounded<LedgerCommand>(new BoundedChannelOptions(options.LargestQueue) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Commands that wait for the writer, and the time of its last commit: what readiness looks at.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>
    /// Whether more commands have waited for their answers than the largest batch takes, for a second or longer and within the last one: a load
    /// that the writer does not keep up with, and not many events that come at once.
    /// </summary>
    public bool IsBehind
    {
        get
        {
            // The loop may stand before the store and see nothing of what comes. What it has taken it notes itself.
            _backlog.Note(Waiting);
            return _backlog.Lasts;
        }
    }

    /// <summary>Ticks of <see cref="Stopwatch"/> at which the oldest batch under way began; 0 when the writer is idle.</summary>
    public long BusySince => Interlocked.Read(ref _busySince);

    private long _busySince;

    /// <summary>Ticks of <see cref="Stopwatch"/> at which a batch failed, when none has been committed since; 0 otherwise.</summary>
    public long FailedAt => Interlocked.Read(ref _failedAt);

    private long _failedAt;

    /// <summary>The answer comes after the commit. Cancelling stops the waiting, not the command.</summary>
    /// <exception cref="OverloadedException">The queue is full.</exception>
    /// <exception cref="StoreUnavailableException">The outcome is unknown: repeat with the same id.</exception>
    internal Task<Outcome> SubmitAsync(LedgerCommand command, CancellationToken cancellationToken) =>
        WeirInstruments.Activities.HasListeners() ? TracedAsync(command, cancellationToken) : EnqueueAsync(command, cancellationToken);

    private Task<Outcome> EnqueueAsync(LedgerCommand command, CancellationToken cancellationToken)
    {
        if (!_queue.Writer.TryWrite(command))
        {
            return Task.FromException<Outcome>(new OverloadedException(_loop.IsCompleted
                ? "The writer has stopped; the server is shutting down."
                : $"{_options.LargestQueue} commands wait for the writer; send again in a moment with the same id."));
        }

        return cancellationToken.CanBeCanceled ? command.Answer.WaitAsync(cancellationToken) : command.Answer;
    }

    /// <summary>From the submission to the answer, as part of the caller's trace. Nothing is made where nobody listens.</summary>
    private async Task<Outcome> TracedAsync(LedgerCommand command, CancellationToken cancellationToken)
    {
        using Activity? span = WeirInstruments.Activities.StartActivity(WeirInstruments.DecideSpan);
        command.Trace = span?.Context ?? default;
        try
        {
            Outcome outcome = await EnqueueAsync(command, cancellationToken);
            span?.SetTag("weir.outcome", !outcome.Allowed ? outcome.Refusal.Code() : outcome.Replayed ? "repeated" : "recorded");
            return outcome;
        }
        catch (Exception exception)
        {
            span?.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);
            throw;
        }
    }

    /// <summary>Takes no more, and ends when everything that was accepted has been answered.</summary>
    public async Task StopAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
    }

    private async Task RunAsync()
    {
        Task<bool> arrival = _queue.Reader.WaitToReadAsync().AsTask();
        while (true)
        {
            await LandAsync();
            if (_underWay.Count < _mostUnderWay)
            {
                Gather();
            }

            if (arrival.IsCompletedSuccessfully && arrival.Result && !_queue.Reader.TryPeek(out _))
            {
                arrival = _queue.Reader.WaitToReadAsync().AsTask();
            }

            bool isClosed = arrival.IsCompletedSuccessfully && !arrival.Result;
            bool suffices = isClosed || _next.Count >= _enough || _underWay.TrueForAll(flight => flight.Overdue.IsCompleted);
            if (_next.Count > 0 && _underWay.Count < _mostUnderWay && suffices)
            {
                Send();
            }
            else if (_underWay.Count == 0 && isClosed)
            {
                return;
            }
            else if (_underWay.Count == 0)
            {
                await arrival;
            }
            else if (_mostUnderWay == 1)
            {
                await _underWay[0].Ended;
            }
            else
            {
                await Task.WhenAny(Awaited(isClosed ? null : arrival));
            }
        }
    }

    /// <summary>What may change what the loop does next. Without a place for another batch, arrivals and patience do not.</summary>
    private IEnumerable<Task> Awaited(Task? arrival)
    {
        IEnumerable<Task> awaited = _underWay.Select(flight => flight.Ended);
        if (_underWay.Count < _mostUnderWay)
        {
            awaited = arrival is not null && _held.Count < _options.LargestBatch ? awaited.Append(arrival) : awaited;
            awaited = _next.Count > 0 ? awaited.Concat(_underWay.Select(flight => flight.Overdue).Where(overdue => !overdue.IsCompleted)) : awaited;
        }

        return awaited;
    }

    /// <summary>Takes in batches that are done: what waited for their accounts may go on.</summary>
    private async ValueTask LandAsync()
    {
        for (int i = _underWay.Count - 1; i >= 0; i--)
        {
            if (_underWay[i].Ended.IsCompleted)
            {
                await _underWay[i].Ended;
                if (_mostUnderWay > 1)
                {
                    foreach (LedgerCommand command in _underWay[i].Commands)
                    {
                        _busy.Remove((command.Workspace, command.Account));
                    }
                }

                _underWay.RemoveAt(i);
            }
        }

        NoteBacklog();
        Interlocked.Exchange(ref _busySince, _underWay.Count == 0 ? 0 : _underWay[0].Since);
    }

    /// <summary>
    /// Fills the next batch. A command whose account is in a batch under way is held back, and so is what comes after it of that account;
    /// the others pass it. What is held is bounded, and comes before anything new.
    /// </summary>
    private void Gather()
    {
        int kept = 0;
        for (int i = 0; i < _held.Count; i++)
        {
            if (_next.Count < _options.LargestBatch && !_busy.Contains((_held[i].Workspace, _held[i].Account)))
            {
                _next.Add(_held[i]);
            }
            else
            {
                _held[kept++] = _held[i];
            }
        }

        _held.RemoveRange(kept, _held.Count - kept);
        while (_next.Count < _options.LargestBatch && _held.Count < _options.LargestBatch && _queue.Reader.TryRead(out LedgerCommand? command))
        {
            (_busy.Contains((command.Workspace, command.Account)) ? _held : _next).Add(command);
        }

        NoteBacklog();
    }

    /// <summary>Commands are open in the queue, in what a batch gathers, and under way.</summary>
    private void NoteBacklog() => _backlog.Note(Waiting + _held.Count + _next.Count + _underWay.Sum(flight => flight.Commands.Count));

    private void Send()
    {
        List<LedgerCommand> commands = _next;
        _next = new List<LedgerCommand>(_options.LargestBatch);
        if (_mostUnderWay > 1)
        {
            foreach (LedgerCommand command in commands)
            {
                _busy.Add((command.Workspace, command.Account));
            }
        }

        long start = Stopwatch.GetTimestamp();
        if (_underWay.Count == 0)
        {
            Interlocked.Exchange(ref _busySince, start);
        }

        _underWay.Add(_mostUnderWay > 1
            ? new Flight(commands, start, Task.Run(() => CommitAsync(commands, start)), Task.Delay(s_patience))
            : new Flight(commands, start, CommitAsync(commands, start), Task.CompletedTask));
    }

    private async Task CommitAsync(List<LedgerCommand> commands, long start)
    {
        using (WeirInstruments.StartCommit(commands))
        {
            await ExecuteAsync(commands);
        }

        _summaries.Wake();
        _instruments.BatchSize.Record(commands.Count);
        _instruments.CommitDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>
    /// What the store refuses fails alone (TX-2): its batch is carried out again in halves, until what is refused stands by itself.
    /// </summary>
    /// <param name="refused">Transactions that the store has refused so far.</param>
    private async Task ExecuteAsync(IReadOnlyList<LedgerCommand> batch, List<Exception> refused)
    {
        try
        {
            await _executor.ExecuteAsync(batch[0].Workspace, batch);
        }
        catch (StoreRefusedException exception)
        {
            LedgerCommand[] open = [.. batch.Where(command => !command.Answer.IsCompleted)];
            refused.Add(exception);
            if (open is [LedgerCommand alone])
            {
                alone.Complete(alone.Failed(new Failure(Refusal.InvalidRequest, "", exception.Message)));
            }
            else if (refused.Count > MostRefused)
            {
                throw;
            }
            else if (open.Length > 1)
            {
                await ExecuteAsync(open[..(open.Length / 2)], refused);
                await ExecuteAsync(open[(open.Length / 2)..], refused);
            }
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
                await ExecuteAsync(batch, []);
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

    /// <summary>A batch under way.</summary>
    /// <param name="Overdue">Ends when the batch has lasted so long that others set out beside it however small they are.</param>
    private sealed record Flight(List<LedgerCommand> Commands, long Since, Task Ended, Task Overdue);
}
