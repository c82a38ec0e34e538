using System.Text;
using System.Text.Json;

using NodaTime;

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
public readonly record struct ReadEvent(UsageEvent Event, ConsumeMode? Mode)
{
    /// <summary>Of a reservation, in seconds.</summary>
    public long? Ttl { get; init; }

    /// <summary>Of a reservation, in seconds.</summary>
    public long? Wait { get; init; }

    public long? Priority { get; init; }
}

/// <summary>
/// Reads events from JSON, strictly: unknown, repeated and wrongly typed members are refused with their place. What it accepts is
/// bounded by <see cref="EventBounds"/>.
/// </summary>
public static partial class EventReader
{
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = EventBounds.LargestDepth };

    private const string Members =
        "id, account, type, properties, user, source, campaign, resource, at, provider, model, endpoint, requestId, status, latencyMs, address, userAgent, key, cost";

    /// <summary>Reads one event.</summary>
    /// <param name="withMode">Whether the form has <c>mode</c>: consume and check.</param>
    /// <param name="id">The id of the header <c>Idempotency-Key</c>, which means the same as the member.</param>
    /// <param name="account">Who uses, when the event does not say.</param>
    /// <exception cref="EventFormatException">It is not an event.</exception>
    public static ReadEvent ReadOne(ReadOnlySpan<byte> json, bool withMode, string? id, AccountKey? account = null)
    {
        try
        {
            Utf8JsonReader reader = new(json, s_options);
            reader.Read();
            ReadEvent read = ReadEvent(ref reader, "", withMode ? Form.Decide : Form.Record, id, account?.Value);
            End(ref reader);
            return read;
        }
        catch (JsonException exception)
        {
            throw NotJson(exception);
        }
    }

    /// <summary>Reads the event of a reservation, with how long it holds, waits, and before whom.</summary>
    /// <param name="id">The id of the header <c>Idempotency-Key</c>, which means the same as the member.</param>
    /// <exception cref="EventFormatException">It is not an event.</exception>
    public static ReadEvent ReadReservation(ReadOnlySpan<byte> json, string? id) => Guard(json, (ref Utf8JsonReader reader) =>
    {
        reader.Read();
        ReadEvent read = ReadEvent(ref reader, "", Form.Reserve, id);
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
        Reserve,
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
            throw NotJson(exception);
        }
    }

    private static EventFormatException NotJson(JsonException exception) =>
        new("", $"The body is not JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}: {Sentence(exception.Message)}");

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

    private static ReadEvent ReadEvent(ref Utf8JsonReader reader, string at, Form form, string? headerId, string? ownAccount = null)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new EventFormatException(at, "An event is an object, such as { \"id\": \"evt-1\", \"account\": \"acme\", \"type\": \"…\" }.");
        }

        string? id = headerId;
        string? account = ownAccount;
        string? type = null;
        Properties properties = Properties.Empty;
        ConsumeMode? mode = null;
        Instant? time = null;
        GivenCost? cost = null;
        string? user = null, source = null, campaign = null, resource = null, provider = null, model = null, endpoint = null;
        string? requestId = null, status = null, address = null, userAgent = null, key = null;
        long? latency = null;
        bool failed = false;
        long? ttl = null, wait = null, priority = null;
        int seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int member = MemberIndex(ref reader, form);
            if (member < 0)
            {
                string name = Name(ref reader, at);
                throw new EventFormatException(Pointer(at, name), $"'{name}' is not a member of an event; allowed are {Members}{form switch { Form.Decide => ", mode", Form.Import => ", failed", Form.Reserve => ", ttl, wait, priority", _ => "" }}. Free values go into 'properties'.");
            }

            Place place = new(at, s_names[member]);
            if ((seen & (1 << member)) != 0)
            {
                throw new EventFormatException(place.ToString(), $"'{s_names[member]}' stands twice.");
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
                        throw new EventFormatException(place.ToString(), "'id' and the header Idempotency-Key differ; send one of them, or the same in both.");
                    }

                    id = given;
                    break;
                case 1: account = Identifier(ref reader, place); break;
                case 2: type = Text(ref reader, place); break;
                case 3: properties = ReadProperties(ref reader, at.Length == 0 ? "/properties" : place.ToString()); break;
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
                case 18: cost = Cost(ref reader, place.ToString()); break;
                case 19: mode = Mode(ref reader, place); break;
                case 20: failed = Boolean(ref reader, place); break;
                case 21: ttl = Whole(ref reader, place); break;
                case 22: wait = Whole(ref reader, place); break;
                default: priority = Whole(ref reader, place); break;
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
            mode)
        {
            Ttl = ttl,
            Wait = wait,
            Priority = priority,
        };
    }

    private static readonly string[] s_names =
    [
        "id", "account", "type", "properties", "user", "source", "campaign", "resource", "at", "provider", "model", "endpoint",
        "requestId", "status", "latencyMs", "address", "userAgent", "key", "cost", "mode", "failed", "ttl", "wait", "priority",
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
                    "ttl" or "wait" or "priority" when form != Form.Reserve => -1,
                    _ => i,
                };
            }
        }

        return -1;
    }
}

/// <summary>A batch has more events than it may.</summary>
public sealed class TooManyEventsException() : Exception($"A batch has at most {EventBounds.MostEvents} events; send more than one batch.");
