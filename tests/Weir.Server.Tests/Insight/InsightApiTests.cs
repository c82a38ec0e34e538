using System.Net;
using System.Text.Json.Nodes;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

using NodaTime;

using Weir.Server.Tests.Hosting;
using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class InsightApiTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 21, 10, 0);

    [Fact(DisplayName = "LOG-2: history, breakdown and trend of an account add up to what was recorded")]
    public async Task OfAnAccount()
    {
        await using WeirHost host = await StartAsync();
        JsonNode tokens = (await host.Admin.ReadAsync("/api/v1/accounts/a-0/usage/history?meter=tokens")).ExpectOk()["items"]![0]!;
        Assert.Equal(("tokens", "month", 60m, true), ((string)tokens["meter"]!, (string)tokens["per"]!, (decimal)tokens["periods"]![0]!["used"]!, (bool)tokens["periods"]![0]!["current"]!));
        Reply byUser = (await host.Admin.ReadAsync("/api/v1/accounts/a-0/usage/breakdown?by=user&meter=tokens")).ExpectOk();
        Assert.Equal([("u-2", 40m, 66.67m), ("u-1", 20m, 33.33m)], byUser["items"]!.AsArray().Select(row => ((string)row!["key"]!, (decimal)row["amounts"]!["tokens"]!, (decimal)row["percent"]!)));
        Assert.Equal(6, (int)byUser["total"]!["events"]!);
        Reply trend = (await host.Admin.ReadAsync("/api/v1/accounts/a-0/usage/trend?months=2")).ExpectOk();
        Assert.Equal([("2026-10-01T00:00:00Z", 0), ("2026-11-01T00:00:00Z", 6)], trend["items"]!.AsArray().Select(month => ((string)month!["start"]!, (int)month["events"]!)));
        foreach (string path in new[] { "history", "breakdown", "trend" })
        {
            (await host.Admin.ReadAsync($"/api/v1/accounts/none/usage/{path}")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
        }

        Assert.Equal("by", (string?)(await host.Admin.ReadAsync("/api/v1/accounts/a-0/usage/breakdown?by=colour")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request")["errors"]![0]!["parameter"]);
        (await host.Admin.ReadAsync("/api/v1/accounts/a-0/usage/history?periods=401")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await host.Admin.ReadAsync("/api/v1/accounts/a-0/usage/trend?months=0")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact(DisplayName = "LOG-2: what was taken back has no part of what was used, and the parts of the others are of that")]
    public async Task PartsBesideACorrection()
    {
        await using WeirHost host = await StartAsync();
        const string reset = """{ "id": "reset-1", "meter": "tokens", "amount": -58, "reason": "ours" }""";
        (await host.Admin.PostJsonAsync("/api/v1/accounts/a-0/adjustments", reset)).ExpectOk();
        Reply byType = (await host.Admin.ReadAsync("/api/v1/accounts/a-0/usage/breakdown?by=type&meter=tokens&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z")).ExpectOk();
        Assert.Equal(
            [(60m, 100m), (-58m, null)],
            byType["items"]!.AsArray().Select(row => ((decimal)row!["amounts"]!["tokens"]!, (decimal?)row["percent"])));
        Assert.Equal((2m, 100m), ((decimal)byType["total"]!["amounts"]!["tokens"]!, (decimal)byType["total"]!["percent"]!));
    }

    [Fact(DisplayName = "LOG-2: a meter is queried in windows, groups and filters, as JSON and as CSV")]
    public async Task Meter()
    {
        await using WeirHost host = await StartAsync();
        const string path = "/api/v1/meters/tokens/query?from=2026-11-21T08:00:00Z&to=2026-11-21T10:00:00Z";
        Reply one = (await host.Admin.ReadAsync(path)).ExpectOk();
        Same("""
            { "from": "2026-11-21T08:00:00Z", "to": "2026-11-21T10:00:00Z", "windowSize": null,
              "data": [ { "value": 120, "windowStart": "2026-11-21T08:00:00Z", "windowEnd": "2026-11-21T10:00:00Z", "subject": null, "groupBy": {} } ] }
            """, one.Json);
        JsonArray grouped = (await host.Admin.ReadAsync(path + "&windowSize=HOUR&groupBy=subject&groupBy=user&filterGroupBy[user]=u-2&subject=a-1&subject=a-0")).ExpectOk()["data"]!.AsArray();
        Assert.Equal(["a-0 u-2 40", "a-1 u-2 40"], grouped.Select(row => $"{row!["subject"]} {row["groupBy"]!["user"]} {row["value"]}"));
        Reply csv = (await host.Admin.ReadAsync(path + "&groupBy=user", "text/csv")).ExpectOk();
        Assert.Equal(
            ["windowStart,windowEnd,subject,user,value", "2026-11-21T08:00:00Z,2026-11-21T10:00:00Z,,u-1,40", "2026-11-21T08:00:00Z,2026-11-21T10:00:00Z,,u-2,80"],
            csv.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries));
        foreach ((string query, string parameter) in new[]
        {
            ("&windowSize=FORTNIGHT", "windowSize"), ("&windowTimeZone=Mars/Phobos", "windowTimeZone"), ("&groupBy=colour", "groupBy"), ("&filterGroupBy[colour]=red", "filterGroupBy[colour]"),
            ("&filterGroupby[user]=u-1", "filterGroupby[user]"), ("&subject=a%20b", "subject"), ("&windowSize=DAY&windowSize=HOUR", "windowSize"),
        })
        {
            Reply wrong = (await host.Admin.ReadAsync(path + query)).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
            Assert.Equal(parameter, (string?)wrong["errors"]![0]!["parameter"]);
        }

        (await host.Admin.ReadAsync("/api/v1/meters/token/query")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "unknown_meter");
    }

    [Fact(DisplayName = "The overview counts accounts, events, denials, totals and costs, and names who uses most and who is near a limit")]
    public async Task Overview()
    {
        FakeClock clock = new(s_now);
        await using WeirHost host = await StartAsync(clock);
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "big", "account": "a-0", "type": "chat", "properties": { "tokens": 800 }, "cost": { "amount": 0.25 } }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "bigger", "account": "a-0", "type": "premium" }""")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/idle", """{ "plan": "pro" }""")).ExpectOk();
        Reply overview = (await host.Admin.ReadAsync("/api/v1/admin/overview")).ExpectOk();
        Same("""{ "total": 3, "active24h": 2, "active30d": 2, "byPlan": [ { "plan": "free", "name": "Free Plan", "accounts": 2 }, { "plan": "pro", "name": "Pro Plan", "accounts": 1 } ] }""", overview["accounts"]!);
        Same("""{ "today": 12, "last24h": 12, "last30d": 12, "failedToday": 0, "failed30d": 0 }""", overview["events"]!);
        Same("""{ "last24h": { "feature_not_in_plan": 1, "limit_exceeded": 1 }, "last30d": { "feature_not_in_plan": 1, "limit_exceeded": 1 } }""", overview["denials"]!);
        Same("""{ "start": "2026-11-01T00:00:00Z", "events": 12, "amounts": { "tokens": 120 } }""", overview["month"]!);
        (await host.Admin.PostJsonAsync("/api/v1/events", """{ "id": "cost", "account": "a-0", "type": "chat", "properties": { "tokens": 800 }, "cost": { "amount": 0.25 } }""")).ExpectOk();
        clock.Advance(Duration.FromSeconds(1));
        overview = (await host.Admin.ReadAsync("/api/v1/admin/overview")).ExpectOk();
        Same("""{ "today": 0.25, "month": 0.25, "currency": "USD" }""", overview["cost"]!);
        Same("""{ "account": "a-0", "events": 7, "amounts": { "tokens": 860 }, "cost": 0.25 }""", overview["topAccounts"]![0]!);
        JsonNode near = overview["nearLimits"]!;
        Assert.Equal(1, (int)near["count"]!);
        Assert.Equal(("a-0", "tokens", "month", 86m), ((string)near["items"]![0]!["account"]!, (string)near["items"]![0]!["meter"]!, (string)near["items"]![0]!["per"]!, (decimal)near["items"]![0]!["percent"]!));
        Assert.Equal(("cost", 0.25m, 500m), ((string)overview["workspaceLimits"]![0]!["meter"]!, (decimal)overview["workspaceLimits"]![0]!["used"]!, (decimal)overview["workspaceLimits"]![0]!["limit"]!));
        Reply health = (await host.Admin.ReadAsync("/api/v1/admin/health")).ExpectOk();
        Assert.Equal(("ready", 13), ((string)health["status"]!, (int)health["lastSequence"]!));
    }

    [Fact(DisplayName = "Health says live and ready without a key, with the figures of the writer, the recorder and the summaries")]
    public async Task Health()
    {
        await using WeirHost host = await StartAsync();
        using HttpClient nobody = host.ClientWith(null);
        Assert.Equal("live", (string?)(await nobody.ReadAsync("/health/live")).ExpectOk()["status"]);
        Reply ready = (await nobody.ReadAsync("/health/ready")).ExpectOk();
        Assert.Equal("ready", (string?)ready["status"]);
        Assert.Equal(["behindSeconds", "entries"], ready["summaries"]!.AsObject().Select(pair => pair.Key).Order(StringComparer.Ordinal));
        Assert.Equal(0, (int)ready["writer"]!["waiting"]!);
        Assert.Equal(0, (int)ready["recorder"]!["dropped"]!);
    }

    [Fact(DisplayName = "Readiness is 503 while the store refuses commits, and 200 again after the next one")]
    public async Task Unready()
    {
        GatedStore store = new(new MemoryStore(TimeProvider.System));
        await using WeirHost host = await WeirHost.StartAsync(services: services => services.RemoveAll<IWeirStore>().AddSingleton(store.Store));
        const string consume = """{ "id": "e-1", "account": "acme", "type": "pdf_export" }""";
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        store.IsDown = true;
        Reply refused = (await host.Admin.PostJsonAsync("/api/v1/consume", consume)).ExpectProblem(HttpStatusCode.ServiceUnavailable, "store_unavailable");
        Assert.Equal("1", refused.Message.Headers.RetryAfter?.ToString());
        Assert.Equal("store_unavailable", (string?)(await host.Admin.ReadAsync("/health/ready")).Expect(HttpStatusCode.ServiceUnavailable)["status"]);
        (await host.Admin.ReadAsync("/health/live")).ExpectOk();
        store.IsDown = false;
        (await host.Admin.PostJsonAsync("/api/v1/consume", consume)).ExpectOk();
        (await host.Admin.ReadAsync("/health/ready")).ExpectOk();
    }

    [Theory(DisplayName = "Readiness names what stands in the way, the worst first")]
    [InlineData(0, true, 0, 0, null)]
    [InlineData(60, true, 5, 99, null)]
    [InlineData(-1, true, 0, 0, "store_unavailable")]
    [InlineData(0, false, 0, 0, "store_unavailable")]
    [InlineData(61, true, 6, 100, "writer_stalled")]
    [InlineData(61, true, 5, 100, "overloaded")]
    [InlineData(61, true, 5, 99, "summaries_behind")]
    public void Trouble(int behind, bool writable, int busy, int waiting, string? trouble)
    {
        SummaryLag? lag = behind < 0 ? null : new SummaryLag(1, Duration.FromSeconds(behind));
        Assert.Equal(trouble, HealthService.TroubleOf(lag, writable, TimeSpan.FromSeconds(busy), waiting, 100));
    }

    /// <summary>Twelve events of 10 tokens: two accounts with six each, of which u-1 has two and u-2 four.</summary>
    private static async Task<WeirHost> StartAsync(FakeClock? clock = null)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock ?? new FakeClock(s_now));
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Rich, "application/yaml")).ExpectOk();
        string[] events =
        [
            .. Enumerable.Range(0, 12).Select(i => $$"""
                { "id": "e-{{i}}", "account": "a-{{i % 2}}", "type": "chat", "user": "u-{{(i / 2 % 3 == 0 ? 1 : 2)}}", "properties": { "tokens": 10 },
                  "at": "{{s_now - Duration.FromMinutes(5 * (i + 1))}}" }
                """),
        ];
        (await host.Admin.PostJsonAsync("/api/v1/events", $"[{string.Join(',', events)}]")).ExpectOk();
        return host;
    }

    private static void Same(string expected, JsonNode actual) => Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), actual.ToJsonString());
}
