using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public sealed class VerifierTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 14, 9, 26, 53);

    [Theory(DisplayName = "LOG-3: after work of every kind each balance is the fold of the log, and the summaries follow from it")]
    [InlineData(31, 1_000_000)]
    [InlineData(32, 40)]
    [InlineData(33, 1)]
    public async Task WorkLeavesEverythingClean(int seed, int cellsAtATime)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.WorkAsync(seed, 80);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        await desk.WorkAsync(seed + 100, 20);

        Verification verification = await new Verifier(desk.Store, desk.Get<CatalogService>()) { CellsAtATime = cellsAtATime }.VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.True(verification.IsClean, string.Join('\n', verification.BalanceDifferences.Select(d => d.ToString()).Concat(verification.SummaryDifferences.Select(d => d.ToString()))));
        Assert.Equal(await desk.Store.Ledger.LastSequenceAsync(desk.Workspace, CancellationToken.None), verification.Entries);
        Assert.True(verification.Balances > 10);
        Assert.True(verification.Cells >= (await desk.CellsAsync()).Count);
    }

    [Fact(DisplayName = "LOG-3: a changed balance is named, with what is stored and what the log says")]
    public async Task AChangedBalanceIsNamed()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "diagnose", details: new EventDetails { User = "u" }, cost: 1);
        long id = await desk.IdOfAsync();
        AccountState state = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        AccountState head = await desk.Store.Ledger.ReadWorkspaceStateAsync(desk.Workspace, CancellationToken.None);
        BalanceKey credits = state.Balances.Keys.Single(key => key is { Meter: "credits", Scope: ScopeKind.Account });
        BalanceKey user = state.Balances.Keys.Single(key => key is { Meter: "credits", Scope: ScopeKind.User });
        BalanceKey cost = head.Balances.Keys.Single(key => key.Meter == Meter.CostKey);
        await ChangeAsync(desk, state, credits, 999, "acme");
        await ChangeAsync(desk, state, user, 0, "acme");
        await ChangeAsync(desk, state, new BalanceKey(ScopeKind.Account, 0, "calls", Per.Lifetime, Instant.MinValue), 7, "acme");
        await ChangeAsync(desk, head, cost, 1_000_000_001, null);

        Verification verification = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.False(verification.IsClean);
        Assert.Equal(4, verification.Differences);
        Assert.Equal(
            new[]
            {
                new BalanceDifference(null, 0, cost, "used", new Quantity(1_000_000_001), new Quantity(1_000_000_000)),
                new BalanceDifference("acme", id, new BalanceKey(ScopeKind.Account, 0, "calls", Per.Lifetime, Instant.MinValue), "used", new Quantity(7), Quantity.Zero),
                new BalanceDifference("acme", id, user, "used", Quantity.Zero, new Quantity(1_000)),
                new BalanceDifference("acme", id, credits, "used", new Quantity(999), new Quantity(1_000)),
            },
            verification.BalanceDifferences.OrderBy(d => d.AccountId).ThenBy(d => d.Stored.Units == 0 ? 500 : d.Stored.Units));
        Assert.Contains(
            "balance of acme: used credits per month from 2026-03-14T00:00:00Z: 999 is stored, the log says 1000",
            verification.BalanceDifferences.Select(d => d.ToString()));
    }

    [Theory(DisplayName = "LOG-3: a changed, a missing and an invented cell of the summaries are named")]
    [InlineData(1_000_000)]
    [InlineData(1)]
    public async Task AChangedSummaryIsNamed(int cellsAtATime)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "ping", details: new EventDetails { Source = "web" });
        await desk.RecordAsync("2", "ping", account: "beta");
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        long acme = await desk.IdOfAsync();
        long beta = await desk.IdOfAsync("beta");
        Instant bucket = SummaryKey.BucketOf(s_start);
        SummaryKey changed = new(acme, bucket, "ping", "", "");
        SummaryKey missing = new(beta, bucket, "ping", "", "");
        SummaryKey invented = new(acme, bucket - Duration.FromDays(100), "ping", "properties.gone", "x");
        await AddAsync(desk, (changed, Figures(3, ("calls", 5), ("credits", 1))), (missing, Figures(-1, ("calls", -1))), (invented, Figures(2)));

        Verification verification = await new Verifier(desk.Store, desk.Get<CatalogService>()) { CellsAtATime = cellsAtATime }.VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.Empty(verification.BalanceDifferences);
        Assert.Equal(6, verification.Differences);
        Assert.Equal(
            new[]
            {
                new SummaryDifference("acme", invented, "events", 2, 0),
                new SummaryDifference("acme", changed, "amounts.calls", 6, 1),
                new SummaryDifference("acme", changed, "amounts.credits", 1, 0),
                new SummaryDifference("acme", changed, "events", 4, 1),
                new SummaryDifference("beta", missing, "amounts.calls", 0, 1),
                new SummaryDifference("beta", missing, "events", 0, 1),
            },
            verification.SummaryDifferences.OrderBy(d => d.Account, StringComparer.Ordinal).ThenBy(d => d.Cell.Bucket).ThenBy(d => d.Figure, StringComparer.Ordinal));
        Assert.Contains(
            "summary of beta: amounts.calls of ping at 2026-03-14T09:15:00Z: 0 is stored, the log says 1",
            verification.SummaryDifferences.Select(d => d.ToString()));
    }

    [Fact(DisplayName = "LOG-3: many differences are counted all and named up to a bound")]
    public async Task ManyDifferencesAreCounted()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "ping");
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        long id = await desk.IdOfAsync();
        await AddAsync(desk, [.. Enumerable.Range(0, Verification.MostNamed + 5).Select(i => (new SummaryKey(id, SummaryKey.BucketOf(s_start), $"type-{i}", "", ""), Figures(1)))]);
        Verification verification = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(Verification.MostNamed + 5, verification.Differences);
        Assert.Equal(Verification.MostNamed, verification.SummaryDifferences.Length);
    }

    [Fact(DisplayName = "LOG-3: while others write and sum, nothing is found that is not there")]
    public async Task OthersMayWriteMeanwhile()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        Task work = desk.WorkAsync(41, 150, i => i % 40 == 0 ? desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None) : Task.CompletedTask);
        int times = 0;
        do
        {
            Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
            times++;
        }
        while (!work.IsCompleted);
        await work;
        Assert.True(times > 0 && (await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
    }

    private static SummaryFigures Figures(long events, params (string Meter, long Amount)[] amounts) =>
        SummaryFigures.Zero with { Events = events, Amounts = ImmutableSortedDictionary<string, long>.Empty.AddRange(amounts.Select(a => KeyValuePair.Create(a.Meter, a.Amount))) };

    private static async Task AddAsync(UsageDesk desk, params (SummaryKey Key, SummaryFigures Figures)[] cells)
    {
        long checkpoint = await desk.Store.Summaries.CheckpointAsync(desk.Workspace, CancellationToken.None);
        Assert.True(await desk.Store.Summaries.AddAsync(desk.Workspace, checkpoint, checkpoint, cells.ToDictionary(c => c.Key, c => c.Figures), CancellationToken.None));
    }

    private static async Task ChangeAsync(UsageDesk desk, AccountState state, BalanceKey key, long used, string? account)
    {
        Balance changed = Balance.Empty(key, key.Per == Per.Lifetime ? Instant.MaxValue : state.Balances[key].PeriodEnd) with { Used = new Quantity(used) };
        await using ILedgerTransaction transaction = await desk.Store.Ledger.BeginAsync(desk.Workspace, CancellationToken.None);
        await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, CancellationToken.None);
        await transaction.WriteAsync(
            new LedgerWrites
            {
                Accounts = [new AccountWrite(state with { Balances = state.Balances.SetItem(key, changed) }, [key], []) { Key = account is null ? null : new AccountKey(account) }],
            },
            CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
    }
}
