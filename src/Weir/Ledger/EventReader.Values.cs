using System.Buffers;
using System.Text;
using System.Text.Json;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir;

/// <summary>The values inside an event: each is read exactly and bounded, or refused with its place.</summary>
public static partial class EventReader
{
    private static readonly string s_longText = $"At most {EventBounds.LongestText} characters.";
    private static readonly string s_longName = $"The name of a member has at most {EventBounds.LongestText} characters.";
    private static readonly string s_longValue = $"A text property has at most {EventBounds.LongestPropertyValue} characters.";

    [ThreadStatic]
    private static List<KeyValuePair<string, PropertyValue>>? t_entries;

    /// <summary>Reads an object of properties: numbers exactly, texts, booleans; nested values are kept as JSON.</summary>
    public static Properties ReadProperties(ref Utf8JsonReader reader, string at)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new EventFormatException(at, "'properties' is an object.");
        }

        List<KeyValuePair<string, PropertyValue>> entries = t_entries ?? [];
        t_entries = null;
        entries.Clear();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = Name(ref reader, at);
            Place place = new(at, name);
            if (name.Length is 0 or > EventBounds.LongestPropertyName || !DisplayName.IsValid(name))
            {
                throw new EventFormatException(place.ToString(), $"The name of a property has 1 to {EventBounds.LongestPropertyName} characters and no control characters.");
            }

            foreach (KeyValuePair<string, PropertyValue> entry in entries)
            {
                if (entry.Key == name)
                {
                    throw new EventFormatException(place.ToString(), $"The property '{name}' stands twice.");
                }
            }

            if (entries.Count == EventBounds.MostProperties)
            {
                throw new EventFormatException(at, $"An event has at most {EventBounds.MostProperties} properties.");
            }

            reader.Read();
            switch (reader.TokenType)
            {
                case JsonTokenType.Null:
                    break;
                case JsonTokenType.Number:
                    entries.Add(new(name, PropertyValue.Of(Number(ref reader, place))));
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    entries.Add(new(name, PropertyValue.Of(reader.GetBoolean())));
                    break;
                case JsonTokenType.String:
                    string text = Decode(ref reader, place);
                    Check(text.Length <= EventBounds.LongestPropertyValue, place, s_longValue);
                    entries.Add(new(name, PropertyValue.Of(text)));
                    break;
                default:
                    entries.Add(new(name, PropertyValue.OfJson(Nested(ref reader, place.ToString()))));
                    break;
            }
        }

        Properties properties = Properties.Of(entries);
        entries.Clear();
        t_entries = entries;
        return properties;
    }

    /// <summary>A nested value as compact JSON; it is checked like everything else.</summary>
    private static string Nested(ref Utf8JsonReader reader, string at)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using Utf8JsonWriter writer = new(buffer);
        int depth = reader.CurrentDepth;
        List<HashSet<string>> names = [];
        do
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    names.Add(new HashSet<string>(StringComparer.Ordinal));
                    writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    names.RemoveAt(names.Count - 1);
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName:
                    string name = Decode(ref reader, at);
                    Check(names[^1].Add(name), at, $"'{name}' stands twice inside it.");
                    writer.WritePropertyName(name);
                    break;
                case JsonTokenType.String:
                    writer.WriteStringValue(Decode(ref reader, at));
                    break;
                case JsonTokenType.Number:
                    writer.WriteNumberValue(Number(ref reader, at));
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    writer.WriteBooleanValue(reader.GetBoolean());
                    break;
                default:
                    writer.WriteNullValue();
                    break;
            }
        }
        while ((reader.CurrentDepth > depth || reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray)) && reader.Read());
        writer.Flush();
        Check(buffer.WrittenCount <= EventBounds.LongestPropertyValue, at, $"A nested value has at most {EventBounds.LongestPropertyValue} bytes of JSON.");
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static GivenCost Cost(ref Utf8JsonReader reader, string at)
    {
        Check(reader.TokenType == JsonTokenType.StartObject, at, "'cost' is an object { \"amount\": 0.0125, \"currency\": \"USD\" }.");
        decimal? amount = null;
        string? currency = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = Name(ref reader, at);
            string place = Pointer(at, name);
            reader.Read();
            switch (name)
            {
                case "amount" when amount is null:
                    Check(reader.TokenType == JsonTokenType.Number, place, "'amount' is a number.");
                    amount = Number(ref reader, place);
                    Check(amount is >= 0 and <= 1_000_000, place, "'amount' lies from 0 to 1,000,000; a cost is taken back by reversing its event.");
                    break;
                case "currency" when currency is null:
                    currency = Text(ref reader, place);
                    break;
                default:
                    throw new EventFormatException(place, name is "amount" or "currency" ? $"'{name}' stands twice." : $"'{name}' is not a member of a cost; allowed are amount, currency.");
            }
        }

        return new GivenCost(amount ?? throw Missing(at, "amount", "what it cost"), currency);
    }

    private static bool Boolean(ref Utf8JsonReader reader, Place at)
    {
        Check(reader.TokenType is JsonTokenType.True or JsonTokenType.False, at, "true or false is wanted.");
        return reader.GetBoolean();
    }

    private static ConsumeMode Mode(ref Utf8JsonReader reader, Place at) => Text(ref reader, at) switch
    {
        "enforce" => ConsumeMode.Enforce,
        "best_effort" => ConsumeMode.BestEffort,
        "record" => ConsumeMode.Record,
        string other => throw new EventFormatException(at.ToString(), $"'{other}' is not a mode; allowed are enforce, best_effort, record."),
    };

    private static Instant Time(ref Utf8JsonReader reader, Place at)
    {
        string text = Text(ref reader, at);
        ParseResult<OffsetDateTime> parsed = OffsetDateTimePattern.Rfc3339.Parse(text);
        Check(parsed.Success && parsed.Value.Year is >= 1970 and <= 9000, at, $"'{text}' is not a time; write RFC 3339 with an offset, such as 2026-11-21T09:30:00Z.");
        return Clock.Truncate(parsed.Value.ToInstant());
    }

    private static long Whole(ref Utf8JsonReader reader, Place at)
    {
        long value = 0;
        Check(reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out value) && value is >= 0 and <= 1_000_000_000_000, at, "A whole number from 0 to 10^12 is wanted.");
        return value;
    }

    private static decimal Number(ref Utf8JsonReader reader, Place at)
    {
        Check(TryReadNumber(ref reader, out decimal value), at, "The number is too large or too precise: at most 28 digits and 28 decimal places, up to 7.9 × 10^28.");
        return value;
    }

    /// <summary>Reads a number that <see cref="decimal"/> holds exactly; false where it would be rounded or does not fit.</summary>
    public static bool TryReadNumber(ref Utf8JsonReader reader, out decimal value)
    {
        value = 0;
        ReadOnlySpan<byte> text = reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan;
        int digits = 0;
        foreach (byte b in text)
        {
            if (b is (byte)'e' or (byte)'E')
            {
                break;
            }

            digits += b is >= (byte)'1' and <= (byte)'9' || (b == (byte)'0' && digits > 0) ? 1 : 0;
        }

        return digits <= 28 && reader.TryGetDecimal(out value) && (value != 0 || digits == 0);
    }

    private static string Identifier(ref Utf8JsonReader reader, Place at)
    {
        Check(reader.TokenType == JsonTokenType.String, at, $"A text is wanted: {Engine.Identifier.Form}.");
        string text = Decode(ref reader, at);
        Check(Engine.Identifier.IsValid(text), at, $"It must be {Engine.Identifier.Form}.");
        return text;
    }

    private static string Text(ref Utf8JsonReader reader, Place at)
    {
        Check(reader.TokenType == JsonTokenType.String, at, "A text is wanted.");
        string text = Decode(ref reader, at);
        Check(text.Length <= EventBounds.LongestText, at, s_longText);
        foreach (char c in text)
        {
            Check(!char.IsControl(c) && c is not ('\u2028' or '\u2029'), at, "No control characters or line breaks.");
        }

        return text;
    }

    private static string Name(ref Utf8JsonReader reader, Place at)
    {
        string name = Decode(ref reader, at);
        Check(name.Length <= EventBounds.LongestText, at, s_longName);
        return name;
    }

    private static string Decode(ref Utf8JsonReader reader, Place at)
    {
        string text;
        try
        {
            text = reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new EventFormatException(at.ToString(), "The text is not Unicode: it has a lone surrogate or bytes that are not UTF-8.");
        }

        Check(!text.Contains('\0', StringComparison.Ordinal), at, "The text has the character U+0000, which cannot be kept.");
        return text;
    }

    private static EventFormatException Missing(string at, string member, string what) => new($"{at}/{member}", $"'{member}' is required: {what}.");

    private static void Check(bool condition, Place at, string message)
    {
        if (!condition)
        {
            throw new EventFormatException(at.ToString(), message);
        }
    }

    private static string Pointer(string at, string name) =>
        $"{at}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    /// <summary>Where something stands; its pointer is made when somebody is told.</summary>
    private readonly record struct Place(string At, string? Member)
    {
        public static implicit operator Place(string at) => new(at, null);

        public override string ToString() => Member is null ? At : Pointer(At, Member);
    }
}
