using NodaTime;

namespace Weir.Server;

/// <summary>When people work: by the hour of their own day, and less at the weekend.</summary>
internal static class DemoRhythm
{
    private static readonly double[] s_hours = [1, 0.5, 0.3, 0.2, 0.2, 0.5, 2, 5, 9, 12, 12, 11, 8, 10, 12, 11, 10, 8, 5, 4, 4, 3, 2, 1.5];

    private static readonly double s_day = s_hours.Sum();

    /// <summary>How busy a day is, where 1 is the mean of a week.</summary>
    public static double OfDay(LocalDate date) => date.DayOfWeek switch
    {
        IsoDayOfWeek.Saturday => 0.4,
        IsoDayOfWeek.Sunday => 0.3,
        IsoDayOfWeek.Friday => 1.1,
        _ => 1.3,
    };

    /// <summary>How busy this moment is, where 1 is the mean of a week.</summary>
    public static double Of(LocalDateTime time) => OfDay(time.Date) * s_hours[time.Hour] * 24 / s_day;

    /// <summary>The time of day at which a part of the day's work is done.</summary>
    /// <param name="part">From 0 to below 1.</param>
    public static LocalTime TimeAt(double part)
    {
        double rest = part * s_day;
        for (int hour = 0; hour < s_hours.Length; hour++)
        {
            if (rest < s_hours[hour])
            {
                return LocalTime.FromSecondsSinceMidnight((hour * 3600) + (int)(rest / s_hours[hour] * 3600));
            }

            rest -= s_hours[hour];
        }

        return LocalTime.MaxValue;
    }
}
