namespace Weir;

/// <summary>
/// Accounts whose internal ids lie from one to another, both among them. What is added up for many accounts is added up for as many at a time
/// as fit into memory, in the order of their ids.
/// </summary>
internal sealed class AccountRange
{
    private AccountRange(long low) => Low = low;

    public long Low { get; }

    public long High { get; private set; } = long.MaxValue;

    public static AccountRange All() => new(0);

    public bool Contains(long account) => Low <= account && account <= High;

    /// <summary>The accounts after these; null when there can be none.</summary>
    public AccountRange? Next() => High == long.MaxValue ? null : new AccountRange(High + 1);

    /// <summary>Leaves the upper half of some accounts to a later pass; a single one is never divided.</summary>
    /// <returns>Whether fewer are left.</returns>
    public bool Narrow(IEnumerable<long> seen)
    {
        long[] accounts = [.. seen.Distinct().Order()];
        if (accounts.Length < 2)
        {
            return false;
        }

        High = accounts[accounts.Length / 2] - 1;
        return true;
    }
}
