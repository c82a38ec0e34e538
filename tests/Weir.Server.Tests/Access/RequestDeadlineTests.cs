using System.Net;

using Weir.AspNetCore;
using Weir.Server.Tests.Hosting;

namespace Weir.Server.Tests;

public sealed class RequestDeadlineTests
{
    private const string Consume = """{ "id": "evt-1", "account": "acme", "type": "asset_stored", "properties": { "bytes": 10 } }""";

    [Fact(DisplayName = "TX-2: while the store stands still, every kind of request is answered with deadline_exceeded, never with a denial, and a repeat finds what took effect")]
    public async Task TheStoreStandsStill()
    {
        (WeirHost opened, GatedStore gated) = await StartAsync(null);
        await using WeirHost host = opened;
        gated.Close();
        (string Path, string Body)[] requests =
        [
            ("consume", Consume),
            ("events", """{ "id": "evt-2", "account": "acme", "type": "asset_stored", "properties": { "bytes": 10 } }"""),
            ("reservations", """{ "id": "job-1", "account": "acme", "type": "asset_stored", "properties": { "bytes": 10 } }"""),
            ("accounts/acme/adjustments", """{ "id": "adj-1", "meter": "storage", "amount": 1, "reason": "a test" }"""),
        ];
        foreach ((string path, string body) in requests)
        {
            Reply late = (await host.Admin.PostJsonAsync("/api/v1/" + path, body)).ExpectProblem(HttpStatusCode.ServiceUnavailable, "deadline_exceeded");
            Assert.Equal("1", late.Message.Headers.RetryAfter?.ToString());
            Assert.Contains("within 0.1 s", (string)late.Json["detail"]!, StringComparison.Ordinal);
        }

        gated.Open();
        Reply repeat = await RepeatAsync(host, "consume", Consume);
        Assert.True((bool)repeat.Expect(HttpStatusCode.OK)["allowed"]!);
        Assert.True((bool)repeat.Json["replayed"]!);
    }

    [Fact(DisplayName = "SLOT-2, TX-2: while the store stands still a request that waits for a slot is answered after its wait and the deadline, and its repeat finds its slot")]
    public async Task TheStoreStandsStillForAWaiter()
    {
        const string Catalog = """
            name: slots
            defaultPlan: free
            meters: { units: { unit: unit } }
            events: { render: { slot: render, charges: { units: 1 } } }
            plans: { free: { allowances: { units: { limit: 10 } }, slots: { render: 1 } } }
            """;
        const string Job = """{ "id": "job-1", "account": "acme", "type": "render", "wait": 1 }""";
        (WeirHost opened, GatedStore gated) = await StartAsync(Catalog);
        await using WeirHost host = opened;
        gated.Close();
        try
        {
            Reply late = await host.Admin.PostJsonAsync("/api/v1/reservations", Job).WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Contains("within 1.1 s", (string)late.ExpectProblem(HttpStatusCode.ServiceUnavailable, "deadline_exceeded").Json["detail"]!, StringComparison.Ordinal);
        }
        finally
        {
            gated.Open();
        }

        Reply repeat = await RepeatAsync(host, "reservations", Job);
        Assert.True((bool)repeat.Expect(HttpStatusCode.OK)["allowed"]!);
        Assert.Equal(1, (int)(await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).Expect(HttpStatusCode.OK)["slots"]![0]!["used"]!);
    }

    [Fact(DisplayName = "A request that waits for a slot has its deadline after that, one that reads much has a longer one, and streams have none")]
    public async Task Deadlines()
    {
        await using WeirHost host = await WeirHost.StartAsync(configure: options => options.RequestDeadline = TimeSpan.FromMilliseconds(100));
        string[] open = [.. host.Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<HasteMetadata>() is { Haste: Haste.Open }).Select(endpoint => endpoint.RoutePattern.RawText!)];
        Assert.Equal(["/api/v1/import", "/api/v1/usage/stream"], open.Order(StringComparer.Ordinal));
        WeirOptions options = new() { RequestDeadline = TimeSpan.FromSeconds(3), LongRequestDeadline = TimeSpan.FromSeconds(40) };
        using RequestDeadline soon = RequestDeadline.Of(Haste.Soon, options, null);
        using RequestDeadline later = RequestDeadline.Of(Haste.Long, options, null);
        Assert.Equal((3, 40), (soon.Time.TotalSeconds, later.Time.TotalSeconds));
        soon.Extend(TimeSpan.FromSeconds(30));
        Assert.Equal(33, soon.Time.TotalSeconds);
    }

    private static async Task<(WeirHost Host, GatedStore Gated)> StartAsync(string? catalog)
    {
        GatedStore gated = null!;
        WeirHost host = await WeirHost.StartAsync(
            configure: options => options.RequestDeadline = TimeSpan.FromMilliseconds(100),
            services: GatedStore.BeforeStore(made => gated = made));
        if (catalog is not null)
        {
            (await host.Admin.PutAsync("/api/v1/catalog", catalog, "application/yaml")).ExpectOk();
        }

        return (host, gated);
    }

    /// <summary>Until the writer has come through: the requests before are still in its queue.</summary>
    private static async Task<Reply> RepeatAsync(WeirHost host, string path, string body)
    {
        while (true)
        {
            Reply reply = await host.Admin.PostJsonAsync("/api/v1/" + path, body);
            if (reply.Status != HttpStatusCode.ServiceUnavailable)
            {
                return reply;
            }
        }
    }
}
