namespace Weir;

/// <summary>
/// Everything that Weir keeps, a contract for each capability. Every store passes the same compliance suite. All members may be called
/// from any thread; every call names its workspace and sees nothing of another.
/// </summary>
public interface IWeirStore : IAsyncDisposable
{
    IWorkspaceStore Workspaces { get; }

    IKeyStore Keys { get; }

    ICatalogStore Catalogs { get; }

    IAccountStore Accounts { get; }

    ILedgerStore Ledger { get; }

    ISummaryStore Summaries { get; }

    IPeriodStore Periods { get; }

    IScheduledJobStore ScheduledJobs { get; }

    INotificationStore Notifications { get; }

    IAlertStore Alerts { get; }

    IAuditStore Audit { get; }

    IPortalTokenStore PortalTokens { get; }

    IDeliveryStore Deliveries { get; }

    ITicketStore Tickets { get; }

    IPrivacyStore Privacy { get; }

    IRetentionStore Retention { get; }

    /// <summary>Whether what is remembered of the store still stands. Without one of its own a store belongs to one process.</summary>
    IChangeWatch Changes => NoOtherNodes.Instance;

    /// <summary>
    /// How many batches the writer may have under way at once. More than one pays where a transaction waits for the network or for a server's
    /// disk while others could work; a store with one writer at a time has one.
    /// </summary>
    int MostBatches => 1;

    /// <summary>
    /// Everything as it stands at this moment, to be read for as long as it takes while others go on writing; it writes nothing. Null for a
    /// store that has no such look, and keeps writers away with <see cref="ILedgerStore.BeginAsync"/>.
    /// </summary>
    ValueTask<IWeirStore?> LookAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IWeirStore?>(null);

    /// <summary>Opens the store and brings its schema up to date. Called once, before anything else.</summary>
    /// <exception cref="StoreUnavailableException">Another process holds it, or it cannot be read or written; the message says what to do.</exception>
    Task OpenAsync(CancellationToken cancellationToken);
}

/// <summary>The store cannot be used now. Nothing that was acknowledged is lost; what was in flight is repeated with the same ids.</summary>
public sealed class StoreUnavailableException : Exception
{
    public StoreUnavailableException(string message)
        : base(message)
    {
    }

    public StoreUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public StoreUnavailableException()
    {
    }
}

/// <summary>
/// The store's own rules refuse something that a transaction wants to write, as a constraint that an operator has added. Nothing of the
/// transaction stands; what else was in it may be written without that.
/// </summary>
public sealed class StoreRefusedException : Exception
{
    public StoreRefusedException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public StoreRefusedException(string message)
        : base(message)
    {
    }

    public StoreRefusedException()
    {
    }
}

/// <summary>
/// A transaction lost against another one, as where two lock each other out. Nothing of it stands, and it is decided again with the same ids.
/// </summary>
public sealed class StoreConflictException : Exception
{
    public StoreConflictException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public StoreConflictException(string message)
        : base(message)
    {
    }

    public StoreConflictException()
    {
    }
}
