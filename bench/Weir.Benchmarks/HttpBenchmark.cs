using System.Diagnostics;
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
        // Steady state is compared: the runtime compiles hot code again and again for its first quarter of a minute under load.
        await WrkAsync(url + "/empty", WarmUpSeconds, 0);
        await WrkAsync(url + "/api/v1/consume", WarmUpSeconds, 1);
        List<double> ratios = [];
        for (int round = 1; round <= Rounds; round++)
        {
            double empty = await WrkAsync(url + "/empty", 5, 0);
            double consume = await WrkAsync(url + "/api/v1/consume", 5, round + 1);
            ratios.Add(consume / empty);
            Console.WriteLine($"round {round}: empty {empty,9:N0}/s   consume {consume,9:N0}/s   ratio {consume / empty:P1}");
        }

        ratios.Sort();
        Console.WriteLine($"median ratio {ratios[ratios.Count / 2]:P1} (target at least 50 %)");
    }

    /// <summary>Requests per second of wrk at 256 connections; every answer must be 200.</summary>
    private static async Task<double> WrkAsync(string url, int seconds, int seed)
    {
        ProcessStartInfo start = new("wrk") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (string argument in (string[])["-t", "1", "-c", "256", "-d", $"{seconds}s", "-s", Path.Combine(AppContext.BaseDirectory, "consume.lua"), url])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["WEIR_BENCH_SEED"] = seed.ToString(CultureInfo.InvariantCulture);
        start.Environment["WEIR_BENCH_KEY"] = AdminKey;
        using Process wrk = Process.Start(start) ?? throw new InvalidOperationException("wrk did not start; install it (Debian: apt-get install wrk).");
        string output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("Not every request was answered with 200:" + Environment.NewLine + output);
        }

        return double.Parse(RequestsPerSecond().Match(output).Groups["rate"].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"Requests/sec:\s+(?<rate>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RequestsPerSecond();
}
