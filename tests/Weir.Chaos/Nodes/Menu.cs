namespace Weir.Chaos;

/// <summary>The catalog of the run: what can be used, what it counts, and what limits it.</summary>
internal static class Menu
{
    public const string Calls = "calls";
    public const string Units = "units";
    public const string Hours = "hours";
    public const string Work = "work";

    /// <summary>Counts a call.</summary>
    public const string Call = "call";

    /// <summary>Counts a call and a unit, both or neither.</summary>
    public const string Both = "both";

    /// <summary>Counts one in this hour of the day.</summary>
    public const string Hour = "hour";

    /// <summary>Hard limits: of <see cref="Hours"/> in each hour of the day, of the others for the life of an account.</summary>
    public static readonly IReadOnlyDictionary<string, int> Limits = new Dictionary<string, int>(StringComparer.Ordinal) { [Calls] = 1_000, [Units] = 600, [Hours] = 500 };

    /// <summary>The meters that an event type counts on: one each, and of work the event's amount.</summary>
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> MetersOf = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        [Call] = [Calls],
        [Both] = [Calls, Units],
        [Hour] = [Hours],
        [Work] = [Work],
    };

    public static readonly string Catalog = $$"""
        name: nodes
        defaultPlan: plan
        meters:
          calls: { unit: call }
          units: { unit: unit }
          hours: { unit: unit }
          work: { unit: unit }
        events:
          call: { charges: { calls: 1 } }
          both: { charges: { calls: 1, units: 1 } }
          hour: { charges: { hours: 1 } }
          work: { charges: { work: { per: { property: n, unit: 1, amount: 1 } } } }
        plans:
          plan:
            allowances:
              calls: { limit: {{Limits[Calls]}}, per: lifetime }
              units: { limit: {{Limits[Units]}}, per: lifetime }
              hours: { limit: {{Limits[Hours]}}, per: calendar-hour }
              work: { limit: null, per: lifetime }
        """;
}
