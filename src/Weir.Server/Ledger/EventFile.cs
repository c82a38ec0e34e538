using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

using CsvHelper;

namespace Weir.Server;

/// <summary>How a file has its events.</summary>
internal enum EventFileFormat
{
    /// <summary>One JSON object a line.</summary>
    JsonLines,

    /// <summary>A header line with the members' names; see <see cref="EventFile.Columns"/>.</summary>
    Csv,
}

/// <summary>Files of events, read and written: JSON Lines as in <c>POST /api/v1/events</c>, or CSV with the same members as columns.</summary>
internal static class EventFile
{
    /// <summary>The columns that stand for themselves. <c>properties</c> is a JSON object; <c>properties.NAME</c> is one property of it.</summary>
    public static readonly IReadOnlyList<string> Columns =
    [
        "id", "account", "type", "at", "user", "source", "campaign", "resource", "provider", "model", "endpoint", "requestId", "status",
        "latencyMs", "address", "userAgent", "key", "cost", "currency", "failed", "properties",
    ];

    public const string PropertyPrefix = "properties.";

    private static readonly CsvReaderOptions s_csv = new()
    {
        Separator = ',',
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
        TrackLineNumbers = true,
        MaxRecordSize = 2 * EventBounds.LargestEvent,
    };

    /// <exception cref="CommandException">Neither the option nor the file's name says it.</exception>
    public static EventFileFormat FormatOf(string? given, string? file) => (given, Path.GetExtension(file)?.ToLowerInvariant()) switch
    {
        ("jsonl", _) => EventFileFormat.JsonLines,
        ("csv", _) => EventFileFormat.Csv,
        (not null, _) => throw new CommandException($"'{given}' is not a format; write --format jsonl or --format csv."),
        (null, ".csv") => EventFileFormat.Csv,
        (null, null or "" or ".jsonl" or ".ndjson" or ".json") => EventFileFormat.JsonLines,
        _ => throw new CommandException($"The name '{file}' does not say whether it is JSON Lines (.jsonl) or CSV (.csv); add --format."),
    };

    /// <summary>The events of a stream as JSON, each with the number of its line.</summary>
    /// <exception cref="CommandException">A CSV file has columns that no event has.</exception>
    public static IAsyncEnumerable<ImportLine> ReadAsync(Stream stream, EventFileFormat format, CancellationToken cancellationToken) =>
        format == EventFileFormat.Csv ? ReadCsvAsync(stream, cancellationToken) : ReadLinesAsync(stream, cancellationToken);

    private static async IAsyncEnumerable<ImportLine> ReadLinesAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using StreamReader reader = new(stream, Encoding.UTF8);
        long number = 0;
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return new ImportLine(number, Encoding.UTF8.GetBytes(line));
            }
        }
    }

    private static async IAsyncEnumerable<ImportLine> ReadCsvAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using CsvReader csv = CsvReader.Create(stream, s_csv, leaveOpen: true);
        await ReadAsync(csv, cancellationToken, headerOnly: true);
        string[] header = [.. csv.Headers];
        if (Array.Find(header, name => !Columns.Contains(name) && !name.StartsWith(PropertyPrefix, StringComparison.Ordinal)) is { } unknown)
        {
            throw new CommandException(
                $"The column '{unknown}' is not a member of an event; allowed are {string.Join(", ", Columns)}, and {PropertyPrefix}NAME for single properties.");
        }

        ArrayBufferWriter<byte> buffer = new(512);
        while (await ReadAsync(csv, cancellationToken))
        {
            buffer.Clear();
            using (Utf8JsonWriter writer = new(buffer))
            {
                Write(writer, header, csv);
            }

            yield return new ImportLine(csv.LineNumber, buffer.WrittenSpan.ToArray());
        }
    }

    private static async ValueTask<bool> ReadAsync(CsvReader csv, CancellationToken cancellationToken, bool headerOnly = false)
    {
        try
        {
            if (!headerOnly)
            {
                return await csv.ReadAsync(cancellationToken);
            }

            await csv.ReadHeaderAsync(cancellationToken);
            return true;
        }
        catch (CsvFormatException exception)
        {
            throw new CommandException($"The CSV cannot be read on: {exception.Message} What stands before may be imported already; mend the line and import the whole file again, ids are recorded once.");
        }
    }

    /// <summary>The row as JSON. What does not have its column's form is written as a text, which the reader of events refuses with its place.</summary>
    private static void Write(Utf8JsonWriter writer, string[] header, CsvReader csv)
    {
        string? cost = null, currency = null;
        List<KeyValuePair<string, string>> properties = [];
        string? whole = null;
        writer.WriteStartObject();
        for (int i = 0; i < header.Length; i++)
        {
            if (csv.GetString(i) is not { Length: > 0 } value)
            {
                continue;
            }

            switch (header[i])
            {
                case "cost": cost = value; break;
                case "currency": currency = value; break;
                case "properties": whole = value; break;
                case "latencyMs" or "failed": WriteValue(writer, header[i], value); break;
                case string name when name.StartsWith(PropertyPrefix, StringComparison.Ordinal): properties.Add(new(name[PropertyPrefix.Length..], value)); break;
                case string name: writer.WriteString(name, value); break;
            }
        }

        if (cost is not null || currency is not null)
        {
            writer.WriteStartObject("cost");
            if (cost is not null)
            {
                WriteValue(writer, "amount", cost);
            }

            if (currency is not null)
            {
                writer.WriteString("currency", currency);
            }

            writer.WriteEndObject();
        }

        WriteProperties(writer, whole, properties);
        writer.WriteEndObject();
    }

    private static void WriteProperties(Utf8JsonWriter writer, string? whole, List<KeyValuePair<string, string>> single)
    {
        if (whole is null && single.Count == 0)
        {
            return;
        }

        writer.WritePropertyName("properties");
        JsonDocument? document = null;
        if (whole is not null && !TryParse(whole, out document))
        {
            writer.WriteStringValue(whole);
            return;
        }

        using (document)
        {
            writer.WriteStartObject();
            if (document is not null)
            {
                foreach (JsonProperty property in document.RootElement.EnumerateObject())
                {
                    property.WriteTo(writer);
                }
            }

            foreach ((string name, string value) in single)
            {
                WriteValue(writer, name, value);
            }

            writer.WriteEndObject();
        }
    }

    private static bool TryParse(string json, out JsonDocument? document)
    {
        document = null;
        try
        {
            document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return true;
            }

            document.Dispose();
        }
        catch (JsonException)
        {
            // It is written as the text that it is.
        }

        document = null;
        return false;
    }

    /// <summary>Numbers and booleans in JSON's own form are such; everything else is a text.</summary>
    private static void WriteValue(Utf8JsonWriter writer, string name, string value)
    {
        writer.WritePropertyName(name);
        if (value is "true" or "false" || IsNumber(value))
        {
            writer.WriteRawValue(value);
        }
        else
        {
            writer.WriteStringValue(value);
        }
    }

    private static bool IsNumber(string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        Utf8JsonReader reader = new(utf8);
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.BytesConsumed == utf8.Length && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
