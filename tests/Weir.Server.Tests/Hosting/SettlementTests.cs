using System.Net;
using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

using Weir.AspNetCore;
using Weir.Engine;

namespace Weir.Server.Tests.Hosting;

public sealed class SettlementTests
{
    [Fact(DisplayName = "What the handler learns is settled after it: tokens, cost and model")]
    public async Task Afterwards()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/chat", (HttpContext context) =>
        {
            context.Weir().SetProperty("tokens", 123).SetProperty("finish", "stop").SetCost(0.0125m, "USD").SetModel("openai", "gpt-4o");
            return "hello";
        }).RequireAllowance("chat", usage => usage.Property("tokens", 1000).Property("topic", "weirs")));
        await host.PostAsync("/chat");
        await host.SettledAsync();
        Assert.Equal(123m, await host.UsedAsync("tokens"));
        LedgerRecord record = Assert.Single(await host.StopAndReadAsync());
        Assert.Equal(1000m, record.Entry.Charges[0].Amount.Units);
        Assert.Equal(-877m, record.Completion!.Entry.Charges[0].Amount.Units);
        Assert.Equal(0.0125m, record.Completion.Entry.Cost!.Value.Amount);
        Assert.Equal(("openai", "gpt-4o"), (record.Completion.Details.Provider, record.Completion.Details.Model));
        Assert.True(record.Completion.Details.FreeProperties.TryGet("finish", out PropertyValue finish) && finish.Text == "stop");
    }

    [Theory(DisplayName = "LOG-1: a call that fails charges nothing and leaves a row with its status")]
    [InlineData("/throws", 500)]
    [InlineData("/error", 500)]
    [InlineData("/missing", 404)]
    [InlineData("/fails", 200)]
    public async Task Failing(string path, int status)
    {
        await using TestHost host = await TestHost.StartAsync(app =>
        {
            app.MapPost("/throws", string () => throw new InvalidOperationException("The tool broke.")).RequireAllowance("diagnose");
            app.MapPost("/error", () => Results.StatusCode(500)).RequireAllowance("diagnose");
            app.MapPost("/missing", () => Results.NotFound()).RequireAllowance("diagnose");
            app.MapPost("/fails", (HttpContext context) => context.Weir().Fail()).RequireAllowance("diagnose");
        });
        (HttpResponseMessage response, _) = await host.PostAsync(path);
        Assert.Equal(status, (int)response.StatusCode);
        await host.SettledAsync();
        Assert.Equal(0m, await host.UsedAsync("credits"));
        LedgerRecord record = Assert.Single(await host.StopAndReadAsync());
        Assert.Equal(status.ToString(), record.Completion!.Details.Status);
        Assert.True(record.Completion.Entry.Flags.HasFlag(EntryFlags.Failed));
    }

    [Fact(DisplayName = "Statuses from 400 to 499 keep their charges where the host says so")]
    public async Task ClientErrorsMayCharge()
    {
        await using TestHost host = await TestHost.StartAsync(
            app =>
            {
                app.MapPost("/missing", () => Results.NotFound()).RequireAllowance("diagnose");
                app.MapPost("/free", () => Results.NotFound()).RequireAllowance("diagnose", configure: options => options.ChargeClientErrors = false);
            },
            options => options.ChargeClientErrors = true);
        await host.PostAsync("/missing");
        await host.PostAsync("/free");
        await host.SettledAsync();
        Assert.Equal(10m, await host.UsedAsync("credits"));
    }

    [Fact(DisplayName = "LOG-1: a client that goes away while the handler works is a row with status 499 and no charge")]
    public async Task Aborted()
    {
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/slow", async (HttpContext context) =>
        {
            began.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }).RequireAllowance("diagnose"));
        using CancellationTokenSource gone = new();
        Task<HttpResponseMessage> call = host.Client.PostAsync("/slow", null, gone.Token);
        await began.Task;
        Assert.Equal(10m, await host.UsedAsync("credits"));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        LedgerRecord record = Assert.Single(await host.StopAndReadAsync());
        Assert.Equal("499", record.Completion!.Details.Status);
        Assert.Equal(0m, await host.UsedAsync("credits"));
    }

    [Fact(DisplayName = "Recording never breaks or delays a request: what finds the queue full is dropped and counted")]
    public async Task FullQueue()
    {
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapPost("/viewed", () => "ok").RecordUsage("viewed"),
            weir: options => (options.LargestRecorderQueue, options.LargestBatch) = (100, 1));
        host.Store.Close();
        for (int i = 0; i < 150; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/viewed")).Response.StatusCode);
        }

        RecorderFigures held = host.Recorder.Figures;
        Assert.Equal(150, held.Accepted + held.Dropped);
        Assert.InRange(held.Accepted, 100, 101);
        Assert.Equal(0, held.Recorded);
        host.Store.Open();
        IReadOnlyList<LedgerRecord> log = await host.StopAndReadAsync();
        Assert.Equal(held.Accepted, log.Count);
        Assert.Equal(held.Accepted, host.Recorder.Figures.Recorded);
    }

    [Fact(DisplayName = "Stopping the host empties the queue first")]
    public async Task Shutdown()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/viewed", () => "ok").RecordUsage("viewed"));
        host.Store.Close();
        for (int i = 0; i < 40; i++)
        {
            await host.PostAsync("/viewed");
        }

        Task<IReadOnlyList<LedgerRecord>> stopped = host.StopAndReadAsync();
        host.Store.Open();
        Assert.Equal(40, (await stopped).Count);
    }

    [Fact(DisplayName = "RecordUsage: recorded after success beyond any limit; a failed call is a row without charge; a wrong description breaks nothing")]
    public async Task Recorded()
    {
        await using TestHost host = await TestHost.StartAsync(app =>
        {
            app.MapPost("/diagnose", (HttpContext context) =>
            {
                Assert.Null(context.Weir().Decision);
                context.Weir().SetProperty("complexity", 2.5m);
            }).RecordUsage("diagnose");
            app.MapPost("/missing", () => Results.NotFound()).RecordUsage("diagnose");
            app.MapPost("/wrong", () => "ok").RecordUsage("diagnose", void (_) => throw new InvalidOperationException("No such header."));
            app.MapPost("/nobody", () => "ok").RecordUsage("diagnose", usage => usage.Account(""));
        });
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/diagnose")).Response.StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync("/missing")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/wrong")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/nobody")).Response.StatusCode);
        await host.SettledAsync();
        Assert.Equal(125m, await host.UsedAsync("credits"));
        IReadOnlyList<LedgerRecord> log = await host.StopAndReadAsync();
        Assert.Equal(["200", "200", "200", "200", "200", "404"], log.Select(record => record.Details.Status));
        Assert.Empty(log[5].Entry.Charges);
    }

    [Fact(DisplayName = "While the store is down a call that needs an allowance gets 503; where the endpoint says so it runs and is recorded later")]
    public async Task Outage()
    {
        int runs = 0;
        await using TestHost host = await TestHost.StartAsync(app =>
        {
            app.MapPost("/diagnose", () => Interlocked.Increment(ref runs)).RequireAllowance("diagnose");
            app.MapPost("/always", () => "ok").RequireAllowance("diagnose", configure: options => options.Outage = OutagePolicy.AllowAndRecord);
        });
        host.Store.IsDown = true;
        (HttpResponseMessage refused, JsonElement body) = await host.PostAsync("/diagnose");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("store_unavailable", body.GetProperty("code").GetString());
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        Assert.Equal(0, runs);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/always")).Response.StatusCode);
        host.Store.IsDown = false;
        LedgerRecord record = Assert.Single(await host.StopAndReadAsync());
        Assert.Equal("/always", record.Details.Endpoint);
        Assert.Equal(10m, await host.UsedAsync("credits"));
        Assert.Equal(0, host.Recorder.Figures.Rejected);
    }

    [Fact(DisplayName = "An admission that comes too late is taken back: the handler did not run under it")]
    public async Task TooLate()
    {
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapPost("/diagnose", () => "ok").RequireAllowance("diagnose"),
            options => options.AdmissionTimeout = TimeSpan.FromMilliseconds(100));
        host.Store.Close();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.PostAsync("/diagnose")).Response.StatusCode);
        host.Store.Open();
        LedgerRecord record = Assert.Single(await host.StopAndReadAsync());
        Assert.Equal("503", record.Completion!.Details.Status);
        Assert.Equal(0m, await host.UsedAsync("credits"));
    }
}
