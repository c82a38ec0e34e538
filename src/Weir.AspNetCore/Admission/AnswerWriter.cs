using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Writes the answers of consume, check and record. A repeat's answer is made from the same entry, so it is the same answer (ID-5).</summary>
internal static class AnswerWriter
{
    /// <param name="asOf">For a check: the time it is about. Its balances are those before the event.</param>
    public static void Write(Utf8JsonWriter writer, Outcome outcome, EventDetails details, string currency, Instant? asOf = null)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("allowed"u8, outcome.Allowed);
        if (outcome.Id.Length > 0)
        {
            writer.WriteString("id"u8, outcome.Id);
        }

        if (asOf is { } time)
        {
            JsonText.Time(writer, "asOf"u8, time);
        }
        else
        {
            writer.WriteBoolean("replayed"u8, outcome.Replayed);
        }

        if (outcome.Entry is { } entry)
        {
            WriteEntry(writer, entry, details, currency, asOf is not null);
        }
        else
        {
            WriteDenial(writer, outcome, details);
        }

        writer.WriteEndObject();
    }

    /// <summary>Why not, and what would do.</summary>
    public static void WriteDenial(Utf8JsonWriter writer, Outcome outcome, EventDetails details)
    {
        writer.WriteString("reason"u8, outcome.Refusal.Code());
        writer.WriteStartArray("violations"u8);
        foreach (Violation violation in outcome.Violations)
        {
            WriteViolation(writer, violation, details, "reason"u8);
        }

        writer.WriteEndArray();
        WriteAdvice(writer, outcome.Advice);
    }

    public static void WriteEntry(Utf8JsonWriter writer, Entry entry, EventDetails details, string currency, bool before)
    {
        WriteCharges(writer, entry.Charges);
        WriteCost(writer, entry.Cost, currency);
        writer.WriteStartArray("balances"u8);
        foreach (EntryLine line in entry.Lines)
        {
            if (line.Key.Meter != Meter.CostKey || line.Limit is not null)
            {
                WriteBalance(writer, line, details, before);
            }
        }

        writer.WriteEndArray();
        WriteWarnings(writer, entry, details);
    }

    public static void WriteCharges(Utf8JsonWriter writer, IReadOnlyList<Charge> charges)
    {
        writer.WriteStartArray("charges"u8);
        foreach (Charge charge in charges)
        {
            if (charge.Meter == Meter.CostKey)
            {
                continue;
            }

            writer.WriteStartObject();
            writer.WriteString("meter"u8, charge.Meter);
            JsonText.Amount(writer, "amount"u8, charge.Amount, charge.Scale);
            WriteTrace(writer, charge.Trace);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    public static void WriteCost(Utf8JsonWriter writer, Money? cost, string currency)
    {
        if (cost is not { } money)
        {
            writer.WriteNull("cost"u8);
            return;
        }

        writer.WriteStartObject("cost"u8);
        writer.WriteNumber("amount"u8, Decimals.Normalize(money.Amount));
        writer.WriteString("currency"u8, currency);
        writer.WriteEndObject();
        writer.WriteString("costSource"u8, "given"u8);
    }

    public static void WriteViolation(Utf8JsonWriter writer, Violation violation, EventDetails details, ReadOnlySpan<byte> codeName)
    {
        writer.WriteStartObject();
        writer.WriteString(codeName, violation.Reason.Code());
        JsonText.Text(writer, "meter"u8, violation.Meter);
        JsonText.Text(writer, "name"u8, violation.Name);
        WriteScope(writer, violation.Scope, details);
        if (violation.Per is { } per)
        {
            writer.WriteString("per"u8, per.Name());
        }

        if (violation.RequestLimit is { } bound)
        {
            writer.WriteNumber("limit"u8, bound);
            writer.WriteNumber("requested"u8, violation.RequestValue ?? 0);
        }
        else if (violation.Used is not null)
        {
            JsonText.Amount(writer, "limit"u8, violation.Limit, violation.Scale);
            JsonText.Amount(writer, "used"u8, violation.Used, violation.Scale);
            JsonText.Amount(writer, "held"u8, violation.Held ?? Quantity.Zero, violation.Scale);
            JsonText.Amount(writer, "requested"u8, violation.Requested, violation.Scale);
            JsonText.Amount(writer, "remaining"u8, violation.Remaining, violation.Scale);
            JsonText.Time(writer, "resetsAt"u8, violation.ResetsAt);
        }

        writer.WriteEndObject();
    }

    public static void WriteAdvice(Utf8JsonWriter writer, Advice? advice)
    {
        if (advice is null)
        {
            writer.WriteNull("advice"u8);
            return;
        }

        writer.WriteStartObject("advice"u8);
        writer.WriteString("plan"u8, advice.Plan);
        writer.WriteString("name"u8, advice.Name);
        if (advice.Meter is not null)
        {
            writer.WriteString("meter"u8, advice.Meter);
            JsonText.Amount(writer, "limit"u8, advice.Limit, advice.Scale);
        }

        writer.WriteEndObject();
    }

    /// <summary>The figures of one balance, shared with the usage answers.</summary>
    public static void WriteFigures(
        Utf8JsonWriter writer, string meter, int scale, Quantity used, Quantity held, Quantity? limit, Per per, Instant start, Instant end)
    {
        writer.WriteString("meter"u8, meter);
        JsonText.Amount(writer, "used"u8, used, scale);
        JsonText.Amount(writer, "held"u8, held, scale);
        JsonText.Amount(writer, "limit"u8, limit, scale);
        JsonText.Amount(writer, "remaining"u8, limit is { } wall ? Quantity.Max(wall - used - held, Quantity.Zero) : null, scale);
        if (JsonText.Percent(used, limit) is { } percent)
        {
            writer.WriteNumber("percent"u8, percent);
        }
        else
        {
            writer.WriteNull("percent"u8);
        }

        writer.WriteString("per"u8, per.Name());
        JsonText.Time(writer, "periodStart"u8, start);
        JsonText.Time(writer, "periodEnd"u8, end);
    }

    /// <summary>Where grants have a part in a limit: the plan's own, or the override's, and theirs.</summary>
    public static void WriteGranted(Utf8JsonWriter writer, Quantity? allowance, Quantity granted, int scale)
    {
        if (granted > Quantity.Zero)
        {
            JsonText.Amount(writer, "allowance"u8, allowance, scale);
            JsonText.Amount(writer, "granted"u8, granted, scale);
        }
    }

    private static void WriteBalance(Utf8JsonWriter writer, EntryLine line, EventDetails details, bool before)
    {
        writer.WriteStartObject();
        WriteFigures(writer, line.Key.Meter, line.Scale, before ? line.Used - line.Delta : line.Used, line.Held, line.Limit, line.Key.Per, line.Key.PeriodStart, line.PeriodEnd);
        WriteGranted(writer, line.Limit - line.Granted, line.Granted, line.Scale);
        WriteScope(writer, line.Key.Scope, details);
        writer.WriteEndObject();
    }

    private static void WriteScope(Utf8JsonWriter writer, ScopeKind scope, EventDetails details)
    {
        if (scope == ScopeKind.Account)
        {
            return;
        }

        writer.WriteString("scope"u8, JsonText.Name(scope));
        JsonText.Text(writer, "scopeValue"u8, scope switch
        {
            ScopeKind.User => details.User,
            ScopeKind.Campaign => details.Campaign,
            ScopeKind.Key => details.Key,
            _ => null,
        });
    }

    private static void WriteWarnings(Utf8JsonWriter writer, Entry entry, EventDetails details)
    {
        writer.WriteStartArray("warnings"u8);
        foreach (Violation observed in entry.Observed)
        {
            WriteViolation(writer, observed, details, "code"u8);
        }

        foreach (EntryLine line in entry.Lines)
        {
            if (entry.Observed.IsEmpty && line.Limit is { } limit && line.Delta > Quantity.Zero && line.Used + line.Held > limit)
            {
                writer.WriteStartObject();
                writer.WriteString("code"u8, "over_limit"u8);
                writer.WriteString("meter"u8, line.Key.Meter);
                writer.WriteString("per"u8, line.Key.Per.Name());
                Quantity overage = Quantity.Max(line.Used - limit, Quantity.Zero);
                JsonText.Amount(writer, "overage"u8, overage, line.Scale);
                if (line.OverageRate is { } rate)
                {
                    writer.WriteNumber("overageCost"u8, Decimals.Normalize(rate.For(overage.ToDecimal(line.Scale)).Amount));
                }

                WriteScope(writer, line.Key.Scope, details);
                writer.WriteEndObject();
            }
        }

        WriteFlag(writer, entry, EntryFlags.Carried, "carried"u8);
        WriteFlag(writer, entry, EntryFlags.Late, "late"u8);
        WriteFlag(writer, entry, EntryFlags.Clamped, "clamped"u8);
        writer.WriteEndArray();
    }

    private static void WriteFlag(Utf8JsonWriter writer, Entry entry, EntryFlags flag, ReadOnlySpan<byte> code)
    {
        if (entry.Flags.HasFlag(flag))
        {
            writer.WriteStartObject();
            writer.WriteString("code"u8, code);
            writer.WriteEndObject();
        }
    }

    private static void WriteTrace(Utf8JsonWriter writer, ChargeTrace trace)
    {
        writer.WriteStartObject("trace"u8);
        Number(writer, "base"u8, trace.Base);
        if (!trace.PerUnits.IsEmpty)
        {
            writer.WriteStartArray("per"u8);
            foreach (PerUnitTrace part in trace.PerUnits)
            {
                writer.WriteStartObject();
                writer.WriteString("property"u8, part.Property);
                writer.WriteNumber("value"u8, part.Value);
                writer.WriteNumber("amount"u8, part.Amount);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        Number(writer, "multiplier"u8, trace.Multiplier);
        Number(writer, "multiplierGiven"u8, trace.MultiplierGiven);
        if (!trace.Bonuses.IsEmpty)
        {
            writer.WriteStartObject("bonuses"u8);
            foreach (BonusTrace bonus in trace.Bonuses)
            {
                writer.WriteNumber(bonus.Property, bonus.Amount);
            }

            writer.WriteEndObject();
        }

        Number(writer, "change"u8, trace.Change);
        Number(writer, "set"u8, trace.Set);
        Number(writer, "cost"u8, trace.Cost);
        Number(writer, "unrounded"u8, trace.Unrounded);
        Number(writer, "cutFrom"u8, trace.CutFrom);
        Number(writer, "clampedFrom"u8, trace.ClampedFrom);
        writer.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter writer, ReadOnlySpan<byte> name, decimal? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, Decimals.Normalize(number));
        }
    }
}
