using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>Balances as lists.</summary>
internal static class BalanceReader
{
    /// <summary>Every balance of a workspace. The journal of the same state of the file gives what the table lacks.</summary>
    public static List<(long Account, Balance Balance)> ReadAll(Connection connection, int workspace)
    {
        Dictionary<(long, BalanceKey), Balance> newer = [];
        foreach (((int ofWorkspace, long account), AccountChanges changes) in Journal.Read(connection))
        {
            if (ofWorkspace == workspace)
            {
                foreach (Balance balance in changes.Balances.Values)
                {
                    newer.Add((account, balance.Key), balance);
                }
            }
        }

        List<(long Account, Balance Balance)> all = [];
        Statement rows = connection.Prepared("Accounts/ReadAllBalances").Bind(1, workspace);
        while (rows.Step())
        {
            Balance balance = AccountRows.ReadBalance(rows, 0);
            long account = rows.Int64(8);
            all.Add((account, newer.Remove((account, balance.Key), out Balance? later) ? later : balance));
        }

        all.AddRange(newer.Select(pair => (pair.Key.Item1, pair.Value)));
        return all;
    }

    public static IReadOnlyList<Balance> ReadHistory(
        Connection connection, PendingView pending, int workspace, long account, string? meter, Per? per, Instant from, Instant to)
    {
        AccountChanges? changes = pending.ChangesOf(account);
        Dictionary<BalanceKey, Balance> found = [];
        Statement rows = connection.Prepared("Accounts/ReadHistory").Bind(1, workspace).Bind(2, account)
            .Bind(3, Clock.ToMicros(from)).Bind(4, Clock.ToMicros(to)).Bind(5, meter).Bind(6, per is { } form ? (long)form : null);
        while (rows.Step())
        {
            Balance balance = AccountRows.ReadBalance(rows, 0);
            found[balance.Key] = balance;
        }

        if (changes is not null)
        {
            foreach (Balance balance in changes.Balances.Values)
            {
                if ((meter is null || balance.Key.Meter == meter) && (per is null || balance.Key.Per == per) && from <= balance.Key.PeriodStart && balance.Key.PeriodStart < to)
                {
                    found[balance.Key] = balance;
                }
            }
        }

        return
        [
            .. found.Values
                .OrderBy(balance => balance.Key.PeriodStart)
                .ThenBy(balance => balance.Key.Meter, StringComparer.Ordinal)
                .ThenBy(balance => balance.Key.Per)
                .ThenBy(balance => balance.Key.Scope)
                .ThenBy(balance => balance.Key.ScopeId),
        ];
    }
}
