using System.Net;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

/// <summary>The calls of the reference as it shows them, and what repeats of them are answered.</summary>
public sealed class ConsumeApiTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 21, 10, 0);

    private const string Example = """
        { "id": "evt-1", "account": "acme", "type": "structuring_diagnose",
          "properties": { "complexity": 2.0, "echo": true }, "user": "u-7", "source": "web", "mode": "enforce" }
        """;

    [Fact(DisplayName = "ID-5: consume answers as the reference shows; a repeat is the same answer with replayed: true")]
    public async Task Consume()
    {
        await using WeirHost host = await WeirHost.StartAsync(clock: new FakeClock(s_now));
        Reply first = (await host.Admin.PostJsonAsync("/api/v1/consume", Example)).ExpectOk();
        Same("""
            { "allowed": true, "id": "evt-1", "replayed": false,
              "charges": [ { "meter": "credits", "amount": 25, "trace": { "base": 10, "multiplier": 2, "bonuses": { "echo": 5 } } },
                           { "meter": "ai_calls", "amount": 1, "trace": { "base": 1 } } ],
              "cost": null,
              "balances": [ { "meter": "credits", "used": 25, "held": 0, "limit": 100, "remaining": 75, "percent": 25,
                              "per": "month", "periodStart": "2026-11-21T00:00:00Z", "periodEnd": "2026-12-21T00:00:00Z" },
                            { "meter": "ai_calls", "used": 1, "held": 0, "limit": 40, "remaining": 39, "percent": 2.5,
                              "per": "month", "periodStart": "2026-11-21T00:00:00Z", "periodEnd": "2026-12-21T00:00:00Z" } ],
              "warnings": [] }
            """, first);
        await host.Admin.PostJsonAsync("/api/v1/consume", Example.Replace("evt-1", "evt-2", StringComparison.Ordinal));
        foreach (string repeat in new[] { Example, Example.Replace("2.0", "2", StringComparison.Ordinal).Replace("\"mode\": \"enforce\"", "\"campaign\": null", StringComparison.Ordinal) })
        {
            Reply again = (await host.Admin.PostJsonAsync("/api/v1/consume", repeat)).ExpectOk();
            Same(first.Text.Replace("\"replayed\":false", "\"replayed\":true", StringComparison.Ordinal), again);
        }

        (await host.Admin.PostJsonAsync("/api/v1/consume", Example.Replace("2.0", "1.5", StringComparison.Ordinal))).ExpectProblem(HttpStatusCode.UnprocessableEntity, "id_reused");
        Reply recorded = await host.Admin.PostJsonAsync("/api/v1/events", Example.Replace(", \"mode\": \"enforce\"", "", StringComparison.Ordinal));
        Assert.Equal("id_reused", (string?)recorded.ExpectOk()["results"]![0]!["code"]);
    }

    [Theory(DisplayName = "ID-4: what a request asks for is compared, not how it is written")]
    [InlineData("""{"properties":{"echo":true,"complexity":2},"source":"web","user":"u-7","type":"structuring_diagnose","account":"acme","id":"evt-1"}""", true)]
    [InlineData("""{ "id": "evt-1", "account": "acme", "type": "structuring_diagnose", "properties": { "complexity": 20e-1, "echo": true, "none": null }, "user": "u-7", "source": "web", "mode": "enforce", "model": null }""", true)]
    [InlineData("""{ "id": "evt-1", "account": "acme", "type": "structuring_diagnose", "properties": { "complexity": 2.01, "echo": true }, "user": "u-7", "source": "web" }""", false)]
    [InlineData("""{ "id": "evt-1", "account": "acme", "type": "structuring_diagnose", "properties": { "complexity": 2, "echo": true }, "source": "web" }""", false)]
    [InlineData("""{ "id": "evt-1", "account": "acme", "type": "structuring_diagnose", "properties": { "complexity": 2, "echo": true, "note": "" }, "user": "u-7", "source": "web" }""", false)]
    [InlineData("""{ "id": "evt-1", "account": "acme", "type": "structuring_diagnose", "properties": { "complexity": 2, "echo": true }, "user": "u-7", "source": "web", "mode": "best_effort" }""", false)]
    [InlineData("""{ "id": "evt-1", "account": "other", "type": "structuring_diagnose", "properties": { "complexity": 2, "echo": true }, "user": "u-7", "source": "web" }""", false)]
    public async Task SameContent(string repeat, bool same)
    {
        await using WeirHost host = await WeirHost.StartAsync();
        (await host.Admin.PostJsonAsync("/api/v1/consume", Example)).ExpectOk();
        // Neither the key nor the catalog's version is part of the content.
        using HttpClient other = await host.ClientOfAsync("ingest");
        (await host.Admin.PutJsonAsync("/api/v1/catalog/events/probe", """{ "charges": { "credits": 1 } }""")).ExpectOk();
        Reply reply = await other.PostJsonAsync("/api/v1/consume", repeat);
        if (same)
        {
            Assert.True((bool)reply.ExpectOk()["replayed"]!);
        }
        else
        {
            reply.ExpectProblem(HttpStatusCode.UnprocessableEntity, "id_reused");
        }
    }

    [Fact(DisplayName = "ID-5: a denial is 200 with every violated limit, the reset and the plan that would do; its repeat stays a denial")]
    public async Task Denied()
    {
        await using WeirHost host = await WeirHost.StartAsync(clock: new FakeClock(s_now));
        for (int i = 0; i < 3; i++)
        {
            (await host.Admin.PostJsonAsync("/api/v1/consume", Example.Replace("evt-1", $"warm-{i}", StringComparison.Ordinal))).ExpectOk();
        }

        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "warm-4", "account": "acme", "type": "solutioning_hyper_canvas" }""")).ExpectOk();
        string request = Example.Replace("evt-1", "evt-9", StringComparison.Ordinal);
        Reply denied = (await host.Admin.PostJsonAsync("/api/v1/consume", request)).ExpectOk();
        Same("""
            { "allowed": false, "id": "evt-9", "replayed": false, "reason": "limit_exceeded",
              "violations": [ { "reason": "limit_exceeded", "meter": "credits", "per": "month", "limit": 100, "used": 95, "held": 0, "requested": 25, "remaining": 5,
                                "resetsAt": "2026-12-21T00:00:00Z" } ],
              "advice": { "plan": "starter", "name": "Starter Plan", "meter": "credits", "limit": 1000 } }
            """, denied);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/subscription", """{ "plan": "starter" }""")).ExpectOk();
        Same(denied.Text.Replace("\"replayed\":false", "\"replayed\":true", StringComparison.Ordinal), (await host.Admin.PostJsonAsync("/api/v1/consume", request)).ExpectOk());
        (await host.Admin.PostJsonAsync("/api/v1/consume", Example)).ExpectOk();
    }

    [Fact(DisplayName = "GET usage answers as the reference shows, scoped balances by the host's names")]
    public async Task Usage()
    {
        await using WeirHost host = await StartRichAsync();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        Same("""
            { "account": "acme", "plan": { "key": "free", "name": "Free Plan", "description": "To try it" }, "enforcement": "enforce",
              "balances": [
                { "meter": "credits", "used": 0, "held": 0, "limit": 100, "remaining": 100, "percent": 0, "per": "month", "periodStart": "2026-11-21T00:00:00Z", "periodEnd": "2026-12-21T00:00:00Z" },
                { "meter": "tokens", "used": 0, "held": 0, "limit": 1000, "remaining": 1000, "percent": 0, "per": "month", "periodStart": "2026-11-21T00:00:00Z", "periodEnd": "2026-12-21T00:00:00Z" },
                { "meter": "storage", "used": 0, "held": 0, "limit": 5000, "remaining": 5000, "percent": 0, "per": "lifetime", "periodStart": null, "periodEnd": null } ],
              "cost": { "month": 0, "lifetime": 0, "currency": "USD" }, "slots": [{ "kind": "render", "used": 0, "limit": 2, "waiting": 0 }], "asOf": "2026-11-21T10:00:00Z" }
            """, (await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk());
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-1", "account": "acme", "type": "chat", "user": "jo@example.com", "properties": { "tokens": 120 }, "cost": { "amount": 0.75 } }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-2", "account": "acme", "type": "chat", "properties": { "tokens": 30 } }""")).ExpectOk();
        Reply usage = (await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk();
        JsonNode[] scoped = [.. usage["balances"]!.AsArray().Where(line => line!["scope"] is not null).Select(line => line!)];
        Assert.Equal(
            [("user", null, 30m), ("user", "jo@example.com", 120m)],
            scoped.Select(line => ((string)line["scope"]!, (string?)line["scopeValue"], (decimal)line["used"]!)).OrderBy(line => line.Item3));
        Assert.Equal((0.75m, 0.75m), ((decimal)usage["cost"]!["month"]!, (decimal)usage["cost"]!["lifetime"]!));
        Reply check = (await host.Admin.PostJsonAsync("/api/v1/check", """{ "account": "acme", "type": "chat", "user": "jo@example.com", "properties": { "tokens": 181 } }""")).ExpectOk();
        Assert.Equal((false, "jo@example.com", 180m), ((bool)check["allowed"]!, (string)check["violations"]![0]!["scopeValue"]!, (decimal)check["violations"]![0]!["remaining"]!));
        (await host.Admin.ReadAsync("/api/v1/accounts/none/usage")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
    }

    [Fact(DisplayName = "GET limits says what the plan gives this account, its overrides among it; GET features what is enabled")]
    public async Task Limits()
    {
        await using WeirHost host = await StartRichAsync();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/overrides/tokens", """{ "limit": 900, "per": "day", "scope": "user" }""")).ExpectOk();
        Same("""
            { "account": "acme", "plan": { "key": "free", "name": "Free Plan", "description": "To try it" }, "enforcement": "enforce", "suspended": false,
              "limits": [
                { "meter": "credits", "unit": "credit", "scope": "account", "per": "month", "limit": 100, "enforcement": "hard", "overridden": false },
                { "meter": "tokens", "unit": "token", "scope": "account", "per": "month", "limit": 1000, "enforcement": "hard", "overridden": false },
                { "meter": "tokens", "unit": "token", "scope": "user", "per": "day", "limit": 900, "enforcement": "hard", "overridden": true },
                { "meter": "storage", "unit": "byte", "scope": "account", "per": "lifetime", "limit": 5000, "enforcement": "hard", "overridden": false } ],
              "requests": { "max_file_bytes": 500 }, "slots": [{ "kind": "render", "used": 0, "limit": 2, "waiting": 0 }],
              "rates": { "api": { "limit": 2, "windowSeconds": 60, "scope": "user", "meter": null } },
              "features": { "advanced": false, "label": "3 seats", "seats": 3 }, "asOf": "2026-11-21T10:00:00Z" }
            """, (await host.Admin.ReadAsync("/api/v1/accounts/acme/limits")).ExpectOk());
        Same("""{ "name": "advanced", "enabled": false, "value": false }""", (await host.Admin.ReadAsync("/api/v1/accounts/acme/features/advanced")).ExpectOk());
        Same("""{ "name": "seats", "enabled": false, "value": 3 }""", (await host.Admin.ReadAsync("/api/v1/accounts/acme/features/seats")).ExpectOk());
        Same("""{ "name": "support", "enabled": false, "value": null }""", (await host.Admin.ReadAsync("/api/v1/accounts/acme/features/support")).ExpectOk());
        (await host.Admin.ReadAsync("/api/v1/accounts/acme/features/suport")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/subscription", """{ "plan": "pro" }""")).ExpectOk();
        Same("""{ "name": "advanced", "enabled": true, "value": true }""", (await host.Admin.ReadAsync("/api/v1/accounts/acme/features/advanced")).ExpectOk());
        JsonNode soft = (await host.Admin.ReadAsync("/api/v1/accounts/acme/limits")).ExpectOk()["limits"]![0]!;
        Assert.Equal(("soft", 2000m, 0.02m), ((string)soft["enforcement"]!, (decimal)soft["ceiling"]!, (decimal)soft["overageRate"]!));
        Assert.True((bool)(await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-1", "account": "acme", "type": "premium" }""")).ExpectOk()["allowed"]!);
    }

    [Fact(DisplayName = "BAL-3: usage beyond a soft limit shows the overage and its price")]
    public async Task Overage()
    {
        await using WeirHost host = await StartRichAsync();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "plan": "pro" }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/accounts/acme/adjustments", """{ "id": "a", "meter": "credits", "amount": 1050.5, "reason": "x" }""")).ExpectOk();
        JsonNode credits = (await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk()["balances"]![0]!;
        Assert.Equal((50.5m, 1.01m, 0m, 105.05m), ((decimal)credits["overage"]!, (decimal)credits["overageCost"]!, (decimal)credits["remaining"]!, (decimal)credits["percent"]!));
    }

    [Fact(DisplayName = "ID-1: an effect without an id is refused; the header Idempotency-Key means the same")]
    public async Task IdRequired()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        string without = Example.Replace("\"id\": \"evt-1\", ", "", StringComparison.Ordinal);
        foreach (string path in new[] { "/api/v1/consume", "/api/v1/events" })
        {
            string body = path == "/api/v1/events" ? without.Replace(", \"mode\": \"enforce\"", "", StringComparison.Ordinal) : without;
            Assert.Equal("/id", (string?)(await host.Admin.PostJsonAsync(path, body)).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request")["errors"]![0]!["pointer"]);
        }

        Reply keyed = await host.Admin.CallAsync(HttpMethod.Post, "/api/v1/consume", without, "application/json", null, ("Idempotency-Key", "k-1"));
        Assert.Equal("k-1", (string?)keyed.ExpectOk()["id"]);
        Reply member = await host.Admin.PostJsonAsync("/api/v1/consume", Example.Replace("evt-1", "k-1", StringComparison.Ordinal));
        Assert.True((bool)member.ExpectOk()["replayed"]!);
        Reply both = await host.Admin.CallAsync(HttpMethod.Post, "/api/v1/consume", Example, "application/json", null, ("Idempotency-Key", "k-1"));
        both.ExpectProblem(HttpStatusCode.BadRequest, "invalid_json");
    }

    [Fact(DisplayName = "BAL-6: POST events records each event of an array for itself: recorded, duplicate, rejected")]
    public async Task Record()
    {
        await using WeirHost host = await StartRichAsync();
        const string batch = """
            [ { "id": "e-1", "account": "acme", "type": "chat", "properties": { "tokens": 5000 } },
              { "id": "e-1", "account": "acme", "type": "chat", "properties": { "tokens": 5000 } },
              { "id": "e-2", "account": "acme", "type": "chat", "properties": { "tokens": 1.5 } },
              { "id": "e-3", "account": "acme", "type": "chad" },
              { "id": "e-4", "account": "acme", "type": "chat", "properties": { "tokens": 1 } } ]
            """;
        JsonArray results = (await host.Admin.PostJsonAsync("/api/v1/events", batch)).ExpectOk()["results"]!.AsArray();
        Assert.Equal(["recorded", "duplicate", "rejected", "rejected", "recorded"], results.Select(result => (string)result!["status"]!));
        Assert.Equal(("too_many_decimals", "/properties"), ((string)results[2]!["code"]!, (string)results[2]!["pointer"]!));
        Assert.Equal("unknown_event_type", (string?)results[3]!["code"]);
        Assert.Equal(["duplicate", "duplicate", "rejected", "rejected", "duplicate"],
            (await host.Admin.PostJsonAsync("/api/v1/events", batch)).ExpectOk()["results"]!.AsArray().Select(result => (string)result!["status"]!));
        Assert.Equal(5001m, (decimal)(await host.Admin.ReadAsync("/api/v1/accounts/acme/usage"))["balances"]![1]!["used"]!);
    }

    internal static async Task<WeirHost> StartRichAsync()
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: new FakeClock(s_now));
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Rich, "application/yaml")).ExpectOk();
        return host;
    }

    private static void Same(string expected, Reply actual) => Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), actual.Json.ToJsonString());
}
