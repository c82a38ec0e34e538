using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>What an alert is about. The numbers are stored and never change.</summary>
public enum AlertKind
{
    /// <summary>A balance has reached a threshold.</summary>
    Threshold = 1,

    /// <summary>A job has not been heard of for too long.</summary>
    JobStuck = 2,

    /// <summary>An account uses much more than in its own last weeks.</summary>
    UsageUnusual = 3,
}

/// <summary>How an alert stands at a time.</summary>
public enum AlertState
{
    Raised,

    /// <summary>What it was raised for is over.</summary>
    Resolved,

    /// <summary>Nobody resolved it, but the period that it is about has ended.</summary>
    Ended,
}

/// <summary>
/// Something that somebody should see: raised once, kept in the inbox of its account, resolved when it is over. Without personal data;
/// users, campaigns and keys stand as their random ids.
/// </summary>
public sealed record Alert
{
    /// <summary>Opaque; it follows from what the alert is about, so that the same is never raised twice (ALERT-1).</summary>
    public required string Id { get; init; }

    public required AlertKind Kind { get; init; }

    /// <summary>The account's internal id.</summary>
    public required long Account { get; init; }

    public ScopeKind Scope { get; init; }

    public long ScopeId { get; init; }

    /// <summary>The meter whose balance it is about; null for jobs and unusual usage.</summary>
    public string? Meter { get; init; }

    /// <summary>Decimal places of the meter.</summary>
    public int Scale { get; init; }

    public Per? Per { get; init; }

    public Instant PeriodStart { get; init; } = Instant.MinValue;

    /// <summary>After this time it is over, whether or not anybody resolves it; <see cref="Instant.MaxValue"/> for no end.</summary>
    public Instant PeriodEnd { get; init; } = Instant.MaxValue;

    public AlertThreshold? Threshold { get; init; }

    public int Generation { get; init; }

    /// <summary>Figures as they stood when it was raised; of unusual usage the events of the hour.</summary>
    public Quantity Used { get; init; }

    public Quantity Held { get; init; }

    /// <summary>Null without limit; of unusual usage the number of events that would still have been usual.</summary>
    public Quantity? Limit { get; init; }

    /// <summary>Event type of the job or of the unusual usage.</summary>
    public string? Type { get; init; }

    /// <summary>The number of the job's reservation.</summary>
    public long? Job { get; init; }

    public required Instant RaisedAt { get; init; }

    public Instant? ResolvedAt { get; init; }

    public AlertResolution? Resolution { get; init; }

    public Instant? ReadAt { get; init; }

    public Instant? AcknowledgedAt { get; init; }

    /// <summary>Who acknowledged it: the public part of a key or token.</summary>
    public string? AcknowledgedBy { get; init; }

    public AlertState StateAt(Instant now) => ResolvedAt is not null ? AlertState.Resolved : now >= PeriodEnd ? AlertState.Ended : AlertState.Raised;

    /// <summary>Whether one user may see it: it is not about the balance of another.</summary>
    /// <param name="onlyUser">The user's random id; null sees everything.</param>
    public bool IsShownTo(long? onlyUser) => onlyUser is not { } user || Scope != ScopeKind.User || ScopeId == 0 || ScopeId == user;

    private const string IdPrefix = "alr_";
    private const int IdBytes = 16;
    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    /// <summary>Whether a text has the form of an id.</summary>
    public static bool IsId(string? text) =>
        text is not null && text.Length == IdPrefix.Length + (2 * IdBytes) && text.StartsWith(IdPrefix, StringComparison.Ordinal) && !text.AsSpan(IdPrefix.Length).ContainsAnyExcept(s_hex);

    /// <summary>The id of an alert that is known by these parts.</summary>
    public static string IdOf(params ReadOnlySpan<object> parts)
    {
        StringBuilder key = new();
        foreach (object part in parts)
        {
            key.Append(CultureInfo.InvariantCulture, $"{part}/");
        }

        return IdPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key.ToString())).AsSpan(0, IdBytes));
    }

    /// <summary>As a decision tells it.</summary>
    public static Alert Of(long account, AlertChange change) => change switch
    {
        ThresholdChange threshold => Of(account, threshold),
        StuckJobChange job => new Alert
        {
            Id = IdOf(AlertKind.JobStuck, account, job.Number),
            Kind = AlertKind.JobStuck,
            Account = account,
            Type = job.Type,
            Job = job.Number,
            RaisedAt = job.At,
            ResolvedAt = job.Resolution is null ? null : job.At,
            Resolution = job.Resolution,
        },
        _ => throw new ArgumentOutOfRangeException(nameof(change), change, "An unknown kind of alert."),
    };

    /// <summary>An hour with far more events of a type than is usual; one alert for each account, type and day.</summary>
    /// <param name="day">The day, after which it is over.</param>
    public static Alert Unusual(long account, string type, Engine.Period day, long events, long mostUsual, Instant at) => new()
    {
        Id = IdOf(AlertKind.UsageUnusual, account, type, Clock.ToMicros(day.Start)),
        Kind = AlertKind.UsageUnusual,
        Account = account,
        Type = type,
        PeriodStart = day.Start,
        PeriodEnd = day.End,
        Used = new Quantity(events),
        Limit = new Quantity(mostUsual),
        RaisedAt = at,
    };

    private static Alert Of(long account, ThresholdChange change)
    {
        BalanceKey key = change.Key;
        AlertThreshold threshold = change.Threshold.Threshold;
        return new Alert
        {
            Id = IdOf(
                AlertKind.Threshold, account, (int)key.Scope, key.ScopeId, key.Meter, (int)key.Per, (int)threshold.Basis, Decimals.Normalize(threshold.Value),
                Clock.ToMicros(key.PeriodStart), change.Threshold.Generation),
            Kind = AlertKind.Threshold,
            Account = account,
            Scope = key.Scope,
            ScopeId = key.ScopeId,
            Meter = key.Meter,
            Scale = change.Scale,
            Per = key.Per,
            PeriodStart = key.PeriodStart,
            PeriodEnd = change.PeriodEnd,
            Threshold = threshold,
            Generation = change.Threshold.Generation,
            Used = change.Used,
            Held = change.Held,
            Limit = change.Limit,
            RaisedAt = change.At,
            ResolvedAt = change.Resolution is null ? null : change.At,
            Resolution = change.Resolution,
        };
    }
}

/// <summary>An alert with its place in the order in which the alerts of its workspace were raised.</summary>
public sealed record StoredAlert(long Number, Alert Alert);
