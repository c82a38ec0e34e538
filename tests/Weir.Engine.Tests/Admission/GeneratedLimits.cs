using FsCheck;
using FsCheck.Fluent;

namespace Weir.Engine.Tests;

/// <summary>
/// A catalog with two to five tight limits of any kind on one type of job: allowances of several meters, periods and scopes, hard and
/// soft, request limits, rates, slots, and limits of the whole workspace. A second plan without limits gives advice something to find.
/// </summary>
internal sealed record GeneratedLimits(IReadOnlyList<string> Names, string Catalog)
{
    public const int Fewest = 2;
    public const int Most = 5;

    /// <summary>Section, and how a limit of so much is written in it.</summary>
    private static readonly (string Section, string Text)[] s_kinds =
    [
        ("credits", "{ limit: #, per: month }"),
        ("credits", "{ limit: #, per: day }"),
        ("credits", "{ limit: #, per: hour, scope: user }"),
        ("credits", "{ limit: #, per: lifetime, scope: campaign }"),
        ("credits", "{ limit: #, per: calendar-day, enforcement: soft, ceiling: 70 }"),
        ("calls", "{ limit: #, per: week }"),
        ("calls", "{ limit: #, per: calendar-month, scope: user, enforcement: soft, ceiling: 65 }"),
        ("minutes", "{ limit: #, per: year }"),
        ("minutes", "{ limit: #, per: calendar-hour }"),
        ("storage", "{ limit: # }"),
        ("rates", "{ limit: #, per: 1m }"),
        ("rates", "{ limit: #, per: 1h, scope: user }"),
        ("rates", "{ limit: #, per: 10m, meter: credits }"),
        ("requests", "#"),
        ("slots", "$"),
        ("shared credits", "{ limit: #, per: calendar-day }"),
        ("shared calls", "{ limit: #, per: lifetime }"),
        ("shared storage", "{ limit: # }"),
        ("shared rates", "{ limit: #, per: 5m }"),
        ("shared slots", "$"),
    ];

    public static Gen<GeneratedLimits> Any { get; } =
        from count in Gen.Choose(Fewest, Most)
        from order in Gen.Choose(0, 1_000_000).ArrayOf(s_kinds.Length)
        from sizes in Gen.Choose(4, 60).ArrayOf(Most)
        select Of([.. Enumerable.Range(0, s_kinds.Length).OrderBy(kind => order[kind]).DistinctBy(kind => IsSingle(kind) ? s_kinds[kind].Section : $"{kind}").Take(count)], sizes);

    public override string ToString() => string.Join(" + ", Names);

    private static bool IsSingle(int kind) => s_kinds[kind].Section is "rates" or "requests" or "slots" or "shared rates" or "shared slots";

    private static GeneratedLimits Of(int[] kinds, int[] sizes)
    {
        List<(string Section, string Text)> limits = [.. kinds.Select((kind, i) => (
            s_kinds[kind].Section,
            s_kinds[kind].Text.Replace("#", $"{sizes[i]}", StringComparison.Ordinal).Replace("$", $"{1 + (sizes[i] % 3)}", StringComparison.Ordinal)))];
        string One(string section, string otherwise) => limits.Find(limit => limit.Section == section).Text ?? otherwise;
        string Allowances(string prefix) => string.Join(", ", new[] { "credits", "calls", "minutes", "storage" }
            .Select(meter => (Meter: meter, Limits: limits.Where(limit => limit.Section == prefix + meter).Select(limit => limit.Text).ToList()))
            .Where(meter => meter.Limits.Count > 0)
            .Select(meter => $"{meter.Meter}: [{string.Join(", ", meter.Limits)}]"));
        string rates = One("rates", "") is { Length: > 0 } rate ? $"rates: {{ api: {rate} }}" : "";
        string requests = One("requests", "") is { Length: > 0 } most ? $"requests: {{ max_n: {most} }}" : "";
        string sharedRates = One("shared rates", "") is { Length: > 0 } all ? $"rates: {{ api: {all} }}" : "";
        string shared = One("shared slots", "") is { Length: > 0 } slots ? $"slots: {{ job: {slots} }}" : "";
        return new GeneratedLimits([.. limits.Select(limit => $"{limit.Section} {limit.Text}")], $$"""
            name: limits
            defaultPlan: tight
            meters: { credits: { unit: credit, scale: 2 }, calls: { unit: call }, minutes: { unit: minute }, storage: { unit: byte, kind: level } }
            events:
              go:
                slot: job
                rate: api
                charges: { credits: { per: { property: n } }, calls: 1, minutes: { per: { property: m } }, storage: { change: { property: s } } }
            plans:
              tight:
                allowances: { {{Allowances("")}} }
                slots: { job: {{One("slots", "1000")}} }
                {{string.Join("\n    ", new[] { rates, requests }.Where(text => text.Length > 0))}}
              wide: { price: { monthly: 9 }, slots: { job: 1000 }, rates: { api: { limit: 1000000, per: 1m } } }
            workspace:
              allowances: { {{Allowances("shared ")}} }
              {{string.Join("\n  ", new[] { sharedRates, shared }.Where(text => text.Length > 0))}}
            """);
    }
}

internal enum DemandKind
{
    Consume,
    BestEffort,
    Check,
    Record,
    Reserve,
    Grow,
    Commit,
    Release,
    Give,
}

/// <summary>One thing that somebody asks for.</summary>
/// <param name="N">Of credits.</param>
/// <param name="M">Of minutes.</param>
/// <param name="S">Change of storage.</param>
/// <param name="Pick">Chooses among the open reservations.</param>
/// <param name="Seconds">How long after the one before it.</param>
internal sealed record Demand(DemandKind Kind, int Account, int N, int M, int S, int User, int Campaign, int Pick, int Seconds)
{
    public static Gen<Demand> Any { get; } =
        from kind in Gen.Frequency(
            (5, Gen.Constant(DemandKind.Consume)), (2, Gen.Constant(DemandKind.BestEffort)), (2, Gen.Constant(DemandKind.Check)), (1, Gen.Constant(DemandKind.Record)), (6, Gen.Constant(DemandKind.Reserve)),
            (4, Gen.Constant(DemandKind.Grow)), (1, Gen.Constant(DemandKind.Commit)), (1, Gen.Constant(DemandKind.Release)), (1, Gen.Constant(DemandKind.Give)))
        from account in Gen.Choose(0, 1)
        from n in Gen.Frequency((3, Gen.Choose(0, 6)), (2, Gen.Choose(0, 30)), (1, Gen.Choose(50, 90)))
        from m in Gen.Frequency((4, Gen.Choose(0, 5)), (1, Gen.Choose(10, 70)))
        from s in Gen.Frequency((4, Gen.Choose(0, 5)), (1, Gen.Choose(-20, 70)))
        from user in Gen.Choose(0, 2)
        from campaign in Gen.Choose(0, 1)
        from pick in Gen.Choose(0, 1_000)
        from seconds in Gen.Frequency((6, Gen.Choose(0, 5)), (2, Gen.Choose(0, 100)), (1, Gen.Choose(0, 5_000)), (1, Gen.Constant(90_000)))
        select new Demand(kind, account, n, m, s, user, campaign, pick, seconds);

    public Properties Properties => Properties.Of(
        [KeyValuePair.Create("n", PropertyValue.Of((decimal)N)), KeyValuePair.Create("m", PropertyValue.Of((decimal)M)), KeyValuePair.Create("s", PropertyValue.Of((decimal)S))]);

    public override string ToString() => $"+{Seconds}s {Kind} a{Account} n={N} m={M} s={S} u{User} c{Campaign} #{Pick}";
}
