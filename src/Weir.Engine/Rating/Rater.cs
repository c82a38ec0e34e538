using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;

namespace Weir.Engine;

/// <summary>
/// Turns an event into charges. It computes exactly and rounds once, at each charge (NUM-3).
/// </summary>
public static class Rater
{
    /// <summary>Rates one event. Exactly one of the two results is null.</summary>
    /// <param name="cost">The event's cost, where its sender gave one or the price book knows it.</param>
    public static RatedEvent? Rate(Catalog catalog, EventType type, Properties properties, Money? cost, out Failure? error)
    {
        ImmutableArray<Charge>.Builder charges = ImmutableArray.CreateBuilder<Charge>(type.Charges.Length + 1);
        try
        {
            foreach (ChargeRule rule in type.Charges)
            {
                Charge? charge = rule.Constant;
                if (charge is null)
                {
                    charge = RateOne(rule, properties, cost, out error);
                    if (error is not null)
                    {
                        return null;
                    }

                    rule.Constant = rule.IsConstant ? charge : null;
                }

                if (charge is not null)
                {
                    charges.Add(charge);
                }
            }

            if (cost is { } amount)
            {
                // The built-in meter carries the cost of every event, whatever else is charged (NUM-4).
                Charge? charge = CostCharge(catalog.Meters[Meter.CostKey], amount, out error);
                if (charge is null)
                {
                    return null;
                }

                charges.Add(charge);
            }
        }
        catch (OverflowException)
        {
            error = new Failure(Refusal.QuantityOverflow, "/properties",
                $"The charges of '{type.Key}' for these properties are larger than Weir counts (10^15 smallest units); send smaller amounts.");
            return null;
        }

        error = CheckDeclaredTypes(type, properties);
        return error is null ? new RatedEvent(type, properties, charges.DrainToImmutable(), cost) : null;
    }

    /// <summary>
    /// In CloudEvents numeric strings count as numbers (NUM-2): the properties that the type's charges read as numbers are converted.
    /// </summary>
    public static Properties ReadNumericTexts(EventType type, Properties properties)
    {
        List<KeyValuePair<string, PropertyValue>>? converted = null;
        foreach ((string name, PropertyValue value) in properties.Entries)
        {
            if (value.Kind == PropertyKind.Text && ReadsAsNumber(type, name)
                && decimal.TryParse(value.Text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out decimal number))
            {
                converted ??= [];
                converted.Add(new(name, PropertyValue.Of(number)));
            }
        }

        return converted is null ? properties : properties.With(Properties.Of(converted));
    }

    private static bool ReadsAsNumber(EventType type, string name)
    {
        foreach (ChargeRule rule in type.Charges)
        {
            if (rule.ChangeProperty == name || rule.SetProperty == name || rule.Multiplier?.Property == name
                || rule.PerUnits.Any(p => p.Property == name))
            {
                return true;
            }
        }

        return false;
    }

    private static Charge? RateOne(ChargeRule rule, Properties properties, Money? cost, out Failure? error)
    {
        error = null;
        if (rule.Cost)
        {
            return cost is { } amount ? CostCharge(rule.Meter, amount, out error) : null;
        }

        if (rule.ChangeProperty is { } changeProperty)
        {
            return Level(rule, changeProperty, properties, isSet: false, out error);
        }

        if (rule.SetProperty is { } setProperty)
        {
            return Level(rule, setProperty, properties, isSet: true, out error);
        }

        Fraction total = rule.Base;
        ImmutableArray<PerUnitTrace> perUnits = [];
        foreach (PerUnitRule perUnit in rule.PerUnits)
        {
            if (!TryNumber(properties, perUnit.Property, out decimal? value, out error))
            {
                return null;
            }

            if (value is { } given)
            {
                if (given < 0)
                {
                    error = new Failure(Refusal.NegativeQuantity, Properties.PointerTo(perUnit.Property),
                        $"'{perUnit.Property}' is {given}; a quantity to charge for must be 0 or more. To take usage back, reverse its event.");
                    return null;
                }

                total += (Fraction)given * perUnit.Amount / perUnit.Unit;
                perUnits = perUnits.Add(new PerUnitTrace(perUnit.Property, given, Decimals.Normalize(given * perUnit.Amount / perUnit.Unit)));
            }
        }

        decimal? multiplier = null;
        decimal? multiplierGiven = null;
        if (rule.Multiplier is { } factor)
        {
            if (!TryNumber(properties, factor.Property, out decimal? value, out error))
            {
                return null;
            }

            if (value is { } given)
            {
                decimal clamped = Math.Min(Math.Max(given, factor.Min ?? 0m), factor.Max ?? decimal.MaxValue);
                multiplier = clamped;
                multiplierGiven = clamped == given ? null : given;
                total *= clamped;
            }
        }

        ImmutableArray<BonusTrace> bonuses = [];
        foreach (BonusRule bonus in rule.Bonuses)
        {
            if (!properties.TryGet(bonus.Property, out PropertyValue value))
            {
                continue;
            }

            if (value.Kind != PropertyKind.Boolean)
            {
                error = new Failure(Refusal.PropertyType, Properties.PointerTo(bonus.Property), $"'{bonus.Property}' must be true or false, not {Describe(value)}.");
                return null;
            }

            if (value.Boolean)
            {
                total += bonus.Amount;
                bonuses = bonuses.Add(new BonusTrace(bonus.Property, bonus.Amount));
            }
        }

        ChargeTrace trace = new()
        {
            Base = rule.Base == 0 && !perUnits.IsEmpty ? null : rule.Base,
            PerUnits = perUnits,
            Multiplier = multiplier,
            MultiplierGiven = multiplierGiven,
            Bonuses = bonuses,
        };
        return Rounded(rule.Meter, total, rule.Rounding, trace, "/properties", out error);
    }

    private static Charge? Level(ChargeRule rule, string property, Properties properties, bool isSet, out Failure? error)
    {
        if (!TryNumber(properties, property, out decimal? value, out error))
        {
            return null;
        }

        if (value is not { } given)
        {
            error = new Failure(Refusal.PropertyMissing, Properties.PointerTo(property), $"'{property}' is required: it {(isSet ? "is the new value" : "is the change")} of the level '{rule.Meter.Key}'.");
            return null;
        }

        if (isSet && given < 0)
        {
            error = new Failure(Refusal.NegativeQuantity, Properties.PointerTo(property), $"'{property}' is {given}; a level cannot be set below 0.");
            return null;
        }

        ChargeTrace trace = isSet ? new ChargeTrace { Set = given } : new ChargeTrace { Change = given };
        Charge? charge = Rounded(rule.Meter, given, rule.Rounding, trace, Properties.PointerTo(property), out error);
        return charge is null ? null : charge with { IsSet = isSet };
    }

    private static Charge? CostCharge(Meter meter, Money cost, out Failure? error) =>
        Rounded(meter, cost.Amount, Rounding.Up, new ChargeTrace { Cost = Decimals.Normalize(cost.Amount) }, "/cost", out error);

    private static Charge? Rounded(Meter meter, Fraction total, Rounding rounding, ChargeTrace trace, string pointer, out Failure? error)
    {
        error = null;
        if (total.Round(meter.Scale, rounding, out bool isExact) is not { } units)
        {
            error = new Failure(Refusal.TooManyDecimals, pointer,
                $"The charge on '{meter.Key}' comes to {total.ToDecimal()}, which has more than the meter's {meter.Scale} decimal places; give its charge a rounding of nearest or up, or send a value that fits.");
            return null;
        }

        if (BigInteger.Abs(units) > Quantity.LargestUnits)
        {
            error = new Failure(Refusal.QuantityOverflow, pointer,
                $"The charge on '{meter.Key}' comes to {total.ToDecimal()}, beyond 10^15 smallest units.");
            return null;
        }

        return new Charge(meter.Key, meter.Scale, meter.Kind, new Quantity((long)units), isExact ? trace : trace with { Unrounded = total.ToDecimal() });
    }

    private static bool TryNumber(Properties properties, string name, out decimal? value, out Failure? error)
    {
        value = null;
        error = null;
        if (!properties.TryGet(name, out PropertyValue found))
        {
            return true;
        }

        if (found.Kind != PropertyKind.Number)
        {
            error = new Failure(Refusal.PropertyType, Properties.PointerTo(name), $"'{name}' must be a number, not {Describe(found)}.");
            return false;
        }

        value = found.Number;
        return true;
    }

    /// <summary>Only what the catalog names is type-checked: a dimension is one value, never an object or a list.</summary>
    private static Failure? CheckDeclaredTypes(EventType type, Properties properties)
    {
        foreach (string dimension in type.Dimensions)
        {
            if (properties.TryGet(dimension, out PropertyValue value) && value.Kind == PropertyKind.Json)
            {
                return new Failure(Refusal.PropertyType, Properties.PointerTo(dimension), $"'{dimension}' is a dimension and must be one text, number or boolean.");
            }

            if (value.Kind == PropertyKind.Text && !(value.Text.Length is > 0 and <= DisplayName.LargestLength && DisplayName.IsValid(value.Text)))
            {
                return new Failure(Refusal.PropertyType, Properties.PointerTo(dimension), $"'{dimension}' is a dimension: {DisplayName.Form}.");
            }
        }

        return null;
    }

    private static string Describe(PropertyValue value) => value.Kind switch
    {
        PropertyKind.Number => "a number",
        PropertyKind.Boolean => "a boolean",
        PropertyKind.Text => "a text",
        _ => "an object or list",
    };
}
