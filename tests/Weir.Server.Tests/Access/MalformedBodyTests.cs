using System.Net;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

/// <summary>Every body is sent broken in every way that bodies break. It is refused, with the place, and nothing changes.</summary>
public sealed class MalformedBodyTests
{
    private const string Event = """
        { "id": "new-1", "account": "acme-7", "type": "diagnose", "properties": { "complexity": 2, "note": "x" }, "user": "u", "source": "web", "campaign": "c", "resource": "r",
          "provider": "p", "model": "m", "endpoint": "/e", "requestId": "q", "status": "200", "latencyMs": 5, "address": "1.2.3.4", "userAgent": "a", "key": "k",
          "cost": { "amount": 1.5, "currency": "USD" } }
        """;

    /// <summary>A valid body for each call that takes one as JSON, with every member that it knows.</summary>
    private static readonly Dictionary<string, (string Path, string Body)> s_bodies = new(StringComparer.Ordinal)
    {
        ["POST /api/v1/consume"] = ("/api/v1/consume", Event.Insert(Event.LastIndexOf('}'), """, "mode": "enforce" """)),
        ["POST /api/v1/check"] = ("/api/v1/check", Event.Insert(Event.LastIndexOf('}'), """, "mode": "enforce" """)),
        ["POST /api/v1/events"] = ("/api/v1/events", Event),
        ["POST /api/v1/reservations"] = ("/api/v1/reservations", Event.Insert(Event.LastIndexOf('}'), """, "ttl": 60, "wait": 0, "priority": 3 """)),
        ["POST /api/v1/reservations/{id}/commit"] = ("/api/v1/reservations/job-7/commit",
            """{ "properties": { "complexity": 2, "note": "x" }, "overrun": "record", "fence": 1, "cost": { "amount": 1.5, "currency": "USD" }, "status": "200", "latencyMs": 5, "provider": "p", "model": "m" }"""),
        ["POST /api/v1/reservations/{id}/release"] = ("/api/v1/reservations/job-7/release", """{ "reason": "why", "fence": 1 }"""),
        ["POST /api/v1/reservations/{id}/extend"] = ("/api/v1/reservations/job-7/extend", """{ "ttl": 60, "fence": 1, "progress": 0.5 }"""),
        ["POST /api/v1/reservations/{id}/grow"] = ("/api/v1/reservations/job-7/grow", """{ "id": "g-1", "properties": { "complexity": 2.5 }, "fence": 1, "cost": { "amount": 1.5, "currency": "USD" } }"""),
        ["POST /api/v1/events/{id}/reverse"] = ("/api/v1/events/evt-7/reverse", """{ "reason": "why" }"""),
        ["PUT /api/v1/accounts/{key}"] = ("/api/v1/accounts/new-7",
            """{ "name": "N", "plan": "free", "timeZone": "UTC", "anchor": "2026-01-31T09:00:00", "suspended": false, "externalIds": { "billing": "b" } }"""),
        ["PUT /api/v1/accounts/{key}/subscription"] = ("/api/v1/accounts/acme-7/subscription", """{ "plan": "pro", "pin": true, "when": "immediate", "until": "2027-01-01T00:00:00Z", "then": "free" }"""),
        ["POST /api/v1/migrate"] = ("/api/v1/migrate", """{ "plan": "pro" }"""),
        ["PUT /api/v1/accounts/{key}/overrides/{meter}"] = ("/api/v1/accounts/acme-7/overrides/tokens",
            """{ "limit": 5, "scope": "account", "per": "month", "until": "2027-01-01T00:00:00Z", "reason": "why" }"""),
        ["PUT /api/v1/accounts/{key}/alert-rules"] = ("/api/v1/accounts/acme-7/alert-rules",
            """{ "mode": "add", "rules": [{ "meter": "tokens", "scope": "account", "per": "month", "percent": 55 }] }"""),
        ["POST /api/v1/accounts/{key}/alerts/read"] = ("/api/v1/accounts/acme-7/alerts/read", """{ "ids": ["alr_0123456789abcdef0123456789abcdef"] }"""),
        ["POST /api/v1/accounts/{key}/adjustments"] = ("/api/v1/accounts/acme-7/adjustments", """{ "id": "adj-1", "meter": "credits", "amount": 1, "reason": "why", "actor": "me" }"""),
        ["POST /api/v1/accounts/{key}/grants"] = ("/api/v1/accounts/acme-7/grants",
            """{ "id": "g-1", "meter": "credits", "amount": 1, "per": "month", "priority": 5, "start": "2026-11-21T10:00:00Z", "expiry": "2027-06-01T00:00:00Z", "beforePlan": true, "recurrence": "week", "rollover": { "max": 2, "min": 1 }, "reason": "why", "actor": "me" }"""),
        ["POST /api/v1/catalog/rollback"] = ("/api/v1/catalog/rollback", """{ "version": 1 }"""),
        ["POST /api/v1/portal/tokens"] = ("/api/v1/portal/tokens", """{ "account": "acme-7", "ttl": 60, "user": "u" }"""),
        ["POST /api/v1/usage/check"] = ("/api/v1/usage/check", Event.Insert(Event.LastIndexOf('}'), """, "mode": "enforce" """)),
        ["POST /api/v1/keys"] = ("/api/v1/keys", """{ "name": "n", "scopes": ["read"], "live": true }"""),
        ["POST /api/v1/webhooks"] = ("/api/v1/webhooks", """{ "url": "https://hooks.example.com/weir", "description": "d", "types": ["alert.raised"] }"""),
        ["PUT /api/v1/webhooks/{id}"] = ("/api/v1/webhooks/WEBHOOK", """{ "url": "https://hooks.example.com/2", "description": "d", "types": ["alert.raised"], "disabled": false }"""),
        ["POST /api/v1/webhooks/{id}/rotate"] = ("/api/v1/webhooks/WEBHOOK/rotate", """{ "keepOldFor": 60 }"""),
        ["POST /api/v1/webhooks/{id}/test"] = ("/api/v1/webhooks/WEBHOOK/test", "{ }"),
        ["POST /api/v1/webhooks/{id}/redeliver"] = ("/api/v1/webhooks/WEBHOOK/redeliver", """{ "since": "2026-01-01T00:00:00Z" }"""),
        ["PUT /api/v1/contacts"] = ("/api/v1/contacts", """{ "contacts": [{ "address": "ops@example.com", "types": ["alert.raised"] }] }"""),
        ["PUT /api/v1/accounts/{key}/contacts"] = ("/api/v1/accounts/acme-7/contacts", """{ "contacts": [{ "address": "ada@example.com" }] }"""),
        ["POST /api/v1/workspaces"] = ("/api/v1/workspaces", """{ "key": "new-ws", "name": "N", "timeZone": "UTC" }"""),
    };

    /// <summary>Calls whose body may be left out.</summary>
    private static readonly string[] s_withoutBody =
    [
        "POST /api/v1/events/{id}/reverse", "POST /api/v1/reservations/{id}/commit", "POST /api/v1/reservations/{id}/release", "POST /api/v1/reservations/{id}/extend",
        "POST /api/v1/webhooks/{id}/rotate", "POST /api/v1/webhooks/{id}/test",
    ];

    private static readonly string[] s_documents =
        ["PUT /api/v1/catalog", "POST /api/v1/catalog/validate", "PUT /api/v1/catalog/events/{type}", "PUT /api/v1/catalog/plans/{key}", "PUT /api/v1/accounts/{key}/plan"];

    [Fact(DisplayName = "Every call with a body stands in the table of malformed ones")]
    public async Task Complete()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        // An import tells line by line what it refuses, and who acknowledges sends nothing; their own tests show that.
        string[] taking =
        [
            .. host.Endpoints.Select(endpoint => $"{endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0]} {endpoint.RoutePattern.RawText}")
                .Where(call => call.StartsWith("PUT", StringComparison.Ordinal) || call.StartsWith("POST", StringComparison.Ordinal))
                .Except(["POST /api/v1/import", "POST /api/v1/accounts/{key}/alerts/{id}/acknowledge"]).Order(StringComparer.Ordinal),
        ];
        Assert.Equal(taking, s_bodies.Keys.Concat(s_documents).Order(StringComparer.Ordinal));
    }

    public static TheoryData<string> Calls => [.. s_bodies.Keys];

    [Theory(DisplayName = "A body with an unknown, repeated, wrongly typed, oversized or unprintable part is refused with its place, and nothing changes")]
    [MemberData(nameof(Calls))]
    public async Task Refused(string call)
    {
        await using WeirHost host = await StartAsync();
        (string path, string body) = s_bodies[call];
        path = path.Replace("WEBHOOK", (string)(await host.Admin.ReadAsync("/api/v1/webhooks"))["items"]![0]!["id"]!, StringComparison.Ordinal);
        HttpClient caller = path.StartsWith("/api/v1/usage/", StringComparison.Ordinal) ? await host.PortalAsync("acme-7") : host.Admin;
        string before = await OtherWorkspaceTests.EverythingAsync(host.Admin);
        HttpMethod method = new(call.Split(' ')[0]);
        List<string> wrong = [];
        foreach ((string what, string text, string? pointer) in BrokenBodies.Of(body, s_withoutBody.Contains(call)))
        {
            Reply reply = await caller.CallAsync(method, path, text, "application/json");
            string? found = reply.Code is null ? null : (string?)reply.Json["errors"]?[0]?["pointer"];
            bool refused = reply.Code is not null && reply.Status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity or HttpStatusCode.RequestEntityTooLarge;
            if (IsRejectedEvent(reply) is { } rejected)
            {
                (refused, found) = (true, rejected);
            }

            if (!refused || (pointer is not null && found?.StartsWith(pointer, StringComparison.Ordinal) != true))
            {
                wrong.Add($"{what}: {(int)reply.Status} {reply.Text[..Math.Min(300, reply.Text.Length)]} for {text[..Math.Min(200, text.Length)]}");
            }
        }

        Assert.Empty(wrong);
        (await caller.CallAsync(method, path, body, "text/plain")).ExpectProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        Assert.Equal(before, await OtherWorkspaceTests.EverythingAsync(host.Admin));
        Assert.True((int)(await caller.CallAsync(method, path, body, "application/json")).Status < 300, "The body that was broken is valid.");
    }

    public static TheoryData<string> Documents => [.. s_documents];

    [Theory(DisplayName = "CAT-1: a document that is broken in any way is refused with its errors, and the active version stays")]
    [MemberData(nameof(Documents))]
    public async Task RefusedDocument(string call)
    {
        await using WeirHost host = await StartAsync();
        string before = await OtherWorkspaceTests.EverythingAsync(host.Admin);
        HttpMethod method = new(call.Split(' ')[0]);
        string path = call.Split(' ')[1].Replace("{type}", "chat", StringComparison.Ordinal).Replace("{key}", call.Contains("/accounts/", StringComparison.Ordinal) ? "acme-7" : "free", StringComparison.Ordinal);
        foreach (string text in new[]
        {
            "", "{", "null", "[]", "3", """{ "unknown": 1 }""", """{ "description": "a", "description": "b" }""", """{ "description": "\u0000" }""", """{ "description": "\ud800" }""",
            """{ "charges": { "credits": 1e400 } }""", """{ "charges": 5, "allowances": 5, "name": 5 }""", """{ "metadata": """ + BrokenBodies.Nested(65) + " }", "{} {}",
        })
        {
            Reply reply = await host.Admin.CallAsync(method, path, text, "application/json");
            reply.ExpectProblem(HttpStatusCode.UnprocessableEntity, "invalid_catalog");
            Assert.NotEmpty(reply["errors"]!.AsArray());
        }

        (await host.Admin.CallAsync(method, path, "a: *x\n", "application/yaml")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "invalid_catalog");
        (await host.Admin.CallAsync(method, path, $$"""{ "description": "{{new string('x', 10_000_000)}}" }""", "application/json")).ExpectProblem(HttpStatusCode.RequestEntityTooLarge, "payload_too_large");
        (await host.Admin.CallAsync(method, path, "{}", "text/plain")).ExpectProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        Assert.Equal(before, await OtherWorkspaceTests.EverythingAsync(host.Admin));
    }

    [Fact(DisplayName = "NUM-2: negative, too precise and too large quantities are refused, 1,001 events too, and nothing changes")]
    public async Task Quantities()
    {
        await using WeirHost host = await StartAsync();
        string before = await OtherWorkspaceTests.EverythingAsync(host.Admin);
        foreach ((string properties, string code) in new[]
        {
            ("\"tokens\": -1", "negative_quantity"), ("\"tokens\": 0.5", "too_many_decimals"), ("\"tokens\": 1000000000000001", "quantity_overflow"),
            ("\"tokens\": 1e27", "quantity_overflow"), ("\"tokens\": \"1\"", "property_type"), ("\"tokens\": true", "property_type"),
        })
        {
            string one = $$"""{ "id": "n-1", "account": "acme-7", "type": "chat", "properties": { {{properties}} } }""";
            Reply consumed = await host.Admin.PostJsonAsync("/api/v1/consume", one);
            Assert.Equal(code, consumed.Code);
            Assert.StartsWith("/properties", (string?)consumed["errors"]![0]!["pointer"], StringComparison.Ordinal);
            Assert.Equal(code, (string?)(await host.Admin.PostJsonAsync("/api/v1/events", $"[{one}]")).ExpectOk()["results"]![0]!["code"]);
        }

        string many = string.Join(",", Enumerable.Range(0, 1001).Select(i => $$"""{ "id": "m-{{i}}", "account": "acme-7", "type": "chat" }"""));
        (await host.Admin.PostJsonAsync("/api/v1/events", $"[{many}]")).ExpectProblem(HttpStatusCode.RequestEntityTooLarge, "too_many_events");
        Reply second = await host.Admin.PostJsonAsync("/api/v1/events", """[ { "id": "b-1", "account": "acme-7", "type": "chat" }, { "id": "b-2", "account": "acme-7", "typo": "chat" } ]""");
        Assert.Equal("/1/typo", (string?)second.ExpectProblem(HttpStatusCode.BadRequest, "invalid_json")["errors"]![0]!["pointer"]);
        Assert.Equal(before, await OtherWorkspaceTests.EverythingAsync(host.Admin));
    }

    private static async Task<WeirHost> StartAsync()
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: new FakeClock(Instant.FromUtc(2026, 11, 21, 10, 0)));
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Rich, "application/yaml")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/catalog/events/rendered", """{ "slot": "render", "charges": { "credits": { "per": { "property": "complexity" } } } }""")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme-7", """{ "name": "Acme" }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "evt-7", "account": "acme-7", "type": "diagnose" }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/reservations", """{ "id": "job-7", "account": "acme-7", "type": "rendered", "properties": { "complexity": 1 } }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/webhooks", """{ "url": "https://hooks.invalid/weir" }""")).Expect(HttpStatusCode.Created);
        return host;
    }

    /// <summary>The pointer of an event that a batch rejected, or null.</summary>
    private static string? IsRejectedEvent(Reply reply) =>
        reply.Status == HttpStatusCode.OK && JsonNode.Parse(reply.Text)?["results"] is JsonArray { Count: 1 } results && (string?)results[0]!["status"] == "rejected" ? (string?)results[0]!["pointer"] : null;
}
