using Weir.Engine;

namespace Weir.Server.Tests.Hosting;

/// <summary>A store whose transactions can be held back, or fail as when a disk is full.</summary>
internal sealed class GatedStore(IWeirStore inner) : IWeirStore, ILedgerStore
{
    private volatile TaskCompletionSource _gate = Opened();

    /// <summary>Transactions fail before they begin.</summary>
    public bool IsDown { get; set; }

    public IWorkspaceStore Workspaces => inner.Workspaces;

    public IKeyStore Keys => inner.Keys;

    public ICatalogStore Catalogs => inner.Catalogs;

    public IAccountStore Accounts => inner.Accounts;

    public ILedgerStore Ledger => this;

    public ISummaryStore Summaries => inner.Summaries;

    public void Close() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open() => _gate.TrySetResult();

    public Task OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public async ValueTask<ILedgerTransaction> BeginAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        await _gate.Task;
        return IsDown ? throw new StoreUnavailableException("The disk is full.") : await inner.Ledger.BeginAsync(workspace, cancellationToken);
    }

    public ValueTask CreateAccountsAsync(WorkspaceId workspace, IReadOnlyList<NewAccount> accounts, CancellationToken cancellationToken) =>
        inner.Ledger.CreateAccountsAsync(workspace, accounts, cancellationToken);

    public ValueTask<AccountState?> ReadStateAsync(WorkspaceId workspace, AccountKey account, CancellationToken cancellationToken) =>
        inner.Ledger.ReadStateAsync(workspace, account, cancellationToken);

    public ValueTask<AccountState> ReadWorkspaceStateAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        inner.Ledger.ReadWorkspaceStateAsync(workspace, cancellationToken);

    public ValueTask<Scopes> ReadScopesAsync(WorkspaceId workspace, AccountKey account, string? user, string? campaign, string? key, CancellationToken cancellationToken) =>
        inner.Ledger.ReadScopesAsync(workspace, account, user, campaign, key, cancellationToken);

    public ValueTask<IReadOnlyList<LedgerRecord>> ReadAsync(WorkspaceId workspace, LedgerFilter filter, CancellationToken cancellationToken) =>
        inner.Ledger.ReadAsync(workspace, filter, cancellationToken);

    public ValueTask<LedgerRecord?> FindAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken) =>
        inner.Ledger.FindAsync(workspace, id, cancellationToken);

    public ValueTask<IReadOnlyList<StoredEntry>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken) =>
        inner.Ledger.FollowAsync(workspace, after, limit, cancellationToken);

    public ValueTask<IReadOnlyDictionary<long, EntryHistory>> ReadEntriesAsync(WorkspaceId workspace, IReadOnlyCollection<long> sequences, CancellationToken cancellationToken) =>
        inner.Ledger.ReadEntriesAsync(workspace, sequences, cancellationToken);

    public IAsyncEnumerable<EntryHistory> ScanAsync(
        WorkspaceId workspace, IReadOnlyCollection<long>? accounts, NodaTime.Instant from, NodaTime.Instant to, CancellationToken cancellationToken) =>
        inner.Ledger.ScanAsync(workspace, accounts, from, to, cancellationToken);

    public ValueTask<long> LastSequenceAsync(WorkspaceId workspace, CancellationToken cancellationToken) => inner.Ledger.LastSequenceAsync(workspace, cancellationToken);

    public IAsyncEnumerable<(long Account, Balance Balance)> ReadBalancesAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        inner.Ledger.ReadBalancesAsync(workspace, cancellationToken);

    public ValueTask<IReadOnlyList<Balance>> ReadHistoryAsync(
        WorkspaceId workspace, AccountKey account, string? meter, Per? per, NodaTime.Instant from, NodaTime.Instant to, CancellationToken cancellationToken) =>
        inner.Ledger.ReadHistoryAsync(workspace, account, meter, per, from, to, cancellationToken);

    public ValueTask<IReadOnlyList<DenialCount>> ReadDenialsAsync(
        WorkspaceId workspace, AccountKey? account, NodaTime.Instant from, NodaTime.Instant to, CancellationToken cancellationToken) =>
        inner.Ledger.ReadDenialsAsync(workspace, account, from, to, cancellationToken);

    private static TaskCompletionSource Opened()
    {
        TaskCompletionSource opened = new();
        opened.SetResult();
        return opened;
    }
}
