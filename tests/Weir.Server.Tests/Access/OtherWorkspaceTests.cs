using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.AspNetCore;
using Weir.Storage.Tests;

namespace Weir.Server.Tests;

/// <summary>Every call that names something is made with what another workspace owns, and with what nobody owns: the answers must be the same.</summary>
public sealed partial class OtherWorkspaceTests
{
    // What the other workspace owns. KEY is a key's id, which is as long as the unknown one.
    private static readonly (string Owned, string Unknown)[] s_names =
    [
        ("acme-7", "none-7"), ("evt-7", "non-7"), ("user-7", "nobd-7"), ("camp-7", "nope-7"), ("diagnose", "undefine"), ("credits", "nothing"),
        ("premium_plan", "nowhere_plan"), ("grant-7", "untold-7"), ("vip_support", "non_support"),
    ];

    private static readonly (string Endpoint, string Path, string? Body)[] s_calls =
    [
        ("POST /api/v1/check", "/api/v1/check", """{ "account": "acme-7", "type": "call", "user": "user-7" }"""),
        ("POST /api/v1/check", "/api/v1/check", """{ "account": "mine", "type": "diagnose" }"""),
        ("POST /api/v1/consume", "/api/v1/consume", """{ "id": "evt-7", "account": "acme-7", "type": "call", "user": "user-7", "campaign": "camp-7" }"""),
        ("POST /api/v1/consume", "/api/v1/consume", """{ "id": "x", "account": "mine", "type": "diagnose" }"""),
        ("POST /api/v1/events", "/api/v1/events", """[ { "id": "evt-7", "account": "acme-7", "type": "call" }, { "id": "x-2", "account": "acme-7", "type": "diagnose" } ]"""),
        ("POST /api/v1/reservations", "/api/v1/reservations", """{ "id": "job-7", "account": "acme-7", "type": "diagnose" }"""),
        ("POST /api/v1/reservations/{id}/commit", "/api/v1/reservations/job-7/commit", "{}"),
        ("POST /api/v1/reservations/{id}/release", "/api/v1/reservations/job-7/release", "{}"),
        ("POST /api/v1/reservations/{id}/extend", "/api/v1/reservations/job-7/extend", "{}"),
        ("POST /api/v1/reservations/{id}/grow", "/api/v1/reservations/job-7/grow", """{ "id": "grow-7", "properties": {} }"""),
        ("GET /api/v1/reservations", "/api/v1/reservations?account=acme-7", null),
        ("GET /api/v1/reservations/{id}", "/api/v1/reservations/job-7", null),
        ("GET /api/v1/admin/jobs", "/api/v1/admin/jobs", null),
        ("POST /api/v1/import", "/api/v1/import", """{ "id": "evt-7", "account": "acme-7", "type": "call", "at": "2026-01-01T00:00:00Z" }"""),
        ("GET /api/v1/events", "/api/v1/events?account=acme-7", null),
        ("GET /api/v1/events", "/api/v1/events?user=user-7&campaign=camp-7&type=diagnose", null),
        ("GET /api/v1/events/{id}", "/api/v1/events/evt-7", null),
        ("POST /api/v1/events/{id}/reverse", "/api/v1/events/evt-7/reverse", "{}"),
        ("GET /api/v1/accounts", "/api/v1/accounts?search=acme-7", null),
        ("GET /api/v1/accounts", "/api/v1/accounts?plan=premium_plan", null),
        ("GET /api/v1/accounts/{key}", "/api/v1/accounts/acme-7", null),
        ("PUT /api/v1/accounts/{key}", "/api/v1/accounts/acme-7", """{ "name": "Mine now" }"""),
        ("PUT /api/v1/accounts/{key}", "/api/v1/accounts/mine", """{ "plan": "premium_plan" }"""),
        ("GET /api/v1/accounts/{key}/subscription", "/api/v1/accounts/acme-7/subscription", null),
        ("PUT /api/v1/accounts/{key}/subscription", "/api/v1/accounts/acme-7/subscription", """{ "plan": "free" }"""),
        ("PUT /api/v1/accounts/{key}/subscription", "/api/v1/accounts/mine/subscription", """{ "plan": "free", "until": "2027-01-01T00:00:00Z", "then": "premium_plan" }"""),
        ("DELETE /api/v1/accounts/{key}/subscription/scheduled", "/api/v1/accounts/acme-7/subscription/scheduled", null),
        ("PUT /api/v1/accounts/{key}/plan", "/api/v1/accounts/acme-7/plan", """{ "name": "Theirs" }"""),
        ("GET /api/v1/accounts/{key}/periods", "/api/v1/accounts/acme-7/periods?meter=credits", null),
        ("POST /api/v1/migrate", "/api/v1/migrate?dryRun=true", """{ "plan": "premium_plan" }"""),
        ("PUT /api/v1/accounts/{key}/overrides/{meter}", "/api/v1/accounts/acme-7/overrides/calls", """{ "limit": 5 }"""),
        ("PUT /api/v1/accounts/{key}/overrides/{meter}", "/api/v1/accounts/mine/overrides/credits", """{ "limit": 5 }"""),
        ("DELETE /api/v1/accounts/{key}/overrides/{meter}", "/api/v1/accounts/acme-7/overrides/calls", null),
        ("POST /api/v1/accounts/{key}/adjustments", "/api/v1/accounts/acme-7/adjustments", """{ "id": "adj", "meter": "calls", "amount": 1, "reason": "x" }"""),
        ("GET /api/v1/accounts/{key}/alerts", "/api/v1/accounts/acme-7/alerts", null),
        ("POST /api/v1/accounts/{key}/alerts/{id}/acknowledge", "/api/v1/accounts/acme-7/alerts/ALERT/acknowledge", null),
        ("POST /api/v1/accounts/{key}/alerts/{id}/acknowledge", "/api/v1/accounts/mine/alerts/ALERT/acknowledge", null),
        ("POST /api/v1/accounts/{key}/alerts/read", "/api/v1/accounts/acme-7/alerts/read", """{ "ids": ["ALERT"] }"""),
        ("POST /api/v1/accounts/{key}/alerts/read", "/api/v1/accounts/mine/alerts/read", """{ "ids": ["ALERT"] }"""),
        ("GET /api/v1/accounts/{key}/alert-rules", "/api/v1/accounts/acme-7/alert-rules", null),
        ("PUT /api/v1/accounts/{key}/alert-rules", "/api/v1/accounts/acme-7/alert-rules", """{ "rules": [{ "meter": "calls", "percent": 50 }] }"""),
        ("PUT /api/v1/accounts/{key}/alert-rules", "/api/v1/accounts/mine/alert-rules", """{ "rules": [{ "meter": "credits", "percent": 50 }] }"""),
        ("DELETE /api/v1/accounts/{key}/alert-rules", "/api/v1/accounts/acme-7/alert-rules", null),
        ("POST /api/v1/accounts/{key}/grants", "/api/v1/accounts/acme-7/grants", """{ "id": "gift", "meter": "calls", "amount": 1 }"""),
        ("POST /api/v1/accounts/{key}/grants", "/api/v1/accounts/mine/grants", """{ "id": "gift", "meter": "credits", "amount": 1 }"""),
        ("GET /api/v1/accounts/{key}/grants", "/api/v1/accounts/acme-7/grants", null),
        ("GET /api/v1/accounts/{key}/grants/{id}", "/api/v1/accounts/acme-7/grants/grant-7", null),
        ("GET /api/v1/accounts/{key}/grants/{id}", "/api/v1/accounts/mine/grants/grant-7", null),
        ("DELETE /api/v1/accounts/{key}/grants/{id}", "/api/v1/accounts/acme-7/grants/grant-7", null),
        ("DELETE /api/v1/accounts/{key}/grants/{id}", "/api/v1/accounts/mine/grants/grant-7", null),
        ("GET /api/v1/accounts/{key}/usage", "/api/v1/accounts/acme-7/usage", null),
        ("GET /api/v1/accounts/{key}/usage/history", "/api/v1/accounts/acme-7/usage/history", null),
        ("GET /api/v1/accounts/{key}/usage/breakdown", "/api/v1/accounts/acme-7/usage/breakdown", null),
        ("GET /api/v1/accounts/{key}/usage/trend", "/api/v1/accounts/acme-7/usage/trend", null),
        ("GET /api/v1/accounts/{key}/limits", "/api/v1/accounts/acme-7/limits", null),
        ("GET /api/v1/accounts/{key}/features/{name}", "/api/v1/accounts/acme-7/features/vip_support", null),
        ("GET /api/v1/accounts/{key}/features/{name}", "/api/v1/accounts/mine/features/vip_support", null),
        ("GET /api/v1/meters/{slug}/query", "/api/v1/meters/credits/query", null),
        ("GET /api/v1/meters/{slug}/query", "/api/v1/meters/calls/query?subject=acme-7&groupBy=subject&filterGroupBy[user]=user-7", null),
        ("GET /api/v1/catalog/versions/{version}", "/api/v1/catalog/versions/2", null),
        ("POST /api/v1/catalog/rollback", "/api/v1/catalog/rollback", """{ "version": 2 }"""),
        ("GET /api/v1/catalog/events", "/api/v1/catalog/events?category=vip_support", null),
        ("GET /api/v1/catalog/events/{type}", "/api/v1/catalog/events/diagnose", null),
        ("PUT /api/v1/catalog/events/{type}", "/api/v1/catalog/events/diagnose", """{ "charges": { "credits": 1 } }"""),
        ("DELETE /api/v1/catalog/events/{type}", "/api/v1/catalog/events/diagnose", null),
        ("GET /api/v1/catalog/plans/{key}", "/api/v1/catalog/plans/premium_plan", null),
        ("PUT /api/v1/catalog/plans/{key}", "/api/v1/catalog/plans/premium_plan", """{ "allowances": { "credits": { "limit": 1, "per": "month" } } }"""),
        ("DELETE /api/v1/catalog/plans/{key}", "/api/v1/catalog/plans/premium_plan", null),
        ("DELETE /api/v1/keys/{id}", "/api/v1/keys/KEY", null),
        ("POST /api/v1/portal/tokens", "/api/v1/portal/tokens", """{ "account": "acme-7", "user": "user-7" }"""),
        ("GET /api/v1/portal/tokens", "/api/v1/portal/tokens?account=acme-7", null),
        ("GET /api/v1/audit", "/api/v1/audit?account=acme-7", null),
        ("GET /api/v1/audit", "/api/v1/audit?target=key:KEY", null),
        ("DELETE /api/v1/portal/tokens/{id}", "/api/v1/portal/tokens/TOKEN", null),
        ("GET /api/v1/webhooks/{id}", "/api/v1/webhooks/WEBHOOK", null),
        ("PUT /api/v1/webhooks/{id}", "/api/v1/webhooks/WEBHOOK", """{ "disabled": true }"""),
        ("DELETE /api/v1/webhooks/{id}", "/api/v1/webhooks/WEBHOOK", null),
        ("POST /api/v1/webhooks/{id}/rotate", "/api/v1/webhooks/WEBHOOK/rotate", """{ "keepOldFor": 0 }"""),
        ("POST /api/v1/webhooks/{id}/test", "/api/v1/webhooks/WEBHOOK/test", "{}"),
        ("POST /api/v1/webhooks/{id}/redeliver", "/api/v1/webhooks/WEBHOOK/redeliver", """{ "since": "2026-01-01T00:00:00Z" }"""),
        ("GET /api/v1/webhooks/{id}/deliveries", "/api/v1/webhooks/WEBHOOK/deliveries", null),
        ("DELETE /api/v1/accounts/{key}/personal-data", "/api/v1/accounts/acme-7/personal-data", null),
        ("DELETE /api/v1/accounts/{key}/users/{user}/personal-data", "/api/v1/accounts/acme-7/users/user-7/personal-data", null),
        ("DELETE /api/v1/accounts/{key}/users/{user}/personal-data", "/api/v1/accounts/mine/users/user-7/personal-data", null),
        ("GET /api/v1/accounts/{key}/contacts", "/api/v1/accounts/acme-7/contacts", null),
        ("PUT /api/v1/accounts/{key}/contacts", "/api/v1/accounts/acme-7/contacts", """{ "contacts": [{ "address": "mine@example.com" }] }"""),
    ];

    /// <summary>Calls that name nothing of anybody's, or that only the operator may make.</summary>
    private static readonly string[] s_nameless =
    [
        "GET /health/live", "GET /api/v1/alerts", "GET /health/ready", "GET /api/v1/catalog", "PUT /api/v1/catalog", "POST /api/v1/catalog/validate", "GET /api/v1/catalog/versions",
        "GET /api/v1/catalog/plans", "GET /api/v1/keys", "POST /api/v1/keys", "GET /api/v1/webhooks/types", "GET /api/v1/webhooks", "POST /api/v1/webhooks", "GET /api/v1/contacts", "PUT /api/v1/contacts",
        "GET /api/v1/workspaces", "POST /api/v1/workspaces", "GET /api/v1/admin/overview", "GET /api/v1/admin/health", "GET /api/v1/admin/jobs/closing",
        "GET /api/v1/audit/verify", "GET /api/v1/usage/current", "GET /api/v1/usage/alerts", "GET /api/v1/usage/limits", "GET /api/v1/usage/history", "GET /api/v1/usage/stream", "POST /api/v1/usage/check",
    ];

    [Theory(DisplayName = "ACC-2: every endpoint that names something answers for another workspace's exactly as for an unknown one, and leaves it as it is")]
    [InlineData("memory")]
    [InlineData("sqlite")]
    [InlineData("postgresql")]
    public async Task SameAsUnknown(string kind)
    {
        FakeClock clock = new(Instant.FromUtc(2026, 11, 21, 10, 0));
        using OneStore store = OneStore.Of(kind, clock);
        await using WeirHost host = await WeirHost.StartAsync(catalog: null, store: store.AddTo, clock: clock);
        (string keyId, string alertId, string webhook) = await FillAsync(host);
        string tokenId = (string)(await host.Admin.PostJsonAsync("/api/v1/portal/tokens", """{ "account": "acme-7" }""")).Expect(HttpStatusCode.Created)["id"]!;
        string Own(string text) =>
            text.Replace("KEY", keyId, StringComparison.Ordinal).Replace("TOKEN", tokenId, StringComparison.Ordinal).Replace("ALERT", alertId, StringComparison.Ordinal).Replace("WEBHOOK", webhook, StringComparison.Ordinal);
        string Nobodys(string text) =>
            Unknown(text.Replace("KEY", UnknownId, StringComparison.Ordinal).Replace("TOKEN", UnknownId, StringComparison.Ordinal).Replace("ALERT", UnknownAlert, StringComparison.Ordinal).Replace("WEBHOOK", UnknownWebhook, StringComparison.Ordinal));
        string before = await EverythingAsync(host.Admin);
        List<string> wrong = [];
        int i = 0;
        foreach ((string endpoint, string path, string? body) in s_calls)
        {
            // Two new workspaces for each call: what a call makes must not stand in the way of the other one.
            using HttpClient one = await NeighbourAsync(host, $"one-{i}");
            using HttpClient two = await NeighbourAsync(host, $"two-{i++}");
            HttpMethod method = new(endpoint.Split(' ')[0]);
            string? type = body is null ? null : endpoint.EndsWith("/import", StringComparison.Ordinal) ? "application/x-ndjson" : "application/json";
            Reply owned = await one.CallAsync(method, Own(path), body is null ? null : Own(body), type);
            Reply unknown = await two.CallAsync(method, Nobodys(path), body is null ? null : Nobodys(body), type);
            string seen = Unknown(owned.Text.Replace(keyId, UnknownId, StringComparison.Ordinal).Replace(tokenId, UnknownId, StringComparison.Ordinal).Replace(alertId, UnknownAlert, StringComparison.Ordinal).Replace(webhook, UnknownWebhook, StringComparison.Ordinal));
            if (owned.Status != unknown.Status || seen != unknown.Text || owned.Status == HttpStatusCode.InternalServerError)
            {
                wrong.Add($"{endpoint} {path}\n  owned:   {(int)owned.Status} {owned.Text}\n  unknown: {(int)unknown.Status} {unknown.Text}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(before, await EverythingAsync(host.Admin));
    }

    [Fact(DisplayName = "ACC-2: every endpoint stands in the matrix or names nothing")]
    public async Task Complete()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        string[] all =
        [
            .. host.Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<ScopeMetadata>() is not { Scope: KeyScopes.None })
                .Select(endpoint => $"{endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0]} {endpoint.RoutePattern.RawText}").Order(StringComparer.Ordinal),
        ];
        Assert.Equal(all, s_calls.Select(call => call.Endpoint).Concat(s_nameless).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    private static string Unknown(string text) => s_names.Aggregate(text, (replaced, name) => replaced.Replace(name.Owned, name.Unknown, StringComparison.Ordinal));

    private const string UnknownId = "0123456789abcdef";
    private const string UnknownWebhook = "wh_0123456789abcdef01234567";
    private const string UnknownAlert = "alr_0123456789abcdef0123456789abcdef";

    /// <summary>Gives the workspace <c>default</c> something of everything; returns the ids of a key, an alert and a webhook of it.</summary>
    private static async Task<(string KeyId, string AlertId, string Webhook)> FillAsync(WeirHost host)
    {
        const string catalog = """
            name: theirs
            defaultPlan: premium_plan
            meters: { calls: { unit: call }, credits: { unit: credit } }
            events:
              call: { charges: { calls: 1 } }
              diagnose: { category: vip_support, charges: { credits: 1, calls: 1 } }
            plans: { premium_plan: { name: Premium, allowances: { credits: { limit: 9, per: month } }, alerts: [10], features: { vip_support: true } }, free: {} }
            """;
        (await host.Admin.PutAsync("/api/v1/catalog", catalog, "application/yaml")).ExpectOk();
        (await host.Admin.PutAsync("/api/v1/catalog", catalog + "\n# the second", "application/yaml")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme-7", """{ "name": "Theirs" }""")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme-7/overrides/calls", """{ "limit": 3 }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "evt-7", "account": "acme-7", "type": "diagnose", "user": "user-7", "campaign": "camp-7" }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/accounts/acme-7/grants", """{ "id": "grant-7", "meter": "credits", "amount": 5 }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/reservations", """{ "id": "job-7", "account": "acme-7", "type": "diagnose" }""")).ExpectOk();
        Reply key = await host.Admin.PostJsonAsync("/api/v1/keys", """{ "name": "theirs", "scopes": ["admin"] }""");
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme-7/contacts", """{ "contacts": [{ "address": "theirs@example.com" }] }""")).ExpectOk();
        Reply webhook = await host.Admin.PostJsonAsync("/api/v1/webhooks", """{ "url": "https://theirs.example.com/hook" }""");
        Reply alerts = await host.Admin.ReadAsync("/api/v1/accounts/acme-7/alerts");
        return ((string)key.Expect(HttpStatusCode.Created)["id"]!, (string)alerts.ExpectOk()["items"]![0]!["id"]!, (string)webhook.Expect(HttpStatusCode.Created)["webhook"]!["id"]!);
    }

    private static async Task<HttpClient> NeighbourAsync(WeirHost host, string key)
    {
        HttpClient client = await host.NewWorkspaceAsync(key, catalog: null);
        (await client.PutAsync("/api/v1/catalog", Catalogs.Calls(5), "application/yaml")).ExpectOk();
        (await client.PutJsonAsync("/api/v1/accounts/mine", "{}")).ExpectOk();
        return client;
    }

    /// <summary>All that the workspace shows, without the figures of the process.</summary>
    internal static async Task<string> EverythingAsync(HttpClient client)
    {
        List<string> parts = [];
        foreach (string path in new[] { "/api/v1/events?limit=1000", "/api/v1/accounts?limit=1000", "/api/v1/accounts/acme-7", "/api/v1/accounts/acme-7/usage", "/api/v1/accounts/acme-7/grants", "/api/v1/reservations", "/api/v1/alerts", "/api/v1/accounts/acme-7/alert-rules", "/api/v1/catalog", "/api/v1/catalog/versions", "/api/v1/keys", "/api/v1/portal/tokens?limit=1000", "/api/v1/audit?limit=1000", "/api/v1/webhooks", "/api/v1/contacts", "/api/v1/accounts/acme-7/contacts", "/api/v1/admin/overview" })
        {
            Reply reply = await client.ReadAsync(path);
            string text = reply.Text;
            if (path.EndsWith("overview", StringComparison.Ordinal))
            {
                JsonObject overview = reply.Json.AsObject();
                overview.Remove("health");
                text = overview.ToJsonString();
            }

            parts.Add($"{path} {(int)reply.Status} {AsOf().Replace(text, "")}");
        }

        return string.Join('\n', parts);
    }

    [GeneratedRegex("\"asOf\":\"[^\"]*\"", RegexOptions.None, 1000)]
    private static partial Regex AsOf();
}
