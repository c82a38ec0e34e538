using System.Text.Json.Serialization;

namespace Weir.Client;

/// <summary>What became of one event that was recorded.</summary>
public sealed record RecordResult
{
    public required string Id { get; init; }

    public required RecordStatus Status { get; init; }

    /// <summary>Why it was rejected: a stable word with a page under <c>/docs/problems/</c>.</summary>
    public string? Code { get; init; }

    /// <summary>Why it was rejected, for people.</summary>
    public string? Detail { get; init; }

    /// <summary>The place in the event that is wrong, as a JSON pointer.</summary>
    public string? Pointer { get; init; }

    public IReadOnlyList<Charge> Charges { get => field ?? []; init; }

    public Cost? Cost { get; init; }

    /// <summary>The figures after the event.</summary>
    public IReadOnlyList<Balance> Balances { get => field ?? []; init; }

    public IReadOnlyList<Warning> Warnings { get => field ?? []; init; }

    /// <summary>Weir could not be reached: the event is in the spool, and arrives later under its id.</summary>
    [JsonIgnore]
    public bool Degraded => Status == RecordStatus.Spooled;
}

[JsonConverter(typeof(JsonStringEnumConverter<RecordStatus>))]
public enum RecordStatus
{
    [JsonStringEnumMemberName("recorded")]
    Recorded,

    /// <summary>It had been recorded before, with the same content.</summary>
    [JsonStringEnumMemberName("duplicate")]
    Duplicate,

    /// <summary>It is wrong and was not recorded.</summary>
    [JsonStringEnumMemberName("rejected")]
    Rejected,

    /// <summary>It is durable on this machine and will be delivered.</summary>
    [JsonStringEnumMemberName("spooled")]
    Spooled,
}

internal sealed record RecordAnswer(IReadOnlyList<RecordResult> Results);
