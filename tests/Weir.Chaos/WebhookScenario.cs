using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;

using Weir.Server.Tests.Program;
using Weir.Storage.Tests;

namespace Weir.Chaos;

/// <summary>
/// Events that raise alerts, a receiver that is slow and sometimes fails, kill -9 while it is being told, restart, and again. Afterwards
/// every alert of every acknowledged event has been taken at least once, under one id for each, signed, and the same each time.
/// </summary>
internal static class WebhookScenario
{
    private const int EventsPerKill = 4;

    private static readonly int[] s_thresholds = [50, 80, 100];

    private const string Catalog = """
        name: chaos
        defaultPlan: plan
        meters: { work: { unit: unit } }
        events: { work: { charges: { work: { per: { property: n, unit: 1, amount: 1 } } } } }
        plans: { plan: { allowances: { work: { limit: 10, per: month } }, alerts: [50, 80, 100] } }
        """;

    public static async Task<int> RunAsync(int kills, int seed)
    {
        Console.WriteLine($"seed {seed}");
        using TemporaryFolder folder = new();
        string catalog = folder.Write("chaos.yaml", Catalog);
        Dictionary<string, string?> environment = new()
        {
            ["WEIR_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["Weir__Webhooks__AllowHttp"] = "true",
            ["Weir__Webhooks__AllowPrivateTargets"] = "true",
            ["Weir__Webhooks__FirstWait"] = "00:00:00.2",
            ["Weir__Webhooks__LongestWait"] = "00:00:01",
        };
        Random random = new(seed);
        Told told = new(seed);
        await using Receiver receiver = new(told.AnswerAsync);
        List<string> acknowledged = [];
        Task<RunningServer> StartAsync() => RunningServer.StartAsync(folder.File("data"), RunningServer.AdminKey, environment, "--catalog", catalog);

        string secret = "";
        for (int kill = 1; kill <= kills; kill++)
        {
            await using RunningServer server = await StartAsync();
            if (kill == 1)
            {
                secret = await MakeWebhookAsync(server.Client, receiver.Url);
            }

            // The receiver says when: somewhere between a request's arrival and the mark after its answer.
            Task moment = told.ReachesAsync(random.Next(1, EventsPerKill * s_thresholds.Length));
            string[] accounts = [.. Enumerable.Range(0, EventsPerKill).Select(i => $"account-{kill}-{i}")];
            await RecordAsync(server.Client, accounts);
            acknowledged.AddRange(accounts);
            await moment.WaitAsync(WeirProcess.Patience);
            await Task.Delay(random.Next(0, 6));
            await server.KillAsync();
        }

        await using RunningServer last = await StartAsync();
        await told.HasAsync(acknowledged, s_thresholds).WaitAsync(WeirProcess.Patience);
        List<string> violations = told.Violations(secret, acknowledged, s_thresholds);
        if (await last.StopAsync() is not 0 and int code)
        {
            violations.Add($"The server ended with {code}: {last.Log}");
        }

        foreach (string violation in violations.Take(50))
        {
            Console.WriteLine("VIOLATION " + violation);
        }

        Console.WriteLine(
            $"seed {seed}: {kills} kills, {acknowledged.Count} events, {told.Taken} requests taken of {told.Ids} notifications, {told.Failed} refused; "
            + (violations.Count == 0 ? "nothing lost, no id twice" : $"{violations.Count} violations"));
        return violations.Count == 0 ? 0 : 1;
    }

    private static async Task<string> MakeWebhookAsync(HttpClient client, string url)
    {
        using HttpResponseMessage response = await client.PostAsJsonAsync("/api/v1/webhooks", new { url, types = new[] { "alert.raised" } });
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("secret").GetString()!;
    }

    private static async Task RecordAsync(HttpClient client, string[] accounts)
    {
        object[] events = [.. accounts.Select(account => new { id = "event-" + account, account, type = "work", properties = new { n = 11 } })];
        using HttpResponseMessage response = await client.PostAsJsonAsync("/api/v1/events", events);
        response.EnsureSuccessStatusCode();
        JsonElement results = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("results");
        if (results.EnumerateArray().Any(result => result.GetProperty("status").GetString() != "recorded"))
        {
            throw new InvalidOperationException($"An event was not recorded: {results}");
        }
    }

    /// <summary>The receiver's books.</summary>
    private sealed class Told(int seed)
    {
        private readonly Lock _gate = new();
        private readonly Random _random = new(seed + 1);
        private readonly List<ReceivedCall> _taken = [];
        private readonly List<(Func<bool> Reached, TaskCompletionSource Done)> _awaited = [];
        private int _arrived;

        public int Taken => _taken.Count;

        public int Ids => _taken.Select(call => call.Id).Distinct(StringComparer.Ordinal).Count();

        public int Failed { get; private set; }

        /// <summary>Takes most requests, a little later each time.</summary>
        public async Task AnswerAsync(ReceivedCall call, Stream stream, CancellationToken cancellationToken)
        {
            bool take;
            int wait;
            lock (_gate)
            {
                _arrived++;
                take = _random.Next(6) > 0;
                wait = _random.Next(0, 8);
                Failed += take ? 0 : 1;
                Look();
            }

            await Task.Delay(wait, cancellationToken);
            await Receiver.WriteAsync(stream, take ? "200 OK" : "503 Later", "", cancellationToken);
            lock (_gate)
            {
                if (take)
                {
                    _taken.Add(call);
                }

                Look();
            }
        }

        /// <summary>Ends when so many more requests have arrived.</summary>
        public Task ReachesAsync(int more)
        {
            lock (_gate)
            {
                int goal = _arrived + more;
                return AwaitAsync(() => _arrived >= goal);
            }
        }

        /// <summary>Ends when every alert of the accounts has been taken.</summary>
        public Task HasAsync(IReadOnlyCollection<string> accounts, int[] thresholds)
        {
            lock (_gate)
            {
                return AwaitAsync(() => Missing(accounts, thresholds).Count == 0);
            }
        }

        public List<string> Violations(string secret, IReadOnlyCollection<string> accounts, int[] thresholds)
        {
            lock (_gate)
            {
                return
                [
                    .. Missing(accounts, thresholds).Select(missing => $"{missing} was never told"),
                    .. _taken.Where(call => !call.IsSignedBy(secret)).Select(call => $"{call.Id} is not signed"),
                    .. _taken.GroupBy(call => call.Id).Where(same => same.Select(call => Convert.ToBase64String(call.Body)).Distinct(StringComparer.Ordinal).Count() > 1).Select(same => $"{same.Key} says different things"),
                    .. _taken.GroupBy(NameOf).Where(same => same.Select(call => call.Id).Distinct(StringComparer.Ordinal).Count() > 1).Select(same => $"{same.Key} has more than one id"),
                    .. _taken.Select(call => call.Json.GetProperty("account").GetString()!).Distinct(StringComparer.Ordinal).Except(accounts).Select(account => $"{account} was told of, and nobody recorded it"),
                ];
            }
        }

        private static string NameOf(ReceivedCall call)
        {
            JsonElement body = call.Json;
            return $"{body.GetProperty("account").GetString()} at {body.GetProperty("data").GetProperty("threshold").GetProperty("percent")}";
        }

        private List<string> Missing(IReadOnlyCollection<string> accounts, int[] thresholds)
        {
            HashSet<string> seen = [.. _taken.Select(NameOf)];
            return [.. accounts.SelectMany(account => thresholds.Select(threshold => $"{account} at {threshold}")).Where(name => !seen.Contains(name))];
        }

        private Task AwaitAsync(Func<bool> reached)
        {
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((reached, done));
            Look();
            return done.Task;
        }

        private void Look()
        {
            foreach ((_, TaskCompletionSource done) in _awaited.Where(awaited => awaited.Reached()))
            {
                done.TrySetResult();
            }

            _awaited.RemoveAll(awaited => awaited.Done.Task.IsCompleted);
        }
    }
}
