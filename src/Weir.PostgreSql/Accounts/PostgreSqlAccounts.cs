using NodaTime;

using Weir.Engine;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlAccounts(Database database) : IAccountStore
{
    public ValueTask<AccountRecord?> FindAsync(WorkspaceId workspace, AccountKey key, CancellationToken cancellationToken) =>
        database.ReadAsync(
            workspace,
            async session =>
            {
                if (await session.FindAsync(
                    "Accounts/FindRecord", row => ((AccountProfile, LoadedAccount, Instant)?)(AccountRows.ReadProfile(row, 0), AccountRows.ReadHead(row, 3), row.Time(17)),
                    Value.Text(key.Value), session.ClockParameter())
                    is not var (profile, head, now))
                {
                    return null;
                }

                return new AccountRecord(profile, (await AccountRows.StatesAsync(session, [head], now))[head.Head.Id]);
            },
            cancellationToken, byKeys: true);

    public ValueTask<IReadOnlyList<AccountRecord>> ListAsync(WorkspaceId workspace, AccountFilter filter, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<AccountRecord>>(
            workspace,
            async session =>
            {
                Instant now = await session.NowAsync();
                List<(AccountProfile Profile, LoadedAccount Head)> page = await session.ListAsync(
                    "Accounts/ListAccounts", row => (AccountRows.ReadProfile(row, 0), AccountRows.ReadHead(row, 3)),
                    Value.Text(filter.After?.Value ?? ""), Value.Text(filter.Plan), Value.Text(filter.Search), Value.Int(filter.Limit), Value.Time(now), Value.Int(filter.PinnedElsewhereThan));
                Dictionary<long, AccountState> states = await AccountRows.StatesAsync(session, [.. page.Select(account => account.Head)], now);
                return [.. page.Select(account => new AccountRecord(account.Profile, states[account.Head.Head.Id]))];
            },
            cancellationToken);

    public ValueTask<long> CountAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Accounts/CountAccounts", row => row.Long(0), cancellationToken);

    public async ValueTask<IReadOnlyDictionary<long, AccountProfile>> NamesAsync(WorkspaceId workspace, IReadOnlyCollection<long> accounts, CancellationToken cancellationToken) =>
        (await database.ListAsync(workspace, "Accounts/ReadNames", row => (row.Long(0), AccountRows.ReadProfile(row, 1)), cancellationToken, Value.Longs(accounts))).ToDictionary();

    public async ValueTask<IReadOnlyDictionary<long, string>> AliasesAsync(WorkspaceId workspace, long account, ScopeKind kind, CancellationToken cancellationToken) =>
        (await database.ListAsync(workspace, "Accounts/ReadAliases", row => (row.Long(0), row.Text(1)), cancellationToken, Value.Long(account), Value.Int((int)kind))).ToDictionary();

    public async ValueTask<IReadOnlyDictionary<string, long>> CountByPlanAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            workspace,
            async session => await session.ListAsync("Accounts/CountByPlan", row => (row.Text(0), row.Long(1)), Value.Time(await session.NowAsync())),
            cancellationToken)).ToDictionary(StringComparer.Ordinal);
}
