using System.Collections.Immutable;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Equality of entries by content: records compare their arrays and properties by reference.</summary>
internal static class Same
{
    public static void Entry(Entry expected, Entry actual)
    {
        Assert.Equal(expected.Properties.Entries.ToArray(), actual.Properties.Entries.ToArray());
        Assert.Equal(expected.Lines.ToArray(), actual.Lines.ToArray());
        Assert.Equal(expected.Observed.ToArray(), actual.Observed.ToArray());
        Assert.Equal(expected.Charges.Length, actual.Charges.Length);
        foreach ((Charge wanted, Charge found) in expected.Charges.Zip(actual.Charges))
        {
            Assert.Equal(wanted.Trace.PerUnits.ToArray(), found.Trace.PerUnits.ToArray());
            Assert.Equal(wanted.Trace.Bonuses.ToArray(), found.Trace.Bonuses.ToArray());
            Assert.Equal(Scalars(wanted), Scalars(found));
        }

        Assert.Equal(Scalars(expected), Scalars(actual));
    }

    public static void Details(EventDetails expected, EventDetails actual)
    {
        Assert.Equal(expected.FreeProperties.Entries.ToArray(), actual.FreeProperties.Entries.ToArray());
        Assert.Equal(expected with { FreeProperties = Properties.Empty }, actual with { FreeProperties = Properties.Empty });
    }

    public static void State(AccountState expected, AccountState actual)
    {
        Assert.Equal(expected.Account.Overrides.ToArray(), actual.Account.Overrides.ToArray());
        Assert.Equal(expected.Account with { Overrides = [] }, actual.Account with { Overrides = [] });
        Assert.Equal(expected.Balances.Values.OrderBy(b => b.Key.ToString(), StringComparer.Ordinal), actual.Balances.Values.OrderBy(b => b.Key.ToString(), StringComparer.Ordinal));
        Assert.Equal(expected.Rates.Keys.OrderBy(k => k.ToString(), StringComparer.Ordinal), actual.Rates.Keys.OrderBy(k => k.ToString(), StringComparer.Ordinal));
        foreach ((RateKey key, RateWindow window) in expected.Rates)
        {
            RateWindow found = actual.Rates[key];
            Assert.Equal(window.Counts.ToArray(), found.Counts.ToArray());
            Assert.Equal(window with { Counts = [] }, found with { Counts = [] });
        }

        Assert.Equal(expected.Fences, actual.Fences);
        Assert.Equal(expected.Grants.Values.OrderBy(grant => grant.Number), actual.Grants.Values.OrderBy(grant => grant.Number));
        Assert.Equal(expected.Holds.Count, actual.Holds.Count);
        foreach (Hold hold in expected.Holds)
        {
            Hold found = actual.Holds.Find(hold.Number)!;
            Assert.Equal(hold.Amounts.ToArray(), found.Amounts.ToArray());
            Assert.Equal(hold with { Amounts = [] }, found with { Amounts = [] });
        }
    }

    private static Entry Scalars(Entry entry) => entry with { Properties = Properties.Empty, Lines = [], Observed = [], Charges = [] };

    private static Charge Scalars(Charge charge) => charge with { Trace = charge.Trace with { PerUnits = [], Bonuses = [] } };
}
