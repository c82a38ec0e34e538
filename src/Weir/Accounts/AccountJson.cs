using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir;

/// <summary>The parts of an account that stores keep as JSON. Times are microseconds, zones TZDB ids, anchors local ISO date-times.</summary>
public static class AccountJson
{
    private static readonly LocalDateTimePattern s_anchor = LocalDateTimePattern.ExtendedIso;
    private static readonly TimelineMemo s_timelines = new(ParseTimeline);

    /// <summary><c>[{"zone":"Africa/Nairobi","anchor":"2026-01-31T09:00:00"},{"from":…,…}]</c>; the first entry holds from the beginning of time.</summary>
    public static byte[] WriteTimeline(Timeline timeline)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        return Write(writer =>
        {
            writer.WriteStartArray();
            foreach (TimelineEntry entry in timeline.Entries)
            {
                writer.WriteStartObject();
                if (entry.From != Instant.MinValue)
                {
                    writer.WriteNumber("from"u8, Clock.ToMicros(entry.From));
                }

                writer.WriteString("zone"u8, entry.Schedule.Zone.Id);
                writer.WriteString("anchor"u8, s_anchor.Format(entry.Schedule.Anchor));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    public static Timeline ReadTimeline(ReadOnlySpan<byte> json) => s_timelines.Read(json);

    /// <summary>Null for no overrides. A limit that is left out is unlimited.</summary>
    public static byte[]? WriteOverrides(ImmutableArray<LimitOverride> overrides) => overrides.IsDefaultOrEmpty ? null : Write(writer =>
    {
        writer.WriteStartArray();
        foreach (LimitOverride entry in overrides)
        {
            writer.WriteStartObject();
            writer.WriteString("meter"u8, entry.Meter);
            writer.WriteNumber("scope"u8, (int)entry.Scope);
            if (entry.Per is { } per)
            {
                writer.WriteString("per"u8, per.Name());
            }

            if (entry.Limit is { } limit)
            {
                writer.WriteNumber("limit"u8, limit.Units);
            }

            if (entry.Until is { } until)
            {
                writer.WriteNumber("until"u8, Clock.ToMicros(until));
            }

            if (entry.Reason is { } reason)
            {
                writer.WriteString("reason"u8, reason);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    public static ImmutableArray<LimitOverride> ReadOverrides(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return [];
        }

        using JsonDocument document = Parse(json);
        return
        [
            .. document.RootElement.EnumerateArray().Select(item => new LimitOverride(
                item.GetProperty("meter"u8).GetString()!,
                (ScopeKind)item.GetProperty("scope"u8).GetInt32(),
                item.TryGetProperty("per"u8, out JsonElement per) && PerNames.TryParse(per.GetString(), out Per form) ? form : null,
                item.TryGetProperty("limit"u8, out JsonElement limit) ? new Quantity(limit.GetInt64()) : null,
                item.TryGetProperty("until"u8, out JsonElement until) ? Clock.FromMicros(until.GetInt64()) : null,
                item.TryGetProperty("reason"u8, out JsonElement reason) ? reason.GetString() : null)),
        ];
    }

    /// <summary><c>[{"at":…,"plan":"starter","version":3}]</c>; null for none.</summary>
    public static byte[]? WritePlanned(ImmutableArray<PlannedChange> planned) => WriteSubscriptions([.. planned.Select(change => (change.At, change.Subscription))]);

    public static ImmutableArray<PlannedChange> ReadPlanned(ReadOnlySpan<byte> json) => [.. ReadSubscriptions(json).Select(change => new PlannedChange(change.At, change.Subscription))];

    /// <summary>As <see cref="WritePlanned"/>; <c>at</c> is when each ended.</summary>
    public static byte[]? WriteFormer(ImmutableArray<FormerPlan> former) => WriteSubscriptions([.. former.Select(plan => (plan.Until, plan.Subscription))]);

    public static ImmutableArray<FormerPlan> ReadFormer(ReadOnlySpan<byte> json) => [.. ReadSubscriptions(json).Select(plan => new FormerPlan(plan.At, plan.Subscription))];

    /// <summary>One object of texts; null for none.</summary>
    public static byte[]? WriteTexts(IReadOnlyDictionary<string, string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return texts.Count == 0 ? null : Write(writer =>
        {
            writer.WriteStartObject();
            foreach ((string name, string value) in texts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        });
    }

    public static IReadOnlyDictionary<string, string> ReadTexts(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return ImmutableSortedDictionary<string, string>.Empty;
        }

        using JsonDocument document = Parse(json);
        return document.RootElement.EnumerateObject().ToImmutableSortedDictionary(p => p.Name, p => p.Value.GetString()!, StringComparer.Ordinal);
    }

    private static byte[]? WriteSubscriptions(IReadOnlyCollection<(Instant At, Subscription Subscription)> subscriptions) => subscriptions.Count == 0 ? null : Write(writer =>
    {
        writer.WriteStartArray();
        foreach ((Instant at, Subscription subscription) in subscriptions)
        {
            writer.WriteStartObject();
            writer.WriteNumber("at"u8, Clock.ToMicros(at));
            writer.WriteString("plan"u8, subscription.Plan);
            if (subscription.PinnedVersion is { } version)
            {
                writer.WriteNumber("version"u8, version);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private static List<(Instant At, Subscription Subscription)> ReadSubscriptions(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return [];
        }

        using JsonDocument document = Parse(json);
        return
        [
            .. document.RootElement.EnumerateArray().Select(item => (
                Clock.FromMicros(item.GetProperty("at"u8).GetInt64()),
                new Subscription(item.GetProperty("plan"u8).GetString()!, item.TryGetProperty("version"u8, out JsonElement version) ? version.GetInt32() : null))),
        ];
    }

    private static Timeline ParseTimeline(ReadOnlySpan<byte> json)
    {
        List<TimelineEntry> entries = [];
        using JsonDocument document = Parse(json);
        foreach (JsonElement item in document.RootElement.EnumerateArray())
        {
            Instant from = item.TryGetProperty("from"u8, out JsonElement micros) ? Clock.FromMicros(micros.GetInt64()) : Instant.MinValue;
            DateTimeZone zone = DateTimeZoneProviders.Tzdb[item.GetProperty("zone"u8).GetString()!];
            entries.Add(new TimelineEntry(from, new Schedule(zone, s_anchor.Parse(item.GetProperty("anchor"u8).GetString()!).Value)));
        }

        return new Timeline(entries);
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        return JsonDocument.ParseValue(ref reader);
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        write(writer);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
