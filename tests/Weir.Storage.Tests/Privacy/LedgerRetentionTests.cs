using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>The ledger goes by its age and nothing else changes, whatever the store.</summary>
public abstract class LedgerRetentionTests
{
    private static readonly Instant s_start = Instant.FromUtc(2020, 1, 10, 12, 0);

    private static readonly Instant s_march = Instant.FromUtc(2020, 3, 1, 0, 0);

    private const string Catalog = """
        name: ledger
        defaultPlan: free
        meters:
          units: { unit: unit }
          files: { unit: file, kind: level }
        events:
          use: { dimensions: [team], charges: { units: { per: { property: n } } } }
          store: { charges: { files: { change: { property: n } } } }
        plans:
          free:
            price: { monthly: 0 }
            allowances:
              units: [{ limit: 100, per: month }, { limit: 3000, per: lifetime }, { limit: 80, per: week, scope: user }]
              files: { limit: 1000 }
          large: { price: { monthly: 9 }, allowances: { units: { limit: 500, per: month } } }
        workspace:
          allowances: { cost: { limit: 500, per: calendar-month } }
        """;

    [Fact(DisplayName = "LOG-3, ID-3: retention may be cut short before and after each step: the proof stands, and balances, grants, holds and summaries stay what they were")]
    public async Task CutShortAtEveryStep()
    {
        await using UsageDesk desk = await OpenAsync(out Func<CutShortRetention> cut);
        long grant = await LiveAsync(desk);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        await VerifyAsync(desk);
        string before = await PictureAsync(desk);
        Quantity drawn = await desk.Store.Ledger.SumDrawsAsync(desk.Workspace, grant, CancellationToken.None);
        bool isDone;
        int runs = 0;
        do
        {
            cut().Left = runs++;
            isDone = await desk.Get<RetentionService>().RunAsync(desk.Workspace, CancellationToken.None);
            await VerifyAsync(desk);
            Assert.Equal(before, await PictureAsync(desk));
        }
        while (!isDone);
        Assert.True(runs >= 8, $"{runs} runs");
        Assert.Equal(s_march, await desk.Store.Retention.StartAsync(desk.Workspace, CancellationToken.None));
        Assert.Equal(drawn, await desk.Store.Ledger.SumDrawsAsync(desk.Workspace, grant, CancellationToken.None));

        // Only what something living refers to still stands of the time before.
        StoredEntry[] kept = [.. (await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 10_000, CancellationToken.None)).TakeWhile(entry => entry.Entry.RecordedAt < s_march)];
        Assert.Equal(["gift", "job", "turn"], kept.Select(entry => entry.Details.Id).Order(StringComparer.Ordinal));
        AuditRecord said = (await desk.Store.Audit.ReadAsync(desk.Workspace, new AuditFilter { Action = AuditActions.RetentionApplied }, CancellationToken.None))[0];
        Assert.Contains("\"LedgerIds\":", said.After, StringComparison.Ordinal);

        // What stays goes on: the job ends, the grant gives, its history begins with the ledger.
        Outcome done = await desk.Get<ReservationService>().CommitAsync(desk.Workspace, new EventId("job"), new ReservationEnd(), CancellationToken.None);
        Assert.Null(done.Failure);
        Assert.Equal(Refusal.None, done.Refusal);
        await RecordAsync(desk, "after", 150);
        GrantView view = (await desk.Get<GrantService>().FindAsync(desk.Workspace, Sample.Acme, new EventId("gift"), CancellationToken.None))!;
        IReadOnlyList<GrantDraw> draws = await desk.Get<GrantService>().ReadDrawsAsync(desk.Workspace, grant, 0, 100, CancellationToken.None);
        Assert.Equal(["march", "job", "after"], draws.Select(draw => draw.Of.Details.Id));
        Assert.Equal(view.Drawn, await desk.Store.Ledger.SumDrawsAsync(desk.Workspace, grant, CancellationToken.None));
        Assert.True(view.Drawn > drawn);
        await VerifyAsync(desk);

        // Ids as old as the ledger answer repeats; older ones are free.
        Assert.True((await RecordAsync(desk, "march", 130, "eve")).Replayed);
        Assert.False((await RecordAsync(desk, "january", 1)).Replayed);
        Assert.Equal(Refusal.EventNotFound, (await desk.Get<CorrectionService>().ReverseAsync(desk.Workspace, new EventId("february"), null, null, CancellationToken.None)).Refusal);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "LOG-2, LOG-3: summaries that are made anew after entries went are the same, also where something came late into the time before, and again and again")]
    public async Task RebuiltSummariesAreTheSame()
    {
        await using UsageDesk desk = await OpenAsync(out _);
        await LiveAsync(desk);
        await RunAsync(desk);
        await desk.RecordAsync("old", "use", [("n", 7)], "other", import: true, at: s_start + Duration.FromDays(9));
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        for (int i = 0; i < 3; i++)
        {
            string cells = Dump.Of(await desk.CellsAsync());
            await desk.Projector.RebuildAsync(desk.Workspace, CancellationToken.None);
            Assert.Equal(cells, Dump.Of(await desk.CellsAsync()));
            await VerifyAsync(desk);

            // A correction of what happened before the start, and an import into that time, come on top once.
            await desk.RecordAsync($"older-{i}", "store", [("n", 3)], "other", import: true, at: s_start + Duration.FromDays(9));
            await desk.ReverseAsync($"older-{i}");
            await desk.RecordAsync($"oldest-{i}", "store", [("n", 2)], "other", import: true, at: s_start + Duration.FromDays(8));
            await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
            Assert.NotEqual(cells, Dump.Of(await desk.CellsAsync()));
            desk.Clock.Advance(Duration.FromDays(31));
            await RunAsync(desk);
            await VerifyAsync(desk);
        }
    }

    [Fact(DisplayName = "PER-2, LOG-3: where the closing of periods is behind, the entries that it will look for stay")]
    public async Task ClosingIsBehind()
    {
        await using UsageDesk desk = await OpenAsync(out _);
        await LiveAsync(desk);
        foreach ((Instant? through, Instant start) in ((Instant?, Instant)[])[(null, Instant.MinValue), (s_start + Duration.FromDays(405), Instant.MinValue), (s_start + Duration.FromDays(425), Instant.FromUtc(2020, 2, 1, 0, 0)), (desk.Clock.Now, s_march)])
        {
            ScheduledJobLease lease = (await desk.Store.ScheduledJobs.TakeAsync(desk.Workspace, ClosingService.Job, "test", Duration.FromMinutes(1), CancellationToken.None))!;
            Assert.True(await desk.Store.ScheduledJobs.EndAsync(desk.Workspace, lease, new ScheduledJobResult { Through = through, Error = through is null ? "It failed." : null }, null, [], CancellationToken.None));
            await RunAsync(desk);
            Assert.Equal(start, await desk.Store.Retention.StartAsync(desk.Workspace, CancellationToken.None));
        }
    }

    [Fact(DisplayName = "LOG-3: a sum that was carried wrongly is found, balance by balance")]
    public async Task AWrongSumIsFound()
    {
        await using UsageDesk desk = await OpenAsync(out Func<CutShortRetention> cut);
        await LiveAsync(desk);
        cut().Wrong = new Quantity(1);
        await RunAsync(desk);
        Verification found = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.Contains(found.BalanceDifferences, difference => difference is { Account: "acme", Figure: "used" } && difference.Computed == difference.Stored + new Quantity(1));
        Assert.Empty(found.SummaryDifferences);
    }

    [Fact(DisplayName = "LOG-2, LOG-3: a question that would read the log before its start is answered with the start; summaries answer for all of time")]
    public async Task QuestionsBeforeTheStart()
    {
        await using UsageDesk desk = await OpenAsync(out _);
        await LiveAsync(desk);
        MeterQueryService meters = desk.Get<MeterQueryService>();
        MeterQuery days = new() { Meter = "units", From = s_start - Duration.FromDays(10), To = s_march + Duration.FromDays(10), WindowSize = WindowSize.Day };
        MeterQuery minutes = days with { From = s_march - Duration.FromMinutes(1), To = s_march + Duration.FromDays(1), WindowSize = WindowSize.Minute };
        MeterAnswer before = await meters.QueryAsync(desk.Workspace, days, CancellationToken.None);
        await meters.QueryAsync(desk.Workspace, minutes, CancellationToken.None);
        await RunAsync(desk);
        Assert.Equal(Dump.Of(before), Dump.Of(await meters.QueryAsync(desk.Workspace, days, CancellationToken.None)));
        BeforeLedgerException refused = await Assert.ThrowsAsync<BeforeLedgerException>(async () => await meters.QueryAsync(desk.Workspace, minutes, CancellationToken.None));
        Assert.Equal(s_march, refused.Start);
        Assert.Contains("2020-03-01T00:00:00Z", refused.Message, StringComparison.Ordinal);
        Assert.Null((await meters.QueryAsync(desk.Workspace, minutes with { From = s_march }, CancellationToken.None)).Failure);
    }

    [Fact(DisplayName = "LOG-3: a month that does not fit into memory is carried in several passes, and what is carried is the same")]
    public async Task ManyPasses()
    {
        string atOnce = await CarryAsync(1_000_000);
        await AgainAsync();
        Assert.Equal(atOnce, await CarryAsync(3));

        async Task<string> CarryAsync(int sums)
        {
            await using UsageDesk desk = await OpenAsync(out _);
            await LiveAsync(desk);
            for (int account = 0; account < 12; account++)
            {
                await desk.RecordAsync($"one-{account}", "store", [("n", account + 1)], $"account-{account}");
            }

            desk.Clock.Advance(Duration.FromDays(500));
            LedgerRetention retention = new(desk.Store, desk.Projector) { SumsAtATime = sums };
            LedgerRetentionRun run = new();
            Assert.True(await retention.RunAsync(desk.Workspace, desk.Clock.Now - Duration.FromDays(400), 1_000, run, () => Task.FromResult(true), CancellationToken.None));
            Assert.Null(run.Waits);
            await VerifyAsync(desk);
            List<CarriedBalance> carried = [];
            await foreach (CarriedBalance sum in desk.Store.Retention.ReadBalancesAsync(desk.Workspace, CancellationToken.None))
            {
                carried.Add(sum with { Account = 0, Key = sum.Key with { ScopeId = 0 } });
            }

            return string.Join('\n', carried.Select(sum => Dump.Of(sum)).Order(StringComparer.Ordinal));
        }
    }

    [Theory(DisplayName = "LOG-3: over years a workspace whose ledger goes by its age answers, limits and advises like one that keeps all of it")]
    [InlineData(71)]
    [InlineData(72)]
    public async Task TheSameStoryWithAndWithout(int seed)
    {
        List<string> kept = await LiveOnAsync(null);
        await AgainAsync();
        Assert.Equal(kept, await LiveOnAsync(TimeSpan.FromDays(400)));

        async Task<List<string>> LiveOnAsync(TimeSpan? age)
        {
            await using UsageDesk desk = await OpenAsync(out _);
            desk.Get<RetentionOptions>().Ledger = age;
            List<string> told = [];
            await TellAsync(desk, seed, told);
            if (age is not null)
            {
                Assert.True(await desk.Store.Retention.StartAsync(desk.Workspace, CancellationToken.None) > s_start + Duration.FromDays(300));
                Assert.True((await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 10_000, CancellationToken.None)).Count < (await desk.Store.Ledger.LastSequenceAsync(desk.Workspace, CancellationToken.None)));
            }

            return told;
        }
    }

    protected abstract IWeirStore NewStore(TimeProvider time);

    /// <summary>The next store that is made is another one.</summary>
    protected virtual Task AgainAsync() => Task.CompletedTask;

    private static async Task TellAsync(UsageDesk desk, int seed, List<string> told)
    {
        Random random = new(seed);
        GrantService grants = desk.Get<GrantService>();
        ReservationService reservations = desk.Get<ReservationService>();
        string[] accounts = ["one", "two", "three"];
        for (int day = 0, n = 0; day < 800; day += 4)
        {
            for (int i = 0; i < 4; i++, n++)
            {
                string account = accounts[random.Next(accounts.Length)];
                UsageEvent e = Event($"e-{n}", account, random.Next(60), "u" + random.Next(2));
                Outcome outcome = random.Next(8) switch
                {
                    0 when day > 0 => await grants.GiveAsync(desk.Workspace, new EventId($"g-{n}"), new AccountKey(account), new GrantRequest { Meter = "units", Amount = 40, Per = Per.Month, Expiry = desk.Clock.Now + Duration.FromDays(random.Next(20, 600)) }, null, AuditActor.Host, CancellationToken.None),
                    1 => await reservations.ReserveAsync(desk.Workspace, new ReservationRequest { Event = e, Ttl = Duration.FromDays(random.Next(1, 7)) }, CancellationToken.None),
                    2 => await reservations.CommitAsync(desk.Workspace, new EventId($"e-{n - random.Next(1, 12)}"), new ReservationEnd(), CancellationToken.None),
                    3 => await desk.Get<CorrectionService>().ReverseAsync(desk.Workspace, new EventId($"e-{n - random.Next(1, 12)}"), null, null, CancellationToken.None),
                    4 => (await desk.Get<AdmissionService>().RecordAsync(desk.Workspace, [e with { At = desk.Clock.Now - Duration.FromDays(random.Next(30)) }], CancellationToken.None))[0],
                    5 => (await desk.Get<AdmissionService>().RecordAsync(desk.Workspace, [Event($"e-{n}", account, random.Next(-20, 40), null, "store")], CancellationToken.None))[0],
                    _ => await desk.Get<AdmissionService>().ConsumeAsync(desk.Workspace, e, random.Next(2) == 0 ? ConsumeMode.Enforce : ConsumeMode.BestEffort, CancellationToken.None),
                };
                told.Add($"{day} {n} {outcome.Allowed} {outcome.Replayed} {outcome.Refusal} {Dump.Of(outcome.Violations)} {outcome.Advice}");
            }

            desk.Clock.Advance(Duration.FromDays(4));
            if (day % 60 == 56)
            {
                await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
                Assert.True(await desk.Get<RetentionService>().RunAllAsync(CancellationToken.None));
                await VerifyAsync(desk);
                foreach (string account in accounts)
                {
                    if (await desk.Get<UsageService>().FindAsync(desk.Workspace, new AccountKey(account), CancellationToken.None) is { } usage)
                    {
                        told.Add($"{day} {account} {string.Join(' ', usage.Lines.Select(line => $"{line.Limit.Meter.Key} {line.Limit.Per} {line.Used.Units} {line.Held.Units} {line.Limit.Limit?.Units}").Order(StringComparer.Ordinal))}");
                        told.Add(Dump.Of(await desk.Get<UsageTrendService>().ReadAsync(desk.Workspace, new AccountKey(account), TrendMonths.Calendar, 20, CancellationToken.None)));
                    }
                }
            }
        }
    }

    /// <summary>Fifteen months with an account whose job runs all the time and whose grant gives all the time. The last repeat lies within 400 days.</summary>
    /// <returns>The grant's number.</returns>
    private static async Task<long> LiveAsync(UsageDesk desk)
    {
        await RecordAsync(desk, "january", 60, "ada");
        GrantRequest gift = new() { Meter = "units", Amount = 2_000, Per = Per.Month };
        Assert.True((await desk.Get<GrantService>().GiveAsync(desk.Workspace, new EventId("gift"), Sample.Acme, gift, null, AuditActor.Host, CancellationToken.None)).Allowed);
        await RecordAsync(desk, "more", 90, "eve");
        await desk.RecordAsync("stored", "store", [("n", 5)], details: new EventDetails { Source = "web" });
        ReservationService reservations = desk.Get<ReservationService>();
        Assert.True((await reservations.ReserveAsync(desk.Workspace, new ReservationRequest { Event = Event("job", "acme", 10, null), Ttl = Duration.FromDays(7) }, CancellationToken.None)).Allowed);
        for (Instant end = s_start + Duration.FromDays(456); desk.Clock.Now < end;)
        {
            Instant now = desk.Clock.Now;
            desk.Clock.Advance(Duration.FromDays(6));
            Assert.True((await reservations.ExtendAsync(desk.Workspace, new EventId("job"), Duration.FromDays(7), null, null, CancellationToken.None)).Allowed);
            await AtAsync(2020, 2, 3, async () =>
            {
                await RecordAsync(desk, "february", 120, "ada");
                await desk.CompleteAsync("february", new EventDetails { Status = "200", LatencyMs = 7, Model = "m" });
            });
            await AtAsync(2020, 2, 27, async () => await RecordAsync(desk, "turn", 4, "ada"));
            await AtAsync(2020, 3, 4, async () =>
            {
                await desk.CompleteAsync("turn", new EventDetails { Status = "500" }, cost: 1.5m);
                await RecordAsync(desk, "march", 130, "eve");
            });
            await AtAsync(2020, 4, 20, async () => await desk.AdjustAsync("adjusted", "units", 3));
            await AtAsync(2021, 3, 20, async () => await RecordAsync(desk, "late", 20));

            Task AtAsync(int year, int month, int day, Func<Task> work) =>
                now < Instant.FromUtc(year, month, day, 0, 0) && Instant.FromUtc(year, month, day, 0, 0) <= desk.Clock.Now ? work() : Task.CompletedTask;
        }

        await desk.RecordAsync("again", "store", [("n", -2)]);
        return (await desk.Store.Ledger.FindAsync(desk.Workspace, new EventId("gift"), CancellationToken.None))!.Sequence;
    }

    private static UsageEvent Event(string id, string account, int n, string? user, string type = "use") => new()
    {
        Id = new EventId(id), Account = new AccountKey(account), Type = type, Details = new EventDetails { User = user },
        Properties = Properties.Of([KeyValuePair.Create("n", PropertyValue.Of((decimal)n)), KeyValuePair.Create("team", PropertyValue.Of("t" + (n % 3)))]),
    };

    private static async Task<Outcome> RecordAsync(UsageDesk desk, string id, int n, string? user = null)
    {
        Outcome outcome = (await desk.Get<AdmissionService>().RecordAsync(desk.Workspace, [Event(id, "acme", n, user)], CancellationToken.None))[0];
        Assert.True(outcome.Allowed);
        return outcome;
    }

    private static async Task RunAsync(UsageDesk desk)
    {
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.True(await desk.Get<RetentionService>().RunAsync(desk.Workspace, CancellationToken.None));
    }

    private static async Task VerifyAsync(UsageDesk desk)
    {
        Verification found = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.True(found.IsClean, string.Join('\n', found.BalanceDifferences.Select(d => d.ToString()).Concat(found.GrantDifferences.Select(d => d.ToString())).Concat(found.SummaryDifferences.Select(d => d.ToString()))));
    }

    private static async Task<string> PictureAsync(UsageDesk desk)
    {
        List<string> lines = [Dump.Of(await desk.CellsAsync())];
        await foreach ((long, Balance) balance in desk.Store.Ledger.ReadBalancesAsync(desk.Workspace, CancellationToken.None))
        {
            lines.Add(Dump.Of(balance));
        }

        AccountUsage usage = (await desk.Get<UsageService>().FindAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        lines.Add(Dump.Of(usage.Lines));
        lines.Add(Dump.Of(await desk.Get<GrantService>().ListAsync(desk.Workspace, Sample.Acme, 0, 10, CancellationToken.None)));
        lines.Add(Dump.Of(await desk.Get<ReservationService>().ListAsync(desk.Workspace, Sample.Acme, null, 10, CancellationToken.None)));
        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    private Task<UsageDesk> OpenAsync(out Func<CutShortRetention> cut)
    {
        CutShortRetention? made = null;
        cut = () => made!;
        return OpenAsync();

        async Task<UsageDesk> OpenAsync()
        {
            UsageDesk desk = await UsageDesk.OpenAsync(
                s_start,
                time =>
                {
                    IWeirStore store = NewStore(time);
                    return new HookedStore(store) { Retention = made = new CutShortRetention(store.Retention) };
                },
                Catalog);
            desk.Get<RetentionOptions>().Ledger = TimeSpan.FromDays(400);
            return desk;
        }
    }
}

public sealed class MemoryLedgerRetentionTests : LedgerRetentionTests
{
    protected override IWeirStore NewStore(TimeProvider time) => new MemoryStore(time);
}

public sealed class SqliteLedgerRetentionTests : LedgerRetentionTests, IDisposable
{
    private SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    protected override IWeirStore NewStore(TimeProvider time) => new SqliteStore(_folder.Options, time);

    protected override Task AgainAsync()
    {
        _folder.Dispose();
        _folder = new SqliteFolder();
        return Task.CompletedTask;
    }
}

public sealed class PostgreSqlLedgerRetentionTests : LedgerRetentionTests, IDisposable
{
    private PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    protected override IWeirStore NewStore(TimeProvider time) => _database.NewStore(time);

    protected override Task AgainAsync()
    {
        _database.Dispose();
        _database = new PostgreSqlDatabase();
        return Task.CompletedTask;
    }
}
