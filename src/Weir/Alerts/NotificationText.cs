using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using NodaTime;
using NodaTime.Text;

namespace Weir;

/// <summary>Notifications as receivers get them: as JSON over HTTP, as plain text by mail.</summary>
internal static class NotificationText
{
    private const int LongestValue = 500;

    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary><c>{ id, type, timestamp, workspace, account, data }</c>; the account is its key, null where there is none (any more).</summary>
    public static byte[] Json(Notification notification, string workspace, string? account)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using Utf8JsonWriter writer = new(buffer, s_writing);
        writer.WriteStartObject();
        writer.WriteString("id"u8, notification.Id);
        writer.WriteString("type"u8, notification.Type);
        writer.WriteString("timestamp"u8, Time(notification.At));
        writer.WriteString("workspace"u8, workspace);
        writer.WriteString("account"u8, account);
        writer.WritePropertyName("data"u8);
        writer.WriteRawValue(notification.Data.Span);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static string Subject(Notification notification, string workspace, string? account)
    {
        using JsonDocument data = JsonDocument.Parse(notification.Data);
        return "Weir: " + (NotificationHeadline.Of(notification.Type, data.RootElement, account)
            ?? notification.Type + (account is null ? $" ({workspace})" : $" for {account}"));
    }

    /// <summary>What happened in words, then a line for each member of the data; ends with a line break.</summary>
    public static string Body(Notification notification, string workspace, string? account)
    {
        StringBuilder text = new();
        text.Append(NotificationTypes.All.FirstOrDefault(known => known.Type == notification.Type).Description ?? notification.Type).Append("\r\n\r\n");
        if (account is not null)
        {
            text.Append("account: ").Append(account).Append("\r\n");
        }

        text.Append("workspace: ").Append(workspace).Append("\r\n");
        text.Append("time: ").Append(Time(notification.At)).Append("\r\n");
        using JsonDocument data = JsonDocument.Parse(notification.Data);
        foreach (JsonProperty member in data.RootElement.EnumerateObject())
        {
            string value = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText();
            text.Append(CultureInfo.InvariantCulture, $"{OneLine(member.Name)}: {OneLine(value)}\r\n");
        }

        return text.Append("\r\n").Append(notification.Type).Append(' ').Append(notification.Id).Append("\r\n").ToString();
    }

    private static string Time(Instant at) => InstantPattern.ExtendedIso.Format(at);

    internal static string OneLine(string text) => Excerpt.Of(Encoding.UTF8.GetBytes(text), LongestValue) ?? "";
}
