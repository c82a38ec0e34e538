using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    [Fact(DisplayName = "An account is found by its key, with its profile and its state")]
    public async Task AnAccountIsFound()
    {
        AccountProfile profile = new(Sample.Acme) { Name = "Acme & Söhne 🚀", ExternalIds = ImmutableSortedDictionary<string, string>.Empty.Add("stripe", "cus_1").Add("crm", "") };
        await CreateAsync(new NewAccount(Sample.FullAccount(), profile));

        Same(new AccountRecord(profile, AccountState.Of(Sample.FullAccount())), await Store.Accounts.FindAsync(Own, Sample.Acme, None));
        Assert.Null(await Store.Accounts.FindAsync(Own, new AccountKey("Acme"), None));

        AccountProfile renamed = new(Sample.Acme);
        await WriteAsync(new LedgerWrites { Profiles = [new ProfileWrite(Sample.AcmeId, renamed)] });
        Same(renamed, (await Store.Accounts.FindAsync(Own, Sample.Acme, None))!.Profile);
    }

    [Fact(DisplayName = "ID-2: accounts are listed in the order of their keys' bytes, page after page")]
    public async Task AccountsAreListedInOrder()
    {
        string[] keys = ["B", "a", "a-1", "a.1", "a1", "aa", "b", "~"];
        await CreateAsync([.. keys.Reverse().Select((key, i) => Sample.New(key, i + 1))]);

        List<string> read = [];
        AccountFilter filter = new() { Limit = 3 };
        for (IReadOnlyList<AccountRecord> page = await Store.Accounts.ListAsync(Own, filter, None); page.Count > 0; page = await Store.Accounts.ListAsync(Own, filter, None))
        {
            Assert.InRange(page.Count, 1, 3);
            read.AddRange(page.Select(record => record.Profile.Key.Value));
            filter = filter with { After = page[^1].Profile.Key };
        }

        Assert.Equal(keys, read);
        Assert.Equal(keys.Length, await Store.Accounts.CountAsync(Own, None));
        Assert.Equal(["b", "~"], await KeysAsync(new AccountFilter { After = new AccountKey("aab") }));
    }

    [Fact(DisplayName = "Accounts are searched by plan and by a part of their key or name, letter by letter")]
    public async Task AccountsAreSearched()
    {
        await CreateAsync(
            Sample.New("acme", 1, "free", "Écume 100%"), Sample.New("beta", 2, "pro", "The ACME branch"), Sample.New("c_d", 3, "pro", "écume"), Sample.New("cxd", 4, "pro"),
            Sample.New("q*z[a]", 5, "free", "back\\slash"));

        Assert.Equal(["acme", "beta"], await KeysAsync(new AccountFilter { Search = "AcMe" }));
        Assert.Equal(["beta", "c_d", "cxd"], await KeysAsync(new AccountFilter { Plan = "pro" }));
        Assert.Equal(["beta"], await KeysAsync(new AccountFilter { Plan = "pro", Search = "acme" }));
        Assert.Equal(["c_d"], await KeysAsync(new AccountFilter { Search = "_" }));
        Assert.Equal(["acme"], await KeysAsync(new AccountFilter { Search = "%" }));
        Assert.Equal(["q*z[a]"], await KeysAsync(new AccountFilter { Search = "*z[" }));
        Assert.Equal(["q*z[a]"], await KeysAsync(new AccountFilter { Search = "\\" }));
        Assert.Equal(["acme"], await KeysAsync(new AccountFilter { Search = "É" }));
        Assert.Equal(["c_d"], await KeysAsync(new AccountFilter { Search = "éCUME" }));
        Assert.Empty(await KeysAsync(new AccountFilter { Search = "nothing" }));
        Assert.Empty(await KeysAsync(new AccountFilter { Plan = "Pro" }));
    }

    [Fact(DisplayName = "BAL-10: a page of accounts comes with their balances of open periods")]
    public async Task APageHasBalances()
    {
        await CreateAsync(Sample.New("acme", 1), Sample.New("beta", 2));
        AccountState acme = Sample.FullState(1);
        AccountState beta = Sample.StateOf(Sample.Account(2), Sample.Balance(7));
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(acme), Sample.WriteOf(beta, "beta")] });

        Same(new[] { acme, beta }, (await Store.Accounts.ListAsync(Own, new AccountFilter(), None)).Select(record => record.State));
    }

    [Fact(DisplayName = "PRIV-1: the host's keys are found by the ids that the ledger has")]
    public async Task NamesAreFound()
    {
        await CreateAsync(Sample.New("acme", 1, name: "Acme"), Sample.New("beta", 2));
        IReadOnlyDictionary<long, AccountProfile> names = await Store.Accounts.NamesAsync(Own, [2, 1, 3, 0, 1], None);
        Assert.Equal([(1L, "acme", "Acme"), (2L, "beta", null)], names.OrderBy(n => n.Key).Select(n => (n.Key, n.Value.Key.Value, n.Value.Name)));
        Assert.Empty(await Store.Accounts.NamesAsync(Own, [], None));
    }

    [Fact(DisplayName = "PLAN-1: accounts are counted by the plan that they are on now")]
    public async Task AccountsAreCountedByPlan()
    {
        Assert.Empty(await Store.Accounts.CountByPlanAsync(Own, None));
        await CreateAsync(Sample.New("a", 1), Sample.New("b", 2), Sample.New("c", 3, "pro"));
        AccountState moved = AccountState.Of(Sample.Account(2, "pro") with { Version = 1 });
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(moved, "b")] });
        Same(new Dictionary<string, long> { ["free"] = 1, ["pro"] = 2 }, await Store.Accounts.CountByPlanAsync(Own, None));
    }

    [Fact(DisplayName = "PLAN-2: accounts are found and counted by the plan that they have by now, and plans ahead are in use, though no row was written when a change acted")]
    public async Task PlansFollowTheClock()
    {
        await CreateAsync(Sample.New("a", 1), Sample.New("b", 2), Sample.New("c", 3, "pro"));
        Instant first = Sample.Now + Duration.FromDays(1);
        Instant second = Sample.Now + Duration.FromDays(2);
        await WriteAsync(new LedgerWrites
        {
            Accounts = [Sample.WriteOf(AccountState.Of(Sample.Account(2, "trial") with
            {
                Version = 1,
                PinnedVersion = 4,
                Planned = [new PlannedChange(first, new Subscription("pro", 5)), new PlannedChange(second, new Subscription("free", null))],
            }), "b")],
        });

        await TellsAsync(["free a", "pro c", "trial b"], "free pro trial", pinnedElsewhereThan4: "b", pinnedElsewhereThan5: "b");
        Time.Now = first - Clock.Microsecond;
        await TellsAsync(["free a", "pro c", "trial b"], "free pro trial", pinnedElsewhereThan4: "b", pinnedElsewhereThan5: "b");
        Time.Now = first;
        await TellsAsync(["free a", "pro b c"], "free pro", pinnedElsewhereThan4: "b", pinnedElsewhereThan5: "");
        Time.Now = second;
        await TellsAsync(["free a b", "pro c"], "free pro", pinnedElsewhereThan4: "", pinnedElsewhereThan5: "");
    }

    private async Task TellsAsync(string[] byPlan, string inUse, string pinnedElsewhereThan4, string pinnedElsewhereThan5)
    {
        IReadOnlyDictionary<string, long> counts = await Store.Accounts.CountByPlanAsync(Own, None);
        List<string> found = [];
        foreach (string plan in counts.Keys.Order(StringComparer.Ordinal))
        {
            List<string> keys = await KeysAsync(new AccountFilter { Plan = plan });
            Assert.Equal(counts[plan], keys.Count);
            found.Add($"{plan} {string.Join(' ', keys)}");
        }

        Assert.Equal(byPlan, found);
        Assert.Equal(inUse, string.Join(' ', (await Store.Catalogs.ReadUseAsync(Own, None)).Plans.Order(StringComparer.Ordinal)));
        Assert.Equal(pinnedElsewhereThan4, string.Join(' ', await KeysAsync(new AccountFilter { PinnedElsewhereThan = 4 })));
        Assert.Equal(pinnedElsewhereThan5, string.Join(' ', await KeysAsync(new AccountFilter { PinnedElsewhereThan = 5 })));
    }

    private async Task<List<string>> KeysAsync(AccountFilter filter) => [.. (await Store.Accounts.ListAsync(Own, filter, None)).Select(record => record.Profile.Key.Value)];
}
