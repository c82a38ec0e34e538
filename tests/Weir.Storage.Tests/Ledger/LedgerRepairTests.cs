using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>Balances and summaries that something has changed behind Weir's back, set to what the log says, whatever the store.</summary>
public abstract class LedgerRepairTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 3, 10, 12, 0);

    private static CancellationToken None => CancellationToken.None;

    [Fact(DisplayName = "LOG-3: a repair sets the balances that differ to what the log says, of users and of the workspace too, and touches nothing else; a second one finds nothing")]
    public async Task BalancesAreSet()
    {
        await using UsageDesk desk = await OpenAsync();
        foreach (string account in (string[])["acme", "beta"])
        {
            for (int i = 0; i < 5; i++)
            {
                await desk.RecordAsync($"{account}-{i}", "diagnose", details: new EventDetails { User = "ada" }, account: account, cost: 0.5m);
                await desk.RecordAsync($"{account}-s{i}", "stored", [("bytes", 100)], account: account);
            }
        }

        string before = await BooksAsync(desk);
        BalanceKey[] changed = [.. (await StateAsync(desk)).Balances.Keys];
        Assert.Contains(changed, key => key.Scope == ScopeKind.User);
        await ChangeAsync(desk, Sample.Acme, balance => balance with { Used = balance.Used + new Quantity(7) });
        await ChangeAsync(desk, Sample.Acme, balance => balance.Key.Meter == "storage" ? balance with { Held = balance.Held + new Quantity(3), Used = Quantity.Zero } : balance);
        await ChangeAsync(desk, null, balance => balance with { Used = balance.Used - new Quantity(11) });
        Assert.NotEqual(before, await BooksAsync(desk));
        int wrong = (await VerifyAsync(desk)).BalanceDifferences.Length;
        Assert.InRange(wrong, changed.Length + 2, 100);

        RepairReport report = (await desk.Get<LedgerRepair>().RunAsync(desk.Workspace, AuditActor.Cli, None))!;
        Assert.True(report.Left.IsClean, Dump.Of(report.Left));
        Assert.Equal((wrong, false), (report.Repaired.Length, report.Rebuilt));
        Assert.Equal(before, await BooksAsync(desk));
        IReadOnlyList<AuditRecord> said = await SaidAsync(desk);
        Assert.Equal(2, said.Count);
        Assert.Contains(said, record => record.Target == AuditTarget.Account(Account.WorkspaceHead));
        Assert.All(said, record => Assert.Equal(AuditActor.Cli, record.Actor));

        report = (await desk.Get<LedgerRepair>().RunAsync(desk.Workspace, AuditActor.Cli, None))!;
        Assert.Equal((0, false, true), (report.Repaired.Length, report.Rebuilt, report.Left.IsClean));
        Assert.Equal(2, (await SaidAsync(desk)).Count);
    }

    [Fact(DisplayName = "LOG-3, TX-1: a repair is exact while others use the account that it repairs")]
    public async Task RepairsUnderLoad()
    {
        await using UsageDesk desk = await OpenAsync();
        await desk.RecordAsync("first", "diagnose", details: new EventDetails { User = "ada" });
        using CancellationTokenSource stop = new();
        int recorded = 0;
        Task[] writers =
        [
            .. Enumerable.Range(0, 6).Select(writer => Task.Run(async () =>
            {
                for (int i = 0; !stop.IsCancellationRequested; i++)
                {
                    await desk.RecordAsync($"e-{writer}-{i}", "diagnose", details: new EventDetails { User = "ada" }, failed: false);
                    Interlocked.Increment(ref recorded);
                }
            })),
        ];
        for (int round = 1; round <= 3; round++)
        {
            for (int before = Volatile.Read(ref recorded); Volatile.Read(ref recorded) < before + 10;)
            {
                await Task.Delay(1);
            }

            await ChangeAsync(desk, Sample.Acme, balance => balance with { Used = balance.Used + new Quantity(1_000) });
            RepairReport report = (await desk.Get<LedgerRepair>().RunAsync(desk.Workspace, AuditActor.Cli, None))!;
            Assert.True(report.Left.IsClean, Dump.Of(report.Left));
            Assert.NotEmpty(report.Repaired);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        Verification found = await VerifyAsync(desk);
        Assert.True(found.IsClean, Dump.Of(found));
    }

    [Fact(DisplayName = "LOG-3: a balance that was set right by hand, so that the log says less than nothing, is left until the adjustment is taken back")]
    public async Task NothingBecomesNegative()
    {
        await using UsageDesk desk = await OpenAsync();
        await desk.RecordAsync("first", "diagnose");
        string before = Dump.Of(await CreditsAsync(desk));
        await ChangeAsync(desk, Sample.Acme, balance => IsCredits(balance) ? balance with { Used = balance.Used + new Quantity(20_000) } : balance);
        await desk.AdjustAsync("by-hand", "credits", -150);
        string adjusted = Dump.Of(await CreditsAsync(desk));
        RepairReport report = (await desk.Get<LedgerRepair>().RunAsync(desk.Workspace, AuditActor.Cli, None))!;
        Assert.Equal((0, 1), (report.Repaired.Length, report.Left.BalanceDifferences.Length));
        Assert.Equal(adjusted, Dump.Of(await CreditsAsync(desk)));
        Assert.Empty(await SaidAsync(desk));

        await desk.AdjustAsync("taken-back", "credits", 150);
        report = (await desk.Get<LedgerRepair>().RunAsync(desk.Workspace, AuditActor.Cli, None))!;
        Assert.True(report.Left.IsClean, Dump.Of(report.Left));
        Assert.Equal(before, Dump.Of(await CreditsAsync(desk)));
    }

    [Fact(DisplayName = "LOG-3: summaries that differ are made anew, and one process repairs at a time")]
    public async Task SummariesAreMadeAnew()
    {
        await using UsageDesk desk = await OpenAsync();
        await desk.RecordAsync("first", "ping");
        await desk.Projector.CatchUpAsync(desk.Workspace, None);
        string before = Dump.Of(await desk.CellsAsync());
        long checkpoint = await desk.Store.Summaries.CheckpointAsync(desk.Workspace, None);
        Dictionary<SummaryKey, SummaryFigures> more = (await desk.CellsAsync()).ToDictionary(cell => cell.Key, cell => cell.Value);
        Assert.True(await desk.Store.Summaries.AddAsync(desk.Workspace, checkpoint, checkpoint, more, None));
        Assert.NotEmpty((await VerifyAsync(desk)).SummaryDifferences);

        ScheduledJobLease lease = (await desk.Store.ScheduledJobs.TakeAsync(desk.Workspace, "repair", "another", Duration.FromMinutes(1), None))!;
        Assert.Null(await desk.Get<LedgerRepair>().RunAsync(desk.Workspace, AuditActor.Cli, None));
        Assert.True(await desk.Store.ScheduledJobs.EndAsync(desk.Workspace, lease, new ScheduledJobResult(), null, [], None));

        RepairReport report = (await desk.Get<LedgerRepair>().RunAsync(desk.Workspace, AuditActor.Cli, None))!;
        Assert.Equal((0, true, true), (report.Repaired.Length, report.Rebuilt, report.Left.IsClean));
        Assert.Equal(before, Dump.Of(await desk.CellsAsync()));
        Assert.Empty(await SaidAsync(desk));
    }

    private protected abstract IWeirStore NewStore(TimeProvider time);

    private Task<UsageDesk> OpenAsync() => UsageDesk.OpenAsync(s_now, NewStore);

    private static async Task<AccountState> StateAsync(UsageDesk desk) => (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, None))!;

    private static bool IsCredits(Balance balance) => balance.Key is { Meter: "credits", Scope: ScopeKind.Account };

    private static async Task<Balance> CreditsAsync(UsageDesk desk) => (await StateAsync(desk)).Balances.Values.Single(IsCredits);

    private static Task<Verification> VerifyAsync(UsageDesk desk) => desk.Get<Verifier>().VerifyAsync(desk.Workspace, None);

    private static async Task<IReadOnlyList<AuditRecord>> SaidAsync(UsageDesk desk) =>
        await desk.Store.Audit.ReadAsync(desk.Workspace, new AuditFilter { Action = AuditActions.BalancesRepaired }, None);

    /// <summary>All balances and the whole log.</summary>
    private static async Task<string> BooksAsync(UsageDesk desk)
    {
        List<string> books = [];
        await foreach ((long account, Balance balance) in desk.Store.Ledger.ReadBalancesAsync(desk.Workspace, None))
        {
            books.Add($"{account} {Dump.Of(balance)}");
        }

        return string.Join('\n', books.Order(StringComparer.Ordinal)) + Dump.Of(await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 1_000, None));
    }

    /// <summary>Writes other balances, as no decision would.</summary>
    /// <param name="key">Null for the workspace's own.</param>
    private static async Task ChangeAsync(UsageDesk desk, AccountKey? key, Func<Balance, Balance> change)
    {
        while (true)
        {
            await using ILedgerTransaction transaction = await desk.Store.Ledger.BeginAsync(desk.Workspace, None);
            LedgerSnapshot snapshot = await transaction.LoadAsync(new LedgerLoad { Accounts = key is { } own ? [own] : [] }, None);
            AccountState state = key is { } known ? snapshot.Accounts[known] : snapshot.Workspace;
            AccountState changed = state with
            {
                Account = state.Account with { Version = state.Account.Version + 1 },
                Balances = state.Balances.SetItems(state.Balances.Values.Select(balance => KeyValuePair.Create(balance.Key, change(balance)))),
            };
            if (await transaction.WriteAsync(new LedgerWrites { Accounts = [new AccountWrite(changed, [.. state.Balances.Keys], []) { Key = key }] }, None))
            {
                await transaction.CommitAsync(None);
                return;
            }
        }
    }
}

public sealed class MemoryLedgerRepairTests : LedgerRepairTests
{
    private protected override IWeirStore NewStore(TimeProvider time) => new MemoryStore(time);
}

public sealed class SqliteLedgerRepairTests : LedgerRepairTests, IDisposable
{
    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private protected override IWeirStore NewStore(TimeProvider time) => new SqliteStore(_folder.Options, time);
}

public sealed class PostgreSqlLedgerRepairTests : LedgerRepairTests, IDisposable
{
    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "LOG-3: a balance that is gone comes back with what the log says, of its period")]
    public async Task WhatIsGoneComesBack()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => _database.NewStore(null));
        for (int i = 0; i < 4; i++)
        {
            await desk.RecordAsync($"e-{i}", "diagnose", details: new EventDetails { User = "ada" });
        }

        AccountState before = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        PostgreSqlCluster.Current.Execute(_database.Name, "UPDATE weir.accounts SET figures = NULL WHERE id <> 0", "DELETE FROM weir.balances");
        RepairReport report = (await desk.Get<LedgerRepair>().RunAsync(desk.Workspace, AuditActor.Cli, CancellationToken.None))!;
        Assert.True(report.Left.IsClean, Dump.Of(report.Left));
        AccountState after = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        Assert.Equal(Dump.Of(before.Balances.Values.OrderBy(Dump.Of, StringComparer.Ordinal)), Dump.Of(after.Balances.Values.OrderBy(Dump.Of, StringComparer.Ordinal)));
    }

    [Fact(DisplayName = "LOG-3: a balance that somebody has put beside the one that counts is named, and neither is touched")]
    public async Task WhatStandsTwiceIsLeft()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => _database.NewStore(null));
        await desk.RecordAsync("first", "diagnose");
        AccountState before = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        Balance credits = before.Balances.Values.Single(balance => balance.Key is { Meter: "credits", Scope: ScopeKind.Account });
        PostgreSqlCluster.Current.Execute(
            _database.Name,
            $"""
            INSERT INTO weir.balances (workspace, account, period_end, meter, per, scope, scope_id, period_start, used, held)
            VALUES ({desk.Workspace.Value}, {before.Account.Id}, {Clock.ToMicros(credits.PeriodEnd)}, 'credits', {(int)credits.Key.Per}, {(int)credits.Key.Scope}, 0, {Clock.ToMicros(credits.Key.PeriodStart)}, 5, 0)
            """,
            "UPDATE weir.accounts SET has_rows = true");
        RepairReport report = (await desk.Get<LedgerRepair>().RunAsync(desk.Workspace, AuditActor.Cli, CancellationToken.None))!;
        Assert.Equal((0, 1), (report.Repaired.Length, report.Left.BalanceDifferences.Length));
        AccountState after = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        Assert.Equal(credits, after.Balances[credits.Key]);
    }

    private protected override IWeirStore NewStore(TimeProvider time) => _database.NewStore(time);
}
