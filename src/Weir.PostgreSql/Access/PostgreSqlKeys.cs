using NodaTime;

using Npgsql;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlKeys(Database database) : IKeyStore
{
    public async ValueTask<ApiKey?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        await database.FindAsync(workspace, "Access/FindKey", Read, cancellationToken, Value.Text(id));

    public async ValueTask<IReadOnlyList<ApiKey>> ListAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        await database.ListAsync(workspace, "Access/ListKeys", Read, cancellationToken);

    public async ValueTask AddAsync(WorkspaceId workspace, ApiKey key, AuditEntry audit, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            workspace,
            async session =>
            {
                await session.RunAsync(
                    "Access/InsertKey", Value.Text(key.Id), Value.Text(key.Name), Value.Bool(key.Live), Value.Int((int)key.Scopes), Value.Digest(key.Hash),
                    Value.Time(key.CreatedAt), Value.Time(key.RevokedAt));
                await AuditRows.AppendAsync(session, await session.NowAsync(), [audit]);
                return true;
            },
            cancellationToken);

    public ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, AuditEntry audit, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                Instant now = await session.NowAsync();
                if (await session.RunAsync("Access/RevokeKey", Value.Text(id), Value.Time(now)) > 0)
                {
                    await AuditRows.AppendAsync(session, now, [audit]);
                    await session.TellAsync(Remembered.Keys);
                    return true;
                }

                return await session.FindAsync("Access/FindKey", Read, Value.Text(id)) is not null;
            },
            cancellationToken);

    private static ApiKey Read(NpgsqlDataReader row) =>
        new(row.Text(0), row.Text(1), row.GetBoolean(2), (KeyScopes)row.Int(3), row.Sha256(4), row.Time(5), row.TimeOrNull(6));
}
