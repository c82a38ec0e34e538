using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

public enum ConsumeMode
{
    /// <summary>All or nothing; every violated limit is named.</summary>
    Enforce,

    /// <summary>Each charge is cut to what is left; denied when one above 0 would become 0.</summary>
    BestEffort,

    /// <summary>It has happened: always recorded, even beyond hard limits.</summary>
    Record,
}

/// <summary>The wish to use, or the report of use.</summary>
public sealed record Consume
{
    /// <summary>Rated under the book's active catalog.</summary>
    public required RatedEvent Rated { get; init; }

    public required ConsumeMode Mode { get; init; }

    /// <summary>The host's word over the catalog's: <see cref="EnforcementMode.Observe"/> switches every refusal off.</summary>
    public EnforcementMode? HostEnforcement { get; init; }

    /// <summary>The store's clock, read after the locks and later than the account's last decision.</summary>
    public required Instant Now { get; init; }

    /// <summary>When it happened, where the sender says so; only with <see cref="ConsumeMode.Record"/>.</summary>
    public Instant? At { get; init; }

    /// <summary>History from elsewhere: any age, into periods that ended before the account's first live event.</summary>
    public bool Import { get; init; }

    public Scopes Scopes { get; init; }

    /// <summary>A host's call that failed or was refused: a row with no charge.</summary>
    public bool Failed { get; init; }

    /// <summary>It also wants the slot that its event type names.</summary>
    public bool TakesSlot { get; init; }

    /// <summary>Others wait for that slot and are not to be passed (SLOT-2).</summary>
    public bool IsBehindQueue { get; init; }

    /// <summary>It goes on with something that was counted before: rates do not count it again.</summary>
    public bool Continues { get; init; }
}

/// <summary>The wish to hold what a job is expected to use, and a slot where its type names one.</summary>
/// <param name="Wish">The expected use, in <see cref="ConsumeMode.Enforce"/>, with <see cref="Consume.TakesSlot"/>.</param>
/// <param name="Number">The sequence number that the reservation's entry will have.</param>
/// <param name="Lease">A random name for the slot's lease.</param>
public sealed record Reserve(Consume Wish, long Number, Duration Ttl, string Lease);

/// <summary>What happens to a commit that needs more than is held (RES-2).</summary>
public enum Overrun
{
    /// <summary>It is denied; the reservation stays held.</summary>
    Reject,

    /// <summary>The rest is used like any other use: all limits decide.</summary>
    Consume,

    /// <summary>It has happened and is recorded, beyond limits where need be.</summary>
    Record,
}

/// <summary>Ends a reservation with what its job used.</summary>
/// <param name="Original">The reservation's entry.</param>
/// <param name="Target">Its sequence number.</param>
/// <param name="Rated">The job as it was, rated under the reservation's catalog version; null commits what is held.</param>
/// <param name="Late">What the event type wants of a commit after the reservation's end.</param>
/// <param name="Fence">The slot's fence, where the holder sends it along to be verified.</param>
public sealed record Commit(
    Entry Original, long Target, ImmutableArray<Entry> Later, RatedEvent? Rated, EventType Type, Overrun Overrun, LateCommit Late, long? Fence, Instant Now)
{
    public EnforcementMode? HostEnforcement { get; init; }
}

/// <summary>Gives a reservation up.</summary>
public sealed record Release(Entry Original, long Target, ImmutableArray<Entry> Later, long? Fence, Instant Now, string? Reason);

/// <summary>Lets a reservation hold longer, and says that its job is alive.</summary>
/// <param name="Ttl">From now on; an end that lies later already stays.</param>
/// <param name="Progress">From 0 to 1.</param>
public sealed record Extend(Entry Original, long Target, ImmutableArray<Entry> Later, Duration Ttl, long? Fence, decimal? Progress, Instant Now);

/// <summary>Lets a reservation hold what its job is expected to use by now, where that is more.</summary>
/// <param name="Rated">The job as it is expected by now, rated under the reservation's catalog version.</param>
public sealed record Grow(Entry Original, long Target, ImmutableArray<Entry> Later, RatedEvent Rated, long? Fence, Instant Now)
{
    public EnforcementMode? HostEnforcement { get; init; }
}

/// <summary>Takes an event back, into the very balances that it moved.</summary>
/// <param name="Original">The event.</param>
/// <param name="Target">Its sequence number.</param>
/// <param name="Later">What was settled for it afterwards: its completion, where there is one.</param>
public sealed record Reverse(Entry Original, long Target, ImmutableArray<Entry> Later, Instant Now, string? Reason, string? Actor);

/// <summary>Corrects a meter of an account: every account-wide balance of it moves by the same amount.</summary>
/// <param name="Amount">Smallest units; a negative amount is at most what is used.</param>
public sealed record Adjust(Meter Meter, Quantity Amount, Instant Now, string Reason, string Actor)
{
    /// <summary>What is used in the running periods becomes 0, whatever it is; the amount says nothing.</summary>
    public bool Resets { get; init; }
}

/// <summary>Gives an account extra allowance.</summary>
/// <param name="Number">The sequence number that the entry will have.</param>
public sealed record Give(GrantTerms Terms, long Number, Instant Now, string? Reason, string? Actor);

/// <summary>Takes a grant back: from now on nothing more is drawn of it. What was drawn or is held stays.</summary>
/// <param name="Number">The sequence number of the grant's entry.</param>
public sealed record EndGrant(long Number, Instant Now, string? Reason, string? Actor);

/// <summary>Settles a call that was admitted before it ran.</summary>
/// <param name="Rated">The event with the properties known now, rated under the original's catalog version; null when the call failed, which takes the charges back.</param>
public sealed record Complete(Entry Original, long Target, ImmutableArray<Entry> Later, RatedEvent? Rated, Instant Now);

/// <summary>What became of a command. Without an <see cref="Entry"/> both states are as they were.</summary>
public sealed record Decision(AccountState Account, AccountState Workspace)
{
    /// <summary>The new row of the ledger, when the command took effect.</summary>
    public Entry? Entry { get; init; }

    /// <summary>Reservations of the account that began, changed or ended with it.</summary>
    public ImmutableArray<long> Holds { get; init; } = [];

    /// <summary>The first reason in the order of the enum, when it did not.</summary>
    public Refusal Refusal { get; init; }

    /// <summary>Every violated limit of a denial.</summary>
    public ImmutableArray<Violation> Violations { get; init; } = [];

    public Advice? Advice { get; init; }

    /// <summary>Set when the request itself is wrong.</summary>
    public Failure? Failure { get; init; }

    /// <summary>The alerts that it raises and resolves; filled in by <see cref="Alerting.Watch"/>.</summary>
    public ImmutableArray<AlertChange> Alerts { get; init; } = [];
}
