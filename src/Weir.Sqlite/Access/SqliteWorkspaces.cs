using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteWorkspaces(Writer writer, ReaderPool readers, LedgerMemory memory) : IWorkspaceStore
{
    public ValueTask<Workspace?> FindAsync(string key, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => ReadAll(connection.Prepared("Access/FindWorkspace").Bind(1, key)).FirstOrDefault(), cancellationToken);

    public ValueTask<IReadOnlyList<Workspace>> ListAsync(CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<Workspace>>(connection => ReadAll(connection.Prepared("Access/ListWorkspaces")), cancellationToken);

    public ValueTask<Workspace?> CreateAsync(string key, string? name, string timeZone, AuditEntry audit, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                Instant now = memory.Now();
                Statement insert = connection.Prepared("Access/InsertWorkspace").Bind(1, key).Bind(2, name).Bind(3, timeZone).Bind(4, Clock.ToMicros(now));
                if (insert.Scalar() is not { } id)
                {
                    return null;
                }

                Workspace workspace = new(new WorkspaceId((int)id), key, name, timeZone, now);
                AccountRows.InsertHead(connection, workspace.Id.Value, workspace.NewHead());
                AuditRows.Append(connection, workspace.Id.Value, now, audit);
                return workspace;
            },
            cancellationToken);

    private static List<Workspace> ReadAll(Statement rows)
    {
        List<Workspace> workspaces = [];
        while (rows.Step())
        {
            workspaces.Add(new Workspace(new WorkspaceId(rows.Int32(0)), rows.Text(1), rows.TextOrNull(2), rows.Text(3), Clock.FromMicros(rows.Int64(4))));
        }

        return workspaces;
    }
}
