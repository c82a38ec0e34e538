using System.Collections.Immutable;

using NodaTime;
using NodaTime.Text;

namespace Weir.Engine;

/// <summary>The section <c>prices</c>.</summary>
internal static class PriceOverrideReader
{
    public static ImmutableArray<PriceOverride> Read(MemberSet catalog)
    {
        if (!catalog.TryGet("prices", out DocumentCursor section))
        {
            return [];
        }

        ImmutableArray<PriceOverride>.Builder prices = ImmutableArray.CreateBuilder<PriceOverride>();
        HashSet<(string, string, string, LocalDate)> seen = [];
        foreach (DocumentCursor item in section.Items("prices", CatalogBounds.MostPrices))
        {
            if (Read(item) is not { } price)
            {
                continue;
            }

            if (seen.Add((price.Provider, price.Model, price.Unit, price.From)))
            {
                prices.Add(price);
            }
            else
            {
                item.Fail(
                    $"There is another price of {price.Unit} for {price.Provider} {price.Model} from {LocalDatePattern.Iso.Format(price.From)}; give one of them another date or remove it.");
            }
        }

        return prices.ToImmutable();
    }

    private static PriceOverride? Read(DocumentCursor cursor)
    {
        if (cursor.Members(
            "a price", "provider", "model", "unit", "per", "price", "from", "to", "source", "metadata") is not { } members)
        {
            return null;
        }

        string? provider = members.TryRequire("provider", "who is paid, such as 'openai'", out DocumentCursor providerCursor)
            ? Identifier(providerCursor, "a provider")
            : null;
        string? model = members.TryRequire("model", "the model as the provider names it", out DocumentCursor modelCursor)
            ? Identifier(modelCursor, "a model")
            : null;
        string? unit = members.TryRequire("unit", "what is counted, such as 'input_tokens'", out DocumentCursor unitCursor)
            ? unitCursor.Name("a unit")
            : null;
        decimal? per = 1;
        if (members.TryGet("per", out DocumentCursor perCursor))
        {
            per = perCursor.NumberBetween("per", CatalogBounds.SmallestUnit, CatalogBounds.LargestUnit);
        }

        decimal? price = members.TryRequire("price", "a number of 0 or more", out DocumentCursor priceCursor)
            ? priceCursor.Price("a price")
            : null;
        if (price is { } amount && per is { } units && !IsExact(amount, units))
        {
            priceCursor.Fail(
                $"The price of one unit, {amount} / {units}, must be exact with at most {UnitPrice.LargestScale} decimal places; give the price for another number of units.");
        }

        LocalDate? from = members.TryRequire("from", "the first day, such as 2025-10-01", out DocumentCursor fromCursor)
            ? Date(fromCursor, "from")
            : null;
        LocalDate? to = members.TryGet("to", out DocumentCursor toCursor) ? Date(toCursor, "to") : null;
        if (to <= from)
        {
            toCursor.Fail("The end of a price must be after its start; it holds on the days from 'from' up to, but not on, 'to'.");
        }

        string? source = members.Text("source");
        Metadata metadata = MetadataReader.Read(members);
        return provider is not null && model is not null && unit is not null && from is { } start
            ? new PriceOverride(provider, model, unit, per ?? 1, price ?? 0, start, to, source, metadata)
            : null;
    }

    private static bool IsExact(decimal price, decimal per)
    {
        decimal one = price / per;
        return Decimals.Places(one) <= UnitPrice.LargestScale && one * per == price;
    }

    private static string? Identifier(DocumentCursor cursor, string what)
    {
        if (cursor.RawText(what) is not { } text)
        {
            return null;
        }

        if (!Weir.Engine.Identifier.IsValid(text))
        {
            cursor.Fail($"'{DocumentCursor.Cut(text)}' cannot be {what}: it must be {Weir.Engine.Identifier.Form}.");
            return null;
        }

        return text;
    }

    private static LocalDate? Date(DocumentCursor cursor, string what)
    {
        if (cursor.Node is DocumentScalar { Kind: ScalarKind.Text } scalar
            && LocalDatePattern.Iso.Parse(scalar.Text) is { Success: true } parsed)
        {
            return parsed.Value;
        }

        cursor.Fail($"{DocumentCursor.Capital(what)} must be a day written YYYY-MM-DD; this is {cursor.Describe()}.");
        return null;
    }
}
