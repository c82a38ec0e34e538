using System.Net;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

using Weir.AspNetCore;
using Weir.Engine;

namespace Weir.Server.Tests.Hosting;

/// <summary>Endpoints that hold first and use afterwards.</summary>
public sealed class HoldTests
{
    [Fact(DisplayName = "RES-2: a handler holds its estimate while it runs and uses what it reports")]
    public async Task HoldsThenUses()
    {
        decimal heldMeanwhile = 0;
        TestHost? host = null;
        await using TestHost started = host = await TestHost.StartAsync(app => app.MapPost("/render", async (HttpContext context) =>
        {
            heldMeanwhile = await host!.HeldAsync("tokens");
            context.Weir().SetProperty("seconds", 171).SetModel("local", "cutter");
            return "done";
        }).RequireAllowance("render", usage => usage.Resource("film-1")).Hold(usage => usage.Property("seconds", 180)));

        (HttpResponseMessage response, _) = await host.PostAsync("/render");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await host.SettledAsync();
        Assert.Equal(180m, heldMeanwhile);
        Assert.Equal((171m, 0m), (await host.UsedAsync("tokens"), await host.HeldAsync("tokens")));
        LedgerRecord record = Assert.Single(await host.StopAndReadAsync());
        Assert.Equal((EntryKind.Reservation, EntryKind.Commit), (record.Entry.Kind, record.Completion!.Entry.Kind));
        Assert.Equal(("200", "cutter"), (record.Completion.Details.Status, record.Completion.Details.Model));
    }

    [Fact(DisplayName = "RES-2: what a handler used beyond its estimate has happened and is recorded")]
    public async Task UsesMore()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/render", (HttpContext context) =>
        {
            context.Weir().SetProperty("seconds", 900);
        }).RequireAllowance("render").Hold(usage => usage.Property("seconds", 1)));
        await host.PostAsync("/render");
        await host.SettledAsync();
        Assert.Equal(900m, await host.UsedAsync("tokens"));
    }

    [Theory(DisplayName = "RES-1: a handler that fails uses nothing, and its slot is free at once")]
    [InlineData("/throws", 500)]
    [InlineData("/missing", 404)]
    public async Task Fails(string path, int status)
    {
        await using TestHost host = await TestHost.StartAsync(app =>
        {
            app.MapPost("/throws", string () => throw new InvalidOperationException("The tool broke.")).RequireAllowance("render").Hold(usage => usage.Property("seconds", 60));
            app.MapPost("/missing", () => Results.NotFound()).RequireAllowance("render").Hold(usage => usage.Property("seconds", 60));
        });
        for (int i = 0; i < 3; i++)
        {
            (HttpResponseMessage response, _) = await host.PostAsync(path);
            Assert.Equal(status, (int)response.StatusCode);
            await host.SettledAsync();
        }

        Assert.Equal((0m, 0m), (await host.UsedAsync("tokens"), await host.HeldAsync("tokens")));
        IReadOnlyList<LedgerRecord> log = await host.StopAndReadAsync();
        Assert.All(log, record => Assert.Equal((EntryKind.Release, status.ToString()), (record.Completion!.Entry.Kind, record.Completion.Details.Status)));
    }

    [Fact(DisplayName = "RES-1: a client that goes away releases what its call held")]
    public async Task ClientGoesAway()
    {
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/slow", async (HttpContext context) =>
        {
            began.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }).RequireAllowance("render").Hold(usage => usage.Property("seconds", 60)));
        using CancellationTokenSource gone = new();
        Task<HttpResponseMessage> call = host.Client.PostAsync("/slow", null, gone.Token);
        await began.Task;
        Assert.Equal(60m, await host.HeldAsync("tokens"));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        LedgerRecord record = Assert.Single(await host.StopAndReadAsync());
        Assert.Equal((EntryKind.Release, "499"), (record.Completion!.Entry.Kind, record.Completion.Details.Status));
        Assert.Equal((0m, 0m), (await host.UsedAsync("tokens"), await host.HeldAsync("tokens")));
    }

    [Fact(DisplayName = "SLOT-1: a call that finds no slot is 429 with Retry-After; one that waits runs when the slot is free")]
    public async Task Slots()
    {
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestHost host = await TestHost.StartAsync(app =>
        {
            app.MapPost("/long", async () =>
            {
                began.SetResult();
                await end.Task;
            }).RequireAllowance("render").Hold();
            app.MapPost("/short", () => "done").RequireAllowance("render").Hold();
            app.MapPost("/patient", () => "done").RequireAllowance("render").Hold(configure: options => options.Wait = TimeSpan.FromMinutes(2));
        });
        Task<(HttpResponseMessage Response, System.Text.Json.JsonElement)> running = host.PostAsync("/long");
        await began.Task;
        (HttpResponseMessage refused, System.Text.Json.JsonElement problem) = await host.PostAsync("/short");
        Assert.Equal((HttpStatusCode.TooManyRequests, "no_slot"), (refused.StatusCode, problem.GetProperty("code").GetString()));
        Assert.NotNull(refused.Headers.RetryAfter);
        Task<(HttpResponseMessage Response, System.Text.Json.JsonElement)> waiting = host.PostAsync("/patient");
        end.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await running).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await waiting).Response.StatusCode);
    }

    [Fact(DisplayName = "An endpoint that holds without an allowance never runs, and an option out of its range stops the start")]
    public async Task WrongUse()
    {
        bool ran = false;
        await using (TestHost host = await TestHost.StartAsync(app => app.MapPost("/x", () => ran = true).Hold()))
        {
            Assert.Equal(HttpStatusCode.InternalServerError, (await host.PostAsync("/x")).Response.StatusCode);
        }

        Assert.False(ran);
        await Assert.ThrowsAsync<System.ComponentModel.DataAnnotations.ValidationException>(
            () => TestHost.StartAsync(app => app.MapPost("/x", () => "x").RequireAllowance("render").Hold(configure: options => options.Ttl = TimeSpan.Zero)));
    }
}
