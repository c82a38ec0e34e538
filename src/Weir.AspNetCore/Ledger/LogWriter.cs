using System.Buffers;
using System.Text;
using System.Text.Json;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Writes rows of the log, as JSON and as CSV.</summary>
internal static class LogWriter
{
    private static readonly string[] s_columns =
    [
        "id", "account", "type", "kind", "at", "recordedAt", "user", "source", "campaign", "resource", "key", "status", "latencyMs", "provider", "model",
        "endpoint", "requestId", "address", "userAgent", "cost", "currency", "flags", "reversedAt", "reverses", "reason", "actor", "properties",
    ];

    public static void Write(Utf8JsonWriter writer, LogItem item, string currency)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, item.Id);
        writer.WriteString("account"u8, item.Account);
        writer.WriteString("type"u8, item.Type);
        writer.WriteString("kind"u8, item.Kind);
        JsonText.Time(writer, "at"u8, item.At);
        JsonText.Time(writer, "recordedAt"u8, item.RecordedAt);
        writer.WriteString("user"u8, item.Details.User);
        writer.WriteString("source"u8, item.Details.Source);
        writer.WriteString("campaign"u8, item.Details.Campaign);
        writer.WriteString("resource"u8, item.Details.Resource);
        writer.WriteString("key"u8, item.Details.Key);
        AnswerWriter.WriteCharges(writer, item.Charges);
        AnswerWriter.WriteCost(writer, item.Cost, currency);
        writer.WriteString("status"u8, item.Status);
        if (item.LatencyMs is { } latency)
        {
            writer.WriteNumber("latencyMs"u8, latency);
        }
        else
        {
            writer.WriteNull("latencyMs"u8);
        }

        writer.WriteString("provider"u8, item.Provider);
        writer.WriteString("model"u8, item.Model);
        writer.WriteString("endpoint"u8, item.Details.Endpoint);
        writer.WriteString("requestId"u8, item.Details.RequestId);
        writer.WriteString("address"u8, item.Details.Address);
        writer.WriteString("userAgent"u8, item.Details.UserAgent);
        writer.WritePropertyName("properties"u8);
        PropertyJson.WriteObject(writer, item.Properties);
        writer.WriteStartArray("flags"u8);
        foreach (string flag in item.Flags)
        {
            writer.WriteStringValue(flag);
        }

        writer.WriteEndArray();
        JsonText.Time(writer, "reversedAt"u8, item.ReversedAt);
        if (item.Kind != "usage")
        {
            writer.WriteString("reverses"u8, item.Reverses);
            writer.WriteString("reason"u8, item.Reason);
            writer.WriteString("actor"u8, item.Actor);
        }

        writer.WriteEndObject();
    }

    /// <param name="meters">The meters that get a column, in its order.</param>
    public static IEnumerable<string> Columns(IReadOnlyList<string> meters) => [.. s_columns, .. meters.Select(meter => "charges." + meter)];

    public static ValueTask WriteAsync(CsvTable table, LogItem item, string currency, IReadOnlyList<string> meters)
    {
        table.Add(item.Id);
        table.Add(item.Account);
        table.Add(item.Type);
        table.Add(item.Kind);
        table.Add(item.At);
        table.Add(item.RecordedAt);
        table.Add(item.Details.User);
        table.Add(item.Details.Source);
        table.Add(item.Details.Campaign);
        table.Add(item.Details.Resource);
        table.Add(item.Details.Key);
        table.Add(item.Status);
        table.Add(item.LatencyMs);
        table.Add(item.Provider);
        table.Add(item.Model);
        table.Add(item.Details.Endpoint);
        table.Add(item.Details.RequestId);
        table.Add(item.Details.Address);
        table.Add(item.Details.UserAgent);
        table.Add(item.Cost?.Amount);
        table.Add(item.Cost is null ? null : currency);
        table.Add(string.Join(' ', item.Flags));
        table.Add(item.ReversedAt);
        table.Add(item.Reverses);
        table.Add(item.Reason);
        table.Add(item.Actor);
        table.Add(item.Properties.Entries.IsEmpty ? null : JsonOf(item.Properties));
        foreach (string meter in meters)
        {
            Charge? charge = item.Charges.FirstOrDefault(charge => charge.Meter == meter);
            table.Add(charge?.Amount.ToDecimal(charge.Scale));
        }

        return table.EndRowAsync();
    }

    private static string JsonOf(Properties properties)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter writer = new(buffer))
        {
            PropertyJson.WriteObject(writer, properties);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
