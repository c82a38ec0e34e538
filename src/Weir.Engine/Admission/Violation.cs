using NodaTime;

namespace Weir.Engine;

/// <summary>One limit that a request did not fit, with its figures as they stood.</summary>
public sealed record Violation(Refusal Reason)
{
    /// <summary>The meter of a limit, where there is one.</summary>
    public string? Meter { get; init; }

    /// <summary>The meter's scale; 0 for plain counts.</summary>
    public int Scale { get; init; }

    public ScopeKind Scope { get; init; }

    public Per? Per { get; init; }

    /// <summary>The feature, rate or request limit, where that is what said no.</summary>
    public string? Name { get; init; }

    /// <summary>Smallest units.</summary>
    public Quantity? Limit { get; init; }

    public Quantity? Used { get; init; }

    public Quantity? Held { get; init; }

    public Quantity? Requested { get; init; }

    /// <summary>What would still fit, at least 0.</summary>
    public Quantity? Remaining { get; init; }

    /// <summary>The bound of a request limit and the value that exceeds it, in the property's own unit.</summary>
    public decimal? RequestLimit { get; init; }

    public decimal? RequestValue { get; init; }

    /// <summary>End of the limit's period, or the time at which a rate has room again; null when it does not come back.</summary>
    public Instant? ResetsAt { get; init; }
}

/// <summary>The plan to move to.</summary>
/// <param name="Meter">The violated meter that <paramref name="Limit"/> is for, where it was a limit that said no.</param>
/// <param name="Limit">That plan's limit, smallest units; null is unlimited.</param>
public sealed record Advice(string Plan, string Name, string? Meter, int Scale, Quantity? Limit);
