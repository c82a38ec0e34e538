using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Weir.Client;

/// <summary>How a reservation is made.</summary>
public sealed record ReservationOptions
{
    /// <summary>How long it holds without being extended: whole seconds, from one second to 7 days; 15 minutes when null.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>How long to wait for a slot: whole seconds, at most 5 minutes. Null does not wait.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Of those who wait, lower numbers are served first; 0 when null.</summary>
    public int? Priority { get; init; }
}

/// <summary>How a job ended, as far as it is known: what is null stays as it was expected.</summary>
public sealed record ReservationCommit
{
    /// <summary>What is known now, over what was expected.</summary>
    public JsonObject? Properties { get; init; }

    public Overrun Overrun { get; init; }

    /// <summary>Of the slot, to be verified.</summary>
    public long? Fence { get; init; }

    public Cost? Cost { get; init; }

    public string? Status { get; init; }

    public long? LatencyMs { get; init; }

    public string? Provider { get; init; }

    public string? Model { get; init; }
}

/// <summary>What happens when a job has used more than is held.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Overrun>))]
public enum Overrun
{
    /// <summary>The commit is denied, <c>exceeds_reservation</c>, and everything is still held.</summary>
    [JsonStringEnumMemberName("reject")]
    Reject,

    /// <summary>What is beyond has to fit the limits.</summary>
    [JsonStringEnumMemberName("consume")]
    Consume,

    /// <summary>What is beyond is recorded, beyond limits too.</summary>
    [JsonStringEnumMemberName("record")]
    Record,
}

/// <summary>What became of a reservation, or why it was denied.</summary>
public sealed record ReservationAnswer
{
    public required bool Allowed { get; init; }

    public string? Id { get; init; }

    /// <summary>The same had been asked before, and this is the same answer again.</summary>
    public bool Replayed { get; init; }

    /// <summary><c>held</c>, <c>committed</c>, <c>released</c> or <c>expired</c>; null where nothing is held.</summary>
    public string? State { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The slot that the job runs in, where its type has one.</summary>
    public SlotLease? Slot { get; init; }

    /// <summary>What is held; of a commit, what was used.</summary>
    public IReadOnlyList<Charge> Charges { get => field ?? []; init; }

    public Cost? Cost { get; init; }

    public IReadOnlyList<Balance> Balances { get => field ?? []; init; }

    public IReadOnlyList<Warning> Warnings { get => field ?? []; init; }

    /// <summary>Why not: see <see cref="DenialReasons"/>.</summary>
    public string? Reason { get; init; }

    public IReadOnlyList<Violation> Violations { get => field ?? []; init; }

    public Advice? Advice { get; init; }

    /// <summary>Of who waited in vain: the place in the queue, 1 is the first.</summary>
    public int? Position { get; init; }

    /// <summary>
    /// Weir could not be reached. A hold was allowed or denied by the policy of the event type, and has no slot; an end is in the spool and
    /// is carried out later.
    /// </summary>
    [JsonIgnore]
    public bool Degraded { get; init; }
}

/// <summary>The right to run one job of a kind.</summary>
/// <param name="Fence">Rises with each lease of the account and kind; what the job writes to can refuse lower ones.</param>
public sealed record SlotLease(string Kind, string Lease, long Fence);

/// <summary>A reservation of any state, or one that waits.</summary>
public sealed record Reservation
{
    public string? Id { get; init; }

    public string? Account { get; init; }

    public string? Type { get; init; }

    public string? User { get; init; }

    public string? Resource { get; init; }

    /// <summary><c>held</c>, <c>committed</c>, <c>released</c>, <c>expired</c> or <c>waiting</c>.</summary>
    public required string State { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? HeartbeatAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>From 0 to 1, as the holder says.</summary>
    public decimal? Progress { get; init; }

    public SlotLease? Slot { get; init; }

    public IReadOnlyList<HeldAmount> Held { get => field ?? []; init; }

    /// <summary>Of a committed one: what was used.</summary>
    public IReadOnlyList<Charge> Charges { get => field ?? []; init; }

    /// <summary>It was committed after its end.</summary>
    public bool? Late { get; init; }

    public string? Reason { get; init; }

    /// <summary>Of one that waits: the slot's kind.</summary>
    public string? Kind { get; init; }

    public int? Priority { get; init; }

    /// <summary>Of one that waits: the place in the queue, 1 is the first.</summary>
    public int? Position { get; init; }

    public DateTimeOffset? WaitingSince { get; init; }
}

/// <summary>What a reservation holds of one balance.</summary>
public sealed record HeldAmount(string Meter, decimal Amount, string? Per, string? Scope);

internal sealed record ReleaseBody(string? Reason, long? Fence);

internal sealed record ExtendBody(long? Ttl, decimal? Progress, long? Fence);

internal sealed record GrowBody(string Id, JsonObject Properties, Cost? Cost, long? Fence);
