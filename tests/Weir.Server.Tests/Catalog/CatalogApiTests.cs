using System.Net;
using System.Text.Json.Nodes;

namespace Weir.Server.Tests;

public sealed class CatalogApiTests
{
    private const string Path = "/api/v1/catalog";

    private const string Small = """
        name: small
        defaultPlan: free
        meters: { calls: { unit: call } }
        events: { call: { category: api, charges: { calls: 1 } } }
        plans: { free: { allowances: { calls: { limit: 2, per: month } } } }
        """;

    [Fact(DisplayName = "CAT-1: the request after a PUT is decided under the new version, and its version is the ETag")]
    public async Task NextRequest()
    {
        await using WeirHost host = await WeirHost.StartAsync(catalog: null);
        (await host.Admin.ReadAsync(Path)).ExpectProblem(HttpStatusCode.Conflict, "no_catalog");
        Reply first = (await host.Admin.PutAsync(Path, Small, "application/yaml")).ExpectOk();
        Assert.Equal(1, (int?)first["version"]);
        Assert.Equal("\"1\"", first.Message.Headers.ETag?.ToString());
        for (int version = 2; version <= 6; version++)
        {
            (await host.Admin.PutAsync(Path, Small.Replace("limit: 2", $"limit: {version}", StringComparison.Ordinal), "application/yaml")).ExpectOk();
            Reply used = await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "e-{{version}}", "account": "a", "type": "call" }""");
            Assert.Equal(version, (int?)used.ExpectOk()["balances"]![0]!["limit"]);
        }
    }

    [Fact(DisplayName = "CAT-1: If-Match lets a change replace only the version that its author has seen")]
    public async Task IfMatch()
    {
        await using WeirHost host = await WeirHost.StartAsync(catalog: null);
        (await host.Admin.PutAsync(Path, Small, "application/yaml")).ExpectOk();
        string next = Small.Replace("limit: 2", "limit: 3", StringComparison.Ordinal);
        foreach (string tag in new[] { "\"2\"", "\"0\"", "W/\"1\"", "1", "\"x\"" })
        {
            Reply refused = await host.Admin.CallAsync(HttpMethod.Put, Path, next, "application/yaml", null, ("If-Match", tag));
            refused.ExpectProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
        }

        (await host.Admin.CallAsync(HttpMethod.Put, Path, next, "application/yaml", null, ("If-Match", "\"7\", \"1\""))).ExpectOk();
        (await host.Admin.CallAsync(HttpMethod.Put, Path, Small, "application/yaml", null, ("If-Match", "*"))).ExpectOk();
        Task<Reply>[] both =
        [
            .. Enumerable.Range(0, 8).Select(i => host.Admin.CallAsync(
                HttpMethod.Put, Path, Small.Replace("limit: 2", $"limit: {10 + i}", StringComparison.Ordinal), "application/yaml", null, ("If-Match", "\"3\""))),
        ];
        Reply[] replies = await Task.WhenAll(both);
        Assert.Single(replies, reply => reply.Status == HttpStatusCode.OK);
        Assert.Equal(7, replies.Count(reply => reply.Code == "version_mismatch"));
    }

    [Fact(DisplayName = "CAT-1: every error is named with line, column and pointer; the active version stays")]
    public async Task AllErrors()
    {
        await using WeirHost host = await WeirHost.StartAsync(catalog: null);
        (await host.Admin.PutAsync(Path, Small, "application/yaml")).ExpectOk();
        const string wrong = """
            name: small
            defaultPlan: fre
            meters: { calls: { unit: call, scale: 10 } }
            events: { call: { charges: { cals: 1 } } }
            plans: { free: { allowances: { calls: { limit: -1, per: month } } } }
            """;
        foreach (string path in new[] { Path + "/validate", Path })
        {
            Reply reply = await host.Admin.CallAsync(path == Path ? HttpMethod.Put : HttpMethod.Post, path, wrong, "application/yaml");
            JsonArray errors = reply.ExpectProblem(HttpStatusCode.UnprocessableEntity, "invalid_catalog")["errors"]!.AsArray();
            Assert.Equal(
                ["/defaultPlan:2", "/meters/calls/scale:3", "/events/call/charges/cals:4", "/plans/free/allowances/calls/limit:5"],
                errors.Select(error => $"{error!["pointer"]}:{error["line"]}"));
            Assert.All(errors, error => Assert.True((int?)error!["column"] >= 1));
        }

        Assert.Equal("\"1\"", (await host.Admin.ReadAsync(Path)).ExpectOk().Message.Headers.ETag?.ToString());
    }

    [Fact(DisplayName = "CAT-1: a version that takes away a meter or plan in use is refused, and retired is said instead")]
    public async Task Incompatible()
    {
        await using WeirHost host = await WeirHost.StartAsync(catalog: null);
        (await host.Admin.PutAsync(Path, Small, "application/yaml")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-1", "account": "a", "type": "call" }""")).ExpectOk();
        const string other = "name: small\ndefaultPlan: basic\nmeters: {}\nplans: { basic: {} }\n";
        Reply refused = await host.Admin.PutAsync(Path, other, "application/yaml");
        JsonArray errors = refused.ExpectProblem(HttpStatusCode.Conflict, "catalog_incompatible")["errors"]!.AsArray();
        Assert.Equal(["/meters/calls", "/plans/free"], errors.Select(error => (string)error!["pointer"]!).Order(StringComparer.Ordinal));
        Assert.All(errors, error => Assert.Contains("retired: true", (string)error!["detail"]!, StringComparison.Ordinal));
        (await host.Admin.DeleteCallAsync(Path + "/plans/free")).Expect(HttpStatusCode.UnprocessableEntity);
    }

    [Fact(DisplayName = "CAT-1: rollback makes an earlier version active, for the next request")]
    public async Task Rollback()
    {
        await using WeirHost host = await WeirHost.StartAsync(catalog: null);
        (await host.Admin.PutAsync(Path, Small, "application/yaml")).ExpectOk();
        (await host.Admin.PutAsync(Path, Small.Replace("limit: 2", "limit: 9", StringComparison.Ordinal), "application/yaml")).ExpectOk();
        (await host.Admin.PostJsonAsync(Path + "/rollback", """{ "version": 3 }""")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        (await host.Admin.PostJsonAsync(Path + "/rollback", """{ "version": 0 }""")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        (await host.Admin.CallAsync(HttpMethod.Post, Path + "/rollback", """{ "version": 1 }""", "application/json", null, ("If-Match", "\"1\"")))
            .ExpectProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
        (await host.Admin.PostJsonAsync(Path + "/rollback", """{ "version": 1 }""")).ExpectOk();
        Reply used = await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-1", "account": "a", "type": "call" }""");
        Assert.Equal(2, (int?)used.ExpectOk()["balances"]![0]!["limit"]);
        Reply versions = (await host.Admin.ReadAsync(Path + "/versions?limit=1")).ExpectOk();
        Assert.Equal((2, false), ((int)versions["items"]![0]!["version"]!, (bool)versions["items"]![0]!["active"]!));
        Reply rest = (await host.Admin.ReadAsync($"{Path}/versions?limit=1&cursor={versions["next"]}")).ExpectOk();
        Assert.Equal((1, true), ((int)rest["items"]![0]!["version"]!, (bool)rest["items"]![0]!["active"]!));
        Assert.Null(rest["next"]);
    }

    [Fact(DisplayName = "The document comes back as it was sent, or as JSON; both can be put again")]
    public async Task Formats()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        string file = await File.ReadAllTextAsync(WeirHost.CatalogPath("nexa.yaml"));
        Reply asSent = (await host.Admin.ReadAsync(Path)).ExpectOk();
        Assert.Equal(("application/yaml", file), (asSent.MediaType, asSent.Text));
        Reply json = (await host.Admin.ReadAsync(Path, "application/json")).ExpectOk();
        Assert.Equal("application/json", json.MediaType);
        Assert.Equal("nexa", (string?)json["name"]);
        (await host.Admin.PutAsync(Path, json.Text, "application/json")).ExpectOk();
        Reply yaml = (await host.Admin.ReadAsync(Path + "/versions/2", "application/yaml")).ExpectOk();
        Assert.Equal("application/yaml", yaml.MediaType);
        (await host.Admin.PutAsync(Path, yaml.Text, "application/yaml")).ExpectOk();
        (await host.Admin.PutAsync(Path, json.Text, "text/plain")).ExpectProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        (await host.Admin.CallAsync(HttpMethod.Get, Path, null, null, null, ("If-None-Match", "\"3\""))).Expect(HttpStatusCode.NotModified);
    }

    [Fact(DisplayName = "Event types and plans are listed, read, put back and deleted one by one")]
    public async Task Members()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        JsonArray visual = (await host.Admin.ReadAsync(Path + "/events?category=ai_visual")).ExpectOk()["items"]!.AsArray();
        Assert.Equal(["visuals_planning", "visuals_sketch", "solutioning_hyper_canvas"], visual.Select(item => (string)item!["key"]!));
        JsonArray plans = (await host.Admin.ReadAsync(Path + "/plans?sort=price")).ExpectOk()["items"]!.AsArray();
        Assert.Equal(["free", "starter", "professional", "enterprise"], plans.Select(item => (string)item!["key"]!));
        Reply one = (await host.Admin.ReadAsync(Path + "/events/visuals_sketch")).ExpectOk();
        Assert.Equal(12, (int?)one["charges"]!["credits"]!["base"]);
        Reply put = (await host.Admin.PutJsonAsync(Path + "/events/visuals_sketch", one.Text.Replace("12", "14", StringComparison.Ordinal))).ExpectOk();
        Assert.Equal(2, (int?)put["version"]);
        Reply used = await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-1", "account": "a", "type": "visuals_sketch" }""");
        Assert.Equal(14, (int?)used.ExpectOk()["charges"]![0]!["amount"]);
        (await host.Admin.PutAsync(Path + "/events/probe", "charges: { credits: 1 }\n", "application/yaml")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-2", "account": "a", "type": "probe" }""")).ExpectOk();
        (await host.Admin.DeleteCallAsync(Path + "/events/probe")).ExpectOk();
        (await host.Admin.DeleteCallAsync(Path + "/events/probe")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-3", "account": "a", "type": "probe" }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "unknown_event_type");
        Reply wrong = await host.Admin.PutJsonAsync(Path + "/plans/free", """{ "allowances": { "credits": { "limit": 1, "per": "fortnight" } } }""");
        Assert.Equal("/plans/free/allowances/credits/per", (string?)wrong.ExpectProblem(HttpStatusCode.UnprocessableEntity, "invalid_catalog")["errors"]![0]!["pointer"]);
        Assert.Equal("Free Plan", (string?)(await host.Admin.ReadAsync(Path + "/plans/free")).ExpectOk()["name"]);
    }
}
