using System.Net;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

/// <summary>Jobs over HTTP: held, extended, committed, released, waited for.</summary>
public sealed class ReservationApiTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 21, 10, 0);

    private const string Catalog = """
        name: jobs
        defaultPlan: free
        meters: { credits: { unit: credit, scale: 2 } }
        events:
          transcription: { slot: transcription, charges: { credits: { per: { property: duration_seconds, unit: 60, amount: 1 }, rounding: nearest } } }
        plans:
          free: { name: Free, allowances: { credits: { limit: 30, per: month } }, slots: { transcription: 1 } }
          starter: { name: Starter, price: { monthly: 9 }, allowances: { credits: { limit: 150, per: month } }, slots: { transcription: 2 } }
        """;

    private const string Job = """{ "id": "job-1", "account": "acme", "type": "transcription", "properties": { "duration_seconds": 180 }, "user": "u-7", "ttl": 900 }""";

    [Fact(DisplayName = "RES-1: reserve answers as the reference shows; what is held is seen wherever usage is")]
    public async Task Reserve()
    {
        await using WeirHost host = await OpenAsync(new FakeClock(s_now));
        Reply held = (await host.Admin.PostJsonAsync("/api/v1/reservations", Job)).ExpectOk();
        JsonNode answer = held.Json;
        Assert.Equal((true, "held", "2026-11-21T10:15:00Z"), ((bool)answer["allowed"]!, (string?)answer["state"], (string?)answer["expiresAt"]));
        Assert.Equal(("transcription", 1L), ((string?)answer["slot"]!["kind"], (long)answer["slot"]!["fence"]!));
        Assert.Equal((3m, 3m, 0m, 27m), ((decimal)answer["charges"]![0]!["amount"]!, (decimal)answer["balances"]![0]!["held"]!, (decimal)answer["balances"]![0]!["used"]!, (decimal)answer["balances"]![0]!["remaining"]!));

        Reply repeat = (await host.Admin.PostJsonAsync("/api/v1/reservations", Job)).ExpectOk();
        Assert.Equal(held.Text.Replace("\"replayed\":false", "\"replayed\":true", StringComparison.Ordinal), repeat.Text);

        Reply usage = (await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk();
        Assert.Equal(3m, (decimal)usage["balances"]![0]!["held"]!);
        Assert.Equal("""[{"kind":"transcription","used":1,"limit":1,"waiting":0}]""", usage["slots"]!.ToJsonString());

        Reply second = (await host.Admin.PostJsonAsync("/api/v1/reservations", Job.Replace("job-1", "job-2", StringComparison.Ordinal))).ExpectOk();
        Assert.Equal((false, "no_slot", "starter"), ((bool)second["allowed"]!, (string?)second["reason"], (string?)second["advice"]!["plan"]));
    }

    [Fact(DisplayName = "RES-2: an end without a body, and without a type of one, uses what is held or returns it; a wrong 'overrun' is told what there is")]
    public async Task WithoutBody()
    {
        await using WeirHost host = await OpenAsync(new FakeClock(s_now));
        foreach ((string call, string state) in new[] { ("commit", "committed"), ("release", "released"), ("extend", "held") })
        {
            (await host.Admin.PostJsonAsync("/api/v1/reservations", Job.Replace("job-1", "job-" + call, StringComparison.Ordinal))).ExpectOk();
            using HttpResponseMessage answer = await host.Admin.PostAsync($"/api/v1/reservations/job-{call}/{call}", null);
            Assert.Contains($"\"state\":\"{state}\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Reply wrong = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-extend/commit", """{ "overrun": "maybe" }""")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_json");
        Assert.Contains("one of reject, consume, record", (string)wrong["detail"]!, StringComparison.Ordinal);
        wrong = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-extend/extend", """{ "ttl": "soon" }""")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_json");
        Assert.Contains("A whole number in range is wanted", (string)wrong["detail"]!, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "RES-2: commit returns the rest, is replayed, and another end is a conflict with the state")]
    public async Task Commit()
    {
        await using WeirHost host = await OpenAsync(new FakeClock(s_now));
        (await host.Admin.PostJsonAsync("/api/v1/reservations", Job)).ExpectOk();
        Reply over = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/commit", """{ "properties": { "duration_seconds": 240 } }""")).ExpectOk();
        Assert.Equal((false, "exceeds_reservation", "held"), ((bool)over["allowed"]!, (string?)over["reason"], (string?)over["state"]));
        Reply committed = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/commit", """{ "properties": { "duration_seconds": 171 }, "status": "200", "latencyMs": 12 }""")).ExpectOk();
        Assert.Equal(("committed", 2.85m, 2.85m, 0m), ((string?)committed["state"], (decimal)committed["charges"]![0]!["amount"]!, (decimal)committed["balances"]![0]!["used"]!, (decimal)committed["balances"]![0]!["held"]!));
        Reply again = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/commit", """{ "properties": { "duration_seconds": 171.0 }, "status": "200", "latencyMs": 12 }""")).ExpectOk();
        Assert.True((bool)again["replayed"]!);
        Reply other = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/release", "{}")).ExpectProblem(HttpStatusCode.Conflict, "reservation_ended");
        Assert.Equal("committed", (string?)other["state"]);

        Reply log = (await host.Admin.ReadAsync("/api/v1/events?account=acme")).ExpectOk();
        JsonNode row = Assert.Single(log["items"]!.AsArray())!;
        Assert.Equal(("job-1", "reservation", 2.85m, "200"), ((string?)row["id"], (string?)row["kind"], (decimal)row["charges"]![0]!["amount"]!, (string?)row["status"]));
        Assert.Equal("committed", (string?)(await host.Admin.ReadAsync("/api/v1/reservations/job-1")).ExpectOk()["state"]);
        Assert.Empty((await host.Admin.ReadAsync("/api/v1/reservations")).ExpectOk()["items"]!.AsArray());

        (await host.Admin.PostJsonAsync("/api/v1/events/job-1/reverse", "{}")).ExpectOk();
        Assert.Equal(0m, (decimal)(await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk()["balances"]![0]!["used"]!);
    }

    [Fact(DisplayName = "SLOT-1: a heartbeat extends; jobs are seen with owner, progress and fence; an expired one is 409 and may commit late")]
    public async Task Heartbeat()
    {
        FakeClock clock = new(s_now);
        await using WeirHost host = await OpenAsync(clock);
        (await host.Admin.PostJsonAsync("/api/v1/reservations", Job)).ExpectOk();
        clock.Advance(Duration.FromMinutes(10));
        Reply extended = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/extend", """{ "ttl": 600, "progress": 0.5, "fence": 1 }""")).ExpectOk();
        Assert.Equal(("held", "2026-11-21T10:20:00Z"), ((string?)extended["state"], (string?)extended["expiresAt"]));
        JsonNode job = Assert.Single((await host.Admin.ReadAsync("/api/v1/admin/jobs")).ExpectOk()["running"]!.AsArray())!;
        Assert.Equal(("job-1", "u-7", 0.5m, "2026-11-21T10:10:00Z"), ((string?)job["id"], (string?)job["user"], (decimal)job["progress"]!, (string?)job["heartbeatAt"]));
        (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/extend", """{ "fence": 2 }""")).ExpectProblem(HttpStatusCode.Conflict, "stale_fence");

        clock.Advance(Duration.FromMinutes(10));
        Reply late = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/extend", "{}")).ExpectProblem(HttpStatusCode.Conflict, "reservation_ended");
        Assert.Equal("expired", (string?)late["state"]);
        Assert.Equal(0m, (decimal)(await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk()["balances"]!.AsArray().Select(b => b!["held"]!).Single());
        clock.Advance(Duration.FromMinutes(1));
        Reply recorded = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/commit", "{}")).ExpectOk();
        Assert.Equal("expired", (string?)recorded["state"]);
        Reply view = (await host.Admin.ReadAsync("/api/v1/reservations/job-1")).ExpectOk();
        Assert.Equal(("expired", true), ((string?)view["state"], (bool)view["late"]!));
        // It ended by time, when the slot was free again, and not when its use became known.
        Assert.Equal(("2026-11-21T10:20:00Z", "2026-11-21T10:20:00Z"), ((string?)view["expiresAt"], (string?)view["endedAt"]));
    }

    [Fact(DisplayName = "SLOT-2: wait answers when the slot comes free, and shows the place in the queue until then")]
    public async Task Wait()
    {
        await using WeirHost host = await OpenAsync(new FakeClock(s_now));
        (await host.Admin.PostJsonAsync("/api/v1/reservations", Job)).ExpectOk();
        Task<Reply> waiting = host.Admin.PostJsonAsync("/api/v1/reservations", Job.Replace("job-1", "job-2", StringComparison.Ordinal).Replace("\"ttl\": 900", "\"wait\": 60", StringComparison.Ordinal));
        Reply place;
        do
        {
            place = await host.Admin.ReadAsync("/api/v1/reservations/job-2");
        }
        while (place.Status == HttpStatusCode.NotFound);
        Assert.Equal(("waiting", 1), ((string?)place["state"], (int)place["position"]!));
        Assert.Equal(1, (int)(await host.Admin.ReadAsync("/api/v1/accounts/acme/limits")).ExpectOk()["slots"]![0]!["waiting"]!);
        (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/release", """{ "reason": "done elsewhere" }""")).ExpectOk();
        Reply served = (await waiting).ExpectOk();
        Assert.Equal((true, 2L), ((bool)served["allowed"]!, (long)served["slot"]!["fence"]!));
    }

    [Fact(DisplayName = "RES-1, ID-5: growing holds more under an id of its own; a repeat gets the same answer, also after the end has moved")]
    public async Task Grow()
    {
        await using WeirHost host = await OpenAsync(new FakeClock(s_now));
        (await host.Admin.PostJsonAsync("/api/v1/reservations", Job)).ExpectOk();
        const string more = """{ "id": "more-1", "properties": { "duration_seconds": 600 } }""";
        Reply grown = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/grow", more)).ExpectOk();
        Assert.Equal(("held", 7m, 10m), ((string?)grown["state"], (decimal)grown["charges"]![0]!["amount"]!, (decimal)grown["balances"]![0]!["held"]!));
        (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/extend", """{ "ttl": 900 }""")).ExpectOk();
        Reply again = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/grow", more)).ExpectOk();
        Assert.NotNull((string?)grown["expiresAt"]);
        Assert.Equal(grown.Text.Replace("\"replayed\":false", "\"replayed\":true", StringComparison.Ordinal), again.Text);
        Reply denied = (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/grow", """{ "id": "more-2", "properties": { "duration_seconds": 6000 } }""")).ExpectOk();
        Assert.Equal("limit_exceeded", (string?)denied["reason"]);
        Assert.Equal(10m, (decimal)(await host.Admin.ReadAsync("/api/v1/reservations/job-1")).ExpectOk()["held"]![0]!["amount"]!);
    }

    [Theory(DisplayName = "RES-1: what a reservation may not be is said with its place")]
    [InlineData("/api/v1/reservations", """{ "account": "acme", "type": "transcription" }""", 400, "invalid_request", "/id")]
    [InlineData("/api/v1/reservations", """{ "id": "x", "account": "acme", "type": "transcription", "ttl": 0 }""", 400, "invalid_request", "/ttl")]
    [InlineData("/api/v1/reservations", """{ "id": "x", "account": "acme", "type": "transcription", "ttl": 604801 }""", 400, "invalid_request", "/ttl")]
    [InlineData("/api/v1/reservations", """{ "id": "x", "account": "acme", "type": "transcription", "wait": 301 }""", 400, "invalid_request", "/wait")]
    [InlineData("/api/v1/reservations", """{ "id": "x", "account": "acme", "type": "transcription", "priority": -1 }""", 400, "invalid_json", "/priority")]
    [InlineData("/api/v1/reservations", """{ "id": "x", "account": "acme", "type": "transcription", "mode": "record" }""", 400, "invalid_json", "/mode")]
    [InlineData("/api/v1/reservations", """{ "id": "x", "account": "acme", "type": "transcription", "at": "2026-11-21T10:00:00Z" }""", 400, "invalid_request", "/at")]
    [InlineData("/api/v1/reservations/job-1/commit", """{ "overrun": "maybe" }""", 400, "invalid_json", "/overrun")]
    [InlineData("/api/v1/reservations/job-1/commit", """{ "properties": { "duration_seconds": "long" } }""", 400, "property_type", "/properties/duration_seconds")]
    [InlineData("/api/v1/reservations/job-1/extend", """{ "progress": 1.1 }""", 400, "invalid_request", "/progress")]
    [InlineData("/api/v1/reservations/job-1/grow", """{ "properties": { "duration_seconds": 600 } }""", 400, "invalid_request", "/id")]
    public async Task Wrong(string path, string body, int status, string code, string pointer)
    {
        await using WeirHost host = await OpenAsync(new FakeClock(s_now));
        (await host.Admin.PostJsonAsync("/api/v1/reservations", Job)).ExpectOk();
        Reply reply = (await host.Admin.PostJsonAsync(path, body)).ExpectProblem((HttpStatusCode)status, code);
        Assert.Equal(pointer, (string?)reply["errors"]![0]!["pointer"]);
    }

    private static async Task<WeirHost> OpenAsync(FakeClock clock)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock);
        (await host.Admin.PutAsync("/api/v1/catalog", Catalog, "application/yaml")).ExpectOk();
        return host;
    }
}
