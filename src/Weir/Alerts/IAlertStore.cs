using NodaTime;

namespace Weir;

/// <summary>Which alerts to list.</summary>
public sealed record AlertFilter
{
    public const int LargestLimit = 1000;

    /// <summary>The account's internal id, or null for all.</summary>
    public long? Account { get; init; }

    /// <summary>Of balances of users, only those of this one (its random id) and those of events that name none; null for all.</summary>
    public long? OnlyUser { get; init; }

    /// <summary>How they stand at <see cref="Now"/>, or null for all.</summary>
    public AlertState? State { get; init; }

    /// <summary>Only those that nobody has read.</summary>
    public bool Unread { get; init; }

    public AlertKind? Kind { get; init; }

    public required Instant Now { get; init; }

    /// <summary>Alerts before this number.</summary>
    public long? Before { get; init; }

    public int Limit { get; init; } = 100;
}

/// <param name="Raised">How many stand raised.</param>
/// <param name="Unread">How many of those nobody has read.</param>
public sealed record AlertCounts(long Raised, long Unread);

/// <summary>The inboxes of all accounts of a workspace. Ledger transactions write into them too (<see cref="LedgerWrites.Alerts"/>).</summary>
public interface IAlertStore
{
    /// <summary>
    /// Writes alerts and what is to be told of them in one transaction. One without <see cref="Alert.ResolvedAt"/> is raised, unless its id
    /// is there already; another resolves the one of its id, where that still stands.
    /// </summary>
    ValueTask AppendAsync(WorkspaceId workspace, IReadOnlyList<Alert> alerts, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken);

    /// <summary>A page, the newest first.</summary>
    ValueTask<IReadOnlyList<StoredAlert>> ListAsync(WorkspaceId workspace, AlertFilter filter, CancellationToken cancellationToken);

    /// <param name="account">The account's internal id.</param>
    ValueTask<StoredAlert?> FindAsync(WorkspaceId workspace, long account, string id, CancellationToken cancellationToken);

    /// <summary>Acknowledges an alert, which has then been read too. The first acknowledgement stays. Null when the account has no such alert.</summary>
    ValueTask<StoredAlert?> AcknowledgeAsync(WorkspaceId workspace, long account, string id, Instant at, string by, CancellationToken cancellationToken);

    /// <summary>Notes that alerts of an account have been read.</summary>
    /// <param name="ids">Null for all that were raised up to <paramref name="at"/>.</param>
    /// <returns>How many had not been read before.</returns>
    ValueTask<int> MarkReadAsync(WorkspaceId workspace, long account, IReadOnlyCollection<string>? ids, Instant at, CancellationToken cancellationToken);

    /// <param name="account">One account, or null for all.</param>
    /// <param name="onlyUser">As <see cref="AlertFilter.OnlyUser"/>.</param>
    ValueTask<AlertCounts> CountAsync(WorkspaceId workspace, long? account, long? onlyUser, Instant now, CancellationToken cancellationToken);
}
