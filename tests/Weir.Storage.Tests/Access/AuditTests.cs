using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public sealed class AuditTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 14, 9, 26, 53);

    private static readonly AuditActor s_actor = AuditActor.OfKey("k1", "Ops");

    [Fact(DisplayName = "AUD-1: the hash is SHA-256 over ten lines that anybody can write down")]
    public void TheCanonicalForm()
    {
        AuditRecord record = AuditChain.Next(
            new AuditHead(41, Digest.FromBytes(Enumerable.Repeat((byte)0xab, 32).ToArray())), Instant.FromUtc(2026, 11, 21, 9, 30) + Duration.FromMilliseconds(1.5),
            new AuditEntry(AuditActor.OfKey("0123456789abcdef", "Büro"), "key.created", new AuditTarget("key", "k9")) { After = new() { ["name"] = "Ü\n", ["live"] = true } });
        Assert.Equal(
            "weir-audit-1\n42\n1795253400001500\nkey:0123456789abcdef\nBüro\nkey.created\nkey:k9\nnull\n{\"live\":true,\"name\":\"Ü\\n\"}\nabababababababababababababababababababababababababababababababab\n",
            AuditChain.CanonicalForm(record));
        // Taken with sha256sum from the lines above.
        Assert.Equal("013443a0f1816d138fd279b32c5ceac7148c934d314cf4ba774e9bf3311ea20c", AuditChain.Hex(record.Hash));
    }

    [Theory(DisplayName = "AUD-2: a noted head is a number and a hash")]
    [InlineData("")]
    [InlineData("7")]
    [InlineData(":00")]
    [InlineData("x:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("7:000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("7:000000000000000000000000000000000000000000000000000000000000000g")]
    [InlineData("-7:0000000000000000000000000000000000000000000000000000000000000000")]
    public void NoHead(string text) => Assert.False(AuditHead.TryParse(text, out _));

    [Fact(DisplayName = "AUD-1: each change of an account says what was and what is, by its internal id and without a name; what changes nothing is no record")]
    public async Task ChangesOfAccounts()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        AccountService accounts = desk.Get<AccountService>();
        AccountKey key = new("acme-secret");
        LimitOverride limit = new("credits", ScopeKind.Account, Per.Month, new Quantity(500), null, "Anna asked for it");
        AccountChange[] changes =
        [
            new() { Zone = DateTimeZoneProviders.Tzdb["Africa/Nairobi"] }, new() { Suspended = true }, new() { Suspended = true }, new() { SetOverride = limit }, new() { SetOverride = limit },
            new() { SetOverride = limit with { Limit = null, Until = Instant.FromUtc(2027, 1, 1, 0, 0) } }, new() { RemoveOverride = ("credits", ScopeKind.Account, Per.Month) },
            new() { RemoveOverride = ("credits", ScopeKind.Account, Per.Month) },
        ];
        foreach (AccountChange change in changes)
        {
            Assert.True((await accounts.ChangeAsync(desk.Workspace, key, change, null, true, s_actor, CancellationToken.None)).Allowed);
        }

        for (int repeat = 0; repeat < 2; repeat++)
        {
            ProfileChange profile = new() { Name = "Anna Secret", ExternalIds = new Dictionary<string, string> { ["billing"] = "secret-7" } };
            Assert.True((await accounts.PutAsync(desk.Workspace, key, new AccountChange(), profile, s_actor, CancellationToken.None)).Allowed);
        }

        Assert.False((await accounts.ChangeAsync(desk.Workspace, key, new AccountChange { Plan = "none" }, null, true, s_actor, CancellationToken.None)).Allowed);

        long id = await desk.IdOfAsync("acme-secret");
        IReadOnlyList<AuditRecord> records = await desk.Store.Audit.ReadAsync(desk.Workspace, new AuditFilter { Ascending = true, Target = AuditTarget.Account(id) }, CancellationToken.None);
        Assert.Equal(
            [
                """account.created null {"anchor":"2026-03-14T00:00:00","pinnedVersion":null,"plan":"free","suspended":false,"timeZone":"Africa/Nairobi"}""",
                """account.changed {"suspended":false} {"suspended":true}""",
                """override.set null {"limitUnits":500,"meter":"credits","per":"month","scope":"account","until":null}""",
                """override.set {"limitUnits":500,"meter":"credits","per":"month","scope":"account","until":null} {"limitUnits":null,"meter":"credits","per":"month","scope":"account","until":"2027-01-01T00:00:00Z"}""",
                """override.removed {"limitUnits":null,"meter":"credits","per":"month","scope":"account","until":"2027-01-01T00:00:00Z"} null""",
                """account.changed null {"profile":["name","externalIds"]}""",
            ],
            records.Select(record => $"{record.Action} {record.Before ?? "null"} {record.After ?? "null"}"));
        Assert.All(records, record => Assert.Equal(s_actor, record.Actor));
        Assert.All(await AllAsync(desk), record => Assert.DoesNotContain("secret", AuditChain.CanonicalForm(record), StringComparison.OrdinalIgnoreCase));
        Assert.All(records, record => Assert.DoesNotContain("Anna", AuditChain.CanonicalForm(record), StringComparison.Ordinal));
    }

    [Fact(DisplayName = "AUD-1: an account that its first event makes is no change of configuration")]
    public async Task MadeByAnEvent()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        int before = (await AllAsync(desk)).Count;
        await desk.RecordAsync("1", "diagnose");
        Assert.Equal(before, (await AllAsync(desk)).Count);
    }

    [Fact(DisplayName = "AUD-1: when a change is not committed there is no record of it either")]
    public async Task NotCommitted()
    {
        HookedStore? hooks = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start, time => hooks = new HookedStore(new MemoryStore(time)));
        await desk.RecordAsync("1", "diagnose");
        int before = (await AllAsync(desk)).Count;
        hooks!.BeforeCommit = () => throw new StoreUnavailableException("The disk is full.");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => SuspendAsync(desk));
        hooks.BeforeCommit = null;
        Assert.Equal(before, (await AllAsync(desk)).Count);
        Assert.True((await SuspendAsync(desk)).Allowed);
        Assert.Equal(before + 1, (await AllAsync(desk)).Count);
    }

    [Fact(DisplayName = "AUD-1: catalogs and keys stand in the log with who changed them")]
    public async Task CatalogsAndKeys()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        CatalogService catalogs = desk.Get<CatalogService>();
        Assert.Equal(2, (await catalogs.ReplaceAsync(desk.Workspace, UsageDesk.Catalog + "\n# two", CatalogFormat.Yaml, null, s_actor, CancellationToken.None)).Version);
        Assert.Equal(1, (await catalogs.RollbackAsync(desk.Workspace, 1, null, AuditActor.Cli, CancellationToken.None)).Version);
        KeyService keys = desk.Get<KeyService>();
        (ApiKey key, string text) = await keys.CreateAsync(desk.Get<StoreLifetime>().Default, "worker", true, KeyScopes.Ingest | KeyScopes.Read, AuditActor.OfHost("start"), CancellationToken.None);
        await keys.RevokeAsync(desk.Workspace, key.Id, s_actor, CancellationToken.None);
        Assert.Equal(
            [
                """host workspace.created workspace:default null {"key":"default","timeZone":"UTC"}""",
                """host catalog.changed catalog:1 null {"version":1}""",
                """key:k1 catalog.changed catalog:2 {"version":1} {"version":2}""",
                """cli catalog.rolled_back catalog:1 {"version":2} {"version":1}""",
                $$"""host:start key.created key:{{key.Id}} null {"live":true,"name":"worker","scopes":"ingest, read"}""",
                $"key:k1 key.revoked key:{key.Id} null null",
            ],
            (await AllAsync(desk)).Select(record => $"{record.Actor} {record.Action} {record.Target} {record.Before ?? "null"} {record.After ?? "null"}"));
        Assert.All(await AllAsync(desk), record => Assert.DoesNotContain(text.Split('_', 5)[4], AuditChain.CanonicalForm(record), StringComparison.Ordinal));
    }

    private static Task<Outcome> SuspendAsync(UsageDesk desk) =>
        desk.Get<AccountService>().ChangeAsync(desk.Workspace, Sample.Acme, new AccountChange { Suspended = true }, null, false, s_actor, CancellationToken.None);

    private static async Task<IReadOnlyList<AuditRecord>> AllAsync(UsageDesk desk) =>
        await desk.Store.Audit.ReadAsync(desk.Workspace, new AuditFilter { Ascending = true, Limit = AuditFilter.LargestLimit }, CancellationToken.None);
}
