using System.Text.Json.Nodes;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private static readonly AuditActor s_auditor = AuditActor.OfKey("0123456789abcdef", "Büro \"Nord\"");

    [Fact(DisplayName = "AUD-1: each change is one record, numbered from 1 and chained to the one before, with its members as they were given")]
    public async Task EachChangeIsARecord()
    {
        Workspace made = (await Store.Workspaces.CreateAsync("audited", null, "UTC", Workspace.Created(s_auditor, "audited", "UTC"), None))!;
        Time.Advance(Duration.FromSeconds(1));
        AuditEntry added = new(s_auditor, AuditActions.KeyCreated, new AuditTarget("key", "k1")) { After = new JsonObject { ["z"] = 1, ["name"] = "ü \"q\"\n", ["a"] = null } };
        await Store.Keys.AddAsync(made.Id, new ApiKey("k1", "", true, KeyScopes.Read, Digest.Of("s"), Sample.Now, null), added, None);
        await Store.Keys.RevokeAsync(made.Id, "k1", new AuditEntry(AuditActor.Cli, AuditActions.KeyRevoked, new AuditTarget("key", "k1")) { Before = [] }, None);

        IReadOnlyList<AuditRecord> records = await Store.Audit.ReadAsync(made.Id, new AuditFilter { Ascending = true }, None);
        AuditRecord first = new(1, Sample.Now, s_auditor, "workspace.created", new AuditTarget("workspace", "audited"), null, """{"key":"audited","timeZone":"UTC"}""", default, default);
        first = first with { Hash = AuditChain.HashOf(first) };
        AuditRecord second = new(2, Sample.Now + Duration.FromSeconds(1), s_auditor, "key.created", new AuditTarget("key", "k1"), null, """{"a":null,"name":"ü \"q\"\n","z":1}""", first.Hash, default);
        second = second with { Hash = AuditChain.HashOf(second) };
        AuditRecord third = new(3, Sample.Now + Duration.FromSeconds(1), AuditActor.Cli, "key.revoked", new AuditTarget("key", "k1"), "{}", null, second.Hash, default);
        third = third with { Hash = AuditChain.HashOf(third) };
        Assert.Equal([first, second, third], records);
        AuditVerification found = await new AuditVerifier(Store).VerifyAsync(made.Id, null, None);
        Assert.Equal(new AuditVerification(3, third.Head, null), found);
    }

    [Fact(DisplayName = "AUD-1: what changes nothing leaves no record")]
    public async Task NoChangeNoRecord()
    {
        await Store.Keys.AddAsync(Own, new ApiKey("k1", "", true, KeyScopes.Read, Digest.Of("s"), Sample.Now, null), None);
        await Store.Keys.RevokeAsync(Own, "k1", None);
        await Store.Catalogs.AddAsync(Own, "1", CatalogFormat.Yaml, null, 0, None);
        await CreateAsync(Sample.New("acme", Sample.AcmeId) with { Audit = Record("acme") });
        IReadOnlyList<AuditRecord> before = await Store.Audit.ReadAsync(Own, new AuditFilter(), None);
        Assert.Equal(5, before.Count);

        Assert.True(await Store.Keys.RevokeAsync(Own, "k1", None));
        Assert.False(await Store.Keys.RevokeAsync(Own, "none", None));
        Assert.Null(await Store.Catalogs.AddAsync(Own, "2", CatalogFormat.Yaml, null, 0, None));
        Assert.False(await Store.Catalogs.ActivateAsync(Own, 7, 1, None));
        Assert.Null(await Store.Workspaces.CreateAsync("own", null, "UTC", None));
        await CreateAsync(Sample.New("acme", 5) with { Audit = Record("again") }, Sample.New("by-its-first-event", 6));
        await using (ILedgerTransaction given = await Ledger.BeginAsync(Own, None))
        {
            await given.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
            Assert.True(await given.WriteAsync(new LedgerWrites { Audit = [Record("given up")] }, None));
        }

        Assert.Equal(before, await Store.Audit.ReadAsync(Own, new AuditFilter(), None));
    }

    [Fact(DisplayName = "AUD-1: changes from everywhere at once make one chain in each workspace")]
    public async Task ManyAtOnce()
    {
        await CreateAcmeAsync();
        WorkspaceId other = await NewWorkspaceAsync("other");
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            WorkspaceId workspace = i % 4 == 0 ? other : Own;
            if (i % 2 == 0)
            {
                await Store.Keys.AddAsync(workspace, new ApiKey($"k{i}", "", true, KeyScopes.Read, default, Sample.Now, null), Record($"{i}"), None);
            }
            else
            {
                await WriteAsync(new LedgerWrites { Audit = [Record($"{i}a"), Record($"{i}b")] }, workspace);
            }
        })));
        foreach ((WorkspaceId workspace, int records) in new[] { (Own, 1 + 10 + 40), (other, 1 + 10) })
        {
            AuditVerification found = await new AuditVerifier(Store).VerifyAsync(workspace, null, None);
            Assert.Null(found.Broken);
            Assert.Equal(records, found.Records);
        }
    }

    [Fact(DisplayName = "AUD-1: the log is filtered by action, target, actor and time, and paged in both directions")]
    public async Task TheAuditLogIsFiltered()
    {
        WorkspaceId workspace = await NewWorkspaceAsync("filtered");
        for (int i = 0; i < 6; i++)
        {
            Time.Advance(Duration.FromSeconds(1));
            AuditActor actor = i % 2 == 0 ? AuditActor.Host : s_auditor;
            await WriteAsync(new LedgerWrites { Audit = [new AuditEntry(actor, i < 3 ? "a.done" : "b.done", AuditTarget.Account(i % 3))] }, workspace);
        }

        async Task<string> NumbersAsync(AuditFilter filter) => string.Join(' ', (await Store.Audit.ReadAsync(workspace, filter, None)).Select(record => record.Number));
        Assert.Equal("7 6 5 4 3 2 1", await NumbersAsync(new AuditFilter()));
        Assert.Equal("1 2", await NumbersAsync(new AuditFilter { Ascending = true, Limit = 2 }));
        Assert.Equal("3 4", await NumbersAsync(new AuditFilter { Ascending = true, Limit = 2, Cursor = 2 }));
        Assert.Equal("5 4", await NumbersAsync(new AuditFilter { Limit = 2, Cursor = 6 }));
        Assert.Equal("4 3 2", await NumbersAsync(new AuditFilter { Action = "a.done" }));
        Assert.Equal("6 3", await NumbersAsync(new AuditFilter { Target = AuditTarget.Account(1) }));
        Assert.Equal("7 5 3", await NumbersAsync(new AuditFilter { Actor = "key:0123456789abcdef" }));
        Assert.Equal("4 3", await NumbersAsync(new AuditFilter { From = Sample.Now + Duration.FromSeconds(2), To = Sample.Now + Duration.FromSeconds(4) }));
        Assert.Equal("", await NumbersAsync(new AuditFilter { Actor = "key:0123456789abcdef", Target = AuditTarget.Account(1), Action = "none.done" }));
    }

    private static AuditEntry Record(string id) => new(s_auditor, "test.done", new AuditTarget("test", id));
}
