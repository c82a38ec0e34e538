using System.Net;
using System.Text.Json.Nodes;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.Engine;
using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class LogApiTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 21, 10, 0);

    [Fact(DisplayName = "LOG-1: an item of the log says everything that is known of an event, with the trace of its charges")]
    public async Task Shape()
    {
        await using WeirHost host = await StartAsync();
        (await host.Admin.PostJsonAsync("/api/v1/events", """
            { "id": "e-1", "account": "acme", "type": "diagnose", "properties": { "complexity": 3, "echo": true, "department": "law", "note": "x", "tags": ["a", 1] },
              "user": "u-7", "source": "web", "campaign": "spring", "resource": "doc-1", "at": "2026-11-21T09:00:00.5Z", "provider": "openai", "model": "gpt-4o",
              "endpoint": "/chat", "requestId": "r-1", "status": 200, "latencyMs": 812, "address": "10.0.0.1", "userAgent": "curl/8", "key": "k-1",
              "cost": { "amount": 0.0125, "currency": "USD" } }
            """)).ExpectOk();
        const string expected = """
            { "id": "e-1", "account": "acme", "type": "diagnose", "kind": "usage", "at": "2026-11-21T09:00:00.5Z", "recordedAt": "2026-11-21T10:00:00.000001Z",
              "user": "u-7", "source": "web", "campaign": "spring", "resource": "doc-1", "key": "k-1",
              "charges": [ { "meter": "credits", "amount": 30, "trace": { "base": 10, "multiplier": 2.5, "multiplierGiven": 3, "bonuses": { "echo": 5 } } } ],
              "cost": { "amount": 0.0125, "currency": "USD" }, "costSource": "given", "status": "200", "latencyMs": 812, "provider": "openai", "model": "gpt-4o",
              "endpoint": "/chat", "requestId": "r-1", "address": "10.0.0.1", "userAgent": "curl/8",
              "properties": { "complexity": 3, "department": "law", "echo": true, "note": "x", "tags": ["a", 1] }, "flags": [], "reversedAt": null }
            """;
        JsonNode item = Assert.Single((await host.Admin.ReadAsync("/api/v1/events")).ExpectOk()["items"]!.AsArray())!;
        item["recordedAt"] = "2026-11-21T10:00:00.000001Z";
        Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), item.ToJsonString());
        JsonNode one = (await host.Admin.ReadAsync("/api/v1/events/e-1")).ExpectOk().Json;
        one["recordedAt"] = "2026-11-21T10:00:00.000001Z";
        Assert.Equal(item.ToJsonString(), one.ToJsonString());
    }

    [Fact(DisplayName = "LOG-1: pages by cursor, newest first and oldest first, show each row once; who follows sees what comes later")]
    public async Task Paging()
    {
        await using WeirHost host = await StartAsync();
        await RecordAsync(host, 0, 125);
        string[] newest = await PagesAsync(host, "/api/v1/events?limit=40");
        Assert.Equal(Enumerable.Range(0, 125).Reverse().Select(i => $"e-{i}"), newest);

        List<string> followed = [];
        string cursor = "";
        for (int round = 0; round < 4; round++)
        {
            Reply page;
            do
            {
                page = (await host.Admin.ReadAsync($"/api/v1/events?order=asc&limit=50{cursor}")).ExpectOk();
                followed.AddRange(Ids(page));
                cursor = $"&cursor={page["next"]}";
            }
            while (Ids(page).Length > 0);
            await RecordAsync(host, 125 + (round * 10), 10);
        }

        Assert.Equal(Enumerable.Range(0, 155).Select(i => $"e-{i}"), followed);
        (await host.Admin.ReadAsync("/api/v1/events?order=desc" + cursor)).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await host.Admin.ReadAsync("/api/v1/events?limit=1000")).ExpectOk();
        (await host.Admin.ReadAsync("/api/v1/events?limit=1001")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await host.Admin.ReadAsync("/api/v1/events?limit=0")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Theory(DisplayName = "LOG-1: each filter of the log leaves what fits it")]
    [InlineData("account=a-1", 30)]
    [InlineData("account=nobody", 0)]
    [InlineData("type=chat", 60)]
    [InlineData("type=diagnose", 0)]
    [InlineData("user=u-2", 20)]
    [InlineData("campaign=c-1", 15)]
    [InlineData("model=m-3", 12)]
    [InlineData("status=500", 10)]
    [InlineData("account=a-1&user=u-1&model=m-1", 2)]
    [InlineData("from=2026-11-21T09:30:00Z", 30)]
    [InlineData("to=2026-11-21T09:30:00Z", 30)]
    [InlineData("from=2026-11-21T09:10:00Z&to=2026-11-21T09:20:00Z", 10)]
    public async Task Filters(string query, int expected)
    {
        await using WeirHost host = await StartAsync();
        JsonArray events = [];
        for (int i = 0; i < 60; i++)
        {
            events.Add(JsonNode.Parse($$"""
                { "id": "e-{{i}}", "account": "a-{{i % 2}}", "type": "chat", "properties": { "tokens": 1 }, "user": "u-{{i % 3}}", "campaign": "c-{{i % 4}}",
                  "model": "m-{{i % 5}}", "status": {{(i % 6 == 0 ? 500 : 200)}}, "at": "{{s_now - Duration.FromMinutes(i + 1)}}" }
                """));
        }

        (await host.Admin.PostJsonAsync("/api/v1/events", events.ToJsonString())).ExpectOk();
        Assert.Equal(expected, (await PagesAsync(host, $"/api/v1/events?limit=7&{query}")).Length);
    }

    [Theory(DisplayName = "A parameter that the log does not know, or that is wrong, is named; it never widens the answer")]
    [InlineData("acount=a", "acount")]
    [InlineData("user=a%0Ab", "user")]
    [InlineData("from=yesterday", "from")]
    [InlineData("from=2026-11-21T10:00:00", "from")]
    [InlineData("from=2026-11-21T10:00:00Z&to=2026-11-20T10:00:00Z", "to")]
    [InlineData("order=up", "order")]
    [InlineData("cursor=abc", "cursor")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("model=" + "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        + "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789", "model")]
    public async Task WrongParameters(string query, string parameter)
    {
        await using WeirHost host = await StartAsync();
        Reply reply = (await host.Admin.ReadAsync("/api/v1/events?" + query)).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(parameter, (string?)reply["errors"]![0]!["parameter"]);
    }

    [Fact(DisplayName = "LOG-1: as CSV the log quotes, marks what a spreadsheet would run, and keeps numbers numbers")]
    public async Task Csv()
    {
        await using WeirHost host = await StartAsync();
        (await host.Admin.PostJsonAsync("/api/v1/events", """
            [ { "id": "e-1", "account": "acme", "type": "stored", "properties": { "bytes": 500 }, "resource": "=HYPERLINK(\"http://x\")", "userAgent": "a, \"b\"" },
              { "id": "e-2", "account": "acme", "type": "stored", "properties": { "bytes": -200 }, "user": "@cmd", "source": "-1+1", "endpoint": "+x" } ]
            """)).ExpectOk();
        Reply reply = (await host.Admin.ReadAsync("/api/v1/events?order=asc&limit=2", "text/csv")).ExpectOk();
        Assert.Equal("text/csv", reply.MediaType);
        string[] lines = reply.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("id,account,type,kind,at,recordedAt,user,", lines[0], StringComparison.Ordinal);
        Assert.EndsWith(",charges.credits,charges.storage,charges.tokens", lines[0], StringComparison.Ordinal);
        Assert.Contains("\"'=HYPERLINK(\"\"http://x\"\")\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"a, \"\"b\"\"\"", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(",,500,", lines[1], StringComparison.Ordinal);
        Assert.True(lines[2].Contains(",\"'@cmd\",\"'-1+1\",", StringComparison.Ordinal), lines[2]);
        Assert.Contains(",\"'+x\",", lines[2], StringComparison.Ordinal);
        Assert.EndsWith(",,-200,", lines[2], StringComparison.Ordinal);
        string link = Assert.Single(reply.Message.Headers.GetValues("Link"));
        Assert.Matches("^</api/v1/events\\?order=asc&limit=2&cursor=[A-Za-z0-9_-]+>; rel=\"next\"$", link);
        Assert.Equal("application/json", (await host.Admin.ReadAsync("/api/v1/events", "text/csv;q=0.5, application/json")).MediaType);
    }

    [Fact(DisplayName = "How a call ended stands in its own row: status, latency, model, and the charges that stand")]
    public async Task Completed()
    {
        await using WeirHost host = await StartAsync();
        AdmissionService admission = host.Services.GetRequiredService<AdmissionService>();
        WorkspaceId home = host.Services.GetRequiredService<StoreLifetime>().Default.Id;
        foreach (string id in new[] { "settled", "failed" })
        {
            (await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "{{id}}", "account": "acme", "type": "chat", "properties": { "tokens": 100 }, "cost": { "amount": 0.5 } }""")).ExpectOk();
            CallCompletion completion = new()
            {
                Event = new EventId(id),
                Account = new AccountKey("acme"),
                Failed = id == "failed",
                Properties = Properties.Of([KeyValuePair.Create("tokens", PropertyValue.Of(40))]),
                Details = new EventDetails { Status = id == "failed" ? "503" : "200", LatencyMs = 77, Model = "gpt-4o" },
            };
            Assert.True((await admission.CompleteAsync(home, completion, CancellationToken.None)).Allowed);
        }

        JsonArray items = (await host.Admin.ReadAsync("/api/v1/events?order=asc")).ExpectOk()["items"]!.AsArray();
        Assert.Equal(["settled", "failed"], items.Select(item => (string)item!["id"]!));
        JsonNode settled = items[0]!;
        Assert.Equal(("200", 77, "gpt-4o", 40m), ((string)settled["status"]!, (int)settled["latencyMs"]!, (string)settled["model"]!, (decimal)settled["charges"]![0]!["amount"]!));
        Assert.Equal(40m, (decimal)settled["charges"]![0]!["trace"]!["per"]![0]!["value"]!);
        Assert.Equal(40m, (decimal)settled["properties"]!["tokens"]!);
        Assert.Equal(0.5m, (decimal)settled["cost"]!["amount"]!);
        JsonNode failed = items[1]!;
        Assert.Equal("503", (string?)failed["status"]);
        Assert.Empty(failed["charges"]!.AsArray());
        Assert.Null(failed["cost"]);
        Assert.Equal("failed", (string?)Assert.Single(failed["flags"]!.AsArray()));
        Assert.Single((await host.Admin.ReadAsync("/api/v1/events?status=503")).ExpectOk()["items"]!.AsArray());
    }

    [Theory(DisplayName = "ID-2: any event id can be written, percent-encoded, into a path")]
    [InlineData("a/b?c#d")]
    [InlineData("%2F%25%zz")]
    [InlineData("https%3A%2F%2Fsrc%2Fid")]
    public async Task AnyId(string id)
    {
        await using WeirHost host = await StartAsync();
        (await host.Admin.PostJsonAsync("/api/v1/events", $$"""{ "id": "{{id}}", "account": "acme", "type": "chat" }""")).ExpectOk();
        Assert.Equal(id, (string?)(await host.Admin.ReadAsync("/api/v1/events/" + Uri.EscapeDataString(id))).ExpectOk()["id"]);
        (await host.Admin.ReadAsync("/api/v1/events/other")).ExpectProblem(HttpStatusCode.NotFound, "event_not_found");
    }

    private static async Task<WeirHost> StartAsync()
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: new FakeClock(s_now));
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Rich, "application/yaml")).ExpectOk();
        return host;
    }

    private static async Task RecordAsync(WeirHost host, int first, int count)
    {
        string events = string.Join(",", Enumerable.Range(first, count).Select(i => $$"""{ "id": "e-{{i}}", "account": "a-{{i % 7}}", "type": "chat", "properties": { "tokens": 1 } }"""));
        (await host.Admin.PostJsonAsync("/api/v1/events", $"[{events}]")).ExpectOk();
    }

    private static async Task<string[]> PagesAsync(WeirHost host, string path)
    {
        List<string> ids = [];
        string? cursor = null;
        do
        {
            Reply page = (await host.Admin.ReadAsync(path + (cursor is null ? "" : $"&cursor={cursor}"))).ExpectOk();
            ids.AddRange(Ids(page));
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        return [.. ids];
    }

    private static string[] Ids(Reply page) => [.. page["items"]!.AsArray().Select(item => (string)item!["id"]!)];
}
