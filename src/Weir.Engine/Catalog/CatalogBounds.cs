namespace Weir.Engine;

/// <summary>How large a catalog and its parts may be. Beyond a bound a document is refused, never cut.</summary>
public static class CatalogBounds
{
    /// <summary>Bytes of a document's text in UTF-8: 1 MiB.</summary>
    public const int LargestDocumentBytes = 1024 * 1024;

    /// <summary>Mappings and lists inside one another.</summary>
    public const int LargestDepth = 64;

    /// <summary>Errors that one answer names; a last one says that there are more.</summary>
    public const int MostErrors = 500;

    public const int MostMeters = 1_000;

    public const int MostEventTypes = 2_000;

    public const int MostPlans = 500;

    public const int MostChargesOfAnEvent = 100;

    /// <summary>Per-unit rules or bonuses of one charge.</summary>
    public const int MostPartsOfACharge = 50;

    /// <summary>Dimensions, required features or rates of one event type.</summary>
    public const int MostNamesOfAnEvent = 50;

    /// <summary>Allowances of one meter in one plan: every scope with every <c>per</c> would be 44.</summary>
    public const int MostAllowancesOfAMeter = 50;

    /// <summary>Request limits, slots, rates or features of one plan.</summary>
    public const int MostEntriesOfAPlan = 200;

    public const int MostAlerts = 20;

    /// <summary>Percent.</summary>
    public const int LowestAlert = 1;

    /// <summary>Percent.</summary>
    public const int HighestAlert = 1_000;

    public const int MostSlotsOfAKind = 100_000;

    public const int MostPrices = 10_000;

    /// <summary>Of a plan, a unit or a number of units, in the catalog's currency.</summary>
    public const long LargestPrice = 1_000_000_000_000_000;

    /// <summary>The number of units that a price or an amount may be for.</summary>
    public const long LargestUnit = 1_000_000_000_000_000;

    /// <inheritdoc cref="LargestUnit"/>
    public const decimal SmallestUnit = 0.000001m;

    public const int MostMetadataEntries = 50;

    public const int LargestMetadataValueLength = 500;

    /// <summary>Seconds: the shortest window of a rate.</summary>
    public const int ShortestWindowSeconds = 1;

    /// <summary>Seconds: the longest window of a rate, 31 days.</summary>
    public const int LongestWindowSeconds = 31 * 86_400;
}
