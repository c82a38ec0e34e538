using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Weir.PostgreSql;

/// <summary>
/// Everything of Weir in a PostgreSQL database (15 or later) that any number of nodes share. What it has acknowledged is committed there.
/// </summary>
public sealed class PostgreSqlStore : IWeirStore
{
    private readonly PostgreSqlStoreOptions _options;
    private readonly Database _database;
    private readonly ILogger _logger;
    private readonly ChangeListener _changes;
    private readonly DatabaseClock _clock = new(TimeProvider.System);

    /// <param name="connectionString">As Npgsql takes it, for the runtime role.</param>
    public PostgreSqlStore(string connectionString)
        : this(new PostgreSqlStoreOptions { ConnectionString = connectionString })
    {
    }

    public PostgreSqlStore(PostgreSqlStoreOptions options, ILogger<PostgreSqlStore>? logger = null)
        : this(options ?? throw new ArgumentNullException(nameof(options)), new Database(options), logger)
    {
    }

    private PostgreSqlStore(PostgreSqlStoreOptions options, Database database, ILogger<PostgreSqlStore>? logger)
    {
        _options = options;
        _database = database;
        _logger = logger ?? NullLogger<PostgreSqlStore>.Instance;
        _changes = new ChangeListener(_database.ConnectionString, _logger);
        ActiveCatalogs active = new(_changes);
        Workspaces = new PostgreSqlWorkspaces(_database);
        Keys = new PostgreSqlKeys(_database);
        Catalogs = new PostgreSqlCatalogs(_database, active, _changes);
        Accounts = new PostgreSqlAccounts(_database);
        Ledger = new PostgreSqlLedger(_database, active);
        Summaries = new PostgreSqlSummaries(_database);
        Periods = new PostgreSqlPeriods(_database);
        ScheduledJobs = new PostgreSqlScheduledJobs(_database);
        Notifications = new PostgreSqlNotifications(_database);
        Alerts = new PostgreSqlAlerts(_database);
        Audit = new PostgreSqlAudit(_database);
        PortalTokens = new PostgreSqlPortalTokens(_database);
        Deliveries = new PostgreSqlDeliveries(_database);
        Tickets = new PostgreSqlTickets(_database);
        Privacy = new PostgreSqlPrivacy(_database);
        Retention = new PostgreSqlRetention(_database);
    }

    /// <summary>The database's time, as this node knows it. Whatever a node shows or plans by time goes by it; decisions read the clock itself.</summary>
    public TimeProvider Clock => _options.Time ?? _clock;

    public IWorkspaceStore Workspaces { get; }

    public IKeyStore Keys { get; }

    public ICatalogStore Catalogs { get; }

    public IAccountStore Accounts { get; }

    public ILedgerStore Ledger { get; }

    public ISummaryStore Summaries { get; }

    public IPeriodStore Periods { get; }

    public IScheduledJobStore ScheduledJobs { get; }

    public INotificationStore Notifications { get; }

    public IAlertStore Alerts { get; }

    public IAuditStore Audit { get; }

    public IPortalTokenStore PortalTokens { get; }

    public IDeliveryStore Deliveries { get; }

    public ITicketStore Tickets { get; }

    public IPrivacyStore Privacy { get; }

    public IRetentionStore Retention { get; }

    public IChangeWatch Changes => _changes;

    /// <summary>A batch may have to read or to make something on a second connection: that it has in common with all who read.</summary>
    public int MostBatches => _options.MostBatches;

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (_options.InsecureOwner)
        {
            await PostgreSqlSchema.MigrateAsync(_options.ConnectionString, null, null, cancellationToken);
        }

        await SelfCheck.RunAsync(_database, _options.InsecureOwner, _logger, cancellationToken);
        await _clock.FollowAsync(_database.ReadClockAsync, cancellationToken);
        _changes.Start();
    }

    public async ValueTask<IWeirStore?> LookAsync(CancellationToken cancellationToken) => new PostgreSqlStore(_options, await Database.FreezeAsync(_options, cancellationToken), null);

    public async ValueTask DisposeAsync()
    {
        await _changes.DisposeAsync();
        await _clock.DisposeAsync();
        await _database.DisposeAsync();
    }
}
