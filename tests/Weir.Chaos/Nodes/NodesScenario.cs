using System.Diagnostics;

using Weir.PostgreSql;
using Weir.Server.Tests.Program;

namespace Weir.Chaos;

/// <summary>How much is done.</summary>
internal sealed record NodesOptions(int Nodes, int Workers, int HotRounds, int Repeats, Misfortune Misfortune, int Between, TimeSpan Cross, bool Clocks, string? Older, bool Times, int Seed);

/// <summary>
/// Nodes on one PostgreSQL, callers at each of them, and everything that can go wrong in between. Afterwards the books of the callers, the
/// log, the balances and <c>weir verify</c> must agree, and no limit may have been exceeded at any row of the log.
/// </summary>
internal static class NodesScenario
{
    /// <summary>The most events in flight ask for: three times the limit of a hot account.</summary>
    private const int Demand = 3_000;

    /// <summary>What a node is told to answer within, whatever the database does. It is above the time for which others may be held up.</summary>
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(4);

    /// <summary>A machine with two cores and everything on it answers a little late.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1);

    /// <summary>How long the others may be held up by a node that stands still with locks.</summary>
    private static readonly TimeSpan s_heldUp = TimeSpan.FromSeconds(3.5);

    /// <summary>How long nodes may take to serve again once the database is back.</summary>
    private static readonly TimeSpan s_recovery = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(NodesOptions options)
    {
        Console.WriteLine($"seed {options.Seed}");
        long began = Stopwatch.GetTimestamp();
        await using Pulse pulse = new();
        await using Fleet fleet = await Fleet.StartAsync(options.Nodes, Menu.Catalog, s_deadline, options.Clocks, options.Older);
        DateTimeOffset from = await fleet.NowAsync();
        Books books = new(options.Nodes);
        Crew crew = new(fleet, books, options.Workers, options.Seed);
        JobBooks jobBooks = new(books);
        JobLoad jobs = new(fleet, books, jobBooks);
        Rounds rounds = new(fleet, books, crew, jobs, options.Seed);
        void Say(string what) => Console.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalSeconds,6:0.0} s  {books.Answers,7} acknowledged  {what}");
        Nemesis nemesis = new(fleet, books, new Random(options.Seed), Say);

        Say($"{options.Nodes} nodes serve{(fleet.Clocks.AreWrong ? ", with clocks 2 h ahead, 2 h behind and jumping" : "")}{(options.Older is null ? "" : ", the last one of an earlier version")}");
        await rounds.WarmAsync();
        long warm = Stopwatch.GetTimestamp();
        await rounds.HotAsync("hot", options.HotRounds, Demand);
        Say($"{options.HotRounds} rounds on a hot account");
        await rounds.RepeatsAsync(options.Repeats);
        Say($"{options.Repeats} ids, sent up to five times");
        await WhileAsync(rounds.MixAsync, () => nemesis.StrikeAsync(options.Misfortune, options.Between));
        Say($"{nemesis.Kills} nodes and {nemesis.DatabaseKills} databases killed");
        await WhileAsync(stop => rounds.CrossAsync(options.Cross, stop), () => Task.Delay(options.Cross));
        Say($"{options.Cross.TotalSeconds:0} s of arrays over many accounts");
        await jobs.EndAsync(crew.Callers);
        Say($"{jobs.Steps} jobs, uses and grants; all have ended");

        foreach (string violation in Times(books, nemesis, pulse, began, warm))
        {
            if (options.Times)
            {
                books.Violate(violation);
            }
            else
            {
                Say(violation);
            }
        }

        int rows = await CompareAsync(fleet, books, jobBooks.Told, from);
        Say($"{rows} rows of the log compared");
        return Report(options, books, jobBooks.Told, nemesis, fleet, pulse, rows);
    }

    private static async Task WhileAsync(Func<CancellationToken, Task> work, Func<Task> meanwhile)
    {
        using CancellationTokenSource stop = new();
        Task working = work(stop.Token);
        try
        {
            await meanwhile();
        }
        finally
        {
            await stop.CancelAsync();
            await working;
        }
    }

    /// <summary>
    /// Nobody waits longer than he must, except at a node that stands still itself, and before the fleet is warm: a node's first requests run
    /// code that is compiled for them, and three nodes that do so on two processors, with clocks that cost three times as much, take seconds.
    /// </summary>
    private static IEnumerable<string> Times(Books books, Nemesis nemesis, Pulse pulse, long began, long warm)
    {
        foreach (IGrouping<int, (Try Slow, TimeSpan Took)> late in books.Slow.Where(slow => slow.Began >= warm).Select(slow => (Slow: slow, Took: pulse.Net(slow.Began, slow.Ended) - slow.Wait))
            .Where(slow => slow.Took > s_deadline + s_grace && !nemesis.Standstills.Any(still => still.IsProcess && still.Node == slow.Slow.Node && still.Meets(slow.Slow.Began, slow.Slow.Ended)))
            .GroupBy(slow => slow.Slow.Node))
        {
            (Try slow, TimeSpan took) = late.MaxBy(slow => slow.Took);
            yield return $"late: node {late.Key + 1} took longer than its deadline of {s_deadline.TotalSeconds:0} s for {late.Count()} requests, at worst {took.TotalSeconds:0.0} s to answer {slow.Status}, at {Stopwatch.GetElapsedTime(began, slow.Began).TotalSeconds:0.0} s";
        }

        foreach (Standstill still in nemesis.Standstills)
        {
            TimeSpan longest = LongestOfOthers(books, still, nemesis, pulse);
            if (still.Node is not null && longest > s_heldUp)
            {
                yield return $"late: callers of other nodes waited {longest.TotalSeconds:0.0} s while node {still.Node + 1} stood still";
            }
        }

        foreach (TimeSpan recovery in nemesis.Recoveries.Where(recovery => recovery > s_recovery))
        {
            yield return $"late: after the database was back, a node took {recovery.TotalSeconds:0.0} s to serve";
        }
    }

    /// <summary>The longest that a use took to be known, of those sent in the standstill of a node and asked only of others.</summary>
    private static TimeSpan LongestOfOthers(Books books, Standstill still, Nemesis nemesis, Pulse pulse) => still.Node is not { } node
        ? TimeSpan.Zero
        : books.Told.Where(told => (told.Asked & (1 << node)) == 0 && still.Meets(told.Sent, told.Answered) && !nemesis.Standstills.Any(other => other != still && other.Meets(told.Sent, told.Answered)))
            .Select(told => pulse.Net(told.Sent, told.Answered)).DefaultIfEmpty().Max();

    private static async Task<int> CompareAsync(Fleet fleet, Books books, ToldCredits credits, DateTimeOffset from)
    {
        HttpClient client = fleet.Nodes[0].Client;
        List<Row> log = await LogReader.LogAsync(client);
        ICollection<Told> told = books.Told;
        Dictionary<(string Account, string Meter), decimal> balances = await LogReader.BalancesAsync(client, told.Select(t => t.Use.Account).Distinct(StringComparer.Ordinal));
        Row[] plain = [.. log.Where(row => !row.Account.StartsWith(Menu.JobAccounts, StringComparison.Ordinal))];
        string[] violations =
        [
            .. Consistency.Log(told, plain), .. Consistency.Limits(plain), .. Consistency.Clock(log, from, await fleet.NowAsync()), .. Consistency.Sums(told, balances), .. Consistency.Order(told), .. Consistency.Granted(told),
            .. await JudgeCreditsAsync(fleet, credits),
        ];
        foreach (string violation in violations)
        {
            books.Violate(violation);
        }

        if (await fleet.DeadlocksAsync() is > 0 and long deadlocks)
        {
            books.Violate($"deadlock: the database counted {deadlocks}");
        }

        foreach (Node node in fleet.Nodes)
        {
            if (await node.StopAsync() is { } fault)
            {
                books.Violate(fault);
            }
        }

        CommandResult verify = await fleet.VerifyAsync();
        if (verify.Code != 0)
        {
            books.Violate($"verify ended with {verify.Code}: {verify.Output} {verify.Error}");
        }

        return log.Count;
    }

    private static async Task<IEnumerable<string>> JudgeCreditsAsync(Fleet fleet, ToldCredits told)
    {
        Dictionary<long, string> accounts = await fleet.AccountsAsync(Menu.JobAccounts);
        await using PostgreSqlStore store = fleet.OpenStore();
        await store.OpenAsync(CancellationToken.None);
        List<Fact> facts = await LogReader.FactsAsync(store, accounts);
        told = JobAudit.WithLateTries(told, facts);
        Dictionary<string, Shown> shown = new(StringComparer.Ordinal);
        foreach (string account in accounts.Values)
        {
            shown.Add(account, await LogReader.CreditsAsync(fleet.Nodes[shown.Count % fleet.Nodes.Count].Client, account));
        }

        return
        [
            .. JobAudit.Ends(told.Jobs, facts), .. JobAudit.Limits(told.Jobs, facts), .. JobAudit.Slots(told.Jobs, facts), .. JobAudit.Reversals(told.Spends, facts), .. JobAudit.Grants(told.Grants, facts),
            .. JobAudit.Balances(told, shown),
        ];
    }

    private static int Report(NodesOptions options, Books books, ToldCredits credits, Nemesis nemesis, Fleet fleet, Pulse pulse, int rows)
    {
        foreach (string violation in books.Violations.Take(50))
        {
            Console.WriteLine("VIOLATION " + violation);
        }

        int Count(string kind) => books.Violations.Count(violation => violation.StartsWith(kind, StringComparison.Ordinal));
        Standstill[] nodes = [.. nemesis.Standstills.Where(still => still.Node is not null)];
        TimeSpan longest = nodes.Select(still => LongestOfOthers(books, still, nemesis, pulse)).DefaultIfEmpty().Max();
        string clocks = fleet.Clocks.AreWrong ? $"clocks ±2 h and {fleet.Clocks.Steps} jumps" : options.Clocks ? "1 SKIPPED: wrong clocks, libfaketime is not installed" : "clocks right";
        Console.WriteLine(
            $"seed {options.Seed}: {options.Nodes} nodes x {options.Workers} workers, {books.Operations} operations, {books.Answers} acknowledged, {books.Unknown} in doubt and decided by a repeat, {rows} rows; "
            + $"{nemesis.Kills} kills of nodes, {nemesis.DatabaseKills} of the database, {nodes.Length} standstills of a node or its way ({nodes.Count(still => still.HeldLocks)} with locks, the others answered within "
            + $"{longest.TotalSeconds:0.0} s), {nemesis.Standstills.Count - nodes.Length} of the database, {nemesis.Cuts} connections cut or half-closed, {fleet.Nodes.Sum(node => node.Wire.RepliesLost)} commits whose reply was lost; "
            + $"{credits.Jobs.Count(job => job.Reserved)} jobs reserved ({credits.Jobs.Count(job => job.Ends.Count > 0)} ended by their callers, {credits.Jobs.Count(job => job.Refusals.Count > 0)} refused another end), "
            + $"{credits.Spends.Count(spend => spend.Reversed)} uses taken back, {credits.Grants.Count} grants; "
            + $"{Count("lost")} lost, {Count("over-consumed")} over-consumed, {Count("duplicate")} duplicates, {Count("under-granted")} under-granted; {clocks}; "
            + (books.Violations.Count == 0 ? "no violation" : $"{books.Violations.Count} violations"));
        return books.Violations.Count == 0 ? 0 : 1;
    }
}
