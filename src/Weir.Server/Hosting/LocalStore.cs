using Weir.Sqlite;

namespace Weir.Server;

/// <summary>The folder of a server, opened by a command in its place.</summary>
internal sealed class LocalStore : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private LocalStore(ServiceProvider services, Workspace workspace)
    {
        _services = services;
        Workspace = workspace;
    }

    public Workspace Workspace { get; }

    public IServiceProvider Services => _services;

    /// <param name="readOnly">Works also while a server runs on the folder.</param>
    /// <exception cref="CommandException">There is no such data or workspace.</exception>
    /// <exception cref="StoreUnavailableException">A server runs on it.</exception>
    public static async Task<LocalStore> OpenAsync(string folder, string workspace, bool readOnly, CancellationToken cancellationToken)
    {
        string file = DataFolder.ExistingFileIn(folder);
        ServiceCollection services = new();
        services.AddLogging();
        services.AddWeir().AddSqlite(new SqliteStoreOptions { Path = file, ReadOnly = readOnly });
        ServiceProvider provider = services.BuildServiceProvider();
        try
        {
            IWeirStore store = provider.GetRequiredService<IWeirStore>();
            await store.OpenAsync(cancellationToken);
            Workspace found = await store.Workspaces.FindAsync(workspace, cancellationToken) ?? throw new CommandException(
                $"The folder has no workspace '{workspace}'; it has {string.Join(", ", (await store.Workspaces.ListAsync(cancellationToken)).Select(w => w.Key))}.");
            return new LocalStore(provider, found);
        }
        catch
        {
            await provider.DisposeAsync();
            throw;
        }
    }

    /// <summary>The writer ends before the store is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _services.GetRequiredService<GroupCommit>().StopAsync();
        await _services.DisposeAsync();
    }
}
