using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>The section <c>charges</c> of an event type.</summary>
internal static class ChargeReader
{
    public static ImmutableArray<ChargeRule> Read(MemberSet type, CatalogDraft draft)
    {
        if (!type.TryGet("charges", out DocumentCursor section))
        {
            return [];
        }

        ImmutableArray<ChargeRule>.Builder charges = ImmutableArray.CreateBuilder<ChargeRule>();
        foreach (DocumentMember member in section.Entries("charges", "a meter", CatalogBounds.MostChargesOfAnEvent))
        {
            if (member.Key == Meter.CostKey)
            {
                section.FailAt(
                    member,
                    $"The meter '{Meter.CostKey}' is charged with every event's cost by itself; to charge another meter with it, write cost: true there.");
            }
            else if (draft.MeterNamed(section, member) is { } meter && Charge(section.Into(member), meter, draft) is { } charge)
            {
                charges.Add(charge);
            }
        }

        return charges.ToImmutable();
    }

    private static ChargeRule? Charge(DocumentCursor cursor, Meter meter, CatalogDraft draft)
    {
        if (cursor.Node is DocumentScalar { Kind: ScalarKind.Number })
        {
            // The short form: `ai_calls: 1`.
            if (meter.Kind == MeterKind.Level && draft.IsSound(meter))
            {
                cursor.Fail($"The level meter '{meter.Key}' is charged by a property: write change: {{ property: … }} or set: {{ property: … }}.");
                return null;
            }

            decimal? amount = Amount(cursor, meter, draft, "a charge");
            CheckFits(cursor, amount, meter, draft, "a charge");
            return new ChargeRule { Meter = meter, Base = amount ?? 0, PerUnits = [], Bonuses = [] };
        }

        if (cursor.Node is not DocumentMapping)
        {
            cursor.Fail($"A charge must be a number or a mapping; this is {cursor.Describe()}.");
            return null;
        }

        MemberSet members = cursor.Members(
            "a charge", "base", "per", "multiplier", "bonuses", "change", "set", "cost", "rounding")!;
        Rounding? rounding = members.TryGet("rounding", out DocumentCursor roundingCursor)
            ? roundingCursor.Choice("rounding", ("exact", Rounding.Exact), ("nearest", Rounding.Nearest), ("up", Rounding.Up))
            : null;
        if (!draft.IsSound(meter))
        {
            return null;
        }

        if (meter.Kind == MeterKind.Level)
        {
            return LevelCharge(members, meter, rounding);
        }

        members.Refuse($"only level meters are changed or set, and '{meter.Key}' adds up", "change", "set");
        return members.Boolean("cost") ? CostCharge(members, meter, rounding) : SumCharge(members, meter, draft, rounding);
    }

    private static ChargeRule LevelCharge(MemberSet members, Meter meter, Rounding? rounding)
    {
        members.Refuse(
            $"the level meter '{meter.Key}' takes only change or set, with the property that carries the figure",
            "base", "per", "multiplier", "bonuses", "cost");
        string? change = members.TryGet("change", out DocumentCursor changeCursor) ? Property(changeCursor, "change") : null;
        string? set = members.TryGet("set", out DocumentCursor setCursor) ? Property(setCursor, "set") : null;
        bool both = members.Has("change") && members.Has("set");
        if (both || (!members.Has("change") && !members.Has("set")))
        {
            members.Cursor.Fail(
                $"A charge on the level meter '{meter.Key}' must have either change: {{ property: … }} or set: {{ property: … }}; this has {(both ? "both" : "neither")}.");
        }

        return new ChargeRule
        {
            Meter = meter,
            PerUnits = [],
            Bonuses = [],
            ChangeProperty = change,
            SetProperty = set,
            Rounding = rounding ?? Rounding.Exact,
        };
    }

    private static string? Property(DocumentCursor cursor, string what) =>
        cursor.Members(what, "property") is { } members
            && members.TryRequire("property", "the name of a property", out DocumentCursor property)
                ? property.Name("a property")
                : null;

    private static ChargeRule CostCharge(MemberSet members, Meter meter, Rounding? rounding)
    {
        members.Refuse("a charge with cost: true is the event's cost and nothing else", "base", "per", "multiplier", "bonuses");
        if (rounding is not (null or Rounding.Up))
        {
            members.Refuse("a charge with cost: true is always rounded up, so that a budget is never exceeded", "rounding");
        }

        return new ChargeRule { Meter = meter, PerUnits = [], Bonuses = [], Cost = true, Rounding = Rounding.Up };
    }

    private static ChargeRule SumCharge(MemberSet members, Meter meter, CatalogDraft draft, Rounding? rounding)
    {
        decimal? constant = null;
        if (members.TryGet("base", out DocumentCursor baseCursor))
        {
            constant = Amount(baseCursor, meter, draft, "a base");
        }

        ImmutableArray<PerUnitRule> perUnits = members.TryGet("per", out DocumentCursor per) ? PerUnits(per, meter, draft) : [];
        MultiplierRule? multiplier = members.TryGet("multiplier", out DocumentCursor multiplierCursor) ? Multiplier(multiplierCursor) : null;

        // Figures that never fit the meter's scale would have every event refused; a multiplier or a property can still make them fit.
        bool fixedAmounts = (rounding is null or Rounding.Exact) && !members.Has("per") && !members.Has("multiplier");
        if (fixedAmounts)
        {
            CheckFits(baseCursor, constant, meter, draft, "a base");
        }

        ImmutableArray<BonusRule> bonuses = members.TryGet("bonuses", out DocumentCursor bonusesCursor)
            ? Bonuses(bonusesCursor, meter, draft, fixedAmounts)
            : [];
        if (!members.Has("base") && !members.Has("per") && !members.Has("bonuses") && !members.Has("change") && !members.Has("set"))
        {
            members.Cursor.Fail("This charge adds nothing: give it base, per, bonuses or cost: true.");
        }

        return new ChargeRule
        {
            Meter = meter,
            Base = constant ?? 0,
            PerUnits = perUnits,
            Multiplier = multiplier,
            Bonuses = bonuses,
            Rounding = rounding ?? Rounding.Exact,
        };
    }

    private static ImmutableArray<PerUnitRule> PerUnits(DocumentCursor cursor, Meter meter, CatalogDraft draft)
    {
        IEnumerable<DocumentCursor> items = cursor.Node is DocumentSequence ? cursor.Items("per", CatalogBounds.MostPartsOfACharge) : [cursor];
        ImmutableArray<PerUnitRule>.Builder rules = ImmutableArray.CreateBuilder<PerUnitRule>();
        foreach (DocumentCursor item in items)
        {
            if (item.Members("per", "property", "unit", "amount") is not { } members)
            {
                continue;
            }

            string? property = members.TryRequire("property", "the name of a property with a number", out DocumentCursor name)
                ? name.Name("a property")
                : null;
            decimal? unit = 1;
            if (members.TryGet("unit", out DocumentCursor unitCursor))
            {
                unit = unitCursor.NumberBetween("a unit", CatalogBounds.SmallestUnit, CatalogBounds.LargestUnit);
            }

            decimal? amount = members.TryGet("amount", out DocumentCursor amountCursor)
                ? Amount(amountCursor, meter, draft, "an amount")
                : 1;
            if (property is not null && unit is { } size && amount is { } known)
            {
                rules.Add(new PerUnitRule(property, size, known));
            }
        }

        return rules.ToImmutable();
    }

    private static MultiplierRule? Multiplier(DocumentCursor cursor)
    {
        if (cursor.Members("a multiplier", "property", "min", "max") is not { } members)
        {
            return null;
        }

        string? property = members.TryRequire("property", "the name of a property with a number", out DocumentCursor name)
            ? name.Name("a property")
            : null;
        decimal? least = members.TryGet("min", out DocumentCursor min) ? min.NumberBetween("min", 0, null) : null;
        decimal? most = members.TryGet("max", out DocumentCursor max) ? max.NumberBetween("max", 0, null) : null;
        if (least > most)
        {
            max.Fail($"The multiplier's max must be at least its min {least}; this is {most}.");
        }

        return property is null ? null : new MultiplierRule(property, least, most);
    }

    private static ImmutableArray<BonusRule> Bonuses(DocumentCursor cursor, Meter meter, CatalogDraft draft, bool fixedAmounts)
    {
        ImmutableArray<BonusRule>.Builder bonuses = ImmutableArray.CreateBuilder<BonusRule>();
        foreach (DocumentMember member in cursor.Entries("bonuses", "a property", CatalogBounds.MostPartsOfACharge))
        {
            DocumentCursor item = cursor.Into(member);
            decimal? amount = Amount(item, meter, draft, "a bonus");
            if (fixedAmounts)
            {
                CheckFits(item, amount, meter, draft, "a bonus");
            }

            bonuses.Add(new BonusRule(member.Key, amount ?? 0));
        }

        return bonuses.ToImmutable();
    }

    private static decimal? Amount(DocumentCursor cursor, Meter meter, CatalogDraft draft, string what) =>
        cursor.NumberBetween(
            what, 0, draft.IsSound(meter) ? Quantity.LargestUnits / Decimals.PowerOfTen(meter.Scale) : null);

    private static void CheckFits(DocumentCursor cursor, decimal? amount, Meter meter, CatalogDraft draft, string what)
    {
        if (amount is { } value && draft.IsSound(meter) && Decimals.Places(value) > meter.Scale)
        {
            cursor.Fail(
                $"{DocumentCursor.Capital(what)} of {value} has more decimal places than the meter '{meter.Key}' keeps ({meter.Scale}), so it could not be charged; give the charge rounding: nearest or up.");
        }
    }
}
