using NodaTime;

namespace Weir;

/// <summary>How sending once ended.</summary>
/// <param name="Status">Of the receiver's protocol; null when it did not answer.</param>
/// <param name="Error">Null when it was delivered.</param>
/// <param name="Answer">The beginning of the receiver's answer, fit to be shown.</param>
internal sealed record Attempt(int? Status, string? Error, string? Answer)
{
    /// <summary>How long the receiver asked to be left alone.</summary>
    public Duration? RetryAfter { get; init; }

    /// <summary>There is no use in trying again.</summary>
    public bool IsFinal { get; init; }

    /// <summary>The receiver wants no more of anything.</summary>
    public bool IsGone { get; init; }

    public bool IsDelivered => Error is null;

    public static Attempt Failed(string error) => new(null, error, null);
}
