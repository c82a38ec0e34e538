using System.Diagnostics;

namespace Weir.Chaos;

/// <summary>What the callers do, round by round.</summary>
internal sealed class Rounds(Fleet fleet, Books books, Crew crew, JobLoad jobs, int seed)
{
    private const int Accounts = 50;

    private const int First = 30;

    private const int LargestArray = 20;

    /// <summary>Of arrays that cross.</summary>
    private const int Bursts = 300;

    private int _next;

    /// <summary>A process compiles what it does for the first time: every node gives some answers before all callers come at once.</summary>
    public Task WarmAsync() => Task.WhenAll(fleet.Nodes.Select(async node =>
    {
        for (int i = 0; i < First; i++)
        {
            await crew.Callers[node.Number].ConsumeAsync(new Use($"first-{node.Number}-{i}", $"first-{node.Number}", Menu.Work, 1), node.Number);
        }
    }));

    /// <summary>More is asked of one account than it may use, by all callers at once: its limit is granted, exactly.</summary>
    /// <param name="name">Of the rounds: part of their accounts and ids.</param>
    public async Task HotAsync(string name, int rounds, int demand)
    {
        Random clocks = new(Seed.Of(seed, rounds, 5));
        for (int round = 0; round < rounds; round++)
        {
            string account = $"{name}-{round}";
            // Of one limit, of two in each request, of both kinds of requests together, and of an hour's limit.
            string[] types = (round % 4) switch { 0 => [Menu.Call], 1 => [Menu.Both], 2 => [Menu.Call, Menu.Both], _ => [Menu.Hour] };
            fleet.Clocks.Step(fleet.Nodes.Count, clocks);
            int hour = (await fleet.NowAsync()).Hour;
            await crew.DoAsync(Enumerable.Range(0, demand).Select(i => new Use($"{account}-{i}", account, types[i % types.Length], 1)), (caller, use) => caller.ConsumeAsync(use));
            int limit = Menu.MetersOf[types[0]].Min(meter => Menu.Limits[meter]);
            int granted = books.Told.Count(told => told.Allowed && told.Use.Account == account);
            // In an hour that begins meanwhile there is room again; how much was granted in each, the log says.
            bool anew = types is [Menu.Hour] && (await fleet.NowAsync()).Hour != hour;
            if (types is [Menu.Hour] && !anew)
            {
                await AllShowAsync(account, granted);
            }

            if (granted != limit && !anew)
            {
                books.Violate($"{(granted > limit ? "over-consumed" : "under-granted")}: {account} was granted {granted} of {limit}, asked for {demand} times");
            }
        }
    }

    /// <summary>
    /// Every id is sent one to five times, to any nodes: some copies at once, some after all nodes have been killed and started again, with
    /// clocks that are right if they were wrong.
    /// </summary>
    public async Task RepeatsAsync(int ids)
    {
        Random random = new(Seed.Of(seed, ids, 2));
        Use[] uses = [.. Enumerable.Range(0, ids).Select(i => new Use($"repeat-{i}", $"repeats-{random.Next(Accounts)}", TypeOf(random), random.Next(1, 100)))];
        List<(Use Use, int Copies)> sends = [];
        List<(Use Use, int Copies)> later = [];
        foreach (Use use in uses)
        {
            int copies = random.Next(1, 6);
            if (random.Next(10) == 0)
            {
                later.Add((use, 1));
            }

            if (random.Next(10) < 3)
            {
                sends.Add((use, copies));
            }
            else
            {
                sends.AddRange(Enumerable.Repeat((use, 1), copies));
            }
        }

        await SendAsync(sends, random.Next());
        foreach (Node node in fleet.Nodes)
        {
            await node.KillAsync();
        }

        fleet.SetClocksRight();
        await Task.WhenAll(fleet.Nodes.Select(node => node.StartAsync()));
        await SendAsync(later, random.Next());
    }

    /// <summary>Everything at once, until told to stop: decisions on one and two limits, work without limit, arrays over many accounts, jobs.</summary>
    public Task MixAsync(CancellationToken stop)
    {
        Random[] randoms = [.. crew.Callers.Select((_, number) => new Random(Seed.Of(seed, number, 3)))];
        return crew.RepeatAsync(
            (caller, number) =>
            {
                Random random = randoms[number];
                return random.Next(8) switch
                {
                    0 => caller.RecordAsync([.. Enumerable.Range(0, random.Next(2, LargestArray)).Select(_ => Next(random, Menu.Work))]),
                    1 => jobs.StepAsync(caller, random),
                    _ => caller.ConsumeAsync(Next(random, TypeOf(random))),
                };
            },
            stop);
    }

    /// <summary>
    /// Arrays of events over many accounts, in any order, by all callers at once: nothing may deadlock. They begin together again and again,
    /// so many times in the whole round, and between two such bursts they rest, so that what an hour leaves can still be compared.
    /// </summary>
    public Task CrossAsync(TimeSpan length, CancellationToken stop)
    {
        Random[] randoms = [.. crew.Callers.Select((_, number) => new Random(Seed.Of(seed, number, 4)))];
        long began = Stopwatch.GetTimestamp();
        TimeSpan between = length / Bursts;
        return crew.RepeatAsync(
            async (caller, number) =>
            {
                await caller.RecordAsync([.. Enumerable.Range(0, LargestArray).Select(_ => Next(randoms[number], Menu.Work))]);
                TimeSpan since = Stopwatch.GetElapsedTime(began);
                await Task.Delay(TimeSpan.FromTicks(between.Ticks - (since.Ticks % between.Ticks)), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            },
            stop);
    }

    /// <summary>Nodes show the same hour, whatever their clocks say.</summary>
    private async Task AllShowAsync(string account, int granted)
    {
        foreach (Node node in fleet.Nodes)
        {
            decimal shown = (await LogReader.BalancesAsync(node.Client, [account])).GetValueOrDefault((account, Menu.Hours));
            if (shown != granted)
            {
                books.Violate($"clock: {node.ApplicationName} shows {shown} {Menu.Hours} of {account}, of which {granted} were granted in this hour");
            }
        }
    }

    private Task SendAsync(List<(Use Use, int Copies)> sends, int order)
    {
        (Use Use, int Copies)[] shuffled = [.. sends];
        Random random = new(order);
        random.Shuffle(shuffled);
        return crew.DoAsync(
            shuffled.Select(send => (send.Use, Nodes: Enumerable.Range(0, send.Copies).Select(_ => random.Next(fleet.Nodes.Count)).ToArray())).ToArray(),
            (caller, send) => Task.WhenAll(send.Nodes.Select(node => caller.ConsumeAsync(send.Use, node))));
    }

    private Use Next(Random random, string type) => new($"mix-{Interlocked.Increment(ref _next)}", $"mixed-{random.Next(Accounts)}", type, random.Next(1, 100));

    private static string TypeOf(Random random) => random.Next(10) switch { < 2 => Menu.Call, 2 => Menu.Both, 3 => Menu.Hour, _ => Menu.Work };
}
