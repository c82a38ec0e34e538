using System.Net;

namespace Weir.Client;

/// <summary>A request as it is sent, and sent again.</summary>
internal sealed record Call(HttpMethod Method, string Path)
{
    public const string Json = "application/json";

    public ReadOnlyMemory<byte>? Body { get; init; }

    public string ContentType { get; init; } = Json;

    public string Accept { get; init; } = Json;

    public string? IfMatch { get; init; }

    /// <summary>With all attempts.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Of one attempt; the client's when null.</summary>
    public TimeSpan? AttemptTimeout { get; init; }

    /// <summary>The client's when null.</summary>
    public int? MostAttempts { get; init; }
}

/// <summary>An answer with its body read.</summary>
internal sealed record Answer(HttpStatusCode Status, ReadOnlyMemory<byte> Body, string? MediaType, string? ETag, TimeSpan? RetryAfter);
