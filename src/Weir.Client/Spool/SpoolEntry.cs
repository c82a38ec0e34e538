using System.Buffers;
using System.Text.Json;

namespace Weir.Client;

/// <summary>
/// What a record of the spool asks of the server. As bytes it is two or three lines of JSON: what it is, the body to send, and the body
/// that was sent first where nobody knows whether it arrived.
/// </summary>
/// <param name="Kind">One of <see cref="SpoolKinds"/>.</param>
/// <param name="FirstPath">Where the request went that may have arrived.</param>
internal sealed record SpoolEntry(string Kind, string Id, ReadOnlyMemory<byte> Body, string? FirstPath = null, ReadOnlyMemory<byte> FirstBody = default)
{
    private const byte LineEnd = (byte)'\n';

    public byte[] ToBytes()
    {
        ArrayBufferWriter<byte> buffer = new(Body.Length + FirstBody.Length + 128);
        using (Utf8JsonWriter writer = new(buffer, EventJson.Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, Kind);
            writer.WriteString("id"u8, Id);
            if (FirstPath is not null)
            {
                writer.WriteString("first"u8, FirstPath);
            }

            writer.WriteEndObject();
        }

        buffer.Write([LineEnd]);
        buffer.Write(Body.Span);
        if (FirstPath is not null)
        {
            buffer.Write([LineEnd]);
            buffer.Write(FirstBody.Span);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote. What a program of another version has written becomes an entry of an unknown kind.</summary>
    public static SpoolEntry Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            int head = bytes.Span.IndexOf(LineEnd);
            using JsonDocument document = JsonDocument.Parse(bytes[..Math.Max(0, head)]);
            string? first = document.RootElement.TryGetProperty("first"u8, out JsonElement path) ? path.GetString() : null;
            ReadOnlyMemory<byte> rest = bytes[(head + 1)..];
            int body = first is null ? rest.Length : rest.Span.IndexOf(LineEnd);
            return new SpoolEntry(
                document.RootElement.GetProperty("kind"u8).GetString()!, document.RootElement.GetProperty("id"u8).GetString()!, rest[..body], first,
                first is null ? default : rest[(body + 1)..]);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentOutOfRangeException)
        {
            return new SpoolEntry(SpoolKinds.Unknown, "", JsonSerializer.SerializeToUtf8Bytes(Convert.ToBase64String(bytes.Span), ClientJson.Default.String));
        }
    }
}

internal static class SpoolKinds
{
    /// <summary>Its body is the record's bytes in base 64.</summary>
    public const string Unknown = "unknown";

    /// <summary>Usage to be recorded.</summary>
    public const string Event = "event";

    /// <summary>A reservation's end with the actual figures.</summary>
    public const string Commit = "commit";

    /// <summary>A reservation's end without use.</summary>
    public const string Release = "release";
}
