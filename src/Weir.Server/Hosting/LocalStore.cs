using Weir.PostgreSql;
using Weir.Sqlite;

namespace Weir.Server;

/// <summary>The folder or the database of a server, opened by a command in its place.</summary>
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
    public static Task<LocalStore> OpenAsync(string folder, string workspace, bool readOnly, CancellationToken cancellationToken)
    {
        string file = DataFolder.ExistingFileIn(folder);
        return OpenAsync(weir => weir.AddSqlite(new SqliteStoreOptions { Path = file, ReadOnly = readOnly }), "folder", workspace, cancellationToken);
    }

    /// <summary>Opens the database beside the nodes that serve from it.</summary>
    /// <exception cref="CommandException">There is no such workspace.</exception>
    /// <exception cref="StoreUnavailableException">The database cannot be reached, or is not safe to work on.</exception>
    public static Task<LocalStore> OpenAsync(PostgreSqlStoreOptions database, string workspace, CancellationToken cancellationToken) =>
        OpenAsync(weir => weir.AddPostgreSql(database), "database", workspace, cancellationToken);

    private static async Task<LocalStore> OpenAsync(Action<WeirBuilder> addStore, string place, string workspace, CancellationToken cancellationToken)
    {
        ServiceCollection services = new();
        services.AddLogging();
        addStore(services.AddWeir());
        ServiceProvider provider = services.BuildServiceProvider();
        try
        {
            IWeirStore store = provider.GetRequiredService<IWeirStore>();
            await store.OpenAsync(cancellationToken);
            Workspace found = await store.Workspaces.FindAsync(workspace, cancellationToken) ?? throw new CommandException(
                $"The {place} has no workspace '{workspace}'; it has {string.Join(", ", (await store.Workspaces.ListAsync(cancellationToken)).Select(w => w.Key))}.");
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
