using System.Diagnostics;

namespace Weir.Chaos;

/// <summary>How often each fault comes.</summary>
internal sealed record Misfortune(int Kills, int DatabaseKills, int Freezes, int DatabaseFreezes, int OfEachWay)
{
    /// <summary>How long a node or the way to the database stands still: longer than the database lets it keep its locks.</summary>
    public TimeSpan Freeze { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a way is slow.</summary>
    public TimeSpan Slow { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>A time in which something stood still, or was not reached.</summary>
/// <param name="Node">Whose; null for the database's.</param>
/// <param name="HeldLocks">Whether a transaction was open that others had to wait for.</param>
/// <param name="IsProcess">The process itself stood still, not its way or the database: it could not even say that it cannot.</param>
internal sealed record Standstill(int? Node, long From, long To, bool HeldLocks, bool IsProcess)
{
    public bool Meets(long from, long to) => from <= To && to >= From;
}

/// <summary>Does harm to nodes, to the database and to the ways between them, in an order that the seed chooses, and undoes it again.</summary>
internal sealed class Nemesis(Fleet fleet, Books books, Random random, Action<string> say)
{
    private readonly List<Standstill> _standstills = [];
    private readonly List<TimeSpan> _recoveries = [];

    public IReadOnlyList<Standstill> Standstills => _standstills;

    /// <summary>After each kill and each freeze of the database, how long the slowest node took to answer again once it was back.</summary>
    public IReadOnlyList<TimeSpan> Recoveries => _recoveries;

    public int Kills { get; private set; }

    public int DatabaseKills { get; private set; }

    public int Cuts { get; private set; }

    /// <param name="between">Answers that every node gives between two faults.</param>
    public async Task StrikeAsync(Misfortune misfortune, int between)
    {
        List<Func<Task>> faults =
        [
            .. Times(misfortune.Kills, KillNodeAsync), .. Times(misfortune.DatabaseKills, KillDatabaseAsync), .. Times(misfortune.Freezes, () => FreezeNodeAsync(misfortune.Freeze)),
            .. Times(misfortune.DatabaseFreezes, () => FreezeDatabaseAsync(misfortune.Freeze)),
            .. Times(misfortune.OfEachWay, () => SilenceAsync(misfortune.Freeze)), .. Times(misfortune.OfEachWay, () => SlowAsync(misfortune.Slow)), .. Times(misfortune.OfEachWay, RefuseAsync),
            .. Times(misfortune.OfEachWay, CutAsync), .. Times(misfortune.OfEachWay, HalfCloseAsync), .. Times(misfortune.OfEachWay, LoseRepliesAsync),
        ];
        Func<Task>[] order = [.. faults];
        random.Shuffle(order);
        foreach (Func<Task> fault in order)
        {
            await books.EveryNodeAnswersAsync(between);
            await fault();
        }

        await books.EveryNodeAnswersAsync(between);
    }

    private static IEnumerable<Func<Task>> Times(int count, Func<Task> fault) => Enumerable.Repeat(fault, count);

    private Node AnyNode() => fleet.Nodes[random.Next(fleet.Nodes.Count)];

    private async Task KillNodeAsync()
    {
        Node node = AnyNode();
        say($"kill {node.ApplicationName}");
        await node.KillAsync();
        Kills++;
        await Task.Delay(random.Next(0, 300));
        await node.StartAsync();
    }

    private async Task KillDatabaseAsync()
    {
        say("kill the database");
        fleet.Database.KillAll();
        DatabaseKills++;
        await Task.Delay(random.Next(0, 500));
        fleet.Database.StartAgain();
        _recoveries.Add(await books.EveryNodeAnswersAsync(1));
    }

    /// <summary>Stops a node at the moment when the database has told it that it is in a transaction.</summary>
    private async Task FreezeNodeAsync(TimeSpan time)
    {
        Node node = AnyNode();
        bool holds = false;
        long from = 0;
        for (int attempt = 0; attempt < 20 && !holds; attempt++)
        {
            TaskCompletionSource frozen = new(TaskCreationOptions.RunContinuationsAsynchronously);
            node.Wire.NextInTransaction(() =>
            {
                from = Stopwatch.GetTimestamp();
                node.Freeze();
                frozen.TrySetResult();
            });
            await frozen.Task.WaitAsync(TimeSpan.FromSeconds(30));
            holds = await HoldsLocksAsync(node);
            if (!holds)
            {
                node.Thaw();
            }
        }

        if (!holds)
        {
            node.Freeze();
        }

        say($"freeze {node.ApplicationName}{(holds ? " with locks" : "")}");
        await Task.Delay(time);
        node.Thaw();
        _standstills.Add(new Standstill(node.Number, from, Stopwatch.GetTimestamp(), holds, IsProcess: true));
    }

    private async Task FreezeDatabaseAsync(TimeSpan time)
    {
        long from = Stopwatch.GetTimestamp();
        say("freeze the database");
        fleet.Database.Freeze();
        await Task.Delay(time);
        fleet.Database.Thaw();
        _standstills.Add(new Standstill(null, from, Stopwatch.GetTimestamp(), HeldLocks: false, IsProcess: false));
        _recoveries.Add(await books.EveryNodeAnswersAsync(1));
    }

    /// <summary>The way of one node swallows everything, while a transaction of that node is open.</summary>
    private async Task SilenceAsync(TimeSpan time)
    {
        Node node = AnyNode();
        TaskCompletionSource silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Wire.NextInTransaction(() =>
        {
            node.Wire.Silence();
            silent.TrySetResult();
        });
        await silent.Task.WaitAsync(TimeSpan.FromSeconds(30));
        long from = Stopwatch.GetTimestamp();
        bool holds = await HoldsLocksAsync(node);
        say($"silence before {node.ApplicationName}{(holds ? " with locks" : "")}");
        await Task.Delay(time);
        node.Wire.Open();
        _standstills.Add(new Standstill(node.Number, from, Stopwatch.GetTimestamp(), holds, IsProcess: false));
    }

    private async Task RefuseAsync()
    {
        Node node = AnyNode();
        long from = Stopwatch.GetTimestamp();
        say($"refuse {node.ApplicationName}");
        node.Wire.Refuse();
        await Task.Delay(random.Next(200, 1_500));
        node.Wire.Open();
        _standstills.Add(new Standstill(node.Number, from, Stopwatch.GetTimestamp(), HeldLocks: false, IsProcess: false));
    }

    /// <summary>A byte a second comes through between one node and the database.</summary>
    private async Task SlowAsync(TimeSpan time)
    {
        Node node = AnyNode();
        long from = Stopwatch.GetTimestamp();
        say($"slow {node.ApplicationName}");
        node.Wire.Slow();
        await Task.Delay(time);
        node.Wire.Open();
        _standstills.Add(new Standstill(node.Number, from, Stopwatch.GetTimestamp(), HeldLocks: false, IsProcess: false));
    }

    /// <summary>One side hears the end of all connections, and the other does not, while a transaction is open.</summary>
    private async Task HalfCloseAsync()
    {
        Node node = AnyNode();
        bool towardsNode = random.Next(2) == 0;
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Wire.NextInTransaction(() =>
        {
            node.Wire.HalfClose(towardsNode);
            closed.TrySetResult();
        });
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        say($"half-close {node.ApplicationName}{(towardsNode ? "" : " towards the database")}");
        Cuts++;
    }

    /// <summary>What goes to the database, or comes from it, breaks off in the middle, at any byte of a few batches.</summary>
    private async Task CutAsync()
    {
        Node node = AnyNode();
        say($"cut {node.ApplicationName}");
        Action<int> cut = random.Next(2) == 0 ? node.Wire.CutAfter : node.Wire.CutRequestsAfter;
        cut(random.Next(1, 4_000));
        Cuts++;
        await Task.Delay(random.Next(50, 200));
    }

    private async Task LoseRepliesAsync()
    {
        Node node = AnyNode();
        say($"lose commits' replies to {node.ApplicationName}");
        node.Wire.LoseReplies(random.Next(1, 4));
        await Task.Delay(random.Next(50, 200));
    }

    /// <summary>Whether a transaction of the node has locks of rows that it sits on.</summary>
    private async Task<bool> HoldsLocksAsync(Node node) => await fleet.AskAsync(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = @name AND state = 'idle in transaction' AND backend_xid IS NOT NULL", ("name", node.ApplicationName)) > 0;
}
