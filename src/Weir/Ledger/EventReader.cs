using System.Buffers;
using System.Text;
using System.Text.Json;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir;

/// <summary>A body that cannot be read, with the place (400).</summary>
/// <param name="pointer">JSON pointer to the member.</param>
/// <param name="message">What is wrong and what is allowed.</param>
public sealed class EventFormatException(string pointer, string message) : Exception(message)
{
    public string Pointer { get; } = pointer;
}

/// <summary>An event as it was read, with the mode where the form has one.</summary>
public readonly record struct ReadEvent(UsageEvent Event, ConsumeMode? Mode);

/// <summary>
/// Reads events from JSON, strictly: unknown, repeated and wrongly typed members are refused with their place. What it accepts is
/// bounded by <see cref="EventBounds"/>.
/// </summary>
public static class EventReader
{
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = EventBounds.LargestDepth };

    private const string Members =
        "id, account, type, properties, user, source, campaign, resource, at, provider, model, endpoint, requestId, status, latencyMs, address, userAgent, key, cost";

    /// <summary>Reads one event.</summary>
    /// <param name="withMode">Whether the form has <c>mode</c>: consume and check.</param>
    /// <param name="id">The id of the header <c>Idempotency-Key</c>, which means the same as the member.</param>
    /// <exception cref="EventFormatException">It is not an event.</exception>
    public static ReadEvent ReadOne(ReadOnlySpan<byte> json, bool withMode, string? id) => Guard(json, (ref Utf8JsonReader reader) =>
    {
        reader.Read();
        ReadEvent read = ReadEvent(ref reader, "", withMode ? Form.Decide : Form.Record, id);
        End(ref reader);
        return read;
    });

    /// <summary>
    /// Reads one event of a file that is imported: it also has <c>failed</c>, for a host's call that failed or was refused and charged nothing.
    /// </summary>
    /// <exception cref="EventFormatException">It is not an event.</exception>
    public static UsageEvent ReadImported(ReadOnlySpan<byte> json) => Guard(json, (ref Utf8JsonReader reader) =>
    {
        reader.Read();
        ReadEvent read = ReadEvent(ref reader, "", Form.Import, null);
        End(ref reader);
        return read.Event;
    });

    /// <summary>Reads one event, or an array of at most 1,000.</summary>
    /// <exception cref="EventFormatException">The body is neither, or one event cannot be read: its pointer begins with its index.</exception>
    public static IReadOnlyList<UsageEvent> ReadMany(ReadOnlySpan<byte> json, string? id) => Guard<IReadOnlyList<UsageEvent>>(json, (ref Utf8JsonReader reader) =>
    {
        reader.Read();
        List<UsageEvent> events = [];
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            events.Add(ReadEvent(ref reader, "", Form.Record, id).Event);
        }
        else
        {
            if (id is not null)
            {
                throw new EventFormatException("", "The header Idempotency-Key names one effect; in an array each event carries its own 'id'.");
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (events.Count == EventBounds.MostEvents)
                {
                    throw new TooManyEventsException();
                }

                events.Add(ReadEvent(ref reader, $"/{events.Count}", Form.Record, null).Event);
            }
        }

        End(ref reader);
        return events;
    });

    /// <summary>What an event is read for; each form has the common members and its own.</summary>
    private enum Form
    {
        Record,
        Decide,
        Import,
    }

    private delegate T Reading<out T>(ref Utf8JsonReader reader);

    private static T Guard<T>(ReadOnlySpan<byte> json, Reading<T> read)
    {
        try
        {
            Utf8JsonReader reader = new(json, s_options);
            return read(ref reader);
        }
        catch (JsonException exception)
        {
            throw new EventFormatException("", $"The body is not JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}: {Sentence(exception.Message)}");
        }
    }

    /// <summary>The parser's first sentence; its position has been said already.</summary>
    private static string Sentence(string message)
    {
        int end = message.IndexOf(" LineNumber", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }

    private static void End(ref Utf8JsonReader reader)
    {
        if (reader.Read())
        {
            throw new EventFormatException("", "The body goes on after its end; send one JSON value.");
        }
    }

    private static ReadEvent ReadEvent(ref Utf8JsonReader reader, string at, Form form, string? headerId)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new EventFormatException(at, "An event is an object, such as { \"id\": \"evt-1\", \"account\": \"acme\", \"type\": \"…\" }.");
        }

        string? id = headerId;
        string? account = null;
        string? type = null;
        Properties properties = Properties.Empty;
        ConsumeMode? mode = null;
        Instant? time = null;
        GivenCost? cost = null;
        string? user = null, source = null, campaign = null, resource = null, provider = null, model = null, endpoint = null;
        string? requestId = null, status = null, address = null, userAgent = null, key = null;
        long? latency = null;
        bool failed = false;
        int seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int member = MemberIndex(ref reader, form);
            if (member < 0)
            {
                string name = Name(ref reader, at);
                throw new EventFormatException(Pointer(at, name), $"'{name}' is not a member of an event; allowed are {Members}{form switch { Form.Decide => ", mode", Form.Import => ", failed", _ => "" }}. Free values go into 'properties'.");
            }

            string place = $"{at}/{s_names[member]}";
            if ((seen & (1 << member)) != 0)
            {
                throw new EventFormatException(place, $"'{s_names[member]}' stands twice.");
            }

            seen |= 1 << member;
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                continue;
            }

            switch (member)
            {
                case 0:
                    string given = Identifier(ref reader, place);
                    if (headerId is not null && headerId != given)
                    {
                        throw new EventFormatException(place, "'id' and the header Idempotency-Key differ; send one of them, or the same in both.");
                    }

                    id = given;
                    break;
                case 1: account = Identifier(ref reader, place); break;
                case 2: type = Text(ref reader, place); break;
                case 3: properties = ReadProperties(ref reader, place); break;
                case 4: user = Identifier(ref reader, place); break;
                case 5: source = Text(ref reader, place); break;
                case 6: campaign = Identifier(ref reader, place); break;
                case 7: resource = Text(ref reader, place); break;
                case 8: time = Time(ref reader, place); break;
                case 9: provider = Text(ref reader, place); break;
                case 10: model = Text(ref reader, place); break;
                case 11: endpoint = Text(ref reader, place); break;
                case 12: requestId = Text(ref reader, place); break;
                case 13: status = reader.TokenType == JsonTokenType.Number ? Whole(ref reader, place).ToString() : Text(ref reader, place); break;
                case 14: latency = Whole(ref reader, place); break;
                case 15: address = Text(ref reader, place); break;
                case 16: userAgent = Text(ref reader, place); break;
                case 17: key = Identifier(ref reader, place); break;
                case 18: cost = Cost(ref reader, place); break;
                case 19: mode = Mode(ref reader, place); break;
                default: failed = Boolean(ref reader, place); break;
            }
        }

        return new ReadEvent(
            new UsageEvent
            {
                Id = id is null ? null : new EventId(id),
                Account = new AccountKey(account ?? throw Missing(at, "account", "the key of who uses")),
                Type = type ?? throw Missing(at, "type", "the event type of the catalog"),
                Properties = properties,
                At = time,
                Cost = cost,
                Failed = failed,
                Details = new EventDetails
                {
                    User = user,
                    Source = source,
                    Campaign = campaign,
                    Resource = resource,
                    Provider = provider,
                    Model = model,
                    Endpoint = endpoint,
                    RequestId = requestId,
                    Status = status,
                    LatencyMs = latency,
                    Address = address,
                    UserAgent = userAgent,
                    Key = key,
                },
            },
            mode);
    }

    private static readonly string[] s_names =
    [
        "id", "account", "type", "properties", "user", "source", "campaign", "resource", "at", "provider", "model", "endpoint",
        "requestId", "status", "latencyMs", "address", "userAgent", "key", "cost", "mode", "failed",
    ];

    private static readonly byte[][] s_utf8Names = [.. s_names.Select(Encoding.UTF8.GetBytes)];

    private static int MemberIndex(ref Utf8JsonReader reader, Form form)
    {
        for (int i = 0; i < s_utf8Names.Length; i++)
        {
            if (reader.ValueTextEquals(s_utf8Names[i]))
            {
                return s_names[i] switch
                {
                    "mode" when form != Form.Decide => -1,
                    "failed" when form != Form.Import => -1,
                    _ => i,
                };
            }
        }

        return -1;
    }

    /// <summary>Reads an object of properties: numbers exactly, texts, booleans; nested values are kept as JSON.</summary>
    public static Properties ReadProperties(ref Utf8JsonReader reader, string at)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new EventFormatException(at, "'properties' is an object.");
        }

        List<KeyValuePair<string, PropertyValue>> entries = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = Name(ref reader, at);
            string place = Pointer(at, name);
            if (name.Length is 0 or > EventBounds.LongestPropertyName || !DisplayName.IsValid(name))
            {
                throw new EventFormatException(place, $"The name of a property has 1 to {EventBounds.LongestPropertyName} characters and no control characters.");
            }

            foreach (KeyValuePair<string, PropertyValue> entry in entries)
            {
                if (entry.Key == name)
                {
                    throw new EventFormatException(place, $"The property '{name}' stands twice.");
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
                    Check(text.Length <= EventBounds.LongestPropertyValue, place, $"A text property has at most {EventBounds.LongestPropertyValue} characters.");
                    entries.Add(new(name, PropertyValue.Of(text)));
                    break;
                default:
                    entries.Add(new(name, PropertyValue.OfJson(Nested(ref reader, place))));
                    break;
            }
        }

        return Properties.Of(entries);
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

    private static bool Boolean(ref Utf8JsonReader reader, string at)
    {
        Check(reader.TokenType is JsonTokenType.True or JsonTokenType.False, at, "true or false is wanted.");
        return reader.GetBoolean();
    }

    private static ConsumeMode Mode(ref Utf8JsonReader reader, string at) => Text(ref reader, at) switch
    {
        "enforce" => ConsumeMode.Enforce,
        "best_effort" => ConsumeMode.BestEffort,
        "record" => ConsumeMode.Record,
        string other => throw new EventFormatException(at, $"'{other}' is not a mode; allowed are enforce, best_effort, record."),
    };

    private static Instant Time(ref Utf8JsonReader reader, string at)
    {
        string text = Text(ref reader, at);
        ParseResult<OffsetDateTime> parsed = OffsetDateTimePattern.Rfc3339.Parse(text);
        Check(parsed.Success && parsed.Value.Year is >= 1970 and <= 9000, at, $"'{text}' is not a time; write RFC 3339 with an offset, such as 2026-11-21T09:30:00Z.");
        return Clock.Truncate(parsed.Value.ToInstant());
    }

    private static long Whole(ref Utf8JsonReader reader, string at)
    {
        long value = 0;
        Check(reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out value) && value is >= 0 and <= 1_000_000_000_000, at, "A whole number from 0 to 10^12 is wanted.");
        return value;
    }

    private static decimal Number(ref Utf8JsonReader reader, string at)
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

    private static string Identifier(ref Utf8JsonReader reader, string at)
    {
        Check(reader.TokenType == JsonTokenType.String, at, $"A text is wanted: {Engine.Identifier.Form}.");
        string text = Decode(ref reader, at);
        Check(Engine.Identifier.IsValid(text), at, $"It must be {Engine.Identifier.Form}.");
        return text;
    }

    private static string Text(ref Utf8JsonReader reader, string at)
    {
        Check(reader.TokenType == JsonTokenType.String, at, "A text is wanted.");
        string text = Decode(ref reader, at);
        Check(text.Length <= EventBounds.LongestText, at, $"At most {EventBounds.LongestText} characters.");
        foreach (char c in text)
        {
            Check(!char.IsControl(c) && c is not ('\u2028' or '\u2029'), at, "No control characters or line breaks.");
        }

        return text;
    }

    private static string Name(ref Utf8JsonReader reader, string at)
    {
        string name = Decode(ref reader, at);
        Check(name.Length <= EventBounds.LongestText, at, $"The name of a member has at most {EventBounds.LongestText} characters.");
        return name;
    }

    private static string Decode(ref Utf8JsonReader reader, string at)
    {
        string text;
        try
        {
            text = reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new EventFormatException(at, "The text is not Unicode: it has a lone surrogate or bytes that are not UTF-8.");
        }

        Check(!text.Contains('\0', StringComparison.Ordinal), at, "The text has the character U+0000, which cannot be kept.");
        return text;
    }

    private static EventFormatException Missing(string at, string member, string what) => new($"{at}/{member}", $"'{member}' is required: {what}.");

    private static void Check(bool condition, string at, string message)
    {
        if (!condition)
        {
            throw new EventFormatException(at, message);
        }
    }

    private static string Pointer(string at, string name) =>
        $"{at}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
}

/// <summary>A batch has more events than it may.</summary>
public sealed class TooManyEventsException() : Exception($"A batch has at most {EventBounds.MostEvents} events; send more than one batch.");
