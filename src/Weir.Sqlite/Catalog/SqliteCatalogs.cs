using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteCatalogs(Writer writer, ReaderPool readers, LedgerMemory memory) : ICatalogStore
{
    public ValueTask<int> ActiveVersionAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        memory.ActiveCatalogOf(workspace.Value) is { } known ? ValueTask.FromResult(known) : ReadActiveAsync(workspace, cancellationToken);

    public ValueTask<CatalogVersion?> FindAsync(WorkspaceId workspace, int version, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => ReadAll(connection.Prepared("Catalog/FindVersion").Bind(1, workspace.Value).Bind(2, version)).FirstOrDefault(), cancellationToken);

    public ValueTask<IReadOnlyList<CatalogVersion>> ListAsync(WorkspaceId workspace, bool withDocuments, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<CatalogVersion>>(
            connection => ReadAll(connection.Prepared("Catalog/ListVersions").Bind(1, workspace.Value).Bind(2, withDocuments)), cancellationToken);

    public ValueTask<int?> AddAsync(
        WorkspaceId workspace, string document, CatalogFormat format, string? actor, int expectedActive, Func<int, AuditEntry> audit, CancellationToken cancellationToken) =>
        writer.WriteAsync<int?>(
            connection =>
            {
                if (Active(connection, workspace) != expectedActive)
                {
                    return null;
                }

                int version = (int)connection.Prepared("Catalog/InsertVersion").Bind(1, workspace.Value).Bind(2, (long)format)
                    .Bind(3, Clock.ToMicros(memory.Now())).Bind(4, actor).Bind(5, document).Scalar()!.Value;
                return Activate(connection, workspace, version, expectedActive, audit(version)) ? version : null;
            },
            cancellationToken,
            added => Remember(workspace, added));

    public ValueTask<bool> ActivateAsync(WorkspaceId workspace, int version, int expectedActive, AuditEntry audit, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => Activate(connection, workspace, version, expectedActive, audit), cancellationToken, activated => Remember(workspace, activated ? version : null));

    public async ValueTask RedactAsync(WorkspaceId workspace, int version, string document, CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                connection.Prepared("Catalog/RedactVersion").Bind(1, workspace.Value).Bind(2, version).Bind(3, document).Run();
                ErasureRows.WriteAnew(connection, "catalog_versions", "workspace, version");
                return true;
            },
            cancellationToken);

    public ValueTask<CatalogUse> ReadUseAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync(
            connection => new CatalogUse(
                Texts(connection.Prepared("Catalog/UsedPlans").Bind(1, workspace.Value).Bind(2, Clock.ToMicros(memory.Now()))),
                Texts(connection.Prepared("Catalog/UsedMeters").Bind(1, workspace.Value))),
            cancellationToken);

    private void Remember(WorkspaceId workspace, int? active)
    {
        if (active is { } version)
        {
            memory.SetActiveCatalog(workspace.Value, version);
        }
    }

    private async ValueTask<int> ReadActiveAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        int version = await readers.ReadAsync(connection => Active(connection, workspace), cancellationToken);
        memory.FoundActiveCatalog(workspace.Value, version);
        return version;
    }

    private static int Active(Connection connection, WorkspaceId workspace) =>
        (int)(connection.Prepared("Access/ReadActiveCatalog").Bind(1, workspace.Value).Scalar()
            ?? throw new InvalidOperationException($"There is no workspace {workspace.Value} in this store."));

    private bool Activate(Connection connection, WorkspaceId workspace, int version, int expectedActive, AuditEntry audit)
    {
        bool activated = connection.Prepared("Catalog/ActivateVersion").Bind(1, workspace.Value).Bind(2, version).Bind(3, expectedActive).Scalar() is not null;
        if (activated)
        {
            AuditRows.Append(connection, workspace.Value, memory.Now(), audit);
        }

        return activated;
    }

    private static HashSet<string> Texts(Statement rows)
    {
        HashSet<string> texts = new(StringComparer.Ordinal);
        while (rows.Step())
        {
            texts.Add(rows.Text(0));
        }

        return texts;
    }

    private static List<CatalogVersion> ReadAll(Statement rows)
    {
        List<CatalogVersion> versions = [];
        while (rows.Step())
        {
            versions.Add(new CatalogVersion(rows.Int32(0), rows.Text(1), (CatalogFormat)rows.Int32(2), Clock.FromMicros(rows.Int64(3)), rows.TextOrNull(4)));
        }

        return versions;
    }
}
