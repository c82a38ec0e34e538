using System.Net;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

using Weir.AspNetCore;
using Weir.Server.Tests.Hosting;

namespace Weir.Server.Tests;

public sealed class RequestDeadlineTests
{
    private const string Consume = """{ "id": "evt-1", "account": "acme", "type": "asset_stored", "properties": { "bytes": 10 } }""";

    [Fact(DisplayName = "TX-2: while the store stands still, every kind of request is answered with deadline_exceeded, never with a denial, and a repeat finds what took effect")]
    public async Task TheStoreStandsStill()
    {
        GatedStore gated = null!;
        await using WeirHost host = await WeirHost.StartAsync(
            configure: options => options.RequestDeadline = TimeSpan.FromMilliseconds(100),
            services: services =>
            {
                ServiceDescriptor inner = services.Last(service => service.ServiceType == typeof(IWeirStore));
                services.RemoveAll<IWeirStore>();
                services.AddSingleton(provider => (gated = new GatedStore((IWeirStore)inner.ImplementationFactory!(provider))).Store);
            });
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
        Reply repeat = await RepeatAsync(host);
        Assert.True((bool)repeat.Expect(HttpStatusCode.OK)["allowed"]!);
        Assert.True((bool)repeat.Json["replayed"]!);
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

    /// <summary>Until the writer has come through: the requests before are still in its queue.</summary>
    private static async Task<Reply> RepeatAsync(WeirHost host)
    {
        while (true)
        {
            Reply reply = await host.Admin.PostJsonAsync("/api/v1/consume", Consume);
            if (reply.Status != HttpStatusCode.ServiceUnavailable)
            {
                return reply;
            }
        }
    }
}
