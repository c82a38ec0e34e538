using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteAccounts(ReaderPool readers, LedgerMemory memory, Overlay overlay) : IAccountStore
{
    public ValueTask<AccountRecord?> FindAsync(WorkspaceId workspace, AccountKey key, CancellationToken cancellationToken) =>
        overlay.ReadAsync(
            workspace.Value,
            (connection, pending) => AccountRows.FindId(connection, workspace.Value, key) is { } id
                && AccountRows.FindProfile(connection, workspace.Value, id) is { } profile
                && pending.StateOf(id, memory.Now()) is { } state
                ? new AccountRecord(profile, state)
                : null,
            cancellationToken);

    public ValueTask<IReadOnlyList<AccountRecord>> ListAsync(WorkspaceId workspace, AccountFilter filter, CancellationToken cancellationToken) =>
        overlay.ReadAsync(workspace.Value, (connection, pending) => List(connection, pending, workspace.Value, filter), cancellationToken);

    public ValueTask<long> CountAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => connection.Prepared("Accounts/CountAccounts").Bind(1, workspace.Value).Scalar() ?? 0, cancellationToken);

    public ValueTask<IReadOnlyDictionary<long, AccountProfile>> NamesAsync(WorkspaceId workspace, IReadOnlyCollection<long> accounts, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyDictionary<long, AccountProfile>>(
            connection =>
            {
                Dictionary<long, AccountProfile> names = [];
                Statement rows = connection.Prepared("Accounts/ReadNames").Bind(1, workspace.Value).Bind(2, EntryRows.JsonOf(accounts));
                while (rows.Step())
                {
                    names[rows.Int64(0)] = AccountRows.ReadProfile(rows, 1);
                }

                return names;
            },
            cancellationToken);

    public ValueTask<IReadOnlyDictionary<long, string>> AliasesAsync(WorkspaceId workspace, long account, ScopeKind kind, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyDictionary<long, string>>(
            connection =>
            {
                Dictionary<long, string> aliases = [];
                Statement rows = connection.Prepared("Accounts/ReadAliases").Bind(1, workspace.Value).Bind(2, account).Bind(3, (long)kind);
                while (rows.Step())
                {
                    aliases[rows.Int64(0)] = rows.Text(1);
                }

                return aliases;
            },
            cancellationToken);

    public ValueTask<IReadOnlyDictionary<string, long>> CountByPlanAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyDictionary<string, long>>(
            connection =>
            {
                Dictionary<string, long> counts = new(StringComparer.Ordinal);
                Statement rows = connection.Prepared("Accounts/CountByPlan").Bind(1, workspace.Value).Bind(2, Clock.ToMicros(memory.Now()));
                while (rows.Step())
                {
                    counts[rows.Text(0)] = rows.Int64(1);
                }

                return counts;
            },
            cancellationToken);

    private IReadOnlyList<AccountRecord> List(Connection connection, PendingView pending, int workspace, AccountFilter filter)
    {
        Instant now = memory.Now();
        List<(AccountProfile Profile, Account Head)> page = [];
        Statement rows = connection.Prepared("Accounts/ListAccounts").Bind(1, workspace).Bind(2, filter.After?.Value ?? "").Bind(3, filter.Plan)
            .Bind(4, filter.Search).Bind(5, filter.Limit).Bind(6, Clock.ToMicros(now)).Bind(7, filter.PinnedElsewhereThan);
        while (rows.Step())
        {
            page.Add((AccountRows.ReadProfile(rows, 0), AccountRows.ReadHead(rows, 3)));
        }

        string ids = EntryRows.JsonOf(page.Select(account => account.Head.Id));
        Dictionary<long, StateMap<BalanceKey, Balance>.Builder> balances = [];
        rows = connection.Prepared("Accounts/ListBalances").Bind(1, workspace).Bind(2, ids).Bind(3, AccountRows.ClosedUpTo(now));
        while (rows.Step())
        {
            Balance balance = AccountRows.ReadBalance(rows, 0);
            BuilderOf(balances, rows.Int64(8))[balance.Key] = balance;
        }

        Dictionary<long, StateMap<RateKey, RateWindow>.Builder> rates = [];
        rows = connection.Prepared("Accounts/ListRates").Bind(1, workspace).Bind(2, ids).Bind(3, Clock.ToMicros(now));
        while (rows.Step())
        {
            (RateKey key, RateWindow window) = AccountRows.ReadRate(rows, 0);
            BuilderOf(rates, rows.Int64(6))[key] = window;
        }

        ILookup<long, (StatePart Part, byte[] Body)> parts = ReadParts(connection, workspace, ids);
        return
        [
            .. page.Select(account =>
            {
                long id = account.Head.Id;
                AccountState state = new(account.Head, BuilderOf(balances, id).ToImmutable(), BuilderOf(rates, id).ToImmutable());
                foreach ((StatePart part, byte[] body) in parts[id])
                {
                    state = StateParts.Apply(state, part, body);
                }

                return new AccountRecord(account.Profile, RememberedAccount.Of(pending.ChangesOf(id)?.ApplyTo(state) ?? state).At(now).State);
            }),
        ];
    }

    private static ILookup<long, (StatePart Part, byte[] Body)> ReadParts(Connection connection, int workspace, string accounts)
    {
        List<(long Account, StatePart Part, byte[] Body)> parts = [];
        Statement rows = connection.Prepared("Accounts/ListParts").Bind(1, workspace).Bind(2, accounts);
        while (rows.Step())
        {
            parts.Add((rows.Int64(3), new StatePart((StatePartKind)rows.Int32(0), rows.Int64(1)), rows.Bytes(2).ToArray()));
        }

        return parts.ToLookup(part => part.Account, part => (part.Part, part.Body));
    }

    private static StateMap<TKey, TValue>.Builder BuilderOf<TKey, TValue>(Dictionary<long, StateMap<TKey, TValue>.Builder> builders, long account)
        where TKey : struct, IEquatable<TKey>
        where TValue : class
    {
        if (!builders.TryGetValue(account, out StateMap<TKey, TValue>.Builder? builder))
        {
            builders.Add(account, builder = StateMap<TKey, TValue>.Empty.ToBuilder());
        }

        return builder;
    }
}
