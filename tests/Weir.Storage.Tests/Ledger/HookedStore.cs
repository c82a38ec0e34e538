using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>A store whose transactions a test can watch and break at their edges; everything else passes through.</summary>
internal sealed class HookedStore(IWeirStore inner) : IWeirStore, ILedgerStore
{
    /// <summary>Runs when a transaction is wanted, before it begins.</summary>
    public Func<Task>? BeforeBegin { get; set; }

    /// <summary>Runs before an entry is looked up by its id.</summary>
    public Func<Task>? BeforeFind { get; set; }

    /// <summary>Runs before balances of periods are read.</summary>
    public Func<Task>? BeforeHistory { get; set; }

    /// <summary>Runs before the commit; when it throws, nothing is committed.</summary>
    public Func<Task>? BeforeCommit { get; set; }

    /// <summary>Runs after the commit, before anybody is answered; when it throws, the caller does not learn of the commit.</summary>
    public Func<Task>? AfterCommit { get; set; }

    /// <summary>Sees every page that somebody read of the log to follow it.</summary>
    public Action<IReadOnlyList<StoredEntry>>? Followed { get; set; }

    /// <summary>Says, as a store of many nodes does, that it cannot tell what stands before a commit.</summary>
    public bool HasOtherWriters { get; set; }

    public IWorkspaceStore Workspaces => inner.Workspaces;

    public IKeyStore Keys => inner.Keys;

    public ICatalogStore Catalogs => inner.Catalogs;

    public IAccountStore Accounts => inner.Accounts;

    public ILedgerStore Ledger => this;

    public IAuditStore Audit => inner.Audit;

    public IPeriodStore Periods { get; set; } = inner.Periods;

    public IScheduledJobStore ScheduledJobs => inner.ScheduledJobs;

    public IPortalTokenStore PortalTokens => inner.PortalTokens;

    public ISummaryStore Summaries => inner.Summaries;

    public INotificationStore Notifications => inner.Notifications;

    public IAlertStore Alerts => inner.Alerts;

    public IDeliveryStore Deliveries { get; set; } = inner.Deliveries;

    public HookedTickets Tickets { get; } = new(inner.Tickets);

    ITicketStore IWeirStore.Tickets => Tickets;

    public IPrivacyStore Privacy { get; set; } = inner.Privacy;

    public IRetentionStore Retention { get; set; } = inner.Retention;

    public IChangeWatch Changes => inner.Changes;

    public int MostBatches { get; set; } = inner.MostBatches;

    public Task OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public async ValueTask<ILedgerTransaction> BeginAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        await (BeforeBegin?.Invoke() ?? Task.CompletedTask);
        return new Transaction(this, await inner.Ledger.BeginAsync(workspace, cancellationToken));
    }

    public ValueTask CreateAccountsAsync(WorkspaceId workspace, IReadOnlyList<NewAccount> accounts, CancellationToken cancellationToken) =>
        inner.Ledger.CreateAccountsAsync(workspace, accounts, cancellationToken);

    public ValueTask<AccountState?> ReadStateAsync(WorkspaceId workspace, AccountKey account, CancellationToken cancellationToken) =>
        inner.Ledger.ReadStateAsync(workspace, account, cancellationToken);

    public ValueTask<AccountState> ReadWorkspaceStateAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        inner.Ledger.ReadWorkspaceStateAsync(workspace, cancellationToken);

    public ValueTask<Scopes> ReadScopesAsync(WorkspaceId workspace, AccountKey account, string? user, string? campaign, string? key, CancellationToken cancellationToken) =>
        inner.Ledger.ReadScopesAsync(workspace, account, user, campaign, key, cancellationToken);

    public ValueTask<RecentState> ReadRecentAsync(WorkspaceId workspace, AccountKey account, string? user, string? campaign, string? key, CancellationToken cancellationToken) =>
        inner.Ledger.ReadRecentAsync(workspace, account, user, campaign, key, cancellationToken);

    public ValueTask<IReadOnlyList<LedgerRecord>> ReadAsync(WorkspaceId workspace, LedgerFilter filter, CancellationToken cancellationToken) =>
        inner.Ledger.ReadAsync(workspace, filter, cancellationToken);

    public async ValueTask<AccountKey?> FindOwnerAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken)
    {
        await (BeforeFind?.Invoke() ?? Task.CompletedTask);
        return await inner.Ledger.FindOwnerAsync(workspace, id, cancellationToken);
    }

    public async ValueTask<LedgerRecord?> FindAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken)
    {
        await (BeforeFind?.Invoke() ?? Task.CompletedTask);
        return await inner.Ledger.FindAsync(workspace, id, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<StoredEntry>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredEntry> page = await inner.Ledger.FollowAsync(workspace, after, limit, cancellationToken);
        Followed?.Invoke(page);
        return page;
    }

    public async ValueTask<IReadOnlyList<StoredEntry>?> ReadStretchesAsync(WorkspaceId workspace, IReadOnlyList<LogStretch> stretches, int limit, CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredEntry>? page = await inner.Ledger.ReadStretchesAsync(workspace, stretches, limit, cancellationToken);
        Followed?.Invoke(page ?? []);
        return page;
    }

    public ValueTask<long> LastSequenceAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        inner.Ledger.LastSequenceAsync(workspace, cancellationToken);

    public IAsyncEnumerable<(long Account, Balance Balance)> ReadBalancesAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        inner.Ledger.ReadBalancesAsync(workspace, cancellationToken);

    public async ValueTask<IReadOnlyList<Balance>> ReadHistoryAsync(WorkspaceId workspace, AccountKey account, string? meter, Per? per, Instant from, Instant to, CancellationToken cancellationToken)
    {
        await (BeforeHistory?.Invoke() ?? Task.CompletedTask);
        return await inner.Ledger.ReadHistoryAsync(workspace, account, meter, per, from, to, cancellationToken);
    }

    public ValueTask<IReadOnlyList<OpenHold>> ReadHoldsAsync(WorkspaceId workspace, AccountKey? account, HoldCursor? after, int limit, CancellationToken cancellationToken) =>
        inner.Ledger.ReadHoldsAsync(workspace, account, after, limit, cancellationToken);

    public IAsyncEnumerable<(long Account, Grant Grant)> ReadGrantsAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        inner.Ledger.ReadGrantsAsync(workspace, cancellationToken);

    public ValueTask<IReadOnlyList<StoredEntry>> ReadDrawsAsync(WorkspaceId workspace, long grant, long after, int limit, CancellationToken cancellationToken) =>
        inner.Ledger.ReadDrawsAsync(workspace, grant, after, limit, cancellationToken);

    public ValueTask<Quantity> SumDrawsAsync(WorkspaceId workspace, long grant, CancellationToken cancellationToken) =>
        inner.Ledger.SumDrawsAsync(workspace, grant, cancellationToken);

    public ValueTask<IReadOnlyList<AccountKey>> ReadDueAsync(WorkspaceId workspace, Instant now, int limit, CancellationToken cancellationToken) =>
        inner.Ledger.ReadDueAsync(workspace, now, limit, cancellationToken);

    public ValueTask<IReadOnlyList<DenialCount>> ReadDenialsAsync(WorkspaceId workspace, AccountKey? account, Instant from, Instant to, CancellationToken cancellationToken) =>
        inner.Ledger.ReadDenialsAsync(workspace, account, from, to, cancellationToken);

    public ValueTask<IReadOnlyDictionary<long, EntryHistory>> ReadEntriesAsync(WorkspaceId workspace, IReadOnlyCollection<long> sequences, CancellationToken cancellationToken) =>
        inner.Ledger.ReadEntriesAsync(workspace, sequences, cancellationToken);

    public IAsyncEnumerable<EntryHistory> ScanAsync(WorkspaceId workspace, IReadOnlyCollection<long>? accounts, Instant from, Instant to, CancellationToken cancellationToken) =>
        inner.Ledger.ScanAsync(workspace, accounts, from, to, cancellationToken);

    private sealed class Transaction(HookedStore hooks, ILedgerTransaction inner) : ILedgerTransaction
    {
        public async ValueTask<LedgerSnapshot> LoadAsync(LedgerLoad load, CancellationToken cancellationToken)
        {
            LedgerSnapshot snapshot = await inner.LoadAsync(load, cancellationToken);
            return hooks.HasOtherWriters ? snapshot with { LastSequence = null } : snapshot;
        }

        public ValueTask<IReadOnlyList<Balance>> LoadBalancesAsync(long account, IReadOnlyCollection<BalanceKey> keys, CancellationToken cancellationToken) =>
            inner.LoadBalancesAsync(account, keys, cancellationToken);

        public ValueTask<IReadOnlySet<SlotLine>> ReadWaitedAsync(IReadOnlyCollection<SlotLine> lines, CancellationToken cancellationToken) => inner.ReadWaitedAsync(lines, cancellationToken);

        public ValueTask<IReadOnlySet<long>> ReadStandingAsync(IReadOnlyCollection<long> tickets, CancellationToken cancellationToken) => inner.ReadStandingAsync(tickets, cancellationToken);

        public ValueTask<bool> WriteAsync(LedgerWrites writes, CancellationToken cancellationToken) => inner.WriteAsync(writes, cancellationToken);

        public async ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            await (hooks.BeforeCommit?.Invoke() ?? Task.CompletedTask);
            await inner.CommitAsync(cancellationToken);
            await (hooks.AfterCommit?.Invoke() ?? Task.CompletedTask);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}

/// <summary>The queues of a store; a node that has looked at its lines can be held there.</summary>
internal sealed class HookedTickets(ITicketStore inner) : ITicketStore
{
    /// <summary>Runs after a node has looked who stands in front, before it learns of it.</summary>
    public Func<Task>? AfterRenew { get; set; }

    /// <summary>Runs after the places of an account or a user were taken out of the lines.</summary>
    public Func<Task>? AfterForget { get; set; }

    public ValueTask<long?> TakeAsync(WorkspaceId workspace, NewTicket ticket, Duration lease, int most, CancellationToken cancellationToken) =>
        inner.TakeAsync(workspace, ticket, lease, most, cancellationToken);

    public async ValueTask<SlotLines> RenewAsync(WorkspaceId workspace, string kind, IReadOnlyCollection<long> tickets, Duration lease, CancellationToken cancellationToken)
    {
        SlotLines lines = await inner.RenewAsync(workspace, kind, tickets, lease, cancellationToken);
        await (AfterRenew?.Invoke() ?? Task.CompletedTask);
        return lines;
    }

    public ValueTask<bool> LeaveAsync(WorkspaceId workspace, long ticket, Duration keep, CancellationToken cancellationToken) => inner.LeaveAsync(workspace, ticket, keep, cancellationToken);

    public ValueTask RemoveAsync(WorkspaceId workspace, long ticket, CancellationToken cancellationToken) => inner.RemoveAsync(workspace, ticket, cancellationToken);

    public ValueTask<bool> GiveUpAsync(WorkspaceId workspace, string reservation, CancellationToken cancellationToken) => inner.GiveUpAsync(workspace, reservation, cancellationToken);

    public async ValueTask ForgetAsync(WorkspaceId workspace, AccountKey account, string? user, CancellationToken cancellationToken)
    {
        await inner.ForgetAsync(workspace, account, user, cancellationToken);
        await (AfterForget?.Invoke() ?? Task.CompletedTask);
    }

    public ValueTask<IReadOnlyList<SlotWaiter>> ReadAsync(WorkspaceId workspace, WaiterFilter filter, CancellationToken cancellationToken) => inner.ReadAsync(workspace, filter, cancellationToken);
}
