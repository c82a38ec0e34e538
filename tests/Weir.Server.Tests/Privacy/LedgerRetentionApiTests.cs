using System.Net;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class LedgerRetentionApiTests
{
    [Fact(DisplayName = "LOG-3: over HTTP the log begins with the ledger; what went is not found and says why, and what would need it is refused with the start")]
    public async Task TheLedgerBegins()
    {
        FakeClock clock = new(Instant.FromUtc(2024, 1, 20, 10, 0));
        await using WeirHost host = await WeirHost.StartAsync(clock: clock);
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "first", "account": "acme", "type": "structuring_diagnose", "user": "ada" }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/reservations", """{ "id": "job", "account": "acme", "type": "structuring_diagnose" }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/reservations/job/release", "{}")).ExpectOk();
        string year = "/api/v1/meters/credits/query?from=2024-01-01T00:00:00Z&to=2025-06-01T00:00:00Z&windowSize=MONTH";
        string minute = "/api/v1/meters/credits/query?from=2024-01-20T10:00:00Z&to=2024-01-20T10:30:00Z&windowSize=MINUTE";
        clock.Advance(Duration.FromDays(450));
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "second", "account": "acme", "type": "structuring_diagnose" }""")).ExpectOk();
        string before = (await host.Admin.ReadAsync(year)).ExpectOk().Text;
        (await host.Admin.ReadAsync(minute)).ExpectOk();
        Assert.Equal(3, (await host.Admin.ReadAsync("/api/v1/events")).ExpectOk()["items"]!.AsArray().Count);

        host.Services.GetRequiredService<RetentionOptions>().Ledger = TimeSpan.FromDays(400);
        Assert.True(await host.Services.GetRequiredService<RetentionService>().RunAsync(host.Services.GetRequiredService<StoreLifetime>().Default.Id, CancellationToken.None));
        Assert.Equal(before, (await host.Admin.ReadAsync(year)).ExpectOk().Text);
        foreach (string question in (string[])[minute, "/api/v1/meters/credits/query?from=2024-01-05T00:00:00Z&to=2024-01-25T00:00:00Z&groupBy=user&groupBy=model"])
        {
            Reply refused = (await host.Admin.ReadAsync(question)).ExpectProblem(HttpStatusCode.UnprocessableEntity, "before_ledger");
            Assert.Contains("2024-02-01T00:00:00Z", (string)refused["detail"]!, StringComparison.Ordinal);
        }

        Assert.Equal("second", (string?)Assert.Single((await host.Admin.ReadAsync("/api/v1/events?order=asc")).ExpectOk()["items"]!.AsArray())!["id"]);
        foreach (Reply gone in (Reply[])
        [
            (await host.Admin.ReadAsync("/api/v1/events/first")).ExpectProblem(HttpStatusCode.NotFound, "event_not_found"),
            (await host.Admin.PostJsonAsync("/api/v1/events/first/reverse", "{}")).ExpectProblem(HttpStatusCode.NotFound, "event_not_found"),
            (await host.Admin.PostJsonAsync("/api/v1/reservations/job/commit", "{}")).ExpectProblem(HttpStatusCode.NotFound, "reservation_not_found"),
            (await host.Admin.PostJsonAsync("/api/v1/reservations/job/release", "{}")).ExpectProblem(HttpStatusCode.NotFound, "reservation_not_found"),
        ])
        {
            Assert.Contains("before 2024-02-01T00:00:00Z", (string)gone["detail"]!, StringComparison.Ordinal);
        }

        Assert.False((bool)(await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "first", "account": "acme", "type": "structuring_diagnose" }""")).ExpectOk()["replayed"]!);
    }
}
