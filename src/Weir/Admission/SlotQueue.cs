using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>One who waits for a slot.</summary>
/// <param name="Position">1 is the first of its account and kind.</param>
public sealed record SlotWaiter(AccountKey Account, string Kind, string Reservation, int Priority, Instant Since, int Position);

/// <summary>
/// Who waits for slots (SLOT-2). Waiting holds nothing and stands outside the writer's queue: only the first of an account is decided, when
/// a slot may have come free. Lower priority numbers go first, then who came first. The queue is of one process, as the stores are that
/// one process writes; whoever comes back soon after a time-out finds its place again.
/// </summary>
internal sealed class SlotQueue(TimeProvider time)
{
    /// <summary>How long the place of a waiter is kept that is not there.</summary>
    public static readonly Duration Grace = Duration.FromSeconds(10);

    /// <summary>The most that wait for one kind in a workspace.</summary>
    public const int MostWaiting = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(WorkspaceId Workspace, string Kind), Line> _lines = [];
    private long _lastNumber;

    /// <summary>Decides one waiter. It is called by one at a time for each workspace and kind.</summary>
    public delegate Task<Outcome> Deciding(ReserveCommand command);

    /// <summary>Takes a place, or the one that the same reservation has already, and waits there.</summary>
    /// <returns>What was decided, or the last denial when the time was over or the caller left; then the place is kept for a while.</returns>
    /// <exception cref="OverloadedException">Too many wait.</exception>
    public async Task<Outcome> WaitAsync(ReserveCommand command, string kind, int priority, Duration wait, Deciding decide, CancellationToken cancellationToken)
    {
        Ticket ticket;
        Line line;
        lock (_gate)
        {
            if (!_lines.TryGetValue((command.Workspace, kind), out line!))
            {
                _lines.Add((command.Workspace, kind), line = new Line());
            }

            Prune(line);
            ticket = line.Tickets.Find(waiting => waiting.Command.IdText == command.IdText && waiting.Command.Fingerprint == command.Fingerprint)!;
            if (ticket is null)
            {
                if (line.Tickets.Count >= MostWaiting)
                {
                    throw new OverloadedException($"{MostWaiting} jobs wait for '{kind}'; come again later.");
                }

                ticket = new Ticket(command, priority, ++_lastNumber, Now());
                int index = line.Tickets.FindIndex(other => other.Order.CompareTo(ticket.Order) > 0);
                line.Tickets.Insert(index < 0 ? line.Tickets.Count : index, ticket);
            }

            ticket.Present++;
        }

        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using ITimer timer = time.CreateTimer(_ => patience.Cancel(), null, wait.ToTimeSpan(), Timeout.InfiniteTimeSpan);
        Wake(command.Workspace, kind, decide);
        try
        {
            return await ticket.Decided.Task.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            if (ticket.LastDenial is { } denial)
            {
                return denial;
            }

            // It was never the first: what stands in its way is asked for without passing anybody.
            ReserveCommand behind = command.Again();
            behind.IsBehindQueue = true;
            return await decide(behind);
        }
        finally
        {
            lock (_gate)
            {
                ticket.Present--;
                ticket.LeftAt = Now();
            }
        }
    }

    /// <summary>Whether somebody is in front of a caller that does not wait.</summary>
    public bool IsTaken(WorkspaceId workspace, AccountKey account, string kind)
    {
        lock (_gate)
        {
            return _lines.TryGetValue((workspace, kind), out Line? line) && line.Tickets.Exists(ticket => ticket.Command.Account == account && ticket.Present > 0);
        }
    }

    /// <summary>Gives a place up.</summary>
    public bool Cancel(WorkspaceId workspace, string reservation)
    {
        lock (_gate)
        {
            foreach (((WorkspaceId of, string _), Line line) in _lines)
            {
                if (of == workspace && line.Tickets.Find(ticket => ticket.Command.IdText == reservation) is { } found)
                {
                    line.Tickets.Remove(found);
                    found.Decided.TrySetCanceled();
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Takes everyone of an account, or of one user of it, out of the lines.</summary>
    public void Forget(WorkspaceId workspace, AccountKey account, string? user)
    {
        lock (_gate)
        {
            foreach (Line line in _lines.Where(pair => pair.Key.Workspace == workspace).Select(pair => pair.Value))
            {
                foreach (Ticket ticket in line.Tickets.Where(ticket => ticket.Command.Account == account && (user is null || ticket.Command.Details.User == user)).ToList())
                {
                    line.Tickets.Remove(ticket);
                    ticket.Decided.TrySetResult(ticket.Command.Failed(new Failure(Refusal.ReservationNotFound, "", "Who waited here has been erased.")));
                }
            }
        }
    }

    /// <summary>Slots may have come free in every line of a workspace.</summary>
    public void WakeAll(WorkspaceId workspace, Deciding decide)
    {
        string[] kinds;
        lock (_gate)
        {
            kinds = [.. _lines.Keys.Where(key => key.Workspace == workspace).Select(key => key.Kind)];
        }

        foreach (string kind in kinds)
        {
            Wake(workspace, kind, decide);
        }
    }

    /// <summary>Those who wait, in the order in which they are served.</summary>
    public IReadOnlyList<SlotWaiter> Waiting(WorkspaceId workspace, AccountKey? account = null)
    {
        List<SlotWaiter> waiting = [];
        lock (_gate)
        {
            foreach (((WorkspaceId of, string kind), Line line) in _lines)
            {
                if (of == workspace)
                {
                    Prune(line);
                    Dictionary<AccountKey, int> places = [];
                    foreach (Ticket ticket in line.Tickets)
                    {
                        int position = places[ticket.Command.Account] = places.GetValueOrDefault(ticket.Command.Account) + 1;
                        if (account is null || ticket.Command.Account == account)
                        {
                            waiting.Add(new SlotWaiter(ticket.Command.Account, kind, ticket.Command.IdText, ticket.Priority, ticket.Since, position));
                        }
                    }
                }
            }
        }

        return waiting;
    }

    /// <summary>A slot may have come free.</summary>
    public void Wake(WorkspaceId workspace, string kind, Deciding decide)
    {
        Line? line;
        lock (_gate)
        {
            if (!_lines.TryGetValue((workspace, kind), out line) || line.Tickets.Count == 0)
            {
                return;
            }

            line.Wakes++;
            if (line.IsServing)
            {
                return;
            }

            line.IsServing = true;
        }

        _ = Task.Run(() => ServeAsync(workspace, kind, line, decide));
    }

    private async Task ServeAsync(WorkspaceId workspace, string kind, Line line, Deciding decide)
    {
        Instant next = Instant.MaxValue;
        HashSet<AccountKey> tried = [];
        long wakes = -1;
        while (true)
        {
            Ticket? ticket;
            lock (_gate)
            {
                if (wakes != line.Wakes)
                {
                    wakes = line.Wakes;
                    tried.Clear();
                    next = Instant.MaxValue;
                }

                Prune(line);
                ticket = line.Tickets.Find(waiting => waiting.Present > 0 && !tried.Contains(waiting.Command.Account));
                if (ticket is null)
                {
                    line.IsServing = false;
                    line.Timer?.Dispose();
                    line.Timer = next == Instant.MaxValue || line.Tickets.Count == 0 ? null
                        : time.CreateTimer(_ => Wake(workspace, kind, decide), null, Until(next), Timeout.InfiniteTimeSpan);
                    return;
                }
            }

            try
            {
                Outcome outcome = await decide(ticket.Command.Again());
                Violation? full = outcome.Violations.FirstOrDefault(violation => violation.Reason == Refusal.NoSlot);
                if (full is null)
                {
                    Finish(line, ticket, outcome, null);
                    continue;
                }

                ticket.LastDenial = outcome;
                tried.Add(ticket.Command.Account);
                foreach (Violation violation in outcome.Violations)
                {
                    next = violation is { Reason: Refusal.NoSlot, ResetsAt: { } at } ? Instant.Min(next, at) : next;
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Finish(line, ticket, null, exception);
            }
        }
    }

    private void Finish(Line line, Ticket ticket, Outcome? outcome, Exception? exception)
    {
        lock (_gate)
        {
            line.Tickets.Remove(ticket);
        }

        if (outcome is not null)
        {
            ticket.Decided.TrySetResult(outcome);
        }
        else
        {
            ticket.Decided.TrySetException(exception!);
        }
    }

    private void Prune(Line line)
    {
        Instant now = Now();
        line.Tickets.RemoveAll(ticket => ticket.Present == 0 && ticket.LeftAt + Grace <= now);
    }

    private TimeSpan Until(Instant next)
    {
        // An instant is over a little later than it is reached; the clock of the store may be ahead by microseconds.
        TimeSpan until = (next - Now()).ToTimeSpan() + TimeSpan.FromMilliseconds(2);
        return until < TimeSpan.FromMilliseconds(2) ? TimeSpan.FromMilliseconds(2) : until;
    }

    private Instant Now() => Instant.FromDateTimeOffset(time.GetUtcNow());

    private sealed class Line
    {
        public List<Ticket> Tickets { get; } = [];

        public bool IsServing { get; set; }

        public long Wakes { get; set; }

        public ITimer? Timer { get; set; }
    }

    private sealed class Ticket(ReserveCommand command, int priority, long number, Instant since)
    {
        public ReserveCommand Command { get; } = command;

        public int Priority { get; } = priority;

        public (int, long) Order { get; } = (priority, number);

        public Instant Since { get; } = since;

        public TaskCompletionSource<Outcome> Decided { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>How many requests wait for it.</summary>
        public int Present { get; set; }

        public Instant LeftAt { get; set; }

        public Outcome? LastDenial { get; set; }
    }
}
