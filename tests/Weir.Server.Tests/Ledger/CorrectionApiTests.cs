using System.Net;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class CorrectionApiTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 21, 10, 0);

    [Fact(DisplayName = "COR-1: an event is reversed once; a repeat gets the same answer, and the log shows both rows")]
    public async Task Reverse()
    {
        (WeirHost host, FakeClock _) = await StartAsync();
        await using WeirHost running = host;
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "e/1", "account": "acme", "type": "diagnose", "properties": { "echo": true } }""")).ExpectOk();
        Assert.Equal(15m, await UsedAsync(host, "credits"));
        Reply first = (await host.Admin.PostJsonAsync("/api/v1/events/e%2F1/reverse", """{ "reason": "a mistake" }""")).ExpectOk();
        Assert.Equal((false, "a mistake", "admin", -15m), ((bool)first["replayed"]!, (string)first["reason"]!, (string)first["actor"]!, (decimal)first["charges"]![0]!["amount"]!));
        Assert.Equal(0m, (decimal)first["balances"]![0]!["used"]!);
        Reply again = (await host.Admin.CallAsync(HttpMethod.Post, "/api/v1/events/e%2F1/reverse", null, null)).ExpectOk();
        Assert.True((bool)again["replayed"]!);
        Assert.Equal(Without(first, "replayed"), Without(again, "replayed"));
        Assert.Equal(0m, await UsedAsync(host, "credits"));
        JsonArray rows = (await host.Admin.ReadAsync("/api/v1/events?order=asc")).ExpectOk()["items"]!.AsArray();
        Assert.Equal(["usage", "reversal"], rows.Select(row => (string)row!["kind"]!));
        Assert.Equal((string?)rows[1]!["recordedAt"], (string?)rows[0]!["reversedAt"]);
        Assert.Equal("e/1", (string?)rows[1]!["reverses"]);
        (await host.Admin.PostJsonAsync("/api/v1/events/none/reverse", "{}")).ExpectProblem(HttpStatusCode.NotFound, "event_not_found");
    }

    [Fact(DisplayName = "COR-1: many reversals of one event at once are one")]
    public async Task ReverseAtOnce()
    {
        (WeirHost host, FakeClock _) = await StartAsync();
        await using WeirHost running = host;
        foreach (string id in new[] { "e-1", "e-2" })
        {
            (await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "{{id}}", "account": "acme", "type": "diagnose" }""")).ExpectOk();
        }

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.Admin.PostJsonAsync("/api/v1/events/e-1/reverse", "{}")));
        Assert.Single(replies, reply => !(bool)reply.ExpectOk()["replayed"]!);
        Assert.Single(replies.Select(reply => Without(reply, "replayed")).Distinct(StringComparer.Ordinal));
        Assert.Equal(10m, await UsedAsync(host, "credits"));
    }

    [Fact(DisplayName = "COR-1: after its period has closed an event cannot be reversed: period_closed")]
    public async Task Closed()
    {
        (WeirHost host, FakeClock clock) = await StartAsync();
        await using WeirHost running = host;
        foreach (string id in new[] { "e-1", "e-2" })
        {
            (await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "{{id}}", "account": "acme", "type": "diagnose" }""")).ExpectOk();
        }

        Instant end = NodaTime.Text.InstantPattern.ExtendedIso.Parse((string)(await host.Admin.ReadAsync("/api/v1/accounts/acme/usage"))["balances"]![0]!["periodEnd"]!).Value;
        clock.Now = end + Duration.FromHours(72) - Duration.FromMilliseconds(1);
        (await host.Admin.PostJsonAsync("/api/v1/events/e-2/reverse", "{}")).ExpectOk();
        clock.Now = end + Duration.FromHours(72);
        (await host.Admin.PostJsonAsync("/api/v1/events/e-1/reverse", "{}")).ExpectProblem(HttpStatusCode.Conflict, "period_closed");
    }

    [Fact(DisplayName = "COR-1: an adjustment has a reason and an actor, moves the balance once, and takes at most what is used")]
    public async Task Adjust()
    {
        (WeirHost host, FakeClock _) = await StartAsync();
        await using WeirHost running = host;
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        const string path = "/api/v1/accounts/acme/adjustments";
        const string body = """{ "id": "a-1", "meter": "credits", "amount": 12.5, "reason": "double charge elsewhere" }""";
        Reply first = (await host.Admin.PostJsonAsync(path, body)).ExpectOk();
        Assert.Equal(("a-1", "adjustment", 12.5m), ((string)first["id"]!, (string)first["kind"]!, (decimal)first["balances"]![0]!["used"]!));
        using HttpClient colleague = await host.ClientOfAsync("admin");
        Reply repeat = (await colleague.PostJsonAsync(path, body)).ExpectOk();
        Assert.True((bool)repeat["replayed"]!);
        Assert.Equal(Without(first, "replayed"), Without(repeat, "replayed"));
        (await host.Admin.PostJsonAsync(path, body.Replace("12.5", "13", StringComparison.Ordinal))).ExpectProblem(HttpStatusCode.UnprocessableEntity, "id_reused");
        (await host.Admin.PostJsonAsync(path, """{ "id": "a-2", "meter": "credits", "amount": -12.51, "reason": "x" }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "adjustment_below_zero");
        (await host.Admin.PostJsonAsync(path, """{ "id": "a-2", "meter": "credits", "amount": -12.5, "reason": "x", "actor": "jo" }""")).ExpectOk();
        Assert.Equal(0m, await UsedAsync(host, "credits"));
        (await host.Admin.PostJsonAsync(path, """{ "id": "a-3", "meter": "credits", "amount": 0.001, "reason": "x" }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "too_many_decimals");
        (await host.Admin.PostJsonAsync(path, """{ "id": "a-3", "meter": "credit", "amount": 1, "reason": "x" }""")).ExpectProblem(HttpStatusCode.UnprocessableEntity, "unknown_meter");
        (await host.Admin.PostJsonAsync(path, """{ "id": "a-3", "meter": "credits", "amount": 0, "reason": "x" }""")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await host.Admin.PostJsonAsync(path, """{ "meter": "credits", "amount": 1, "reason": "x" }""")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await host.Admin.PostJsonAsync("/api/v1/accounts/none/adjustments", """{ "id": "a-3", "meter": "credits", "amount": 1, "reason": "x" }""")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
        Reply keyed = await host.Admin.CallAsync(HttpMethod.Post, path, """{ "meter": "credits", "amount": 1, "reason": "x" }""", "application/json", null, ("Idempotency-Key", "a-4"));
        Assert.Equal("a-4", (string?)keyed.ExpectOk()["id"]);
    }

    private static async Task<(WeirHost Host, FakeClock Clock)> StartAsync()
    {
        FakeClock clock = new(s_now);
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock);
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Rich, "application/yaml")).ExpectOk();
        return (host, clock);
    }

    private static async Task<decimal> UsedAsync(WeirHost host, string meter) =>
        (decimal)(await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk()["balances"]!.AsArray().First(line => (string)line!["meter"]! == meter)!["used"]!;

    private static string Without(Reply reply, string member)
    {
        JsonObject body = reply.Json.AsObject();
        body.Remove(member);
        return body.ToJsonString();
    }
}
