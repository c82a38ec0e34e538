using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>What a ledger entry is. The numbers are stored and never change.</summary>
public enum EntryKind
{
    /// <summary>Something happened.</summary>
    Usage = 1,

    /// <summary>An earlier event was taken back.</summary>
    Reversal = 2,

    /// <summary>An operator corrected a balance.</summary>
    Adjustment = 3,

    /// <summary>What became of a call that was admitted before it ran: its status, latency, and the charges known only afterwards.</summary>
    Completion = 4,

    /// <summary>Amounts, and perhaps a slot, were held for a job. Its charges are what it expects to use; nothing is used yet.</summary>
    Reservation = 5,

    /// <summary>A reservation ended with what its job used.</summary>
    Commit = 6,

    /// <summary>A reservation was given up: everything held returned.</summary>
    Release = 7,

    /// <summary>A reservation ended by time: everything held returned.</summary>
    Expiry = 8,

    /// <summary>A reservation holds more from here on.</summary>
    Growth = 9,

    /// <summary>An account received extra allowance.</summary>
    Grant = 10,

    /// <summary>A grant was taken back before its end.</summary>
    GrantEnd = 11,
}

public static class EntryKinds
{
    /// <summary>Whether it says what became of an earlier entry and has no row of its own in the log.</summary>
    public static bool IsSettlement(this EntryKind kind) =>
        kind is EntryKind.Completion or EntryKind.Commit or EntryKind.Release or EntryKind.Expiry or EntryKind.Growth;
}

/// <summary>Particulars of an entry. The numbers are stored and never change.</summary>
[Flags]
public enum EntryFlags
{
    None = 0,

    /// <summary>It happened in a period before the current one.</summary>
    Late = 1,

    /// <summary>Its own period was closed, so it counts in the open one.</summary>
    Carried = 2,

    Imported = 4,

    /// <summary>A balance would have fallen below zero and stayed at zero.</summary>
    Clamped = 8,

    /// <summary>A balance stands beyond its limit.</summary>
    OverLimit = 16,

    /// <summary>A host's call that failed or was refused: it charges nothing.</summary>
    Failed = 32,

    /// <summary>The commit of a reservation that had expired (RES-3).</summary>
    AfterExpiry = 64,
}

/// <summary>The random ids, inside the account, of what a scoped limit may be kept for; 0 where the event names none.</summary>
public readonly record struct Scopes(long User, long Campaign, long Key)
{
    public long IdOf(ScopeKind scope) => scope switch
    {
        ScopeKind.User => User,
        ScopeKind.Campaign => Campaign,
        ScopeKind.Key => Key,
        _ => 0,
    };
}

/// <summary>
/// One immutable row of the ledger: what happened, what it charged, which balances moved, and how they stood afterwards.
/// It holds no personal data. Every balance is the fold of the lines of all entries (LOG-3).
/// </summary>
public sealed record Entry
{
    public required EntryKind Kind { get; init; }

    public required long Account { get; init; }

    public Scopes Scopes { get; init; }

    /// <summary>The event type; null for adjustments and grants.</summary>
    public string? Type { get; init; }

    /// <summary>When it happened, as it is shown.</summary>
    public required Instant At { get; init; }

    /// <summary>When it was decided, by the store's clock.</summary>
    public required Instant RecordedAt { get; init; }

    /// <summary>The time at which summaries count it: <see cref="At"/>, or <see cref="RecordedAt"/> when it was carried.</summary>
    public Instant CountedAt => Flags.HasFlag(EntryFlags.Carried) ? RecordedAt : At;

    public required int CatalogVersion { get; init; }

    /// <summary>The account's plan when it was decided.</summary>
    public required string Plan { get; init; }

    /// <summary>The properties that the catalog names.</summary>
    public Properties Properties { get; init; } = Properties.Empty;

    public ImmutableArray<Charge> Charges { get; init; } = [];

    public ImmutableArray<EntryLine> Lines { get; init; } = [];

    public Money? Cost { get; init; }

    public EntryFlags Flags { get; init; }

    /// <summary>What would have refused it, where the plan only observes (BAL-8).</summary>
    public ImmutableArray<Violation> Observed { get; init; } = [];

    /// <summary>Sequence number of the entry that this one reverses, completes or ends.</summary>
    public long? Target { get; init; }

    /// <summary>What a reservation was given, or had when it grew, so that a repeat tells the same (ID-5); null for other entries.</summary>
    public ReservationTerms? Reservation { get; init; }

    /// <summary>What a grant gives; null for other entries.</summary>
    public GrantTerms? Grant { get; init; }

    /// <summary>Why, in the words of whoever did it. Stores keep it, like <see cref="Actor"/>, where an erase reaches it (PRIV-1).</summary>
    public string? Reason { get; init; }

    /// <summary>Who corrected or granted.</summary>
    public string? Actor { get; init; }
}

/// <summary>Until when a reservation holds, and its slot, as they stood at the entry.</summary>
public sealed record ReservationTerms(Instant ExpiresAt, SlotLease? Slot);

/// <summary>One balance that an entry moved, and its figures right afterwards.</summary>
/// <param name="Delta">How far <paramref name="Used"/> moved.</param>
/// <param name="Held">What live reservations hold.</param>
/// <param name="Key">With <see cref="ScopeKind.Workspace"/> the balance belongs to the workspace's head.</param>
/// <param name="Limit">The limit as it stood; null is unlimited.</param>
public sealed record EntryLine(
    BalanceKey Key,
    Instant PeriodEnd,
    int Scale,
    Quantity Delta,
    Quantity Used,
    Quantity Held,
    Quantity? Limit,
    LimitEnforcement Enforcement,
    UnitPrice? OverageRate)
{
    /// <summary>How far the balance's held amount moved.</summary>
    public Quantity HeldDelta { get; init; }

    /// <summary>What of the limit is there by grants.</summary>
    public Quantity Granted { get; init; }

    /// <summary>Which grants gave how much of it.</summary>
    public Draws Draws { get; init; }
}
