using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using Weir.Server.Tests.Program;

namespace Weir.Chaos;

/// <summary>
/// Four processes record through the client with one spool folder between them; the server cannot be reached for a time, in which two of
/// them are killed, and others record what those would have. Afterwards everything that was acknowledged stands in the log exactly once, nothing stands there that nobody sent,
/// nothing waits, and <c>weir verify</c> finds no difference.
/// </summary>
internal static class SpoolScenario
{
    private const int Senders = 4;

    private const int Killed = 2;

    /// <summary>Records that each process has seen acknowledged before the server goes away.</summary>
    private const int Begun = 100;

    private const string Catalog = """
        name: spool
        defaultPlan: plan
        meters:
          work: { unit: unit }
        events:
          work: { charges: { work: { per: { property: n, unit: 1, amount: 1 } } } }
        plans:
          plan: { allowances: { work: { limit: null, per: lifetime } } }
        """;

    public static async Task<int> RunAsync(TimeSpan outage, int rate, int seed)
    {
        Console.WriteLine($"seed {seed}");
        using TemporaryFolder folder = new();
        Random random = new(seed);
        string data = folder.File("data");
        string spool = folder.File("spool");
        string[] books = [.. Enumerable.Range(0, Senders + Killed).Select(number => folder.File($"book-{number}"))];
        List<Process> senders = [];
        List<string> violations = [];
        int duringOutage;
        try
        {
            await using RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--catalog", folder.Write("spool.yaml", Catalog));
            await using Gate gate = new(new Uri(server.Url));
            senders.AddRange(Enumerable.Range(0, Senders).Select(number => Start(gate.Port, spool, $"s{number}", books[number], rate / Senders, since: null)));
            await UntilAsync(() => books.Take(Senders).All(book => Acknowledged(book).Count >= Begun), "The senders did not begin.");

            await gate.ShutAsync();
            int before = books.Sum(book => Acknowledged(book).Count);
            TimeSpan[] kills = [.. Enumerable.Range(0, Killed).Select(_ => outage * (0.2 + (0.6 * random.NextDouble()))).Order()];
            long begun = Stopwatch.GetTimestamp();
            for (int i = 0; i < Killed; i++)
            {
                await UntilElapsedAsync(begun, kills[i]);
                senders[i].Kill();
                await senders[i].WaitForExitAsync();
                // A new process takes the place of the dead one, and begins with what that would have recorded until the new one runs.
                senders.Add(Start(gate.Port, spool, $"s{Senders + i}", books[Senders + i], rate / Senders, DateTimeOffset.UtcNow));
                Console.WriteLine($"killed sender {i} after {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s without a server");
            }

            await UntilElapsedAsync(begun, outage);
            duringOutage = books.Sum(book => Acknowledged(book).Count) - before;
            gate.Open();
            foreach (Process sender in senders[Killed..])
            {
                // No more records; what is in the spools is delivered by those that live.
                await sender.StandardInput.WriteLineAsync();
                await sender.StandardInput.FlushAsync();
            }

            await UntilAsync(() => !Directory.EnumerateFiles(spool, "*.spool", SearchOption.AllDirectories).Any(), "The spools did not become empty.");
            foreach (Process sender in senders[Killed..])
            {
                sender.StandardInput.Close();
                await sender.WaitForExitAsync();
                if (sender.ExitCode != 0)
                {
                    violations.Add($"A sender ended with {sender.ExitCode}: {await sender.StandardError.ReadToEndAsync()}");
                }
            }

            if (await server.StopAsync() is not 0 and int code)
            {
                violations.Add($"The server ended with {code}: {server.Log}");
            }
        }
        finally
        {
            foreach (Process sender in senders)
            {
                if (!sender.HasExited)
                {
                    sender.Kill();
                }

                sender.Dispose();
            }
        }

        HashSet<string> acknowledged = [.. books.SelectMany(Acknowledged)];
        violations.AddRange(books.SelectMany(File.ReadLines).Where(line => !line.StartsWith("+ ", StringComparison.Ordinal) && line.Length > 2).Select(line => $"refused without cause: {line}"));
        violations.AddRange(Directory.EnumerateFiles(Path.Combine(spool, "quarantine")).Select(file => $"{Path.GetFileName(file)} stands in the quarantine"));
        int logged = await CompareLogAsync(data, acknowledged, violations);
        CommandResult verify = await WeirProcess.RunAsync("verify", "--data", data);
        if (verify.Code != 0)
        {
            violations.Add($"verify ended with {verify.Code}: {verify.Output} {verify.Error}");
        }

        if (duringOutage == 0)
        {
            violations.Add("nothing was acknowledged while the server was away");
        }

        foreach (string violation in violations.Take(50))
        {
            Console.WriteLine("VIOLATION " + violation);
        }

        Console.WriteLine(
            $"seed {seed}: {outage.TotalSeconds:0} s without a server, {Senders} processes at {rate}/s, {Killed} killed and replaced, {acknowledged.Count} acknowledged, {duringOutage} of them meanwhile "
            + $"({duringOutage / outage.TotalSeconds:0}/s), {logged} in the log; {(violations.Count == 0 ? "each that was acknowledged arrived once" : $"{violations.Count} violations")}");
        return violations.Count == 0 ? 0 : 1;
    }

    private static Process Start(int port, string spool, string name, string book, int rate, DateTimeOffset? since)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
        [
            typeof(SpoolScenario).Assembly.Location, "spool-sender", "--server", $"http://127.0.0.1:{port}", "--key", RunningServer.AdminKey, "--spool", spool,
            "--name", name, "--book", book, "--rate", rate.ToString(CultureInfo.InvariantCulture),
            .. since is { } time ? ["--since", time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
        ];
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("The sender did not start.");
    }

    /// <summary>The ids that a process was told are kept. A line that it was killed in is no line.</summary>
    private static List<string> Acknowledged(string book)
    {
        if (!File.Exists(book))
        {
            return [];
        }

        using StreamReader reader = new(new FileStream(book, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        string text = reader.ReadToEnd();
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] == '+').Select(line => line[2..])];
    }

    private static async Task UntilElapsedAsync(long begun, TimeSpan time)
    {
        TimeSpan left = time - Stopwatch.GetElapsedTime(begun);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left);
        }
    }

    private static async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        // Ten minutes of records take their time to be delivered: only what hangs meets this.
        using CancellationTokenSource late = new(TimeSpan.FromMinutes(30));
        while (!condition())
        {
            if (late.IsCancellationRequested)
            {
                throw new TimeoutException(otherwise);
            }

            await Task.Delay(100);
        }
    }

    private static async Task<int> CompareLogAsync(string data, HashSet<string> acknowledged, List<string> violations)
    {
        using Process export = WeirProcess.Start(["export", "--data", data], new Dictionary<string, string?>());
        export.StandardInput.Close();
        Task<string> error = export.StandardError.ReadToEndAsync();
        HashSet<string> log = new(StringComparer.Ordinal);
        while (await export.StandardOutput.ReadLineAsync() is { } line)
        {
            using JsonDocument row = JsonDocument.Parse(line);
            string id = row.RootElement.GetProperty("id").GetString()!;
            if (!log.Add(id))
            {
                violations.Add($"{id} stands in the log more than once");
            }

            if (!id.StartsWith('s') || !id.Contains('-', StringComparison.Ordinal))
            {
                violations.Add($"{id} stands in the log, and nobody sent it");
            }
        }

        await export.WaitForExitAsync();
        if (export.ExitCode != 0)
        {
            violations.Add($"export ended with {export.ExitCode}: {await error}");
        }

        violations.AddRange(acknowledged.Where(id => !log.Contains(id)).Select(id => $"{id} was acknowledged and is lost"));
        return log.Count;
    }
}
