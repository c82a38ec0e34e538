using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed partial class GrantApiTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 21, 10, 0);

    private const string Path = "/api/v1/accounts/acme/grants";

    private const string Catalog = """
        name: grants
        defaultPlan: free
        meters: { credits: { unit: credit, scale: 2 }, calls: { unit: call } }
        events: { use: { charges: { credits: { per: { property: n } } } } }
        plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 80, per: day }], calls: { limit: 5 } } } }
        """;

    [Fact(DisplayName = "GRANT-1: a grant is given once under its id, shown with what is left, and adds to the limit that is answered")]
    public async Task Give()
    {
        (WeirHost host, FakeClock _) = await StartAsync();
        await using WeirHost running = host;
        const string body = """{ "id": "order/7", "meter": "credits", "amount": 50.5, "expiry": "2027-01-01T00:00:00Z", "reason": "bought" }""";
        Reply first = (await host.Admin.PostJsonAsync(Path, body)).ExpectOk();
        Assert.Equal(
            """{"id":"order/7","replayed":false,"account":"acme","meter":"credits","amount":50.5,"per":null,"priority":100,"start":"2026-11-21T10:00:00Z","expiry":"2027-01-01T00:00:00Z","beforePlan":false,"recurrence":null,"rollover":null,"source":"grant","givenAt":"2026-11-21T10:00:00Z","reason":"bought","actor":"admin"}""",
            Normal(first.Text));
        using HttpClient colleague = await host.ClientOfAsync("admin");
        Reply again = (await colleague.PostJsonAsync(Path, body)).ExpectOk();
        Assert.Equal(Normal(first.Text).Replace("\"replayed\":false", "\"replayed\":true", StringComparison.Ordinal), Normal(again.Text));
        (await host.Admin.PostJsonAsync(Path, body.Replace("50.5", "50", StringComparison.Ordinal))).ExpectProblem(HttpStatusCode.UnprocessableEntity, "id_reused");
        (await host.Admin.PostJsonAsync(Path, """{ "id": "fine", "meter": "credits", "amount": 0.001 }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "too_many_decimals");
        (await host.Admin.PostJsonAsync(Path, """{ "id": "large", "meter": "credits", "amount": 1e16 }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "quantity_overflow");

        Reply used = (await host.Admin.PostJsonAsync("/api/v1/events", """{ "id": "e-1", "account": "acme", "type": "use", "properties": { "n": 120 } }""")).ExpectOk();
        Assert.Equal("recorded", (string?)used["results"]![0]!["status"]);
        JsonNode month = Line(await UsageAsync(host), "month");
        Assert.Equal((150.5m, 100m, 50.5m, 30.5m), ((decimal)month["limit"]!, (decimal)month["allowance"]!, (decimal)month["granted"]!, (decimal)month["remaining"]!));
        Assert.Null(Line(await UsageAsync(host), "day")["granted"]);
        JsonNode limit = (await host.Admin.ReadAsync("/api/v1/accounts/acme/limits")).ExpectOk()["limits"]!.AsArray().First(line => (string?)line!["per"] == "month")!;
        Assert.Equal((150.5m, 100m, 50.5m), ((decimal)limit["limit"]!, (decimal)limit["allowance"]!, (decimal)limit["granted"]!));

        JsonNode listed = Assert.Single((await host.Admin.ReadAsync(Path)).ExpectOk()["items"]!.AsArray())!;
        Assert.Equal(("order/7", "active", 30.5m, 20m, 0m), ((string)listed["id"]!, (string)listed["state"]!, (decimal)listed["left"]!, (decimal)listed["drawn"]!, (decimal)listed["held"]!));
        Assert.Equal(JsonValue.Create(50.5m).ToJsonString(), listed["amount"]!.ToJsonString());
    }

    [Fact(DisplayName = "GRANT-2: one grant is answered with which event drew what and when, page by page")]
    public async Task History()
    {
        (WeirHost host, FakeClock clock) = await StartAsync();
        await using WeirHost running = host;
        (await host.Admin.PostJsonAsync(Path, """{ "id": "g-1", "meter": "credits", "amount": 50, "beforePlan": true, "priority": 3 }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e-1", "account": "acme", "type": "use", "properties": { "n": 20 } }""")).ExpectOk();
        clock.Advance(Duration.FromMinutes(1));
        Reply held = (await host.Admin.PostJsonAsync("/api/v1/reservations", """{ "id": "j-1", "account": "acme", "type": "use", "properties": { "n": 40 } }""")).ExpectOk();
        Assert.True((bool)held["allowed"]!);
        JsonNode grant = (await host.Admin.ReadAsync(Path + "/g-1")).ExpectOk().Json;
        Assert.Equal(("used_up", 0m, 20m, 30m), ((string)grant["state"]!, (decimal)grant["left"]!, (decimal)grant["drawn"]!, (decimal)grant["held"]!));
        clock.Advance(Duration.FromMinutes(1));
        (await host.Admin.PostJsonAsync("/api/v1/reservations/j-1/commit", """{ "properties": { "n": 10 } }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/events/e-1/reverse", "{}")).ExpectOk();

        List<string> history = [];
        string? next = "";
        while (next is not null)
        {
            Reply page = (await host.Admin.ReadAsync($"{Path}/g-1?limit=3{(next.Length == 0 ? "" : "&cursor=" + next)}")).ExpectOk();
            history.AddRange(page["history"]!["items"]!.AsArray().Select(item => $"{item!["at"]} {item["kind"]} of {item["event"]}: {item["drawn"]}, {item["held"]}"));
            next = (string?)page["history"]!["next"];
        }

        Assert.Equal(
            ["2026-11-21T10:00:00Z usage of e-1: 20, 0", "2026-11-21T10:01:00Z reservation of j-1: 0, 30", "2026-11-21T10:01:00Z commit of j-1: 10, -30", "2026-11-21T10:00:00Z reversal of e-1: -20, 0"],
            history.Select(Normal));
        (await host.Admin.ReadAsync(Path + "/g-1?cursor=nonsense")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        JsonArray log = (await host.Admin.ReadAsync("/api/v1/events?order=asc")).ExpectOk()["items"]!.AsArray();
        Assert.Equal(["grant", "usage", "reservation", "reversal"], log.Select(row => (string)row!["kind"]!));
    }

    [Fact(DisplayName = "GRANT-2: a grant is taken back once, what was drawn stays, and the audit log has it without the sender's words")]
    public async Task End()
    {
        (WeirHost host, FakeClock _) = await StartAsync();
        await using WeirHost running = host;
        (await host.Admin.PostJsonAsync(Path, """{ "id": "g/1", "meter": "credits", "amount": 50, "reason": "for Jane Doe" }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/events", """{ "id": "e-1", "account": "acme", "type": "use", "properties": { "n": 120 } }""")).ExpectOk();
        Reply ended = (await host.Admin.DeleteCallAsync(Path + "/g%2F1")).ExpectOk();
        Assert.Equal(("ended", 0m, 20m), ((string)ended["state"]!, (decimal)ended["left"]!, (decimal)ended["drawn"]!));
        Reply again = (await host.Admin.DeleteCallAsync(Path + "/g%2F1")).ExpectOk();
        Assert.Equal(ended.Text, again.Text);
        Assert.Equal(120m, (decimal)Line(await UsageAsync(host), "month")["limit"]!);
        (await host.Admin.DeleteCallAsync(Path + "/e-1")).ExpectProblem(HttpStatusCode.NotFound, "grant_not_found");
        (await host.Admin.ReadAsync(Path + "/none")).ExpectProblem(HttpStatusCode.NotFound, "grant_not_found");
        (await host.Admin.DeleteCallAsync("/api/v1/accounts/other/grants/g%2F1")).ExpectProblem(HttpStatusCode.NotFound, "grant_not_found");
        (await host.Admin.ReadAsync("/api/v1/accounts/other/grants")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");

        WorkspaceId workspace = host.Services.GetRequiredService<StoreLifetime>().Default.Id;
        IReadOnlyList<AuditRecord> audit = await host.Services.GetRequiredService<IWeirStore>().Audit.ReadAsync(workspace, new AuditFilter { Limit = 1000 }, CancellationToken.None);
        AuditRecord given = Assert.Single(audit, record => record.Action == AuditActions.GrantGiven);
        AuditRecord taken = Assert.Single(audit, record => record.Action == AuditActions.GrantEnded);
        Assert.Equal(given.After, taken.Before);
        Assert.Contains("\"amountUnits\":5000", given.After, StringComparison.Ordinal);
        Assert.DoesNotContain("Jane", given.After, StringComparison.Ordinal);
        JsonArray log = (await host.Admin.ReadAsync("/api/v1/events?order=asc")).ExpectOk()["items"]!.AsArray();
        Assert.Equal(["grant", "usage", "grant_end"], log.Select(row => (string)row!["kind"]!));
    }

    [Fact(DisplayName = "GRANT-1: what a grant cannot be is refused with its place")]
    public async Task Refused()
    {
        (WeirHost host, FakeClock _) = await StartAsync();
        await using WeirHost running = host;
        foreach ((string members, string code, string pointer) in new[]
        {
            ("\"meter\": \"coins\", \"amount\": 1", "unknown_meter", "/meter"),
            ("\"meter\": \"credits\", \"amount\": 0", "invalid_request", "/amount"),
            ("\"meter\": \"credits\", \"amount\": -1", "invalid_request", "/amount"),
            ("\"meter\": \"credits\", \"amount\": 0.001", "too_many_decimals", "/amount"),
            ("\"meter\": \"credits\", \"amount\": 1, \"per\": \"weak\"", "invalid_request", "/per"),
            ("\"meter\": \"credits\", \"amount\": 1, \"per\": \"week\"", "invalid_request", "/per"),
            ("\"meter\": \"credits\", \"amount\": 1, \"priority\": 1000001", "invalid_request", "/priority"),
            ("\"meter\": \"credits\", \"amount\": 1, \"start\": \"2026-09-01T00:00:00Z\"", "invalid_request", "/start"),
            ("\"meter\": \"credits\", \"amount\": 1, \"expiry\": \"2026-11-21T10:00:00Z\"", "invalid_request", "/expiry"),
            ("\"meter\": \"credits\", \"amount\": 1, \"recurrence\": \"lifetime\"", "invalid_request", "/recurrence"),
            ("\"meter\": \"credits\", \"amount\": 1, \"rollover\": { \"max\": 1 }", "invalid_request", "/rollover"),
            ("\"meter\": \"credits\", \"amount\": 1, \"recurrence\": \"month\", \"rollover\": { \"min\": 0.001 }", "too_many_decimals", "/rollover/min"),
        })
        {
            Reply reply = await host.Admin.PostJsonAsync(Path, $$"""{ "id": "x", {{members}} }""");
            Assert.Equal((code, pointer), (reply.Code, (string?)reply["errors"]![0]!["pointer"]));
        }

        (await host.Admin.PostJsonAsync(Path, """{ "meter": "credits", "amount": 1 }""")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await host.Admin.PostJsonAsync("/api/v1/accounts/none/grants", """{ "id": "x", "meter": "credits", "amount": 1 }""")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
        Reply keyed = await host.Admin.CallAsync(HttpMethod.Post, Path, """{ "meter": "credits", "amount": 1 }""", "application/json", null, ("Idempotency-Key", "k-1"));
        Assert.Equal("k-1", (string?)keyed.ExpectOk()["id"]);
        (await host.Admin.CallAsync(HttpMethod.Post, Path, """{ "id": "k-2", "meter": "credits", "amount": 1 }""", "application/json", null, ("Idempotency-Key", "k-1"))).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact(DisplayName = "GRANT-1: the list goes on page by page in the order of giving, with what recurs, starts later or is over")]
    public async Task ListAll()
    {
        (WeirHost host, FakeClock clock) = await StartAsync();
        await using WeirHost running = host;
        string[] grants =
        [
            """{ "id": "a", "meter": "credits", "amount": 1, "expiry": "2026-11-22T00:00:00Z" }""",
            """{ "id": "b", "meter": "credits", "amount": 2, "start": "2026-12-01T00:00:00Z" }""",
            """{ "id": "c", "meter": "calls", "amount": 3, "recurrence": "month", "rollover": { "max": 2, "min": 1 }, "actor": "jo" }""",
        ];
        foreach (string grant in grants)
        {
            (await host.Admin.PostJsonAsync(Path, grant)).ExpectOk();
        }

        clock.Advance(Duration.FromDays(1));
        Reply first = (await host.Admin.ReadAsync(Path + "?limit=2")).ExpectOk();
        Assert.Equal([("a", "expired"), ("b", "scheduled")], first["items"]!.AsArray().Select(item => ((string)item!["id"]!, (string)item["state"]!)));
        Reply second = (await host.Admin.ReadAsync($"{Path}?limit=2&cursor={first["next"]}")).ExpectOk();
        JsonNode last = Assert.Single(second["items"]!.AsArray())!;
        Assert.Equal(("c", "active", "jo", "month", 2m, 1m), ((string)last["id"]!, (string)last["state"]!, (string)last["actor"]!, (string)last["recurrence"]!, (decimal)last["rollover"]!["max"]!, (decimal)last["rollover"]!["min"]!));
        Assert.Null((string?)second["next"]);
    }

    private static async Task<(WeirHost Host, FakeClock Clock)> StartAsync()
    {
        FakeClock clock = new(s_now);
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock);
        (await host.Admin.PutAsync("/api/v1/catalog", Catalog, "application/yaml")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        return (host, clock);
    }

    private static async Task<JsonNode> UsageAsync(WeirHost host) => (await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk().Json;

    private static JsonNode Line(JsonNode usage, string per) => usage["balances"]!.AsArray().First(line => (string?)line!["meter"] == "credits" && (string?)line["per"] == per)!;

    /// <summary>Decisions at one time of the clock follow each other by microseconds.</summary>
    private static string Normal(string text) => Micros().Replace(text, "Z");

    [GeneratedRegex(@"(?<=:\d\d)\.\d+Z", RegexOptions.None, 1000)]
    private static partial Regex Micros();
}
