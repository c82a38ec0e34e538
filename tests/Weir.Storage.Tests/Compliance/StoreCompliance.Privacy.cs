using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private static readonly Instant s_longAgo = Instant.FromUtc(2020, 1, 1, 0, 0);

    private static readonly string[] s_gone = ["evt-", "ada", "10.0.0.9", "agent 1", "a note", "the reason", "anna", "req-1", "the resource"];

    [Fact(DisplayName = "PRIV-1: an erased account has no name, no users, tokens or alerts; its entries, balances and closings stay, and what comes later is another account")]
    public async Task AnAccountIsErased()
    {
        await CreateAsync(Sample.New("acme", Sample.AcmeId, name: "Ada's"), Sample.New("other", 7, name: "Other"));
        await FillPersonalAsync(Sample.Acme, Sample.AcmeId, 1);
        await FillPersonalAsync(new AccountKey("other"), 7, 2);
        await Store.Periods.CloseAsync(Own, [Summary(Sample.Key(), 1)], Sample.MonthEnd, None);
        string others = Dump.Of(await LookAtAsync(new AccountKey("other"), 7));
        string[] ledger = await LedgerAsync();

        await WriteAsync(new LedgerWrites { Erasures = [new Erasure(Sample.AcmeId, Sample.Acme, null, 0)] });
        Assert.Null(await Store.Accounts.FindAsync(Own, Sample.Acme, None));
        Assert.Null(await Ledger.ReadStateAsync(Own, Sample.Acme, None));
        Assert.Equal(default, await Ledger.ReadScopesAsync(Own, Sample.Acme, "ada-1", null, null, None));
        Assert.Equal(1, await Store.Accounts.CountAsync(Own, None));
        Assert.Equal(1, (await Store.Accounts.CountByPlanAsync(Own, None)).Values.Sum());
        Assert.Empty(await Store.Accounts.AliasesAsync(Own, Sample.AcmeId, ScopeKind.User, None));
        Assert.Empty(await Store.PortalTokens.ListAsync(Own, new PortalTokenFilter { Account = Sample.AcmeId }, None));
        Assert.Empty(await Store.Alerts.ListAsync(Own, new AlertFilter { Account = Sample.AcmeId, Now = Sample.Now }, None));
        LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [Sample.Acme], Targets = [Digest.Of("evt-1-1")], Ids = [Digest.Of("evt-1-1")], Aliases = [new Alias(Sample.Acme, ScopeKind.User, "ada-1")] });
        Assert.Empty(snapshot.Accounts);
        Assert.Empty(snapshot.Targets);
        Assert.Empty(snapshot.Aliases);
        Assert.Single(snapshot.Ids);
        Assert.False(await Store.PortalTokens.AddAsync(Own, Token("late", Sample.AcmeId, 0), Instant.MinValue, Record("late"), None));
        Assert.Null(await Store.PortalTokens.FindAsync(Own, "late", None));

        await EraseDetailsAsync();
        Assert.Equal(ledger, await LedgerAsync());
        string log = Dump.Of(await LogOfAsync(1));
        Assert.DoesNotContain(s_gone, gone => log.Contains(gone, StringComparison.OrdinalIgnoreCase));
        Assert.Null((await Ledger.FindAsync(Own, new EventId("evt-1-1"), None))!.Account);
        Assert.Null(await Ledger.FindOwnerAsync(Own, new EventId("evt-1-1"), None));
        Assert.NotNull(Assert.Single(await Store.Periods.ReadAsync(Own, Sample.AcmeId, new PeriodFilter { EndedBy = Sample.MonthEnd }, None)).Summary);
        Assert.Equal(others, Dump.Of(await LookAtAsync(new AccountKey("other"), 7)));

        await CreateAsync(Sample.New("acme", 9));
        Assert.Equal(9, (await Store.Accounts.FindAsync(Own, Sample.Acme, None))!.State.Account.Id);
        Assert.Empty(await Ledger.ReadAsync(Own, new LedgerFilter { Account = Sample.Acme }, None));
        Assert.True(await Store.PortalTokens.AddAsync(Own, Token("new", 9, 0), Instant.MinValue, Record("new"), None));
    }

    [Fact(DisplayName = "PRIV-1: of an account of which one user is erased the others stay, and campaigns and keys keep their names")]
    public async Task AUserIsErased()
    {
        await CreateAsync(Sample.New("acme", Sample.AcmeId, name: "Acme"));
        await FillPersonalAsync(Sample.Acme, Sample.AcmeId, 1);
        await FillPersonalAsync(Sample.Acme, Sample.AcmeId, 2);
        string[] ledger = await LedgerAsync();
        string others = Dump.Of(await LogOfAsync(2));

        await WriteAsync(new LedgerWrites { Erasures = [new Erasure(Sample.AcmeId, Sample.Acme, "ada-1", 101)] });
        await EraseDetailsAsync();
        Assert.Equal(ledger, await LedgerAsync());
        Assert.Equal(others, Dump.Of(await LogOfAsync(2)));
        LedgerRecord record = (await Ledger.FindAsync(Own, new EventId("evt-1-1"), None))!;
        Assert.Equal(Sample.Acme, record.Account);
        Same(new EventDetails { Source = "web", Campaign = "spring", Key = "gate", Status = "200" }, record.Details);
        string log = Dump.Of(await LogOfAsync(1));
        Assert.DoesNotContain(s_gone, gone => log.Contains(gone, StringComparison.OrdinalIgnoreCase));
        Assert.Equal([(202L, "ada-2")], (await Store.Accounts.AliasesAsync(Own, Sample.AcmeId, ScopeKind.User, None)).Select(alias => (alias.Key, alias.Value)).Order());
        Assert.Equal(["tok-2"], (await Store.PortalTokens.ListAsync(Own, new PortalTokenFilter { Account = Sample.AcmeId }, None)).Select(token => token.Id));
        Assert.True((await LoadAsync(new LedgerLoad { Accounts = [Sample.Acme], Targets = [Digest.Of("evt-1-1")] })).Targets.Values.Single().UserIsErased);
        Assert.False((await LoadAsync(new LedgerLoad { Accounts = [Sample.Acme], Targets = [Digest.Of("evt-2-1")] })).Targets.Values.Single().UserIsErased);
    }

    [Fact(DisplayName = "PRIV-1: the details go in parts, in the order of the ledger; a user whom no entry names loses the tokens only")]
    public async Task DetailsGoInParts()
    {
        await CreateAcmeAsync();
        await FillPersonalAsync(Sample.Acme, Sample.AcmeId, 1, entries: 7);
        await WriteAsync(new LedgerWrites { Erasures = [new Erasure(Sample.AcmeId, Sample.Acme, "nobody", 0)] });
        OpenErasure nobody = Assert.Single(await Store.Privacy.ReadOpenAsync(Own, None));
        Assert.Equal(7, await Store.Privacy.EraseNextAsync(Own, nobody.Number, 100, None));
        Assert.True(await Store.Privacy.EndAsync(Own, [nobody.Number], None));
        Assert.Equal(7, (await LogOfAsync(1)).Count(record => record.Details.Id is not null));

        await WriteAsync(new LedgerWrites { Erasures = [new Erasure(Sample.AcmeId, Sample.Acme, null, 0)] });
        OpenErasure open = Assert.Single(await Store.Privacy.ReadOpenAsync(Own, None));
        Same(new OpenErasure(open.Number, Sample.AcmeId, null), open);
        Assert.Equal(3, await Store.Privacy.EraseNextAsync(Own, open.Number, 3, None));
        Assert.Equal(4, (await LogOfAsync(1)).Count(record => record.Details.Id is not null));
        Assert.Equal(3, await Store.Privacy.EraseNextAsync(Own, open.Number, 3, None));
        Assert.Equal(1, await Store.Privacy.EraseNextAsync(Own, open.Number, 3, None));
        Assert.Equal(0, await Store.Privacy.EraseNextAsync(Own, open.Number, 3, None));
        Assert.All(await LogOfAsync(1), record => Same(record.Details.WithoutPersonalData(), record.Details));
        Assert.True(await Store.Privacy.EndAsync(Own, [open.Number], None));
        Assert.Empty(await Store.Privacy.ReadOpenAsync(Own, None));
        Assert.Equal(0, await Store.Privacy.EraseNextAsync(Own, open.Number, 3, None));
    }

    [Fact(DisplayName = "PRIV-2: details, alerts that are over and tokens that expired go by their age, in parts, the oldest first; what is younger stays")]
    public async Task WhatIsOldGoes()
    {
        await CreateAcmeAsync();
        await FillPersonalAsync(Sample.Acme, Sample.AcmeId, 1, entries: 5);
        Time.Advance(Duration.FromDays(40));
        LedgerRow young = Sample.Row("evt-1-9", Sample.Entry(recordedAt: Sample.Now + Duration.FromDays(40)) with { Scopes = new Scopes(101, 7, 8), Reason = "later" });
        await RecordAsync(young with { Details = young.Details with { Address = "10.0.0.9" } });
        await Store.Alerts.AppendAsync(Own, [Sample.FullAlert("alr_8") with { PeriodEnd = Instant.MaxValue }, Sample.FullAlert("alr_9") with { PeriodEnd = Sample.MonthEnd + Duration.FromDays(30) }], [], None);
        await Store.PortalTokens.AddAsync(Own, Token("young", Sample.AcmeId, 90 * 86_400), Instant.MinValue, Record("young"), None);
        string[] ledger = await LedgerAsync();
        Instant before = Sample.Now + Duration.FromDays(20);

        Assert.Equal(3, await Store.Privacy.PruneAsync(Own, RetentionKind.EventDetails, before, 3, None));
        Assert.Equal(3, (await LogOfAsync(1)).Count(record => record.Details.Id is not null));
        Assert.Equal(2, await Store.Privacy.PruneAsync(Own, RetentionKind.EventDetails, before, 3, None));
        Assert.Equal(0, await Store.Privacy.PruneAsync(Own, RetentionKind.EventDetails, before, 3, None));
        List<LedgerRecord> log = await LogOfAsync(1);
        Assert.All(log.Take(5), record => Same(record.Details.WithoutPersonalData(), record.Details));
        Assert.Equal(("evt-1-9", "10.0.0.9", "later"), (log[5].Details.Id, log[5].Details.Address, log[5].Entry.Reason));
        Assert.Equal(ledger, await LedgerAsync());
        Assert.NotNull(await Ledger.FindAsync(Own, new EventId("evt-1-1"), None));

        Assert.Equal(1, await Store.Privacy.PruneAsync(Own, RetentionKind.Alerts, Sample.MonthEnd + Duration.FromDays(1), 9, None));
        Assert.Equal(["alr_9", "alr_8"], (await Store.Alerts.ListAsync(Own, new AlertFilter { Now = Sample.Now }, None)).Select(stored => stored.Alert.Id));
        Assert.Equal(1, await Store.Privacy.PruneAsync(Own, RetentionKind.PortalTokens, before, 9, None));
        Assert.Equal(["young"], (await Store.PortalTokens.ListAsync(Own, new PortalTokenFilter(), None)).Select(token => token.Id));
        Assert.Equal(0, await Store.Privacy.PruneAsync(Own, RetentionKind.PortalTokens, before, 9, None));
    }

    [Fact(DisplayName = "ID-3, PRIV-2: denials go by their age with their ids, in parts, the oldest first; ids of effects stay with their entries")]
    public async Task OldDenialsGo()
    {
        await CreateAcmeAsync();
        for (int i = 0; i < 6; i++)
        {
            StoredDenial denial = new(Digest.Of($"no-{i}"), Digest.Of("content"), new byte[] { (byte)i }, s_longAgo + Duration.FromDays(i));
            await WriteAsync(new LedgerWrites { Denials = [denial], Rows = [Sample.Row($"yes-{i}", Sample.Entry(recordedAt: s_longAgo + Duration.FromDays(i)))] });
        }

        await WriteAsync(new LedgerWrites { Denials = [new StoredDenial(Digest.Of("young"), default, new byte[] { 9 }, Sample.Now)] });
        Instant before = s_longAgo + Duration.FromDays(5);
        Assert.Equal(3, await Store.Privacy.PruneAsync(Own, RetentionKind.Denials, before, 3, None));
        Assert.Equal(["no-3", "no-4", "no-5", "young"], await DenialsAsync());
        Assert.Equal(2, await Store.Privacy.PruneAsync(Own, RetentionKind.Denials, before, 3, None));
        Assert.Equal(0, await Store.Privacy.PruneAsync(Own, RetentionKind.Denials, before, 3, None));
        Assert.Equal(["no-5", "young"], await DenialsAsync());
        string[] ids = [.. Enumerable.Range(0, 6).Select(i => $"yes-{i}")];
        Assert.Equal(6, (await LoadAsync(new LedgerLoad { Accounts = [], Ids = [.. ids.Select(Digest.Of)] })).Ids.Count);

        // What went is free again, for whatever content.
        await WriteAsync(new LedgerWrites { Denials = [new StoredDenial(Digest.Of("no-0"), default, new byte[] { 1 }, Sample.Now)], Rows = [Sample.Row("no-1", Sample.Entry())] });
        Assert.Equal(["no-0", "no-1", "no-5", "young"], await DenialsAsync());
        Assert.NotNull(await Ledger.FindAsync(Own, new EventId("no-1"), None));

        async Task<string[]> DenialsAsync()
        {
            string[] names = [.. Enumerable.Range(0, 6).Select(i => $"no-{i}"), "young"];
            LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [], Ids = [.. names.Select(Digest.Of)] });
            return [.. names.Where(name => snapshot.Ids.ContainsKey(Digest.Of(name)))];
        }
    }

    [Fact(DisplayName = "PRIV-1: the text of a catalog version is put in another's place, and stays the version that it was")]
    public async Task AVersionIsRedacted()
    {
        Assert.Equal(1, await Store.Catalogs.AddAsync(Own, "first", CatalogFormat.Json, "me", 0, None));
        Assert.Equal(2, await Store.Catalogs.AddAsync(Own, "second", CatalogFormat.Yaml, "me", 1, None));
        CatalogVersion before = (await Store.Catalogs.FindAsync(Own, 1, None))!;
        await Store.Catalogs.RedactAsync(Own, 1, "first, without a name and longer", None);
        await Store.Catalogs.RedactAsync(Own, 9, "none", None);
        Same(before with { Document = "first, without a name and longer" }, await Store.Catalogs.FindAsync(Own, 1, None));
        Assert.Equal(["second", "first, without a name and longer"], (await Store.Catalogs.ListAsync(Own, true, None)).Select(version => version.Document));
        Assert.Equal(2, await Store.Catalogs.ActiveVersionAsync(Own, None));
    }

    /// <summary>Entries, a user, a token and an alert of which everything that is personal can be told by a number.</summary>
    private async Task FillPersonalAsync(AccountKey account, long id, int number, int entries = 2)
    {
        Scopes scopes = new(number * 101, 7, 8);
        EventDetails details = new()
        {
            User = $"ada-{number}", Campaign = "spring", Key = "gate", Source = "web", Resource = "the resource", RequestId = "req-1", Status = "200",
            Address = "10.0.0.9", UserAgent = "agent 1", FreeProperties = Properties.Of([KeyValuePair.Create("note", PropertyValue.Of("a note"))]),
        };
        LedgerRow[] rows = [.. Enumerable.Range(1, entries).Select(i => Sample.Row($"evt-{number}-{i}", Sample.Entry(id) with { Scopes = scopes, Reason = "the reason", Actor = "anna" }))];
        IReadOnlyList<long> sequences = await WriteAsync(new LedgerWrites
        {
            Aliases = [new NewAlias(id, new Alias(account, ScopeKind.User, $"ada-{number}"), number * 101)],
            Rows = [.. rows.Select((row, i) => row with { Details = (i == 3 ? EventDetails.Empty : details) with { Id = $"evt-{number}-{i + 1}" } })],
        });
        if (entries == 2)
        {
            await RecordAsync(Sample.RowWithoutId(Sample.Entry(id, kind: EntryKind.Completion, target: sequences[0]) with { Scopes = scopes }) with { Details = details with { Campaign = null, Key = null, Resource = "the resource after" } });
        }

        await Store.PortalTokens.AddAsync(Own, Token($"tok-{number}", id, number) with { User = $"ada-{number}" }, Instant.MinValue, Record($"tok-{number}"), None);
        await Store.Alerts.AppendAsync(Own, [Sample.FullAlert($"alr_{number}") with { Account = id }], [], None);
    }

    private async Task EraseDetailsAsync()
    {
        foreach (OpenErasure open in await Store.Privacy.ReadOpenAsync(Own, None))
        {
            while (await Store.Privacy.EraseNextAsync(Own, open.Number, 2, None) == 2)
            {
            }

            Assert.True(await Store.Privacy.EndAsync(Own, [open.Number], None));
        }
    }

    /// <summary>What erases leave: the entries without words of people, and the balances.</summary>
    private async Task<string[]> LedgerAsync() =>
    [
        .. (await Ledger.FollowAsync(Own, 0, 1000, None)).Select(entry => Dump.Of(entry.Entry with { Reason = null, Actor = null }) + Dump.Of(entry.Details.WithoutPersonalData())),
        .. (await AllAsync(Ledger.ReadBalancesAsync(Own, None))).Select(balance => Dump.Of(balance)).Order(StringComparer.Ordinal),
    ];

    private async Task<List<LedgerRecord>> LogOfAsync(int number) =>
        [.. (await Ledger.ReadAsync(Own, new LedgerFilter { Ascending = true }, None)).Where(record => record.Entry.Scopes.User == number * 101)];

    private async Task<object> LookAtAsync(AccountKey account, long id) => (
        await Store.Accounts.FindAsync(Own, account, None),
        await Store.Accounts.AliasesAsync(Own, id, ScopeKind.User, None),
        await Ledger.ReadAsync(Own, new LedgerFilter { Account = account }, None),
        await Store.PortalTokens.ListAsync(Own, new PortalTokenFilter { Account = id }, None),
        await Store.Alerts.ListAsync(Own, new AlertFilter { Account = id, Now = Sample.Now }, None));
}
