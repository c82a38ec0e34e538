using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>Grants through the services, whatever the store: given once, drawn exactly, looked at, taken back, proven from the log.</summary>
public abstract class GrantTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 3, 10, 12, 0);

    private const string Catalog = """
        name: grants
        defaultPlan: free
        meters:
          units: { unit: unit, scale: 1 }
        events:
          use: { charges: { units: { per: { property: n } } } }
        plans:
          free: { allowances: { units: { limit: 100 } } }
          rolls: { allowances: { units: [{ limit: 100, per: month, rollover: { max: 30 } }, { limit: 60, per: day, rollover: true }] } }
        """;

    [Fact(DisplayName = "ID-5: the same grant twice gives once; the same id with other content is refused")]
    public async Task GivenOnce()
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, "free");
        Outcome first = await GiveAsync(desk, "g-1", 50);
        Outcome again = await GiveAsync(desk, "g-1", 50);
        Assert.True(first is { Allowed: true, Replayed: false } && again is { Allowed: true, Replayed: true });
        Same.Entry(first.Entry!, again.Entry!);
        Assert.Equal(Refusal.IdReused, (await GiveAsync(desk, "g-1", 51)).Refusal);
        Assert.Equal(Refusal.UnknownAccount, (await GiveAsync(desk, "g-2", 50, account: "nobody")).Refusal);
        Assert.Equal(Refusal.TooManyDecimals, (await GiveAsync(desk, "g-2", 0.05m)).Refusal);
        Assert.Single((await desk.Get<GrantService>().ListAsync(desk.Workspace, Sample.Acme, 0, 10, CancellationToken.None))!);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "GRANT-1: many at once use exactly the limit and what is granted")]
    public async Task ParallelUse()
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, "free");
        await GiveAsync(desk, "g-1", 33);
        await GiveAsync(desk, "g-2", 30, request => request with { BeforePlan = true });
        Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => UseAsync(desk, $"u-{i}", 7)));
        Assert.Equal(163 / 7, outcomes.Count(outcome => outcome.Allowed));
        IReadOnlyList<GrantView> grants = (await desk.Get<GrantService>().ListAsync(desk.Workspace, Sample.Acme, 0, 10, CancellationToken.None))!;
        Assert.Equal([(GrantStatus.Active, 310m, 20m), (GrantStatus.UsedUp, 300m, 0m)], grants.Select(grant => (grant.Status, (decimal)grant.Drawn.Units, (decimal)grant.Left.Units)));
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "GRANT-2: the history of a grant tells which event drew what and when, what returned, and goes on page by page")]
    public async Task History()
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, "free");
        await GiveAsync(desk, "g-1", 50);
        await UseAsync(desk, "one", 110);
        desk.Clock.Advance(Duration.FromMinutes(1));
        await UseAsync(desk, "two", 20);
        await desk.ReverseAsync("one");
        await HoldAsync(desk, "job", 110);
        await desk.Get<ReservationService>().CommitAsync(desk.Workspace, new EventId("job"), new ReservationEnd { Properties = Number(105) }, CancellationToken.None);
        GrantService service = desk.Get<GrantService>();
        GrantView grant = (await service.FindAsync(desk.Workspace, Sample.Acme, new EventId("g-1"), CancellationToken.None))!;
        Assert.Equal((50m, 25m, 0m), (Units(grant.Terms.Amount), Units(grant.Drawn), Units(grant.Held)));
        List<GrantDraw> draws = [];
        long after = 0;
        while (await service.ReadDrawsAsync(desk.Workspace, grant.Number, after, 2, CancellationToken.None) is { Count: > 0 } page)
        {
            draws.AddRange(page);
            after = page[^1].Entry.Sequence;
        }

        Assert.Equal(
            [("one", EntryKind.Usage, 10m, 0m), ("two", EntryKind.Usage, 20m, 0m), ("one", EntryKind.Reversal, -10m, 0m), ("job", EntryKind.Reservation, 0m, 10m), ("job", EntryKind.Commit, 5m, -10m)],
            draws.Select(draw => (draw.Of.Details.Id!, draw.Entry.Entry.Kind, Units(draw.Used), Units(draw.Held))));
        Assert.Equal(grant.Drawn, await desk.Store.Ledger.SumDrawsAsync(desk.Workspace, grant.Number, CancellationToken.None));
        Assert.Null(await service.FindAsync(desk.Workspace, Sample.Acme, new EventId("one"), CancellationToken.None));
        Assert.Null(await service.FindAsync(desk.Workspace, new AccountKey("other"), new EventId("g-1"), CancellationToken.None));
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "RES-2: a top-up while the job runs makes room for what it needs beyond what is held")]
    public async Task TopUp()
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, "free");
        await HoldAsync(desk, "job", 80);
        ReservationService reservations = desk.Get<ReservationService>();
        ReservationEnd end = new() { Properties = Number(120), Overrun = Overrun.Consume };
        Assert.Equal(Refusal.LimitExceeded, (await reservations.CommitAsync(desk.Workspace, new EventId("job"), end, CancellationToken.None)).Refusal);
        await GiveAsync(desk, "topup", 20);
        Outcome done = await reservations.CommitAsync(desk.Workspace, new EventId("job"), end, CancellationToken.None);
        Assert.True(done.Allowed);
        Assert.Equal([(Draw.Plan, 800), (Draw.Plan, 200), (await NumberOfAsync(desk, "topup"), 200L)], done.Entry!.Lines.Single().Draws.Select(draw => (draw.Grant, draw.Used.Units)));
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "RES-4: what is held of a grant survives its end, and what returns to it then lapses")]
    public async Task HeldSurvivesTheEnd()
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, "free");
        GrantService service = desk.Get<GrantService>();
        await GiveAsync(desk, "g-1", 50);
        await HoldAsync(desk, "kept", 130);
        await HoldAsync(desk, "given-up", 15);
        Outcome ended = await service.EndAsync(desk.Workspace, Sample.Acme, new EventId("g-1"), AuditActor.Host, CancellationToken.None);
        Outcome again = await service.EndAsync(desk.Workspace, Sample.Acme, new EventId("g-1"), AuditActor.Host, CancellationToken.None);
        Assert.True(ended is { Allowed: true, Replayed: false, Entry.Kind: EntryKind.GrantEnd } && again is { Allowed: true, Replayed: true });
        Assert.Equal((GrantStatus.Ended, 0m, 0m, 45m), await FiguresAsync(desk, "g-1"));
        Assert.Equal(145m, await LimitAsync(desk));
        await desk.Get<ReservationService>().ReleaseAsync(desk.Workspace, new EventId("given-up"), null, null, CancellationToken.None);
        Assert.Equal(130m, await LimitAsync(desk));
        await desk.Get<ReservationService>().CommitAsync(desk.Workspace, new EventId("kept"), new ReservationEnd(), CancellationToken.None);
        Assert.Equal((GrantStatus.Ended, 0m, 30m, 0m), await FiguresAsync(desk, "g-1"));
        Assert.Equal(Refusal.LimitExceeded, (await UseAsync(desk, "more", 0.1m)).Refusal);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "RES-1: what an expired reservation held of a grant can be drawn at once, whether or not somebody has tidied it")]
    public async Task ExpiredHold()
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, "free");
        await GiveAsync(desk, "g-1", 50);
        await HoldAsync(desk, "job", 140, Duration.FromSeconds(10));
        desk.Clock.Advance(Duration.FromSeconds(11));
        Assert.Equal((GrantStatus.Active, 50m, 0m, 0m), await FiguresAsync(desk, "g-1"));
        Assert.True((await UseAsync(desk, "all", 150)).Allowed);
        Assert.False((await UseAsync(desk, "more", 1)).Allowed);
        await desk.Get<ReservationSweeper>().SweepAsync(CancellationToken.None);
        Assert.Equal((GrantStatus.UsedUp, 0m, 50m, 0m), await FiguresAsync(desk, "g-1"));
        await desk.ReverseAsync("all");
        Assert.Equal((GrantStatus.Active, 50m, 0m, 0m), await FiguresAsync(desk, "g-1"));
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "GRANT-3: looking shows what the first command will find; that command writes it before itself, also long after the period was closed")]
    public async Task Rollover()
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, "rolls");
        Assert.True((await UseAsync(desk, "march", 59)).Allowed);
        desk.Clock.Now = Instant.FromUtc(2026, 4, 20, 12, 0);
        long before = await desk.Store.Ledger.LastSequenceAsync(desk.Workspace, CancellationToken.None);
        // The whole of the day before was left, and at most 30 of the month before.
        Assert.Equal((130m, 120m), (await LimitAsync(desk), await LimitAsync(desk, Per.Day)));
        Assert.True((await CheckAsync(desk, 120)).Allowed);
        Assert.Equal(Refusal.LimitExceeded, (await CheckAsync(desk, 121)).Refusal);
        Assert.Equal(before, await desk.Store.Ledger.LastSequenceAsync(desk.Workspace, CancellationToken.None));
        // A denied command opens the periods too.
        Assert.Equal(Refusal.LimitExceeded, (await UseAsync(desk, "much", 121)).Refusal);
        IReadOnlyList<StoredEntry> opened = await desk.Store.Ledger.FollowAsync(desk.Workspace, before, 10, CancellationToken.None);
        Assert.Equal([(Per.Month, 300L), (Per.Day, 600L)], opened.Select(entry => (entry.Entry.Grant!.Per!.Value, entry.Entry.Grant.Amount.Units)));
        Assert.Equal((130m, 120m), (await LimitAsync(desk), await LimitAsync(desk, Per.Day)));
        Assert.True((await UseAsync(desk, "april", 110)).Allowed);
        IReadOnlyList<GrantView> grants = (await desk.Get<GrantService>().ListAsync(desk.Workspace, Sample.Acme, 0, 10, CancellationToken.None))!;
        Assert.All(grants, grant => Assert.True(grant.Terms.IsRolledOver && grant.Id is not null));
        Assert.Equal([10m, 50m], grants.Select(grant => Units(grant.Drawn)));
        Assert.Equal(grants[0], await desk.Get<GrantService>().FindAsync(desk.Workspace, Sample.Acme, new EventId(grants[0].Id!), CancellationToken.None));
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "PER-2: a grant whose periods are closed is no longer part of the account, and can still be looked at")]
    public async Task Past()
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, "free");
        await GiveAsync(desk, "g-1", 50, request => request with { Expiry = s_now + Duration.FromDays(1) });
        await UseAsync(desk, "one", 120);
        desk.Clock.Now = s_now + Duration.FromDays(60);
        await UseAsync(desk, "two", 1);
        AccountState state = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        Assert.Empty(state.Grants);
        Assert.Empty(await AllAsync(desk.Store.Ledger.ReadGrantsAsync(desk.Workspace, CancellationToken.None)));
        Assert.Equal((GrantStatus.Expired, 0m, 20m, 0m), await FiguresAsync(desk, "g-1"));
        await VerifyAsync(desk);
    }

    [Theory(DisplayName = "LOG-3: after work of every kind what grants gave and hold is the sum of the draws of the log")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Work(int seed)
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, seed == 1 ? "free" : "rolls");
        Random random = new(seed);
        List<string> events = [];
        List<string> jobs = [];
        List<string> grants = [];
        for (int i = 0; i < 150; i++)
        {
            string id = $"w-{i}";
            switch (random.Next(12))
            {
                case < 2:
                    Outcome given = await GiveAsync(desk, id, random.Next(1, 60), request => request with
                    {
                        BeforePlan = random.Next(3) == 0,
                        Priority = random.Next(4),
                        Per = random.Next(3) == 0 && seed != 1 ? Per.Day : null,
                        Expiry = random.Next(2) == 0 ? null : desk.Clock.Now + Duration.FromHours(1 + random.Next(100)),
                        Recurrence = random.Next(4) == 0 ? Per.Day : null,
                    });
                    Assert.True(given.Allowed, given.Failure?.Message);
                    grants.Add(id);
                    break;
                case < 5:
                    await UseAsync(desk, id, random.Next(0, 70));
                    events.Add(id);
                    break;
                case < 8:
                    await desk.RecordAsync(id, "use", [("n", random.Next(0, 70))], at: random.Next(2) == 0 ? desk.Clock.Now - Duration.FromHours(random.Next(90)) : null);
                    events.Add(id);
                    break;
                case 8 when events.Count > 0:
                    await desk.Get<CorrectionService>().ReverseAsync(desk.Workspace, new EventId(events[random.Next(events.Count)]), null, null, CancellationToken.None);
                    break;
                case 9:
                    await HoldAsync(desk, id, random.Next(1, 60), Duration.FromHours(1 + random.Next(30)), mayFail: true);
                    jobs.Add(id);
                    break;
                case 10 when jobs.Count > 0:
                    EventId job = new(jobs[random.Next(jobs.Count)]);
                    Task<Outcome> end = random.Next(2) == 0
                        ? desk.Get<ReservationService>().CommitAsync(desk.Workspace, job, new ReservationEnd { Properties = Number(random.Next(1, 80)), Overrun = Overrun.Record }, CancellationToken.None)
                        : desk.Get<ReservationService>().ReleaseAsync(desk.Workspace, job, null, null, CancellationToken.None);
                    await end;
                    break;
                default:
                    if (grants.Count > 0 && random.Next(3) == 0)
                    {
                        await desk.Get<GrantService>().EndAsync(desk.Workspace, Sample.Acme, new EventId(grants[random.Next(grants.Count)]), AuditActor.Host, CancellationToken.None);
                    }

                    await desk.Get<ReservationSweeper>().SweepAsync(CancellationToken.None);
                    break;
            }

            desk.Clock.Advance(Duration.FromMinutes(random.Next(0, 600)));
        }

        AccountState state = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        Assert.Equal(state.Grants.Values.OrderBy(grant => grant.Number), (await AllAsync(desk.Store.Ledger.ReadGrantsAsync(desk.Workspace, CancellationToken.None))).Select(stored => stored.Grant));
        Verification verification = await VerifyAsync(desk);
        Assert.Equal(state.Grants.Count, verification.Grants);
    }

    [Fact(DisplayName = "LOG-3: a grant that was changed behind the log's back is named")]
    public async Task AChangedGrantIsNamed()
    {
        await using UsageDesk desk = await OpenAsync();
        await MakeAsync(desk, "free");
        await GiveAsync(desk, "g-1", 50);
        await UseAsync(desk, "one", 120);
        AccountState state = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        Grant grant = state.Grants.Values.Single();
        AccountState changed = state with
        {
            Account = state.Account with { Version = state.Account.Version + 1 },
            Grants = state.Grants.SetItem(grant.Number, grant with { DrawnBefore = new Quantity(7) }),
        };
        await using (ILedgerTransaction transaction = await desk.Store.Ledger.BeginAsync(desk.Workspace, CancellationToken.None))
        {
            await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, CancellationToken.None);
            Assert.True(await transaction.WriteAsync(
                new LedgerWrites { Accounts = [new AccountWrite(changed, [], []) { Key = Sample.Acme, Parts = [new StatePart(StatePartKind.Grant, grant.Number)] }] }, CancellationToken.None));
            await transaction.CommitAsync(CancellationToken.None);
        }

        Verification verification = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(
            [new GrantDifference("acme", state.Account.Id, grant.Number, "units", "drawn", new Quantity(207), new Quantity(200))],
            verification.GrantDifferences);
        Assert.Equal($"grant {grant.Number} of acme: drawn units: 207 is stored, the log says 200", verification.GrantDifferences[0].ToString());
        Assert.False(verification.IsClean);
    }

    private protected abstract IWeirStore NewStore(TimeProvider time);

    private protected Task<UsageDesk> OpenAsync() => UsageDesk.OpenAsync(s_now, NewStore, Catalog);

    private protected static async Task MakeAsync(UsageDesk desk, string plan)
    {
        Outcome made = await desk.Get<AccountService>().ChangeAsync(
            desk.Workspace, Sample.Acme, new AccountChange { Plan = plan, Anchor = new LocalDateTime(2026, 1, 1, 0, 0) }, null, true, AuditActor.Host, CancellationToken.None);
        Assert.True(made.Allowed, made.Failure?.Message);
    }

    private protected static Task<Outcome> GiveAsync(UsageDesk desk, string id, decimal amount, Func<GrantRequest, GrantRequest>? with = null, string account = "acme")
    {
        GrantRequest request = new() { Meter = "units", Amount = amount };
        return desk.Get<GrantService>().GiveAsync(desk.Workspace, new EventId(id), new AccountKey(account), with?.Invoke(request) ?? request, null, AuditActor.Host, CancellationToken.None);
    }

    private protected static Task<Outcome> UseAsync(UsageDesk desk, string id, decimal n) =>
        desk.Get<AdmissionService>().ConsumeAsync(
            desk.Workspace, new UsageEvent { Id = new EventId(id), Account = Sample.Acme, Type = "use", Properties = Number(n) }, ConsumeMode.Enforce, CancellationToken.None);

    private static async Task<Outcome> CheckAsync(UsageDesk desk, decimal n) =>
        (await desk.Get<AdmissionService>().CheckAsync(
            desk.Workspace, new UsageEvent { Account = Sample.Acme, Type = "use", Properties = Number(n) }, ConsumeMode.Enforce, CancellationToken.None)).Outcome;

    private protected static async Task HoldAsync(UsageDesk desk, string id, int n, Duration? ttl = null, bool mayFail = false)
    {
        Outcome held = await desk.Get<ReservationService>().ReserveAsync(
            desk.Workspace,
            new ReservationRequest { Event = new UsageEvent { Id = new EventId(id), Account = Sample.Acme, Type = "use", Properties = Number(n) }, Ttl = ttl ?? Reservations.DefaultTtl },
            CancellationToken.None);
        Assert.True(held.Allowed || mayFail, held.Failure?.Message ?? held.Refusal.Code());
    }

    private static Properties Number(decimal n) => Properties.Of([KeyValuePair.Create("n", PropertyValue.Of(n))]);

    private static decimal Units(Quantity quantity) => quantity.ToDecimal(1);

    private static async Task<long> NumberOfAsync(UsageDesk desk, string id) =>
        (await desk.Store.Ledger.FindAsync(desk.Workspace, new EventId(id), CancellationToken.None))!.Sequence;

    private static async Task<(GrantStatus Status, decimal Left, decimal Drawn, decimal Held)> FiguresAsync(UsageDesk desk, string id)
    {
        GrantView grant = (await desk.Get<GrantService>().FindAsync(desk.Workspace, Sample.Acme, new EventId(id), CancellationToken.None))!;
        return (grant.Status, Units(grant.Left), Units(grant.Drawn), Units(grant.Held));
    }

    private static async Task<decimal?> LimitAsync(UsageDesk desk, Per per = Per.Month)
    {
        AccountUsage usage = (await desk.Get<UsageService>().FindAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
        return usage.Lines.Single(line => line.Limit.Meter.Key == "units" && line.Limit.Per == per).Limit.Limit?.ToDecimal(1);
    }

    private static async Task<List<T>> AllAsync<T>(IAsyncEnumerable<T> items)
    {
        List<T> all = [];
        await foreach (T item in items)
        {
            all.Add(item);
        }

        return all;
    }

    private protected static async Task<Verification> VerifyAsync(UsageDesk desk)
    {
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Verification verification = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.True(
            verification.IsClean,
            string.Join('\n', verification.BalanceDifferences.Cast<object>().Concat(verification.GrantDifferences).Concat(verification.SummaryDifferences)));
        return verification;
    }
}

public sealed class MemoryGrantTests : GrantTests
{
    private protected override IWeirStore NewStore(TimeProvider time) => new MemoryStore(time);
}

public sealed class SqliteGrantTests : GrantTests, IDisposable
{
    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(DisplayName = "TX-2: grants and their draws are there after the store was closed and opened again")]
    public async Task Reopened()
    {
        AccountState before;
        UsageDesk desk = await OpenAsync();
        await using (IWeirStore store = desk.Store)
        {
            await MakeAsync(desk, "rolls");
            await GiveAsync(desk, "g-1", 50, request => request with { Recurrence = Per.Week, Rollover = new RolloverRequest(20, 3), Reason = "a reason", BeforePlan = true });
            await GiveAsync(desk, "g-2", 5, request => request with { Per = Per.Day, Priority = 3 });
            await UseAsync(desk, "one", 63);
            await HoldAsync(desk, "job", 2);
            before = (await store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, CancellationToken.None))!;
            await desk.DisposeAsync();
        }

        await using UsageDesk again = await OpenAsync();
        AccountState after = (await again.Store.Ledger.ReadStateAsync(again.Workspace, Sample.Acme, CancellationToken.None))!;
        Assert.Equal(2, after.Grants.Count);
        Assert.Equal(before.Grants.Values.OrderBy(grant => grant.Number), after.Grants.Values.OrderBy(grant => grant.Number));
        Assert.Equal(before.Holds.Single().Amounts, after.Holds.Single().Amounts);
        Assert.Contains(after.Holds.Single().Amounts, amount => !amount.Draws.IsEmpty);
        Assert.NotEmpty(await again.Get<GrantService>().ReadDrawsAsync(again.Workspace, before.Grants.Keys.Min(), 0, 10, CancellationToken.None));
        await VerifyAsync(again);
    }

    private protected override IWeirStore NewStore(TimeProvider time) => new SqliteStore(_folder.Options, time);
}

public sealed class PostgreSqlGrantTests : GrantTests, IDisposable
{
    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    private protected override IWeirStore NewStore(TimeProvider time) => _database.NewHastyStore(time);
}
