using Microsoft.Extensions.Hosting;

namespace Weir;

/// <summary>
/// Opens the store before anything is served, and stops the writer after everything that was accepted has been answered.
/// </summary>
public sealed class StoreLifetime : IHostedLifecycleService
{
    private readonly IWeirStore _store;
    private readonly CatalogService _catalogs;
    private readonly WeirOptions _options;
    private readonly GroupCommit _commits;

    public StoreLifetime(IWeirStore store, CatalogService catalogs, WeirOptions options, GroupCommit commits)
    {
        _store = store;
        _catalogs = catalogs;
        _options = options;
        _commits = commits;
    }

    /// <summary>The workspace of embedded use, known once the store is open.</summary>
    public Workspace Default { get; private set; } = null!;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await _store.OpenAsync(cancellationToken);
        Default = await _store.Workspaces.FindAsync(Workspace.DefaultKey, cancellationToken)
            ?? await _store.Workspaces.CreateAsync(Workspace.DefaultKey, null, "UTC", Workspace.Created(AuditActor.Host, Workspace.DefaultKey, "UTC"), cancellationToken)
            // Another node that starts at the same time was faster.
            ?? await _store.Workspaces.FindAsync(Workspace.DefaultKey, cancellationToken)
            ?? throw new StoreUnavailableException("The workspace 'default' can neither be found nor made.");
        if (_options.CatalogFile is { } file)
        {
            await _catalogs.ApplyFileAsync(Default.Id, file, cancellationToken);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The server has answered its last request by now.</summary>
    public async Task StoppedAsync(CancellationToken cancellationToken) => await _commits.StopAsync();
}
