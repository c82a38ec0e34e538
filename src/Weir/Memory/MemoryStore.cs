using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Keeps everything in memory and forgets it with the process: for tests and demonstrations, and as the model that the other stores
/// are compared with.
/// </summary>
public sealed class MemoryStore : IWeirStore
{
    private readonly TimeProvider _time;
    private readonly List<MemoryWorkspace> _workspaces = [];
    private Instant _clock = Instant.MinValue;

    public MemoryStore(TimeProvider time)
    {
        _time = time;
        Workspaces = new MemoryWorkspaces(this);
        Keys = new MemoryKeys(this);
        Catalogs = new MemoryCatalogs(this);
        Accounts = new MemoryAccounts(this);
        Ledger = new MemoryLedger(this);
        Summaries = new MemorySummaries(this);
        Notifications = new MemoryNotifications(this);
        Alerts = new MemoryAlerts(this);
        Audit = new MemoryAudit(this);
        Periods = new MemoryPeriods(this);
        ScheduledJobs = new MemoryScheduledJobs(this);
        PortalTokens = new MemoryPortalTokens(this);
        Deliveries = new MemoryDeliveries(this);
        Tickets = Lines = new MemoryTickets(LockedNow);
        Privacy = new MemoryPrivacy(this);
        Retention = new MemoryRetention(this);
    }

    public IWorkspaceStore Workspaces { get; }

    public IKeyStore Keys { get; }

    public ICatalogStore Catalogs { get; }

    public IAccountStore Accounts { get; }

    public ILedgerStore Ledger { get; }

    public ISummaryStore Summaries { get; }

    public INotificationStore Notifications { get; }

    public IAlertStore Alerts { get; }

    public IAuditStore Audit { get; }

    public IPeriodStore Periods { get; }

    public IScheduledJobStore ScheduledJobs { get; }

    public IPortalTokenStore PortalTokens { get; }

    public IDeliveryStore Deliveries { get; }

    public ITicketStore Tickets { get; }

    public IPrivacyStore Privacy { get; }

    public IRetentionStore Retention { get; }

    internal MemoryTickets Lines { get; }

    /// <summary>Held for every look at the store's state and every change of it; never across an await.</summary>
    internal Lock Gate { get; } = new();

    public Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        lock (Gate)
        {
            foreach (MemoryWorkspace workspace in _workspaces)
            {
                workspace.Writer.Dispose();
            }

            _workspaces.Clear();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The store's clock in whole microseconds; it never runs back. Under the gate.</summary>
    internal Instant Now()
    {
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(_time.GetUtcNow()));
        _clock = now > _clock ? now : _clock;
        return _clock;
    }

    private Instant LockedNow()
    {
        lock (Gate)
        {
            return Now();
        }
    }

    /// <summary>Every workspace in the order of its making. Under the gate.</summary>
    internal IReadOnlyList<MemoryWorkspace> All() => _workspaces;

    internal MemoryWorkspace Of(WorkspaceId id) => id.Value >= 1 && id.Value <= _workspaces.Count
        ? _workspaces[id.Value - 1]
        : throw new InvalidOperationException($"There is no workspace {id.Value} in this store.");

    internal Workspace Add(string key, string? name, string timeZone)
    {
        Workspace workspace = new(new WorkspaceId(_workspaces.Count + 1), key, name, timeZone, Now());
        _workspaces.Add(new MemoryWorkspace(workspace));
        return workspace;
    }
}
