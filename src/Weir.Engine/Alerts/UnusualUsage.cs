namespace Weir.Engine;

/// <summary>
/// Whether an account does far more than it is wont to. The measure is the account itself: the same hour of each of the last 28 days.
/// One strange day moves neither a median nor a median deviation, so yesterday's accident does not hide today's.
/// </summary>
public static class UnusualUsage
{
    /// <summary>Days that an hour is compared with.</summary>
    public const int Days = 28;

    /// <summary>Days of history without which nothing is known to be unusual.</summary>
    public const int FewestDays = 7;

    /// <summary>Events of an hour that are never unusual, or every small account would raise alerts.</summary>
    public const int FewestEvents = 100;

    /// <summary>The hour must have this many times the median.</summary>
    private const decimal Times = 3;

    /// <summary>Deviations above the median; with the factor, a median absolute deviation is a standard deviation where the hours are spread normally.</summary>
    private const decimal Deviations = 6;

    private const decimal Normal = 1.4826m;

    /// <summary>Above the busiest of the same hours of the same day of the week, for accounts that work on some days only.</summary>
    private const decimal OfTheWeek = 1.5m;

    /// <summary>
    /// The most events of an hour that are still usual:
    /// <c>max(100, 3 m, m + 6 · 1.4826 · MAD, 1.5 w)</c> with the median m of the days, the median MAD of their distances from it, and the
    /// largest w of those 7, 14, 21 and 28 days ago. Null with less than a week of history.
    /// </summary>
    /// <param name="history">Events in the same hour of each day back, the last day first; at most <see cref="Days"/>.</param>
    public static long? MostUsual(ReadOnlySpan<long> history)
    {
        if (history.Length < FewestDays)
        {
            return null;
        }

        long busiest = 0;
        for (int day = 6; day < history.Length; day += 7)
        {
            busiest = Math.Max(busiest, history[day]);
        }

        decimal[] days = new decimal[history.Length];
        for (int i = 0; i < days.Length; i++)
        {
            days[i] = history[i];
        }

        decimal median = Median(days);
        for (int i = 0; i < days.Length; i++)
        {
            days[i] = Math.Abs(history[i] - median);
        }

        decimal deviation = Median(days);
        decimal most = Math.Max(Math.Max(Times * median, median + (Deviations * Normal * deviation)), Math.Max(FewestEvents, OfTheWeek * busiest));
        return (long)decimal.Floor(most);
    }

    private static decimal Median(decimal[] values)
    {
        Array.Sort(values);
        int middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
