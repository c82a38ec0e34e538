namespace Weir.Benchmarks;

/// <summary>Consumes that are durable when they are answered, from callers that each wait for their answer.</summary>
internal static class ConsumeBenchmark
{
    private static readonly TimeSpan s_run = TimeSpan.FromSeconds(5);

    public static async Task RunAsync()
    {
        await using Setting setting = await Setting.StartAsync();
        Console.WriteLine($"fsync of a 4 KiB write: {Fsync.Median(setting.Folder).TotalMicroseconds:F0} µs (median of 100)");
        await MeasureAsync(setting, 64, TimeSpan.FromSeconds(2), "warm");
        foreach (int callers in (int[])[1, 64, 1024])
        {
            long allocated = GC.GetTotalAllocatedBytes();
            double rate = await MeasureAsync(setting, callers, s_run, $"c{callers}");
            double bytes = (GC.GetTotalAllocatedBytes() - allocated) / (rate * s_run.TotalSeconds);
            Console.WriteLine($"{callers,5} callers: {rate,9:N0} consumes/s   {bytes,7:N0} bytes allocated for each, summaries included");
        }
    }

    /// <summary>Consumes per second.</summary>
    /// <param name="prefix">Of the ids: no run repeats those of another.</param>
    public static Task<double> MeasureAsync(Setting setting, int callers, TimeSpan length, string prefix, int accounts = 10_000) =>
        CommandBenchmark.MeasureAsync(setting, CommandBenchmark.Consume, callers, length, prefix, accounts);
}
