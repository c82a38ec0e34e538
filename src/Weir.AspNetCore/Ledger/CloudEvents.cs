using System.Text.Json;

using Microsoft.AspNetCore.Http;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir.AspNetCore;

internal enum CloudEventForm
{
    Structured,
    Batched,
    Binary,
}

/// <summary>
/// CloudEvents 1.0 over HTTP (https://github.com/cloudevents/spec, HTTP protocol binding 1.0.2): <c>type</c> is the event type,
/// <c>subject</c> the account, <c>data</c> the properties; the identity is source and id (ID-2). Extension attributes are free properties.
/// </summary>
internal static class CloudEvents
{
    private const string HeaderPrefix = "ce-";

    public static CloudEventForm? FormOf(HttpRequest request) =>
        JsonBody.IsMediaType(request.ContentType, "application/cloudevents+json") ? CloudEventForm.Structured
        : JsonBody.IsMediaType(request.ContentType, "application/cloudevents-batch+json") ? CloudEventForm.Batched
        : request.Headers.ContainsKey("ce-specversion") ? CloudEventForm.Binary
        : null;

    /// <summary>204 when all are recorded; a problem that names each event that was not, the others being recorded.</summary>
    public static async Task RecordAsync(HttpContext context, CloudEventForm form, AdmissionService admission, CatalogService catalogs)
    {
        Catalog catalog = (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog;
        List<UsageEvent> events = await JsonBody.ReadAsync(context, form == CloudEventForm.Batched ? EventBounds.LargestBody : EventBounds.LargestEvent,
            body => Read(context.Request, form, body, catalog));
        IReadOnlyList<Outcome> outcomes = await admission.RecordAsync(context.Workspace(), events, context.RequestAborted);
        List<ProblemError> errors = [];
        Problem? first = null;
        for (int i = 0; i < outcomes.Count; i++)
        {
            if (outcomes[i].Failure is { } failure)
            {
                first ??= Problem.Of(failure);
                errors.Add(new ProblemError((form == CloudEventForm.Batched ? $"/{i}" : "") + failure.Pointer.Replace("/properties", "/data", StringComparison.Ordinal), failure.Message));
            }
        }

        if (first is not null)
        {
            throw new ProblemException(first with { Errors = errors });
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static List<UsageEvent> Read(HttpRequest request, CloudEventForm form, ReadOnlyMemory<byte> body, Catalog catalog)
    {
        if (form == CloudEventForm.Binary)
        {
            return [ReadBinary(request, body, catalog)];
        }

        Utf8JsonReader reader = new(body.Span, new JsonReaderOptions { MaxDepth = EventBounds.LargestDepth });
        List<UsageEvent> events = [];
        reader.Read();
        if (form == CloudEventForm.Structured)
        {
            events.Add(ReadStructured(ref reader, "", catalog));
        }
        else
        {
            Require(reader.TokenType == JsonTokenType.StartArray, "", "A batch is an array of CloudEvents.");
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (events.Count == EventBounds.MostEvents)
                {
                    throw new TooManyEventsException();
                }

                events.Add(ReadStructured(ref reader, $"/{events.Count}", catalog));
            }
        }

        Require(!reader.Read(), "", "The body goes on after its end; send one JSON value.");
        return events;
    }

    private static UsageEvent ReadStructured(ref Utf8JsonReader reader, string at, Catalog catalog)
    {
        Require(reader.TokenType == JsonTokenType.StartObject, at, "A CloudEvent is an object.");
        Dictionary<string, string> attributes = new(StringComparer.Ordinal);
        Properties data = Properties.Empty;
        bool hasData = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = Decode(ref reader, at);
            string place = $"{at}/{name}";
            reader.Read();
            if (name == "data")
            {
                Require(!hasData, place, "'data' stands twice.");
                hasData = true;
                data = reader.TokenType == JsonTokenType.Null ? Properties.Empty : EventReader.ReadProperties(ref reader, place);
                continue;
            }

            Require(name != "data_base64", place, "'data' must be a JSON object; binary data cannot be rated.");
            string? value = reader.TokenType switch
            {
                JsonTokenType.Null => null,
                JsonTokenType.String => Decode(ref reader, place),
                JsonTokenType.True => "true",
                JsonTokenType.False => "false",
                JsonTokenType.Number when reader.TryGetInt32(out int number) => number.ToString(),
                _ => throw new EventFormatException(place, "An attribute of a CloudEvent is a text, a boolean or a 32-bit integer."),
            };
            Require(value is null || attributes.TryAdd(name, value), place, $"'{name}' stands twice.");
        }

        return ToEvent(attributes, data, at, catalog);
    }

    private static UsageEvent ReadBinary(HttpRequest request, ReadOnlyMemory<byte> body, Catalog catalog)
    {
        Dictionary<string, string> attributes = new(StringComparer.Ordinal);
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in request.Headers)
        {
            if (name.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase))
            {
                attributes[name[HeaderPrefix.Length..].ToLowerInvariant()] = Uri.UnescapeDataString(value.ToString());
            }
        }

        Properties data = Properties.Empty;
        if (!body.IsEmpty)
        {
            Require(JsonBody.IsMediaType(request.ContentType, "application/json"), "/data", "The data of a binary CloudEvent must be application/json.");
            Utf8JsonReader reader = new(body.Span, new JsonReaderOptions { MaxDepth = EventBounds.LargestDepth });
            reader.Read();
            data = EventReader.ReadProperties(ref reader, "/data");
            Require(!reader.Read(), "", "The body goes on after its end; send one JSON object.");
        }

        return ToEvent(attributes, data, "", catalog);
    }

    private static UsageEvent ToEvent(Dictionary<string, string> attributes, Properties data, string at, Catalog catalog)
    {
        string version = Take("specversion", "the version, 1.0");
        Require(version == "1.0", $"{at}/specversion", $"'{version}' is not supported; send 1.0.");
        string id = Take("id", "the event's id");
        string source = Take("source", "where it comes from");
        string type = Take("type", "the event type of the catalog");
        string subject = Take("subject", "the account's key");
        Require(Identifier.IsValid(subject), $"{at}/subject", $"The account's key must be {Identifier.Form}.");
        string identity = Uri.EscapeDataString($"{source}/{id}");
        Require(Identifier.IsValid(identity), $"{at}/id", $"Source and id together, percent-encoded, must be {Identifier.Form}.");
        Instant? time = null;
        if (attributes.Remove("time", out string? text))
        {
            ParseResult<OffsetDateTime> parsed = OffsetDateTimePattern.Rfc3339.Parse(text);
            Require(parsed.Success, $"{at}/time", $"'{text}' is not a time as RFC 3339 writes it.");
            time = Clock.Truncate(parsed.Value.ToInstant());
        }

        attributes.Remove("datacontenttype");
        attributes.Remove("dataschema");
        attributes.Remove("user", out string? user);
        Require(user is null || Identifier.IsValid(user), $"{at}/user", $"A user must be {Identifier.Form}.");
        Require(source.Length <= EventBounds.LongestText && DisplayName.IsValid(source), $"{at}/source", $"A source is a text of at most {DisplayName.LargestLength} characters without control characters.");
        foreach ((string name, string value) in attributes)
        {
            Require(CatalogName.IsValid(name) && value.Length <= EventBounds.LongestPropertyValue && !value.Contains('\0', StringComparison.Ordinal), $"{at}/{name}", "An extension attribute has a name of letters and digits and a bounded text.");
        }

        Properties free = Properties.Of(attributes.Where(a => !data.TryGet(a.Key, out _)).Select(a => KeyValuePair.Create(a.Key, PropertyValue.Of(a.Value))));
        Properties properties = data.With(free);
        if (catalog.Events.TryGetValue(type, out EventType? known))
        {
            properties = Rater.ReadNumericTexts(known, properties);
        }

        return new UsageEvent
        {
            Id = new EventId(identity),
            Account = new AccountKey(subject),
            Type = type,
            Properties = properties,
            At = time,
            Details = new EventDetails { Source = source, User = user },
        };

        string Take(string name, string what) => attributes.Remove(name, out string? value) && value.Length > 0
            ? value
            : throw new EventFormatException($"{at}/{name}", $"'{name}' is required: {what}.");
    }

    private static string Decode(ref Utf8JsonReader reader, string at)
    {
        try
        {
            string text = reader.GetString()!;
            Require(text.Length <= EventBounds.LongestPropertyValue && !text.Contains('\0', StringComparison.Ordinal), at, "The text is too long, or has the character U+0000.");
            return text;
        }
        catch (InvalidOperationException)
        {
            throw new EventFormatException(at, "The text is not Unicode: it has a lone surrogate or bytes that are not UTF-8.");
        }
    }

    private static void Require(bool condition, string at, string message)
    {
        if (!condition)
        {
            throw new EventFormatException(at, message);
        }
    }
}
