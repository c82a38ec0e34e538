using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// The queues for slots of a store that one process writes. Whoever waits does so in this process, so nothing of them need outlive it; the
/// SQLite store has them here too.
/// </summary>
/// <param name="now">The store's clock.</param>
public sealed class MemoryTickets(Func<Instant> now) : ITicketStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(WorkspaceId Workspace, string Kind), List<Ticket>> _queues = [];
    private long _lastNumber;

    public ValueTask<long?> TakeAsync(WorkspaceId workspace, NewTicket ticket, Duration lease, int most, CancellationToken cancellationToken)
    {
        Instant at = now();
        lock (_gate)
        {
            if (!_queues.TryGetValue((workspace, ticket.Kind), out List<Ticket>? queue))
            {
                _queues.Add((workspace, ticket.Kind), queue = []);
            }

            queue.RemoveAll(other => other.LeaseUntil <= at && (!other.IsPresent || IsSame(other.Of, ticket) || other.LeaseUntil + NewTicket.KeptAfterLease <= at));
            Ticket? found = queue.Find(other => IsSame(other.Of, ticket));
            if (found is null)
            {
                if (queue.Count(other => other.LeaseUntil > at) >= most)
                {
                    return ValueTask.FromResult<long?>(null);
                }

                found = new Ticket(ticket, ++_lastNumber, at);
                int index = queue.FindIndex(other => other.Of.Priority > ticket.Priority);
                queue.Insert(index < 0 ? queue.Count : index, found);
            }

            found.IsPresent = true;
            found.LeaseUntil = at + lease;
            return ValueTask.FromResult<long?>(found.Number);
        }
    }

    public ValueTask<SlotLines> RenewAsync(WorkspaceId workspace, string kind, IReadOnlyCollection<long> tickets, Duration lease, CancellationToken cancellationToken)
    {
        Instant at = now();
        lock (_gate)
        {
            List<Ticket> queue = _queues.GetValueOrDefault((workspace, kind)) ?? [];
            HashSet<long> wanted = [.. tickets];
            HashSet<long> standing = [];
            HashSet<AccountKey> accounts = [];
            foreach (Ticket ticket in queue.Where(ticket => wanted.Contains(ticket.Number)))
            {
                ticket.IsPresent = true;
                ticket.LeaseUntil = at + lease;
                standing.Add(ticket.Number);
                accounts.Add(ticket.Of.Account);
            }

            IReadOnlyList<SlotFront> fronts =
            [
                .. queue.Where(ticket => ticket.IsPresent && ticket.LeaseUntil > at && accounts.Remove(ticket.Of.Account))
                    .Select(ticket => new SlotFront(ticket.Of.Account, ticket.Number, 0)),
            ];
            return ValueTask.FromResult(new SlotLines(at, standing, fronts, 0));
        }
    }

    public ValueTask<bool> LeaveAsync(WorkspaceId workspace, long ticket, Duration keep, CancellationToken cancellationToken)
    {
        Instant at = now();
        lock (_gate)
        {
            if (QueuesOf(workspace).SelectMany(queue => queue).FirstOrDefault(other => other.Number == ticket) is not { } found)
            {
                return ValueTask.FromResult(false);
            }

            found.IsPresent = false;
            found.LeaseUntil = at + keep;
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask RemoveAsync(WorkspaceId workspace, long ticket, CancellationToken cancellationToken)
    {
        Remove(workspace, other => other.Number == ticket);
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> GiveUpAsync(WorkspaceId workspace, string reservation, CancellationToken cancellationToken)
    {
        Instant at = now();
        return ValueTask.FromResult(Remove(workspace, other => other.LeaseUntil > at && other.Of.Reservation == reservation) > 0);
    }

    public ValueTask ForgetAsync(WorkspaceId workspace, AccountKey account, string? user, CancellationToken cancellationToken)
    {
        Remove(workspace, other => other.Of.Account == account && (user is null || other.Of.User == user));
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<SlotWaiter>> ReadAsync(WorkspaceId workspace, WaiterFilter filter, CancellationToken cancellationToken)
    {
        Instant at = now();
        HashSet<AccountKey>? accounts = filter.Accounts?.ToHashSet();
        List<SlotWaiter> waiting = [];
        lock (_gate)
        {
            foreach (List<Ticket> queue in QueuesOf(workspace))
            {
                Dictionary<AccountKey, int> places = [];
                foreach (Ticket ticket in queue.Where(ticket => ticket.LeaseUntil > at && (accounts is null || accounts.Contains(ticket.Of.Account))))
                {
                    int place = places[ticket.Of.Account] = places.GetValueOrDefault(ticket.Of.Account) + 1;
                    if (waiting.Count < filter.Limit && (filter.Reservation is null || ticket.Of.Reservation == filter.Reservation))
                    {
                        waiting.Add(new SlotWaiter(ticket.Of.Account, ticket.Of.Kind, ticket.Of.Reservation, ticket.Of.Priority, ticket.Since, place));
                    }
                }
            }
        }

        return ValueTask.FromResult<IReadOnlyList<SlotWaiter>>(waiting);
    }

    /// <summary>See <see cref="ILedgerTransaction.ReadWaitedAsync"/>.</summary>
    public IReadOnlySet<SlotLine> Waited(WorkspaceId workspace, IReadOnlyCollection<SlotLine> lines)
    {
        Instant at = now();
        lock (_gate)
        {
            return lines.Where(line => _queues.TryGetValue((workspace, line.Kind), out List<Ticket>? queue)
                && queue.Exists(ticket => ticket.Of.Account == line.Account && ticket.IsPresent && ticket.LeaseUntil > at)).ToHashSet();
        }
    }

    /// <summary>See <see cref="ILedgerTransaction.ReadStandingAsync"/>.</summary>
    public IReadOnlySet<long> Standing(WorkspaceId workspace, IReadOnlyCollection<long> tickets)
    {
        lock (_gate)
        {
            HashSet<long> standing = [.. tickets];
            standing.IntersectWith(QueuesOf(workspace).SelectMany(queue => queue).Select(ticket => ticket.Number));
            return standing;
        }
    }

    private int Remove(WorkspaceId workspace, Predicate<Ticket> which)
    {
        lock (_gate)
        {
            return QueuesOf(workspace).Sum(queue => queue.RemoveAll(which));
        }
    }

    private IEnumerable<List<Ticket>> QueuesOf(WorkspaceId workspace) =>
        _queues.Where(pair => pair.Key.Workspace == workspace).OrderBy(pair => pair.Key.Kind, StringComparer.Ordinal).Select(pair => pair.Value);

    private static bool IsSame(NewTicket one, NewTicket other) => one.Reservation == other.Reservation && one.Fingerprint == other.Fingerprint;

    private sealed class Ticket(NewTicket of, long number, Instant since)
    {
        public NewTicket Of { get; } = of;

        public long Number { get; } = number;

        public Instant Since { get; } = since;

        public bool IsPresent { get; set; }

        public Instant LeaseUntil { get; set; }
    }
}
