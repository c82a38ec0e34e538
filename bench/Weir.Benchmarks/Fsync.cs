using System.Diagnostics;

namespace Weir.Benchmarks;

/// <summary>How long this disk takes to make a small write durable: what every durable rate is bounded by.</summary>
internal static class Fsync
{
    public static TimeSpan Median(string folder)
    {
        string path = Path.Combine(folder, "fsync");
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1);
        byte[] page = new byte[4096];
        List<TimeSpan> times = [];
        for (int i = 0; i < 100; i++)
        {
            long start = Stopwatch.GetTimestamp();
            file.Write(page);
            file.Flush(flushToDisk: true);
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        times.Sort();
        return times[50];
    }
}
