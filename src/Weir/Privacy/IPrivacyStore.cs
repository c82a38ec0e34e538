using NodaTime;

namespace Weir;

/// <summary>
/// What follows the transaction in which an erase begins (<see cref="LedgerWrites.Erasures"/>). The details of an account's entries go in
/// parts, so that nobody waits long; each part is durable, and after a crash the next one goes on where the last ended.
/// </summary>
public interface IPrivacyStore
{
    /// <summary>Erases that were begun and not ended, the oldest first.</summary>
    ValueTask<IReadOnlyList<OpenErasure>> ReadOpenAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the details of the account's next entries away, in the order of the ledger; of one user's erase only those that name the user,
    /// without the names that belong to the whole account (campaign and key).
    /// </summary>
    /// <param name="limit">The most entries to look at.</param>
    /// <returns>How many entries it looked at: fewer than <paramref name="limit"/> when it has come to the end.</returns>
    ValueTask<int> EraseNextAsync(WorkspaceId workspace, long erasure, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the next of a kind away that is older than a time, the oldest first: details of entries that were recorded before it, alerts
    /// that were over before it, tokens that expired before it, denials that were decided before it with the ids that they take. Of details it
    /// goes on where it ended, in other processes too.
    /// </summary>
    /// <param name="limit">The most rows to look at.</param>
    /// <returns>How many rows it looked at: fewer than <paramref name="limit"/> when it has come to the end.</returns>
    ValueTask<int> PruneAsync(WorkspaceId workspace, RetentionKind kind, Instant before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Ends erases whose details are gone, when nothing that the store keeps on a disk has a byte of what went, in older versions of its
    /// rows, logs and free space neither.
    /// </summary>
    /// <returns>False when somebody still reads the state before; then they stay open, and the same call is made again later.</returns>
    ValueTask<bool> EndAsync(WorkspaceId workspace, IReadOnlyCollection<long> erasures, CancellationToken cancellationToken);
}
