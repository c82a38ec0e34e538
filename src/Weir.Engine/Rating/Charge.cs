using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>What rating makes of an event: an amount on one meter.</summary>
/// <param name="Meter">Key of the meter.</param>
/// <param name="Scale">The meter's scale, so that the amount can be shown without its catalog.</param>
/// <param name="Amount">Smallest units. For a level's <c>set</c> the new value, until the decision turns it into the change.</param>
public sealed record Charge(string Meter, int Scale, MeterKind Kind, Quantity Amount, ChargeTrace Trace)
{
    /// <summary>A level's <c>set</c>: <see cref="Amount"/> is the wanted value, not a change.</summary>
    public bool IsSet { get; init; }
}

/// <summary>How the amount of a charge came about; every part that was applied, in the meter's unit.</summary>
public sealed record ChargeTrace
{
    public decimal? Base { get; init; }

    public ImmutableArray<PerUnitTrace> PerUnits { get; init; } = [];

    /// <summary>The factor after clamping.</summary>
    public decimal? Multiplier { get; init; }

    public ImmutableArray<BonusTrace> Bonuses { get; init; } = [];

    /// <summary>The factor as it was given, where clamping changed it.</summary>
    public decimal? MultiplierGiven
    {
        get => _rare?.MultiplierGiven;
        init => _rare = value == MultiplierGiven ? _rare : (_rare ?? Rare.None) with { MultiplierGiven = value };
    }

    /// <summary>A level's change as given.</summary>
    public decimal? Change
    {
        get => _rare?.Change;
        init => _rare = value == Change ? _rare : (_rare ?? Rare.None) with { Change = value };
    }

    /// <summary>A level's new value as given.</summary>
    public decimal? Set
    {
        get => _rare?.Set;
        init => _rare = value == Set ? _rare : (_rare ?? Rare.None) with { Set = value };
    }

    /// <summary>The cost that the amount was taken from.</summary>
    public decimal? Cost
    {
        get => _rare?.Cost;
        init => _rare = value == Cost ? _rare : (_rare ?? Rare.None) with { Cost = value };
    }

    /// <summary>The amount before rounding, where rounding changed it.</summary>
    public decimal? Unrounded
    {
        get => _rare?.Unrounded;
        init => _rare = value == Unrounded ? _rare : (_rare ?? Rare.None) with { Unrounded = value };
    }

    /// <summary>The rated amount, where <c>best_effort</c> granted less.</summary>
    public decimal? CutFrom
    {
        get => _rare?.CutFrom;
        init => _rare = value == CutFrom ? _rare : (_rare ?? Rare.None) with { CutFrom = value };
    }

    /// <summary>The wanted change, where a level was clamped at zero.</summary>
    public decimal? ClampedFrom
    {
        get => _rare?.ClampedFrom;
        init => _rare = value == ClampedFrom ? _rare : (_rare ?? Rare.None) with { ClampedFrom = value };
    }

    // Most traces have none of these, and every event carries its traces.
    private readonly Rare? _rare;

    private sealed record Rare(decimal? MultiplierGiven, decimal? Change, decimal? Set, decimal? Cost, decimal? Unrounded, decimal? CutFrom, decimal? ClampedFrom)
    {
        public static readonly Rare None = new(null, null, null, null, null, null, null);
    }
}

/// <param name="Value">The property's value.</param>
/// <param name="Amount">What it added: rate × value / unit.</param>
public sealed record PerUnitTrace(string Property, decimal Value, decimal Amount);

public sealed record BonusTrace(string Property, decimal Amount);

/// <summary>An event after rating, under one catalog.</summary>
public sealed record RatedEvent(EventType Type, Properties Properties, ImmutableArray<Charge> Charges, Money? Cost);

