using NodaTime;

using Npgsql;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlWorkspaces(Database database) : IWorkspaceStore
{
    /// <summary>No workspace has this number: the table of workspaces is the one that needs none.</summary>
    private static readonly WorkspaceId s_none = new(0);

    public async ValueTask<Workspace?> FindAsync(string key, CancellationToken cancellationToken) =>
        await database.FindAsync(s_none, "Access/FindWorkspace", Read, cancellationToken, Value.Text(key));

    public async ValueTask<IReadOnlyList<Workspace>> ListAsync(CancellationToken cancellationToken) =>
        await database.ListAsync(s_none, "Access/ListWorkspaces", Read, cancellationToken);

    public ValueTask<Workspace?> CreateAsync(string key, string? name, string timeZone, AuditEntry audit, CancellationToken cancellationToken) =>
        database.WriteAsync<Workspace?>(
            s_none,
            async session =>
            {
                Instant now = await session.NowAsync();
                if (await session.FindAsync("Access/InsertWorkspace", Read, Value.Text(key), Value.Text(name), Value.Text(timeZone), Value.Time(now)) is not { } workspace)
                {
                    return null;
                }

                Session own = session.Of(workspace.Id);
                await own.RunAllAsync([own.EnterCommand(), own.Own("Access/InsertWorkspaceState"), AccountRows.InsertHeads(own, [workspace.NewHead()])]);
                await AuditRows.AppendAsync(own, now, [audit]);
                return workspace;
            },
            cancellationToken);

    private static Workspace Read(NpgsqlDataReader row) => new(new WorkspaceId(row.Int(0)), row.Text(1), row.TextOrNull(2), row.Text(3), row.Time(4));
}
