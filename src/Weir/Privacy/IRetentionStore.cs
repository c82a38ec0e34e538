using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// How the ledger goes by its age (LOG-3). What follows from the entries of a stretch of time is carried forward first, as sums that are
/// only ever added; then the ledger's start moves behind that stretch, and from then on every entry that was recorded before it counts as
/// carried, whether it still stands or not. Only then do entries and their ids go.
/// </summary>
/// <remarks>
/// Whether an entry is carried is decided by its time alone: numbers of different transactions interleave where two stretches meet. A sum is
/// the same however often it is computed, so what a crash cut short is simply done again.
/// </remarks>
public interface IRetentionStore
{
    /// <summary>From when on the ledger is whole: what was recorded before is carried. <see cref="Instant.MinValue"/> while nothing is.</summary>
    ValueTask<Instant> StartAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>When the entry with the lowest number among those that are not carried was recorded; null when there is none.</summary>
    ValueTask<Instant?> FirstRecordedAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>Entries of every kind that are not carried and were recorded before a time, in the order of their numbers.</summary>
    /// <param name="after">Those after this sequence number.</param>
    ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(WorkspaceId workspace, Instant before, long after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Writes sums that are to count once the ledger starts at <paramref name="start"/>. One that is there already stays as it is; without
    /// that start they count nowhere.
    /// </summary>
    ValueTask CarryAsync(
        WorkspaceId workspace, Instant start, IReadOnlyCollection<CarriedBalance> balances, IReadOnlyCollection<CarriedGrant> grants, CancellationToken cancellationToken);

    /// <summary>Lets the ledger start at a time, as all sums for it are written.</summary>
    /// <param name="summed">The highest number among the entries that are carried with it.</param>
    /// <returns>
    /// False, and nothing is changed, while the summaries do not hold everything up to that number, or are being made anew: they could not be
    /// completed afterwards.
    /// </returns>
    ValueTask<bool> MoveStartAsync(WorkspaceId workspace, Instant start, long summed, CancellationToken cancellationToken);

    /// <summary>What the ledger carries of each balance.</summary>
    IAsyncEnumerable<CarriedBalance> ReadBalancesAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>What the ledger carries of each grant.</summary>
    IAsyncEnumerable<CarriedGrant> ReadGrantsAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the next carried entries away, with their details and ids, and leaves those that something living refers to: the entries of
    /// open reservations and of grants that an account still has, whatever belongs to an entry that is not carried (the event that it
    /// completes or reverses, with everything else about that event), and the newest entry of the workspace.
    /// </summary>
    /// <param name="after">What the step before returned; null for the first.</param>
    /// <param name="limit">The most entries to take away at a time where others wait for it.</param>
    ValueTask<LedgerDrop> DropAsync(WorkspaceId workspace, long? after, int limit, CancellationToken cancellationToken);
}

/// <summary>How far carried entries moved a balance. The workspace's own balances belong to account 0.</summary>
public readonly record struct CarriedBalance(long Account, BalanceKey Key, Quantity Used, Quantity Held);

/// <summary>How much carried entries drew, and hold, of a grant.</summary>
/// <param name="Grant">The grant's number.</param>
public readonly record struct CarriedGrant(long Account, long Grant, Quantity Used, Quantity Held);

/// <summary>One step in which carried entries went.</summary>
/// <param name="Next">Where the next step goes on; null when it was the last one.</param>
/// <param name="Ids">How many ids are free again.</param>
public readonly record struct LedgerDrop(long? Next, long Ids)
{
    /// <summary>Something stands that could go, but somebody reads the ledger for long. The same is tried again another time.</summary>
    public bool IsBlocked { get; init; }
}

/// <summary>What is said about entries that may have gone by their age.</summary>
public static class LedgerStarts
{
    /// <summary>A further sentence for whoever asks for an entry that is not there; empty while the ledger has its first entry.</summary>
    public static async ValueTask<string> NoteAsync(this IRetentionStore retention, WorkspaceId workspace, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(retention);
        Instant start = await retention.StartAsync(workspace, cancellationToken);
        return start == Instant.MinValue ? "" : $" Entries that were recorded before {start} are no longer kept, but for those that something still refers to.";
    }
}

/// <summary>A question needs entries that have gone by their age (LOG-3).</summary>
public sealed class BeforeLedgerException : Exception
{
    public BeforeLedgerException(Instant start)
        : this($"The ledger begins at {start}, and this question reads it for a time before. Take a later time, or ask for what summaries hold: windows that begin at quarters of an hour, and one declared dimension.")
    {
        Start = start;
    }

    public BeforeLedgerException(string message)
        : base(message)
    {
    }

    public BeforeLedgerException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public BeforeLedgerException()
    {
    }

    /// <summary>From when on the ledger is whole.</summary>
    public Instant Start { get; }
}
