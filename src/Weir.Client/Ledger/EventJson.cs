using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Weir.Client;

/// <summary>Writes events as the API reads them: members without a value are left out.</summary>
internal static class EventJson
{
    public static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="more">Members that the call adds.</param>
    public static byte[] Of(UsageEvent e, Action<Utf8JsonWriter>? more = null)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter writer = new(buffer, Writing))
        {
            Write(writer, e, more);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, UsageEvent e, Action<Utf8JsonWriter>? more)
    {
        writer.WriteStartObject();
        Text(writer, "id"u8, e.Id);
        writer.WriteString("account"u8, e.Account);
        writer.WriteString("type"u8, e.Type);
        if (e.Properties is { Count: > 0 } properties)
        {
            writer.WritePropertyName("properties"u8);
            properties.WriteTo(writer);
        }

        Text(writer, "user"u8, e.User);
        Text(writer, "source"u8, e.Source);
        Text(writer, "campaign"u8, e.Campaign);
        Text(writer, "resource"u8, e.Resource);
        if (e.At is { } at)
        {
            writer.WriteString("at"u8, at.ToUniversalTime());
        }

        Text(writer, "provider"u8, e.Provider);
        Text(writer, "model"u8, e.Model);
        Text(writer, "endpoint"u8, e.Endpoint);
        Text(writer, "requestId"u8, e.RequestId);
        Text(writer, "status"u8, e.Status);
        if (e.LatencyMs is { } latency)
        {
            writer.WriteNumber("latencyMs"u8, latency);
        }

        Text(writer, "address"u8, e.Address);
        Text(writer, "userAgent"u8, e.UserAgent);
        Text(writer, "key"u8, e.Key);
        if (e.Cost is { } cost)
        {
            writer.WriteStartObject("cost"u8);
            writer.WriteNumber("amount"u8, cost.Amount);
            Text(writer, "currency"u8, cost.Currency);
            writer.WriteEndObject();
        }

        more?.Invoke(writer);
        writer.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
