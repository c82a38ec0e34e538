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
}
