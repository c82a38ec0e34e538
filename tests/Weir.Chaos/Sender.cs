using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Weir.Chaos;

/// <summary>An event as its sender keeps it until it has been answered.</summary>
/// <param name="Amount">How much work it is; 0 for a call that is decided against the cap.</param>
internal sealed record Sent(string Id, string Account, int Amount);

/// <summary>
/// Sends events with ids of its own, one request at a time, and keeps its own books of what was answered. Whatever is not answered it
/// sends again, under the same ids, when the server is back: that is all that Weir asks of a sender.
/// </summary>
internal sealed class Sender(int number, int seed)
{
    public const int Accounts = 7;

    private const int LargestBatch = 20;

    private readonly Random _random = new(Seed.Of(seed, number, 0));
    private IReadOnlyList<Sent>? _unanswered;
    private int _next;

    /// <summary>Work that was acknowledged, by id.</summary>
    public Dictionary<string, Sent> Recorded { get; } = new(StringComparer.Ordinal);

    /// <summary>Calls against the cap that were allowed.</summary>
    public Dictionary<string, Sent> Allowed { get; } = new(StringComparer.Ordinal);

    public HashSet<string> Denied { get; } = new(StringComparer.Ordinal);

    /// <summary>Answers that said that the id had been recorded before.</summary>
    public int Repeated { get; private set; }

    public List<string> Violations { get; } = [];

    /// <summary>Sends until the server is gone.</summary>
    /// <param name="answered">Told after each request how many events it was about.</param>
    public async Task SendAsync(HttpClient client, Action<int> answered, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                _unanswered ??= Make();
                await SendOnceAsync(client, _unanswered, cancellationToken);
                answered(_unanswered.Count);
                _unanswered = null;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Sends once more what was never answered.</summary>
    public async Task FinishAsync(HttpClient client)
    {
        if (_unanswered is { } rest)
        {
            await SendOnceAsync(client, rest, CancellationToken.None);
            _unanswered = null;
        }
    }

    private List<Sent> Make()
    {
        bool call = _random.Next(4) == 0;
        int count = call ? 1 : _random.Next(1, LargestBatch);
        return [.. Enumerable.Range(0, count).Select(_ => new Sent($"{number}-{_next++}", $"account-{_random.Next(Accounts)}", call ? 0 : _random.Next(1, 100)))];
    }

    private async Task SendOnceAsync(HttpClient client, IReadOnlyList<Sent> events, CancellationToken cancellationToken)
    {
        if (events is [{ Amount: 0 } call])
        {
            JsonElement answer = await PostAsync(client, "/api/v1/consume", new { id = call.Id, account = call.Account, type = "call" }, cancellationToken);
            Repeated += answer.GetProperty("replayed").GetBoolean() ? 1 : 0;
            if (answer.GetProperty("allowed").GetBoolean())
            {
                Allowed.Add(call.Id, call);
            }
            else
            {
                Denied.Add(call.Id);
            }

            return;
        }

        object[] body = [.. events.Select(e => new { id = e.Id, account = e.Account, type = "work", properties = new { n = e.Amount } })];
        JsonElement results = (await PostAsync(client, "/api/v1/events", body, cancellationToken)).GetProperty("results");
        for (int i = 0; i < events.Count; i++)
        {
            string status = results[i].GetProperty("status").GetString()!;
            if (status is not ("recorded" or "duplicate"))
            {
                Violations.Add($"{events[i].Id} was answered with {results[i]}");
            }

            Repeated += status == "duplicate" ? 1 : 0;
            Recorded.Add(events[i].Id, events[i]);
        }
    }

    private async Task<JsonElement> PostAsync(HttpClient client, string path, object body, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await client.PostAsJsonAsync(path, body, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            // 503 is "repeat with the same id"; anything else is a fault.
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                Violations.Add($"{path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
            }

            throw new HttpRequestException($"{(int)response.StatusCode}");
        }

        return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
    }
}
