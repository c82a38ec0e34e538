using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteKeys(Writer writer, ReaderPool readers, LedgerMemory memory) : IKeyStore
{
    public ValueTask<ApiKey?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => ReadAll(connection.Prepared("Access/FindKey").Bind(1, workspace.Value).Bind(2, id)).FirstOrDefault(), cancellationToken);

    public ValueTask<IReadOnlyList<ApiKey>> ListAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<ApiKey>>(connection => ReadAll(connection.Prepared("Access/ListKeys").Bind(1, workspace.Value)), cancellationToken);

    public async ValueTask AddAsync(WorkspaceId workspace, ApiKey key, AuditEntry audit, CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                connection.Prepared("Access/InsertKey").Bind(1, workspace.Value).Bind(2, key.Id).Bind(3, key.Name).Bind(4, key.Live).Bind(5, (long)key.Scopes)
                    .Bind(6, key.Hash).Bind(7, Clock.ToMicros(key.CreatedAt)).Bind(8, key.RevokedAt is { } at ? Clock.ToMicros(at) : null).Run();
                AuditRows.Append(connection, workspace.Value, memory.Now(), audit);
                return true;
            },
            cancellationToken);

    public ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, AuditEntry audit, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                Instant now = memory.Now();
                if (connection.Prepared("Access/RevokeKey").Bind(1, workspace.Value).Bind(2, id).Bind(3, Clock.ToMicros(now)).Scalar() is not null)
                {
                    AuditRows.Append(connection, workspace.Value, now, audit);
                    return true;
                }

                return ReadAll(connection.Prepared("Access/FindKey").Bind(1, workspace.Value).Bind(2, id)).Count > 0;
            },
            cancellationToken);

    private static List<ApiKey> ReadAll(Statement rows)
    {
        List<ApiKey> keys = [];
        while (rows.Step())
        {
            keys.Add(new ApiKey(rows.Text(0), rows.Text(1), rows.Int64(2) != 0, (KeyScopes)rows.Int32(3), rows.Sha256(4), Clock.FromMicros(rows.Int64(5)),
                rows.Int64OrNull(6) is { } at ? Clock.FromMicros(at) : null));
        }

        return keys;
    }
}
