using System.Text.Json;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Writes what an account has used and may use.</summary>
internal static class UsageWriter
{
    /// <param name="names">The host's names of users, campaigns and keys by their ids.</param>
    public static void WriteUsage(Utf8JsonWriter writer, AccountUsage usage, IReadOnlyDictionary<ScopeKind, IReadOnlyDictionary<long, string>> names)
    {
        writer.WriteStartObject();
        WriteHead(writer, usage);
        writer.WriteStartArray("balances"u8);
        foreach (UsageLine line in usage.Balances)
        {
            writer.WriteStartObject();
            WriteLine(writer, line, names);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("cost"u8);
        writer.WriteNumber("month"u8, Decimals.Normalize(usage.CostMonth.Amount));
        writer.WriteNumber("lifetime"u8, Decimals.Normalize(usage.CostLifetime.Amount));
        writer.WriteString("currency"u8, usage.Catalog.Currency);
        writer.WriteEndObject();
        WriteSlots(writer, usage.Slots);
        JsonText.Time(writer, "asOf"u8, usage.AsOf);
        writer.WriteEndObject();
    }

    public static void WriteLine(Utf8JsonWriter writer, UsageLine line, IReadOnlyDictionary<ScopeKind, IReadOnlyDictionary<long, string>> names)
    {
        StandingLimit limit = line.Limit;
        AnswerWriter.WriteFigures(writer, limit.Meter.Key, limit.Meter.Scale, line.Used, line.Held, limit.Limit, limit.Per, line.Period.Start, line.Period.End);
        AnswerWriter.WriteGranted(writer, limit.Planned, limit.Granted, limit.Meter.Scale);
        if (limit.Scope is not (ScopeKind.Account or ScopeKind.Workspace))
        {
            // Use that names no user stands in one common balance, whose value is null (BAL-1).
            writer.WriteString("scope"u8, JsonText.Name(limit.Scope));
            writer.WriteString("scopeValue"u8, names.TryGetValue(limit.Scope, out IReadOnlyDictionary<long, string>? known) ? known.GetValueOrDefault(line.ScopeId) : null);
        }

        if (limit is { Enforcement: LimitEnforcement.Soft, Limit: { } soft } && line.Used > soft)
        {
            Quantity overage = line.Used - soft;
            JsonText.Amount(writer, "overage"u8, overage, limit.Meter.Scale);
            if (limit.OverageRate is { } rate)
            {
                writer.WriteNumber("overageCost"u8, Decimals.Normalize(rate.For(overage.ToDecimal(limit.Meter.Scale)).Amount));
            }
        }
    }

    public static void WriteLimits(Utf8JsonWriter writer, AccountUsage usage)
    {
        writer.WriteStartObject();
        WriteHead(writer, usage);
        writer.WriteBoolean("suspended"u8, usage.State.Account.Suspended);
        writer.WriteStartArray("limits"u8);
        foreach (StandingLimit limit in usage.Limits)
        {
            WriteLimit(writer, limit, usage);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("requests"u8);
        foreach (RequestLimit request in usage.Plan.Requests)
        {
            writer.WriteNumber(request.Name, request.Max);
        }

        writer.WriteEndObject();
        WriteSlots(writer, usage.Slots);
        WriteRates(writer, usage.Plan);
        writer.WriteStartObject("features"u8);
        foreach ((string name, PlanFeature feature) in usage.Plan.Features.OrderBy(feature => feature.Key, StringComparer.Ordinal))
        {
            writer.WritePropertyName(name);
            ValueOf(feature.Value).WriteTo(writer);
        }

        writer.WriteEndObject();
        JsonText.Time(writer, "asOf"u8, usage.AsOf);
        writer.WriteEndObject();
    }

    private static void WriteSlots(Utf8JsonWriter writer, IReadOnlyList<SlotUsage> slots)
    {
        writer.WriteStartArray("slots"u8);
        foreach (SlotUsage slot in slots)
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, slot.Kind);
            writer.WriteNumber("used"u8, slot.Used);
            writer.WriteNumber("limit"u8, slot.Limit);
            writer.WriteNumber("waiting"u8, slot.Waiting);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>A feature's value as JSON.</summary>
    public static JsonElement ValueOf(PropertyValue value) => value.Kind switch
    {
        PropertyKind.Boolean => JsonSerializer.SerializeToElement(value.Boolean),
        PropertyKind.Number => JsonSerializer.SerializeToElement(value.Number),
        _ => JsonSerializer.SerializeToElement(value.Text),
    };

    private static void WriteHead(Utf8JsonWriter writer, AccountUsage usage)
    {
        writer.WriteString("account"u8, usage.Profile.Key.Value);
        writer.WriteStartObject("plan"u8);
        writer.WriteString("key"u8, usage.Plan.Key);
        writer.WriteString("name"u8, usage.Plan.Name);
        writer.WriteString("description"u8, usage.Plan.Description);
        writer.WriteEndObject();
        writer.WriteString("enforcement"u8, usage.Enforcement == EnforcementMode.Observe ? "observe" : "enforce");
    }

    private static void WriteLimit(Utf8JsonWriter writer, StandingLimit limit, AccountUsage usage)
    {
        int scale = limit.Meter.Scale;
        bool overridden = usage.State.Account.Overrides.Any(entry =>
            entry.Meter == limit.Meter.Key && entry.Scope == limit.Scope && (entry.Per is null || entry.Per == limit.Per) && (entry.Until is not { } until || usage.AsOf < until));
        writer.WriteStartObject();
        writer.WriteString("meter"u8, limit.Meter.Key);
        writer.WriteString("unit"u8, limit.Meter.Unit);
        writer.WriteString("scope"u8, JsonText.Name(limit.Scope));
        writer.WriteString("per"u8, limit.Per.Name());
        JsonText.Amount(writer, "limit"u8, limit.Limit, scale);
        AnswerWriter.WriteGranted(writer, limit.Planned, limit.Granted, scale);
        writer.WriteString("enforcement"u8, limit.Enforcement == LimitEnforcement.Soft ? "soft" : "hard");
        if (limit.Enforcement == LimitEnforcement.Soft)
        {
            JsonText.Amount(writer, "ceiling"u8, limit.Ceiling, scale);
        }

        if (limit.OverageRate is { } rate)
        {
            writer.WriteNumber("overageRate"u8, Decimals.Normalize(rate.For(1).Amount));
        }

        writer.WriteBoolean("overridden"u8, overridden);
        writer.WriteEndObject();
    }

    private static void WriteRates(Utf8JsonWriter writer, Plan plan)
    {
        writer.WriteStartObject("rates"u8);
        foreach ((string name, RateLimit rate) in plan.Rates.OrderBy(rate => rate.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject(name);
            JsonText.Amount(writer, "limit"u8, rate.Limit, rate.Meter?.Scale ?? 0);
            writer.WriteNumber("windowSeconds"u8, (decimal)rate.Window.TotalSeconds);
            writer.WriteString("scope"u8, JsonText.Name(rate.Scope));
            writer.WriteString("meter"u8, rate.Meter?.Key);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
