namespace Weir.Storage.Tests;

/// <summary>A store whose summaries cannot be written for a while.</summary>
internal sealed class FaultyStore(IWeirStore inner) : IWeirStore, ISummaryStore
{
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _summed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failures;

    /// <summary>Ends when a write has failed.</summary>
    public Task Failed => _failed.Task;

    /// <summary>Ends when a write has succeeded after that.</summary>
    public Task SummedAfterwards => _summed.Task;

    public IWorkspaceStore Workspaces => inner.Workspaces;

    public IKeyStore Keys => inner.Keys;

    public ICatalogStore Catalogs => inner.Catalogs;

    public IAccountStore Accounts => inner.Accounts;

    public ILedgerStore Ledger => inner.Ledger;

    public IAuditStore Audit => inner.Audit;

    public IPeriodStore Periods => inner.Periods;

    public IScheduledJobStore ScheduledJobs => inner.ScheduledJobs;

    public IPortalTokenStore PortalTokens => inner.PortalTokens;

    public ISummaryStore Summaries => this;

    public INotificationStore Notifications => inner.Notifications;

    public IAlertStore Alerts => inner.Alerts;

    public IDeliveryStore Deliveries => inner.Deliveries;

    public ITicketStore Tickets => inner.Tickets;

    public IPrivacyStore Privacy => inner.Privacy;

    public IRetentionStore Retention => inner.Retention;

    public IChangeWatch Changes => inner.Changes;

    public void FailSummaries(int times) => _failures = times;

    public Task OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public ValueTask<long> CheckpointAsync(WorkspaceId workspace, CancellationToken cancellationToken) => inner.Summaries.CheckpointAsync(workspace, cancellationToken);

    public ValueTask<SummaryProgress> ProgressAsync(WorkspaceId workspace, CancellationToken cancellationToken) => inner.Summaries.ProgressAsync(workspace, cancellationToken);

    public async ValueTask<bool> AddAsync(WorkspaceId workspace, long from, long to, IReadOnlyDictionary<SummaryKey, SummaryFigures> figures, CancellationToken cancellationToken)
    {
        if (Interlocked.Decrement(ref _failures) >= 0)
        {
            _failed.TrySetResult();
            throw new StoreUnavailableException("The disk is full.");
        }

        bool added = await inner.Summaries.AddAsync(workspace, from, to, figures, cancellationToken);
        _summed.TrySetResult();
        return added;
    }

    public IAsyncEnumerable<(SummaryKey Key, SummaryFigures Figures)> ReadAsync(WorkspaceId workspace, SummaryQuery query, CancellationToken cancellationToken) =>
        inner.Summaries.ReadAsync(workspace, query, cancellationToken);

    public ValueTask ClearAsync(WorkspaceId workspace, CancellationToken cancellationToken) => inner.Summaries.ClearAsync(workspace, cancellationToken);
}
