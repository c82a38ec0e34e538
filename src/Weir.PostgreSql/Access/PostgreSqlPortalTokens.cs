using NodaTime;

using Npgsql;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlPortalTokens(Database database) : IPortalTokenStore
{
    public async ValueTask<PortalToken?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        await database.FindAsync(workspace, "Access/FindPortalToken", Read, cancellationToken, Value.Text(id));

    public async ValueTask<IReadOnlyList<PortalToken>> ListAsync(WorkspaceId workspace, PortalTokenFilter filter, CancellationToken cancellationToken) =>
        await database.ListAsync(
            workspace, "Access/ListPortalTokens", Read, cancellationToken,
            Value.Long(filter.Account), Value.Time(filter.Before?.CreatedAt), Value.Text(filter.Before?.Id), Value.Int(filter.Limit));

    public ValueTask<bool> AddAsync(WorkspaceId workspace, PortalToken token, Instant forgetBefore, AuditEntry audit, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                if (await ErasureRows.HasErasedAsync(session, token.Account))
                {
                    return false;
                }

                await session.RunAllAsync(
                [
                    session.Own("Access/ForgetPortalTokens", Value.Time(forgetBefore)),
                    session.Own(
                        "Access/InsertPortalToken", Value.Text(token.Id), Value.Long(token.Account), Value.Text(token.User), Value.Digest(token.Hash),
                        Value.Time(token.CreatedAt), Value.Time(token.ExpiresAt), Value.Time(token.RevokedAt)),
                ]);
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
                if (await session.RunAsync("Access/RevokePortalToken", Value.Text(id), Value.Time(now)) > 0)
                {
                    await AuditRows.AppendAsync(session, now, [audit]);
                    await session.TellAsync(Remembered.Keys);
                    return true;
                }

                return await session.FindAsync("Access/FindPortalToken", Read, Value.Text(id)) is not null;
            },
            cancellationToken);

    private static PortalToken Read(NpgsqlDataReader row) =>
        new(row.Text(0), row.Long(1), row.TextOrNull(2), row.Sha256(3), row.Time(4), row.Time(5), row.TimeOrNull(6));
}
