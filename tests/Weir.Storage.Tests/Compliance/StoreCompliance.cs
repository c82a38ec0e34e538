using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>
/// What every store does. A store's own class derives from this and names the store; the tests know the contracts only.
/// </summary>
public abstract partial class StoreCompliance : IAsyncLifetime
{
    private IWeirStore? _store;

    protected FakeClock Time { get; } = new(Sample.Start);

    private protected IWeirStore Store => _store ?? throw new InvalidOperationException("The store is not open.");

    /// <summary>The workspace that most tests work in.</summary>
    protected WorkspaceId Own { get; private set; }

    private protected ILedgerStore Ledger => Store.Ledger;

    private static CancellationToken None => CancellationToken.None;

    public async ValueTask InitializeAsync()
    {
        _store = NewStore(Time);
        await _store.OpenAsync(None);
        Own = await NewWorkspaceAsync("own");
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        Clean();
        GC.SuppressFinalize(this);
    }

    /// <summary>A new, empty store; it is opened by the suite.</summary>
    protected abstract IWeirStore NewStore(TimeProvider time);

    /// <summary>Removes what the store left behind, after it has been disposed.</summary>
    protected virtual void Clean()
    {
    }

    private protected async Task<WorkspaceId> NewWorkspaceAsync(string key) =>
        (await Store.Workspaces.CreateAsync(key, null, "UTC", None) ?? throw new InvalidOperationException("The workspace exists.")).Id;

    private protected Task CreateAsync(params NewAccount[] accounts) => Ledger.CreateAccountsAsync(Own, accounts, None).AsTask();

    private protected Task CreateAcmeAsync() => CreateAsync(Sample.New("acme", Sample.AcmeId));

    /// <summary>Writes in a transaction of its own and commits.</summary>
    private protected async Task<IReadOnlyList<long>> WriteAsync(LedgerWrites writes, WorkspaceId? workspace = null)
    {
        await using ILedgerTransaction transaction = await Ledger.BeginAsync(workspace ?? Own, None);
        LedgerSnapshot snapshot = await transaction.LoadAsync(new LedgerLoad { Accounts = [.. writes.Accounts.Where(a => a.Key is not null).Select(a => a.Key!.Value)] }, None);
        Assert.True(await transaction.WriteAsync(writes, None), "An id is taken.");
        await transaction.CommitAsync(None);
        return [.. writes.Rows.Select((_, index) => snapshot.NextSequence + index)];
    }

    private protected Task<IReadOnlyList<long>> RecordAsync(params LedgerRow[] rows) => WriteAsync(new LedgerWrites { Rows = rows });

    private protected async Task<LedgerSnapshot> LoadAsync(LedgerLoad load, WorkspaceId? workspace = null)
    {
        await using ILedgerTransaction transaction = await Ledger.BeginAsync(workspace ?? Own, None);
        return await transaction.LoadAsync(load, None);
    }

    private protected static async Task<List<T>> AllAsync<T>(IAsyncEnumerable<T> items)
    {
        List<T> all = [];
        await foreach (T item in items)
        {
            all.Add(item);
        }

        return all;
    }

    private protected static void Same(object? expected, object? actual) => Assert.Equal(Dump.Of(expected), Dump.Of(actual));
}
