using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>How a job asks for what it will need.</summary>
public sealed record ReservationRequest
{
    /// <summary>The job with what it is expected to use; its id is the reservation's.</summary>
    public required UsageEvent Event { get; init; }

    /// <summary>1 second to 7 days.</summary>
    public Duration Ttl { get; init; } = Reservations.DefaultTtl;

    /// <summary>How long to wait for a slot, up to <see cref="ReservationService.LongestWait"/>; zero asks once.</summary>
    public Duration Wait { get; init; } = Duration.Zero;

    /// <summary>Lower numbers are served first.</summary>
    public int Priority { get; init; }
}

/// <summary>How a job ends.</summary>
public sealed record ReservationEnd
{
    /// <summary>What is known now, over what was expected; null commits what is held.</summary>
    public Properties? Properties { get; init; }

    public GivenCost? Cost { get; init; }

    public Overrun Overrun { get; init; }

    /// <summary>The slot's fence, to be verified.</summary>
    public long? Fence { get; init; }

    /// <summary>Status, latency, provider and model where they became known.</summary>
    public EventDetails Details { get; init; } = EventDetails.Empty;
}

/// <summary>A reservation as it is looked at.</summary>
/// <param name="Hold">What it holds; null when it has ended.</param>
/// <param name="End">How it ended, where an entry says so; after a late commit, that.</param>
/// <param name="ExpiresAt">When it ends or ended by time; of one that was committed or released in time, the end that it began with.</param>
public sealed record ReservationView(LedgerRecord Record, ReservationState State, Hold? Hold, Entry? End, Instant ExpiresAt);

/// <summary>Holds amounts and slots for jobs in flight (RES, SLOT).</summary>
public sealed class ReservationService
{
    public static readonly Duration LongestWait = Duration.FromMinutes(5);

    private readonly IWeirStore _store;
    private readonly AdmissionService _admission;
    private readonly GroupCommit _commits;
    private readonly WeirOptions _options;
    private readonly TimeProvider _time;
    private readonly SlotQueue _queue;

    public ReservationService(IWeirStore store, AdmissionService admission, GroupCommit commits, WeirOptions options, TimeProvider time)
    {
        _store = store;
        _admission = admission;
        _commits = commits;
        _options = options;
        _time = time;
        _queue = new SlotQueue(store.Tickets, time);
    }

    /// <summary>Holds what a job is expected to use and a slot, all of it or nothing, perhaps after waiting for the slot.</summary>
    public async Task<Outcome> ReserveAsync(WorkspaceId workspace, ReservationRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Ttl < Reservations.ShortestTtl || request.Ttl > Reservations.LongestTtl)
        {
            return Fail(request.Event, "/ttl", "'ttl' is from 1 second to 7 days (604800).");
        }

        if (request.Wait < Duration.Zero || request.Wait > LongestWait)
        {
            return Fail(request.Event, "/wait", $"'wait' is from 0 to {LongestWait.TotalSeconds} seconds; repeat with the same id to keep the place.");
        }

        if (request.Event.At is not null)
        {
            return Fail(request.Event, "/at", "A reservation is about now; leave 'at' out.");
        }

        (ReserveCommand? command, Outcome? failed) = await _admission.PrepareReserveAsync(workspace, request, cancellationToken);
        if (command is null)
        {
            return failed!;
        }

        return command.Waits && command.Rated.Type.Slot is { } kind
            ? await _queue.WaitAsync(command, kind, request.Priority, request.Wait, again => _commits.SubmitAsync(again, CancellationToken.None), cancellationToken)
            : await _commits.SubmitAsync(command, cancellationToken);
    }

    /// <summary>Ends a reservation with what its job used.</summary>
    public async Task<Outcome> CommitAsync(WorkspaceId workspace, EventId id, ReservationEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        if (await _store.Ledger.FindOwnerAsync(workspace, id, cancellationToken) is not { } account)
        {
            return await UnknownAsync(workspace, id, cancellationToken);
        }

        Outcome outcome = await _commits.SubmitAsync(
            new CommitCommand
            {
                Workspace = workspace,
                Account = account,
                IdText = id.Value,
                Target = Digest.Of(id.Value),
                Fingerprint = Fingerprint.OfCommit(end.Properties, end.Cost, end.Overrun, end.Details),
                Properties = end.Properties,
                Cost = end.Cost,
                Overrun = end.Overrun,
                Fence = end.Fence,
                HostEnforcement = _options.Enforcement,
                Details = end.Details,
            },
            cancellationToken);
        Returned(workspace, outcome);
        return outcome;
    }

    /// <summary>Gives a reservation up, or a place in the queue.</summary>
    public Task<Outcome> ReleaseAsync(WorkspaceId workspace, EventId id, long? fence, string? reason, CancellationToken cancellationToken) =>
        ReleaseAsync(workspace, id, fence, reason, EventDetails.Empty, cancellationToken);

    /// <summary>Gives a reservation up, or a place in the queue.</summary>
    /// <param name="details">Status and latency of the job that failed.</param>
    public async Task<Outcome> ReleaseAsync(WorkspaceId workspace, EventId id, long? fence, string? reason, EventDetails details, CancellationToken cancellationToken)
    {
        AccountKey? owner = await _store.Ledger.FindOwnerAsync(workspace, id, cancellationToken);
        bool gaveUp = false;
        if (owner is null)
        {
            SlotWaiter? waiter = await FindWaitingAsync(workspace, id.Value, cancellationToken);
            gaveUp = await _queue.GiveUpAsync(workspace, id.Value, cancellationToken);
            // Its turn may have come meanwhile: what was decided before the place went stands by now, or in the writer's queue before this one.
            owner = waiter?.Account ?? await _store.Ledger.FindOwnerAsync(workspace, id, cancellationToken);
        }

        if (owner is not { } account)
        {
            return gaveUp ? new Outcome { Id = id.Value } : await UnknownAsync(workspace, id, cancellationToken);
        }

        Outcome outcome = await _commits.SubmitAsync(
            new ReleaseCommand
            {
                Workspace = workspace,
                Account = account,
                IdText = id.Value,
                Target = Digest.Of(id.Value),
                Fingerprint = Fingerprint.OfRelease(reason),
                Fence = fence,
                Reason = reason,
                Details = details,
            },
            cancellationToken);
        Returned(workspace, outcome);
        return gaveUp && outcome.Failure is { Refusal: Refusal.ReservationNotFound } ? new Outcome { Id = id.Value } : outcome;
    }

    /// <summary>Moves a reservation's end away, and says that its job is alive.</summary>
    /// <param name="progress">From 0 to 1.</param>
    public async Task<Outcome> ExtendAsync(WorkspaceId workspace, EventId id, Duration ttl, long? fence, decimal? progress, CancellationToken cancellationToken)
    {
        if (ttl < Reservations.ShortestTtl || ttl > Reservations.LongestTtl)
        {
            return Fail(id.Value, "/ttl", "'ttl' is from 1 second to 7 days (604800).");
        }

        if (progress is < 0 or > 1)
        {
            return Fail(id.Value, "/progress", "'progress' is from 0 to 1.");
        }

        if (await _store.Ledger.FindOwnerAsync(workspace, id, cancellationToken) is not { } account)
        {
            return await UnknownAsync(workspace, id, cancellationToken);
        }

        return await _commits.SubmitAsync(
            new ExtendCommand { Workspace = workspace, Account = account, IdText = id.Value, Target = Digest.Of(id.Value), Ttl = ttl, Fence = fence, Progress = progress },
            cancellationToken);
    }

    /// <summary>Holds what the job is expected to use by now, where that is more.</summary>
    /// <param name="effect">The id of this growth.</param>
    public async Task<Outcome> GrowAsync(
        WorkspaceId workspace, EventId id, EventId effect, Properties properties, GivenCost? cost, long? fence, CancellationToken cancellationToken)
    {
        if (await _store.Ledger.FindOwnerAsync(workspace, id, cancellationToken) is not { } account)
        {
            return await UnknownAsync(workspace, id, cancellationToken);
        }

        return await _commits.SubmitAsync(
            new GrowCommand
            {
                Workspace = workspace,
                Account = account,
                IdText = effect.Value,
                Id = Digest.Of(effect.Value),
                Fingerprint = Fingerprint.OfGrowth(id.Value, properties, cost),
                Target = Digest.Of(id.Value),
                Properties = properties,
                Cost = cost,
                Fence = fence,
                HostEnforcement = _options.Enforcement,
            },
            cancellationToken);
    }

    /// <summary>A reservation of any state, or null.</summary>
    public async Task<ReservationView?> FindAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken)
    {
        LedgerRecord? record = await _store.Ledger.FindAsync(workspace, id, cancellationToken);
        if (record is not { Entry.Kind: EntryKind.Reservation })
        {
            return null;
        }

        Hold? hold = record.Account is { } account ? (await _store.Ledger.ReadStateAsync(workspace, account, cancellationToken))?.Holds.Find(record.Sequence) : null;
        ReservationView view = ViewOf(record, hold);
        if (view.End is not { Kind: EntryKind.Commit } late || !late.Flags.HasFlag(EntryFlags.AfterExpiry))
        {
            return view;
        }

        // A late commit is not how it ended: that is told by the entry before it.
        IReadOnlyDictionary<long, EntryHistory> history = await _store.Ledger.ReadEntriesAsync(workspace, [record.Sequence], cancellationToken);
        return view with { ExpiresAt = history[record.Sequence].Later.First(later => later.Entry.Kind == EntryKind.Expiry).Entry.At };
    }

    /// <summary>Open reservations, by account and in the order in which they were made.</summary>
    /// <param name="account">One account, or null for all.</param>
    public async Task<IReadOnlyList<ReservationView>> ListAsync(WorkspaceId workspace, AccountKey? account, HoldCursor? after, int limit, CancellationToken cancellationToken)
    {
        IReadOnlyList<OpenHold> holds = await _store.Ledger.ReadHoldsAsync(workspace, account, after, limit, cancellationToken);
        IReadOnlyDictionary<long, EntryHistory> entries = await _store.Ledger.ReadEntriesAsync(workspace, [.. holds.Select(open => open.Hold.Number)], cancellationToken);
        return
        [
            .. holds.Where(open => entries.ContainsKey(open.Hold.Number)).Select(open =>
            {
                StoredEntry entry = entries[open.Hold.Number].Entry;
                return ViewOf(new LedgerRecord(open.Account, entry.Sequence, entry.Entry, entry.Details, null, null), open.Hold);
            }),
        ];
    }

    /// <summary>Who waits for a slot, at whatever node, kind by kind in the order in which they are served.</summary>
    public ValueTask<IReadOnlyList<SlotWaiter>> ReadWaitingAsync(WorkspaceId workspace, WaiterFilter filter, CancellationToken cancellationToken) =>
        _queue.ReadAsync(workspace, filter, cancellationToken);

    /// <summary>Where a job stands that waits for a slot; null when it does not.</summary>
    public async ValueTask<SlotWaiter?> FindWaitingAsync(WorkspaceId workspace, string reservation, CancellationToken cancellationToken) =>
        await _queue.ReadAsync(workspace, new WaiterFilter { Reservation = reservation, Limit = 1 }, cancellationToken) is [SlotWaiter waiter] ? waiter : null;

    /// <summary>Takes who is erased out of the queue: their requests are answered that there is nothing to wait for any more.</summary>
    /// <param name="user">One user of the account, or null for all.</param>
    internal Task ForgetAsync(WorkspaceId workspace, AccountKey account, string? user, CancellationToken cancellationToken) =>
        _queue.ForgetAsync(workspace, account, user, cancellationToken);

    /// <summary>Slots of an account have come free, of whatever kind.</summary>
    internal void Returned(WorkspaceId workspace) => _queue.WakeAll(workspace);

    /// <summary>Writes down which reservations have ended by time, which decisions have known since, and which jobs have not been heard of.</summary>
    internal async Task<bool> TidyAsync(WorkspaceId workspace, AccountKey account, CancellationToken cancellationToken)
    {
        Outcome outcome = await _commits.SubmitAsync(new ExpireCommand { Workspace = workspace, Account = account, IdText = "" }, cancellationToken);
        return outcome.Failure is null;
    }

    private void Returned(WorkspaceId workspace, Outcome outcome)
    {
        if (outcome.Target?.Entry.Reservation?.Slot is { } slot)
        {
            _queue.Wake(workspace, slot.Kind);
        }
    }

    private ReservationView ViewOf(LedgerRecord record, Hold? hold)
    {
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(_time.GetUtcNow()));
        Entry? end = record.Completion?.Entry;
        ReservationState state = Reservations.StateOf(hold, end is null ? [] : [end], now);
        Instant expiresAt = hold?.ExpiresAt ?? (end?.Kind == EntryKind.Expiry ? end.At : record.Entry.Reservation!.ExpiresAt);
        return new ReservationView(record, state, hold, end, expiresAt);
    }

    private async ValueTask<Outcome> UnknownAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken) => new()
    {
        Id = id.Value,
        Refusal = Refusal.ReservationNotFound,
        Failure = new Failure(Refusal.ReservationNotFound, "", $"There is no reservation '{id}'.{await _store.Retention.NoteAsync(workspace, cancellationToken)}"),
    };

    private static Outcome Fail(UsageEvent e, string pointer, string message) => Fail(e.Id?.Value ?? "", pointer, message);

    private static Outcome Fail(string id, string pointer, string message) =>
        new() { Id = id, Refusal = Refusal.InvalidRequest, Failure = new Failure(Refusal.InvalidRequest, pointer, message) };
}
