using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Entries with every member in every state, the same ones for the same seed.</summary>
internal sealed class GeneratedEntries(int seed)
{
    private static readonly string[] s_texts = ["credits", "ai_calls", "a", "\"quoted\" \\ back", "naïve – ünïcödé 🚀", "line\nbreak", "</script>&'"];

    private readonly Random _random = new(seed);

    public Entry Next() => new()
    {
        Kind = Pick<EntryKind>(),
        Account = _random.NextInt64(1, long.MaxValue),
        Scopes = new Scopes(Sometimes(Long), Sometimes(Long), Sometimes(Long)),
        Type = Maybe(Text),
        At = Time(),
        RecordedAt = Time(),
        CatalogVersion = _random.Next(1, 1000),
        Plan = Text(),
        Properties = Properties.Of(Many(i => new KeyValuePair<string, PropertyValue>(Text() + i, Value()))),
        Charges = [.. Many(_ => Charge())],
        Lines = [.. Many(_ => Line())],
        Cost = MaybeValue(() => new Money(Number())),
        Flags = (EntryFlags)_random.Next(64),
        Observed = [.. Many(_ => Violation())],
        Target = MaybeValue(() => _random.NextInt64(1, 1_000_000)),
        Grant = _random.Next(2) == 0 ? null : Grant(),
        Reason = Maybe(Text),
        Actor = Maybe(Text),
    };

    public EventDetails Details() => new()
    {
        Source = Maybe(Text),
        Resource = Maybe(Text),
        Provider = Maybe(Text),
        Model = Maybe(Text),
        Endpoint = Maybe(Text),
        RequestId = Maybe(Text),
        Status = Maybe(Text),
        LatencyMs = MaybeValue(() => (long)_random.Next(100_000)),
        Address = Maybe(Text),
        UserAgent = Maybe(Text),
        FreeProperties = Properties.Of(Many(i => new KeyValuePair<string, PropertyValue>(Text() + i, Value()))),
    };

    public Balance Balance() => new(Key(), Time(), Amount(), Amount());

    private Charge Charge() => new(Text(), _random.Next(10), Pick<MeterKind>(), Amount(), new ChargeTrace
    {
        Base = MaybeValue(Number),
        PerUnits = [.. Many(_ => new PerUnitTrace(Text(), Number(), Number()))],
        Multiplier = MaybeValue(Number),
        MultiplierGiven = MaybeValue(Number),
        Bonuses = [.. Many(_ => new BonusTrace(Text(), Number()))],
        Change = MaybeValue(Number),
        Set = MaybeValue(Number),
        Cost = MaybeValue(Number),
        Unrounded = MaybeValue(Number),
        CutFrom = MaybeValue(Number),
        ClampedFrom = MaybeValue(Number),
    })
    {
        IsSet = _random.Next(2) == 0,
    };

    private EntryLine Line() => new(
        Key(), _random.Next(3) == 0 ? Instant.MaxValue : Time(), _random.Next(10), Amount(), Amount(), Amount(), MaybeValue(Amount),
        Pick<LimitEnforcement>(), MaybeValue(() => new UnitPrice(Number())))
    {
        HeldDelta = Amount(),
        Granted = Amount(),
        Draws = new Draws(Many(_ => new Draw(Sometimes(Long), MaybeValue(Time), Amount(), Amount()))),
    };

    private GrantTerms Grant() => new()
    {
        Meter = Text(),
        Scale = _random.Next(10),
        Per = MaybeValue(Pick<Per>),
        Amount = Amount(),
        Priority = _random.Next(3) == 0 ? GrantTerms.UsualPriority : _random.Next(GrantTerms.LastPriority),
        Start = Time(),
        End = _random.Next(2) == 0 ? Instant.MaxValue : Time(),
        BeforePlan = _random.Next(2) == 0,
        Recurrence = MaybeValue(Pick<Per>),
        Rollover = _random.Next(2) == 0 ? null : new GrantRollover(MaybeValue(Amount), Amount()),
        IsRolledOver = _random.Next(2) == 0,
    };

    private BalanceKey Key() =>
        new(Pick<ScopeKind>(), Sometimes(Long), Text(), Pick<Per>(), _random.Next(3) == 0 ? Instant.MinValue : Time());

    private Violation Violation() => new(Pick<Refusal>())
    {
        Meter = Maybe(Text),
        Scale = _random.Next(10),
        Scope = Pick<ScopeKind>(),
        Per = MaybeValue(Pick<Per>),
        Name = Maybe(Text),
        Limit = MaybeValue(Amount),
        Used = MaybeValue(Amount),
        Held = MaybeValue(Amount),
        Requested = MaybeValue(Amount),
        Remaining = MaybeValue(Amount),
        RequestLimit = MaybeValue(Number),
        RequestValue = MaybeValue(Number),
        ResetsAt = MaybeValue(Time),
    };

    private PropertyValue Value() => _random.Next(4) switch
    {
        0 => PropertyValue.Of(Number()),
        1 => PropertyValue.Of(_random.Next(2) == 0),
        2 => PropertyValue.Of(Text()),
        _ => PropertyValue.OfJson("""{ "a": [1, 2.50, null, {"b":"ü"}], "c" : true }"""),
    };

    private long Long() => _random.NextInt64(1, long.MaxValue);

    private Quantity Amount() => new(_random.Next(4) switch { 0 => 0, 1 => long.MinValue, 2 => long.MaxValue, _ => _random.NextInt64(-1_000_000, 1_000_000) });

    private decimal Number() => _random.Next(4) switch
    {
        0 => 0m,
        1 => new decimal(_random.Next(), _random.Next(), _random.Next(), _random.Next(2) == 0, (byte)_random.Next(29)),
        2 => decimal.MaxValue,
        _ => _random.Next(-1000, 1000) / 8m,
    };

    private Instant Time() => Clock.FromMicros(_random.NextInt64(-10_000_000_000_000_000, 100_000_000_000_000_000));

    private string Text() => s_texts[_random.Next(s_texts.Length)];

    private T Pick<T>()
        where T : struct, Enum
    {
        T[] values = Enum.GetValues<T>();
        return values[_random.Next(values.Length)];
    }

    private string? Maybe(Func<string> make) => _random.Next(2) == 0 ? null : make();

    private T? MaybeValue<T>(Func<T> make)
        where T : struct => _random.Next(2) == 0 ? null : make();

    private long Sometimes(Func<long> make) => _random.Next(2) == 0 ? 0 : make();

    private IEnumerable<T> Many<T>(Func<int, T> make) => [.. Enumerable.Range(0, _random.Next(4)).Select(make)];
}
