using System.Net;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

/// <summary>Streams over real connections. Each test waits for what must come, and for nothing else.</summary>
public sealed class UsageStreamTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 11, 21, 10, 0);

    [Fact(DisplayName = "STREAM-1: the balances come at once and again with each change, as /usage/current has them, and nobody else's")]
    public async Task Changes()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start));
        using HttpClient portal = await host.PortalAsync("acme");
        using EventStream stream = await EventStream.OpenAsync(portal);
        Assert.Equal("text/event-stream", stream.Response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("no-store", stream.Response.Headers.CacheControl?.ToString());
        (string name, string data) = await stream.NextAsync();
        Assert.Equal("usage", name);
        Assert.Equal((await portal.ReadAsync("/api/v1/usage/current")).ExpectOk().Text, data);

        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "b1", "account": "bell", "type": "call" }""")).ExpectOk();
        for (int i = 1; i <= 3; i++)
        {
            (await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "a{{i}}", "account": "acme", "type": "call" }""")).ExpectOk();
            JsonNode usage = JsonNode.Parse((await stream.NextAsync()).Data)!;
            Assert.Equal(("acme", i), ((string)usage["account"]!, (int)usage["balances"]![0]!["used"]!));
        }
    }

    [Fact(DisplayName = "STREAM-1: comments say that a stream still stands while nothing changes")]
    public async Task Heartbeats()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start), options => options.StreamHeartbeat = TimeSpan.FromSeconds(1));
        using HttpClient portal = await host.PortalAsync("acme");
        using EventStream stream = await EventStream.OpenAsync(portal);
        await stream.NextAsync();
        await stream.CommentAsync();
        await stream.CommentAsync();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "a1", "account": "acme", "type": "call" }""")).ExpectOk();
        Assert.Equal("usage", (await stream.NextAsync()).Name);
    }

    [Fact(DisplayName = "STREAM-1: a stream ends with its token, and says why")]
    public async Task EndsWithTheToken()
    {
        FakeClock clock = new(s_start);
        await using WeirHost host = await StartAsync(clock);
        Reply made = await host.Admin.PostJsonAsync("/api/v1/portal/tokens", """{ "account": "acme" }""");
        using HttpClient revoked = host.ClientWith((string)made["token"]!);
        using HttpClient expiring = await host.PortalAsync("acme", ttl: 60);
        using EventStream first = await EventStream.OpenAsync(revoked);
        using EventStream second = await EventStream.OpenAsync(expiring);
        await first.NextAsync();
        await second.NextAsync();

        (await host.Admin.DeleteCallAsync($"/api/v1/portal/tokens/{made["id"]}")).Expect(HttpStatusCode.NoContent);
        Assert.Equal(("end", """{"reason":"revoked"}"""), await first.NextAsync());
        await first.EndAsync();
        clock.Advance(Duration.FromMinutes(1));
        Assert.Equal(("end", """{"reason":"expired"}"""), await second.NextAsync());
        await second.EndAsync();
    }

    [Fact(DisplayName = "STREAM-1: a server that stops ends its streams and does not wait for them")]
    public async Task EndsWithTheServer()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start));
        using HttpClient portal = await host.PortalAsync("acme");
        using EventStream stream = await EventStream.OpenAsync(portal);
        await stream.NextAsync();
        Task stopped = host.StopAsync();
        Assert.Equal(("end", """{"reason":"shutdown"}"""), await stream.NextAsync());
        await stream.EndAsync();
        await stopped;
    }

    [Fact(DisplayName = "STREAM-1: streams are bounded for an account and overall, and a place is free again when one ends")]
    public async Task Bounded()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start), options => (options.MostStreamsOfAccount, options.MostStreams) = (2, 3));
        using HttpClient acme = await host.PortalAsync("acme");
        using HttpClient bell = await host.PortalAsync("bell");
        using EventStream one = await EventStream.OpenAsync(acme);
        EventStream two = await EventStream.OpenAsync(acme);
        await two.NextAsync();
        Reply third = (await acme.ReadAsync("/api/v1/usage/stream")).ExpectProblem(HttpStatusCode.TooManyRequests, "too_many_streams");
        Assert.NotNull(third.Message.Headers.RetryAfter);
        using EventStream three = await EventStream.OpenAsync(bell);
        (await bell.ReadAsync("/api/v1/usage/stream")).ExpectProblem(HttpStatusCode.TooManyRequests, "too_many_streams");

        two.Dispose();
        using EventStream four = await EventStream.OpenWhenFreeAsync(acme);
        await four.NextAsync();
    }

    private static async Task<WeirHost> StartAsync(FakeClock clock, Action<WeirOptions>? configure = null)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock, configure: configure);
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Calls(100), "application/yaml")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/bell", "{}")).ExpectOk();
        return host;
    }

    /// <summary>Server-sent events as they come.</summary>
    private sealed class EventStream : IDisposable
    {
        private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

        private readonly StreamReader _lines;
        private readonly CancellationTokenSource _patience = new(s_patience);

        private EventStream(HttpResponseMessage response, Stream body)
        {
            Response = response;
            _lines = new StreamReader(body);
        }

        public HttpResponseMessage Response { get; }

        public static async Task<EventStream> OpenAsync(HttpClient client)
        {
            HttpResponseMessage response = await client.GetAsync(new Uri("/api/v1/usage/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return new EventStream(response, await response.Content.ReadAsStreamAsync());
        }

        /// <summary>The server learns of a closed connection in its own time.</summary>
        public static async Task<EventStream> OpenWhenFreeAsync(HttpClient client)
        {
            using CancellationTokenSource patience = new(s_patience);
            while (true)
            {
                HttpResponseMessage response = await client.GetAsync(new Uri("/api/v1/usage/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, patience.Token);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return new EventStream(response, await response.Content.ReadAsStreamAsync());
                }

                Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
                response.Dispose();
                await Task.Delay(TimeSpan.FromMilliseconds(50), patience.Token);
            }
        }

        /// <summary>The next event; comments are passed over.</summary>
        public async Task<(string Name, string Data)> NextAsync()
        {
            string name = "";
            string data = "";
            while (true)
            {
                string line = await LineAsync() ?? throw new InvalidOperationException("The stream has ended.");
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    name = line["event: ".Length..];
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    data = line["data: ".Length..];
                }
                else if (line.Length == 0 && name.Length > 0)
                {
                    return (name, data);
                }
            }
        }

        public async Task CommentAsync() => Assert.StartsWith(":", await NotEmptyAsync(), StringComparison.Ordinal);

        public async Task EndAsync() => Assert.Null(await LineAsync());

        public void Dispose()
        {
            _lines.Dispose();
            Response.Dispose();
            _patience.Dispose();
        }

        private async Task<string?> NotEmptyAsync()
        {
            string? line;
            do
            {
                line = await LineAsync();
            }
            while (line is { Length: 0 });
            return line;
        }

        private async Task<string?> LineAsync() => await _lines.ReadLineAsync(_patience.Token);
    }
}
