using System.Net;
using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

using Weir.AspNetCore;

namespace Weir.Server.Tests.Hosting;

public sealed class RepeatTests
{
    private static readonly (string, string) s_key = ("Idempotency-Key", "order-1");

    [Fact(DisplayName = "ID-5: a repeated Idempotency-Key runs the handler again and charges once")]
    public async Task ChargedOnce()
    {
        await using TestHost host = await TestHost.StartAsync(app =>
            app.MapPost("/diagnose", (HttpContext context) => new { repeat = context.Weir().IsRepeat }).RequireAllowance("diagnose"));
        (_, JsonElement first) = await host.PostAsync("/diagnose", new { text = "a" }, s_key, ("User-Agent", "phone"));
        (_, JsonElement second) = await host.PostAsync("/diagnose", new { text = "a" }, s_key, ("User-Agent", "desk"));
        Assert.False(first.GetProperty("repeat").GetBoolean());
        Assert.True(second.GetProperty("repeat").GetBoolean());
        Assert.Equal("phone", Assert.Single(await host.StopAndReadAsync()).Details.UserAgent);
    }

    [Fact(DisplayName = "A key belongs to its route, account, user and body: none of them collide")]
    public async Task Apart()
    {
        await using TestHost host = await TestHost.StartAsync(app =>
        {
            app.MapPost("/diagnose", () => "ok").RequireAllowance("diagnose");
            app.MapPost("/other", () => "ok").RequireAllowance("diagnose");
        });
        await host.PostAsync("/diagnose", new { text = "a" }, s_key);
        await host.PostAsync("/other", new { text = "a" }, s_key);
        await host.PostAsync("/diagnose", new { text = "b" }, s_key);
        await host.PostAsync("/diagnose?x=1", new { text = "a" }, s_key);
        await host.PostAsync("/diagnose", new { text = "a" }, s_key, ("X-User", "u-1"));
        host.Client.DefaultRequestHeaders.Remove("X-Account");
        await host.PostAsync("/diagnose", new { text = "a" }, s_key, ("X-Account", "globex"));
        Assert.Equal(6, (await host.StopAndReadAsync()).Count);
    }

    [Fact(DisplayName = "A repeat after a failure is a call of its own: the work that succeeds is charged")]
    public async Task AfterFailure()
    {
        int runs = 0;
        await using TestHost host = await TestHost.StartAsync(app =>
            app.MapPost("/diagnose", () => Interlocked.Increment(ref runs) <= 2 ? Results.StatusCode(500) : Results.Ok()).RequireAllowance("diagnose"));
        for (int i = 0; i < 4; i++)
        {
            await host.PostAsync("/diagnose", null, s_key);
            await host.SettledAsync();
        }

        Assert.Equal(4, runs);
        Assert.Equal(10m, await host.UsedAsync("credits"));
        Assert.Equal(["500", "500", "200"], (await host.StopAndReadAsync()).Select(record => record.Completion!.Details.Status));
    }

    [Fact(DisplayName = "Two runs at once under one key, of which one fails: the work of the other is charged")]
    public async Task FailureBesideSuccess()
    {
        using SemaphoreSlim fails = new(0);
        using SemaphoreSlim succeeds = new(0);
        using SemaphoreSlim began = new(0);
        int runs = 0;
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/diagnose", async () =>
        {
            bool first = Interlocked.Increment(ref runs) == 1;
            began.Release();
            await (first ? fails : succeeds).WaitAsync();
            return first ? Results.StatusCode(500) : Results.Ok();
        }).RequireAllowance("diagnose"));
        Task<(HttpResponseMessage, JsonElement)> failing = host.PostAsync("/diagnose", null, s_key);
        await began.WaitAsync();
        Task<(HttpResponseMessage, JsonElement)> succeeding = host.PostAsync("/diagnose", null, s_key);
        await began.WaitAsync();
        fails.Release();
        await failing;
        succeeds.Release();
        await succeeding;
        await host.SettledAsync();
        Assert.Equal(10m, await host.UsedAsync("credits"));
    }

    [Fact(DisplayName = "ID-5: a refusal leaves the key free, so that the client may come again when there is room")]
    public async Task RefusedIsFree()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/ping", () => "pong").RequireAllowance("ping"));
        await host.PostAsync("/ping");
        await host.PostAsync("/ping");
        (HttpResponseMessage refused, _) = await host.PostAsync("/ping", null, s_key);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        host.Clock.Advance(NodaTime.Duration.FromMinutes(2));
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/ping", null, s_key)).Response.StatusCode);
    }

    [Fact(DisplayName = "A body too large to compare makes every request a call of its own")]
    public async Task LargeBody()
    {
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapPost("/diagnose", (JsonElement body) => body.GetProperty("text").GetString()!.Length).RequireAllowance("diagnose"),
            options => options.LargestBody = 1024);
        for (int i = 0; i < 2; i++)
        {
            HttpResponseMessage response = (await host.PostAsync("/diagnose", new { text = new string('a', 5000) }, s_key)).Response;
            Assert.Equal("5000", await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(2, (await host.StopAndReadAsync()).Count);
    }

    [Fact(DisplayName = "ID-2: a key that is not an identifier is refused")]
    public async Task BadKey()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/ping", () => "pong").RequireAllowance("ping"));
        (HttpResponseMessage refused, JsonElement body) = await host.PostAsync("/ping", null, ("Idempotency-Key", new string('k', 256)));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal("invalid_request", body.GetProperty("code").GetString());
    }
}
