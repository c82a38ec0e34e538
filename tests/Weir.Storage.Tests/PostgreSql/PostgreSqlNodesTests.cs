using System.Collections.Concurrent;
using System.Diagnostics;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Several nodes on one database, each with a writer of its own, that share nothing else.</summary>
public sealed class PostgreSqlNodesTests : IDisposable
{
    private const string Catalog = """
        name: nodes
        defaultPlan: free
        meters:
          calls: { unit: call }
          units: { unit: unit }
        events:
          call: { charges: { calls: 1 } }
          both: { charges: { calls: 1, units: 1 } }
          costly: { charges: { units: 1 } }
        plans:
          free: { allowances: { calls: { limit: 40, per: month }, units: { limit: null, per: lifetime } } }
        """;

    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "TX-1, BAL-2: a limit is exact on several nodes at once, with node clocks hours apart (TX-3)")]
    public async Task ALimitIsExactOnSeveralNodes()
    {
        await using UsageDesk first = await OpenAsync(Duration.Zero);
        await using UsageDesk second = await OpenAsync(Duration.FromHours(2));
        await using UsageDesk third = await OpenAsync(Duration.FromHours(-2));
        UsageDesk[] nodes = [first, second, third];
        Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => ConsumeAsync(nodes[i % 3], $"evt-{i}", "acme", i % 2 == 0 ? "call" : "both")));
        Assert.Equal(40, outcomes.Count(outcome => outcome.Allowed));
        Assert.All(outcomes.Where(outcome => !outcome.Allowed), outcome => Assert.Equal(Refusal.LimitExceeded, outcome.Refusal));
        Assert.Equal(40, await UsedAsync(first, "acme", "calls"));
        Assert.Equal(outcomes.Where((outcome, i) => outcome.Allowed && i % 2 == 1).Count(), await UsedAsync(first, "acme", "units"));
        await first.Projector.CatchUpAsync(first.Workspace, CancellationToken.None);
        Assert.True((await second.Get<Verifier>().VerifyAsync(second.Workspace, CancellationToken.None)).IsClean);
    }

    [Fact(DisplayName = "BAL-2, TX-1: a limit of the whole workspace is exact on several nodes, from its first use on")]
    public async Task AWorkspaceLimitIsExactOnSeveralNodes()
    {
        const string shared = Catalog + """

            workspace:
              allowances: { calls: { limit: 30, per: month } }
            """;
        await using UsageDesk first = await OpenAsync(Duration.Zero, shared);
        await using UsageDesk second = await OpenAsync(Duration.Zero, shared);
        UsageDesk[] nodes = [first, second];
        Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 80).Select(i => ConsumeAsync(nodes[i % 2], $"evt-{i}", $"account-{i % 5}", "call")));
        Assert.Equal(30, outcomes.Count(outcome => outcome.Allowed));
        Assert.Equal(30, (await first.Store.Ledger.ReadWorkspaceStateAsync(first.Workspace, CancellationToken.None)).Balances.Values.Single().Used.Units);
    }

    [Fact(DisplayName = "ID-5: the same id on several nodes at once takes effect once, and all get the same answer")]
    public async Task AnIdCountsOnceOnSeveralNodes()
    {
        await using UsageDesk first = await OpenAsync(Duration.Zero);
        await using UsageDesk second = await OpenAsync(Duration.Zero);
        UsageDesk[] nodes = [first, second];
        Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 90).Select(i => ConsumeAsync(nodes[i % 2], $"evt-{i / 3}", $"account-{i / 3 % 4}", "costly")));
        foreach (IGrouping<string, Outcome> answers in outcomes.GroupBy(outcome => outcome.Id, StringComparer.Ordinal))
        {
            Assert.All(answers, answer => Assert.True(answer.Allowed));
            Assert.Single(answers, answer => !answer.Replayed);
            Assert.Single(answers.Select(answer => Dump.Of(answer.Entry)).Distinct(StringComparer.Ordinal));
        }

        Assert.Equal(30, (await first.Store.Ledger.FollowAsync(first.Workspace, 0, 1_000, CancellationToken.None)).Count);
    }

    [Fact(DisplayName = "ID-3, ID-5: the same id for different accounts, on several nodes at once, takes effect for one of them")]
    public async Task AnIdCountsForOneAccount()
    {
        await using UsageDesk first = await OpenAsync(Duration.Zero);
        await using UsageDesk second = await OpenAsync(Duration.Zero);
        UsageDesk[] nodes = [first, second];

        // Nothing but the id stands between the two: each account has a lock of its own.
        await Task.WhenAll(Enumerable.Range(0, 2).Select(i => ConsumeAsync(nodes[i], $"first-{i}", $"account-{i}", "costly")));
        Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => ConsumeAsync(nodes[i % 2], $"evt-{i / 2}", $"account-{i % 2}", "costly")));
        foreach (IGrouping<string, Outcome> answers in outcomes.GroupBy(outcome => outcome.Id, StringComparer.Ordinal))
        {
            Assert.Single(answers, answer => answer.Allowed);
            Assert.Single(answers, answer => answer.Failure?.Refusal == Refusal.IdReused);
        }

        Assert.Equal(62, (await first.Store.Ledger.FollowAsync(first.Workspace, 0, 1_000, CancellationToken.None)).Count);
    }

    [Fact(DisplayName = "TX-1, TX-2: batches of many accounts in any order on several nodes neither deadlock nor lose anything")]
    public async Task BatchesOfManyAccountsDoNotDeadlock()
    {
        await using UsageDesk first = await OpenAsync(Duration.Zero);
        await using UsageDesk second = await OpenAsync(Duration.Zero);
        UsageDesk[] nodes = [first, second];
        await Task.WhenAll(Enumerable.Range(0, 12).Select(batch => Task.Run(async () =>
        {
            Random random = new(batch);
            UsageEvent[] events =
            [
                .. Enumerable.Range(0, 30).Select(i => new UsageEvent
                {
                    Id = new EventId($"evt-{batch}-{i}"), Account = new AccountKey($"account-{random.Next(12)}"), Type = "costly", Details = new EventDetails { User = "u" + random.Next(3) },
                }),
            ];
            IReadOnlyList<Outcome> outcomes = await nodes[batch % 2].Get<AdmissionService>().RecordAsync(first.Workspace, events, CancellationToken.None);
            Assert.All(outcomes, outcome => Assert.True(outcome.Allowed));
        })));
        long used = 0;
        for (int i = 0; i < 12; i++)
        {
            used += await UsedAsync(first, $"account-{i}", "units");
        }

        Assert.Equal(12 * 30, used);
        await second.Projector.CatchUpAsync(second.Workspace, CancellationToken.None);
        Assert.True((await first.Get<Verifier>().VerifyAsync(first.Workspace, CancellationToken.None)).IsClean);
    }

    [Fact(DisplayName = "CAT-1: a version that one node activates acts on every node within a second, and on this one at once")]
    public async Task ACatalogActsOnEveryNode()
    {
        await using UsageDesk first = await OpenAsync(Duration.Zero);
        await using UsageDesk second = await OpenAsync(Duration.Zero);
        Assert.True((await ConsumeAsync(second, "evt-1", "acme", "call")).Allowed);
        await first.PutCatalogAsync(Catalog.Replace("limit: 40", "limit: 1", StringComparison.Ordinal));

        // The transaction reads the version itself, so the next decision of any node is under it.
        Assert.False((await ConsumeAsync(first, "evt-2", "acme", "call")).Allowed);
        Assert.False((await ConsumeAsync(second, "evt-3", "acme", "call")).Allowed);
    }

    [Fact(DisplayName = "LOG-2: several nodes that each take over their own commits sum each entry once, while both write and sum")]
    public async Task SeveralNodesSumEachEntryOnce()
    {
        await using UsageDesk first = await OpenAsync(Duration.Zero);
        await using UsageDesk second = await OpenAsync(Duration.Zero);
        UsageDesk[] nodes = [first, second];
        foreach (UsageDesk node in nodes)
        {
            await node.Projector.StartAsync(CancellationToken.None);
        }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            Random random = new(worker);
            for (int i = 0; i < 25; i++)
            {
                UsageDesk node = nodes[random.Next(2)];
                await Task.WhenAll(Enumerable.Range(0, 3).Select(n => ConsumeAsync(node, $"evt-{worker}-{i}-{n}", $"account-{random.Next(5)}", "costly")));
                if (random.Next(5) == 0)
                {
                    await nodes[random.Next(2)].Projector.CatchUpAsync(first.Workspace, CancellationToken.None);
                }
            }
        })));
        await first.Projector.CatchUpAsync(first.Workspace, CancellationToken.None);
        await first.Projector.StopAsync(CancellationToken.None);
        await second.Projector.StopAsync(CancellationToken.None);
        Dictionary<SummaryKey, SummaryFigures> made = await first.CellsAsync();
        Assert.Equal(8 * 25 * 3, made.Where(cell => cell.Key.Dimension == "").Sum(cell => cell.Value.Events));
        await second.Projector.RebuildAsync(second.Workspace, CancellationToken.None);
        Assert.Equal(Dump.Of(await second.CellsAsync()), Dump.Of(made));
    }

    [Fact(DisplayName = "LOG-2: a node alone reads nothing of its own commits back, although others might write")]
    public async Task OwnCommitsAreNotReadBack()
    {
        HookedStore? hooks = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => hooks = new HookedStore(_database.NewStore(null)), Catalog);
        long read = 0;
        TaskCompletionSource looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        hooks!.Followed = page =>
        {
            Interlocked.Add(ref read, page.Count);
            looked.TrySetResult();
        };
        await desk.Projector.StartAsync(CancellationToken.None);

        // Its first pass finds nothing, and no other follows while the clock stands still.
        await looked.Task;
        for (int i = 0; i < 20; i++)
        {
            await ConsumeAsync(desk, $"evt-{i}", $"account-{i % 3}", "costly");
        }

        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(0, read);
        Assert.Equal(20, (await desk.CellsAsync()).Where(cell => cell.Key.Dimension == "").Sum(cell => cell.Value.Events));
    }

    [Fact(DisplayName = "PLAN-1, BAL-2: while a limit goes to 0 and back under load, no node grants after 0 was acknowledged, nor denies after it was raised")]
    public async Task AChangeOfLimitsIsStrict()
    {
        await using UsageDesk first = await OpenAsync(Duration.Zero);
        await using UsageDesk second = await OpenAsync(Duration.Zero);
        await using UsageDesk third = await OpenAsync(Duration.Zero);
        UsageDesk[] nodes = [first, second, third];
        await ConsumeAsync(first, "first", "acme", "costly");
        List<(bool IsOpen, long Sent, long Acknowledged)> changes = [];
        ConcurrentBag<(bool Allowed, long Sent, long Answered)> answers = [];
        using CancellationTokenSource stop = new();
        Task[] callers =
        [
            .. Enumerable.Range(0, 24).Select(caller => Task.Run(async () =>
            {
                for (int i = 0; !stop.IsCancellationRequested; i++)
                {
                    long sent = Stopwatch.GetTimestamp();
                    Outcome outcome = await ConsumeAsync(nodes[(caller + i) % 3], $"c-{caller}-{i}", "acme", "costly");
                    answers.Add((outcome.Allowed, sent, Stopwatch.GetTimestamp()));
                }
            })),
        ];
        for (int change = 0; change < 40; change++)
        {
            bool open = change % 2 == 1;
            LimitOverride limit = new("units", ScopeKind.Account, null, new Quantity(open ? 1_000_000 : 0), null, null);
            long sent = Stopwatch.GetTimestamp();
            Outcome outcome = await nodes[change % 3].Get<AccountService>().ChangeAsync(
                first.Workspace, Sample.Acme, new AccountChange { SetOverride = limit }, null, create: false, AuditActor.Host, CancellationToken.None);
            Assert.True(outcome.Allowed, outcome.Failure?.Message);
            changes.Add((open, sent, Stopwatch.GetTimestamp()));

            // Until some have been asked and answered under it.
            int before = answers.Count;
            while (answers.Count < before + 60)
            {
                await Task.Yield();
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers);
        int judged = 0;
        foreach (((bool open, _, long acknowledged), long next) in changes.Zip(changes.Skip(1).Select(change => change.Sent).Append(long.MaxValue)))
        {
            (bool Allowed, long Sent, long Answered)[] under = [.. answers.Where(answer => answer.Sent > acknowledged && answer.Answered < next)];
            judged += under.Length;
            Assert.All(under, answer => Assert.Equal(open, answer.Allowed));
        }

        Assert.True(judged > 500, $"Only {judged} answers lie wholly under one limit.");
        Assert.Equal(1 + answers.Count(answer => answer.Allowed), await UsedAsync(first, "acme", "units"));
    }

    private async Task<UsageDesk> OpenAsync(Duration skew, string catalog = Catalog) =>
        await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant() + skew, _ => _database.NewStore(null), catalog);

    private static Task<Outcome> ConsumeAsync(UsageDesk desk, string id, string account, string type) => desk.Get<AdmissionService>().ConsumeAsync(
        desk.Workspace, new UsageEvent { Id = new EventId(id), Account = new AccountKey(account), Type = type, Details = EventDetails.Empty }, ConsumeMode.Enforce, CancellationToken.None);

    private static async Task<long> UsedAsync(UsageDesk desk, string account, string meter) =>
        (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, new AccountKey(account), CancellationToken.None))?.Balances.Values.Where(balance => balance.Key.Meter == meter).Sum(balance => balance.Used.Units) ?? 0;
}
