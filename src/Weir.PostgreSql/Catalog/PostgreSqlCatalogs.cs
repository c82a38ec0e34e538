using NodaTime;

using Npgsql;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlCatalogs(Database database, ActiveCatalogs active, ChangeListener changes) : ICatalogStore
{
    public ValueTask<int> ActiveVersionAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        active.Find(workspace.Value) is { } known ? ValueTask.FromResult(known) : ReadActiveAsync(workspace, cancellationToken);

    public ValueTask<CatalogVersion?> FindAsync(WorkspaceId workspace, int version, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Catalog/FindVersion", Read, cancellationToken, Value.Int(version));

    public async ValueTask<IReadOnlyList<CatalogVersion>> ListAsync(WorkspaceId workspace, bool withDocuments, CancellationToken cancellationToken) =>
        await database.ListAsync(workspace, "Catalog/ListVersions", Read, cancellationToken, Value.Bool(withDocuments));

    public async ValueTask<int?> AddAsync(
        WorkspaceId workspace, string document, CatalogFormat format, string? actor, int expectedActive, Func<int, AuditEntry> audit, CancellationToken cancellationToken)
    {
        int? added = await database.WriteAsync<int?>(
            workspace,
            async session =>
            {
                // The lock makes the next version one node's.
                if (await session.FindAsync("Catalog/LockActive", row => (int?)row.Int(0)) is var found && (found ?? throw AccountRows.NoWorkspace(workspace.Value)) != expectedActive)
                {
                    return null;
                }

                Instant now = await session.NowAsync();
                int version = await session.FindAsync("Catalog/InsertVersion", row => row.Int(0), Value.Int((int)format), Value.Time(now), Value.Text(actor), Value.Text(document));
                return await ActivateAsync(session, version, expectedActive, audit(version), now) ? version : null;
            },
            cancellationToken);
        Remember(workspace, added);
        return added;
    }

    public async ValueTask<bool> ActivateAsync(WorkspaceId workspace, int version, int expectedActive, AuditEntry audit, CancellationToken cancellationToken)
    {
        bool activated = await database.WriteAsync(
            workspace, async session => await ActivateAsync(session, version, expectedActive, audit, await session.NowAsync()), cancellationToken);
        Remember(workspace, activated ? version : null);
        return activated;
    }

    public async ValueTask RedactAsync(WorkspaceId workspace, int version, string document, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            workspace,
            async session =>
            {
                await session.TellAsync(Remembered.Catalog);
                return await session.RunAsync("Catalog/RedactVersion", Value.Int(version), Value.Text(document));
            },
            cancellationToken);

    public ValueTask<CatalogUse> ReadUseAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        database.ReadAsync(
            workspace,
            async session => new CatalogUse(
                (await session.ListAsync("Catalog/UsedPlans", row => row.Text(0), Value.Time(await session.NowAsync()))).ToHashSet(StringComparer.Ordinal),
                (await session.ListAsync("Catalog/UsedMeters", row => row.Text(0))).ToHashSet(StringComparer.Ordinal)),
            cancellationToken);

    private static async Task<bool> ActivateAsync(Session session, int version, int expectedActive, AuditEntry audit, Instant now)
    {
        if (await session.RunAsync("Catalog/ActivateVersion", Value.Int(version), Value.Int(expectedActive)) == 0)
        {
            return false;
        }

        await AuditRows.AppendAsync(session, now, [audit]);
        await session.TellAsync(Remembered.Catalog);
        return true;
    }

    private void Remember(WorkspaceId workspace, int? version)
    {
        if (version is { } now)
        {
            changes.Changed(workspace, Remembered.Catalog);
            active.Saw(workspace.Value, now, new Freshness(TimeProvider.System.GetTimestamp(), null));
        }
    }

    private async ValueTask<int> ReadActiveAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        Freshness freshness = active.Now(workspace.Value);
        int version = await database.FindAsync(workspace, "Catalog/ReadActive", row => (int?)row.Int(0), cancellationToken) ?? throw AccountRows.NoWorkspace(workspace.Value);
        active.Saw(workspace.Value, version, freshness);
        return version;
    }

    private static CatalogVersion Read(NpgsqlDataReader row) => new(row.Int(0), row.Text(1), (CatalogFormat)row.Int(2), row.Time(3), row.TextOrNull(4));
}
