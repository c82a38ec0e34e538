using System.Text;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>The job that closes periods: over missed days, repeats, failures and other nodes it writes the same.</summary>
public abstract class ClosingTests : IDisposable
{
    private const string Catalog = """
        name: closing
        defaultPlan: free
        meters: { credits: { unit: credit, scale: 2 }, calls: { unit: call }, storage: { unit: byte, kind: level } }
        events:
          use: { charges: { credits: { per: { property: n } }, calls: 1 } }
          store: { charges: { storage: { change: { property: n } } } }
        plans:
          free: { allowances: { credits: [{ limit: 100, per: month, enforcement: soft, overage: { rate: 0.5 } }, { limit: 40, per: day, enforcement: soft }], storage: { limit: 1000 } } }
          pro:  { allowances: { credits: { limit: 500, per: month } } }
        """;

    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 1, 0, 0);

    private protected abstract Func<TimeProvider, IWeirStore> NewStore();

    public virtual void Dispose() => GC.SuppressFinalize(this);

    [Fact(DisplayName = "PER-2: 72 hours after its end a period is written down with plan, version, limit and overage as they stood at its last entry, and not before")]
    public async Task AsTheyStood()
    {
        await using UsageDesk desk = await OpenAsync();
        await UseAsync(desk, "1", 130);
        desk.Clock.Now = At(31, 23);
        await UseAsync(desk, "2", 20);
        desk.Clock.Now = s_start + Duration.FromDays(31) + Duration.FromHours(2);
        await SubscribeAsync(desk, "pro");
        await desk.PutCatalogAsync(Catalog.Replace("limit: 100,", "limit: 200,", StringComparison.Ordinal));
        desk.Clock.Now = At(35, 0) - Clock.Microsecond;
        await CloseAsync(desk);
        Assert.DoesNotContain(await ClosingsAsync(desk), line => line.Contains("month", StringComparison.Ordinal));

        desk.Clock.Now = At(35, 0);
        ScheduledJobResult run = (await CloseAsync(desk)).Result!;
        Assert.Equal((0L, 1L), (run.Failures, run.Accounts));
        Assert.Contains("credits month 2026-03-01 free@1 150 of 100 over 50 costs 25", await ClosingsAsync(desk));
        Assert.Contains("calls month 2026-03-01 free@1 2", await ClosingsAsync(desk));
        Assert.Contains("credits day 2026-03-31 free@1 20 of 40", await ClosingsAsync(desk));
    }

    [Fact(DisplayName = "PER-6: a run that is repeated, at once or by another node, changes nothing, duplicates nothing and says nothing")]
    public async Task Repeated()
    {
        await using UsageDesk desk = await OpenAsync();
        await UseAsync(desk, "1", 30);
        desk.Clock.Now = At(40, 2);
        Assert.True((await CloseAsync(desk)).Result!.Written > 0);
        List<string> before = await ClosingsAsync(desk);
        int records = await AuditAsync(desk);
        Assert.Equal(1, records);
        ClosingRun again = await CloseAsync(desk);
        Assert.Equal((ClosingOutcome.Done, 0L), (again.Outcome, again.Result!.Written));
        Assert.Equal(ClosingOutcome.NotDue, (await desk.Get<ClosingService>().RunAsync(desk.Get<StoreLifetime>().Default, onlyIfDue: true, CancellationToken.None)).Outcome);
        Assert.Equal(before, await ClosingsAsync(desk));
        Assert.Equal(records, await AuditAsync(desk));
        Assert.Empty(await desk.Store.Notifications.FollowAsync(desk.Workspace, 0, 9, CancellationToken.None));
    }

    [Theory(DisplayName = "PER-6: whether the job ran every day, or came after many missed ones, or was killed on the way: the same summaries")]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task MissedDays(int seed)
    {
        await using UsageDesk daily = await OpenAsync();
        await using UsageDesk missed = await OpenAsync();
        HookedStore? hooked = null;
        Func<TimeProvider, IWeirStore> inner = NewStore();
        await using UsageDesk killed = await OpenAsync(time => hooked = new HookedStore(inner(time)));
        foreach (UsageDesk desk in new[] { daily, missed, killed })
        {
            desk.Get<ClosingService>().Pause = TimeSpan.Zero;
            await LiveAsync(desk, seed, async day =>
            {
                if (desk == daily)
                {
                    Assert.Equal(ClosingOutcome.Done, (await CloseAsync(desk)).Outcome);
                }
                else if (desk == killed && day % 9 == 8)
                {
                    // The run dies after its first write; its lease is left behind.
                    hooked!.Periods = new DyingPeriods(hooked.Periods);
                    await Assert.ThrowsAsync<OutOfMemoryException>(() => CloseAsync(desk));
                    hooked.Periods = ((DyingPeriods)hooked.Periods).Inner;
                    Assert.Equal(ClosingOutcome.Elsewhere, (await CloseAsync(desk)).Outcome);
                }
            });
            desk.Clock.Now += Duration.FromHours(1);
            Assert.Equal(ClosingOutcome.Done, (await CloseAsync(desk)).Outcome);
        }

        List<string> expected = await ClosingsAsync(daily);
        Assert.True(expected.Count > 15, $"{expected.Count} summaries.");
        Assert.Equal(expected, await ClosingsAsync(missed));
        Assert.Equal(expected, await ClosingsAsync(killed));
        Assert.True((await daily.Get<Verifier>().VerifyAsync(daily.Workspace, CancellationToken.None)).IsClean);
    }

    [Fact(DisplayName = "PER-6: months and years without usage are written down with the plan of their end; an account that was never used has none")]
    public async Task Dormant()
    {
        await using UsageDesk desk = await OpenAsync();
        await PutAsync(desk, "never");
        await UseAsync(desk, "1", 10);
        desk.Clock.Now = At(40, 0);
        await SubscribeAsync(desk, "pro");
        desk.Clock.Now = s_start + Duration.FromDays(100);
        await CloseAsync(desk);
        List<string> months = [.. (await ClosingsAsync(desk)).Where(line => line.StartsWith("credits month", StringComparison.Ordinal))];
        Assert.Equal(["credits month 2026-03-01 free@1 10 of 100", "credits month 2026-04-01 pro@1 0 of 500", "credits month 2026-05-01 pro@1 0 of 500"], months);
        Assert.Empty(await ClosingsAsync(desk, "never"));
    }

    [Fact(DisplayName = "GRANT-3: the job opens the new periods of accounts that nobody uses, so that what was left rolls over; a repeat opens nothing")]
    public async Task OpensPeriods()
    {
        const string rolling = """
            name: rolling
            defaultPlan: free
            meters: { credits: { unit: credit, scale: 2 }, calls: { unit: call } }
            events: { use: { charges: { credits: { per: { property: n } }, calls: 1 } } }
            plans: { free: { allowances: { credits: { limit: 100, per: month, rollover: { max: 50 } } } } }
            """;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start, NewStore(), rolling);
        await UseAsync(desk, "1", 70);
        desk.Clock.Now = At(33, 2);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(ClosingOutcome.Done, (await CloseAsync(desk)).Outcome);
            AccountState state = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
            Grant rolled = Assert.Single(state.Grants.Values);
            Assert.Equal((true, new Quantity(3_000)), (rolled.Terms.IsRolledOver, rolled.Terms.Amount));
        }

        Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
    }

    [Fact(DisplayName = "PER-5: history that an import may still change is not closed")]
    public async Task Imported()
    {
        await using UsageDesk desk = await OpenAsync();
        await PutAsync(desk, "acme");
        await desk.RecordAsync("old", "use", [("n", 5)], at: s_start - Duration.FromDays(200), import: true);
        desk.Clock.Now = At(20, 0);
        await CloseAsync(desk);
        Assert.Empty(await ClosingsAsync(desk));
        await UseAsync(desk, "1", 10);
        await desk.RecordAsync("older", "use", [("n", 5)], at: s_start - Duration.FromDays(201), import: true);
        desk.Clock.Now = At(45, 0);
        await CloseAsync(desk);
        Assert.All(await ClosingsAsync(desk), line => Assert.Contains(" 2026-03-", line, StringComparison.Ordinal));
        Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
    }

    [Fact(DisplayName = "PER-7: while another node has the job nobody else runs it; when that node dies, its lease ends and another takes over")]
    public async Task OtherNode()
    {
        await using UsageDesk desk = await OpenAsync();
        await UseAsync(desk, "1", 30);
        desk.Clock.Now = At(40, 2);
        ScheduledJobLease dead = (await desk.Store.ScheduledJobs.TakeAsync(desk.Workspace, ClosingService.Job, "dead", Duration.FromMinutes(5), CancellationToken.None))!;
        Assert.Equal(ClosingOutcome.Elsewhere, (await CloseAsync(desk)).Outcome);
        Assert.Empty(await ClosingsAsync(desk));
        desk.Clock.Advance(Duration.FromMinutes(5));
        Assert.Equal(ClosingOutcome.Done, (await CloseAsync(desk)).Outcome);
        Assert.NotEmpty(await ClosingsAsync(desk));
        Assert.False(await desk.Store.ScheduledJobs.KeepAsync(desk.Workspace, dead, Duration.FromMinutes(5), CancellationToken.None));
    }

    [Fact(DisplayName = "PER-7: a store that does not answer is asked again; a run that fails all the same is told once a day, frees the job and is done by the next")]
    public async Task Failing()
    {
        HookedStore? hooked = null;
        Func<TimeProvider, IWeirStore> inner = NewStore();
        await using UsageDesk desk = await OpenAsync(time => hooked = new HookedStore(inner(time)));
        desk.Get<ClosingService>().Pause = TimeSpan.Zero;
        await UseAsync(desk, "1", 30);
        desk.Clock.Now = At(40, 2);
        IPeriodStore good = hooked!.Periods;
        hooked.Periods = new FailingPeriods(good, failures: 3);
        Assert.Equal(ClosingOutcome.Done, (await CloseAsync(desk)).Outcome);

        desk.Clock.Now = At(41, 2);
        await UseAsync(desk, "2", 30);
        desk.Clock.Now = At(46, 2);
        for (int i = 0; i < 2; i++)
        {
            hooked.Periods = new FailingPeriods(good, failures: 4);
            ClosingRun failed = await CloseAsync(desk);
            Assert.Equal((ClosingOutcome.Failed, "not now"), (failed.Outcome, failed.Result!.Error));
        }

        StoredNotification told = (await desk.Store.Notifications.FollowAsync(desk.Workspace, 0, 9, CancellationToken.None)).Single();
        Assert.Equal(NotificationTypes.ScheduleLate, told.Notification.Type);
        Assert.Equal("failed", (string?)JsonNode.Parse(told.Notification.Data.Span)!["status"]);
        ClosingReport report = await desk.Get<ClosingService>().ReadAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal((false, "not now"), (report.IsLate, report.State!.Last!.Error));
        desk.Clock.Now = At(46, 5);
        Assert.True((await desk.Get<ClosingService>().ReadAsync(desk.Workspace, CancellationToken.None)).IsLate);

        hooked.Periods = good;
        Assert.Equal(ClosingOutcome.Done, (await CloseAsync(desk)).Outcome);
        Assert.Contains("credits day 2026-04-10 free@1 30 of 40", await ClosingsAsync(desk));
        Assert.False((await desk.Get<ClosingService>().ReadAsync(desk.Workspace, CancellationToken.None)).IsLate);

        // The run that did it at last says that it was late.
        IReadOnlyList<StoredNotification> all = await desk.Store.Notifications.FollowAsync(desk.Workspace, 0, 9, CancellationToken.None);
        Assert.Equal(["failed", "late"], all.Select(note => (string?)JsonNode.Parse(note.Notification.Data.Span)!["status"]));
    }

    [Fact(DisplayName = "PER-7: an account that cannot be closed holds up no other, and is closed by a later run")]
    public async Task OneAccountFails()
    {
        HookedStore? hooked = null;
        Func<TimeProvider, IWeirStore> inner = NewStore();
        await using UsageDesk desk = await OpenAsync(time => hooked = new HookedStore(inner(time)));
        foreach (string account in new[] { "a", "b", "c" })
        {
            await UseAsync(desk, account, 30, account);
        }

        desk.Clock.Now = At(40, 2);
        IPeriodStore good = hooked!.Periods;
        hooked.Periods = new FailingPeriods(good, failures: 0) { Broken = await desk.IdOfAsync("b") };
        ClosingRun run = await CloseAsync(desk);
        Assert.Equal((ClosingOutcome.Failed, 1L, 3L), (run.Outcome, run.Result!.Failures, run.Result.Accounts));
        Assert.NotEmpty(await ClosingsAsync(desk, "c"));
        Assert.Empty(await ClosingsAsync(desk, "b"));
        hooked.Periods = good;
        Assert.Equal(ClosingOutcome.Done, (await CloseAsync(desk)).Outcome);
        Assert.Equal(await ClosingsAsync(desk, "c"), await ClosingsAsync(desk, "b"));
    }

    [Fact(DisplayName = "PER-7: every day at 02:00 UTC, whatever the zone of the machine, and soon after a start that missed it; it can be switched off")]
    public async Task Schedule()
    {
        FakeClock clock = new(Instant.FromUtc(2026, 3, 29, 1, 30));
        Quartz.ITrigger daily = ClosingSchedule.Daily(clock);
        DateTimeOffset? at = clock.GetUtcNow();
        foreach (int day in new[] { 29, 30, 31 })
        {
            at = daily.GetFireTimeAfter(at);
            Assert.Equal(new DateTimeOffset(2026, 3, day, 2, 0, 0, TimeSpan.Zero), at);
        }

        Assert.Equal(Instant.FromUtc(2026, 3, 28, 2, 0), ClosingService.DueAt(clock.Now));
        Assert.Equal(Instant.FromUtc(2026, 3, 29, 2, 0), ClosingService.DueAt(Instant.FromUtc(2026, 3, 29, 2, 0)));

        await using UsageDesk desk = await OpenAsync();
        await UseAsync(desk, "1", 30);
        desk.Clock.Now = At(40, 2);
        WeirOptions off = new() { Closing = false };
        ClosingSchedule never = new(desk.Get<ClosingService>(), desk.Get<RetentionService>(), off, desk.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger<ClosingSchedule>.Instance) { AfterStart = TimeSpan.Zero };
        await never.StartedAsync(CancellationToken.None);
        Assert.False(never.IsRunning);
        ClosingSchedule schedule = new(desk.Get<ClosingService>(), desk.Get<RetentionService>(), new WeirOptions(), desk.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger<ClosingSchedule>.Instance) { AfterStart = TimeSpan.Zero };
        await schedule.StartedAsync(CancellationToken.None);
        while ((await desk.Store.ScheduledJobs.FindAsync(desk.Workspace, ClosingService.Job, CancellationToken.None))?.FinishedAt is null)
        {
            await Task.Delay(10);
        }

        await schedule.StoppingAsync(CancellationToken.None);
        await schedule.DisposeAsync();
        Assert.NotEmpty(await ClosingsAsync(desk));
    }

    private static Instant At(int day, int hour) => s_start + Duration.FromDays(day - 1) + Duration.FromHours(hour);

    private async Task<UsageDesk> OpenAsync(Func<TimeProvider, IWeirStore>? store = null) => await UsageDesk.OpenAsync(s_start, store ?? NewStore(), Catalog);

    private static Task UseAsync(UsageDesk desk, string id, decimal n, string account = "acme") => desk.RecordAsync(id, "use", [("n", n)], account);

    private static Task PutAsync(UsageDesk desk, string account) =>
        desk.Get<AccountService>().ChangeAsync(desk.Workspace, new AccountKey(account), new AccountChange(), null, true, AuditActor.Host, CancellationToken.None);

    private static Task SubscribeAsync(UsageDesk desk, string plan) =>
        desk.Get<AccountService>().ChangeAsync(desk.Workspace, Sample.Acme, new AccountChange { Subscribe = new SubscriptionChange(plan) }, null, false, AuditActor.Host, CancellationToken.None);

    private static Task<ClosingRun> CloseAsync(UsageDesk desk) => desk.Get<ClosingService>().RunAsync(desk.Get<StoreLifetime>().Default, onlyIfDue: false, CancellationToken.None);

    private static async Task<int> AuditAsync(UsageDesk desk) =>
        (await desk.Store.Audit.ReadAsync(desk.Workspace, new AuditFilter(), CancellationToken.None)).Count(record => record.Action == AuditActions.PeriodsClosed);

    /// <summary>What was written down of an account: <c>meter per start plan@version used of limit over overage costs price</c>.</summary>
    private static async Task<List<string>> ClosingsAsync(UsageDesk desk, string account = "acme")
    {
        IReadOnlyList<EndedPeriod> periods = await desk.Store.Periods.ReadAsync(
            desk.Workspace, await desk.IdOfAsync(account), new PeriodFilter { EndedBy = Instant.FromUtc(2100, 1, 1, 0, 0), Limit = 1000 }, CancellationToken.None);
        return
        [
            .. periods.Where(period => period.Summary is not null).Select(period => Text(period.Summary!)).Order(StringComparer.Ordinal),
        ];
    }

    private static string Text(ClosingSummary summary)
    {
        StringBuilder text = new($"{summary.Key.Meter} {summary.Key.Per.Name()} {summary.Key.PeriodStart:uuuu-MM-dd} {summary.Plan}@{summary.CatalogVersion} {summary.Used.ToDecimal(summary.Scale)}");
        text.Append(summary.Limit is { } limit ? $" of {limit.ToDecimal(summary.Scale)}" : "");
        return text.Append(summary.Overage > Quantity.Zero ? $" over {summary.Overage.ToDecimal(summary.Scale)} costs {Decimals.Normalize(summary.OverageCost?.Amount ?? 0)}" : "").ToString();
    }

    /// <summary>Seventy days of several accounts, the same for the same seed: use of any size, late events, changes of plan, corrections, idle stretches.</summary>
    private static async Task LiveAsync(UsageDesk desk, int seed, Func<int, Task> atTwo)
    {
        Random random = new(seed);
        for (int day = 0; day < 70; day++)
        {
            desk.Clock.Now = s_start + Duration.FromDays(day) + Duration.FromHours(2);
            await atTwo(day);
            for (int i = 0; i < random.Next(4); i++)
            {
                desk.Clock.Advance(Duration.FromMinutes(random.Next(300)));
                string account = random.Next(3) == 0 ? "other" : "acme";
                string id = $"{day}-{i}";
                switch (random.Next(8))
                {
                    case 0:
                        await desk.RecordAsync(id, "use", [("n", random.Next(60))], account, at: desk.Clock.Now - Duration.FromHours(random.Next(120)));
                        break;
                    case 1:
                        await UseAsync(desk, id, 20, account);
                        await desk.AdjustAsync(id + "-back", "credits", -random.Next(1, 20), account);
                        break;
                    case 2:
                        await UseAsync(desk, id, 20, account);
                        await desk.ReverseAsync(id);
                        break;
                    case 3 when day > 3:
                        await PutAsync(desk, "acme");
                        await SubscribeAsync(desk, random.Next(2) == 0 ? "free" : "pro");
                        break;
                    default:
                        await UseAsync(desk, id, random.Next(60), account);
                        break;
                }
            }
        }
    }

    /// <summary>Writes once and then takes the process with it, as far as a test can: nothing more is written, not even the end of the run.</summary>
    private sealed class DyingPeriods(IPeriodStore inner) : IPeriodStore
    {
        public IPeriodStore Inner => inner;

        public ValueTask<IReadOnlyList<(long Account, Balance Balance)>> ReadEndedAsync(
            WorkspaceId workspace, IReadOnlyCollection<long> accounts, Instant after, Instant upTo, CancellationToken cancellationToken) =>
            inner.ReadEndedAsync(workspace, accounts, after, upTo, cancellationToken);

        public ValueTask<IReadOnlyDictionary<BalanceKey, LastMove>> ReadLastMovesAsync(
            WorkspaceId workspace, long account, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken) =>
            inner.ReadLastMovesAsync(workspace, account, balances, cancellationToken);

        public async ValueTask<int> CloseAsync(WorkspaceId workspace, IReadOnlyList<ClosingSummary> summaries, Instant closedAt, CancellationToken cancellationToken)
        {
            await inner.CloseAsync(workspace, summaries, closedAt, cancellationToken);
#pragma warning disable CA2201, MA0012 // The one exception that no room catches: what comes after it does not happen, as when the process dies.
            throw new OutOfMemoryException("The process dies here.");
#pragma warning restore CA2201, MA0012
        }

        public ValueTask<IReadOnlyList<EndedPeriod>> ReadAsync(WorkspaceId workspace, long account, PeriodFilter filter, CancellationToken cancellationToken) =>
            inner.ReadAsync(workspace, account, filter, cancellationToken);
    }

    private sealed class FailingPeriods(IPeriodStore inner, int failures) : IPeriodStore
    {
        private int _left = failures;

        /// <summary>An account whose log cannot be read.</summary>
        public long? Broken { get; init; }

        public ValueTask<IReadOnlyList<(long Account, Balance Balance)>> ReadEndedAsync(
            WorkspaceId workspace, IReadOnlyCollection<long> accounts, Instant after, Instant upTo, CancellationToken cancellationToken) =>
            inner.ReadEndedAsync(workspace, accounts, after, upTo, cancellationToken);

        public ValueTask<IReadOnlyDictionary<BalanceKey, LastMove>> ReadLastMovesAsync(
            WorkspaceId workspace, long account, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken) =>
            account == Broken ? throw new InvalidDataException("A row cannot be read.") : inner.ReadLastMovesAsync(workspace, account, balances, cancellationToken);

        public ValueTask<int> CloseAsync(WorkspaceId workspace, IReadOnlyList<ClosingSummary> summaries, Instant closedAt, CancellationToken cancellationToken) =>
            _left-- > 0 ? throw new StoreUnavailableException("not now") : inner.CloseAsync(workspace, summaries, closedAt, cancellationToken);

        public ValueTask<IReadOnlyList<EndedPeriod>> ReadAsync(WorkspaceId workspace, long account, PeriodFilter filter, CancellationToken cancellationToken) =>
            inner.ReadAsync(workspace, account, filter, cancellationToken);
    }
}

public sealed class MemoryClosingTests : ClosingTests
{
    private protected override Func<TimeProvider, IWeirStore> NewStore() => time => new MemoryStore(time);
}

public sealed class SqliteClosingTests : ClosingTests
{
    private readonly List<SqliteFolder> _folders = [];

    public override void Dispose()
    {
        _folders.ForEach(folder => folder.Dispose());
        base.Dispose();
    }

    private protected override Func<TimeProvider, IWeirStore> NewStore()
    {
        SqliteFolder folder = new();
        _folders.Add(folder);
        return time => new SqliteStore(folder.Options, time);
    }
}

public sealed class PostgreSqlClosingTests : ClosingTests
{
    private readonly List<PostgreSqlDatabase> _databases = [];

    public override void Dispose()
    {
        _databases.ForEach(database => database.Dispose());
        base.Dispose();
    }

    private protected override Func<TimeProvider, IWeirStore> NewStore()
    {
        PostgreSqlDatabase database = new();
        _databases.Add(database);
        return database.NewStore;
    }
}
