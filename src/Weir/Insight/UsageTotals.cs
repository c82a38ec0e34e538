using System.Collections.Immutable;

using Weir.Engine;

namespace Weir;

/// <summary>Figures of one group while they are added up.</summary>
internal sealed class UsageTotals
{
    private readonly SortedDictionary<string, decimal> _units = new(StringComparer.Ordinal);

    public long Events { get; private set; }

    public long Failed { get; private set; }

    public long LatencyMs { get; private set; }

    public long LatencyCount { get; private set; }

    public bool IsEmpty => Events == 0 && Failed == 0 && _units.Values.All(units => units == 0);

    public void Add(UsagePart part)
    {
        Events += part.Sign * part.Figures.Events;
        Failed += part.Sign * part.Figures.Failed;
        LatencyMs += part.Sign * part.Figures.LatencyMs;
        LatencyCount += part.Sign * part.Figures.LatencyCount;
        foreach ((string meter, long amount) in part.Figures.Amounts)
        {
            _units[meter] = _units.GetValueOrDefault(meter) + ((decimal)part.Sign * amount);
        }
    }

    public void Add(UsageTotals other)
    {
        Events += other.Events;
        Failed += other.Failed;
        LatencyMs += other.LatencyMs;
        LatencyCount += other.LatencyCount;
        foreach ((string meter, decimal units) in other._units)
        {
            _units[meter] = _units.GetValueOrDefault(meter) + units;
        }
    }

    /// <summary>In each meter's unit; meters that came to nothing are left out.</summary>
    public ImmutableSortedDictionary<string, decimal> Amounts(Catalog catalog) => ImmutableSortedDictionary<string, decimal>.Empty
        .WithComparers(StringComparer.Ordinal)
        .AddRange(_units
            .Where(pair => pair.Value != 0)
            .Select(pair => KeyValuePair.Create(pair.Key, Decimals.Normalize(pair.Value / Decimals.PowerOfTen(catalog.Meters.TryGetValue(pair.Key, out Meter? meter) ? meter.Scale : 0)))));

    /// <summary>A part of a whole in percent, with two decimal places; null where there is no whole.</summary>
    public static decimal? Percent(decimal part, decimal whole) =>
        whole == 0 ? null : Decimals.Normalize(Math.Round(part / whole * 100, 2, MidpointRounding.AwayFromZero));
}
