namespace Weir;

internal sealed class MemoryCatalogs(MemoryStore store) : ICatalogStore
{
    public ValueTask<int> ActiveVersionAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).ActiveCatalog);
        }
    }

    public ValueTask<CatalogVersion?> FindAsync(WorkspaceId workspace, int version, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).Catalogs.Find(stored => stored.Version == version));
        }
    }

    public ValueTask<IReadOnlyList<CatalogVersion>> ListAsync(WorkspaceId workspace, bool withDocuments, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            IEnumerable<CatalogVersion> newestFirst = Enumerable.Reverse(store.Of(workspace).Catalogs);
            return ValueTask.FromResult<IReadOnlyList<CatalogVersion>>([.. newestFirst.Select(stored => withDocuments ? stored : stored with { Document = "" })]);
        }
    }

    public ValueTask<int?> AddAsync(
        WorkspaceId workspace, string document, CatalogFormat format, string? actor, int expectedActive, Func<int, AuditEntry> audit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            if (found.ActiveCatalog != expectedActive)
            {
                return ValueTask.FromResult<int?>(null);
            }

            int version = found.Catalogs.Count + 1;
            found.Catalogs.Add(new CatalogVersion(version, document, format, store.Now(), actor));
            found.ActiveCatalog = version;
            found.Add(audit(version), store.Now());
            return ValueTask.FromResult<int?>(version);
        }
    }

    public ValueTask<bool> ActivateAsync(WorkspaceId workspace, int version, int expectedActive, AuditEntry audit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            if (found.ActiveCatalog != expectedActive || version < 1 || version > found.Catalogs.Count)
            {
                return ValueTask.FromResult(false);
            }

            found.ActiveCatalog = version;
            found.Add(audit, store.Now());
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask RedactAsync(WorkspaceId workspace, int version, string document, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            List<CatalogVersion> versions = store.Of(workspace).Catalogs;
            int place = versions.FindIndex(stored => stored.Version == version);
            if (place >= 0)
            {
                versions[place] = versions[place] with { Document = document };
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<CatalogUse> ReadUseAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            return ValueTask.FromResult(new CatalogUse(
                found.Accounts.Values.SelectMany(account => account.Head.PlansFrom(store.Now())).ToHashSet(StringComparer.Ordinal),
                found.MetersInUse.ToHashSet(StringComparer.Ordinal)));
        }
    }
}
