using System.Globalization;
using System.Text;

namespace Weir.Engine.Tests;

/// <summary>
/// What an event comes to: tables of <c>properties | amounts or refusal | trace</c> under one tariff, the <c>charges</c> of an event
/// type in YAML. The property <c>cost</c> is the event's cost. Amounts are listed as <c>credits 25</c>, each with all of its trace.
/// </summary>
internal static class Tariff
{
    private const string Meters = """
        meters: { credits: { unit: credit, scale: 2 }, calls: { unit: call }, nano: { unit: nano, scale: 9 }, storage: { unit: byte, kind: level }, litres: { unit: litre, kind: level, scale: 1 } }
        """;

    public static void Shows(string charges, string table)
    {
        Catalog catalog = StoryCatalog.Read($"{Meters}\nevents: {{ e: {{ dimensions: [department], charges: {{ {charges} }} }} }}");
        StringBuilder wrong = new();
        foreach (string row in table.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] columns = row.Split('|', StringSplitOptions.TrimEntries);
            string actual = Rate(catalog, columns[0]);
            if (actual != string.Join(" | ", columns.Skip(1)))
            {
                wrong.AppendLine(row).AppendLine($"  but: {actual}");
            }
        }

        Assert.True(wrong.Length == 0, wrong.ToString());
    }

    private static string Rate(Catalog catalog, string properties)
    {
        KeyValuePair<string, PropertyValue>[] all =
            [.. properties.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], StoryText.Value(pair[1])))];
        Money? cost = all.Any(pair => pair.Key == "cost") ? new Money(all.Single(pair => pair.Key == "cost").Value.Number) : null;
        RatedEvent? rated = Rater.Rate(catalog, catalog.Events["e"], Properties.Of(all.Where(pair => pair.Key != "cost")), cost, out Failure? failure);
        Assert.Equal(rated is null, failure is not null);
        return rated is null
            ? $"{failure!.Refusal.Code()} | {StoryText.Pointer(failure)}"
            : string.Join("; ", rated.Charges.Select(Amount)) + " | " + string.Join("; ", rated.Charges.Select(charge => Trace(charge.Trace)));
    }

    private static string Amount(Charge charge) => $"{charge.Meter} {charge.Amount.ToDecimal(charge.Scale).ToString(CultureInfo.InvariantCulture)}";

    private static string Trace(ChargeTrace trace)
    {
        IEnumerable<string?> parts =
        [
            trace.Base is { } constant ? $"base {constant}" : null,
            .. trace.PerUnits.Select(part => $"{part.Property} {part.Value} gives {part.Amount}"),
            trace.Multiplier is { } factor ? $"times {factor}" + (trace.MultiplierGiven is { } given ? $" for {given}" : "") : null,
            .. trace.Bonuses.Select(bonus => $"{bonus.Property} {bonus.Amount}"),
            trace.Change is { } change ? $"change {change}" : null,
            trace.Set is { } set ? $"set {set}" : null,
            trace.Cost is { } cost ? $"cost {cost}" : null,
            trace.Unrounded is { } unrounded ? $"from {unrounded}" : null,
        ];
        return string.Join(", ", parts.Where(part => part is not null));
    }
}
