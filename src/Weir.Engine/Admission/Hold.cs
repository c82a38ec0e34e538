using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>What one open reservation holds of an account, or of the workspace's own limits.</summary>
/// <param name="Number">The sequence number of the reservation's entry.</param>
public sealed record Hold(long Number)
{
    /// <summary>Event type of the job.</summary>
    public required string Type { get; init; }

    public Scopes Scopes { get; init; }

    public required Instant CreatedAt { get; init; }

    /// <summary>It holds as long as the clock stands before this time (RES-1).</summary>
    public required Instant ExpiresAt { get; init; }

    /// <summary>When its holder was last heard of.</summary>
    public required Instant HeartbeatAt { get; init; }

    /// <summary>The last sign of life after which it was found stuck, once; null when it never was (<see cref="StuckJobs"/>).</summary>
    public Instant? SilentSince { get; init; }

    /// <summary>Whether its holder has not been heard of since it was found stuck.</summary>
    public bool IsStuck => SilentSince == HeartbeatAt;

    /// <summary>How far the job has come, from 0 to 1, where its holder says so.</summary>
    public decimal? Progress { get; init; }

    public ImmutableArray<HeldAmount> Amounts { get; init; } = [];

    public SlotLease? Slot { get; init; }

    public bool IsLiveAt(Instant now) => now < ExpiresAt;

    /// <summary>What it holds of one balance.</summary>
    public Quantity AmountOf(BalanceKey key) => Find(key)?.Amount ?? Quantity.Zero;

    /// <inheritdoc cref="AmountOf"/>
    public HeldAmount? Find(BalanceKey key)
    {
        foreach (HeldAmount held in Amounts)
        {
            if (held.Key == key)
            {
                return held;
            }
        }

        return null;
    }
}

/// <summary>How far a reservation has come. A late commit leaves it expired (RES-3).</summary>
public enum ReservationState
{
    Held,
    Committed,
    Released,
    Expired,
}

/// <summary>An amount that a reservation holds of one balance.</summary>
public sealed record HeldAmount(BalanceKey Key, Instant PeriodEnd, int Scale, Quantity Amount)
{
    /// <summary>Where it came from; it returns there in the reverse order.</summary>
    public Draws Draws { get; init; }
}

/// <summary>One of the places in which jobs of a kind run (SLOT-1).</summary>
/// <param name="Lease">A random name; the same reservation keeps it.</param>
/// <param name="Fence">Rises with every lease of the account and kind: what is written under an older one can be refused.</param>
public sealed record SlotLease(string Kind, string Lease, long Fence);

/// <summary>The open reservations of an account by their number. Those that have expired stay until somebody tidies them, and count no more.</summary>
public sealed class HoldSet : IEnumerable<Hold>
{
    public static readonly HoldSet Empty = new(StateMap<long, Hold>.Empty, Instant.MaxValue);

    private readonly StateMap<long, Hold> _holds;

    private HoldSet(StateMap<long, Hold> holds, Instant firstExpiry)
    {
        _holds = holds;
        FirstExpiry = firstExpiry;
    }

    /// <summary>No hold expires before this time.</summary>
    public Instant FirstExpiry { get; }

    public int Count => _holds.Count;

    public Hold? Find(long number) => _holds.GetValueOrDefault(number);

    public HoldSet Set(Hold hold)
    {
        ArgumentNullException.ThrowIfNull(hold);
        HoldSet others = Find(hold.Number) is { } before && before.ExpiresAt == FirstExpiry && before.ExpiresAt < hold.ExpiresAt ? Remove(hold.Number) : this;
        return new HoldSet(others._holds.SetItem(hold.Number, hold), Instant.Min(others.FirstExpiry, hold.ExpiresAt));
    }

    public HoldSet Remove(long number)
    {
        if (Find(number) is not { } gone)
        {
            return this;
        }

        StateMap<long, Hold> rest = _holds.Remove(number);
        return new HoldSet(rest, gone.ExpiresAt > FirstExpiry ? FirstExpiry : rest.Values.Select(hold => hold.ExpiresAt).DefaultIfEmpty(Instant.MaxValue).Min());
    }

    public IEnumerable<Hold> LiveAt(Instant now) => now < FirstExpiry ? _holds.Values : _holds.Values.Where(hold => hold.IsLiveAt(now));

    /// <summary>Those that have expired and were not tidied yet, the earliest first.</summary>
    public IEnumerable<Hold> DueAt(Instant now) => now < FirstExpiry ? [] : _holds.Values.Where(hold => !hold.IsLiveAt(now)).OrderBy(hold => hold.ExpiresAt).ThenBy(hold => hold.Number);

    /// <summary>What expired reservations still stand for in a balance's held amount.</summary>
    public Quantity ExpiredOf(BalanceKey key, Instant now)
    {
        Quantity expired = Quantity.Zero;
        if (now < FirstExpiry)
        {
            return expired;
        }

        foreach (Hold hold in _holds.Values)
        {
            if (!hold.IsLiveAt(now))
            {
                expired += hold.AmountOf(key);
            }
        }

        return expired;
    }

    public IEnumerator<Hold> GetEnumerator() => _holds.Values.GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
}
