using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Weir.Chaos;

/// <summary>
/// Asks one request at a time, of its own node first and of any other while it has no definite answer, always under the same ids: that is
/// all that Weir asks of a caller.
/// </summary>
internal sealed class Caller(Fleet fleet, Books books, int home, int seed)
{
    /// <summary>When a caller gives a node up and asks another: longer than the deadline of the node itself.</summary>
    private static readonly TimeSpan s_oneTry = TimeSpan.FromSeconds(8);

    /// <summary>Far beyond any fault of a run.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    private readonly Random _random = new(seed);

    /// <summary>A decision, until it is known.</summary>
    /// <param name="node">Asked first; null for the caller's own.</param>
    public Task ConsumeAsync(Use use, int? node = null) => AskAsync(
        "/api/v1/consume", BodyOf(use), node ?? home, use.Id, (answer, sent, answered, asked) => books.Take(use, answer, sent, answered, asked));

    /// <summary>Several events in one request, recorded whatever the limits are.</summary>
    public Task RecordAsync(IReadOnlyList<Use> uses) => AskAsync("/api/v1/events", uses.Select(BodyOf).ToArray(), home, uses[0].Id, (answer, sent, answered, asked) =>
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        foreach ((Use use, JsonElement result) in uses.Zip(document.RootElement.GetProperty("results").EnumerateArray()))
        {
            books.TakeRecorded(use, result.GetProperty("status").GetString()!, sent, answered, asked);
        }
    });

    private static object BodyOf(Use use) => new { id = use.Id, account = use.Account, type = use.Type, properties = new { n = use.Amount } };

    private async Task AskAsync(string path, object body, int first, string id, Action<string, long, long, int> take)
    {
        long sent = Stopwatch.GetTimestamp();
        int asked = 0;
        for (int node = first; ; node = _random.Next(fleet.Nodes.Count))
        {
            asked |= 1 << node;
            if (await TryAsync(fleet.Nodes[node], path, body) is { } answer)
            {
                take(answer, sent, Stopwatch.GetTimestamp(), asked);
                return;
            }

            if (Stopwatch.GetElapsedTime(sent) > s_patience)
            {
                books.Violate($"{id} had no definite answer in {s_patience}");
                return;
            }

            await Task.Delay(_random.Next(10, 80));
        }
    }

    /// <summary>The answer, or null when the outcome is unknown.</summary>
    private async Task<string?> TryAsync(Node node, string path, object body)
    {
        long began = Stopwatch.GetTimestamp();
        int status = 0;
        try
        {
            using CancellationTokenSource late = new(s_oneTry);
            using HttpResponseMessage response = await node.Client.PostAsJsonAsync(path, body, late.Token);
            string text = await response.Content.ReadAsStringAsync(late.Token);
            status = (int)response.StatusCode;
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return text;
            }

            // 503 says: repeat with the same id. No other error may come of what is done to the nodes.
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable || text.Contains("\"allowed\"", StringComparison.Ordinal))
            {
                books.Violate($"{node.ApplicationName} answered {path} with {status}: {text}");
            }

            return null;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
        finally
        {
            books.Tried(new Try(node.Number, began, Stopwatch.GetTimestamp(), status));
        }
    }
}
