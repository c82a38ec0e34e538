using System.Diagnostics;

using NodaTime;

using Weir.Engine;

namespace Weir.Benchmarks;

/// <summary>Jobs, each of which reserves what it is expected to use and commits what it has used; both are durable when they are answered.</summary>
internal static class JobBenchmark
{
    /// <summary>Jobs per second.</summary>
    /// <param name="prefix">Of the ids: no run repeats those of another.</param>
    public static async Task<double> MeasureAsync(Setting setting, int callers, TimeSpan length, string prefix, int accounts = 10_000)
    {
        long done = 0;
        Stopwatch watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (int i = 0; watch.Elapsed < length; i++)
            {
                UsageEvent job = Setting.Event($"{prefix}-{caller}-{i}", $"acct-{(caller + (i * 7919)) % accounts}", i % 100);
                Allowed(await setting.Reservations.ReserveAsync(setting.Workspace, new ReservationRequest { Event = job, Ttl = Duration.FromMinutes(1) }, CancellationToken.None));
                Allowed(await setting.Reservations.CommitAsync(setting.Workspace, job.Id!.Value, new ReservationEnd { Properties = job.Properties }, CancellationToken.None));
                Interlocked.Increment(ref done);
            }
        })));
        return done / watch.Elapsed.TotalSeconds;
    }

    private static void Allowed(Outcome outcome)
    {
        if (!outcome.Allowed)
        {
            throw new InvalidOperationException($"A job was refused: {outcome.Refusal}.");
        }
    }
}
