using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Weir.Benchmarks;

/// <summary>What wrk measures, and what it costs this process, in which only the server runs.</summary>
/// <param name="Rate">Requests per second that were answered with 200, which drift with whatever else the machine does.</param>
/// <param name="Processor">Microseconds of processor time for each request, summaries included: these drift far less.</param>
/// <param name="Collecting">Microseconds for each request that the collector stopped everything else.</param>
/// <param name="Collections">Garbage collections, whatever their depth, for a thousand requests.</param>
/// <param name="Allocated">Bytes for each request.</param>
internal readonly partial record struct Wrk(double Rate, double Processor, double Collecting, double Collections, double Allocated)
{
    /// <summary>The key that the requests name; the host has to know it.</summary>
    public const string AdminKey = "benchmark-key-benchmark-key-0123456789";

    /// <param name="seed">Part of the ids, so that no run repeats those of another.</param>
    /// <param name="script">Makes the requests.</param>
    /// <param name="isLax">Answers other than 200 do not end the run.</param>
    public static async Task<Wrk> RunAsync(string url, int seconds, int seed, int connections = 256, string script = "consume.lua", bool isLax = false)
    {
        ProcessStartInfo start = new("wrk") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (string argument in (string[])["-t", "1", "-c", $"{connections}", "-d", $"{seconds}s", "-s", Path.Combine(AppContext.BaseDirectory, script), "--timeout", "30s", url])
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
        if (!isLax && (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal)))
        {
            throw new InvalidOperationException("Not every request was answered with 200:" + Environment.NewLine + output);
        }

        double requests = double.Parse(Requests().Match(output).Groups["count"].Value, CultureInfo.InvariantCulture);
        double refused = Refused().Match(output) is { Success: true } match ? double.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture) : 0;
        return new Wrk(
            double.Parse(RequestsPerSecond().Match(output).Groups["rate"].Value, CultureInfo.InvariantCulture) * (requests - refused) / Math.Max(1, requests),
            (Environment.CpuUsage.TotalTime - processor).TotalMicroseconds / requests,
            (GC.GetTotalPauseDuration() - collecting).TotalMicroseconds / requests,
            (GC.CollectionCount(0) - collections) * 1000 / requests,
            (GC.GetTotalAllocatedBytes() - allocated) / requests);
    }

    [GeneratedRegex(@"(?<count>[0-9]+) requests in", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Requests();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (?<count>[0-9]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Refused();

    [GeneratedRegex(@"Requests/sec:\s+(?<rate>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RequestsPerSecond();
}
