using System.Net;
using System.Net.Http.Headers;

namespace Weir.Client.Tests;

public sealed class RetryTests
{
    private const string Allowed = """{ "allowed": true, "id": "e-1", "replayed": false }""";

    private static readonly UsageEvent s_event = new("acme", "call") { Id = "e-1" };

    public static TheoryData<string> Passing => ["503", "500", "502", "408", "429", "refused", "lost", "late"];

    [Theory(DisplayName = "What passes is sent again, with the same id and the same content")]
    [MemberData(nameof(Passing))]
    public async Task Repeats(string trouble)
    {
        int failures = 2;
        Wire wire = new(_ => failures-- > 0 ? Fail(trouble) : Wire.Json(Allowed));
        await using WeirClient client = Clients.Of(wire);
        ConsumeAnswer answer = await client.ConsumeAsync(s_event with { Id = null });
        Assert.True(answer.Allowed);
        Assert.False(answer.Degraded);
        Assert.Equal(3, wire.Requests.Count);
        string body = Assert.Single(wire.Requests.Select(request => request.Body).Distinct(StringComparer.Ordinal));
        Assert.InRange(body.Member("id").Length, 1, 255);
    }

    [Theory(DisplayName = "A refusal is never sent again: it is an exception with the code and the places")]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(412)]
    [InlineData(413)]
    [InlineData(415)]
    [InlineData(422)]
    [InlineData(429)]
    public async Task Refusals(int status)
    {
        Wire wire = new(_ => Wire.Problem((HttpStatusCode)status, "some_code"));
        await using WeirClient client = Clients.Of(wire);
        WeirProblemException problem = await Assert.ThrowsAsync<WeirProblemException>(() => client.ConsumeAsync(s_event));
        Assert.Single(wire.Requests);
        Assert.Equal(((HttpStatusCode)status, "some_code", "What is wrong", "/docs/problems/some_code"), (problem.Status, problem.Code, problem.Message, problem.Type));
        Assert.Equal(new WeirProblemError("/id", "Why"), Assert.Single(problem.Errors));
        Assert.Null(client.UnavailableSince);
    }

    [Fact(DisplayName = "What stands between and answers in its own words is shown as it is")]
    public async Task OtherAnswers()
    {
        Wire wire = new(_ => new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new StringContent("<h1>No</h1>") });
        await using WeirClient client = Clients.Of(wire);
        WeirProblemException problem = await Assert.ThrowsAsync<WeirProblemException>(() => client.GetUsageAsync("acme"));
        Assert.Equal("unexpected_status", problem.Code);
        Assert.Contains("<h1>No</h1>", problem.Message, StringComparison.Ordinal);
    }

    [Theory(DisplayName = "When attempts or time are used up, the exception says whether the request may have taken effect")]
    [InlineData("refused", false)]
    [InlineData("overloaded", false)]
    [InlineData("429", false)]
    [InlineData("lost", true)]
    [InlineData("late", true)]
    [InlineData("500", true)]
    [InlineData("503", true)]
    public async Task GivesUp(string trouble, bool mayHave)
    {
        Wire wire = new(_ => Fail(trouble));
        await using WeirClient client = Clients.Of(wire, o => o.MostAttempts = 3);
        WeirUnavailableException exception = await Assert.ThrowsAsync<WeirUnavailableException>(() => client.RecordAsync(s_event));
        Assert.Equal(3, wire.Requests.Count);
        Assert.Equal(("unavailable", mayHave), (exception.Code, exception.MayHaveTakenEffect));
        Assert.NotNull(client.UnavailableSince);
    }

    [Fact(DisplayName = "One attempt that may have arrived among others that did not is enough not to know")]
    public async Task MayHaveOnce()
    {
        int attempt = 0;
        Wire wire = new(_ => ++attempt == 1 ? Fail("lost") : Fail("refused"));
        await using WeirClient client = Clients.Of(wire, o => o.MostAttempts = 3);
        Assert.True((await Assert.ThrowsAsync<WeirUnavailableException>(() => client.RecordAsync(s_event))).MayHaveTakenEffect);
    }

    [Fact(DisplayName = "A server that says to come again after the call's time is not waited for")]
    public async Task RetryAfterTooLong()
    {
        Wire wire = new(_ =>
        {
            HttpResponseMessage response = Wire.Problem(HttpStatusCode.ServiceUnavailable, "overloaded");
            response.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromHours(1));
            return response;
        });
        await using WeirClient client = Clients.Of(wire);
        await Assert.ThrowsAsync<WeirUnavailableException>(() => client.RecordAsync(s_event));
        Assert.Single(wire.Requests);
    }

    [Fact(DisplayName = "Cancellation is the caller's own, and no outage")]
    public async Task Cancellation()
    {
        using CancellationTokenSource cancel = new();
        Wire wire = new(_ =>
        {
            cancel.Cancel();
            throw new TaskCanceledException();
        });
        await using WeirClient client = Clients.Of(wire);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.ConsumeAsync(s_event, cancellationToken: cancel.Token));
        Assert.Single(wire.Requests);
        Assert.Null(client.UnavailableSince);
    }

    [Fact(DisplayName = "An answer is bounded")]
    public async Task LargestAnswer()
    {
        Wire wire = new(_ => Wire.Json($$"""{ "account": "{{new string('x', 70_000)}}" }"""));
        await using WeirClient client = Clients.Of(wire, o => o.LargestAnswer = 64 * 1024);
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(() => client.GetUsageAsync("acme"));
        Assert.Contains("65536 bytes", exception.Message, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "An answer that is not Weir's is no decision")]
    public async Task NotWeir()
    {
        Wire wire = new(_ => Wire.Json("<html>"));
        await using WeirClient client = Clients.Of(wire);
        await Assert.ThrowsAsync<WeirUnavailableException>(() => client.GetUsageAsync("acme"));
        ConsumeAnswer answer = await client.ConsumeAsync(s_event);
        Assert.Equal((false, true, "unavailable"), (answer.Allowed, answer.Degraded, answer.Reason));
    }

    [Fact(DisplayName = "The key and the client's name go with each request, and ids are percent-encoded into paths")]
    public async Task Headers()
    {
        Wire wire = new(_ => Wire.Problem(HttpStatusCode.NotFound, "event_not_found"));
        await using WeirClient client = Clients.Of(wire, o => o.BaseAddress = new Uri("http://weir.test/metering/"));
        Assert.Null(await client.FindEventAsync("a/b?c#d e%2F"));
        await client.FindEventAsync("..");
        Seen[] requests = [.. wire.Requests];
        Assert.Equal("Bearer weir_test_key", requests[0].Message.Headers.Authorization!.ToString());
        Assert.StartsWith("Weir.Client/", requests[0].Message.Headers.UserAgent.ToString(), StringComparison.Ordinal);
        Assert.Equal("/metering/api/v1/events/a%2Fb%3Fc%23d%20e%252F", requests[0].Target);
        Assert.Equal("/metering/api/v1/events/%2E%2E", requests[1].Target);
    }

    private static readonly Action<WeirClientOptions>[] s_wrong =
    [
        o => o.BaseAddress = null, o => o.BaseAddress = new Uri("ftp://weir.test"), o => o.Key = " ", o => o.Key = "a key", o => o.MostAttempts = 0,
        o => o.AttemptTimeout = TimeSpan.Zero, o => o.DecisionTimeout = TimeSpan.FromDays(1), o => o.CallTimeout = TimeSpan.FromDays(1), o => o.FirstBackOff = TimeSpan.Zero,
        o => o.LongestBackOff = TimeSpan.FromHours(1), o => o.LargestAnswer = 1, o => o.MostConnections = 0, o => o.Outage.ProbeInterval = TimeSpan.Zero,
        o => o.Outage.MostAccounts = 0, o => o.Outage.MostReservations = 0, o => o.Outage.Decisions = OutagePolicy.AllowAndSpool,
        o => o.Outage.EventTypes["call"] = OutagePolicy.AllowUpTo(1), o => o.Spool.LargestBytes = 1, o => o.Spool.LargestSegment = 1, o => o.Spool.LargestQuarantine = 1, o => o.Spool.MostIds = 0,
        o => o.Spool.OrphanInterval = TimeSpan.Zero, o => o.Recorder.LargestBatch = 1001, o => o.Recorder.LargestQueue = 0, o => o.Recorder.FlushInterval = TimeSpan.FromHours(1),
        o => o.Recorder.Shutdown = TimeSpan.FromHours(1),
    ];

    [Fact(DisplayName = "An option outside its range stops the start")]
    public void Options()
    {
        using HttpClient http = new(new Wire(_ => Wire.Json("{}")));
        Assert.All(s_wrong, configure => Assert.Throws<ArgumentException>(() => new WeirClient(Clients.Options(configure), http)));
    }

    private static HttpResponseMessage Fail(string trouble)
    {
        switch (trouble)
        {
            case "refused":
                throw Wire.Refused();
            case "lost":
                throw Wire.Lost();
            case "late":
                throw new TaskCanceledException("As an attempt that took too long ends.");
            case "overloaded":
                return Wire.Problem(HttpStatusCode.ServiceUnavailable, "overloaded");
            case "429":
                HttpResponseMessage busy = Wire.Problem(HttpStatusCode.TooManyRequests, "too_many");
                busy.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.Zero);
                return busy;
            default:
                return Wire.Problem((HttpStatusCode)int.Parse(trouble), "store_unavailable");
        }
    }
}
