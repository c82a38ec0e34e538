using System.Net;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Engine;
using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class PlansOverTimeApiTests
{
    private const string Plans = """
        name: plans
        defaultPlan: free
        meters: { calls: { unit: call } }
        events: { call: { charges: { calls: 1 } } }
        plans:
          free: { allowances: { calls: { limit: 2 } } }
          pro:  { name: Pro, allowances: { calls: { limit: 10 } }, features: { export: true } }
        """;

    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 21, 10, 0);

    [Fact(DisplayName = "PLAN-2: a trial ends and a change with the next period comes at its very microsecond, without any job")]
    public async Task ActsByTheClock()
    {
        FakeClock clock = new(s_now);
        await using WeirHost host = await StartAsync(clock);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/subscription", """{ "plan": "pro", "until": "2026-11-25T12:00:00Z" }""")).ExpectOk();
        Assert.Equal(10m, await LimitAsync(host, "acme"));
        clock.Now = Instant.FromUtc(2026, 11, 25, 12, 0) - Clock.Microsecond;
        Assert.Equal(10m, await LimitAsync(host, "acme"));
        clock.Advance(Clock.Microsecond);
        Assert.Equal(2m, await LimitAsync(host, "acme"));
        Reply subscription = (await host.Admin.ReadAsync("/api/v1/accounts/acme/subscription")).ExpectOk();
        Assert.Equal(("free", "2026-11-25T12:00:00Z"), ((string?)subscription["plan"]!["key"], (string?)subscription["since"]));
        Assert.Equal("""[{"until":"2026-11-25T12:00:00Z","plan":"pro","pinnedVersion":null}]""", subscription["former"]!.ToJsonString());

        Reply planned = await host.Admin.PutJsonAsync("/api/v1/accounts/acme/subscription", """{ "plan": "pro", "when": "next_period" }""");
        Assert.Equal("""[{"at":"2026-12-21T00:00:00Z","plan":"pro","pinnedVersion":null}]""", planned.ExpectOk()["scheduled"]!.ToJsonString());
        for (int i = 0; i < 3; i++)
        {
            bool allowed = (bool)(await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "e-{{i}}", "account": "acme", "type": "call" }""")).ExpectOk()["allowed"]!;
            Assert.Equal(i < 2, allowed);
        }

        clock.Now = Instant.FromUtc(2026, 12, 21, 0, 0);
        Assert.True((bool)(await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-3", "account": "acme", "type": "call" }""")).ExpectOk()["allowed"]!);
        Assert.Equal(10m, await LimitAsync(host, "acme"));
        Assert.Single((await host.Admin.ReadAsync("/api/v1/accounts?plan=pro")).ExpectOk()["items"]!.AsArray());
    }

    [Fact(DisplayName = "PLAN-2: what is planned can be cancelled, and what was planned from then on is replaced")]
    public async Task Cancelled()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_now));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/subscription", """{ "plan": "pro", "until": "2026-11-25T12:00:00Z" }""")).ExpectOk();
        (await host.Admin.DeleteCallAsync("/api/v1/accounts/acme/subscription/scheduled")).Expect(HttpStatusCode.NoContent);
        (await host.Admin.DeleteCallAsync("/api/v1/accounts/acme/subscription/scheduled")).Expect(HttpStatusCode.NoContent);
        Reply account = (await host.Admin.ReadAsync("/api/v1/accounts/acme")).ExpectOk();
        Assert.Equal(("pro", 0), ((string?)account["plan"]!["key"], account["scheduled"]!.AsArray().Count));
        (await host.Admin.DeleteCallAsync("/api/v1/accounts/nobody/subscription/scheduled")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
    }

    [Theory(DisplayName = "PLAN-2: a subscription that cannot be is refused with its place")]
    [InlineData("""{ "plan": "pro", "when": "tomorrow" }""", "/when")]
    [InlineData("""{ "plan": "pro", "until": "2026-11-21T10:00:00Z" }""", "/until")]
    [InlineData("""{ "plan": "pro", "then": "free" }""", "/then")]
    [InlineData("""{ "plan": "pro", "until": "2027-01-01T00:00:00Z", "then": "gold" }""", "/then")]
    public async Task Refused(string body, string pointer)
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_now));
        Reply reply = await host.Admin.PutJsonAsync("/api/v1/accounts/acme/subscription", body);
        Assert.Equal(pointer, (string?)reply["errors"]![0]!["pointer"]);
        Assert.Equal("free", (string?)(await host.Admin.ReadAsync("/api/v1/accounts/acme"))["plan"]!["key"]);
    }

    [Fact(DisplayName = "PLAN-3: migrate tells first what changes for whom, then moves page by page; a repeat moves nothing")]
    public async Task Migrate()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_now));
        foreach (string key in new[] { "a", "b", "c" })
        {
            (await host.Admin.PutJsonAsync($"/api/v1/accounts/{key}", "{}")).ExpectOk();
            (await host.Admin.PutJsonAsync($"/api/v1/accounts/{key}/subscription", """{ "plan": "pro", "pin": true }""")).ExpectOk();
        }

        for (int i = 0; i < 4; i++)
        {
            await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "e-{{i}}", "account": "b", "type": "call" }""");
        }

        string next = Plans.Replace("limit: 10", "limit: 3", StringComparison.Ordinal).Replace("{ export: true }", "{ api: true }", StringComparison.Ordinal);
        (await host.Admin.PutAsync("/api/v1/catalog", next, "application/yaml")).ExpectOk();
        Reply preview = (await host.Admin.PostJsonAsync("/api/v1/migrate?dryRun=true&limit=2", """{ "plan": "pro" }""")).ExpectOk();
        Assert.Equal((2, 2, 1, true), ((int)preview["toVersion"]!, (int)preview["migrated"]!, (int)preview["over"]!, (bool)preview["dryRun"]!));
        Assert.Equal(
            """{"account":"b","name":null,"plan":"pro","fromVersion":1,"limits":[{"meter":"calls","scope":"account","per":"month","before":10,"after":3,"used":4,"over":true}],"featuresGained":["api"],"featuresLost":["export"],"failure":null}""",
            preview["items"]![1]!.ToJsonString());
        Reply rest = (await host.Admin.PostJsonAsync($"/api/v1/migrate?dryRun=true&limit=2&cursor={preview["next"]}", """{ "plan": "pro" }""")).ExpectOk();
        Assert.Equal(("c", null), ((string?)rest["items"]![0]!["account"], (string?)rest["next"]));
        Assert.Equal(10m, await LimitAsync(host, "b"));
        Assert.Equal(0, (int)(await host.Admin.PostJsonAsync("/api/v1/migrate", """{ "plan": "free" }""")).ExpectOk()["migrated"]!);
        Reply unknown = (await host.Admin.PostJsonAsync("/api/v1/migrate", """{ "plan": "pr" }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "unknown_plan");
        Assert.Equal("/plan", (string?)unknown["errors"]![0]!["pointer"]);

        Assert.Equal(2, (int)(await host.Admin.PostJsonAsync("/api/v1/migrate?limit=2", "{}")).ExpectOk()["migrated"]!);
        Assert.Equal(1, (int)(await host.Admin.PostJsonAsync("/api/v1/migrate?limit=2", "{}")).ExpectOk()["migrated"]!);
        Assert.Equal(0, (int)(await host.Admin.PostJsonAsync("/api/v1/migrate?limit=2", "{}")).ExpectOk()["migrated"]!);
        Assert.Equal(3m, await LimitAsync(host, "b"));
        Assert.Equal(2, (int)(await host.Admin.ReadAsync("/api/v1/accounts/b"))["pinnedVersion"]!);
    }

    [Fact(DisplayName = "PLAN-4: an account's own plan is written and taken in one call, which can be repeated; nobody else can have it or sees it in the list")]
    public async Task OwnPlan()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_now));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/beta", "{}")).ExpectOk();
        const string plan = """{ "name": "Acme's own", "allowances": { "calls": { "limit": 77 } } }""";
        Reply first = (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/plan", plan)).ExpectOk();
        Assert.Equal("Acme's own", (string?)first["plan"]!["name"]);
        Assert.Equal(77m, await LimitAsync(host, "acme"));
        Reply again = (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/plan", plan)).ExpectOk();
        Assert.Equal(first.Text, again.Text);
        Assert.Equal(2, (await host.Admin.ReadAsync("/api/v1/catalog/versions")).ExpectOk()["items"]!.AsArray().Count);

        string key = (string)first["plan"]!["key"]!;
        Assert.Equal("/plan", (string?)(await host.Admin.PutJsonAsync("/api/v1/accounts/beta/subscription", $$"""{ "plan": "{{key}}" }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "unknown_plan")["errors"]![0]!["pointer"]);
        Assert.Equal(["free", "pro"], (await host.Admin.ReadAsync("/api/v1/catalog/plans")).ExpectOk()["items"]!.AsArray().Select(item => (string?)item!["key"]));
        JsonNode own = (await host.Admin.ReadAsync("/api/v1/catalog/plans?custom=true")).ExpectOk()["items"]![2]!;
        Assert.Equal((key, "acme"), ((string?)own["key"], (string?)own["account"]));

        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/plan?when=next_period", plan.Replace("77", "88", StringComparison.Ordinal))).ExpectOk();
        Assert.Equal(88m, await LimitAsync(host, "acme"));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/nobody/plan", plan)).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/plan", """{ "allowances": { "gold": { "limit": 1 } } }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "invalid_catalog");
    }

    [Fact(DisplayName = "CAT-1: a plan that is planned cannot be taken out of the catalog; one that a planned change has left can")]
    public async Task PlannedIsInUse()
    {
        FakeClock clock = new(s_now);
        await using WeirHost host = await StartAsync(clock);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/subscription", """{ "plan": "pro", "when": "next_period", "until": "2027-06-01T00:00:00Z" }""")).ExpectOk();
        (await host.Admin.DeleteCallAsync("/api/v1/catalog/plans/pro")).ExpectProblem(HttpStatusCode.Conflict, "catalog_incompatible");
        clock.Now = Instant.FromUtc(2027, 5, 1, 0, 0);
        (await host.Admin.DeleteCallAsync("/api/v1/catalog/plans/pro")).ExpectProblem(HttpStatusCode.Conflict, "catalog_incompatible");
        clock.Now = Instant.FromUtc(2027, 6, 1, 0, 0);
        (await host.Admin.DeleteCallAsync("/api/v1/catalog/plans/pro")).ExpectOk();
    }

    [Fact(DisplayName = "BAL-9: a suspended account's requests are denied with a reason of their own, in check and consume, and told apart from a spent limit")]
    public async Task Suspended()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_now));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "suspended": true }""")).ExpectOk();
        foreach (string call in new[] { "check", "consume" })
        {
            Reply denied = (await host.Admin.PostJsonAsync($"/api/v1/{call}", """{ "id": "e-1", "account": "acme", "type": "call" }""")).ExpectOk();
            Assert.Equal((false, "account_suspended", null), ((bool)denied["allowed"]!, (string?)denied["reason"], (string?)denied["advice"]?["plan"]));
        }

        Assert.Equal("recorded", (string?)(await host.Admin.PostJsonAsync("/api/v1/events", """{ "id": "e-2", "account": "acme", "type": "call" }""")).ExpectOk()["results"]![0]!["status"]);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "suspended": false }""")).ExpectOk();
        Assert.True((bool)(await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-3", "account": "acme", "type": "call" }""")).ExpectOk()["allowed"]!);
    }

    [Fact(DisplayName = "PER-4: a new zone and a new anchor let the running period end as it was shown, and shape the next ones")]
    public async Task NewZoneAndAnchor()
    {
        FakeClock clock = new(s_now);
        await using WeirHost host = await StartAsync(clock);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "timeZone": "Africa/Nairobi" }""")).ExpectOk();
        Assert.Equal(("2026-11-21T00:00:00Z", "2026-12-21T00:00:00Z"), await PeriodAsync(host));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "anchor": "2026-01-31T09:00:00" }""")).ExpectOk();
        Assert.Equal(("2026-11-21T00:00:00Z", "2026-12-21T00:00:00Z"), await PeriodAsync(host));
        clock.Now = Instant.FromUtc(2026, 12, 21, 0, 0);
        Assert.Equal(("2026-12-21T00:00:00Z", "2026-12-31T06:00:00Z"), await PeriodAsync(host));
        clock.Now = Instant.FromUtc(2026, 12, 31, 6, 0);
        Assert.Equal(("2026-12-31T06:00:00Z", "2027-01-31T06:00:00Z"), await PeriodAsync(host));
    }

    private static async Task<WeirHost> StartAsync(FakeClock clock)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock);
        (await host.Admin.PutAsync("/api/v1/catalog", Plans, "application/yaml")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        return host;
    }

    private static async Task<decimal?> LimitAsync(WeirHost host, string account) =>
        (decimal?)(await host.Admin.ReadAsync($"/api/v1/accounts/{account}/usage")).ExpectOk()["balances"]![0]!["limit"];

    private static async Task<(string? Start, string? End)> PeriodAsync(WeirHost host)
    {
        JsonNode line = (await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk()["balances"]![0]!;
        return ((string?)line["periodStart"], (string?)line["periodEnd"]);
    }
}
