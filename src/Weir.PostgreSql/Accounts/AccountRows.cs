using System.Text;

using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>Accounts as rows.</summary>
internal static class AccountRows
{
    /// <summary>Columns from <paramref name="at"/>, as <c>Accounts/SelectHeads</c> gives them.</summary>
    public static LoadedAccount ReadHead(NpgsqlDataReader row, int at)
    {
        Account head = new()
        {
            Id = row.Long(at),
            Version = row.Long(at + 1),
            CreatedAt = row.Time(at + 2),
            DecidedAt = row.Time(at + 3),
            FirstLiveEventAt = row.TimeOrNull(at + 4),
            Plan = row.Text(at + 5),
            PinnedVersion = row.IntOrNull(at + 6),
            Suspended = row.GetBoolean(at + 7),
            Timeline = AccountJson.ReadTimeline(row.Bytes(at + 8)),
            Overrides = AccountJson.ReadOverrides(row.Bytes(at + 9)),
            Planned = AccountJson.ReadPlanned(Encoding.UTF8.GetBytes(row.TextOrNull(at + 10) ?? "")),
            FormerPlans = AccountJson.ReadFormer(row.Bytes(at + 11)),
        };
        return new LoadedAccount(head, row.GetBoolean(at + 12), Figures.Decode(row.Bytes(at + 13)));
    }

    public static AccountProfile ReadProfile(NpgsqlDataReader row, int at) => new(new AccountKey(row.Text(at)))
    {
        Name = row.TextOrNull(at + 1),
        ExternalIds = AccountJson.ReadTexts(row.Bytes(at + 2)),
    };

    /// <summary>Columns: meter, per, scope, scope_id, period_start, period_end, used, held.</summary>
    public static Balance ReadBalance(NpgsqlDataReader row)
    {
        BalanceKey key = new((ScopeKind)row.Int(2), row.Long(3), string.Intern(row.Text(0)), (Per)row.Int(1), row.Time(4));
        return new Balance(key, row.Time(5), new Quantity(row.Long(6)), new Quantity(row.Long(7)));
    }

    public static async Task<long?> FindIdAsync(Session session, AccountKey key) => await session.FindAsync("Accounts/FindAccount", row => (long?)row.Long(0), Value.Text(key.Value));

    /// <summary>Heads by the keys of their accounts, as a read sees them.</summary>
    public static async Task<Dictionary<AccountKey, LoadedAccount>> ReadHeadsAsync(Session session, IEnumerable<AccountKey> keys) =>
        (await session.ListAsync("Accounts/SelectHeads:Accounts/HeadsByKey", row => (new AccountKey(row.Text(0)), ReadHead(row, 1)), Value.Texts(keys.Select(key => key.Value))))
        .ToDictionary();

    /// <summary>The workspace's own head.</summary>
    public static async Task<LoadedAccount> ReadWorkspaceHeadAsync(Session session) =>
        await session.FindAsync("Accounts/SelectWorkspaceHead", row => ReadHead(row, 0)) ?? throw NoWorkspace(session.Workspace);

    public static InvalidOperationException NoWorkspace(int workspace) => new($"There is no workspace {workspace} in this store.");

    /// <summary>States at the database's clock.</summary>
    public static async Task<Dictionary<long, AccountState>> StatesAsync(Session session, IReadOnlyCollection<LoadedAccount> accounts)
    {
        Instant now = await session.NowAsync();
        return await StatesAsync(session, accounts, now);
    }

    public static async Task<Dictionary<long, AccountState>> StatesAsync(Session session, IReadOnlyCollection<LoadedAccount> accounts, Instant now)
    {
        Dictionary<long, AccountRowsOf> rows = await ReadRowsAsync(session, [.. accounts.Where(account => account.HasRows).Select(account => account.Head.Id)], now);
        return accounts.ToDictionary(account => account.Head.Id, account => account.StateAt(now, rows.GetValueOrDefault(account.Head.Id)));
    }

    /// <summary>What of accounts stands in rows of its own and belongs to a state at a time: one round trip.</summary>
    public static async Task<Dictionary<long, AccountRowsOf>> ReadRowsAsync(Session session, long[] accounts, Instant now)
    {
        Dictionary<long, AccountRowsOf> all = [];
        if (accounts.Length == 0)
        {
            return all;
        }

        await using NpgsqlBatch batch = session.Batch();
        batch.BatchCommands.Add(session.Own("Accounts/ReadOpenBalances", Value.Longs(accounts), Value.Time(now - Engine.Period.Grace)));
        batch.BatchCommands.Add(session.Own("Accounts/ReadRates", Value.Longs(accounts), Value.Time(now)));
        batch.BatchCommands.Add(session.Own("Accounts/ReadParts", Value.Longs(accounts)));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            Of(reader.Long(8)).Balances.Add(ReadBalance(reader));
        }

        await reader.NextResultAsync();
        while (await reader.ReadAsync())
        {
            RateKey key = new((ScopeKind)reader.Int(0), reader.Long(1), string.Intern(reader.Text(2)));
            Of(reader.Long(6)).Rates.Add(new(key, new RateWindow(reader.Long(3), reader.Long(4), Figures.DecodeCounts(reader.Bytes(5)))));
        }

        await reader.NextResultAsync();
        while (await reader.ReadAsync())
        {
            Of(reader.Long(3)).Parts.Add((new StatePart((StatePartKind)reader.Int(0), reader.Long(1)), reader.Bytes(2)));
        }

        return all;

        AccountRowsOf Of(long account)
        {
            if (!all.TryGetValue(account, out AccountRowsOf? rows))
            {
                all.Add(account, rows = new AccountRowsOf());
            }

            return rows;
        }
    }

    public static NpgsqlBatchCommand InsertHeads(Session session, IReadOnlyList<Account> heads) => session.Own(
        "Accounts/InsertHeads",
        [
            Value.Longs(heads.Select(head => head.Id)), Value.Longs(heads.Select(head => head.Version)), Value.Longs(heads.Select(head => Clock.ToMicros(head.CreatedAt))),
            Value.Longs(heads.Select(head => Clock.ToMicros(head.DecidedAt))), Value.Longs([.. heads.Select(head => Value.Micros(head.FirstLiveEventAt))]), .. Terms(heads),
        ]);

    /// <summary>What of heads operators and plans change.</summary>
    public static NpgsqlParameter[] Terms(IReadOnlyList<Account> heads) =>
    [
        Value.Texts(heads.Select(head => head.Plan)), Value.Ints([.. heads.Select(head => head.PinnedVersion)]), Value.Bools([.. heads.Select(head => head.Suspended)]),
        Value.BytesOf([.. heads.Select(head => AccountJson.WriteTimeline(head.Timeline))]), Value.BytesOf([.. heads.Select(head => AccountJson.WriteOverrides(head.Overrides))]),
        Value.Texts(heads.Select(head => AccountJson.WritePlanned(head.Planned) is { } json ? Encoding.UTF8.GetString(json) : null)),
        Value.BytesOf([.. heads.Select(head => AccountJson.WriteFormer(head.FormerPlans))]),
    ];

    public static NpgsqlBatchCommand WriteBalances(Session session, IReadOnlyList<(long Account, Balance Balance)> balances) => session.Own(
        "Accounts/WriteBalances",
        Value.Longs(balances.Select(b => b.Account)), Value.Longs(balances.Select(b => Clock.ToMicros(b.Balance.PeriodEnd))), Value.Texts(balances.Select(b => b.Balance.Key.Meter)),
        Value.Ints([.. balances.Select(b => (int)b.Balance.Key.Per)]), Value.Ints([.. balances.Select(b => (int)b.Balance.Key.Scope)]), Value.Longs(balances.Select(b => b.Balance.Key.ScopeId)),
        Value.Longs(balances.Select(b => Clock.ToMicros(b.Balance.Key.PeriodStart))), Value.Longs(balances.Select(b => b.Balance.Used.Units)), Value.Longs(balances.Select(b => b.Balance.Held.Units)));

    public static NpgsqlBatchCommand WriteRates(Session session, IReadOnlyList<(long Account, RateKey Key, RateWindow Window)> rates) => session.Own(
        "Accounts/WriteRates",
        Value.Longs(rates.Select(r => r.Account)), Value.Ints([.. rates.Select(r => (int)r.Key.Scope)]), Value.Longs(rates.Select(r => r.Key.ScopeId)), Value.Texts(rates.Select(r => r.Key.Name)),
        Value.Longs(rates.Select(r => r.Window.Window)), Value.Longs(rates.Select(r => r.Window.Newest)), Value.BytesOf([.. rates.Select(r => Figures.EncodeCounts(r.Window.Counts))]),
        Value.Longs(rates.Select(r => Figures.EmptyAt(r.Window))));

    public static NpgsqlBatchCommand WriteParts(Session session, IReadOnlyList<(long Account, StatePart Part, Instant? Due, byte[] Body)> parts) => session.Own(
        "Accounts/WriteParts",
        Value.Longs(parts.Select(p => p.Account)), Value.Ints([.. parts.Select(p => (int)p.Part.Kind)]), Value.Longs(parts.Select(p => p.Part.Number)),
        Value.Longs([.. parts.Select(p => Value.Micros(p.Due))]), Value.BytesOf([.. parts.Select(p => p.Body)]));

    public static NpgsqlBatchCommand DeleteParts(Session session, IReadOnlyList<(long Account, StatePart Part)> parts) => session.Own(
        "Accounts/DeleteParts",
        Value.Longs(parts.Select(p => p.Account)), Value.Ints([.. parts.Select(p => (int)p.Part.Kind)]), Value.Longs(parts.Select(p => p.Part.Number)));
}
