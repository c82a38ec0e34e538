using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>One thing that happened or is about to, as a host reports it.</summary>
public sealed record UsageEvent
{
    /// <summary>The sender's id; null lets Weir make one, and then a repeat is a new event.</summary>
    public EventId? Id { get; init; }

    public required AccountKey Account { get; init; }

    /// <summary>Key of the event type.</summary>
    public required string Type { get; init; }

    /// <summary>Everything that is known of it; what the catalog does not name is free.</summary>
    public Properties Properties { get; init; } = Properties.Empty;

    /// <summary>When it happened; null is now. Only when it is recorded.</summary>
    public Instant? At { get; init; }

    /// <summary>What it cost, in the catalog's currency, where the sender knows.</summary>
    public GivenCost? Cost { get; init; }

    /// <summary>Who, where and how. <see cref="EventDetails.Id"/> and <see cref="EventDetails.FreeProperties"/> are filled by Weir.</summary>
    public EventDetails Details { get; init; } = EventDetails.Empty;

    /// <summary>A host's call that failed or was refused: recorded as a row with no charge.</summary>
    public bool Failed { get; init; }

    /// <summary>History from elsewhere (PER-5).</summary>
    public bool Import { get; init; }
}

public sealed record GivenCost(decimal Amount, string? Currency);
