using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Grants and what is drawn of them, as entries and states keep it: times are microseconds, amounts smallest units, members at their
/// defaults are left out.
/// </summary>
internal static class GrantJson
{
    public static void WriteTerms(Utf8JsonWriter writer, GrantTerms terms)
    {
        writer.WriteStartObject();
        writer.WriteString("meter"u8, terms.Meter);
        WriteNumber(writer, "scale"u8, terms.Scale, 0);
        WriteNumber(writer, "per"u8, (int?)terms.Per, null);
        writer.WriteNumber("amount"u8, terms.Amount.Units);
        WriteNumber(writer, "priority"u8, terms.Priority, GrantTerms.UsualPriority);
        writer.WriteNumber("start"u8, Clock.ToMicros(terms.Start));
        WriteNumber(writer, "end"u8, Clock.ToMicros(terms.End), long.MaxValue);
        if (terms.BeforePlan)
        {
            writer.WriteBoolean("beforePlan"u8, true);
        }

        WriteNumber(writer, "recurrence"u8, (int?)terms.Recurrence, null);
        if (terms.Rollover is { } rollover)
        {
            writer.WriteStartObject("rollover"u8);
            WriteNumber(writer, "max"u8, rollover.Max?.Units, null);
            WriteNumber(writer, "min"u8, rollover.Min.Units, 0);
            writer.WriteEndObject();
        }

        if (terms.IsRolledOver)
        {
            writer.WriteBoolean("rolledOver"u8, true);
        }

        writer.WriteEndObject();
    }

    public static GrantTerms ReadTerms(ref Utf8JsonReader reader)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        return ReadTerms(document.RootElement);
    }

    public static GrantTerms ReadTerms(JsonElement terms) => new()
    {
        Meter = string.Intern(terms.GetProperty("meter"u8).GetString()!),
        Scale = (int)(Number(terms, "scale"u8) ?? 0),
        Per = (Per?)Number(terms, "per"u8),
        Amount = new Quantity(terms.GetProperty("amount"u8).GetInt64()),
        Priority = (int)(Number(terms, "priority"u8) ?? GrantTerms.UsualPriority),
        Start = Clock.FromMicros(terms.GetProperty("start"u8).GetInt64()),
        End = Clock.FromMicros(Number(terms, "end"u8) ?? long.MaxValue),
        BeforePlan = terms.TryGetProperty("beforePlan"u8, out _),
        Recurrence = (Per?)Number(terms, "recurrence"u8),
        Rollover = terms.TryGetProperty("rollover"u8, out JsonElement rollover)
            ? new GrantRollover(Number(rollover, "max"u8) is { } max ? new Quantity(max) : null, new Quantity(Number(rollover, "min"u8) ?? 0))
            : null,
        IsRolledOver = terms.TryGetProperty("rolledOver"u8, out _),
    };

    /// <summary>The plan's own parts name no grant.</summary>
    public static void WriteDraws(Utf8JsonWriter writer, Draws draws)
    {
        writer.WriteStartArray();
        foreach (Draw draw in draws)
        {
            writer.WriteStartObject();
            WriteNumber(writer, "g"u8, draw.Grant, Draw.Plan);
            WriteNumber(writer, "p"u8, draw.Period is { } period ? Clock.ToMicros(period) : null, null);
            WriteNumber(writer, "u"u8, draw.Used.Units, 0);
            WriteNumber(writer, "h"u8, draw.Held.Units, 0);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    public static Draws ReadDraws(ref Utf8JsonReader reader)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        return ReadDraws(document.RootElement);
    }

    public static Draws ReadDraws(JsonElement draws) => new(draws.EnumerateArray().Select(draw => new Draw(
        Number(draw, "g"u8) ?? Draw.Plan,
        Number(draw, "p"u8) is { } period ? Clock.FromMicros(period) : null,
        new Quantity(Number(draw, "u"u8) ?? 0),
        new Quantity(Number(draw, "h"u8) ?? 0))));

    private static void WriteNumber(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? number, long? usual)
    {
        if (number is { } given && number != usual)
        {
            writer.WriteNumber(name, given);
        }
    }

    private static long? Number(JsonElement element, ReadOnlySpan<byte> name) => element.TryGetProperty(name, out JsonElement number) ? number.GetInt64() : null;
}
