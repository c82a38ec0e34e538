using NodaTime;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>Balances as lists: those in heads and those in rows of their own.</summary>
internal static class BalanceReader
{
    /// <param name="loaded">What stands in the account's head, where it is known.</param>
    public static async Task<IReadOnlyList<Balance>> FindAsync(Session session, long account, IReadOnlyCollection<BalanceKey> keys, Figures? loaded)
    {
        Figures figures = loaded ?? (await InHeadsAsync(session, [account])).GetValueOrDefault(account) ?? new Figures();
        BalanceKey[] wanted = [.. keys.Distinct()];
        List<Balance> found = [.. wanted.Where(figures.Balances.ContainsKey).Select(key => figures.Balances[key])];
        BalanceKey[] elsewhere = [.. wanted.Where(key => !figures.Balances.ContainsKey(key))];
        if (elsewhere.Length > 0)
        {
            found.AddRange(await session.ListAsync(
                "Accounts/FindBalances", AccountRows.ReadBalance, Value.Long(account), Value.Texts(elsewhere.Select(k => k.Meter)), Value.Ints([.. elsewhere.Select(k => (int)k.Per)]),
                Value.Ints([.. elsewhere.Select(k => (int)k.Scope)]), Value.Longs(elsewhere.Select(k => k.ScopeId)), Value.Longs(elsewhere.Select(k => Clock.ToMicros(k.PeriodStart))),
                Value.Longs(elsewhere.Select(k => k.PeriodStart == Instant.MinValue ? long.MaxValue - 1 : Clock.ToMicros(k.PeriodStart)))));
        }

        return found;
    }

    /// <summary>Every balance of a workspace, account by account.</summary>
    public static async Task<List<(long Account, Balance Balance)>> ReadAllAsync(Session session)
    {
        List<(long, Figures)> heads = await session.ListAsync("Accounts/ReadAllFigures", row => (row.Long(0), Figures.Decode(row.Bytes(1))));
        List<(long, Balance)> rows = await session.ListAsync("Accounts/ReadAllBalances", row => (row.Long(8), AccountRows.ReadBalance(row)));
        return [.. heads.SelectMany(head => head.Item2.Balances.Values.Select(balance => (head.Item1, balance))).Concat(rows).OrderBy(pair => pair.Item1)];
    }

    public static async Task<IReadOnlyList<Balance>> ReadHistoryAsync(Session session, long account, string? meter, Per? per, Instant from, Instant to)
    {
        Dictionary<long, Figures> heads = await InHeadsAsync(session, [account]);
        List<Balance> rows = await session.ListAsync(
            "Accounts/ReadHistory", AccountRows.ReadBalance, Value.Long(account), Value.Time(from), Value.Time(to), Value.Text(meter), Value.Int((int?)per));
        IEnumerable<Balance> open = heads.Values.SelectMany(figures => figures.Balances.Values)
            .Where(balance => (meter is null || balance.Key.Meter == meter) && (per is null || balance.Key.Per == per) && from <= balance.Key.PeriodStart && balance.Key.PeriodStart < to);
        return
        [
            .. rows.Concat(open)
                .OrderBy(balance => balance.Key.PeriodStart)
                .ThenBy(balance => balance.Key.Meter, StringComparer.Ordinal)
                .ThenBy(balance => balance.Key.Per)
                .ThenBy(balance => balance.Key.Scope)
                .ThenBy(balance => balance.Key.ScopeId),
        ];
    }

    public static async Task<Dictionary<long, Figures>> InHeadsAsync(Session session, IEnumerable<long> accounts) =>
        (await session.ListAsync("Accounts/ReadFigures", row => (row.Long(0), Figures.Decode(row.Bytes(1))), Value.Longs(accounts))).ToDictionary();
}
