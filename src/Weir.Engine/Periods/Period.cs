using NodaTime;

namespace Weir.Engine;

/// <summary>A half-open stretch of time <c>[Start, End)</c>. A lifetime runs from <see cref="Instant.MinValue"/> to <see cref="Instant.MaxValue"/>.</summary>
public readonly record struct Period(Instant Start, Instant End)
{
    /// <summary>The one period of <see cref="Per.Lifetime"/>.</summary>
    public static readonly Period Lifetime = new(Instant.MinValue, Instant.MaxValue);

    /// <summary>How long after its end a period still takes late events.</summary>
    public static readonly Duration Grace = Duration.FromHours(72);

    public bool Contains(Instant instant) => Start <= instant && instant < End;

    /// <summary>A closed period never changes again. It closes by the clock, whether or not a job runs.</summary>
    public bool IsClosedAt(Instant now) => End != Instant.MaxValue && now >= End + Grace;
}
