using NodaTime;

namespace Weir;

/// <summary>Why a webhook is sent nothing.</summary>
public enum DisabledReason
{
    /// <summary>Whoever configures it has switched it off.</summary>
    Requested = 1,

    /// <summary>Nothing could be delivered for as long as deliveries are tried.</summary>
    Failing = 2,

    /// <summary>The receiver has answered 410: it wants no more.</summary>
    Gone = 3,
}

/// <summary>An address that is sent notifications over HTTP.</summary>
public sealed record Webhook
{
    public required string Id { get; init; }

    public required string Url { get; init; }

    public string? Description { get; init; }

    /// <summary>Types of notifications that it is sent; empty for all.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>Null while it is enabled.</summary>
    public DisabledReason? Disabled { get; init; }

    public Instant? DisabledAt { get; init; }

    public required Instant CreatedAt { get; init; }

    /// <summary>When something was last delivered.</summary>
    public Instant? LastSuccessAt { get; init; }

    /// <summary>Newest first. Each that has not expired signs.</summary>
    public required IReadOnlyList<WebhookSecret> Secrets { get; init; }

    public bool Wants(string type) => Types.Count == 0 || Types.Contains(type, StringComparer.Ordinal);
}

/// <summary>A secret, encrypted by <see cref="SecretBox"/>.</summary>
/// <param name="ExpiresAt">Null for the one that counts; a replaced one signs until then.</param>
public sealed record WebhookSecret(ReadOnlyMemory<byte> Sealed, Instant CreatedAt, Instant? ExpiresAt);

/// <summary>A change of a webhook; what is null stays.</summary>
public sealed record WebhookChange
{
    public string? Url { get; init; }

    /// <summary>An empty text takes it away.</summary>
    public string? Description { get; init; }

    public IReadOnlyList<string>? Types { get; init; }

    /// <summary>Disables by request, or enables whatever the reason was.</summary>
    public bool? Disabled { get; init; }
}

/// <summary>A mail address that is sent notifications: of an account's people, or of the operators of the workspace. Personal data.</summary>
/// <param name="Account">The account's internal id; 0 for the operators of the workspace.</param>
/// <param name="Types">Types of notifications that it is sent; empty for all.</param>
public sealed record Contact(string Id, long Account, string Address, IReadOnlyList<string> Types, Instant CreatedAt)
{
    public bool Wants(string type) => Types.Count == 0 || Types.Contains(type, StringComparer.Ordinal);
}
