using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

using Microsoft.Extensions.DependencyInjection;

using Weir.Server.Tests.Hosting;
using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class QueryPlacesTests : IDisposable
{
    private const string Query = "/api/v1/events/evt-1";

    private readonly SemaphoreSlim _answers = new(0);
    private int _running;
    private int _most;

    public void Dispose() => _answers.Dispose();

    [Fact(DisplayName = "Queries beyond Weir__MostQueries take turns, and what is used is decided meanwhile")]
    public async Task QueriesTakeTurns()
    {
        (WeirHost opened, _) = await StartAsync(options => options.MostQueries = 3);
        await using WeirHost host = opened;
        Task<Reply>[] queries = [.. Enumerable.Range(0, 20).Select(_ => host.Admin.ReadAsync(Query))];
        await UntilRunningAsync(3);
        Assert.True((bool)(await ConsumeAsync(host, "evt-2")).ExpectOk()["allowed"]!);
        (await host.Admin.ReadAsync("/api/v1/admin/health")).ExpectOk();
        _answers.Release(20);
        Assert.All(await Task.WhenAll(queries), reply => reply.ExpectOk());
        Assert.Equal(3, _most);
    }

    [Fact(DisplayName = "Queries beyond those that may wait are turned away with overloaded, and one that waits too long is answered with deadline_exceeded")]
    public async Task TheLineIsBounded()
    {
        (WeirHost opened, _) = await StartAsync(options => (options.MostQueries, options.MostWaitingQueries, options.RequestDeadline) = (1, 2, TimeSpan.FromSeconds(2)));
        await using WeirHost host = opened;
        Task<Reply> first = host.Admin.ReadAsync(Query);
        await UntilRunningAsync(1);
        Task<Reply>[] others = [.. Enumerable.Range(0, 5).Select(_ => host.Admin.ReadAsync(Query))];
        Reply[] late = await Task.WhenAll(others);
        Assert.Equal(3, late.Count(reply => reply.Code == "overloaded"));
        Assert.Equal(2, late.Count(reply => reply.Code == "deadline_exceeded"));
        Assert.All(late, reply => Assert.Equal("1", reply.Message.Headers.RetryAfter?.ToString()));

        // Whoever gave up has left the line.
        _answers.Release(4);
        (await first).ExpectOk();
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => host.Admin.ReadAsync(Query))), reply => reply.ExpectOk());
    }

    [Fact(DisplayName = "While the writer is behind, one query is answered at a time; afterwards as many as may")]
    public async Task OneAtATimeWhileTheWriterIsBehind()
    {
        (WeirHost opened, GatedStore gated) = await StartAsync(options => (options.MostQueries, options.LargestBatch, options.RequestDeadline) = (8, 1, TimeSpan.FromMinutes(1)), new SteppedTime());
        await using WeirHost host = opened;
        Task<Reply>[] commands = await FallBehindAsync(host, gated);
        Task<Reply>[] queries = [.. Enumerable.Range(0, 6).Select(_ => host.Admin.ReadAsync(Query))];
        for (int i = 1; i <= 2; i++)
        {
            await UntilRunningAsync(1);
            _answers.Release();
            await Task.WhenAny(queries);
            await UntilRunningAsync(1);
        }

        Assert.Equal(1, _most);

        // The others do not wait for the one that runs once the writer has caught up.
        gated.Open();
        Assert.All(await Task.WhenAll(commands), reply => Assert.True((bool)reply.ExpectOk()["allowed"]!));
        await UntilRunningAsync(4);
        _answers.Release(4);
        Assert.All(await Task.WhenAll(queries), reply => reply.ExpectOk());
    }

    [Fact(DisplayName = "While the writer is behind, one query that may take long is answered beside one that may not, however many more wait: they have half of the places")]
    public async Task OneThatMayTakeLongBesideAnother()
    {
        (WeirHost opened, GatedStore gated) = await StartAsync(options => (options.MostQueries, options.LargestBatch, options.RequestDeadline) = (4, 1, TimeSpan.FromMinutes(1)), new SteppedTime());
        await using WeirHost host = opened;
        TaskCompletionSource history = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int histories = 0;
        ((HookedStore)gated.Store).BeforeHistory = () =>
        {
            Interlocked.Increment(ref histories);
            return history.Task;
        };
        Task<Reply>[] commands = await FallBehindAsync(host, gated);
        Task<Reply>[] late = [.. Enumerable.Range(0, 12).Select(_ => host.Admin.ReadAsync("/api/v1/accounts/acme/usage/history"))];
        await UntilAsync(() => Volatile.Read(ref histories) == 1);

        // It keeps the place of those like it, and stands in nobody else's way.
        for (int i = 0; i < 3; i++)
        {
            Task<Reply> soon = host.Admin.ReadAsync(Query);
            await UntilRunningAsync(1);
            _answers.Release();
            (await soon).ExpectOk();
        }

        Assert.Equal(1, histories);
        history.SetResult();
        Assert.All(await Task.WhenAll(late), reply => reply.ExpectOk());
        gated.Open();
        Assert.All(await Task.WhenAll(commands), reply => Assert.True((bool)reply.ExpectOk()["allowed"]!));
    }

    [Fact(DisplayName = "While the writer is behind, the place of queries rests for nine times as long as each took, and for a quarter of the deadline at the most")]
    public async Task PlacesRest()
    {
        SteppedTime time = new();
        (WeirHost opened, GatedStore gated) = await StartAsync(options => (options.MostQueries, options.LargestBatch, options.RequestDeadline) = (8, 1, TimeSpan.FromMinutes(2)), time);
        await using WeirHost host = opened;
        Task<Reply>[] commands = await FallBehindAsync(host, gated);
        foreach ((double took, double rests) in ((double, double)[])[(0.1, 0.9), (2, 18), (9, 30)])
        {
            Task<Reply> first = host.Admin.ReadAsync(Query);
            await UntilRunningAsync(1);
            time.Advance(took);
            _answers.Release();
            (await first).ExpectOk();
            Task<Reply> second = host.Admin.ReadAsync(Query);
            time.Advance(rests - 0.01);

            // Five times as long as it waits between two looks: a place that did not rest would have been taken.
            await Task.Delay(100);
            Assert.Equal(0, Volatile.Read(ref _running));
            time.Advance(0.02);
            await UntilRunningAsync(1);
            _answers.Release();
            (await second).ExpectOk();
        }

        // Nobody rests once the writer has caught up.
        Task<Reply> slow = host.Admin.ReadAsync(Query);
        await UntilRunningAsync(1);
        time.Advance(5);
        _answers.Release();
        (await slow).ExpectOk();
        Task<Reply> next = host.Admin.ReadAsync(Query);
        gated.Open();
        Assert.All(await Task.WhenAll(commands), reply => Assert.True((bool)reply.ExpectOk()["allowed"]!));
        _answers.Release();
        (await next).ExpectOk();
    }

    [Fact(DisplayName = "A client that does not read its answer keeps no place")]
    public async Task SlowReaders()
    {
        (WeirHost opened, _) = await StartAsync(options => options.MostQueries = 1);
        await using WeirHost host = opened;
        string text = new('x', 4_000);
        for (int page = 0; page < 5; page++)
        {
            string events = string.Join(",", Enumerable.Range(0, 500).Select(i => $$"""{ "id": "big-{{page}}-{{i}}", "account": "acme", "type": "asset_stored", "properties": { "bytes": 1, "a": "{{text}}", "b": "{{text}}" } }"""));
            (await host.Admin.PostJsonAsync("/api/v1/events", $"[{events}]")).ExpectOk();
        }

        using Socket client = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4_096 };
        await client.ConnectAsync(host.Address.Host, host.Address.Port);
        await client.SendAsync(Encoding.ASCII.GetBytes($"GET /api/v1/events?limit=1000 HTTP/1.1\r\nHost: weir\r\nAuthorization: Bearer {WeirHost.AdminKey}\r\n\r\n"));
        byte[] begin = new byte[15];
        await client.ReceiveAsync(begin, SocketFlags.None);
        Assert.Equal("HTTP/1.1 200 OK", Encoding.ASCII.GetString(begin));
        (await host.Admin.ReadAsync("/api/v1/accounts/acme/usage")).ExpectOk();

        // It had not been sent by then: it is more than all buffers on the way hold.
        byte[] rest = new byte[1 << 16];
        long length = 0;
        for (int read = 1; length <= 6_000_000 && read > 0; length += read)
        {
            read = await client.ReceiveAsync(rest, SocketFlags.None);
        }

        Assert.True(length > 6_000_000, $"The answer has only {length} bytes.");
    }

    [Fact(DisplayName = "What fails as a cancellation that nobody asked for is answered with 500 and a problem document")]
    public async Task AStrayCancellation()
    {
        (WeirHost opened, GatedStore gated) = await StartAsync(_ => { });
        await using WeirHost host = opened;
        ((HookedStore)gated.Store).BeforeFind = () => throw new OperationCanceledException();
        (await host.Admin.ReadAsync(Query)).ExpectProblem(HttpStatusCode.InternalServerError, "internal_error");
    }

    /// <summary>A host in which looking up an event waits until it is let through.</summary>
    private async Task<(WeirHost Host, GatedStore Gated)> StartAsync(Action<WeirOptions> configure, TimeProvider? time = null)
    {
        GatedStore gated = null!;
        WeirHost host = await WeirHost.StartAsync(
            clock: time,
            configure: configure,
            services: GatedStore.BeforeStore(made => gated = made));
        (await ConsumeAsync(host, "evt-1")).ExpectOk();
        ((HookedStore)gated.Store).BeforeFind = async () =>
        {
            int running = Interlocked.Increment(ref _running);
            InterlockedMax(running);
            await _answers.WaitAsync();
            Interlocked.Decrement(ref _running);
        };
        return (host, gated);
    }

    /// <summary>Lets the writer stand before the closed store until more commands wait for it than it may be about.</summary>
    private static async Task<Task<Reply>[]> FallBehindAsync(WeirHost host, GatedStore gated)
    {
        gated.Close();
        Task<Reply>[] commands = [.. Enumerable.Range(0, 5).Select(i => ConsumeAsync(host, $"late-{i}"))];
        GroupCommit commits = host.Services.GetRequiredService<GroupCommit>();
        await UntilAsync(() => commits.IsBehind);

        return commands;
    }

    private void InterlockedMax(int running)
    {
        for (int most = _most; running > most; most = _most)
        {
            Interlocked.CompareExchange(ref _most, running, most);
        }
    }

    private Task UntilRunningAsync(int queries) => UntilAsync(() => Volatile.Read(ref _running) == queries);

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (long start = Stopwatch.GetTimestamp(); !isSo(); await Task.Delay(5))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(1), "It did not come true.");
        }
    }

    private static Task<Reply> ConsumeAsync(WeirHost host, string id) =>
        host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "{{id}}", "account": "acme", "type": "asset_stored", "properties": { "bytes": 10 } }""");
}
