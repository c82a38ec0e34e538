using System.Net;
using System.Text.Json.Nodes;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class PeriodApiTests
{
    private const string Catalog = """
        name: periods
        defaultPlan: free
        meters: { credits: { unit: credit, scale: 2 }, calls: { unit: call } }
        events: { use: { charges: { credits: { per: { property: n } }, calls: 1 } } }
        plans:
          free: { allowances: { credits: { limit: 100, per: month, enforcement: soft, overage: { rate: 0.5 } } } }
          pro:  { allowances: { credits: { limit: 500, per: month } } }
        """;

    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 1, 9, 0);

    [Fact(DisplayName = "PER-6: a period is shown as it stands while it is open and ending, and as it stood once it is closed, whatever the plan is by then")]
    public async Task OpenEndingClosed()
    {
        FakeClock clock = new(s_start);
        await using WeirHost host = await StartAsync(clock);
        await UseAsync(host, "1", 130);
        string open = """{"meter":"credits","unit":"credit","per":"month","periodStart":"2026-03-01T00:00:00Z","periodEnd":"2026-04-01T00:00:00Z","state":"STATE","plan":"free","catalogVersion":1,"limit":100,"granted":0,"used":130,"held":0,"percent":130,"overage":30,"overageCost":15,"closedAt":CLOSED}""";
        Assert.Equal(Shown(open, "open", null), (await PeriodsAsync(host, "meter=credits"))[0]!.ToJsonString());

        clock.Now = Instant.FromUtc(2026, 4, 2, 0, 0);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/subscription", """{ "plan": "pro" }""")).ExpectOk();
        JsonArray periods = await PeriodsAsync(host, "meter=credits");
        Assert.Equal(["open", "ending"], periods.Select(period => (string?)period!["state"]));
        Assert.Equal(Shown(open, "ending", null), periods[1]!.ToJsonString());

        clock.Now = Instant.FromUtc(2026, 4, 4, 2, 0);
        Assert.Equal(Shown(open, "closed", null), (await PeriodsAsync(host, "meter=credits"))[1]!.ToJsonString());
        await CloseAsync(host);
        clock.Advance(Duration.FromDays(60));
        periods = await PeriodsAsync(host, "meter=credits&to=2026-03-02T00:00:00Z");
        Assert.Equal(Shown(open, "closed", "2026-04-04T02:00:00Z"), Assert.Single(periods)!.ToJsonString());
    }

    [Fact(DisplayName = "PER-6: periods are paged by cursor, each once, across open and closed ones")]
    public async Task Paged()
    {
        FakeClock clock = new(s_start);
        await using WeirHost host = await StartAsync(clock);
        for (int month = 0; month < 6; month++)
        {
            clock.Now = new LocalDateTime(2026, 3, 10, 0, 0).PlusMonths(month).InUtc().ToInstant();
            await UseAsync(host, $"m-{month}", 10 + month);
            if (month == 3)
            {
                await CloseAsync(host);
            }
        }

        string[] all = [.. (await PeriodsAsync(host, "")).Select(Name)];
        Assert.Equal(12, all.Length);
        Assert.Equal(["calls 2026-08-10 open", "credits 2026-08-10 open"], all[..2]);
        List<string> paged = [];
        string? cursor = null;
        do
        {
            Reply page = (await host.Admin.ReadAsync($"/api/v1/accounts/acme/periods?limit=5{(cursor is null ? "" : $"&cursor={cursor}")}")).ExpectOk();
            paged.AddRange(page["items"]!.AsArray().Select(Name));
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        Assert.Equal(all, paged);
        Assert.Equal(6, (await PeriodsAsync(host, "per=month&meter=calls")).Count);
        Assert.Equal(2, (await PeriodsAsync(host, "meter=calls&from=2026-04-01T00:00:00Z&to=2026-05-02T00:00:00Z")).Count);
        (await host.Admin.ReadAsync("/api/v1/accounts/acme/periods?cursor=eA")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await host.Admin.ReadAsync("/api/v1/accounts/nobody/periods")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
    }

    [Fact(DisplayName = "PER-7: operators see when the job ran, how long, what it did, and that it is late")]
    public async Task Job()
    {
        FakeClock clock = new(s_start);
        await using WeirHost host = await StartAsync(clock);
        Reply never = (await host.Admin.ReadAsync("/api/v1/admin/jobs/closing")).ExpectOk();
        Assert.Equal(("never", false, "2026-03-02T02:00:00Z"), ((string?)never["status"], (bool)never["late"]!, (string?)never["nextAt"]));
        await UseAsync(host, "1", 10);
        clock.Now = Instant.FromUtc(2026, 4, 10, 2, 0);
        await CloseAsync(host);
        Reply done = (await host.Admin.ReadAsync("/api/v1/admin/jobs/closing")).ExpectOk();
        Assert.Equal(("done", 1, 2, 0, "2026-04-07T02:00:00Z"), ((string?)done["status"], (int)done["accounts"]!, (int)done["summaries"]!, (int)done["failures"]!, (string?)done["through"]));
        Assert.Equal(("2026-04-10T02:00:00Z", 0m, false), ((string?)done["finishedAt"], (decimal)done["durationSeconds"]!, (bool)done["late"]!));
        clock.Now = Instant.FromUtc(2026, 4, 11, 4, 0);
        Assert.False((bool)(await host.Admin.ReadAsync("/api/v1/admin/jobs/closing"))["late"]!);
        clock.Advance(Duration.FromSeconds(1));
        Assert.True((bool)(await host.Admin.ReadAsync("/api/v1/admin/jobs/closing"))["late"]!);
        JsonArray records = (await host.Admin.ReadAsync("/api/v1/audit?action=periods.closed")).ExpectOk()["items"]!.AsArray();
        Assert.Equal("host:closing", (string?)Assert.Single(records)!["actor"]!["id"]);
    }

    [Fact(DisplayName = "COR-1: what is used in the running periods is reset to 0 in one call, once, with a reason; a repeat gets the same answer, and it can be taken back")]
    public async Task Reset()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start));
        await UseAsync(host, "1", 130);
        const string reset = """{ "id": "r-1", "meter": "credits", "reset": true, "reason": "outage on Tuesday" }""";
        Reply first = (await host.Admin.PostJsonAsync("/api/v1/accounts/acme/adjustments", reset)).ExpectOk();
        Assert.Equal((-130m, 0m, "outage on Tuesday"), ((decimal)first["charges"]![0]!["amount"]!, (decimal)first["balances"]![0]!["used"]!, (string?)first["reason"]));
        await UseAsync(host, "2", 7);
        Assert.True((bool)(await host.Admin.PostJsonAsync("/api/v1/accounts/acme/adjustments", reset)).ExpectOk()["replayed"]!);
        Assert.Equal(7m, (decimal)(await PeriodsAsync(host, "meter=credits"))[0]!["used"]!);
        (await host.Admin.PostJsonAsync("/api/v1/accounts/acme/adjustments", """{ "id": "r-1", "meter": "credits", "amount": -7, "reason": "outage on Tuesday" }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "id_reused");
        (await host.Admin.PostJsonAsync("/api/v1/events/r-1/reverse", "{}")).ExpectOk();
        Assert.Equal(137m, (decimal)(await PeriodsAsync(host, "meter=credits"))[0]!["used"]!);
        foreach ((string body, string pointer) in new[]
        {
            ("""{ "id": "r-2", "meter": "credits", "reason": "why" }""", "/amount"), ("""{ "id": "r-2", "meter": "credits", "reset": true, "amount": 1, "reason": "why" }""", "/reset"),
            ("""{ "id": "r-2", "meter": "credits", "reset": true }""", "/reason"),
        })
        {
            Assert.Equal(pointer, (string?)(await host.Admin.PostJsonAsync("/api/v1/accounts/acme/adjustments", body))["errors"]![0]!["pointer"]);
        }
    }

    private static string Shown(string period, string state, string? closed) =>
        period.Replace("STATE", state, StringComparison.Ordinal).Replace("CLOSED", closed is null ? "null" : $"\"{closed}\"", StringComparison.Ordinal);

    private static string Name(JsonNode? period) => $"{period!["meter"]} {((string)period["periodStart"]!)[..10]} {period["state"]}";

    private static async Task<WeirHost> StartAsync(FakeClock clock)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock);
        (await host.Admin.PutAsync("/api/v1/catalog", Catalog, "application/yaml")).ExpectOk();
        return host;
    }

    private static async Task UseAsync(WeirHost host, string id, int n) =>
        (await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "{{id}}", "account": "acme", "type": "use", "properties": { "n": {{n}} } }""")).ExpectOk();

    private static async Task CloseAsync(WeirHost host) =>
        Assert.Equal(ClosingOutcome.Done, await host.Services.GetRequiredService<ClosingService>().RunAllAsync(onlyIfDue: true, CancellationToken.None));

    private static async Task<JsonArray> PeriodsAsync(WeirHost host, string query) => (await host.Admin.ReadAsync($"/api/v1/accounts/acme/periods?{query}")).ExpectOk()["items"]!.AsArray();
}
