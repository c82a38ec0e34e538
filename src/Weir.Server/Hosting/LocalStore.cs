using System.CommandLine;

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

    /// <summary>Opens what the options of a command name: a database, or a folder.</summary>
    /// <inheritdoc cref="OpenAsync(string, string, bool, CancellationToken)"/>
    public static Task<LocalStore> OpenAsync(ParseResult parsed, Option<string?> postgres, Option<string> data, string workspace, bool readOnly, CancellationToken cancellationToken) =>
        PostgreSqlConnection.Read(parsed, postgres, data, insecureOwner: false) is { } database
            ? OpenAsync(database, workspace, cancellationToken)
            : OpenAsync(parsed.GetRequiredValue(data), workspace, readOnly, cancellationToken);

    /// <summary>Does something to the workspace that an option names, or to each where it names none; whether it went well for all.</summary>
    public static async Task<bool> ForEachAsync(
        ParseResult parsed, Option<string?> postgres, Option<string> data, Option<string?> workspace, bool readOnly, Func<IServiceProvider, Workspace, Task<bool>> work, CancellationToken cancellationToken)
    {
        await using LocalStore local = await OpenAsync(parsed, postgres, data, parsed.GetValue(workspace) ?? Weir.Workspace.DefaultKey, readOnly, cancellationToken);
        IReadOnlyList<Workspace> workspaces = parsed.GetValue(workspace) is null
            ? await local.Services.GetRequiredService<IWeirStore>().Workspaces.ListAsync(cancellationToken)
            : [local.Workspace];
        bool good = true;
        foreach (Workspace each in workspaces)
        {
            good &= await work(local.Services, each);
        }

        return good;
    }

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
