namespace Weir.Sqlite;

/// <summary>
/// Everything of a server, or of an application that embeds Weir, in one SQLite file. One process writes it; what it has acknowledged
/// is on the disk.
/// </summary>
public sealed class SqliteStore : IWeirStore
{
    private readonly SqliteStoreOptions _options;
    private readonly ReaderPool _readers;
    private readonly SqliteDeliveries _deliveries;
    private bool _open;

    public SqliteStore(string path, TimeProvider time)
        : this(new SqliteStoreOptions { Path = path }, time)
    {
    }

    public SqliteStore(SqliteStoreOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        LedgerMemory memory = Memory = new LedgerMemory(options, time);
        Writer = new Writer(options, time, memory);
        _readers = new ReaderPool(options.Path, options.Readers, pinned: options.ReadOnly);
        Overlay overlay = new(_readers, memory, options.ReadOnly);
        Workspaces = new SqliteWorkspaces(Writer, _readers, memory);
        Keys = new SqliteKeys(Writer, _readers, memory);
        Catalogs = new SqliteCatalogs(Writer, _readers, memory);
        Accounts = new SqliteAccounts(_readers, memory, overlay);
        Ledger = new SqliteLedger(Writer, _readers, memory, overlay);
        Summaries = new SqliteSummaries(Writer, _readers);
        Notifications = new SqliteNotifications(Writer, _readers);
        Alerts = new SqliteAlerts(Writer, _readers);
        Audit = new SqliteAudit(_readers);
        Periods = new SqlitePeriods(Writer, overlay);
        ScheduledJobs = new SqliteScheduledJobs(Writer, _readers, memory);
        PortalTokens = new SqlitePortalTokens(Writer, _readers, memory);
        Privacy = new SqlitePrivacy(Writer, _readers, memory);
        Retention = new SqliteRetention(Writer, _readers, memory);
        Deliveries = _deliveries = new SqliteDeliveries(Writer, _readers, memory);
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

    public ITicketStore Tickets => Memory.Tickets;

    public IPrivacyStore Privacy { get; }

    public IRetentionStore Retention { get; }

    internal Writer Writer { get; }

    internal LedgerMemory Memory { get; }

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (_options.ReadOnly)
        {
            await OpenReadOnlyAsync(cancellationToken);
            return;
        }

        Writer.Open();
        _open = true;
        await _deliveries.ReleaseClaimsAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _readers.Dispose();
        if (_open)
        {
            _open = false;
            Writer.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private async Task OpenReadOnlyAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(_options.Path))
        {
            throw new StoreUnavailableException($"There is no database '{_options.Path}'.");
        }

        await _readers.ReadAsync(
            connection =>
            {
                Migrations.Verify(connection, _options.Path);
                return true;
            },
            cancellationToken);
    }
}
