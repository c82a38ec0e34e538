using System.Net;
using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.AspNetCore;

namespace Weir.Server.Tests.Hosting;

public sealed class AdmissionTests
{
    private static void Diagnose(WebApplication app) => app.MapPost("/diagnose", (HttpContext context) => new
    {
        charged = context.Weir().Charged("credits"),
        remaining = context.Weir().Remaining("credits"),
    }).RequireAllowance("diagnose", async usage =>
    {
        JsonElement body = await usage.ReadJsonAsync<JsonElement>();
        usage.Property("complexity", body.GetProperty("complexity").GetDecimal()).Property("echo", body.TryGetProperty("echo", out JsonElement echo) && echo.GetBoolean());
    });

    [Fact(DisplayName = "An admitted call is charged before its handler, which sees the decision")]
    public async Task Admitted()
    {
        await using TestHost host = await TestHost.StartAsync(Diagnose);
        (HttpResponseMessage response, JsonElement body) = await host.PostAsync("/diagnose", new { complexity = 2.0, echo = true });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(25m, body.GetProperty("charged").GetDecimal());
        Assert.Equal(75m, body.GetProperty("remaining").GetDecimal());
        LedgerRecord record = Assert.Single(await host.StopAndReadAsync());
        Assert.Equal(2.0m, record.Entry.Charges[0].Trace.Multiplier);
        Assert.Equal("200", record.Completion!.Details.Status);
    }

    [Fact(DisplayName = "BAL-2, BAL-11: a denied call gets 429 with every figure, the advice and the way up, and its handler does not run")]
    public async Task Denied()
    {
        int runs = 0;
        await using TestHost host = await TestHost.StartAsync(app =>
            app.MapPost("/diagnose", () => Interlocked.Increment(ref runs)).RequireAllowance("diagnose", usage => usage.Property("complexity", 2.5m)));
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/diagnose")).Response.StatusCode);
        }

        (HttpResponseMessage response, JsonElement body) = await host.PostAsync("/diagnose");
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(4, runs);
        Assert.Equal("limit_exceeded", body.GetProperty("code").GetString());
        Assert.Equal("/docs/problems/limit_exceeded", body.GetProperty("type").GetString());
        Assert.Equal("This needs 25 credits; 0 of 100 per month are left.", body.GetProperty("detail").GetString());
        JsonElement violation = Assert.Single(body.GetProperty("violations").EnumerateArray());
        Assert.Equal(
            (100m, 100m, 0m, 25m, 0m, "2026-12-21T00:00:00Z"),
            (violation.GetProperty("limit").GetDecimal(), violation.GetProperty("used").GetDecimal(), violation.GetProperty("held").GetDecimal(),
             violation.GetProperty("requested").GetDecimal(), violation.GetProperty("remaining").GetDecimal(), violation.GetProperty("resetsAt").GetString()));
        Assert.Equal("starter", body.GetProperty("advice").GetProperty("plan").GetString());
        Assert.Equal("Starter Plan allows 1000 credits per month.", body.GetProperty("upgrade").GetString());
        Assert.Null(response.Headers.RetryAfter);
    }

    [Fact(DisplayName = "LOG-1: a refused call is a row with its status and no charge")]
    public async Task RefusedIsARow()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/premium", () => "ok").RequireAllowance("premium"));
        (HttpResponseMessage response, JsonElement body) = await host.PostAsync("/premium");
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("feature_not_in_plan", body.GetProperty("code").GetString());
        Assert.Equal("Starter Plan allows this.", body.GetProperty("upgrade").GetString());
        LedgerRecord record = Assert.Single(await host.StopAndReadAsync());
        Assert.Equal("429", record.Details.Status);
        Assert.Empty(record.Entry.Charges);
        Assert.True(record.Entry.Flags.HasFlag(Engine.EntryFlags.Failed));
    }

    [Fact(DisplayName = "RATE-1: a rate says when to come again, and then there is room")]
    public async Task RateLimited()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/ping", () => "pong").RequireAllowance("ping"));
        await host.PostAsync("/ping");
        await host.PostAsync("/ping");
        (HttpResponseMessage response, JsonElement body) = await host.PostAsync("/ping");
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("rate_limited", body.GetProperty("code").GetString());
        TimeSpan after = Assert.IsType<TimeSpan>(response.Headers.RetryAfter?.Delta);
        Assert.InRange(after, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(62));
        host.Clock.Advance(Duration.FromTimeSpan(after));
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/ping")).Response.StatusCode);
    }

    [Fact(DisplayName = "The host changes the answer to a denial everywhere, and an endpoint its own")]
    public async Task ReplacedAnswer()
    {
        await using TestHost host = await TestHost.StartAsync(
            app =>
            {
                app.MapPost("/premium", () => "ok").RequireAllowance("premium");
                app.MapPost("/own", () => "ok").RequireAllowance("premium", configure: options => options.OnDenied = async denied =>
                {
                    denied.HttpContext.Response.StatusCode = 402;
                    await denied.HttpContext.Response.WriteAsync("pay " + denied.Advice!.Plan);
                });
            },
            options => options.OnDenied = denied =>
            {
                denied.Status = 403;
                denied.HttpContext.Response.Headers["X-Upgrade"] = denied.Advice?.Plan;
                denied.Result = Results.Json(new { error = "usage_limit_exceeded", message = "Upgrade your plan to continue." }, statusCode: denied.Status);
                return Task.CompletedTask;
            });
        (HttpResponseMessage response, JsonElement body) = await host.PostAsync("/premium");
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("starter", response.Headers.GetValues("X-Upgrade").Single());
        Assert.Equal("usage_limit_exceeded", body.GetProperty("error").GetString());
        HttpResponseMessage own = await host.Client.PostAsync("/own", null);
        Assert.Equal(HttpStatusCode.PaymentRequired, own.StatusCode);
        Assert.Equal("pay starter", await own.Content.ReadAsStringAsync());
        Assert.Equal(["403", "402"], (await host.StopAndReadAsync()).Select(record => record.Details.Status));
    }

    [Fact(DisplayName = "BAL-8: under observe nothing is refused and the handler sees the warnings")]
    public async Task Observe()
    {
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapPost("/premium", (HttpContext context) => new { warned = context.Weir().Decision!.Entry!.Observed[0].Reason.ToString() }).RequireAllowance("premium"),
            weir: options => options.Enforcement = Engine.EnforcementMode.Observe);
        (HttpResponseMessage response, JsonElement body) = await host.PostAsync("/premium");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("FeatureNotInPlan", body.GetProperty("warned").GetString());
    }

    [Fact(DisplayName = "A call whose account is not known gets 400 and does not run; the host may answer otherwise")]
    public async Task AccountMissing()
    {
        int runs = 0;
        void Map(WebApplication app) => app.MapPost("/viewed", () => Interlocked.Increment(ref runs)).RequireAllowance("viewed", usage => usage.Account(usage.Route("nobody")));
        await using TestHost host = await TestHost.StartAsync(Map, options => options.Account = null);
        (HttpResponseMessage response, JsonElement body) = await host.PostAsync("/viewed");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("account_required", body.GetProperty("code").GetString());
        await using TestHost other = await TestHost.StartAsync(Map, options =>
        {
            options.Account = null;
            options.OnAccountMissing = context =>
            {
                context.Response.StatusCode = 401;
                return Task.CompletedTask;
            };
        });
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.PostAsync("/viewed")).Response.StatusCode);
        Assert.Equal(0, runs);
    }

    [Theory(DisplayName = "A figure of the input: the body's text, or the texts of a JSON body, and the handler still reads it")]
    [InlineData("application/json", "{\"id\":7,\"parts\":[\"certificates expired\",{\"text\":\"yesterday\"}]}", 14)]
    [InlineData("text/plain", "certificates expired yesterday", 14)]
    [InlineData("text/plain", "", 10)]
    public async Task OfInput(string type, string body, int credits)
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/diagnose", async (HttpContext context) =>
        {
            Assert.Equal(body, await new StreamReader(context.Request.Body).ReadToEndAsync());
            return context.Weir().Charged("credits");
        }).RequireAllowance("diagnose", usage => usage.Property("complexity", Complexity.OfText)));
        HttpResponseMessage response = await host.Client.PostAsync("/diagnose", new StringContent(body, System.Text.Encoding.UTF8, type));
        Assert.Equal(credits, decimal.Parse(await response.Content.ReadAsStringAsync()));
    }

    [Fact(DisplayName = "A body that is not JSON is refused before anything is charged")]
    public async Task BadBody()
    {
        await using TestHost host = await TestHost.StartAsync(Diagnose);
        HttpResponseMessage response = await host.Client.PostAsync("/diagnose", new StringContent("{", System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("invalid_json", JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetString());
        Assert.Empty(await host.StopAndReadAsync());
    }

    [Fact(DisplayName = "An input with half of a surrogate pair is refused before anything is charged")]
    public async Task LoneSurrogate()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/diagnose", () => "ok").RequireAllowance("diagnose", usage => usage.Property("complexity", Complexity.OfText)));
        HttpResponseMessage response = await host.Client.PostAsync("/diagnose", new StringContent("{\"text\":\"\\ud800\"}", System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(await host.StopAndReadAsync());
    }

    [Fact(DisplayName = "An event type that the catalog lacks is no fault of the caller's: 503")]
    public async Task UnknownType()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapPost("/x", () => "ok").RequireAllowance("nothing_like_it"));
        (HttpResponseMessage response, JsonElement body) = await host.PostAsync("/x");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("unknown_event_type", body.GetProperty("code").GetString());
    }

    [Fact(DisplayName = "Without UseWeir before it an endpoint that needs an allowance does not run")]
    public async Task MiddlewareMissing()
    {
        int runs = 0;
        await using TestHost host = await TestHost.StartAsync(app =>
            app.MapPost("/short", () => Interlocked.Increment(ref runs)).RequireAllowance("viewed").ShortCircuit());
        Assert.Equal(HttpStatusCode.InternalServerError, (await host.PostAsync("/short")).Response.StatusCode);
        Assert.Equal(0, runs);
    }

    [Fact(DisplayName = "BAL-2: 64 calls at once on an allowance of 10 calls: exactly 10 run")]
    public async Task Parallel()
    {
        int runs = 0;
        await using TestHost host = await TestHost.StartAsync(app =>
            app.MapPost("/diagnose", () => Interlocked.Increment(ref runs)).RequireAllowance("diagnose"));
        (HttpResponseMessage Response, JsonElement)[] answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => host.PostAsync("/diagnose")));
        Assert.Equal(10, runs);
        Assert.Equal(10, answers.Count(answer => answer.Response.StatusCode == HttpStatusCode.OK));
        Assert.Equal(54, answers.Count(answer => answer.Response.StatusCode == HttpStatusCode.TooManyRequests));
        Assert.Equal(100m, await host.UsedAsync("credits"));
    }

    [Fact(DisplayName = "A group's allowance and its endpoint's both hold; when one refuses, the other is taken back")]
    public async Task Groups()
    {
        await using TestHost host = await TestHost.StartAsync(app =>
        {
            Microsoft.AspNetCore.Routing.RouteGroupBuilder group = app.MapGroup("/api").RequireAllowance("viewed");
            group.MapPost("/diagnose", (HttpContext context) => new { type = context.Weir().EventType, group = context.Weir("viewed").Charged("views") }).RequireAllowance("diagnose");
            group.MapPost("/premium", () => "ok").RequireAllowance("premium");
        });
        (_, JsonElement body) = await host.PostAsync("/api/diagnose");
        Assert.Equal("diagnose", body.GetProperty("type").GetString());
        Assert.Equal(1m, body.GetProperty("group").GetDecimal());
        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.PostAsync("/api/premium")).Response.StatusCode);
        await host.SettledAsync();
        Assert.Equal(1m, await host.UsedAsync("views"));
        Assert.Equal(10m, await host.UsedAsync("credits"));
    }

    [Fact(DisplayName = "Controllers and bare request delegates require allowances like route handlers")]
    public async Task Controllers()
    {
        await using TestHost host = await TestHost.StartAsync(
            app =>
            {
                app.MapControllers().RequireAllowance("premium");
                app.MapPost("/bare", (RequestDelegate)(context => context.Response.WriteAsync(context.Weir().Charged("views").ToString()))).RequireAllowance("viewed");
            },
            services: builder => builder.Services.AddControllers().AddApplicationPart(typeof(PremiumController).Assembly));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.PostAsync("/controller")).Response.StatusCode);
        Assert.Equal("1", await (await host.Client.PostAsync("/bare", null)).Content.ReadAsStringAsync());
    }
}

[Microsoft.AspNetCore.Mvc.ApiController]
public sealed class PremiumController : Microsoft.AspNetCore.Mvc.ControllerBase
{
    [Microsoft.AspNetCore.Mvc.HttpPost("/controller")]
    public string Post() => "ok";
}
