using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// The facts of an alert as JSON, as stores keep them and as notifications tell them. Times are microseconds, amounts smallest units in
/// what is stored; members at their defaults are left out.
/// </summary>
public static class AlertJson
{
    /// <summary>What never changes of an alert, beside its id, its kind and its account.</summary>
    public static byte[] WriteFacts(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return Write(writer =>
        {
            NonZero(writer, "scope"u8, (long)alert.Scope);
            NonZero(writer, "scopeId"u8, alert.ScopeId);
            Text(writer, "meter"u8, alert.Meter);
            NonZero(writer, "scale"u8, alert.Scale);
            if (alert.Per is { } per)
            {
                writer.WriteNumber("per"u8, (int)per);
            }

            if (alert.PeriodStart != Instant.MinValue)
            {
                writer.WriteNumber("from"u8, Clock.ToMicros(alert.PeriodStart));
            }

            if (alert.Threshold is { } threshold)
            {
                writer.WriteNumber("basis"u8, (int)threshold.Basis);
                writer.WriteNumber("value"u8, threshold.Value);
            }

            NonZero(writer, "generation"u8, alert.Generation);
            NonZero(writer, "used"u8, alert.Used.Units);
            NonZero(writer, "held"u8, alert.Held.Units);
            if (alert.Limit is { } limit)
            {
                writer.WriteNumber("limit"u8, limit.Units);
            }

            Text(writer, "type"u8, alert.Type);
            if (alert.Job is { } job)
            {
                writer.WriteNumber("job"u8, job);
            }
        });
    }

    /// <summary>An alert with the facts that were stored of it.</summary>
    public static Alert ReadFacts(Alert bare, ReadOnlySpan<byte> json)
    {
        ArgumentNullException.ThrowIfNull(bare);
        Utf8JsonReader reader = new(json);
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        JsonElement facts = document.RootElement;
        return bare with
        {
            Scope = (ScopeKind)(Number(facts, "scope"u8) ?? 0),
            ScopeId = Number(facts, "scopeId"u8) ?? 0,
            Meter = ReadText(facts, "meter"u8),
            Scale = (int)(Number(facts, "scale"u8) ?? 0),
            Per = (Per?)Number(facts, "per"u8),
            PeriodStart = Number(facts, "from"u8) is { } from ? Clock.FromMicros(from) : Instant.MinValue,
            Threshold = Number(facts, "basis"u8) is { } basis ? new AlertThreshold((AlertBasis)basis, facts.GetProperty("value"u8).GetDecimal()) : null,
            Generation = (int)(Number(facts, "generation"u8) ?? 0),
            Used = new Quantity(Number(facts, "used"u8) ?? 0),
            Held = new Quantity(Number(facts, "held"u8) ?? 0),
            Limit = Number(facts, "limit"u8) is { } limit ? new Quantity(limit) : null,
            Type = ReadText(facts, "type"u8),
            Job = Number(facts, "job"u8),
        };
    }

    /// <summary>What the outside is told: amounts in the meter's unit, times in RFC 3339. Users and campaigns are left out.</summary>
    public static byte[] WriteNotification(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return Write(writer =>
        {
            writer.WriteString("alert"u8, alert.Id);
            writer.WriteString("kind"u8, NameOf(alert.Kind));
            if (alert.Meter is not null)
            {
                writer.WriteString("meter"u8, alert.Meter);
                writer.WriteString("scope"u8, alert.Scope.Name());
                writer.WriteString("per"u8, alert.Per?.Name());
                Time(writer, "periodStart"u8, alert.PeriodStart);
                Time(writer, "periodEnd"u8, alert.PeriodEnd);
                writer.WriteNumber("used"u8, alert.Used.ToDecimal(alert.Scale));
                writer.WriteNumber("held"u8, alert.Held.ToDecimal(alert.Scale));
                if (alert.Limit is { } limit)
                {
                    writer.WriteNumber("limit"u8, limit.ToDecimal(alert.Scale));
                }
                else
                {
                    writer.WriteNull("limit"u8);
                }
            }
            else
            {
                writer.WriteString("type"u8, alert.Type);
            }

            if (alert.Threshold is { } threshold)
            {
                writer.WriteStartObject("threshold"u8);
                writer.WriteNumber(NameOf(threshold.Basis), ValueOf(threshold, alert.Scale));
                writer.WriteEndObject();
            }

            if (alert.Kind == AlertKind.UsageUnusual)
            {
                writer.WriteNumber("events"u8, alert.Used.Units);
                writer.WriteNumber("mostUsual"u8, alert.Limit?.Units ?? 0);
                Time(writer, "periodStart"u8, alert.PeriodStart);
                Time(writer, "periodEnd"u8, alert.PeriodEnd);
            }

            Time(writer, "raisedAt"u8, alert.RaisedAt);
            if (alert is { ResolvedAt: { } resolvedAt, Resolution: { } resolution })
            {
                Time(writer, "resolvedAt"u8, resolvedAt);
                writer.WriteString("resolution"u8, NameOf(resolution));
            }
        });
    }

    public static string NameOf(AlertKind kind) => kind switch
    {
        AlertKind.JobStuck => "job_stuck",
        AlertKind.UsageUnusual => "usage_unusual",
        _ => "threshold",
    };

    public static string NameOf(AlertBasis basis) => basis switch
    {
        AlertBasis.Percent => "percent",
        AlertBasis.Remaining => "remaining",
        _ => "amount",
    };

    public static string NameOf(AlertResolution resolution) => resolution switch
    {
        AlertResolution.LimitRaised => "limit_raised",
        AlertResolution.Fell => "fell",
        AlertResolution.RuleRemoved => "rule_removed",
        AlertResolution.Heard => "heard",
        _ => "job_ended",
    };

    /// <summary>Percent, or an amount in the meter's unit.</summary>
    public static decimal ValueOf(AlertThreshold threshold, int scale) =>
        Decimals.Normalize(threshold.Basis == AlertBasis.Percent ? threshold.Value : threshold.Value / Decimals.PowerOfTen(scale));

    private static long? Number(JsonElement element, ReadOnlySpan<byte> name) => element.TryGetProperty(name, out JsonElement number) ? number.GetInt64() : null;

    private static string? ReadText(JsonElement element, ReadOnlySpan<byte> name) => element.TryGetProperty(name, out JsonElement text) ? text.GetString() : null;

    private static void NonZero(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long number)
    {
        if (number != 0)
        {
            writer.WriteNumber(name, number);
        }
    }

    private static void Text(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }

    private static void Time(Utf8JsonWriter writer, ReadOnlySpan<byte> name, Instant instant)
    {
        if (instant == Instant.MinValue || instant == Instant.MaxValue)
        {
            writer.WriteNull(name);
        }
        else
        {
            writer.WriteString(name, NodaTime.Text.InstantPattern.ExtendedIso.Format(instant));
        }
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        write(writer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
