using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Periods that are over: what the job that closes them reads, and what it writes down.</summary>
public interface IPeriodStore
{
    /// <summary>Balances of some accounts whose periods ended after one time and up to another; lifetimes are not among them.</summary>
    /// <param name="accounts">Internal ids.</param>
    ValueTask<IReadOnlyList<(long Account, Balance Balance)>> ReadEndedAsync(
        WorkspaceId workspace, IReadOnlyCollection<long> accounts, Instant after, Instant upTo, CancellationToken cancellationToken);

    /// <summary>The last entry of the ledger that moved each of some balances of an account; those that none moved are left out.</summary>
    ValueTask<IReadOnlyDictionary<BalanceKey, LastMove>> ReadLastMovesAsync(
        WorkspaceId workspace, long account, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken);

    /// <summary>Writes closing summaries, whole or not at all. One that is there already stays as it is, so a repeat changes nothing.</summary>
    /// <returns>How many were new.</returns>
    ValueTask<int> CloseAsync(WorkspaceId workspace, IReadOnlyList<ClosingSummary> summaries, Instant closedAt, CancellationToken cancellationToken);

    /// <summary>
    /// A page of an account's periods that are over: balances with their closing summaries, balances without one yet, and summaries of
    /// periods without usage. In the order of <see cref="PeriodPosition"/>.
    /// </summary>
    ValueTask<IReadOnlyList<EndedPeriod>> ReadAsync(WorkspaceId workspace, long account, PeriodFilter filter, CancellationToken cancellationToken);
}

/// <param name="Balance">Null for a period without usage.</param>
/// <param name="Summary">Null until the period is closed by the job.</param>
public sealed record EndedPeriod(Balance? Balance, ClosingSummary? Summary, Instant? ClosedAt)
{
    public PeriodPosition Position => Summary is { } summary ? PeriodPosition.Of(summary.Key, summary.PeriodEnd) : PeriodPosition.Of(Balance!.Key, Balance.PeriodEnd);
}

/// <summary>The place of a period in lists: the latest end first, then by meter, form, scope and start.</summary>
public readonly record struct PeriodPosition(Instant End, string Meter, Per Per, ScopeKind Scope, long ScopeId, Instant Start) : IComparable<PeriodPosition>
{
    public static PeriodPosition Of(BalanceKey key, Instant end) => new(end, key.Meter, key.Per, key.Scope, key.ScopeId, key.PeriodStart);

    public static bool operator <(PeriodPosition left, PeriodPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(PeriodPosition left, PeriodPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(PeriodPosition left, PeriodPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PeriodPosition left, PeriodPosition right) => left.CompareTo(right) >= 0;

    public int CompareTo(PeriodPosition other)
    {
        int order = other.End.CompareTo(End);
        order = order != 0 ? order : string.CompareOrdinal(Meter, other.Meter);
        return order != 0 ? order : (Per, Scope, ScopeId, Start).CompareTo((other.Per, other.Scope, other.ScopeId, other.Start));
    }
}

public sealed record PeriodFilter
{
    public const int LargestLimit = 1000;

    public string? Meter { get; init; }

    public Per? Per { get; init; }

    /// <summary>Only balances of the whole account, or of each user, campaign or key.</summary>
    public ScopeKind Scope { get; init; }

    /// <summary>Periods that end after this time.</summary>
    public Instant From { get; init; } = Instant.MinValue;

    /// <summary>Periods that start before this time.</summary>
    public Instant To { get; init; } = Instant.MaxValue;

    /// <summary>Periods that ended at this time or before.</summary>
    public required Instant EndedBy { get; init; }

    /// <summary>Periods that follow this place.</summary>
    public PeriodPosition? After { get; init; }

    public int Limit { get; init; } = 100;

    /// <summary>Whether a period is asked for.</summary>
    public bool Takes(BalanceKey key, Instant end) =>
        key.Scope == Scope && (Meter is null || key.Meter == Meter) && (Per is null || key.Per == Per) && end > From && end <= EndedBy && key.PeriodStart < To
        && (After is not { } after || PeriodPosition.Of(key, end) > after);
}
