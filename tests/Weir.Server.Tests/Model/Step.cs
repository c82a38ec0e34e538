using FsCheck;
using FsCheck.Fluent;

using NodaTime;

using Weir.Engine;

namespace Weir.Server.Tests.Model;

internal enum Verb
{
    Consume,
    BestEffort,
    Record,
    Reserve,
    Commit,
    Release,
    Extend,
    Grow,
    Reverse,
    Adjust,
    Override,
    Subscribe,
    WaitReserve,
    Give,
    EndGrant,
    Reset,
    PlanChange,
    CancelPlanned,
    Suspend,
    Move,
    Look,
}

/// <summary>One command as every side can carry it out. Ids are few, so that repeats and other contents under an id happen often.</summary>
/// <param name="Wait">Seconds that pass before it.</param>
/// <param name="Id">Of its effect, or of what it is about.</param>
/// <param name="Amount">Of the property <c>n</c>, an adjustment or a limit; in hundredths.</param>
internal sealed record Step(int Wait, Verb Verb, string Account, string? User, string Type, string Id, int Amount, int Ttl, string Word)
{
    public const string Catalog = """
        name: model
        defaultPlan: free
        meters: { credits: { unit: credit, scale: 2 }, calls: { unit: call }, storage: { unit: byte, kind: level } }
        events:
          use:   { charges: { credits: { per: { property: n } } } }
          both:  { rate: api, charges: { credits: { base: 1, per: { property: n }, rounding: nearest }, calls: 1 } }
          job:   { slot: job, charges: { credits: { per: { property: n } }, calls: 1 } }
          once:  { slot: job, late_commit: reject, charges: { credits: { per: { property: n } } } }
          late:  { late_commit: consume, charges: { credits: { per: { property: n } } } }
          store: { charges: { storage: { change: { property: n } } } }
        plans:
          free:
            allowances:
              credits: [{ limit: 60, per: month }, { limit: 25, per: hour }, { limit: 20, per: day, scope: user }]
              calls: { limit: 12, per: day, rollover: { max: 6 } }
              storage: { limit: 50 }
            slots: { job: 2 }
            rates: { api: { limit: 4, per: 1m, scope: user } }
            requests: { max_n: 40 }
          pro:
            price: { monthly: 10 }
            allowances: { credits: { limit: 200, per: month, enforcement: soft, ceiling: 260, overage: { rate: 0.5 } }, calls: { limit: 40, per: week, rollover: true }, storage: { limit: 500 } }
            slots: { job: 4 }
            rates: { api: { limit: 40, per: 1m } }
        workspace:
          allowances: { credits: { limit: 300, per: calendar-day } }
          slots: { job: 3 }
        """;

    private static readonly string[] s_types = ["use", "both", "job", "once", "late", "store"];

    public decimal Number => Amount / 100m;

    /// <summary>Whether its answer is only that it was done, or why not.</summary>
    public bool IsQuiet => Verb is Verb.Override or Verb.Subscribe or Verb.EndGrant or Verb.PlanChange or Verb.CancelPlanned or Verb.Suspend or Verb.Move;

    public string Plan => Word is "reject" or "consume" ? "free" : "pro";

    /// <summary>A time that is the same whenever the step comes, so that its repeat has the same content; it may have passed.</summary>
    public Instant Fixed => EngineModel.Start + Duration.FromSeconds(10L * Ttl);

    public LimitOverride Override => new("credits", ScopeKind.Account, null, new Quantity(Math.Abs(Amount)), Word == "held" ? Fixed : null, null);

    /// <summary>A plan at once or with the next period, for good or until a time.</summary>
    public SubscriptionChange Subscription => new(Plan) { When = Ttl >= 900 ? PlanStart.NextPeriod : PlanStart.Immediate, Until = Amount > 1_000 ? Fixed : null, Then = Amount > 2_000 ? "pro" : null };

    public AccountChange Suspension => new() { Suspended = Word == "held" };

    /// <summary>Other days of renewal.</summary>
    public AccountChange Moving => new() { Zone = DateTimeZoneProviders.Tzdb[Word == "held" ? "Europe/Berlin" : "UTC"], Anchor = Amount > 1_000 ? new LocalDateTime(2026, 1, 31, 9, 0) : null };

    public string ResetMeter => Word switch { "reject" => "calls", "consume" => "storage", _ => "credits" };

    /// <summary>Once for good, once with an end and before the plan, recurring with rollover, or later for one balance.</summary>
    public GrantRequest Grant => Word switch
    {
        "reject" => new GrantRequest { Meter = "credits", Amount = Number },
        "consume" => new GrantRequest { Meter = "credits", Amount = Number, Expiry = Fixed, BeforePlan = true, Priority = 7 },
        "record" => new GrantRequest { Meter = "calls", Amount = Math.Abs(Amount % 7) + 1, Recurrence = Per.Day, Rollover = new RolloverRequest(5, 1), Priority = 3 },
        _ => new GrantRequest { Meter = "credits", Amount = Math.Abs(Number) + 5, Start = Fixed, Per = Per.Hour },
    };

    public static Gen<Step> Any { get; } =
        from wait in Gen.Elements(0, 0, 0, 1, 1, 7, 30, 61, 61, 900, 900, 3_600, 3_600, 40_000, 90_000, 400_000, 1_300_000)
        from verb in Gen.Elements(
            Verb.Consume, Verb.Consume, Verb.Consume, Verb.BestEffort, Verb.Record, Verb.Reserve, Verb.Reserve, Verb.Reserve, Verb.Commit, Verb.Commit,
            Verb.Commit, Verb.Release, Verb.Extend, Verb.Grow, Verb.Reverse, Verb.Adjust, Verb.Override, Verb.Subscribe,
            Verb.WaitReserve, Verb.Give, Verb.Give, Verb.EndGrant, Verb.Reset, Verb.PlanChange, Verb.CancelPlanned, Verb.Suspend, Verb.Move, Verb.Look, Verb.Look)
        from account in Gen.Elements("a", "a", "b")
        from user in Gen.Elements("u", "v", null)
        from type in Gen.Elements(s_types)
        from number in Gen.Choose(1, 12)
        from stray in Gen.Choose(0, 11)
        from amount in Gen.Elements(0, 1, 100, 250, 500, 999, 1_000, 1_500, 2_000, 2_500, 4_100, -300)
        from ttl in Gen.Elements(1, 30, 900, 7_200, 300_000)
        from word in Gen.Elements("reject", "consume", "record", "held")
        select new Step(wait, verb, account, user, type, IdOf(verb, number, stray == 0), amount, ttl, word);

    /// <summary>Mostly of the kind that the verb makes or is about, so that it finds what it wants; now and then one that all share.</summary>
    private static string IdOf(Verb verb, int number, bool isStray) => isStray ? $"x-{number % 3}" : verb switch
    {
        Verb.Reserve or Verb.WaitReserve or Verb.Commit or Verb.Release or Verb.Extend or Verb.Grow => $"r-{number % 7}",
        Verb.Give or Verb.EndGrant => $"g-{number % 5}",
        Verb.Adjust or Verb.Reset => $"c-{number}",
        _ => $"e-{number}",
    };

    public override string ToString() => Verb == Verb.Give ? $"+{Wait}s Give {Id} {Account} {Grant}" : $"+{Wait}s {Verb} {Id} {Account}{(User is null ? "" : "/" + User)} {Type} n={Number} ttl={Ttl} {Word}";
}
