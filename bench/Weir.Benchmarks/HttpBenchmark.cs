using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;

using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

using Weir.AspNetCore;

namespace Weir.Benchmarks;

/// <summary>
/// The same Kestrel, the same connections, the same request: consumes that are durable when they are answered, beside an endpoint that
/// answers an empty JSON object. The two run in turn, so that a drift of the machine meets both.
/// </summary>
internal static partial class HttpBenchmark
{
    private const int Rounds = 3;
    private const int WarmUpSeconds = 25;
    private const string AdminKey = "benchmark-key-benchmark-key-0123456789";

    public static async Task RunAsync()
    {
        await using Setting setting = await Setting.StartAsync(app =>
        {
            app.MapWeirApi();
            app.MapPost("/empty", () => Microsoft.AspNetCore.Http.TypedResults.Json(new Dictionary<string, string>()));
        });
        setting.App.Services.GetRequiredService<KeyService>().UseAdminKey(AdminKey);
        string url = setting.App.Urls.First();
        Console.WriteLine($"fsync of a 4 KiB write: {Fsync.Median(setting.Folder).TotalMicroseconds:F0} µs (median of 100)");
        using Commits commits = new();
        (string Name, string Url)[] endpoints = [("empty", url + "/empty"), ("check", url + "/api/v1/check"), ("consume", url + "/api/v1/consume")];

        // Steady state is compared: the runtime compiles hot code again and again for its first quarter of a minute under load.
        foreach ((_, string address) in endpoints)
        {
            await WrkAsync(address, WarmUpSeconds, 0);
        }

        Dictionary<string, List<Load>> loads = endpoints.ToDictionary(endpoint => endpoint.Name, _ => new List<Load>(), StringComparer.Ordinal);
        for (int round = 1; round <= Rounds; round++)
        {
            foreach ((string name, string address) in endpoints)
            {
                commits.Reset();
                Load load = await WrkAsync(address, 5, round);
                loads[name].Add(load);
                Console.WriteLine($"round {round}: {name,-8} {load.Rate,9:N0}/s   {load.Processor,6:F1} µs of processor time   {load.Collecting,4:F1} µs in {load.Collections,5:F1} collections a thousand   {load.Allocated,6:N0} bytes allocated{commits}");
            }
        }

        double cost = Median(loads["consume"], load => load.Processor) / Median(loads["empty"], load => load.Processor);
        double ratio = Median(loads["consume"], load => load.Rate) / Median(loads["empty"], load => load.Rate);
        Console.WriteLine($"a consume takes {cost:F2} times the server's processor time of an empty answer (medians)");
        Console.WriteLine($"ratio of the rates {ratio:P1} (medians; target at least 50 %)");
    }

    private static double Median(List<Load> loads, Func<Load, double> figure) => loads.Select(figure).Order().ElementAt(loads.Count / 2);

    /// <summary>What wrk measures at 256 connections, and what it costs this process, in which only the server runs; every answer must be 200.</summary>
    private static async Task<Load> WrkAsync(string url, int seconds, int seed)
    {
        ProcessStartInfo start = new("wrk") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (string argument in (string[])["-t", "1", "-c", "256", "-d", $"{seconds}s", "-s", Path.Combine(AppContext.BaseDirectory, "consume.lua"), url])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["WEIR_BENCH_SEED"] = seed.ToString(CultureInfo.InvariantCulture);
        start.Environment["WEIR_BENCH_KEY"] = AdminKey;
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        TimeSpan collecting = GC.GetTotalPauseDuration();
        int collections = GC.CollectionCount(0);
        long allocated = GC.GetTotalAllocatedBytes();
        using Process wrk = Process.Start(start) ?? throw new InvalidOperationException("wrk did not start; install it (Debian: apt-get install wrk).");
        string output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("Not every request was answered with 200:" + Environment.NewLine + output);
        }

        double requests = double.Parse(Requests().Match(output).Groups["count"].Value, CultureInfo.InvariantCulture);
        return new Load(
            double.Parse(RequestsPerSecond().Match(output).Groups["rate"].Value, CultureInfo.InvariantCulture),
            (Environment.CpuUsage.TotalTime - processor).TotalMicroseconds / requests,
            (GC.GetTotalPauseDuration() - collecting).TotalMicroseconds / requests,
            (GC.CollectionCount(0) - collections) * 1000 / requests,
            (GC.GetTotalAllocatedBytes() - allocated) / requests);
    }

    [GeneratedRegex(@"(?<count>[0-9]+) requests in", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Requests();

    [GeneratedRegex(@"Requests/sec:\s+(?<rate>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RequestsPerSecond();

    /// <param name="Rate">Requests per second, which drift with whatever else the machine does.</param>
    /// <param name="Processor">Microseconds of processor time for each request, summaries included: these drift far less.</param>
    /// <param name="Collecting">Microseconds for each request that the collector stopped everything else.</param>
    /// <param name="Collections">Garbage collections, whatever their depth, for a thousand requests.</param>
    /// <param name="Allocated">Bytes for each request.</param>
    private readonly record struct Load(double Rate, double Processor, double Collecting, double Collections, double Allocated);

    /// <summary>How many commands each commit made durable, and how long the writer was at it.</summary>
    private sealed class Commits : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _commits;
        private long _commands;
        private double _seconds;

        public Commits()
        {
            _listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name is "weir.commit.batch" or "weir.commit.duration")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<int>((_, size, _, _) =>
            {
                _commits++;
                _commands += size;
            });
            _listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => _seconds += seconds);
            _listener.Start();
        }

        public void Reset() => (_commits, _commands, _seconds) = (0, 0, 0);

        public override string ToString() => _commits == 0
            ? ""
            : $"   {(double)_commands / _commits:F0} in each commit of {_seconds / _commits * 1000:F1} ms";

        public void Dispose() => _listener.Dispose();
    }
}
