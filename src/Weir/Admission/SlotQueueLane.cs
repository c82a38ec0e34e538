using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Who waits at this node for slots of one kind. While somebody does, one loop renews the tickets and decides those that stand in front.
/// </summary>
internal sealed class SlotQueueLane(WorkspaceId workspace, string kind, ITicketStore tickets, Func<ReserveCommand, Task<Outcome>> decide, TimeProvider time)
{
    /// <summary>How soon a slot that another node has given back is noticed. The leases of tickets are many times as long.</summary>
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, SlotQueueWaiter> _waiters = [];
    private TaskCompletionSource _woken = NewSignal();
    private Task _renewing = Task.CompletedTask;
    private bool _isServed;
    private long _wakes;

    public WorkspaceId Workspace => workspace;

    /// <summary>Waits at a ticket, alone or with those who wait there already.</summary>
    public SlotQueueWaiter Join(long ticket, ReserveCommand command)
    {
        SlotQueueWaiter? waiter;
        lock (_gate)
        {
            if (!_waiters.TryGetValue(ticket, out waiter))
            {
                _waiters.Add(ticket, waiter = new SlotQueueWaiter(ticket, command));
            }

            waiter.Present++;
            _woken.TrySetResult();
            if (_isServed)
            {
                return waiter;
            }

            _isServed = true;
        }

        _ = Task.Run(ServeAsync);
        return waiter;
    }

    /// <summary>A slot may have come free.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _wakes++;
            _woken.TrySetResult();
        }
    }

    /// <summary>One who waited is not there any more. What is being decided is decided; else the place is kept for a while.</summary>
    public async Task<Outcome> LeaveAsync(SlotQueueWaiter waiter)
    {
        Task? trying;
        Task renewing;
        bool isLast;
        lock (_gate)
        {
            isLast = --waiter.Present == 0;
            renewing = _renewing;
            trying = waiter.Trying;
            if (isLast && trying is null)
            {
                Drop(waiter);
            }
        }

        if (trying is not null)
        {
            await trying;
            lock (_gate)
            {
                isLast = waiter.Present == 0 && Drop(waiter);
            }
        }

        if (waiter.Decided.IsCompleted)
        {
            return await waiter.Decided;
        }

        if (isLast)
        {
            // A renewal under way would put somebody at the ticket again.
            await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!await tickets.LeaveAsync(workspace, waiter.Ticket, SlotQueue.Grace, CancellationToken.None))
            {
                return await GoneAsync(waiter.Command);
            }
        }

        if (waiter.LastDenial is { } denial)
        {
            return denial;
        }

        // It was never the first: what stands in its way is asked for without passing anybody.
        ReserveCommand behind = waiter.Command.Again(waiter.Ticket, counts: true);
        behind.IsBehindQueue = true;
        return await decide(behind);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            Task woken;
            lock (_gate)
            {
                if (_waiters.Count == 0)
                {
                    _isServed = false;
                    return;
                }

                _woken = NewSignal();
                woken = _woken.Task;
            }

            TimeSpan pause = s_poll;
            try
            {
                pause = await ServeOnceAsync();
            }
            catch (StoreUnavailableException)
            {
                // The tickets keep their places until the store is back, or their owners have waited long enough and are told.
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                EndAll(exception);
            }

            await woken.WaitAsync(pause, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <returns>How long nothing can happen that is not told.</returns>
    private async Task<TimeSpan> ServeOnceAsync()
    {
        Dictionary<long, SlotQueueWaiter> here;
        Task<SlotLines> renewing;
        long wakes;
        lock (_gate)
        {
            here = new Dictionary<long, SlotQueueWaiter>(_waiters);
            wakes = _wakes;
            _renewing = renewing = tickets.RenewAsync(workspace, kind, here.Keys, SlotQueue.Lease, CancellationToken.None).AsTask();
        }

        SlotLines lines = await renewing;
        foreach (SlotQueueWaiter gone in here.Values.Where(waiter => !lines.Standing.Contains(waiter.Ticket)))
        {
            End(gone, GoneAsync(gone.Command));
        }

        List<Task<bool>> tries = [];
        Instant next = Instant.MaxValue;
        bool sharedAreFull = false;
        foreach (SlotFront front in lines.Fronts)
        {
            if (here.TryGetValue(front.Ticket, out SlotQueueWaiter? waiter))
            {
                // Where the slots of the whole service are full, one who asks again learns it for all behind it.
                if (waiter.MayTry(front, lines, wakes) && !(sharedAreFull && waiter.IsDeniedByShared))
                {
                    sharedAreFull |= waiter.IsDeniedByShared;
                    waiter.TryingFrom(front, lines, wakes);
                    tries.Add(TryAsync(waiter));
                }
                else
                {
                    next = Instant.Min(next, waiter.FreeAt);
                }
            }
        }

        bool[] ended = await Task.WhenAll(tries);
        return ended.Contains(true) ? TimeSpan.Zero : Until(next, lines.Now);
    }

    /// <summary>Decides one who stands in front, unless it has just left.</summary>
    /// <returns>Whether it waits no more, so that another stands in front now.</returns>
    private Task<bool> TryAsync(SlotQueueWaiter waiter)
    {
        lock (_gate)
        {
            if (waiter.Present == 0)
            {
                return Task.FromResult(true);
            }

            // Handed to the writer here, one after the other, so that they are decided in the order of their places.
            Task<bool> trying = EndUnlessFullAsync(waiter, decide(waiter.Command.Again(waiter.Ticket, counts: waiter.LastDenial is null)));
            waiter.Trying = trying;
            return trying;
        }
    }

    private async Task<bool> EndUnlessFullAsync(SlotQueueWaiter waiter, Task<Outcome> deciding)
    {
        await ((Task)deciding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        bool isUnknown = !deciding.IsCompletedSuccessfully;
        if (!isUnknown && waiter.StaysAfter(await deciding))
        {
            lock (_gate)
            {
                waiter.Trying = null;
            }

            return false;
        }

        // Who does not know what became of it comes again, and finds its place.
        await LetGoAsync(waiter, isKept: isUnknown);
        End(waiter, deciding);
        lock (_gate)
        {
            waiter.Trying = null;
        }

        return true;
    }

    private async Task LetGoAsync(SlotQueueWaiter waiter, bool isKept)
    {
        try
        {
            if (isKept)
            {
                await tickets.LeaveAsync(workspace, waiter.Ticket, SlotQueue.Grace, CancellationToken.None);
            }
            else
            {
                await tickets.RemoveAsync(workspace, waiter.Ticket, CancellationToken.None);
            }
        }
        catch (StoreUnavailableException)
        {
            // Its lease ends.
        }
    }

    /// <summary>The ticket has gone: another node has decided the same request, or its place was given up.</summary>
    private Task<Outcome> GoneAsync(ReserveCommand command) => decide(command.Again(ticket: null, counts: false, unlessKnown: command.Gone));

    private void EndAll(Exception exception)
    {
        SlotQueueWaiter[] here;
        lock (_gate)
        {
            here = [.. _waiters.Values];
        }

        foreach (SlotQueueWaiter waiter in here)
        {
            End(waiter, Task.FromException<Outcome>(exception));
        }
    }

    private void End(SlotQueueWaiter waiter, Task<Outcome> with)
    {
        lock (_gate)
        {
            Drop(waiter);
        }

        waiter.End(with);
    }

    /// <summary>Under the gate. Another may wait at the same ticket by now.</summary>
    private bool Drop(SlotQueueWaiter waiter) => _waiters.GetValueOrDefault(waiter.Ticket) == waiter && _waiters.Remove(waiter.Ticket);

    private static TimeSpan Until(Instant next, Instant now)
    {
        if (next == Instant.MaxValue)
        {
            return s_poll;
        }

        // An instant is over a little later than it is reached.
        TimeSpan until = (next - now).ToTimeSpan() + TimeSpan.FromMilliseconds(2);
        return until < TimeSpan.FromMilliseconds(2) ? TimeSpan.FromMilliseconds(2) : until < s_poll ? until : s_poll;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>The requests at this node that wait at one ticket.</summary>
internal sealed class SlotQueueWaiter(long ticket, ReserveCommand command)
{
    private readonly TaskCompletionSource<Outcome> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _wakes;
    private long _moved;
    private long _shared;
    private bool _isTold;

    public long Ticket => ticket;

    public ReserveCommand Command => command;

    public Task<Outcome> Decided => _decided.Task;

    /// <summary>How many requests wait for it.</summary>
    public int Present { get; set; }

    /// <summary>Ends when what is being decided now is; null when nothing is.</summary>
    public Task? Trying { get; set; }

    public Outcome? LastDenial { get; private set; }

    /// <summary>What stood in its way were slots of the whole service.</summary>
    public bool IsDeniedByShared { get; private set; }

    /// <summary>When the earliest lease in its way ends, if nobody extends it.</summary>
    public Instant FreeAt { get; private set; } = Instant.MinValue;

    /// <summary>Whether a slot may have come free since it was last denied.</summary>
    public bool MayTry(SlotFront front, SlotLines lines, long wakes) =>
        LastDenial is null || wakes != _wakes || front.Moved != _moved || (IsDeniedByShared && lines.Shared != _shared) || lines.Now >= FreeAt;

    public void TryingFrom(SlotFront front, SlotLines lines, long wakes) => (_moved, _shared, _wakes) = (front.Moved, lines.Shared, wakes);

    /// <summary>Takes in what was decided.</summary>
    /// <returns>Whether it waits on, because there was no slot.</returns>
    public bool StaysAfter(Outcome outcome)
    {
        List<Violation> full = [.. outcome.Violations.Where(violation => violation.Reason == Refusal.NoSlot)];
        if (full.Count == 0)
        {
            return false;
        }

        LastDenial = outcome;
        IsDeniedByShared = full.Exists(violation => violation.Scope == ScopeKind.Workspace);
        FreeAt = full.Min(violation => violation.ResetsAt) ?? Instant.MaxValue;
        return true;
    }

    /// <summary>One request is told what was decided and stands under its id now; those that wait with it are its repeats (ID-5).</summary>
    public Outcome Tell(Outcome outcome) =>
        outcome.Failure is null && (outcome.Allowed || command.KeepsDenial(outcome)) && Interlocked.Exchange(ref _isTold, true) ? outcome with { Replayed = true } : outcome;

    public void End(Task<Outcome> with) => _ = with.ContinueWith(Complete, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private void Complete(Task<Outcome> with)
    {
        if (with.IsCompletedSuccessfully)
        {
            _decided.TrySetResult(with.Result);
        }
        else
        {
            _decided.TrySetException(with.Exception?.InnerExceptions ?? (IEnumerable<Exception>)[new OperationCanceledException()]);
        }
    }
}
