using NodaTime;

namespace Weir.Engine;

/// <summary>
/// The periods of one schedule: half-open, contiguous, never empty. They are computed from the anchor each time, so they are the
/// same whenever and wherever they are asked for. Where a schedule has changed, <see cref="Timeline"/> answers.
/// </summary>
public static class Periods
{
    private static readonly Instant s_first = Instant.FromUtc(Schedule.FirstYear, 1, 1, 0, 0);
    private static readonly Instant s_end = Instant.FromUtc(Schedule.LastYear + 1, 1, 1, 0, 0);

    /// <summary>The period that contains <paramref name="at"/>, which may lie before the anchor.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="at"/> lies outside the years <see cref="Schedule.FirstYear"/> to <see cref="Schedule.LastYear"/> of UTC, and
    /// <paramref name="per"/> is not <see cref="Per.Lifetime"/>.
    /// </exception>
    public static Period At(Schedule schedule, Per per, Instant at)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (per == Per.Lifetime)
        {
            return Period.Lifetime;
        }

        if (at < s_first || at >= s_end)
        {
            throw new ArgumentOutOfRangeException(nameof(at), at, $"Periods are known in the years {Schedule.FirstYear} to {Schedule.LastYear}.");
        }

        Boundaries boundaries = Boundaries.Of(schedule, per);
        int k = boundaries.Near(at);
        Instant start = boundaries[k];
        Instant end;
        if (start <= at)
        {
            // Boundaries of skipped local times fall together; walking on until one lies beyond the instant merges them.
            for (end = boundaries[++k]; end <= at; end = boundaries[++k])
            {
                start = end;
            }
        }
        else
        {
            do
            {
                end = start;
                start = boundaries[--k];
            }
            while (start > at);
        }

        return new Period(start, end);
    }

    /// <summary>The period that begins where <paramref name="period"/> ends.</summary>
    /// <exception cref="ArgumentException"><paramref name="per"/> is <see cref="Per.Lifetime"/>, which has one period only.</exception>
    public static Period Next(Schedule schedule, Per per, Period period) => At(schedule, Repeating(per), period.End);

    /// <summary>The period that ends where <paramref name="period"/> begins.</summary>
    /// <exception cref="ArgumentException"><paramref name="per"/> is <see cref="Per.Lifetime"/>, which has one period only.</exception>
    public static Period Previous(Schedule schedule, Per per, Period period) => At(schedule, Repeating(per), period.Start - Duration.Epsilon);

    internal static Per Repeating(Per per) =>
        per != Per.Lifetime ? per : throw new ArgumentException("A lifetime has no next and no previous period.", nameof(per));
}
