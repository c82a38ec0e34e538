using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>The ledger: append-only entries, the ids that answer repeats, and the balances that follow from the entries.</summary>
public interface ILedgerStore
{
    /// <summary>Begins the one transaction in which a batch of one workspace is loaded, decided and written.</summary>
    ValueTask<ILedgerTransaction> BeginAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>Makes missing accounts in a transaction of their own (TX-1 a). An account that exists by now stays as it is.</summary>
    ValueTask CreateAccountsAsync(WorkspaceId workspace, IReadOnlyList<NewAccount> accounts, CancellationToken cancellationToken);

    /// <summary>The committed state of an account, at most one second old, or null when there is none (ACC-2).</summary>
    ValueTask<AccountState?> ReadStateAsync(WorkspaceId workspace, AccountKey account, CancellationToken cancellationToken);

    /// <summary>The committed state of the workspace's own head, at most one second old.</summary>
    ValueTask<AccountState> ReadWorkspaceStateAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>The ids of users, campaigns and keys inside an account; what is not known is left out.</summary>
    ValueTask<Scopes> ReadScopesAsync(WorkspaceId workspace, AccountKey account, string? user, string? campaign, string? key, CancellationToken cancellationToken);

    /// <summary>
    /// What <c>check</c> looks at, which decides nothing: the committed states of an account, or null when there is none (ACC-2), and of the
    /// workspace's own head, and the ids of names inside the account. All that this process has committed is in them, and what others commit is
    /// after a second. A store that is far away remembers them meanwhile.
    /// </summary>
    async ValueTask<RecentState> ReadRecentAsync(WorkspaceId workspace, AccountKey account, string? user, string? campaign, string? key, CancellationToken cancellationToken) => new(
        await ReadStateAsync(workspace, account, cancellationToken),
        await ReadWorkspaceStateAsync(workspace, cancellationToken),
        user is null && campaign is null && key is null ? default : await ReadScopesAsync(workspace, account, user, campaign, key, cancellationToken),
        null);

    /// <summary>
    /// Rows of the log, by filter (LOG-1), in the order of their sequence numbers or against it. Completions are not rows of their own
    /// here: they stand in what they complete, and the filters on model and status see what the completion says where it says something.
    /// </summary>
    ValueTask<IReadOnlyList<LedgerRecord>> ReadAsync(WorkspaceId workspace, LedgerFilter filter, CancellationToken cancellationToken);

    /// <summary>Whose entry stands under an id; null when none does, or when its account has been erased (PRIV-1).</summary>
    ValueTask<AccountKey?> FindOwnerAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken);

    /// <summary>The event that a sender knows by an id, or null.</summary>
    ValueTask<LedgerRecord?> FindAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken);

    /// <summary>
    /// Entries of every kind in the order of the ledger, after a sequence number. A row that commits late is never skipped: what is
    /// returned is contiguous with everything that can still appear (LOG-1).
    /// </summary>
    ValueTask<IReadOnlyList<StoredEntry>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Entries of every kind in stretches of the log, in its order; null while something there is under way that may still be committed.
    /// Nothing can appear any more in what was read (LOG-1).
    /// </summary>
    /// <param name="stretches">In their order; they do not overlap.</param>
    ValueTask<IReadOnlyList<StoredEntry>?> ReadStretchesAsync(WorkspaceId workspace, IReadOnlyList<LogStretch> stretches, int limit, CancellationToken cancellationToken);

    /// <summary>Entries by their sequence numbers, each with what came after it; unknown ones are left out.</summary>
    ValueTask<IReadOnlyDictionary<long, EntryHistory>> ReadEntriesAsync(WorkspaceId workspace, IReadOnlyCollection<long> sequences, CancellationToken cancellationToken);

    /// <summary>
    /// Events and adjustments of a stretch of time (half-open) with what came after each, in the order of the ledger: those that
    /// happened in it, that were recorded in it, or that were completed or reversed in it.
    /// </summary>
    /// <param name="accounts">Internal ids, or null for all.</param>
    IAsyncEnumerable<EntryHistory> ScanAsync(WorkspaceId workspace, IReadOnlyCollection<long>? accounts, Instant from, Instant to, CancellationToken cancellationToken);

    /// <summary>The sequence number of the last committed entry; 0 for an empty ledger.</summary>
    ValueTask<long> LastSequenceAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>Every stored balance of the workspace with the account that holds it, for <c>verify</c>.</summary>
    IAsyncEnumerable<(long Account, Balance Balance)> ReadBalancesAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>Balances of an account whose period starts in a stretch of time, for its history; oldest first.</summary>
    ValueTask<IReadOnlyList<Balance>> ReadHistoryAsync(WorkspaceId workspace, AccountKey account, string? meter, Per? per, Instant from, Instant to, CancellationToken cancellationToken);

    /// <summary>Open reservations, expired or not, in the order of the internal ids of their accounts and of their numbers.</summary>
    /// <param name="account">One account, or null for all.</param>
    ValueTask<IReadOnlyList<OpenHold>> ReadHoldsAsync(WorkspaceId workspace, AccountKey? account, HoldCursor? after, int limit, CancellationToken cancellationToken);

    /// <summary>The grants of all accounts as their states have them, with the internal ids of the accounts, for <c>verify</c>.</summary>
    IAsyncEnumerable<(long Account, Grant Grant)> ReadGrantsAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>Entries that drew of a grant or returned to it, of every kind, in the order of the ledger.</summary>
    /// <param name="grant">Its number.</param>
    /// <param name="after">Those after this sequence number.</param>
    ValueTask<IReadOnlyList<StoredEntry>> ReadDrawsAsync(WorkspaceId workspace, long grant, long after, int limit, CancellationToken cancellationToken);

    /// <summary>What a grant gave for use in all, without what returned.</summary>
    ValueTask<Quantity> SumDrawsAsync(WorkspaceId workspace, long grant, CancellationToken cancellationToken);

    /// <summary>
    /// Accounts of which a part of the state fell due by a time, such as a reservation that has expired: those that somebody should tidy.
    /// </summary>
    /// <param name="limit">The most accounts to return.</param>
    ValueTask<IReadOnlyList<AccountKey>> ReadDueAsync(WorkspaceId workspace, Instant now, int limit, CancellationToken cancellationToken);

    /// <summary>How many requests were denied, from <paramref name="from"/> to <paramref name="to"/>.</summary>
    /// <param name="account">One account, or null for all.</param>
    ValueTask<IReadOnlyList<DenialCount>> ReadDenialsAsync(WorkspaceId workspace, AccountKey? account, Instant from, Instant to, CancellationToken cancellationToken);
}

/// <summary>Sequence numbers in a row, both ends included.</summary>
public readonly record struct LogStretch(long First, long Last);

/// <summary>An open reservation with its account.</summary>
public sealed record OpenHold(AccountKey Account, long AccountId, Hold Hold);

/// <summary>Where a list of open reservations goes on: after this one.</summary>
public readonly record struct HoldCursor(long AccountId, long Number);

/// <summary>
/// One transaction of the ledger (TX-1). Order of calls: <see cref="LoadAsync"/> once, <see cref="LoadBalancesAsync"/> as needed,
/// <see cref="WriteAsync"/> once, <see cref="CommitAsync"/> once. Disposed without a commit, it leaves no trace.
/// </summary>
public interface ILedgerTransaction : IAsyncDisposable
{
    /// <summary>Locks the heads of the accounts in order and the workspace's head last; reads the rest in later statements.</summary>
    ValueTask<LedgerSnapshot> LoadAsync(LedgerLoad load, CancellationToken cancellationToken);

    /// <summary>Balances that the state of an account may lack because their periods are closed; missing ones are left out.</summary>
    ValueTask<IReadOnlyList<Balance>> LoadBalancesAsync(long account, IReadOnlyCollection<BalanceKey> keys, CancellationToken cancellationToken);

    /// <summary>Those of some lines for slots in which somebody waits now, of whatever node (<see cref="ITicketStore"/>).</summary>
    ValueTask<IReadOnlySet<SlotLine>> ReadWaitedAsync(IReadOnlyCollection<SlotLine> lines, CancellationToken cancellationToken);

    /// <summary>Those of some tickets that stand in a line now; the others have been decided, given up or erased (<see cref="ITicketStore"/>).</summary>
    ValueTask<IReadOnlySet<long>> ReadStandingAsync(IReadOnlyCollection<long> tickets, CancellationToken cancellationToken);

    /// <summary>
    /// Writes everything that was decided; the rows get the numbers from <see cref="LedgerSnapshot.NextSequence"/> on. False when one of
    /// the ids has been taken meanwhile: then the transaction is given up and decided again.
    /// </summary>
    ValueTask<bool> WriteAsync(LedgerWrites writes, CancellationToken cancellationToken);

    /// <summary>Makes it durable. When it throws, the outcome is unknown until the ids are read again.</summary>
    ValueTask CommitAsync(CancellationToken cancellationToken);
}

/// <summary>What a batch needs to know.</summary>
public sealed record LedgerLoad
{
    public required IReadOnlyCollection<AccountKey> Accounts { get; init; }

    /// <summary>Ids whose effect may already stand in the ledger.</summary>
    public IReadOnlyCollection<Digest> Ids { get; init; } = [];

    /// <summary>
    /// Whether it must be known what stands under the ids. Else a store may leave it to the write to find out, which fails when one is taken
    /// (<see cref="LedgerSnapshot.HasIds"/>).
    /// </summary>
    public bool MustFindIds { get; init; }

    /// <summary>Events that corrections and completions are about.</summary>
    public IReadOnlyCollection<Digest> Targets { get; init; } = [];

    /// <summary>Users, campaigns and keys that the batch names.</summary>
    public IReadOnlyCollection<Alias> Aliases { get; init; } = [];
}

public sealed record LedgerSnapshot
{
    /// <summary>The store's clock after the locks, in whole microseconds.</summary>
    public required Instant Clock { get; init; }

    public required int ActiveCatalogVersion { get; init; }

    /// <summary>The sequence number of the first row that the transaction writes; each further one has the next.</summary>
    public required long NextSequence { get; init; }

    /// <summary>
    /// The sequence number of the newest row of the workspace, 0 for none: the transaction's rows come right after it. Null when the store
    /// cannot tell, as where other nodes write too.
    /// </summary>
    public long? LastSequence { get; init; }

    /// <summary>States with at least every balance whose period is not closed. Missing accounts are left out.</summary>
    public required IReadOnlyDictionary<AccountKey, AccountState> Accounts { get; init; }

    public required AccountState Workspace { get; init; }

    public required IReadOnlyDictionary<Digest, StoredId> Ids { get; init; }

    /// <summary>Whether <see cref="Ids"/> has all that stands under the ids of the load.</summary>
    public bool HasIds { get; init; } = true;

    public required IReadOnlyDictionary<Digest, StoredTarget> Targets { get; init; }

    /// <summary>The random id of each alias that is known.</summary>
    public required IReadOnlyDictionary<Alias, long> Aliases { get; init; }
}

/// <summary>What is remembered of an id (ID-3).</summary>
/// <param name="Entry">The effect, or null for a denial.</param>
/// <param name="Answer">The stored answer of a denial, as JSON.</param>
public sealed record StoredId(Digest Fingerprint, long Sequence, Entry? Entry, ReadOnlyMemory<byte> Answer);

/// <summary>An event with what came after it: its completion, its reversal.</summary>
public sealed record StoredTarget(AccountKey Account, long Sequence, Entry Entry, EventDetails Details, IReadOnlyList<StoredEntry> Later)
{
    /// <summary>It named a user who has been erased since: what comes after it names nobody either.</summary>
    public bool UserIsErased => Entry.Scopes.User != 0 && Details.User is null;
}

/// <summary>A user, campaign or key inside an account, as the host names it.</summary>
public readonly record struct Alias(AccountKey Account, ScopeKind Kind, string Name);

public sealed record LedgerWrites
{
    public IReadOnlyList<AccountWrite> Accounts { get; init; } = [];

    public IReadOnlyList<ProfileWrite> Profiles { get; init; } = [];

    public IReadOnlyList<NewAlias> Aliases { get; init; } = [];

    public IReadOnlyList<LedgerRow> Rows { get; init; } = [];

    public IReadOnlyList<StoredDenial> Denials { get; init; } = [];

    public IReadOnlyList<DenialCount> DenialCounts { get; init; } = [];

    /// <summary>What the decisions have to tell to the outside, in the order in which they are told. One whose id is there already is left out.</summary>
    public IReadOnlyList<Notification> Notifications { get; init; } = [];

    /// <summary>Alerts that are raised, and, with <see cref="Alert.ResolvedAt"/>, resolved; see <see cref="IAlertStore.AppendAsync"/>.</summary>
    public IReadOnlyList<Alert> Alerts { get; init; } = [];

    /// <summary>Records of the audit log, in their order.</summary>
    public IReadOnlyList<AuditEntry> Audit { get; init; } = [];

    /// <summary>
    /// What is erased (PRIV-1), after everything else of the batch is written: names, keys, tokens, contacts, inboxes and what receivers
    /// answered go with the transaction; the details of entries follow (<see cref="IPrivacyStore.EraseNextAsync"/>).
    /// </summary>
    public IReadOnlyList<Erasure> Erasures { get; init; } = [];
}

/// <summary>An account's state after the batch, and what of it changed. The workspace's head is account 0.</summary>
public sealed record AccountWrite(AccountState State, IReadOnlyList<BalanceKey> Balances, IReadOnlyList<RateKey> Rates)
{
    /// <summary>The host's key; null for the workspace's head.</summary>
    public AccountKey? Key { get; init; }

    /// <summary>What else of the state changed: see <see cref="StateParts"/>.</summary>
    public IReadOnlyCollection<StatePart> Parts { get; init; } = [];
}

public sealed record ProfileWrite(long Account, AccountProfile Profile);

public sealed record NewAlias(long Account, Alias Alias, long Id);

/// <summary>A new row of the ledger with the id that stands for it.</summary>
/// <param name="Id">Null for effects that are identified by their target.</param>
public sealed record LedgerRow(Entry Entry, EventDetails Details, Digest? Id, Digest Fingerprint);

public sealed record StoredDenial(Digest Id, Digest Fingerprint, ReadOnlyMemory<byte> Answer, Instant RecordedAt);

/// <param name="Account">The account's internal id.</param>
/// <param name="Bucket">Start of a quarter of an hour.</param>
/// <param name="Refusal">The first reason of the denials.</param>
public sealed record DenialCount(long Account, Instant Bucket, string Type, Refusal Refusal, long Count);

/// <summary>An account, or null, the workspace's own head, and the ids of names inside the account, as they were a moment ago.</summary>
/// <param name="AsOf">When they were read; null for now.</param>
public sealed record RecentState(AccountState? Account, AccountState Workspace, Scopes Scopes, Instant? AsOf);
