using System.Diagnostics;

using Microsoft.Extensions.DependencyInjection;

using Weir.Engine;

namespace Weir.Benchmarks;

/// <summary>Reads balances, never the log: the same time whatever has been recorded.</summary>
internal static class UsageBenchmark
{
    public const int Accounts = 1000;
    private const int Reads = 20_000;

    public static async Task RunAsync()
    {
        await using Setting setting = await Setting.StartAsync();
        int stored = await FillAsync(setting, 0, 10_000);
        List<double> small = await SteadyAsync(setting);
        stored = await FillAsync(setting, stored, 1_000_000);
        List<double> large = await SteadyAsync(setting);
        (double p99Small, double p99Large) = (Percentile(small, 0.99), Percentile(large, 0.99));
        Console.WriteLine($"   10,000 events: p50 {Percentile(small, 0.5):F1} µs   p99 {p99Small:F1} µs");
        Console.WriteLine($"{stored:N0} events: p50 {Percentile(large, 0.5):F1} µs   p99 {p99Large:F1} µs");
        Console.WriteLine($"p99 ratio {p99Large / p99Small:F2} (target at most 1.20)");
    }

    /// <summary>Reads until the runtime has compiled what there is to compile, then measures.</summary>
    private static async Task<List<double>> SteadyAsync(Setting setting)
    {
        for (int i = 0; i < 10; i++)
        {
            await ReadAsync(setting, Reads);
        }

        return [.. await ReadAsync(setting, Reads)];
    }

    private static async Task<int> FillAsync(Setting setting, int from, int to)
    {
        const int batch = 5000;
        for (int i = from; i < to; i += batch)
        {
            int count = Math.Min(batch, to - i);
            await setting.Admission.RecordAsync(setting.Workspace, [.. Enumerable.Range(i, count).Select(n => Setting.Event($"u-{n}", $"acct-{n % Accounts}", n % 100))], CancellationToken.None);
        }

        return to;
    }

    /// <summary>How long each of so many reads took, in microseconds.</summary>
    public static async Task<double[]> ReadAsync(Setting setting, int reads)
    {
        UsageService usage = setting.App.Services.GetRequiredService<UsageService>();
        double[] times = new double[reads];
        for (int i = 0; i < reads; i++)
        {
            long start = Stopwatch.GetTimestamp();
            AccountUsage? read = await usage.FindAsync(setting.Workspace, new AccountKey($"acct-{i * 7919L % Accounts}"), CancellationToken.None);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            if (read is null)
            {
                throw new InvalidOperationException("An account is missing.");
            }
        }

        return times;
    }

    public static double Percentile(List<double> times, double part)
    {
        times.Sort();
        return times[(int)(times.Count * part)];
    }
}
