using System.Net;
using System.Text.RegularExpressions;

using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

using Weir.AspNetCore;

namespace Weir.Server.Tests;

/// <summary>Who may call what: every endpoint has a row, and every cell of the table is tried.</summary>
public sealed partial class ScopeTableTests
{
    private const string Anyone = "anyone";
    private const string Operator = "operator";

    /// <summary>Only portal tokens.</summary>
    private const string Portal = "portal";

    private static readonly Dictionary<string, string> s_table = new(StringComparer.Ordinal)
    {
        ["GET /health/live"] = Anyone,
        ["GET /health/ready"] = Anyone,
        ["POST /api/v1/check"] = "read",
        ["POST /api/v1/consume"] = "ingest",
        ["POST /api/v1/events"] = "ingest",
        ["POST /api/v1/reservations"] = "ingest",
        ["POST /api/v1/reservations/{id}/commit"] = "ingest",
        ["POST /api/v1/reservations/{id}/release"] = "ingest",
        ["POST /api/v1/reservations/{id}/extend"] = "ingest",
        ["POST /api/v1/reservations/{id}/grow"] = "ingest",
        ["GET /api/v1/reservations"] = "read",
        ["GET /api/v1/reservations/{id}"] = "read",
        ["GET /api/v1/admin/jobs"] = "admin",
        ["POST /api/v1/import"] = "admin",
        ["GET /api/v1/events"] = "read",
        ["GET /api/v1/events/{id}"] = "read",
        ["POST /api/v1/events/{id}/reverse"] = "admin",
        ["POST /api/v1/accounts/{key}/adjustments"] = "admin",
        ["GET /api/v1/accounts"] = "read",
        ["PUT /api/v1/accounts/{key}"] = "admin",
        ["GET /api/v1/accounts/{key}"] = "read",
        ["GET /api/v1/accounts/{key}/subscription"] = "read",
        ["PUT /api/v1/accounts/{key}/subscription"] = "admin",
        ["DELETE /api/v1/accounts/{key}/subscription/scheduled"] = "admin",
        ["PUT /api/v1/accounts/{key}/plan"] = "admin",
        ["GET /api/v1/accounts/{key}/periods"] = "read",
        ["GET /api/v1/admin/jobs/closing"] = "admin",
        ["POST /api/v1/migrate"] = "admin",
        ["PUT /api/v1/accounts/{key}/overrides/{meter}"] = "admin",
        ["DELETE /api/v1/accounts/{key}/overrides/{meter}"] = "admin",
        ["GET /api/v1/alerts"] = "admin",
        ["GET /api/v1/usage/alerts"] = Portal,
        ["GET /api/v1/accounts/{key}/alerts"] = "read",
        ["POST /api/v1/accounts/{key}/alerts/{id}/acknowledge"] = "admin",
        ["POST /api/v1/accounts/{key}/alerts/read"] = "admin",
        ["GET /api/v1/accounts/{key}/alert-rules"] = "read",
        ["PUT /api/v1/accounts/{key}/alert-rules"] = "admin",
        ["DELETE /api/v1/accounts/{key}/alert-rules"] = "admin",
        ["POST /api/v1/accounts/{key}/grants"] = "admin",
        ["GET /api/v1/accounts/{key}/grants"] = "read",
        ["GET /api/v1/accounts/{key}/grants/{id}"] = "read",
        ["DELETE /api/v1/accounts/{key}/grants/{id}"] = "admin",
        ["GET /api/v1/accounts/{key}/usage"] = "read",
        ["GET /api/v1/accounts/{key}/usage/history"] = "read",
        ["GET /api/v1/accounts/{key}/usage/breakdown"] = "read",
        ["GET /api/v1/accounts/{key}/usage/trend"] = "read",
        ["GET /api/v1/meters/{slug}/query"] = "read",
        ["GET /api/v1/admin/overview"] = "admin",
        ["GET /api/v1/admin/health"] = "admin",
        ["GET /api/v1/accounts/{key}/limits"] = "read",
        ["GET /api/v1/accounts/{key}/features/{name}"] = "read",
        ["GET /api/v1/catalog"] = "read",
        ["PUT /api/v1/catalog"] = "admin",
        ["POST /api/v1/catalog/validate"] = "admin",
        ["GET /api/v1/catalog/versions"] = "read",
        ["GET /api/v1/catalog/versions/{version}"] = "read",
        ["POST /api/v1/catalog/rollback"] = "admin",
        ["GET /api/v1/catalog/events"] = "read",
        ["GET /api/v1/catalog/events/{type}"] = "read",
        ["PUT /api/v1/catalog/events/{type}"] = "admin",
        ["DELETE /api/v1/catalog/events/{type}"] = "admin",
        ["GET /api/v1/catalog/plans"] = "read",
        ["GET /api/v1/catalog/plans/{key}"] = "read",
        ["PUT /api/v1/catalog/plans/{key}"] = "admin",
        ["DELETE /api/v1/catalog/plans/{key}"] = "admin",
        ["GET /api/v1/keys"] = "admin",
        ["POST /api/v1/keys"] = "admin",
        ["DELETE /api/v1/keys/{id}"] = "admin",
        ["GET /api/v1/webhooks/types"] = "read",
        ["GET /api/v1/webhooks"] = "admin",
        ["POST /api/v1/webhooks"] = "admin",
        ["GET /api/v1/webhooks/{id}"] = "admin",
        ["PUT /api/v1/webhooks/{id}"] = "admin",
        ["DELETE /api/v1/webhooks/{id}"] = "admin",
        ["POST /api/v1/webhooks/{id}/rotate"] = "admin",
        ["POST /api/v1/webhooks/{id}/test"] = "admin",
        ["POST /api/v1/webhooks/{id}/redeliver"] = "admin",
        ["GET /api/v1/webhooks/{id}/deliveries"] = "admin",
        ["GET /api/v1/contacts"] = "admin",
        ["PUT /api/v1/contacts"] = "admin",
        ["GET /api/v1/accounts/{key}/contacts"] = "admin",
        ["PUT /api/v1/accounts/{key}/contacts"] = "admin",
        ["GET /api/v1/workspaces"] = Operator,
        ["POST /api/v1/workspaces"] = Operator,
        ["GET /api/v1/portal/tokens"] = "admin",
        ["POST /api/v1/portal/tokens"] = "admin",
        ["DELETE /api/v1/portal/tokens/{id}"] = "admin",
        ["DELETE /api/v1/accounts/{key}/personal-data"] = "admin",
        ["DELETE /api/v1/accounts/{key}/users/{user}/personal-data"] = "admin",
        ["GET /api/v1/audit"] = "admin",
        ["GET /api/v1/audit/verify"] = "admin",
        ["GET /api/v1/usage/current"] = Portal,
        ["GET /api/v1/usage/limits"] = Portal,
        ["GET /api/v1/usage/history"] = Portal,
        ["POST /api/v1/usage/check"] = Portal,
        [Stream] = Portal,
    };

    private const string Stream = "GET /api/v1/usage/stream";

    /// <summary>What a portal token may do beside what only it may: read of its own account, and acknowledge its alerts.</summary>
    private static readonly HashSet<string> s_portal = new(StringComparer.Ordinal)
    {
        "GET /api/v1/accounts/{key}/usage", "GET /api/v1/accounts/{key}/usage/history", "GET /api/v1/accounts/{key}/usage/breakdown", "GET /api/v1/accounts/{key}/usage/trend",
        "GET /api/v1/accounts/{key}/limits", "GET /api/v1/accounts/{key}/periods", "GET /api/v1/accounts/{key}/features/{name}", "GET /api/v1/accounts/{key}/alerts",
        "POST /api/v1/accounts/{key}/alerts/{id}/acknowledge",
    };

    [Fact(DisplayName = "ACC-1: every endpoint stands in the table of scopes, and every row is an endpoint")]
    public async Task Complete()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        Assert.Equal(s_table.Keys.Order(StringComparer.Ordinal), Calls(host).Select(call => call.Name).Order(StringComparer.Ordinal));
    }

    [Fact(DisplayName = "ACC-1: without a key, with a wrong one and with a revoked one nobody gets in; with one, whoever has the scope: cell by cell")]
    public async Task EveryCell()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        using HttpClient other = await host.NewWorkspaceAsync("other");
        Reply revoked = await host.Admin.PostJsonAsync("/api/v1/keys", """{ "name": "gone", "scopes": ["admin"] }""");
        (await host.Admin.DeleteCallAsync($"/api/v1/keys/{revoked["id"]}")).Expect(HttpStatusCode.NoContent);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/x-1", "{}")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/other", "{}")).ExpectOk();
        (string Who, HttpClient Client)[] columns =
        [
            ("nobody", host.ClientWith(null)), ("nobody", host.ClientWith("weir_live_default_0123456789abcdef_wrong")), ("nobody", host.ClientWith((string)revoked["key"]!)),
            ("ingest", await host.ClientOfAsync("ingest")), ("read", await host.ClientOfAsync("read")), ("admin", other), (Operator, host.Admin),
            (Portal, await host.PortalAsync("x-1")), ("portal of another", await host.PortalAsync("other")),
        ];
        List<string> wrong = [];
        foreach ((string name, string method, string path, string? type) in Calls(host))
        {
            foreach ((string who, HttpClient client) in columns)
            {
                HttpStatusCode expected = Expected(name, who);
                if (name == Stream && expected == HttpStatusCode.OK)
                {
                    // It would go on for ever.
                    using HttpResponseMessage stream = await client.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
                    Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
                    continue;
                }

                Reply reply = await client.CallAsync(new HttpMethod(method), path, type is null ? null : "{", type);
                bool right = expected == HttpStatusCode.NotFound ? reply is { Status: HttpStatusCode.NotFound, Code: "unknown_account" }
                    : expected == HttpStatusCode.OK
                    ? reply.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.InternalServerError)
                    : reply.Status == expected && reply.Code == (expected == HttpStatusCode.Forbidden ? "forbidden" : "unauthorized");
                if (!right)
                {
                    wrong.Add($"{name} as {who}: {(int)reply.Status} {reply.Text}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact(DisplayName = "ACC-1: a path called with another method or type of body says so, but only to who has a key")]
    public async Task OtherMethods()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        using HttpClient nobody = host.ClientWith(null);
        foreach ((_, string method, string path, _) in Calls(host).Where(call => call.Path.StartsWith("/api/", StringComparison.Ordinal)))
        {
            (await nobody.CallAsync(HttpMethod.Patch, path, "{}", "application/json")).ExpectProblem(HttpStatusCode.Unauthorized, "unauthorized");
            Reply reply = (await host.Admin.CallAsync(HttpMethod.Patch, path, "{}", "application/json")).ExpectProblem(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
            Assert.Contains(method, reply.Message.Content.Headers.Allow);
            if (method is "PUT" or "POST")
            {
                (await nobody.CallAsync(new HttpMethod(method), path, "a,b", "text/csv")).ExpectProblem(HttpStatusCode.Unauthorized, "unauthorized");
                Reply other = await host.Admin.CallAsync(new HttpMethod(method), path, "a,b", "text/csv");
                other.ExpectProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
            }
        }
    }

    private static HttpStatusCode Expected(string name, string who) => (s_table[name], who) switch
    {
        (Anyone, _) => HttpStatusCode.OK,
        (_, "nobody") => HttpStatusCode.Unauthorized,
        (Portal, _) => who.StartsWith(Portal, StringComparison.Ordinal) ? HttpStatusCode.OK : HttpStatusCode.Forbidden,
        (_, Portal) => s_portal.Contains(name) ? HttpStatusCode.OK : HttpStatusCode.Forbidden,
        (_, "portal of another") => s_portal.Contains(name) ? HttpStatusCode.NotFound : HttpStatusCode.Forbidden,
        (_, Operator) => HttpStatusCode.OK,
        (Operator, _) => HttpStatusCode.Forbidden,
        (_, "admin") => HttpStatusCode.OK,
        var (scope, _) => scope == who ? HttpStatusCode.OK : HttpStatusCode.Forbidden,
    };

    /// <summary>Every endpoint but those that only tell of a wrong method: they need a key and give nothing.</summary>
    private static IEnumerable<(string Name, string Method, string Path, string? Type)> Calls(WeirHost host)
    {
        foreach (RouteEndpoint endpoint in host.Endpoints)
        {
            if (endpoint.Metadata.GetMetadata<ScopeMetadata>() is { Scope: KeyScopes.None })
            {
                continue;
            }

            string method = Assert.Single(endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods);
            string pattern = endpoint.RoutePattern.RawText!;
            // An erase ends the tokens of its account, which others are to be called with still.
            string parameter = pattern.EndsWith("/personal-data", StringComparison.Ordinal) ? "x-2" : "x-1";
            yield return ($"{method} {pattern}", method, Parameter().Replace(pattern, parameter), endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.ContentTypes[0]);
        }
    }

    [GeneratedRegex(@"\{[^}]+\}", RegexOptions.None, 1000)]
    private static partial Regex Parameter();
}
