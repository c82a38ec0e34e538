using System.Diagnostics;

namespace Weir.Benchmarks;

/// <summary>Microseconds of processor time for each piece of work, of this process with the one it started, and of the database.</summary>
internal readonly record struct Costs(double Client, double Database)
{
    public double All => Client + Database;

    /// <param name="run">Gives the pieces of work per second and the processor time of a process of its own.</param>
    public static async Task<(double Rate, Costs Costs)> OfAsync(PostgreSqlServer server, Func<Task<(double, TimeSpan)>> run)
    {
        (TimeSpan node, TimeSpan database, long start) = (Environment.CpuUsage.TotalTime, server.ProcessorTime(), Stopwatch.GetTimestamp());
        (double rate, TimeSpan other) = await run();
        double done = rate * Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (rate, new Costs((Environment.CpuUsage.TotalTime - node + other).TotalMicroseconds / done, (server.ProcessorTime() - database).TotalMicroseconds / done));
    }

    public override string ToString() => $"{Client,5:F1} µs of the client's and {Database,5:F1} µs of the database's processor time";
}
