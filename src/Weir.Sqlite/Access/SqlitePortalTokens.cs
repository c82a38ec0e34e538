using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqlitePortalTokens(Writer writer, ReaderPool readers, LedgerMemory memory) : IPortalTokenStore
{
    public ValueTask<PortalToken?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => Find(connection, workspace, id), cancellationToken);

    public ValueTask<IReadOnlyList<PortalToken>> ListAsync(WorkspaceId workspace, PortalTokenFilter filter, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<PortalToken>>(
            connection => ReadAll(connection.Prepared("Access/ListPortalTokens").Bind(1, workspace.Value).Bind(2, filter.Account)
                .Bind(3, filter.Before is { } before ? Clock.ToMicros(before.CreatedAt) : null).Bind(4, filter.Before?.Id).Bind(5, filter.Limit)),
            cancellationToken);

    public ValueTask<bool> AddAsync(WorkspaceId workspace, PortalToken token, Instant forgetBefore, AuditEntry audit, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                if (ErasureRows.HasErased(connection, workspace.Value, token.Account))
                {
                    return false;
                }

                connection.Prepared("Access/ForgetPortalTokens").Bind(1, workspace.Value).Bind(2, Clock.ToMicros(forgetBefore)).Run();
                connection.Prepared("Access/InsertPortalToken").Bind(1, workspace.Value).Bind(2, token.Id).Bind(3, token.Account).Bind(4, token.User).Bind(5, token.Hash)
                    .Bind(6, Clock.ToMicros(token.CreatedAt)).Bind(7, Clock.ToMicros(token.ExpiresAt)).Bind(8, token.RevokedAt is { } at ? Clock.ToMicros(at) : null).Run();
                AuditRows.Append(connection, workspace.Value, memory.Now(), audit);
                return true;
            },
            cancellationToken);

    public ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, AuditEntry audit, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                Instant now = memory.Now();
                if (connection.Prepared("Access/RevokePortalToken").Bind(1, workspace.Value).Bind(2, id).Bind(3, Clock.ToMicros(now)).Scalar() is not null)
                {
                    AuditRows.Append(connection, workspace.Value, now, audit);
                    return true;
                }

                return Find(connection, workspace, id) is not null;
            },
            cancellationToken);

    private static PortalToken? Find(Connection connection, WorkspaceId workspace, string id) =>
        ReadAll(connection.Prepared("Access/FindPortalToken").Bind(1, workspace.Value).Bind(2, id)).FirstOrDefault();

    private static List<PortalToken> ReadAll(Statement rows)
    {
        List<PortalToken> tokens = [];
        while (rows.Step())
        {
            tokens.Add(new PortalToken(rows.Text(0), rows.Int64(1), rows.TextOrNull(2), rows.Sha256(3), Clock.FromMicros(rows.Int64(4)), Clock.FromMicros(rows.Int64(5)),
                rows.Int64OrNull(6) is { } at ? Clock.FromMicros(at) : null));
        }

        return tokens;
    }
}
