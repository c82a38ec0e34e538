namespace Weir;

internal sealed class MemoryWorkspaces(MemoryStore store) : IWorkspaceStore
{
    public ValueTask<Workspace?> FindAsync(string key, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.All().FirstOrDefault(workspace => workspace.Workspace.Key == key)?.Workspace);
        }
    }

    public ValueTask<IReadOnlyList<Workspace>> ListAsync(CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult<IReadOnlyList<Workspace>>([.. store.All().Select(workspace => workspace.Workspace)]);
        }
    }

    public ValueTask<Workspace?> CreateAsync(string key, string? name, string timeZone, AuditEntry audit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            if (store.All().Any(workspace => workspace.Workspace.Key == key))
            {
                return ValueTask.FromResult<Workspace?>(null);
            }

            Workspace added = store.Add(key, name, timeZone);
            store.Of(added.Id).Add(audit, added.CreatedAt);
            return ValueTask.FromResult<Workspace?>(added);
        }
    }
}

internal sealed class MemoryKeys(MemoryStore store) : IKeyStore
{
    public ValueTask<ApiKey?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).Keys.GetValueOrDefault(id));
        }
    }

    public ValueTask<IReadOnlyList<ApiKey>> ListAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult<IReadOnlyList<ApiKey>>([.. store.Of(workspace).Keys.Values.OrderBy(key => key.CreatedAt).ThenBy(key => key.Id, StringComparer.Ordinal)]);
        }
    }

    public ValueTask AddAsync(WorkspaceId workspace, ApiKey key, AuditEntry audit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            found.Keys.Add(key.Id, key);
            found.Add(audit, store.Now());
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, AuditEntry audit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            if (!found.Keys.TryGetValue(id, out ApiKey? key))
            {
                return ValueTask.FromResult(false);
            }

            if (key.RevokedAt is null)
            {
                found.Keys[id] = key with { RevokedAt = store.Now() };
                found.Add(audit, store.Now());
            }

            return ValueTask.FromResult(true);
        }
    }
}
