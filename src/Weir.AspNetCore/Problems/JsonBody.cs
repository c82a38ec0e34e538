using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Weir.AspNetCore;

/// <summary>Bodies in and out: bounded, strict JSON.</summary>
internal static class JsonBody
{
    /// <summary>Every type of a body.</summary>
    public const string AnyType = "*/*";

    /// <summary>The largest body of a call that is not about events or catalogs, in bytes.</summary>
    public const int LargestDocument = 256 * 1024;

    /// <summary>Answers are JSON and never part of a page: quotes and letters stand as they are, so that people can read them.</summary>
    internal static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Members that are unknown, repeated or of the wrong type are refused; null members are left out of answers only where the type says so.</summary>
    public static readonly JsonSerializerOptions Options = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = Writing.Encoder,
        MaxDepth = EventBounds.LargestDepth,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false), new DecimalConverter(), new InstantConverter(), new PropertiesConverter() },
    };

    /// <summary>The whole body as contiguous bytes; the caller hands them to <paramref name="read"/> at once.</summary>
    /// <exception cref="ProblemException">It is larger than <paramref name="largest"/>.</exception>
    public static ValueTask<T> ReadAsync<T>(HttpContext context, int largest, Func<ReadOnlyMemory<byte>, T> read) =>
        ReadAsync(context, largest, read, static (body, read) => read(body));

    /// <inheritdoc cref="ReadAsync{T}(HttpContext, int, Func{ReadOnlyMemory{byte}, T})"/>
    public static async ValueTask<T> ReadAsync<TState, T>(HttpContext context, int largest, TState state, Func<ReadOnlyMemory<byte>, TState, T> read)
    {
        PipeReader reader = context.Request.BodyReader;
        if (context.Request.ContentLength > largest)
        {
            throw TooLarge(largest);
        }

        RequestDeadline? paused = null;
        while (true)
        {
            ValueTask<ReadResult> reading = reader.ReadAsync(context.ClientGone());
            if (!reading.IsCompleted && paused is null)
            {
                // How long the body takes is the client's own affair; the server bounds its rate.
                paused = context.Deadline();
                paused?.Pause();
            }

            ReadResult result = await reading;
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (buffer.Length > largest)
            {
                throw TooLarge(largest);
            }

            if (result.IsCompleted)
            {
                paused?.Begin();
                try
                {
                    return read(buffer.IsSingleSegment ? buffer.First : buffer.ToArray(), state);
                }
                finally
                {
                    reader.AdvanceTo(buffer.End);
                }
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Reads a document of a configuration call.</summary>
    public static async ValueTask<T> ReadAsync<T>(HttpContext context)
    {
        RequireJson(context);
        return await ReadAsync(context, LargestDocument, bytes =>
            JsonSerializer.Deserialize<T>(bytes.Span, Options) ?? throw IsNull());
    }

    /// <summary>Reads a document of a call whose body may be left out.</summary>
    public static async ValueTask<T> ReadOptionalAsync<T>(HttpContext context, T absent)
    {
        return await ReadAsync(context, LargestDocument, bytes =>
        {
            if (bytes.IsEmpty)
            {
                return absent;
            }

            RequireJson(context);
            return JsonSerializer.Deserialize<T>(bytes.Span, Options) ?? throw IsNull();
        });
    }

    /// <summary>
    /// Describes a body that may be left out, for <see cref="ReadOptionalAsync{T}"/>. Routing would send a request without a type of a body
    /// to the endpoint for mismatches, so it lets every type pass, and what is read is judged there.
    /// </summary>
    public static RouteHandlerBuilder AcceptsOptional<T>(this RouteHandlerBuilder builder)
        where T : notnull => builder.Accepts<T>(isOptional: true, "application/json", AnyType);

    public static void RequireJson(HttpContext context)
    {
        if (!IsMediaType(context.Request.ContentType, "application/json"))
        {
            throw new ProblemException(UnsupportedMediaType(context.Request.ContentType, "application/json"));
        }
    }

    public static Problem UnsupportedMediaType(string? found, string wanted) => new(
        StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "The body's type is not supported",
        $"Content-Type is '{found}'; send {wanted}.");

    public static bool IsMediaType(string? contentType, string wanted)
    {
        ReadOnlySpan<char> type = contentType;
        int end = type.IndexOf(';');
        return (end < 0 ? type : type[..end]).Trim().Equals(wanted, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What a serializer's exception says, with the member as a JSON pointer.</summary>
    public static Problem ProblemOf(JsonException exception)
    {
        (string pointer, string message) = JsonFault.Of(PointerOf(exception.Path), exception.Message);
        string place = exception.LineNumber is { } line ? $" (line {line + 1}, byte {exception.BytePositionInLine + 1})" : "";
        return Problem.InvalidJson(pointer, message + place);
    }

    public static Task WriteAsync<T>(HttpContext context, T value, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(value, Options, "application/json", context.ClientGone());
    }

    /// <summary>Lets a handler write its answer directly.</summary>
    public static Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write) => WriteAsync(context, write, static (writer, write) => write(writer));

    /// <inheritdoc cref="WriteAsync(HttpContext, Action{Utf8JsonWriter})"/>
    public static Task WriteAsync<TState>(HttpContext context, TState state, Action<Utf8JsonWriter, TState> write)
    {
        context.Response.ContentType = "application/json";
        Utf8JsonWriter writer = t_writer ?? new Utf8JsonWriter(context.Response.BodyWriter, Writing);
        t_writer = null;
        writer.Reset(context.Response.BodyWriter);
        write(writer, state);
        writer.Flush();
        writer.Reset();
        t_writer = writer;
        ValueTask<FlushResult> flushed = context.Response.BodyWriter.FlushAsync(context.ClientGone());
        return flushed.IsCompletedSuccessfully ? Task.CompletedTask : flushed.AsTask();
    }

    [ThreadStatic]
    private static Utf8JsonWriter? t_writer;

    private static ProblemException IsNull() => new(Problem.InvalidJson("", "The body is null; an object is wanted."));

    private static ProblemException TooLarge(int largest) => new(Problem.PayloadTooLarge($"The body has more than {largest} bytes; send less at once."));

    /// <summary>From the serializer's <c>$.a.b[0]['c d']</c>.</summary>
    private static string PointerOf(string? path)
    {
        if (path is null or "$")
        {
            return "";
        }

        System.Text.StringBuilder pointer = new();
        for (int i = 1; i < path.Length; i++)
        {
            if (path[i] == '.')
            {
                pointer.Append('/');
            }
            else if (path[i] == '[')
            {
                int end = path.IndexOf(']', i);
                string inner = path[(i + 1)..end].Trim('\'');
                pointer.Append('/').Append(inner.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));
                i = end;
            }
            else
            {
                pointer.Append(path[i]);
            }
        }

        return pointer.ToString();
    }
}

/// <summary>Decimals exactly as they were sent, and the shortest form back.</summary>
internal sealed class DecimalConverter : JsonConverter<decimal>
{
    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && EventReader.TryReadNumber(ref reader, out decimal value)
            ? value
            : throw new JsonException("A number that fits 28 digits is wanted.");

    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) => writer.WriteNumberValue(Engine.Decimals.Normalize(value));
}

/// <summary>RFC 3339 in UTC; the open ends of time are null.</summary>
internal sealed class InstantConverter : JsonConverter<NodaTime.Instant>
{
    public override NodaTime.Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        NodaTime.Text.ParseResult<NodaTime.OffsetDateTime> parsed =
            NodaTime.Text.OffsetDateTimePattern.Rfc3339.Parse(reader.TokenType == JsonTokenType.String ? reader.GetString()! : "");
        return parsed.Success && parsed.Value.Year is >= 1970 and <= 9000
            ? Engine.Clock.Truncate(parsed.Value.ToInstant())
            : throw new JsonException("A time as RFC 3339 with an offset is wanted, such as 2026-11-21T09:30:00Z.");
    }

    public override void Write(Utf8JsonWriter writer, NodaTime.Instant value, JsonSerializerOptions options) => JsonText.Write(writer, value);
}

/// <summary>Properties of an event in a body that is read by the serializer: as strict and as bounded as in events.</summary>
internal sealed class PropertiesConverter : JsonConverter<Engine.Properties>
{
    public override Engine.Properties Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => EventReader.ReadProperties(ref reader, "/properties");

    public override void Write(Utf8JsonWriter writer, Engine.Properties value, JsonSerializerOptions options) => PropertyJson.WriteObject(writer, value);
}
