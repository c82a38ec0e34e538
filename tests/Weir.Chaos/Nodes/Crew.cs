using System.Collections.Concurrent;

namespace Weir.Chaos;

/// <summary>The callers of a run, so many at home at each node, who work at the same time.</summary>
internal sealed class Crew(Fleet fleet, Books books, int workersOfNode, int seed)
{
    private readonly Caller[] _callers =
        [.. Enumerable.Range(0, fleet.Nodes.Count * workersOfNode).Select(number => new Caller(fleet, books, number % fleet.Nodes.Count, Seed.Of(seed, number, 1)))];

    public IReadOnlyList<Caller> Callers => _callers;

    /// <summary>All of the work, each piece by whoever is free.</summary>
    public async Task DoAsync<T>(IEnumerable<T> work, Func<Caller, T, Task> step)
    {
        ConcurrentQueue<T> queue = new(work);
        await Task.WhenAll(_callers.Select(caller => Task.Run(async () =>
        {
            while (queue.TryDequeue(out T? piece))
            {
                await step(caller, piece);
            }
        })));
    }

    /// <summary>The same again and again, until told to stop; what is under way is done to its end.</summary>
    public async Task RepeatAsync(Func<Caller, int, Task> step, CancellationToken stop) => await Task.WhenAll(_callers.Select((caller, number) => Task.Run(async () =>
    {
        while (!stop.IsCancellationRequested)
        {
            await step(caller, number);
        }
    })));
}
