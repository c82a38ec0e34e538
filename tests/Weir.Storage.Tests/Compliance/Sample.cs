using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Values with every member set, so that a store which drops one is seen.</summary>
internal static class Sample
{
    /// <summary>With a part below the microsecond, which stores cut off.</summary>
    public static readonly Instant Start = Instant.FromUtc(2026, 3, 14, 9, 26, 53) + Duration.FromTicks(1_234_567);

    public static readonly Instant Now = Clock.Truncate(Start);

    public static readonly Instant MonthStart = Instant.FromUtc(2026, 3, 1, 0, 0);

    public static readonly Instant MonthEnd = Instant.FromUtc(2026, 4, 1, 0, 0);

    public static readonly AccountKey Acme = new("acme");

    public const long AcmeId = 4_611_686_018_427_387_904;

    public static Timeline Utc { get; } = Timeline.Starting(new Schedule(DateTimeZone.Utc, new LocalDateTime(2026, 1, 1, 0, 0)));

    public static Account Account(long id = AcmeId, string plan = "free") => new() { Id = id, CreatedAt = Now, Plan = plan, Timeline = Utc };

    public static NewAccount New(string key, long id, string plan = "free", string? name = null) =>
        new(Account(id, plan), new AccountProfile(new AccountKey(key)) { Name = name });

    public static Account FullAccount(long id = AcmeId) => new()
    {
        Id = id,
        Version = 9_007_199_254_740_993,
        CreatedAt = Now - Duration.FromDays(400),
        DecidedAt = Now + Clock.Microsecond,
        FirstLiveEventAt = Now - Clock.Microsecond,
        Plan = "professional",
        PinnedVersion = 3,
        Timeline = Timeline
            .Starting(new Schedule(DateTimeZoneProviders.Tzdb["Europe/Berlin"], new LocalDateTime(2025, 1, 31, 0, 0)))
            .Change(Now - Duration.FromDays(60), new Schedule(DateTimeZoneProviders.Tzdb["America/New_York"], new LocalDateTime(2025, 1, 15, 6, 30, 15))),
        Suspended = true,
        Overrides =
        [
            new LimitOverride("credits", ScopeKind.Account, Per.Month, new Quantity(9_007_199_254_740_991), Now + Duration.FromDays(10), "grew faster than planned: ü"),
            new LimitOverride("storage", ScopeKind.User, null, null, null, null),
        ],
        AlertRules = new AlertRuleSet(
            true,
            [
                new AlertRule("credits", ScopeKind.User, null, new AlertThreshold(AlertBasis.Percent, 82.5m)),
                new AlertRule("cost", ScopeKind.Account, Per.CalendarDay, new AlertThreshold(AlertBasis.Amount, 20_000_000_000)),
            ]),
        Planned = [new PlannedChange(Now + Duration.FromDays(9), new Subscription("starter", 2)), new PlannedChange(Now + Duration.FromDays(40), new Subscription("free", null))],
        FormerPlans = [new FormerPlan(Now - Duration.FromDays(90), new Subscription("free", null)), new FormerPlan(Now - Clock.Microsecond, new Subscription("professional", 1))],
    };

    public static BalanceKey Key(string meter = "credits", Per per = Per.Month, ScopeKind scope = ScopeKind.Account, long scopeId = 0, Instant? start = null) =>
        new(scope, scopeId, meter, per, start ?? (per == Per.Lifetime ? Instant.MinValue : MonthStart));

    public static Balance Balance(long used, BalanceKey? key = null, Instant? end = null, long held = 0)
    {
        BalanceKey known = key ?? Key();
        return new Balance(known, end ?? (known.Per == Per.Lifetime ? Instant.MaxValue : MonthEnd), new Quantity(used), new Quantity(held));
    }

    public static RateWindow Window => new(3_600_000_000, Clock.ToMicros(Now) / 60_000_000, [5, 0, 3, long.MaxValue / 4]);

    public static AccountState FullState(long id = AcmeId) => new(
        FullAccount(id),
        StateMap<BalanceKey, Balance>.Of(new[]
        {
            Balance(123_456_789_012_345, held: 7),
            Balance(-3, Key(scope: ScopeKind.User, scopeId: long.MaxValue)),
            Balance(5_242_880_000, Key("storage", Per.Lifetime)),
            Balance(1, Key("calls", Per.Hour, start: Now - Duration.FromMinutes(10)), Now + Duration.FromMinutes(50)),
        }.Select(balance => KeyValuePair.Create(balance.Key, balance))),
        StateMap<RateKey, RateWindow>.Empty.Add(new RateKey(ScopeKind.Account, 0, "api"), Window).Add(new RateKey(ScopeKind.User, 77, "api"), Window with { Counts = [1] }))
    {
        Holds = HoldSet.Empty.Set(Hold(41)).Set(Hold(42, Now + Duration.FromMinutes(15)) with { Slot = null, Progress = null, Scopes = default, Amounts = [] }),
        AlertMarks = AlertMarks.Empty
            .Set(new AlertMark(Key(), MonthEnd, 2, new Quantity(10_000), [new RaisedThreshold(Percent(80), 1), new RaisedThreshold(Percent(82.5m), 2)]))
            .Set(new AlertMark(Key(scope: ScopeKind.User, scopeId: long.MaxValue), MonthEnd, 0, null, [new RaisedThreshold(new AlertThreshold(AlertBasis.Amount, 5_000), 0)]))
            .Set(new AlertMark(Key("storage", Per.Lifetime), Instant.MaxValue, 7, new Quantity(9_007_199_254_740_991), []))
            .SeenUnder(3),
        Fences = ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal).Add("export", 1).Add("transcription", long.MaxValue),
        Grants = StateMap<long, Grant>.Empty.Add(31, Grant(31)).Add(32, Engine.Grant.Given(32, new GrantTerms { Meter = "storage", Scale = 0, Amount = new Quantity(5), Start = Now }, Utc)),
    };

    public static Grant Grant(long number) => new(number, new GrantTerms
    {
        Meter = "credits",
        Scale = 2,
        Per = Per.Month,
        Amount = new Quantity(50_000),
        Priority = 7,
        Start = Now - Duration.FromDays(40),
        End = Now + Duration.FromDays(300),
        BeforePlan = true,
        Recurrence = Per.Week,
        Rollover = new GrantRollover(new Quantity(9_007_199_254_740_991), new Quantity(3)),
        IsRolledOver = true,
    })
    {
        Periods = [new GrantPeriod(Now - Duration.FromDays(8), Now - Duration.FromDays(1), new Quantity(50_000), new Quantity(-2)), new GrantPeriod(Now - Duration.FromDays(1), Now + Duration.FromDays(6), new Quantity(50_001), new Quantity(49_000))],
        Uses = [new GrantUse(Per.Month, MonthStart, MonthEnd, new Quantity(900), new Quantity(101)), new GrantUse(Per.Lifetime, Instant.MinValue, Instant.MaxValue, new Quantity(1), Quantity.Zero)],
        DrawnBefore = new Quantity(77),
        EndedAt = Now + Clock.Microsecond,
    };

    public static Draws Draws => new([Draw.OfPlan(new Quantity(2_000), Quantity.Zero), new Draw(31, Now - Duration.FromDays(1), new Quantity(400), new Quantity(-3)), new Draw(32, null, new Quantity(100), Quantity.Zero)]);

    public static AlertThreshold Percent(decimal percent) => new(AlertBasis.Percent, percent);

    public static Alert FullAlert(string id) => new()
    {
        Id = id,
        Kind = AlertKind.Threshold,
        Account = AcmeId,
        Scope = ScopeKind.User,
        ScopeId = 77,
        Meter = "credits",
        Scale = 2,
        Per = Per.Month,
        PeriodStart = MonthStart,
        PeriodEnd = MonthEnd,
        Threshold = Percent(82.5m),
        Generation = 3,
        Used = new Quantity(8_251),
        Held = new Quantity(17),
        Limit = new Quantity(10_000),
        Type = "diagnose",
        Job = 9_007_199_254_740_993,
        RaisedAt = Now,
    };

    public static Hold Hold(long number, Instant? expiresAt = null) => new(number)
    {
        Type = "transcription",
        Scopes = new Scopes(77, 0, long.MaxValue),
        CreatedAt = Now,
        ExpiresAt = expiresAt ?? Now + Duration.FromMinutes(5),
        HeartbeatAt = Now + Duration.FromMinutes(1),
        SilentSince = Now - Clock.Microsecond,
        Progress = 0.25m,
        Amounts = [new HeldAmount(Key(), MonthEnd, 2, new Quantity(7)) { Draws = Draws }, new HeldAmount(Key("storage", Per.Lifetime), Instant.MaxValue, 0, new Quantity(1))],
        Slot = new SlotLease("transcription", "lease-1", 9),
    };

    /// <summary>A plain event of one credit.</summary>
    public static Entry Entry(long account = AcmeId, string? type = "diagnose", EntryKind kind = EntryKind.Usage, long? target = null, Instant? at = null, Instant? recordedAt = null) => new()
    {
        Kind = kind,
        Account = account,
        Type = type,
        At = at ?? Now,
        RecordedAt = recordedAt ?? at ?? Now,
        CatalogVersion = 1,
        Plan = "free",
        Charges = [new Charge("credits", 2, MeterKind.Sum, new Quantity(100), new ChargeTrace { Base = 1 })],
        Lines = [new EntryLine(Key(), MonthEnd, 2, new Quantity(100), new Quantity(100), Quantity.Zero, new Quantity(10_000), LimitEnforcement.Hard, null)],
        Target = target,
    };

    public static Entry FullEntry(long account = AcmeId) => new()
    {
        Kind = EntryKind.Usage,
        Account = account,
        Scopes = new Scopes(11, 22, 33),
        Type = "structuring_diagnose",
        At = Now - Duration.FromDays(3),
        RecordedAt = Now + Clock.Microsecond,
        CatalogVersion = 7,
        Plan = "professional",
        Properties = Properties.Of(
        [
            new("complexity", PropertyValue.Of(1.75m)),
            new("department", PropertyValue.Of("Forschung & “Entwicklung”")),
            new("echo", PropertyValue.Of(true)),
            new("off", PropertyValue.Of(false)),
            new("parts", PropertyValue.OfJson("""{"a":[1,2.5,null]}""")),
            new("tiny", PropertyValue.Of(0.0000000000000000000000000001m)),
        ]),
        Charges =
        [
            new Charge("credits", 2, MeterKind.Sum, new Quantity(2_500), new ChargeTrace
            {
                Base = 10,
                PerUnits = [new PerUnitTrace("seconds", 90.5m, 1.508333m)],
                Multiplier = 2.5m,
                MultiplierGiven = 3.75m,
                Bonuses = [new BonusTrace("echo", 5m), new BonusTrace("traceback", 3m)],
                Unrounded = 24.999m,
                CutFrom = 30.01m,
            }),
            new Charge("storage", 0, MeterKind.Level, new Quantity(-12), new ChargeTrace { Change = -20, ClampedFrom = -20 }),
            new Charge("seats", 0, MeterKind.Level, new Quantity(3), new ChargeTrace { Set = 12 }),
            new Charge("cost", 9, MeterKind.Sum, new Quantity(124), new ChargeTrace { Cost = 0.000000123456m }),
        ],
        Lines =
        [
            new EntryLine(Key(), MonthEnd, 2, new Quantity(2_500), new Quantity(9_000), new Quantity(50), new Quantity(8_000), LimitEnforcement.Soft, new UnitPrice(0.000000000001m)) { HeldDelta = new Quantity(-3), Granted = new Quantity(3_000), Draws = Draws },
            new EntryLine(Key("storage", Per.Lifetime), Instant.MaxValue, 0, new Quantity(-12), Quantity.Zero, Quantity.Zero, null, LimitEnforcement.Hard, null),
            new EntryLine(Key("cost", Per.CalendarDay, ScopeKind.Workspace, 0, Now), Now + Duration.FromDays(1), 9, new Quantity(124), new Quantity(124), Quantity.Zero, Quantity.Zero, LimitEnforcement.Hard, null),
        ],
        Cost = new Money(0.000000123456m),
        Flags = EntryFlags.Late | EntryFlags.Carried | EntryFlags.OverLimit | EntryFlags.Clamped,
        Observed =
        [
            new Violation(Refusal.LimitExceeded)
            {
                Meter = "credits", Scale = 2, Scope = ScopeKind.User, Per = Per.Month, Limit = new Quantity(1), Used = new Quantity(2), Held = new Quantity(3),
                Requested = new Quantity(4), Remaining = Quantity.Zero, ResetsAt = MonthEnd,
            },
            new Violation(Refusal.RequestLimitExceeded) { Name = "max_file_bytes", RequestLimit = 10.5m, RequestValue = 11 },
        ],
        Grant = Grant(31).Terms,
        Reason = "a reason",
        Actor = "key:abc",
    };

    public static EventDetails FullDetails => new()
    {
        Id = "evt/1?a=b",
        User = "u-7",
        Campaign = "spring",
        Key = "gateway-1",
        Source = "web",
        Resource = "doc-4",
        Provider = "openai",
        Model = "gpt-4o",
        Endpoint = "/api/structuring/diagnose",
        RequestId = "req-9",
        Status = "200",
        LatencyMs = 1_234,
        Address = "2001:db8::1",
        UserAgent = "Mozilla/5.0 (ü)",
        FreeProperties = Properties.Of([new("inputText", PropertyValue.Of("Grüße \"quoted\" \n")), new("n", PropertyValue.Of(-0.5m)), new("o", PropertyValue.OfJson("[true]"))]),
    };

    public static LedgerRow Row(string id, Entry? entry = null, EventDetails? details = null) =>
        new(entry ?? Entry(), (details ?? EventDetails.Empty) with { Id = id }, Digest.Of(id), Digest.Of("content of " + id));

    public static Notification Note(string id, string type = NotificationTypes.AlertRaised) =>
        new() { Id = id, Type = type, Account = AcmeId, At = Now, Data = """{"meter":"credits","threshold":80,"note":"ü"}"""u8.ToArray() };

    public static Webhook Hook(string id) =>
        new() { Id = id, Url = "https://receiver.example/hook", CreatedAt = Now, Secrets = [new WebhookSecret(new byte[] { 1, 0, 255 }, Now, null)] };

    /// <summary>A row that is identified by its target.</summary>
    public static LedgerRow RowWithoutId(Entry entry, EventDetails? details = null) => new(entry, details ?? EventDetails.Empty, null, default);

    public static AccountWrite WriteOf(AccountState state, string? key = "acme") => new(state, [.. state.Balances.Keys], [.. state.Rates.Keys])
    {
        Key = key is null ? null : new AccountKey(key),
        Parts =
        [
            .. state.Holds.Select(hold => new StatePart(StatePartKind.Hold, hold.Number)),
            .. state.Grants.Keys.Select(grant => new StatePart(StatePartKind.Grant, grant)),
            .. state.Fences.IsEmpty ? (StatePart[])[] : [new StatePart(StatePartKind.Fences, 0)],
            .. AlertParts.ChangedBetween(AccountState.Of(Account(state.Account.Id)), state),
        ],
    };

    public static AccountState StateOf(Account account, params Balance[] balances) =>
        AccountState.Of(account) with { Balances = StateMap<BalanceKey, Balance>.Of(balances.Select(b => KeyValuePair.Create(b.Key, b))) };
}
