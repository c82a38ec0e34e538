using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteKeys(Writer writer, ReaderPool readers, LedgerMemory memory) : IKeyStore
{
    public ValueTask<ApiKey?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => ReadAll(connection.Prepared("Access/FindKey").Bind(1, workspace.Value).Bind(2, id)).FirstOrDefault(), cancellationToken);

    public ValueTask<IReadOnlyList<ApiKey>> ListAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<ApiKey>>(connection => ReadAll(connection.Prepared("Access/ListKeys").Bind(1, workspace.Value)), cancellationToken);

    public async ValueTask AddAsync(WorkspaceId workspace, ApiKey key, CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                connection.Prepared("Access/InsertKey").Bind(1, workspace.Value).Bind(2, key.Id).Bind(3, key.Name).Bind(4, key.Live).Bind(5, (long)key.Scopes)
                    .Bind(6, key.Hash).Bind(7, Clock.ToMicros(key.CreatedAt)).Bind(8, key.RevokedAt is { } at ? Clock.ToMicros(at) : null).Run();
                return true;
            },
            cancellationToken);

    public ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => connection.Prepared("Access/RevokeKey").Bind(1, workspace.Value).Bind(2, id).Bind(3, Clock.ToMicros(memory.Now())).Scalar() is not null,
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
