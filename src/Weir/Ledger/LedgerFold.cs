using Weir.Engine;

namespace Weir;

/// <summary>What entries add up to: how far each balance and each grant has been moved (LOG-3).</summary>
/// <param name="range">Which accounts count; null for all.</param>
internal sealed class LedgerFold(AccountRange? range = null)
{
    /// <summary>By the account that has the balance; the workspace's own belong to account 0.</summary>
    public Dictionary<(long Account, BalanceKey Key), (Quantity Used, Quantity Held)> Balances { get; } = [];

    public Dictionary<(long Account, long Grant), (Quantity Used, Quantity Held)> Grants { get; } = [];

    public int Count => Balances.Count + Grants.Count;

    public void Add(Entry entry)
    {
        foreach (EntryLine line in entry.Lines)
        {
            Add(Balances, (line.Key.Scope == ScopeKind.Workspace ? Account.WorkspaceHead : entry.Account, line.Key), line.Delta, line.HeldDelta);
        }

        foreach ((long grant, (Quantity used, Quantity held)) in GrantDraw.SumsOf(entry))
        {
            Add(Grants, (entry.Account, grant), used, held);
        }
    }

    public void Add(CarriedBalance carried) => Add(Balances, (carried.Account, carried.Key), carried.Used, carried.Held);

    public void Add(CarriedGrant carried) => Add(Grants, (carried.Account, carried.Grant), carried.Used, carried.Held);

    /// <summary>Leaves the upper half of the accounts to a later pass.</summary>
    public void Narrow()
    {
        if (range?.Narrow(Balances.Keys.Select(key => key.Account).Concat(Grants.Keys.Select(key => key.Account))) == true)
        {
            Drop(Balances, key => key.Account);
            Drop(Grants, key => key.Account);
        }
    }

    private void Add<TKey>(Dictionary<(long Account, TKey Key), (Quantity Used, Quantity Held)> sums, (long Account, TKey Key) key, Quantity used, Quantity held)
        where TKey : notnull
    {
        if (range?.Contains(key.Account) != false)
        {
            (Quantity usedBefore, Quantity heldBefore) = sums.GetValueOrDefault(key);
            sums[key] = (usedBefore + used, heldBefore + held);
        }
    }

    private void Drop<TKey>(Dictionary<TKey, (Quantity, Quantity)> sums, Func<TKey, long> accountOf)
        where TKey : notnull
    {
        foreach (TKey key in sums.Keys.Where(key => !range!.Contains(accountOf(key))).ToList())
        {
            sums.Remove(key);
        }
    }
}
