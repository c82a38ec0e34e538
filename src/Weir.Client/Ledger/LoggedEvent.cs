using System.Text.Json;

namespace Weir.Client;

/// <summary>A row of the log.</summary>
public sealed record LoggedEvent
{
    public string? Id { get; init; }

    /// <summary>Null where it has been erased.</summary>
    public string? Account { get; init; }

    public string? Type { get; init; }

    /// <summary>Such as <c>usage</c>, <c>reversal</c>, <c>adjustment</c>.</summary>
    public required string Kind { get; init; }

    public DateTimeOffset At { get; init; }

    public DateTimeOffset RecordedAt { get; init; }

    public string? User { get; init; }

    public string? Source { get; init; }

    public string? Campaign { get; init; }

    public string? Resource { get; init; }

    public string? Key { get; init; }

    public IReadOnlyList<Charge> Charges { get => field ?? []; init; }

    public Cost? Cost { get; init; }

    /// <summary>Where the cost is from, such as <c>given</c>.</summary>
    public string? CostSource { get; init; }

    public string? Status { get; init; }

    public long? LatencyMs { get; init; }

    public string? Provider { get; init; }

    public string? Model { get; init; }

    public string? Endpoint { get; init; }

    public string? RequestId { get; init; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    public IReadOnlyDictionary<string, JsonElement> Properties { get => field ?? System.Collections.Immutable.ImmutableDictionary<string, JsonElement>.Empty; init; }

    /// <summary>Such as <c>late</c>, <c>carried</c>, <c>over_limit</c>, <c>failed</c>.</summary>
    public IReadOnlyList<string> Flags { get => field ?? []; init; }

    public DateTimeOffset? ReversedAt { get; init; }

    /// <summary>Of a reversal: the id of its event.</summary>
    public string? Reverses { get; init; }

    public string? Reason { get; init; }

    public string? Actor { get; init; }
}

/// <summary>Which rows of the log are wanted.</summary>
public sealed record EventFilter
{
    public string? Account { get; init; }

    public string? Type { get; init; }

    public string? User { get; init; }

    public string? Campaign { get; init; }

    public string? Model { get; init; }

    public string? Status { get; init; }

    public DateTimeOffset? From { get; init; }

    /// <summary>Events before this time.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Oldest first, to follow the log: then there is always a next page.</summary>
    public bool OldestFirst { get; init; }

    /// <summary>Rows of a page, 1 to 1,000; 100 when null.</summary>
    public int? Limit { get; init; }
}

/// <summary>A reversal or an adjustment.</summary>
public sealed record Correction
{
    public required string Id { get; init; }

    public bool Replayed { get; init; }

    public string? Account { get; init; }

    public string? Type { get; init; }

    /// <summary><c>reversal</c> or <c>adjustment</c>.</summary>
    public required string Kind { get; init; }

    public DateTimeOffset RecordedAt { get; init; }

    public string? Reason { get; init; }

    public string? Actor { get; init; }

    public IReadOnlyList<Charge> Charges { get => field ?? []; init; }

    public Cost? Cost { get; init; }

    public IReadOnlyList<Balance> Balances { get => field ?? []; init; }

    public IReadOnlyList<Warning> Warnings { get => field ?? []; init; }
}

internal sealed record ReverseBody(string? Reason);

internal sealed record AdjustBody(string Id, string Meter, decimal Amount, string Reason, string? Actor);
