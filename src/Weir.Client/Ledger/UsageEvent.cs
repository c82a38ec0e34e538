using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Weir.Client;

/// <summary>One thing that happened, or is about to.</summary>
/// <param name="Account">The key of who uses: 1 to 255 printable ASCII characters without spaces.</param>
/// <param name="Type">The event type of the catalog.</param>
public sealed record UsageEvent(string Account, string Type)
{
    /// <summary>What makes a repeat a repeat: 1 to 255 printable ASCII characters without spaces. The client makes one when it is null.</summary>
    public string? Id { get; init; }

    /// <summary>What rating reads and what the log shows: numbers, texts, booleans, and nested values that are only kept.</summary>
    public JsonObject? Properties { get; init; }

    public string? User { get; init; }

    public string? Source { get; init; }

    public string? Campaign { get; init; }

    public string? Resource { get; init; }

    /// <summary>When it happened, with recording only: from 35 days back to 5 minutes ahead. Now when null.</summary>
    public DateTimeOffset? At { get; init; }

    public string? Provider { get; init; }

    public string? Model { get; init; }

    public string? Endpoint { get; init; }

    public string? RequestId { get; init; }

    /// <summary>How it ended, such as <c>200</c> or <c>error</c>.</summary>
    public string? Status { get; init; }

    public long? LatencyMs { get; init; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    /// <summary>The gateway key that was used.</summary>
    public string? Key { get; init; }

    /// <summary>What it cost you.</summary>
    public Cost? Cost { get; init; }

    /// <summary>A property as a number, however it was written; null where it is absent or none.</summary>
    public decimal? Number(string property) =>
        Properties?[property] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && decimal.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number) ? number : null;
}

/// <summary>An amount of money.</summary>
/// <param name="Currency">Three letters; the catalog's when null.</param>
public sealed record Cost(decimal Amount, string? Currency = null);
