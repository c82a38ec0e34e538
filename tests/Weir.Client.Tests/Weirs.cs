using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Weir.Client.Tests;

/// <summary>A request as it arrived.</summary>
internal sealed record Seen(HttpMethod Method, string Target, string Body, HttpRequestMessage Message);

/// <summary>Stands where the network would: answers each request as the test says, and remembers it.</summary>
internal sealed class Wire(Func<Seen, HttpResponseMessage> answer) : HttpMessageHandler
{
    public ConcurrentQueue<Seen> Requests { get; } = new();

    public static HttpResponseMessage Json(string json, HttpStatusCode status = HttpStatusCode.OK) => new(status) { Content = new StringContent(json, Encoding.UTF8, "application/json") };

    public static HttpResponseMessage Problem(HttpStatusCode status, string code) => new(status)
    {
        Content = new StringContent(
            $$"""{ "type": "/docs/problems/{{code}}", "title": "A title", "status": {{(int)status}}, "code": "{{code}}", "detail": "What is wrong", "errors": [ { "pointer": "/id", "detail": "Why" } ] }""",
            Encoding.UTF8, "application/problem+json"),
    };

    /// <summary>As when nobody listens at the address.</summary>
    public static HttpRequestException Refused() => new(HttpRequestError.ConnectionError, "Connection refused");

    /// <summary>As when the connection is lost while the answer is awaited.</summary>
    public static HttpRequestException Lost() => new(HttpRequestError.ResponseEnded, "The response ended prematurely");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        Seen seen = new(request.Method, request.RequestUri!.PathAndQuery, body, request);
        Requests.Enqueue(seen);
        cancellationToken.ThrowIfCancellationRequested();
        return answer(seen);
    }
}

/// <summary>Between the client and a server that can be reached, cannot, or whose answers are lost after they have taken effect.</summary>
internal sealed class Line : DelegatingHandler
{
    public Line()
        : base(new SocketsHttpHandler())
    {
    }

    public LineState State { get; set; } = LineState.Up;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (State == LineState.Down)
        {
            throw Wire.Refused();
        }

        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (State == LineState.Deaf)
        {
            response.Dispose();
            throw Wire.Lost();
        }

        return response;
    }
}

public enum LineState
{
    Up,
    Down,
    Deaf,
}

/// <summary>A server in so far as recording needs one: ids once, types that it does not know, and whether it is there.</summary>
internal sealed class Ledger
{
    private readonly Lock _gate = new();
    private readonly List<string> _order = [];
    private readonly Dictionary<string, JsonNode> _events = new(StringComparer.Ordinal);

    public Ledger() => Wire = new Wire(Answer);

    public Wire Wire { get; }

    /// <summary>What to answer in place of the ledger's own; null for that.</summary>
    public Func<Seen, HttpResponseMessage?>? Instead { get; set; }

    /// <summary>So many answers are lost after the events have been taken.</summary>
    public int LostAnswers { get; set; }

    /// <summary>The ids in the order in which they arrived first.</summary>
    public IReadOnlyList<string> Ids
    {
        get
        {
            lock (_gate)
            {
                return [.. _order];
            }
        }
    }

    public JsonNode this[string id]
    {
        get
        {
            lock (_gate)
            {
                return _events[id];
            }
        }
    }

    private HttpResponseMessage Answer(Seen seen)
    {
        if (Instead?.Invoke(seen) is { } other)
        {
            return other;
        }

        Assert.Equal("/api/v1/events", seen.Target);
        JsonArray results = [];
        lock (_gate)
        {
            foreach (JsonNode? e in JsonNode.Parse(seen.Body)!.AsArray())
            {
                string id = (string)e!["id"]!;
                if ((string)e["type"]! == "poison")
                {
                    results.Add(new JsonObject { ["id"] = id, ["status"] = "rejected", ["code"] = "unknown_event_type", ["detail"] = "There is no event type 'poison'." });
                }
                else if (_events.TryAdd(id, e.DeepClone()))
                {
                    _order.Add(id);
                    results.Add(new JsonObject { ["id"] = id, ["status"] = "recorded" });
                }
                else
                {
                    results.Add(new JsonObject { ["id"] = id, ["status"] = "duplicate" });
                }
            }
        }

        return LostAnswers-- > 0 ? throw Wire.Lost() : Wire.Json(new JsonObject { ["results"] = results }.ToJsonString());
    }
}

internal static class Clients
{
    public static WeirClientOptions Options(Action<WeirClientOptions>? configure = null)
    {
        WeirClientOptions options = new()
        {
            BaseAddress = new Uri("http://weir.test"),
            Key = "weir_test_key",
            FirstBackOff = TimeSpan.FromMilliseconds(1),
            LongestBackOff = TimeSpan.FromMilliseconds(4),
            // Far beyond what a busy machine needs.
            AttemptTimeout = TimeSpan.FromMinutes(1),
            DecisionTimeout = TimeSpan.FromMinutes(1),
            CallTimeout = TimeSpan.FromMinutes(1),
        };
        options.Recorder.FlushInterval = TimeSpan.FromMilliseconds(1);
        options.Outage.ProbeInterval = TimeSpan.FromMilliseconds(10);
        options.Spool.OrphanInterval = TimeSpan.FromMilliseconds(100);
        configure?.Invoke(options);
        return options;
    }

    public static WeirClient Of(HttpMessageHandler wire, Action<WeirClientOptions>? configure = null) => new(Options(configure), new HttpClient(wire, disposeHandler: false));

    /// <summary>Waits for what will come true; the time is only for what hangs.</summary>
    public static async Task UntilAsync(Func<bool> condition, Func<string>? state = null)
    {
        long begun = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(begun) < TimeSpan.FromMinutes(2), "It did not come true: " + state?.Invoke());
            await Task.Delay(5);
        }
    }

    public static string Member(this string json, string name) => JsonDocument.Parse(json).RootElement.GetProperty(name).ToString();
}
