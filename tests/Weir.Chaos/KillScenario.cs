using System.Net.Http.Json;
using System.Text.Json;

using Weir.Server.Tests.Program;

namespace Weir.Chaos;

/// <summary>
/// Parallel senders, kill -9 at random moments, restart, and again. Afterwards every acknowledged id stands in the log exactly once,
/// nothing stands there that nobody sent, the balances are the sums of the senders' books, the cap was never exceeded, and
/// <c>weir verify</c> finds no difference.
/// </summary>
internal static class KillScenario
{
    private const int Cap = 12;

    private static readonly string s_catalog = $$"""
        name: chaos
        defaultPlan: plan
        meters:
          work: { unit: unit }
          calls: { unit: call }
        events:
          work: { charges: { work: { per: { property: n, unit: 1, amount: 1 } } } }
          call: { charges: { calls: 1 } }
        plans:
          plan:
            allowances:
              work:  { limit: null, per: lifetime }
              calls: { limit: {{Cap}}, per: lifetime }
        """;

    public static async Task<int> RunAsync(int kills, int writers, int seed)
    {
        Console.WriteLine($"seed {seed}");
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        string catalog = folder.Write("chaos.yaml", s_catalog);
        Random random = new(seed);
        Sender[] senders = [.. Enumerable.Range(0, writers).Select(number => new Sender(number, seed))];
        for (int kill = 1; kill <= kills; kill++)
        {
            await using RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--catalog", catalog);
            await KillUnderLoadAsync(server, senders, random.Next(100, 4000), TimeSpan.FromMilliseconds(random.Next(0, 40)));
            Console.WriteLine($"kill {kill}: {senders.Sum(s => s.Recorded.Count + s.Allowed.Count + s.Denied.Count)} answered so far");
        }

        List<string> violations = [];
        await using (RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--catalog", catalog))
        {
            foreach (Sender sender in senders)
            {
                await sender.FinishAsync(server.Client);
            }

            violations.AddRange(senders.SelectMany(s => s.Violations));
            violations.AddRange(await CompareBalancesAsync(server.Client, senders));
            if (await server.StopAsync() is not 0 and int code)
            {
                violations.Add($"The server ended with {code}: {server.Log}");
            }
        }

        violations.AddRange(await CompareLogAsync(data, senders));
        CommandResult verify = await WeirProcess.RunAsync("verify", "--data", data);
        if (verify.Code != 0)
        {
            violations.Add($"verify ended with {verify.Code}: {verify.Output} {verify.Error}");
        }

        foreach (string violation in violations.Take(50))
        {
            Console.WriteLine("VIOLATION " + violation);
        }

        Console.WriteLine(
            $"seed {seed}: {kills} kills, {writers} senders, {senders.Sum(s => s.Recorded.Count)} recorded and {senders.Sum(s => s.Allowed.Count)} allowed, "
            + $"{senders.Sum(s => s.Denied.Count)} denied, {senders.Sum(s => s.Repeated)} answered again; {(violations.Count == 0 ? "nothing lost, nothing twice" : $"{violations.Count} violations")}");
        return violations.Count == 0 ? 0 : 1;
    }

    private static async Task KillUnderLoadAsync(RunningServer server, Sender[] senders, int after, TimeSpan later)
    {
        TaskCompletionSource enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenSource stop = new();
        int answered = 0;
        Task[] sending = [.. senders.Select(sender => Task.Run(() => sender.SendAsync(server.Client, count =>
        {
            if (Interlocked.Add(ref answered, count) >= after)
            {
                enough.TrySetResult();
            }
        }, stop.Token)))];
        Task first = await Task.WhenAny(enough.Task, Task.WhenAll(sending)).WaitAsync(WeirProcess.Patience);
        if (first != enough.Task)
        {
            throw new InvalidOperationException("The senders gave up before the kill: " + string.Join("; ", senders.SelectMany(s => s.Violations)) + server.Log);
        }

        await Task.Delay(later);
        await server.KillAsync();
        await stop.CancelAsync();
        await Task.WhenAll(sending);
    }

    /// <summary>The balances are asked of the decision itself, with an event that uses nothing.</summary>
    private static async Task<List<string>> CompareBalancesAsync(HttpClient client, Sender[] senders)
    {
        List<string> violations = [];
        foreach (string account in senders.SelectMany(s => s.Recorded.Values.Concat(s.Allowed.Values)).Select(e => e.Account).Distinct())
        {
            long work = senders.Sum(s => s.Recorded.Values.Where(e => e.Account == account).Sum(e => (long)e.Amount));
            long calls = senders.Sum(s => s.Allowed.Values.Count(e => e.Account == account));
            JsonElement check = await CheckAsync(client, account, "work");
            long used = check.GetProperty("balances")[0].GetProperty("used").GetInt64();
            if (used != work)
            {
                violations.Add($"{account} has used {used} of work; its senders know of {work}");
            }

            JsonElement capped = await CheckAsync(client, account, "call");
            long counted = capped.GetProperty("allowed").GetBoolean()
                ? capped.GetProperty("balances")[0].GetProperty("used").GetInt64()
                : capped.GetProperty("violations")[0].GetProperty("used").GetInt64();
            if (counted != calls || counted > Cap)
            {
                violations.Add($"{account} has {counted} calls of at most {Cap}; its senders know of {calls}");
            }
        }

        return violations;
    }

    private static async Task<JsonElement> CheckAsync(HttpClient client, string account, string type)
    {
        using HttpResponseMessage response = await client.PostAsJsonAsync("/api/v1/check", new { account, type, properties = new { n = 0 } });
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<List<string>> CompareLogAsync(string data, Sender[] senders)
    {
        CommandResult export = await WeirProcess.RunAsync("export", "--data", data);
        if (export.Code != 0)
        {
            return [$"export ended with {export.Code}: {export.Error}"];
        }

        Dictionary<string, int> log = new(StringComparer.Ordinal);
        foreach (string line in export.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string id = JsonSerializer.Deserialize<JsonElement>(line).GetProperty("id").GetString()!;
            log[id] = log.GetValueOrDefault(id) + 1;
        }

        HashSet<string> acknowledged = [.. senders.SelectMany(s => s.Recorded.Keys.Concat(s.Allowed.Keys))];
        return
        [
            .. acknowledged.Where(id => !log.ContainsKey(id)).Select(id => $"{id} was acknowledged and is lost"),
            .. log.Where(id => id.Value > 1).Select(id => $"{id.Key} stands in the log {id.Value} times"),
            .. log.Keys.Where(id => !acknowledged.Contains(id)).Select(id => $"{id} stands in the log, and nobody was told so"),
        ];
    }
}
