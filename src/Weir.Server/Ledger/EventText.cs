using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using NodaTime.Text;

using Weir.Engine;

namespace Weir.Server;

/// <summary>An event of the log as a host would send it again, with what it is known to have become.</summary>
internal static class EventText
{
    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line of JSON. Only with <paramref name="charges"/> it has a member that an import does not take.</summary>
    public static void WriteJson(IBufferWriter<byte> output, LedgerRecord record, AccountKey account, string currency, bool charges)
    {
        using Utf8JsonWriter writer = new(output, s_json);
        EventDetails details = DetailsOf(record);
        writer.WriteStartObject();
        foreach ((string name, string? value) in Texts(record, details, account).Concat([("address", details.Address), ("userAgent", details.UserAgent), ("key", details.Key)]))
        {
            if (value is not null)
            {
                writer.WriteString(name, value);
            }
        }

        if (details.LatencyMs is { } latency)
        {
            writer.WriteNumber("latencyMs", latency);
        }

        if (CostOf(record) is { } cost)
        {
            writer.WriteStartObject("cost");
            writer.WriteNumber("amount", Decimals.Normalize(cost.Amount));
            writer.WriteString("currency", currency);
            writer.WriteEndObject();
        }

        if (IsFailed(record))
        {
            writer.WriteBoolean("failed", true);
        }

        Properties properties = PropertiesOf(record);
        if (!properties.Entries.IsEmpty)
        {
            writer.WritePropertyName("properties");
            PropertyJson.WriteObject(writer, properties);
        }

        if (charges)
        {
            writer.WritePropertyName("charges");
            WriteCharges(writer, record);
        }

        writer.WriteEndObject();
    }

    /// <summary>The fields of a CSV line, in the order of <see cref="EventFile.Columns"/>, then the charges where they are wanted.</summary>
    public static IEnumerable<string?> Fields(LedgerRecord record, AccountKey account, string currency, bool charges)
    {
        EventDetails details = DetailsOf(record);
        foreach ((_, string? value) in Texts(record, details, account))
        {
            yield return value;
        }

        Money? cost = CostOf(record);
        Properties properties = PropertiesOf(record);
        yield return details.LatencyMs?.ToString();
        yield return details.Address;
        yield return details.UserAgent;
        yield return details.Key;
        yield return cost is { } money ? Decimals.Normalize(money.Amount).ToString() : null;
        yield return cost is null ? null : currency;
        yield return IsFailed(record) ? "true" : null;
        yield return properties.Entries.IsEmpty ? null : Json(writer => PropertyJson.WriteObject(writer, properties));
        if (charges)
        {
            yield return Json(writer => WriteCharges(writer, record));
        }
    }

    private static IEnumerable<(string Name, string? Value)> Texts(LedgerRecord record, EventDetails details, AccountKey account) =>
    [
        ("id", details.Id), ("account", account.Value), ("type", record.Entry.Type), ("at", InstantPattern.ExtendedIso.Format(record.Entry.At)),
        ("user", details.User), ("source", details.Source), ("campaign", details.Campaign), ("resource", details.Resource),
        ("provider", details.Provider), ("model", details.Model), ("endpoint", details.Endpoint), ("requestId", details.RequestId),
        ("status", details.Status),
    ];

    /// <summary>By meter, with what the call's end added or took back.</summary>
    private static void WriteCharges(Utf8JsonWriter writer, LedgerRecord record)
    {
        IEnumerable<Charge> charges = record.Completion is { } completion ? record.Entry.Charges.Concat(completion.Entry.Charges) : record.Entry.Charges;
        writer.WriteStartObject();
        foreach (IGrouping<string, Charge> meter in charges.Where(charge => charge.Meter != Engine.Meter.CostKey).GroupBy(charge => charge.Meter))
        {
            writer.WriteNumber(meter.Key, meter.Sum(charge => charge.Amount.ToDecimal(charge.Scale)));
        }

        writer.WriteEndObject();
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter writer = new(buffer, s_json))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static bool IsFailed(LedgerRecord record) => (record.Entry.Flags | (record.Completion?.Entry.Flags ?? EntryFlags.None)).HasFlag(EntryFlags.Failed);

    private static Money? CostOf(LedgerRecord record) =>
        record.Completion?.Entry.Cost is { } change ? (record.Entry.Cost ?? Money.Zero) + change : record.Entry.Cost;

    private static Properties PropertiesOf(LedgerRecord record)
    {
        Properties properties = record.Details.FreeProperties.With(record.Entry.Properties);
        return record.Completion is { } completion ? properties.With(completion.Details.FreeProperties).With(completion.Entry.Properties) : properties;
    }

    /// <summary>What the call's end says stands before what was known when it began.</summary>
    private static EventDetails DetailsOf(LedgerRecord record) => record.Completion is not { Details: { } end } ? record.Details : record.Details with
    {
        Provider = end.Provider ?? record.Details.Provider,
        Model = end.Model ?? record.Details.Model,
        Status = end.Status ?? record.Details.Status,
        LatencyMs = end.LatencyMs ?? record.Details.LatencyMs,
        RequestId = end.RequestId ?? record.Details.RequestId,
        Resource = end.Resource ?? record.Details.Resource,
    };
}
