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

    /// <summary>
    /// How the host's request came in. It is kept with the details, but it is no part of the content that a repeat is compared by (ID-4):
    /// a client may repeat its request from another network.
    /// </summary>
    public CallOrigin? Origin { get; init; }

    /// <summary>
    /// A denial leaves the id free. For hosts that answer a denial with an error status, which stores nothing (ID-5): the client may
    /// come again with the same id when there is room.
    /// </summary>
    public bool FreeWhenDenied { get; init; }

    /// <summary>An event of an account under the host's own key.</summary>
    /// <exception cref="FormatException">The key is not an <see cref="Identifier"/>.</exception>
    public static UsageEvent Of(string account, string type) => new() { Account = AccountKey.Parse(account), Type = type };

    /// <summary>The same event acted by a user of the account.</summary>
    /// <exception cref="FormatException">The key is not an <see cref="Identifier"/>.</exception>
    public UsageEvent By(string user) =>
        Identifier.IsValid(user) ? this with { Details = Details with { User = user } } : throw new FormatException($"A user must be {Identifier.Form}.");

    public UsageEvent With(string property, decimal value) => With(property, PropertyValue.Of(value));

    public UsageEvent With(string property, bool value) => With(property, PropertyValue.Of(value));

    public UsageEvent With(string property, string value) => With(property, PropertyValue.Of(value));

    private UsageEvent With(string property, PropertyValue value) => this with { Properties = Properties.With(Engine.Properties.Of([KeyValuePair.Create(property, value)])) };
}

/// <summary>Where a request to a host came from. Erasable (PRIV-1).</summary>
public sealed record CallOrigin(string? Address, string? UserAgent, string? RequestId);

public sealed record GivenCost(decimal Amount, string? Currency);
