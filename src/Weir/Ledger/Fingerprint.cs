using System.Buffers;
using System.Globalization;
using System.Text.Json;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir;

/// <summary>
/// A digest of what a request asks for (ID-4): the operation and its content with defaults filled, members sorted, shortest decimals,
/// and absent members left out. Keys, headers and the catalog's version are no part of it.
/// </summary>
internal static class Fingerprint
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? s_writer;

    /// <param name="ttl">Of a reservation; waiting and its priority are no part of what it asks for.</param>
    public static Digest OfEvent(string operation, ConsumeMode mode, UsageEvent e, Duration? ttl = null)
    {
        Utf8JsonWriter writer = Begin();
        writer.WriteString("op"u8, operation);
        if (ttl is { } lasting)
        {
            writer.WriteNumber("ttl"u8, lasting.BclCompatibleTicks);
        }

        writer.WriteNumber("mode"u8, (int)mode);
        writer.WriteString("account"u8, e.Account.Value);
        writer.WriteString("type"u8, e.Type);
        if (e.At is { } at)
        {
            writer.WriteString("at"u8, InstantPattern.ExtendedIso.Format(at));
        }

        if (e.Cost is { } cost)
        {
            writer.WriteNumber("cost"u8, Decimals.Normalize(cost.Amount));
            Text(writer, "currency"u8, cost.Currency);
        }

        EventDetails d = e.Details;
        Text(writer, "address"u8, d.Address);
        Text(writer, "campaign"u8, d.Campaign);
        Text(writer, "endpoint"u8, d.Endpoint);
        Text(writer, "key"u8, d.Key);
        if (d.LatencyMs is { } latency)
        {
            writer.WriteNumber("latencyMs"u8, latency);
        }

        Text(writer, "model"u8, d.Model);
        Text(writer, "provider"u8, d.Provider);
        Text(writer, "requestId"u8, d.RequestId);
        Text(writer, "resource"u8, d.Resource);
        Text(writer, "source"u8, d.Source);
        Text(writer, "status"u8, d.Status);
        Text(writer, "user"u8, d.User);
        Text(writer, "userAgent"u8, d.UserAgent);
        if (e.Failed)
        {
            writer.WriteBoolean("failed"u8, true);
        }

        writer.WriteStartObject("properties"u8);
        foreach ((string name, PropertyValue value) in e.Properties.Entries)
        {
            PropertyJson.Write(writer, name, value);
        }

        writer.WriteEndObject();
        return End(writer);
    }

    /// <param name="amount">Null for a reset.</param>
    public static Digest OfAdjustment(AccountKey account, string meter, decimal? amount, string reason, string actor) => Of(writer =>
    {
        writer.WriteString("op"u8, amount is null ? "reset" : "adjust");
        writer.WriteString("account"u8, account.Value);
        writer.WriteString("meter"u8, meter);
        if (amount is { } moved)
        {
            writer.WriteString("amount"u8, Decimals.Normalize(moved).ToString(CultureInfo.InvariantCulture));
        }

        writer.WriteString("reason"u8, reason);
        writer.WriteString("actor"u8, actor);
    });

    public static Digest OfCommit(Properties? properties, GivenCost? cost, Overrun overrun, EventDetails details) => Of(writer =>
    {
        writer.WriteString("op"u8, "commit");
        writer.WriteNumber("overrun"u8, (int)overrun);
        Settlement(writer, properties, cost);
        Text(writer, "status"u8, details.Status);
        Text(writer, "model"u8, details.Model);
        Text(writer, "provider"u8, details.Provider);
        if (details.LatencyMs is { } latency)
        {
            writer.WriteNumber("latencyMs"u8, latency);
        }
    });

    public static Digest OfRelease(string? reason) => Of(writer =>
    {
        writer.WriteString("op"u8, "release");
        Text(writer, "reason"u8, reason);
    });

    public static Digest OfGrowth(string reservation, Properties properties, GivenCost? cost) => Of(writer =>
    {
        writer.WriteString("op"u8, "grow");
        writer.WriteString("reservation"u8, reservation);
        Settlement(writer, properties, cost);
    });

    private static void Settlement(Utf8JsonWriter writer, Properties? properties, GivenCost? cost)
    {
        if (cost is not null)
        {
            writer.WriteNumber("cost"u8, Decimals.Normalize(cost.Amount));
            Text(writer, "currency"u8, cost.Currency);
        }

        if (properties is not null)
        {
            writer.WriteStartObject("properties"u8);
            foreach ((string name, PropertyValue value) in properties.Entries)
            {
                PropertyJson.Write(writer, name, value);
            }

            writer.WriteEndObject();
        }
    }

    public static Digest OfGrant(AccountKey account, GrantRequest request, string? actor) => Of(writer =>
    {
        writer.WriteString("op"u8, "grant");
        writer.WriteString("account"u8, account.Value);
        writer.WriteString("meter"u8, request.Meter);
        writer.WriteNumber("amount"u8, Decimals.Normalize(request.Amount));
        Text(writer, "per"u8, request.Per?.Name());
        writer.WriteNumber("priority"u8, request.Priority);
        Text(writer, "start"u8, request.Start is { } start ? InstantPattern.ExtendedIso.Format(start) : null);
        Text(writer, "expiry"u8, request.Expiry is { } expiry ? InstantPattern.ExtendedIso.Format(expiry) : null);
        writer.WriteBoolean("beforePlan"u8, request.BeforePlan);
        Text(writer, "recurrence"u8, request.Recurrence?.Name());
        if (request.Rollover is { } rollover)
        {
            writer.WriteStartObject("rollover"u8);
            if (rollover.Max is { } max)
            {
                writer.WriteNumber("max"u8, Decimals.Normalize(max));
            }

            writer.WriteNumber("min"u8, Decimals.Normalize(rollover.Min));
            writer.WriteEndObject();
        }

        Text(writer, "reason"u8, request.Reason);
        Text(writer, "actor"u8, actor);
    });

    private static Digest Of(Action<Utf8JsonWriter> write)
    {
        Utf8JsonWriter writer = Begin();
        write(writer);
        return End(writer);
    }

    private static Utf8JsonWriter Begin()
    {
        ArrayBufferWriter<byte> buffer = s_buffer ??= new ArrayBufferWriter<byte>(1024);
        buffer.ResetWrittenCount();
        Utf8JsonWriter writer = s_writer ??= new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.Reset(buffer);
        writer.WriteStartObject();
        return writer;
    }

    private static Digest End(Utf8JsonWriter writer)
    {
        writer.WriteEndObject();
        writer.Flush();
        return Digest.Of(s_buffer!.WrittenSpan);
    }

    private static void Text(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
