namespace Weir.Server.Tests.Program;

/// <summary>Tests that start processes run one after the other: each wants the machine.</summary>
[CollectionDefinition(Name)]
public sealed class ProgramCollection
{
    public const string Name = "program";
}

internal static class Catalogs
{
    /// <summary>Calls of at most 100 a month, and work without limit.</summary>
    public const string Small = """
        name: small
        defaultPlan: free
        meters:
          calls: { unit: call }
          work: { unit: unit, scale: 2 }
        events:
          call:
            charges: { calls: 1 }
          work:
            charges: { work: { per: { property: n, unit: 1, amount: 1 } } }
        plans:
          free:
            allowances: { calls: { limit: 100, per: month } }

        """;
}
