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

    /// <summary>What jobs hold and use, beside each other; grants add to its limit.</summary>
    public const string Credits = "credits";

    public const int CreditLimit = 300;

    /// <summary>Uses credits.</summary>
    public const string Spend = "spend";

    /// <summary>Holds credits.</summary>
    public const string Hold = "hold";

    /// <summary>Holds credits in a slot.</summary>
    public const string Run = "run";

    public const string Slot = "lane";

    /// <summary>Of each account.</summary>
    public const int Slots = 2;

    /// <summary>Of the whole service.</summary>
    public const int AllSlots = 6;

    /// <summary>How the accounts of jobs are called in the beginning; nothing else uses them.</summary>
    public const string JobAccounts = "jobs-";

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
          credits: { unit: credit }
        events:
          call: { charges: { calls: 1 } }
          both: { charges: { calls: 1, units: 1 } }
          hour: { charges: { hours: 1 } }
          work: { charges: { work: { per: { property: n, unit: 1, amount: 1 } } } }
          spend: { charges: { credits: { per: { property: n } } } }
          hold: { charges: { credits: { per: { property: n } } } }
          run: { slot: {{Slot}}, charges: { credits: { per: { property: n } } } }
        plans:
          plan:
            allowances:
              calls: { limit: {{Limits[Calls]}}, per: lifetime }
              units: { limit: {{Limits[Units]}}, per: lifetime }
              hours: { limit: {{Limits[Hours]}}, per: calendar-hour }
              work: { limit: null, per: lifetime }
              credits: { limit: {{CreditLimit}}, per: lifetime }
            slots: { {{Slot}}: {{Slots}} }
        workspace:
          slots: { {{Slot}}: {{AllSlots}} }
        """;
}
