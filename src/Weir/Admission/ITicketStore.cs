using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// The queues for slots (SLOT-2): a line for each account and kind. A ticket is a place in it; it holds nothing and locks nothing. Times
/// are those of the store's clock. A ticket is live until its lease ends; the node at which its owner waits renews it, so that the places
/// of a node that dies go with it. A line is in order of priority (low first), then of coming.
/// </summary>
public interface ITicketStore
{
    /// <summary>
    /// Takes a place, or comes back to the live one that the same request has.
    /// </summary>
    /// <param name="most">The most live tickets of a kind in the workspace.</param>
    /// <returns>The ticket's number; null when there are so many already.</returns>
    ValueTask<long?> TakeAsync(WorkspaceId workspace, NewTicket ticket, Duration lease, int most, CancellationToken cancellationToken);

    /// <summary>Renews the leases of a node's tickets, ended ones too, and looks who stands in front in the lines of their accounts.</summary>
    /// <param name="tickets">Numbers of tickets of this kind.</param>
    ValueTask<SlotLines> RenewAsync(WorkspaceId workspace, string kind, IReadOnlyCollection<long> tickets, Duration lease, CancellationToken cancellationToken);

    /// <summary>Nobody waits at a ticket any more; its place is kept for a while, and others are served meanwhile.</summary>
    /// <returns>False when there is no such ticket.</returns>
    ValueTask<bool> LeaveAsync(WorkspaceId workspace, long ticket, Duration keep, CancellationToken cancellationToken);

    /// <summary>Takes a ticket out of its line: it has been decided.</summary>
    ValueTask RemoveAsync(WorkspaceId workspace, long ticket, CancellationToken cancellationToken);

    /// <summary>Gives up the place of a reservation.</summary>
    /// <returns>False when it has none.</returns>
    ValueTask<bool> GiveUpAsync(WorkspaceId workspace, string reservation, CancellationToken cancellationToken);

    /// <summary>Removes every ticket of an account, or of one user of it (PRIV-1).</summary>
    ValueTask ForgetAsync(WorkspaceId workspace, AccountKey account, string? user, CancellationToken cancellationToken);

    /// <summary>Live tickets with their places, kind by kind in the order of the lines.</summary>
    ValueTask<IReadOnlyList<SlotWaiter>> ReadAsync(WorkspaceId workspace, WaiterFilter filter, CancellationToken cancellationToken);
}

/// <summary>Who wants a place.</summary>
/// <param name="Reservation">The id of the reservation that is waited for.</param>
/// <param name="Fingerprint">Of the request: the same id with other content is somebody else.</param>
public sealed record NewTicket(AccountKey Account, string Kind, string Reservation, Digest Fingerprint, int Priority, string? User)
{
    /// <summary>
    /// How long after its lease a ticket at which somebody waited can still be renewed, as by a node that stood still or could not reach the
    /// database: longer than anybody waits. Afterwards the store may delete it.
    /// </summary>
    public static readonly Duration KeptAfterLease = Duration.FromMinutes(10);
}

/// <summary>The lines of a kind as a node sees them.</summary>
/// <param name="Now">The store's clock.</param>
/// <param name="Standing">Those of the tickets asked for that are in a line; the others have been removed.</param>
/// <param name="Fronts">The first present ticket of each account asked about, in the order of their places.</param>
/// <param name="Shared">See <see cref="SlotFront.Moved"/>, for what all accounts share.</param>
public sealed record SlotLines(Instant Now, IReadOnlySet<long> Standing, IReadOnlyList<SlotFront> Fronts, long Shared);

/// <param name="Moved">
/// Another number than before when another node may have given back a slot of the account. Always 0 in a store that one process writes,
/// which knows by itself what it has given back.
/// </param>
public readonly record struct SlotFront(AccountKey Account, long Ticket, long Moved);

/// <summary>The line of an account for a kind of slot.</summary>
public readonly record struct SlotLine(AccountKey Account, string Kind);

/// <summary>One who waits for a slot.</summary>
/// <param name="Position">1 is the first of its account and kind.</param>
public sealed record SlotWaiter(AccountKey Account, string Kind, string Reservation, int Priority, Instant Since, int Position);

/// <summary>Which of those who wait are looked at.</summary>
public sealed record WaiterFilter
{
    public const int LargestLimit = 10_000;

    /// <summary>Null for all.</summary>
    public IReadOnlyCollection<AccountKey>? Accounts { get; init; }

    /// <summary>Null for all.</summary>
    public string? Reservation { get; init; }

    public int Limit { get; init; } = LargestLimit;
}
