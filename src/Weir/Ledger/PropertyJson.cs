using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

using Weir.Engine;

namespace Weir;

/// <summary>Properties as JSON members; numbers are the shortest decimals.</summary>
public static class PropertyJson
{
    public static void Write(Utf8JsonWriter writer, string name, PropertyValue value)
    {
        writer.WritePropertyName(name);
        switch (value.Kind)
        {
            case PropertyKind.Number:
                writer.WriteNumberValue(value.Number);
                break;
            case PropertyKind.Boolean:
                writer.WriteBooleanValue(value.Boolean);
                break;
            case PropertyKind.Text:
                writer.WriteStringValue(value.Text);
                break;
            default:
                writer.WriteRawValue(value.Text);
                break;
        }
    }

    public static void WriteObject(Utf8JsonWriter writer, Properties properties)
    {
        writer.WriteStartObject();
        foreach ((string name, PropertyValue value) in properties.Entries)
        {
            Write(writer, name, value);
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads a value that was written by <see cref="Write"/>; null for JSON null.</summary>
    public static PropertyValue? Read(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => PropertyValue.Of(element.GetDecimal()),
        JsonValueKind.True => PropertyValue.Of(true),
        JsonValueKind.False => PropertyValue.Of(false),
        JsonValueKind.String => PropertyValue.Of(element.GetString()!),
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        _ => PropertyValue.OfJson(element.GetRawText()),
    };

    public static Properties ReadObject(JsonElement element)
    {
        List<KeyValuePair<string, PropertyValue>> entries = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (Read(property.Value) is { } value)
            {
                entries.Add(new(property.Name, value));
            }
        }

        return Properties.Of(entries);
    }

    /// <summary>The object that the reader stands at, as <see cref="WriteObject"/> wrote it; the reader then stands at its end.</summary>
    public static Properties ReadObject(ref Utf8JsonReader reader)
    {
        List<KeyValuePair<string, PropertyValue>> entries = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (Read(ref reader) is { } value)
            {
                entries.Add(new(name, value));
            }
        }

        return Properties.Of(entries);
    }

    /// <summary>An object on its own; null for no properties, which is how stores keep them.</summary>
    public static byte[]? ToUtf8(Properties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        if (properties.Entries.IsEmpty)
        {
            return null;
        }

        ArrayBufferWriter<byte> buffer = new(256);
        using Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        WriteObject(writer, properties);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="ToUtf8"/> wrote.</summary>
    public static Properties FromUtf8(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return Properties.Empty;
        }

        Utf8JsonReader reader = new(json);
        reader.Read();
        return ReadObject(ref reader);
    }

    private static PropertyValue? Read(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                return PropertyValue.Of(reader.GetDecimal());
            case JsonTokenType.True:
                return PropertyValue.Of(true);
            case JsonTokenType.False:
                return PropertyValue.Of(false);
            case JsonTokenType.String:
                return PropertyValue.Of(reader.GetString()!);
            case JsonTokenType.Null:
                return null;
            default:
                // Objects and lists are given back as they were sent, byte for byte.
                using (JsonDocument document = JsonDocument.ParseValue(ref reader))
                {
                    return PropertyValue.OfJson(document.RootElement.GetRawText());
                }
        }
    }
}
