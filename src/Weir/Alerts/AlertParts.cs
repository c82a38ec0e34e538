using System.Collections.Immutable;
using System.Text.Json;

using Weir.Engine;

namespace Weir;

/// <summary>What accounts remember of alerts, as parts of their state (<see cref="StateParts"/>).</summary>
internal static class AlertParts
{
    /// <summary>The parts that a decision changed.</summary>
    public static IEnumerable<StatePart> ChangedBetween(AccountState before, AccountState after)
    {
        IEnumerable<StatePart> marks = ReferenceEquals(before.AlertMarks, after.AlertMarks)
            ? []
            : after.AlertMarks.ChangedSince(before.AlertMarks).Select(number => new StatePart(StatePartKind.AlertMarks, number));
        return ReferenceEquals(before.Account.AlertRules, after.Account.AlertRules) ? marks : marks.Append(new StatePart(StatePartKind.AlertRules, 0));
    }

    public static byte[]? WriteMarks(AlertMarks marks, long number)
    {
        AlertMark[] own = [.. marks.PartOf(number)];
        bool tellsVersion = number == 0 && marks.CatalogVersion != 0;
        return own.Length == 0 && !tellsVersion ? null : StateParts.Write(writer =>
        {
            if (tellsVersion)
            {
                writer.WriteNumber("catalog"u8, marks.CatalogVersion);
            }

            writer.WriteStartArray("marks"u8);
            foreach (AlertMark mark in own)
            {
                Write(writer, mark);
            }

            writer.WriteEndArray();
        });
    }

    public static AlertMarks ReadMarks(AlertMarks marks, long number, ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return marks.WithPart(number, null, []);
        }

        using JsonDocument document = StateParts.Parse(body);
        return marks.WithPart(number, (int)StateParts.ReadNumber(document.RootElement, "catalog"u8), document.RootElement.GetProperty("marks"u8).EnumerateArray().Select(ReadMark).ToList());
    }

    public static byte[]? WriteRules(AlertRuleSet rules) => rules.IsEmpty ? null : StateParts.Write(writer =>
    {
        if (rules.ReplacesPlan)
        {
            writer.WriteBoolean("replace"u8, true);
        }

        writer.WriteStartArray("rules"u8);
        foreach (AlertRule rule in rules.Rules)
        {
            writer.WriteStartObject();
            writer.WriteString("meter"u8, rule.Meter);
            StateParts.WriteNonZero(writer, "scope"u8, (long)rule.Scope);
            if (rule.Per is { } per)
            {
                writer.WriteNumber("per"u8, (int)per);
            }

            Write(writer, rule.Threshold);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    public static AlertRuleSet ReadRules(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return AlertRuleSet.Empty;
        }

        using JsonDocument document = StateParts.Parse(body);
        return new AlertRuleSet(
            document.RootElement.TryGetProperty("replace"u8, out _),
            [
                .. document.RootElement.GetProperty("rules"u8).EnumerateArray().Select(rule => new AlertRule(
                    string.Intern(rule.GetProperty("meter"u8).GetString()!),
                    (ScopeKind)StateParts.ReadNumber(rule, "scope"u8),
                    rule.TryGetProperty("per"u8, out JsonElement per) ? (Per)per.GetInt32() : null,
                    ReadThreshold(rule))),
            ]);
    }

    private static void Write(Utf8JsonWriter writer, AlertMark mark)
    {
        writer.WriteStartObject();
        StateParts.WriteKey(writer, mark.Key, mark.PeriodEnd);
        StateParts.WriteNonZero(writer, "generation"u8, mark.Generation);
        if (mark.Limit is { } limit)
        {
            writer.WriteNumber("limit"u8, limit.Units);
        }

        if (!mark.Raised.IsEmpty)
        {
            writer.WriteStartArray("raised"u8);
            foreach (RaisedThreshold raised in mark.Raised)
            {
                writer.WriteStartObject();
                Write(writer, raised.Threshold);
                StateParts.WriteNonZero(writer, "generation"u8, raised.Generation);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static AlertMark ReadMark(JsonElement mark)
    {
        (BalanceKey key, NodaTime.Instant end) = StateParts.ReadKey(mark);
        ImmutableArray<RaisedThreshold> raised = mark.TryGetProperty("raised"u8, out JsonElement list)
            ? [.. list.EnumerateArray().Select(item => new RaisedThreshold(ReadThreshold(item), (int)StateParts.ReadNumber(item, "generation"u8)))]
            : [];
        return new AlertMark(key, end, (int)StateParts.ReadNumber(mark, "generation"u8), mark.TryGetProperty("limit"u8, out JsonElement limit) ? new Quantity(limit.GetInt64()) : null, raised);
    }

    private static void Write(Utf8JsonWriter writer, AlertThreshold threshold)
    {
        writer.WriteNumber("basis"u8, (int)threshold.Basis);
        writer.WriteNumber("value"u8, threshold.Value);
    }

    private static AlertThreshold ReadThreshold(JsonElement element) => new((AlertBasis)element.GetProperty("basis"u8).GetInt32(), element.GetProperty("value"u8).GetDecimal());
}
