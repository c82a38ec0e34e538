using FsCheck;
using FsCheck.Fluent;

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
              calls: { limit: 12, per: day }
              storage: { limit: 50 }
            slots: { job: 2 }
            rates: { api: { limit: 4, per: 1m, scope: user } }
            requests: { max_n: 40 }
          pro:
            price: { monthly: 10 }
            allowances: { credits: { limit: 200, per: month, enforcement: soft, ceiling: 260, overage: { rate: 0.5 } }, storage: { limit: 500 } }
            slots: { job: 4 }
            rates: { api: { limit: 40, per: 1m } }
        workspace:
          allowances: { credits: { limit: 300, per: calendar-day } }
          slots: { job: 3 }
        """;

    private static readonly string[] s_types = ["use", "both", "job", "once", "late", "store"];

    public decimal Number => Amount / 100m;

    public static Gen<Step> Any { get; } =
        from wait in Gen.Elements(0, 0, 1, 7, 30, 61, 900, 3_600, 40_000, 90_000, 400_000)
        from verb in Gen.Elements(
            Verb.Consume, Verb.Consume, Verb.Consume, Verb.BestEffort, Verb.Record, Verb.Reserve, Verb.Reserve, Verb.Reserve, Verb.Commit, Verb.Commit,
            Verb.Commit, Verb.Release, Verb.Extend, Verb.Grow, Verb.Reverse, Verb.Adjust, Verb.Override, Verb.Subscribe)
        from account in Gen.Elements("a", "a", "b")
        from user in Gen.Elements("u", "v", null)
        from type in Gen.Elements(s_types)
        from id in Gen.Choose(1, 14)
        from amount in Gen.Elements(0, 1, 100, 250, 500, 999, 1_000, 1_500, 2_000, 2_500, 4_100, -300)
        from ttl in Gen.Elements(1, 30, 900, 7_200, 300_000)
        from word in Gen.Elements("reject", "consume", "record", "held")
        select new Step(wait, verb, account, user, type, "id-" + id, amount, ttl, word);

    public override string ToString() => $"+{Wait}s {Verb} {Id} {Account}{(User is null ? "" : "/" + User)} {Type} n={Number} ttl={Ttl} {Word}";
}
