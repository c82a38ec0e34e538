using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;

using Weir.Server.Tests.Program;

namespace Weir.Chaos;

/// <summary>
/// Processes hold amounts and slots until one common end and beat every two seconds; they are killed two seconds before it, with all of
/// that live and while nothing sweeps: what they held is free as soon as their last reservation has ended by time. Meanwhile one holder is frozen until another has its slot, and others keep theirs alive.
/// Slots are judged by the server's own times: never more leases than slots, fences that only rise, no lease shorter than its holder was
/// told. Afterwards the server sweeps what has expired, and <c>weir verify</c> finds no difference before and after that.
/// </summary>
internal static class HolderScenario
{
    private const int RenderSlots = 2;
    private const int CutSlots = 1;
    private const int AllRenderSlots = 40;

    /// <summary>Reservations a second that even a busy machine makes.</summary>
    private const int Pace = 250;

    private const int KeeperTtl = 5;
    public const string Service = "the whole service";

    private const int Stop = 19;
    private const int Continue = 18;

    private static readonly string s_catalog = $$"""
        name: holders
        defaultPlan: plan
        meters: { credits: { unit: credit, scale: 2 }, minutes: { unit: minute } }
        events:
          work: { charges: { credits: { per: { property: n } }, minutes: 1 } }
          job:  { slot: render, charges: { credits: { per: { property: n } }, minutes: 1 } }
          cut:  { slot: cut, charges: { credits: { per: { property: n } }, minutes: 1 } }
        plans:
          plan:
            allowances:
              credits: [{ limit: 100000, per: month }, { limit: 50000, per: lifetime, scope: user }]
              minutes: { limit: 100, per: lifetime }
            slots: { render: {{RenderSlots}}, cut: {{CutSlots}} }
        workspace:
          allowances: { credits: { limit: 10000000, per: lifetime } }
          slots: { render: {{AllRenderSlots}} }
        """;

    /// <summary>What a keeper's reservation of n = 3 holds: of the month, of its user, a minute.</summary>
    private const decimal Kept = 3 + 3 + 1;

    private static readonly Dictionary<string, string[]> s_keepers = new(StringComparer.Ordinal) { ["keeper-0"] = ["job", "job", "cut"], ["keeper-1"] = ["job", "cut"] };

    public static async Task<int> RunAsync(int reservations, int holders, int seed)
    {
        Console.WriteLine($"seed {seed}");
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        string catalog = folder.Write("holders.yaml", s_catalog);
        List<Process> processes = [];
        List<string> violations = [];
        Seen seen;
        try
        {
            Dictionary<string, string?> unswept = new() { ["Weir__Sweeping"] = "false" };
            await using RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, unswept, "--catalog", catalog);
            seen = await HoldAsync(server, folder, reservations, holders, seed, processes, violations);
            if (await server.StopAsync() is not 0 and int code)
            {
                violations.Add($"The server ended with {code}: {server.Log}");
            }
        }
        finally
        {
            foreach (Process process in processes)
            {
                if (!process.HasExited)
                {
                    process.Kill();
                }

                process.Dispose();
            }
        }

        await VerifyAsync(data, "unswept", violations);
        await SweepAsync(data, catalog);
        await VerifyAsync(data, "swept", violations);
        violations.AddRange(Violations(seen));
        foreach (string violation in violations.Take(50))
        {
            Console.WriteLine("VIOLATION " + violation);
        }

        Console.WriteLine(
            $"seed {seed}: sweeper off, {seen.Made.Count()} reservations by {holders} processes, killed with {seen.Live} of them live, {seen.Told.Count(line => line.What == "extended")} times extended, "
            + $"{seen.Told.Count(line => line.What == "denied")} denied, {seen.Leases.Count()} leases; free everywhere {seen.FreeAfter.ToString("0.0", CultureInfo.InvariantCulture)} s after the kill, "
            + $"{s_keepers.Values.Sum(types => types.Length)} slots kept alive; " + (violations.Count == 0 ? "no slot twice, nothing held by the dead" : $"{violations.Count} violations"));
        return violations.Count == 0 ? 0 : 1;
    }

    /// <summary>Everything that happens on the server, and what was seen of it.</summary>
    private static async Task<Seen> HoldAsync(RunningServer server, TemporaryFolder folder, int reservations, int holders, int seed, List<Process> processes, List<string> violations)
    {
        string[] accounts = [.. Enumerable.Range(0, Math.Max(10, reservations / 50)).Select(number => $"account-{number}")];
        string[] herd = [.. Enumerable.Range(0, holders).Select(number => $"h{number}")];
        string BookOf(string name) => folder.File(name + ".book");
        Process Start(string name, params string[] more)
        {
            Process process = StartHolder(server.Url, name, BookOf(name), more);
            processes.Add(process);
            return process;
        }

        Dictionary<string, Process> keeping = s_keepers.ToDictionary(
            keeper => keeper.Key, keeper => Start(keeper.Key, "--account", keeper.Key, "--types", string.Join(',', keeper.Value), "--ttl", $"{KeeperTtl}"), StringComparer.Ordinal);
        Process frozen = Start("frozen", "--account", "frozen", "--types", "cut", "--ttl", $"{Holder.HerdTtl}");
        await UntilAsync(() => s_keepers.Keys.Append("frozen").All(name => IsReady(BookOf(name))), "The keepers did not begin.");
        DateTimeOffset until = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + (4 * Holder.HerdTtl) + (reservations / Pace));
        List<Process> herding = [.. herd.Select(name => Start(name, "--share", $"{reservations / holders}", "--accounts", $"{accounts.Length}", "--until", $"{until.ToUnixTimeSeconds()}", "--seed", $"{seed}"))];

        // One is frozen for longer than it holds; another waits for the slot, has it and keeps it.
        await using Holder rival = new(new Uri(server.Url), RunningServer.AdminKey, BookOf("rival"));
        Signal(frozen, Stop);
        HeldJob taken = await rival.ReserveAsync("rival-0", "frozen", "cut", 3, ttl: 900, wait: 120) ?? throw new InvalidOperationException("Nobody else got the slot of the frozen holder.");
        if (await rival.ExtendAsync(taken, 900, fence: taken.Fence - 1))
        {
            violations.Add("a live reservation was extended under the fence of the holder before");
        }

        Signal(frozen, Continue);
        await EndAsync(frozen, "frozen", violations);

        // The keepers' slots are asked for all the time.
        using CancellationTokenSource enough = new();
        await using Holder challenger = new(new Uri(server.Url), RunningServer.AdminKey, BookOf("challenger"));
        Task challenging = ChallengeAsync(challenger, enough.Token);
        await UntilAsync(() => herding.Exists(one => one.HasExited) || herd.All(name => IsReady(BookOf(name))), "The holders did not reserve their share.");
        if (herding.Find(one => one.HasExited) is { } gone)
        {
            throw new InvalidOperationException("A holder ended by itself: " + await gone.StandardError.ReadToEndAsync());
        }

        TimeSpan left = until.AddSeconds(-Holder.HerdTtl) - DateTimeOffset.UtcNow;
        await Task.Delay((left > TimeSpan.Zero ? left : TimeSpan.Zero) + TimeSpan.FromMilliseconds(new Random(seed).Next(300)));
        herding.ForEach(one => one.Kill());
        await Task.WhenAll(herding.Select(one => one.WaitForExitAsync()));
        DateTimeOffset killed = DateTimeOffset.UtcNow;

        DateTimeOffset last = Book(herd.Select(BookOf)).Max(line => line.ExpiresAt) ?? throw new InvalidOperationException("Nobody held anything.");
        string[] places = [.. accounts, .. s_keepers.Keys, "frozen"];
        List<Look> looks = [];
        DateTimeOffset begun;
        do
        {
            begun = DateTimeOffset.UtcNow;
            looks.AddRange(await LookAsync(server.Client, places));
        }
        while (begun < last);

        List<JsonElement> views = await PagesAsync(server.Client, "/api/v1/reservations", "items");
        string[] running = [.. (await PagesAsync(server.Client, "/api/v1/admin/jobs", "running")).Select(job => job.GetProperty("id").GetString()!)];
        await enough.CancelAsync();
        await challenging;
        foreach ((string name, Process keeper) in keeping)
        {
            await keeper.StandardInput.WriteLineAsync();
            await EndAsync(keeper, name, violations);
        }

        await rival.EndAsync(taken, "release", taken.Fence);
        violations.AddRange((await LookAsync(server.Client, places)).Where(look => look is { Held: not 0 } or { Slots: not 0 }).Select(look => $"{look.Place} holds {look.Held} in {look.Slots} slots when all is over"));

        // Those that ended are not listed; each is asked for.
        HolderLine[] told = [.. Book(herd.Concat(s_keepers.Keys).Concat(["frozen", "rival", "challenger"]).Select(BookOf))];
        HashSet<string> listed = [.. views.Select(Seen.IdOf)];
        foreach (HolderLine line in told.Where(line => line is { What: "reserved", Kind.Length: > 0 } && !listed.Contains(line.Id)))
        {
            views.Add(await server.Client.GetFromJsonAsync<JsonElement>($"/api/v1/reservations/{line.Id}"));
        }

        return new Seen(told, looks, views, running, killed);
    }

    private static IEnumerable<string> Violations(Seen seen)
    {
        foreach (string violation in HolderAudit.StillHeld(seen.Looks, seen.LastEnds, KeptIn))
        {
            yield return violation;
        }

        foreach (IGrouping<(string Account, string Kind), Lease> own in seen.Leases.GroupBy(lease => (lease.Account, lease.Kind)))
        {
            foreach (string violation in HolderAudit.TooMany($"{own.Key.Account} {own.Key.Kind}", own, own.Key.Kind == "cut" ? CutSlots : RenderSlots).Concat(HolderAudit.FencesBack(own)))
            {
                yield return violation;
            }
        }

        Dictionary<string, DateTimeOffset> ends = seen.ToldEnds;
        HashSet<string> givenBack = seen.GivenBack;
        HashSet<string> open = [.. seen.Expired.Select(Seen.IdOf)];
        HolderLine[] kept = [.. seen.Told.Where(line => s_keepers.ContainsKey(line.Account) && !line.Id.StartsWith("challenger", StringComparison.Ordinal))];
        string[] living = [.. s_keepers.SelectMany(keeper => keeper.Value.Select((_, i) => $"{keeper.Key}-{i}")), "rival-0"];
        string[] more =
        [
            .. HolderAudit.TooMany($"{Service} render", seen.Leases.Where(lease => lease.Kind == "render"), AllRenderSlots),
            .. HolderAudit.CutShort(seen.Leases, ends, givenBack),
            .. HolderAudit.NotFenced([.. seen.Told.Where(line => line.Id.StartsWith("frozen", StringComparison.Ordinal))]),
            .. seen.Told.Where(line => line.What == "odd").Select(line => $"{line.Id} was answered {line.Said}"),
            .. seen.Told.Where(line => line.What == "reserved" && line.Id.StartsWith("challenger", StringComparison.Ordinal)).Select(line => $"{line.Id} got a slot that {line.Account} keeps alive"),
            .. kept.Where(line => line.What == "refused").Select(line => $"{line.Id} lived and was refused: {line.Said}"),
            .. living.SkipLast(1).Except(kept.Where(line => line is { What: "ended", Said: "commit 200 committed" }).Select(line => line.Id), StringComparer.Ordinal).Select(id => $"{id} could not be committed"),
            .. seen.Running.Except(living, StringComparer.Ordinal).Select(id => $"{id} is shown as running, and its holder is dead"),
            .. living.Except(seen.Running, StringComparer.Ordinal).Select(id => $"{id} lives and is not shown as running"),
            .. seen.Made.Where(line => !givenBack.Contains(line.Id) && !open.Contains(line.Id)).Select(line => $"{line.Id} is not among the {open.Count} that have expired and were not swept: something swept it, or it is lost"),
        ];
        foreach (string violation in more)
        {
            yield return violation;
        }

        if (seen.Live == 0 || seen.Looks.All(look => look.Held == KeptIn(look.Place).Held))
        {
            yield return "nothing was held when the holders were killed";
        }
    }

    /// <summary>What holders that live hold in a place all the time.</summary>
    private static (decimal Held, int Slots) KeptIn(string place) =>
        place == Service ? (3 * (s_keepers.Values.Sum(types => types.Length) + 1), 0)
        : place == "frozen" ? (Kept, 1)
        : s_keepers.TryGetValue(place, out string[]? types) ? (types.Length * Kept, types.Length)
        : (0, 0);

    private static Process StartHolder(string server, string name, string book, params string[] more)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true };
        foreach (string argument in new[] { typeof(HolderScenario).Assembly.Location, "holder", "--server", server, "--key", RunningServer.AdminKey, "--name", name, "--book", book }.Concat(more))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("The holder did not start.");
    }

    private static async Task EndAsync(Process process, string name, List<string> violations)
    {
        using CancellationTokenSource late = new(WeirProcess.Patience);
        await process.WaitForExitAsync(late.Token);
        if (process.ExitCode != 0)
        {
            violations.Add($"{name} ended with {process.ExitCode}: {await process.StandardError.ReadToEndAsync(CancellationToken.None)}");
        }
    }

    private static async Task ChallengeAsync(Holder challenger, CancellationToken cancellationToken)
    {
        for (int i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            string keeper = $"keeper-{i % s_keepers.Count}";
            await challenger.ReserveAsync($"challenger-{i}", keeper, "cut", 1, Holder.HerdTtl, wait: 0);
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>What every account and the service hold, over the API.</summary>
    private static async Task<IReadOnlyList<Look>> LookAsync(HttpClient client, string[] places)
    {
        List<Look> looks = [];
        foreach (string[] some in places.Chunk(16))
        {
            looks.AddRange(await Task.WhenAll(some.Select(async place =>
            {
                JsonElement usage = await client.GetFromJsonAsync<JsonElement>($"/api/v1/accounts/{place}/usage");
                return new Look(place, usage.GetProperty("asOf").GetDateTimeOffset(), SumOfHeld(usage.GetProperty("balances")), usage.GetProperty("slots").EnumerateArray().Sum(slot => slot.GetProperty("used").GetInt32()));
            })));
        }

        JsonElement overview = await client.GetFromJsonAsync<JsonElement>("/api/v1/admin/overview");
        looks.Add(new Look(Service, overview.GetProperty("asOf").GetDateTimeOffset(), SumOfHeld(overview.GetProperty("workspaceLimits")), 0));
        return looks;
    }

    private static decimal SumOfHeld(JsonElement balances) => balances.EnumerateArray().Sum(balance => balance.GetProperty("held").GetDecimal());

    private static async Task<List<JsonElement>> PagesAsync(HttpClient client, string path, string list)
    {
        List<JsonElement> items = [];
        string? cursor = null;
        do
        {
            JsonElement page = await client.GetFromJsonAsync<JsonElement>($"{path}?limit=1000{(cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor))}");
            items.AddRange(page.GetProperty(list).EnumerateArray());
            cursor = page.GetProperty("next").GetString();
        }
        while (cursor is not null);
        return items;
    }

    /// <summary>Serves with the sweeper until it has written down everything that has expired.</summary>
    private static async Task SweepAsync(string data, string catalog)
    {
        await using RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--catalog", catalog);
        using CancellationTokenSource late = new(WeirProcess.Patience);
        while ((await server.Client.GetFromJsonAsync<JsonElement>("/api/v1/reservations?limit=1", late.Token)).GetProperty("items").GetArrayLength() > 0)
        {
            await Task.Delay(50, late.Token);
        }

        await server.StopAsync();
    }

    private static async Task VerifyAsync(string data, string how, List<string> violations)
    {
        CommandResult verify = await WeirProcess.RunAsync("verify", "--data", data);
        if (verify.Code != 0)
        {
            violations.Add($"verify, {how}, ended with {verify.Code}: {verify.Output} {verify.Error}");
        }
    }

    private static bool IsReady(string book) => Book([book]).Any(line => line.What == "ready");

    /// <summary>A line that its process was killed in is no line.</summary>
    private static IEnumerable<HolderLine> Book(IEnumerable<string> books)
    {
        foreach (string book in books.Where(File.Exists))
        {
            using StreamReader reader = new(new FileStream(book, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            string text = reader.ReadToEnd();
            foreach (string line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                yield return JsonSerializer.Deserialize<HolderLine>(line)!;
            }
        }
    }

    private static async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        using CancellationTokenSource late = new(WeirProcess.Patience);
        while (!condition())
        {
            if (late.IsCancellationRequested)
            {
                throw new TimeoutException(otherwise);
            }

            await Task.Delay(100);
        }
    }

    private static void Signal(Process process, int signal)
    {
        if (Kill(process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"The signal {signal} did not reach the process.");
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
