using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>How alerts are shown.</summary>
internal static class AlertWriter
{
    public static void WritePage(Utf8JsonWriter writer, IReadOnlyList<InboxAlert> alerts, string? next, AlertCounts? counts)
    {
        writer.WriteStartObject();
        if (counts is not null)
        {
            writer.WriteNumber("raised"u8, counts.Raised);
            writer.WriteNumber("unread"u8, counts.Unread);
        }

        writer.WriteStartArray("items"u8);
        foreach (InboxAlert alert in alerts)
        {
            Write(writer, alert);
        }

        writer.WriteEndArray();
        writer.WriteString("next"u8, next);
        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, InboxAlert item)
    {
        Alert alert = item.Alert;
        writer.WriteStartObject();
        writer.WriteString("id"u8, alert.Id);
        writer.WriteString("account"u8, item.Account?.Value);
        writer.WriteString("kind"u8, AlertJson.NameOf(alert.Kind));
        writer.WriteString("state"u8, NameOf(item.State));
        if (alert.Meter is not null)
        {
            WriteBalance(writer, alert, item.ScopeValue);
        }

        if (alert.Type is not null)
        {
            writer.WriteString("type"u8, alert.Type);
        }

        if (alert.Kind == AlertKind.JobStuck)
        {
            writer.WriteString("job"u8, item.Job);
        }
        else if (alert.Kind == AlertKind.UsageUnusual)
        {
            writer.WriteNumber("events"u8, alert.Used.Units);
            writer.WriteNumber("mostUsual"u8, alert.Limit?.Units ?? 0);
            JsonText.Time(writer, "periodStart"u8, alert.PeriodStart);
            JsonText.Time(writer, "periodEnd"u8, alert.PeriodEnd);
        }

        JsonText.Time(writer, "raisedAt"u8, alert.RaisedAt);
        JsonText.Time(writer, "resolvedAt"u8, alert.ResolvedAt);
        writer.WriteString("resolution"u8, alert.Resolution is { } resolution ? AlertJson.NameOf(resolution) : null);
        JsonText.Time(writer, "readAt"u8, alert.ReadAt);
        JsonText.Time(writer, "acknowledgedAt"u8, alert.AcknowledgedAt);
        writer.WriteString("acknowledgedBy"u8, alert.AcknowledgedBy);
        writer.WriteEndObject();
    }

    public static string NameOf(AlertState state) => state switch
    {
        AlertState.Resolved => "resolved",
        AlertState.Ended => "ended",
        _ => "raised",
    };

    public static void WriteRules(Utf8JsonWriter writer, AccountKey account, AlertRuleSet rules, Plan plan, Catalog catalog)
    {
        writer.WriteStartObject();
        writer.WriteString("account"u8, account.Value);
        writer.WriteString("mode"u8, rules.ReplacesPlan ? "replace" : "add");
        writer.WriteStartArray("rules"u8);
        foreach (AlertRule rule in rules.Rules)
        {
            writer.WriteStartObject();
            writer.WriteString("meter"u8, rule.Meter);
            writer.WriteString("scope"u8, JsonText.Name(rule.Scope));
            writer.WriteString("per"u8, rule.Per?.Name());
            WriteValue(writer, rule.Threshold, catalog.Meters.TryGetValue(rule.Meter, out Meter? meter) ? meter.Scale : 0);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("planAlerts"u8);
        foreach (decimal percent in plan.Alerts)
        {
            writer.WriteNumberValue(Decimals.Normalize(percent));
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteBalance(Utf8JsonWriter writer, Alert alert, string? scopeValue)
    {
        writer.WriteString("meter"u8, alert.Meter);
        writer.WriteString("scope"u8, JsonText.Name(alert.Scope));
        if (alert.Scope != ScopeKind.Account)
        {
            writer.WriteString("scopeValue"u8, scopeValue);
        }

        writer.WriteString("per"u8, alert.Per?.Name());
        JsonText.Time(writer, "periodStart"u8, alert.PeriodStart == Instant.MinValue ? null : alert.PeriodStart);
        JsonText.Time(writer, "periodEnd"u8, alert.PeriodEnd);
        if (alert.Threshold is { } threshold)
        {
            writer.WriteStartObject("threshold"u8);
            WriteValue(writer, threshold, alert.Scale);
            writer.WriteEndObject();
        }

        JsonText.Amount(writer, "used"u8, alert.Used, alert.Scale);
        JsonText.Amount(writer, "held"u8, alert.Held, alert.Scale);
        JsonText.Amount(writer, "limit"u8, alert.Limit, alert.Scale);
        if (JsonText.Percent(alert.Used, alert.Limit) is { } percent)
        {
            writer.WriteNumber("percent"u8, percent);
        }
        else
        {
            writer.WriteNull("percent"u8);
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, AlertThreshold threshold, int scale) =>
        writer.WriteNumber(AlertJson.NameOf(threshold.Basis), AlertJson.ValueOf(threshold, scale));
}
