using System.Net;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;

using Weir.AspNetCore;
using Weir.Engine;

namespace Weir.Server.Tests.Hosting;

public sealed class OriginTests
{
    private static void Viewed(WebApplication app) => app.MapPost("/view/{page}", (string page) => page).RequireAllowance("viewed", usage => usage.Resource(usage.Route("page")));

    [Fact(DisplayName = "Status, latency, address, user agent, endpoint, user, source and resource stand in the log")]
    public async Task Kept()
    {
        await using TestHost host = await TestHost.StartAsync(Viewed, options => options.Source = "api");
        await host.PostAsync("/view/7", null, ("X-User", "u-1"), ("User-Agent", "curl/8.0"), ("X-Weir-Source", "mobile"));
        await host.PostAsync("/view/8");
        IReadOnlyList<LedgerRecord> log = await host.StopAndReadAsync();
        EventDetails details = log[0].Details;
        Assert.Equal(
            ("127.0.0.1", "curl/8.0", "/view/{page}", "u-1", "mobile", "7"),
            (details.Address, details.UserAgent, details.Endpoint, details.User, details.Source, details.Resource));
        Assert.Equal("200", log[0].Completion!.Details.Status);
        Assert.InRange(log[0].Completion!.Details.LatencyMs!.Value, 0, long.MaxValue);
        Assert.NotNull(details.RequestId);
        Assert.Equal("api", log[1].Details.Source);
    }

    [Fact(DisplayName = "PRIV-1: where the host says so, neither address nor user agent are kept")]
    public async Task NotKept()
    {
        await using TestHost host = await TestHost.StartAsync(Viewed, options => options.KeepOrigin = false);
        await host.PostAsync("/view/7", null, ("User-Agent", "curl/8.0"));
        EventDetails details = Assert.Single(await host.StopAndReadAsync()).Details;
        Assert.Null(details.Address);
        Assert.Null(details.UserAgent);
    }

    [Theory(DisplayName = "A forwarded address counts only from a trusted proxy")]
    [InlineData(true, "203.0.113.7")]
    [InlineData(false, "127.0.0.1")]
    public async Task Forwarded(bool trusted, string expected)
    {
        await using TestHost host = await TestHost.StartAsync(
            Viewed,
            services: builder => builder.Services.Configure<ForwardedHeadersOptions>(options =>
            {
                options.ForwardedHeaders = ForwardedHeaders.XForwardedFor;
                options.KnownProxies.Clear();
                options.KnownIPNetworks.Clear();
                options.KnownProxies.Add(trusted ? IPAddress.Loopback : IPAddress.Parse("198.51.100.1"));
            }),
            before: app => app.UseForwardedHeaders());
        await host.PostAsync("/view/7", null, ("X-Forwarded-For", "203.0.113.7"));
        Assert.Equal(expected, Assert.Single(await host.StopAndReadAsync()).Details.Address);
    }

    [Theory(DisplayName = "Addresses are shown one way: IPv4 as IPv4, IPv6 without its zone")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("fe80::1%3", "fe80::1")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    [InlineData(null, null)]
    public void Address(string? remote, string? expected)
    {
        DefaultHttpContext context = new();
        context.Connection.RemoteIpAddress = remote is null ? null : IPAddress.Parse(remote);
        Assert.Equal(expected, ClientAddress.Of(context));
    }

    [Fact(DisplayName = "What a request says of itself is cut to the bounds, never refused")]
    public async Task LongUserAgent()
    {
        await using TestHost host = await TestHost.StartAsync(Viewed);
        (HttpResponseMessage response, _) = await host.PostAsync("/view/7", null, ("User-Agent", new string('u', 2000)));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(512, Assert.Single(await host.StopAndReadAsync()).Details.UserAgent!.Length);
    }

    [Fact(DisplayName = "The façade: check, consume, record and record without waiting on the workspace of the application")]
    public async Task Facade()
    {
        await using TestHost host = await TestHost.StartAsync(_ => { });
        IUsage usage = host.Services.GetRequiredService<IUsage>();
        UsageEvent e = UsageEvent.Of("acme", "diagnose").By("u-1").With("complexity", 2m).With("echo", true).With("note", "first");
        Assert.True((await usage.CheckAsync(e, CancellationToken.None)).Outcome.Allowed);
        Outcome consumed = await usage.ConsumeAsync(e with { Id = EventId.Parse("e-1") }, CancellationToken.None);
        Assert.Equal(2500, consumed.Entry!.Charges[0].Amount.Units);
        Assert.True((await usage.ConsumeAsync(e with { Id = EventId.Parse("e-1") }, CancellationToken.None)).Replayed);
        Assert.True((await usage.RecordAsync(UsageEvent.Of("acme", "viewed"), CancellationToken.None)).Allowed);
        Assert.True(usage.TryRecord(UsageEvent.Of("acme", "viewed")));
        await host.SettledAsync();
        Assert.Equal(25m, await host.UsedAsync("credits"));
        Assert.Equal(2m, await host.UsedAsync("views"));
        Assert.Null(await usage.CurrentAsync(new AccountKey("nobody"), CancellationToken.None));
    }
}
