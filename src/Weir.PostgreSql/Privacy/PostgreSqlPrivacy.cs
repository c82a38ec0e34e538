using NodaTime;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlPrivacy(Database database) : IPrivacyStore
{
    public async ValueTask<IReadOnlyList<OpenErasure>> ReadOpenAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        await database.ListAsync(workspace, "Privacy/ReadOpenErasures", row => new OpenErasure(row.Long(0), row.Long(1), row.LongOrNull(2)), cancellationToken);

    public ValueTask<int> EraseNextAsync(WorkspaceId workspace, long erasure, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                // Locked: of several nodes one takes the next part.
                if (await session.FindAsync("Privacy/LockOpenErasure", row => ((long, long?, long)?)(row.Long(0), row.LongOrNull(1), row.Long(2)), Value.Long(erasure)) is not var (account, user, through))
                {
                    return 0;
                }

                List<(long Sequence, long RecordedAt)> next = await session.ListAsync("Privacy/NextEntries", row => (row.Long(0), row.Long(1)), Value.Long(account), Value.Long(through), Value.Int(limit));
                if (next.Count > 0)
                {
                    Npgsql.NpgsqlParameter[] entries = [Value.Longs(next.Select(entry => entry.Sequence)), Value.Longs(next.Select(entry => entry.RecordedAt))];
                    await session.RunAllAsync(
                    [
                        user is { } one ? session.Own("Privacy/BlankDetailsOfUser", [.. entries, Value.Long(one)]) : session.Own("Privacy/DeleteDetails", entries),
                        session.Own("Privacy/MoveErasure", Value.Long(erasure), Value.Long(next[^1].Sequence)),
                    ]);
                }

                return next.Count;
            },
            cancellationToken);

    public ValueTask<int> PruneAsync(WorkspaceId workspace, RetentionKind kind, Instant before, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            session => kind == RetentionKind.Denials ? PruneDenialsAsync(session, before, limit) : session.RunAsync(
                kind switch
                {
                    RetentionKind.EventDetails => "Privacy/PruneDetails",
                    RetentionKind.Alerts => "Privacy/PruneAlerts",
                    RetentionKind.PortalTokens => "Privacy/PrunePortalTokens",
                    _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
                },
                Value.Time(before), Value.Int(limit)),
            cancellationToken);

    /// <summary>By a function of the owner: the runtime role may not delete ids.</summary>
    private static Task<int> PruneDenialsAsync(Session session, Instant before, int limit) =>
        session.FindAsync("Privacy/PruneDenials", row => row.Int(0), Value.Time(before), Value.Int(limit));

    public ValueTask<bool> EndAsync(WorkspaceId workspace, IReadOnlyCollection<long> erasures, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                await session.RunAsync("Privacy/EndErasures", Value.Longs(erasures), Value.Time(await session.NowAsync()));
                return true;
            },
            cancellationToken);
}
