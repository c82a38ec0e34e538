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
    /// <summary>Characters of a node's log.</summary>
    private const int LongestFault = 4_000;

    /// <summary>When a caller gives a node up and asks another: longer than the deadline of the node itself.</summary>
    private static readonly TimeSpan s_oneTry = TimeSpan.FromSeconds(8);

    /// <summary>In which what a node logs has come through.</summary>
    private static readonly TimeSpan s_logging = TimeSpan.FromSeconds(2);

    /// <summary>Far beyond any fault of a run.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    private readonly Random _random = new(seed);

    /// <summary>A decision, until it is known.</summary>
    /// <param name="node">Asked first; null for the caller's own.</param>
    public Task ConsumeAsync(Use use, int? node = null) => AskAsync(
        "/api/v1/consume", BodyOf(use), node ?? home, use.Id, (_, answer, sent, answered, asked) => books.Take(use, answer, sent, answered, asked));

    /// <summary>Several events in one request, recorded whatever the limits are.</summary>
    public Task RecordAsync(IReadOnlyList<Use> uses) => AskAsync("/api/v1/events", uses.Select(BodyOf).ToArray(), home, uses[0].Id, (_, answer, sent, answered, asked) =>
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        foreach ((Use use, JsonElement result) in uses.Zip(document.RootElement.GetProperty("results").EnumerateArray()))
        {
            books.TakeRecorded(use, result.GetProperty("status").GetString()!, sent, answered, asked);
        }
    });

    /// <summary>Any request until it is known: 200, or 409 where it comes too late. Gives the status and what was answered.</summary>
    /// <param name="wait">How long the request itself says that it waits.</param>
    public async Task<(int Status, string Answer)> AskAsync(string path, object body, string id, TimeSpan wait = default)
    {
        (int Status, string Answer) known = (0, "");
        await AskAsync(path, body, home, id, (status, answer, _, _, _) => known = (status, answer), wait, mayConflict: true);
        books.Count();
        return known.Status != 0 ? known : throw new TimeoutException($"{id} had no definite answer in {s_patience}.");
    }

    /// <summary>The last that a node has said went wrong. Its log comes later than its answer.</summary>
    private static async Task<string> FaultsOfAsync(Node node)
    {
        await Task.Delay(s_logging);
        string? fault = node.Log.Split('\n').LastOrDefault(line => line.Contains("\"EventId\":2005,", StringComparison.Ordinal));
        return fault is null ? "Its log does not say why." : fault[..Math.Min(fault.Length, LongestFault)];
    }

    private static object BodyOf(Use use) => new { id = use.Id, account = use.Account, type = use.Type, properties = new { n = use.Amount } };

    private async Task AskAsync(string path, object body, int first, string id, Action<int, string, long, long, int> take, TimeSpan wait = default, bool mayConflict = false)
    {
        long sent = Stopwatch.GetTimestamp();
        int asked = 0;
        for (int node = first; ; node = _random.Next(fleet.Nodes.Count))
        {
            asked |= 1 << node;
            if (await TryAsync(fleet.Nodes[node], path, body, wait, mayConflict) is var (status, answer))
            {
                take(status, answer, sent, Stopwatch.GetTimestamp(), asked);
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
    private async Task<(int Status, string Answer)?> TryAsync(Node node, string path, object body, TimeSpan wait, bool mayConflict)
    {
        long began = Stopwatch.GetTimestamp();
        int status = 0;
        try
        {
            using CancellationTokenSource late = new(s_oneTry + wait);
            using HttpResponseMessage response = await node.Client.PostAsJsonAsync(path, body, late.Token);
            string text = await response.Content.ReadAsStringAsync(late.Token);
            status = (int)response.StatusCode;
            if (response.StatusCode == HttpStatusCode.OK || (mayConflict && response.StatusCode == HttpStatusCode.Conflict))
            {
                return (status, text);
            }

            // 503 says: repeat with the same id. No other error may come of what is done to the nodes.
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable || text.Contains("\"allowed\"", StringComparison.Ordinal))
            {
                books.Violate($"{node.ApplicationName} answered {path} with {status}: {text}{Environment.NewLine}{await FaultsOfAsync(node)}");
            }

            return null;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
        finally
        {
            books.Tried(new Try(node.Number, began, Stopwatch.GetTimestamp(), status, wait));
        }
    }
}
