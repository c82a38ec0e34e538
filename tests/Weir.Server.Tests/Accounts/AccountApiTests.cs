using System.Net;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class AccountApiTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 21, 10, 0);

    [Fact(DisplayName = "An account is made by PUT, changed in parts, and says what stands")]
    public async Task PutAndGet()
    {
        await using WeirHost host = await WeirHost.StartAsync(clock: new FakeClock(s_now));
        Reply made = await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """
            { "name": "Acme", "plan": "starter", "timeZone": "Africa/Nairobi", "anchor": "2026-01-31T09:00:00", "externalIds": { "billing": "cus_1" } }
            """);
        made.ExpectOk();
        Reply changed = await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "name": "Acme Ltd", "suspended": true }""");
        Same("""
            { "key": "acme", "name": "Acme Ltd", "plan": { "key": "starter", "name": "Starter Plan", "description": "For people who use Nexa every week" },
              "pinnedVersion": null, "scheduled": [], "timeZone": "Africa/Nairobi", "anchor": "2026-01-31T09:00:00", "suspended": true, "createdAt": "2026-11-21T10:00:00Z",
              "externalIds": { "billing": "cus_1" }, "overrides": [] }
            """, changed.ExpectOk().Json);
        Same(changed.Text, (await host.Admin.ReadAsync("/api/v1/accounts/acme")).ExpectOk().Json);
    }

    [Fact(DisplayName = "PER-1: an account's first period is already that of the anchor and zone it is made with")]
    public async Task FirstPeriod()
    {
        await using WeirHost host = await WeirHost.StartAsync(clock: new FakeClock(s_now));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "timeZone": "Africa/Nairobi", "anchor": "2026-01-31T09:00:00" }""")).ExpectOk();
        JsonNode credits = (await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk()["balances"]![0]!;
        Assert.Equal("2026-10-31T06:00:00Z", (string?)credits["periodStart"]);
        Assert.Equal("2026-11-30T06:00:00Z", (string?)credits["periodEnd"]);
    }

    [Theory(DisplayName = "A PUT that is refused makes no account")]
    [InlineData("""{ "plan": "gold" }""", HttpStatusCode.UnprocessableEntity, "unknown_plan", "/plan")]
    [InlineData("""{ "timeZone": "Africa/Nairoby" }""", HttpStatusCode.BadRequest, "invalid_request", "/timeZone")]
    [InlineData("""{ "timeZone": "+03:00" }""", HttpStatusCode.BadRequest, "invalid_request", "/timeZone")]
    [InlineData("""{ "anchor": "2026-01-31T09:00:00Z" }""", HttpStatusCode.BadRequest, "invalid_request", "/anchor")]
    [InlineData("""{ "anchor": "1969-12-31T23:59:59" }""", HttpStatusCode.BadRequest, "invalid_request", "/anchor")]
    [InlineData("""{ "anchor": "9001-01-01T00:00:00" }""", HttpStatusCode.BadRequest, "invalid_request", "/anchor")]
    [InlineData("""{ "externalIds": { "billing": "" } }""", HttpStatusCode.BadRequest, "invalid_request", "/externalIds/billing")]
    [InlineData("""{ "externalIds": { "two words": "x" } }""", HttpStatusCode.BadRequest, "invalid_request", "/externalIds/two words")]
    public async Task Refused(string body, HttpStatusCode status, string code, string pointer)
    {
        await using WeirHost host = await WeirHost.StartAsync();
        Reply reply = await host.Admin.PutJsonAsync("/api/v1/accounts/acme", body);
        Assert.Equal(pointer, (string?)reply.ExpectProblem(status, code)["errors"]![0]!["pointer"]);
        (await host.Admin.ReadAsync("/api/v1/accounts/acme")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
    }

    [Fact(DisplayName = "A misspelt time zone is answered with the nearest one")]
    public async Task NearestZone()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        Reply reply = await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "timeZone": "africa/nairoby" }""");
        Assert.Contains("'Africa/Nairobi'", (string?)reply["detail"], StringComparison.Ordinal);
    }

    [Fact(DisplayName = "NUM-5: an override's limit is required; null is unlimited, 0 blocks, -1 is invalid")]
    public async Task Overrides()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        const string path = "/api/v1/accounts/acme/overrides/credits";
        Assert.Equal("/limit", (string?)(await host.Admin.PutJsonAsync(path, "{}")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_json")["errors"]![0]!["pointer"]);
        (await host.Admin.PutJsonAsync(path, """{ "limit": -1 }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "negative_quantity");
        (await host.Admin.PutJsonAsync(path, """{ "limit": 0.001 }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "too_many_decimals");
        (await host.Admin.PutJsonAsync(path, """{ "limit": 90071992547409.92 }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "quantity_overflow");
        (await host.Admin.PutJsonAsync(path, """{ "limit": 90071992547409.91 }""")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/overrides/credit", """{ "limit": 1 }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "unknown_meter");
        foreach ((string limit, decimal? stands) in new (string, decimal?)[] { ("250.5", 250.5m), ("null", null), ("0", 0m) })
        {
            (await host.Admin.PutJsonAsync(path, $$"""{ "limit": {{limit}}, "reason": "a deal" }""")).ExpectOk();
            Assert.Equal(stands, (decimal?)(await host.Admin.ReadAsync("/api/v1/accounts/acme/usage"))["balances"]![0]!["limit"]);
        }

        Reply past = (await host.Admin.PutJsonAsync(path, """{ "limit": 9, "until": "2020-01-01T00:00:00Z" }""")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal("/until", (string?)past["errors"]![0]!["pointer"]);
        Assert.Equal(0m, (decimal?)(await host.Admin.ReadAsync("/api/v1/accounts/acme/usage"))["balances"]![0]!["limit"]);
        (await host.Admin.DeleteCallAsync(path)).Expect(HttpStatusCode.NoContent);
        (await host.Admin.DeleteCallAsync(path)).Expect(HttpStatusCode.NoContent);
        Assert.Equal(100m, (decimal?)(await host.Admin.ReadAsync("/api/v1/accounts/acme/usage"))["balances"]![0]!["limit"]);
    }

    [Fact(DisplayName = "PLAN-1: a pinned account keeps its plan's version, the others follow; what was used stays")]
    public async Task Pinned()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        foreach ((string key, string pin) in new[] { ("follows", "false"), ("pinned", "true") })
        {
            (await host.Admin.PutJsonAsync($"/api/v1/accounts/{key}", "{}")).ExpectOk();
            (await host.Admin.PutJsonAsync($"/api/v1/accounts/{key}/subscription", $$"""{ "plan": "starter", "pin": {{pin}} }""")).ExpectOk();
            await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "e-{{key}}", "account": "{{key}}", "type": "structuring_diagnose" }""");
        }

        string yaml = await File.ReadAllTextAsync(WeirHost.CatalogPath("nexa.yaml"));
        string changed = yaml.Replace("credits:      { limit: 1000,", "credits:      { limit: 1200,", StringComparison.Ordinal);
        Assert.NotEqual(yaml, changed);
        (await host.Admin.PutAsync("/api/v1/catalog", changed, "application/yaml")).ExpectOk();
        Assert.Equal((1200m, 10m), Credits(await host.Admin.ReadAsync("/api/v1/accounts/follows/usage")));
        Assert.Equal((1000m, 10m), Credits(await host.Admin.ReadAsync("/api/v1/accounts/pinned/usage")));
        Assert.Equal(1, (int?)(await host.Admin.ReadAsync("/api/v1/accounts/pinned"))["pinnedVersion"]);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/pinned/subscription", """{ "plan": "free" }""")).ExpectOk();
        Assert.Equal((100m, 10m), Credits(await host.Admin.ReadAsync("/api/v1/accounts/pinned/usage")));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/nobody/subscription", """{ "plan": "free" }""")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
    }

    [Fact(DisplayName = "Accounts are listed by cursor in the order of their keys, each once, by plan and search, with percentages")]
    public async Task Listed()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        for (int i = 0; i < 7; i++)
        {
            (await host.Admin.PutJsonAsync($"/api/v1/accounts/org-{i}", $$"""{ "name": "Org Nr {{i}}", "plan": "{{(i % 2 == 0 ? "free" : "starter")}}" }""")).ExpectOk();
        }

        await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-1", "account": "org-0", "type": "structuring_diagnose", "properties": { "complexity": 2.5 } }""");
        List<string> seen = [];
        string? cursor = null;
        do
        {
            Reply page = (await host.Admin.ReadAsync($"/api/v1/accounts?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}")).ExpectOk();
            seen.AddRange(page["items"]!.AsArray().Select(item => (string)item!["key"]!));
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"org-{i}"), seen);
        Assert.Equal(3, (await host.Admin.ReadAsync("/api/v1/accounts?plan=starter"))["items"]!.AsArray().Count);
        JsonNode first = Assert.Single((await host.Admin.ReadAsync("/api/v1/accounts?search=nr%200"))["items"]!.AsArray())!;
        JsonNode credits = first["usage"]![0]!;
        Assert.Equal(("credits", "month", 25m, 100m, 25m), ((string?)credits["meter"], (string?)credits["per"], (decimal)credits["used"]!, (decimal)credits["limit"]!, (decimal)credits["percent"]!));
    }

    [Theory(DisplayName = "ID-2: every key that is allowed can be written, percent-encoded, into a path")]
    [InlineData("a/b")]
    [InlineData("a%2Fb")]
    [InlineData("a%252Fb")]
    [InlineData("a%b")]
    [InlineData("?x=1#y")]
    [InlineData("a+b;c,d\"e\\f")]
    [InlineData("~!@$&'()*=:[]{}|^`<>")]
    public async Task KeysInPaths(string key)
    {
        await using WeirHost host = await WeirHost.StartAsync();
        string path = "/api/v1/accounts/" + Uri.EscapeDataString(key);
        Assert.Equal(key, (string?)(await host.Admin.PutJsonAsync(path, "{}")).ExpectOk()["key"]);
        Assert.Equal(key, (string?)(await host.Admin.ReadAsync(path + "/usage")).ExpectOk()["account"]);
        Assert.Equal(key, (string?)Assert.Single((await host.Admin.ReadAsync("/api/v1/accounts"))["items"]!.AsArray())!["key"]);
    }

    [Theory(DisplayName = "ID-2: a key with other characters is refused")]
    [InlineData("%20")]
    [InlineData("a%0Ab")]
    [InlineData("caf%C3%A9")]
    [InlineData("%00")]
    public async Task WrongKeys(string encoded)
    {
        await using WeirHost host = await WeirHost.StartAsync();
        Reply reply = await host.Admin.PutJsonAsync("/api/v1/accounts/" + encoded, "{}");
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
    }

    private static (decimal Limit, decimal Used) Credits(Reply usage)
    {
        JsonNode line = usage.ExpectOk()["balances"]!.AsArray().First(balance => (string?)balance!["meter"] == "credits")!;
        return ((decimal)line["limit"]!, (decimal)line["used"]!);
    }

    private static void Same(string expected, JsonNode actual) => Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), actual.ToJsonString());
}
