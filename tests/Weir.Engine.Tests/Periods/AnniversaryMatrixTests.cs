using NodaTime;
using NodaTime.TimeZones;

namespace Weir.Engine.Tests;

/// <summary>Every day of the month as an anchor, in the zones with the oddest histories and rules, over a century.</summary>
public sealed class AnniversaryMatrixTests
{
    private const int FirstYear = 2000;
    private const int LastYear = 2100;

    private static readonly LocalTime[] s_times = [new(0, 0), new(2, 30)];

    private static readonly ZoneLocalMappingResolver s_resolver =
        Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnStartOfIntervalAfter);

    public static TheoryData<string> OddZones =>
    [
        "UTC", "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/New_York", "America/Sao_Paulo", "America/St_Johns",
        "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza", "Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe", "Europe/Dublin",
        "Pacific/Apia", "Pacific/Fakaofo", "Pacific/Kiritimati", "Pacific/Kwajalein",
    ];

    [Theory(DisplayName = "PER-1: months from an anchor on every day 1–31 are clamped from the anchor, half-open and contiguous, 2000–2100")]
    [MemberData(nameof(OddZones))]
    public void Months(string zone)
    {
        for (int day = 1; day <= 31; day++)
        {
            foreach (LocalTime time in s_times)
            {
                var anchor = new LocalDate(2016, 1, day);
                Chain(new Schedule(PeriodText.Zone(zone), anchor + time), Per.Month, EveryMonth().Select(month => Clamped(month.Year, month.Month, day) + time));
            }
        }
    }

    [Theory(DisplayName = "PER-1: years from an anchor on every day of January and February are clamped from the anchor, half-open and contiguous, 2000–2100")]
    [MemberData(nameof(OddZones))]
    public void Years(string zone)
    {
        for (int month = 1; month <= 2; month++)
        {
            for (int day = 1; day <= CalendarSystem.Iso.GetDaysInMonth(2016, month); day++)
            {
                foreach (LocalTime time in s_times)
                {
                    Chain(
                        new Schedule(PeriodText.Zone(zone), new LocalDate(2016, month, day) + time),
                        Per.Year,
                        Enumerable.Range(FirstYear, LastYear - FirstYear + 1).Select(year => Clamped(year, month, day) + time));
                }
            }
        }
    }

    [Theory(DisplayName = "PER-1: days and weeks are half-open and contiguous at the anchor's time of day, 2000–2100")]
    [MemberData(nameof(OddZones))]
    public void DaysAndWeeks(string zone)
    {
        foreach (LocalTime time in s_times)
        {
            var schedule = new Schedule(PeriodText.Zone(zone), new LocalDate(2016, 1, 31) + time);
            Chain(schedule, Per.Day, EveryDay().Select(date => date + time));
            Chain(schedule, Per.Week, EveryDay().Where(date => date.DayOfWeek == IsoDayOfWeek.Sunday).Select(date => date + time));
        }
    }

    [Theory(DisplayName = "PER-1: calendar forms begin at local 00:00, weeks on Monday, whatever the anchor, 2000–2100")]
    [MemberData(nameof(OddZones))]
    public void CalendarForms(string zone)
    {
        var schedule = new Schedule(PeriodText.Zone(zone), new LocalDateTime(2016, 1, 31, 2, 30));
        Chain(schedule, Per.CalendarDay, EveryDay().Select(date => date.AtMidnight()));
        Chain(schedule, Per.CalendarWeek, EveryDay().Where(date => date.DayOfWeek == IsoDayOfWeek.Monday).Select(date => date.AtMidnight()));
        Chain(schedule, Per.CalendarMonth, EveryMonth().Select(date => date.AtMidnight()));
        Chain(schedule, Per.CalendarYear, EveryMonth().Where(date => date.Month == 1).Select(date => date.AtMidnight()));
    }

    private static LocalDate Clamped(int year, int month, int day) =>
        new(year, month, Math.Min(day, CalendarSystem.Iso.GetDaysInMonth(year, month)));

    private static IEnumerable<LocalDate> EveryMonth() =>
        from year in Enumerable.Range(FirstYear, LastYear - FirstYear + 1)
        from month in Enumerable.Range(1, 12)
        select new LocalDate(year, month, 1);

    private static IEnumerable<LocalDate> EveryDay()
    {
        for (var date = new LocalDate(FirstYear, 1, 1); date.Year <= LastYear; date = date.PlusDays(1))
        {
            yield return date;
        }
    }

    private static void Chain(Schedule schedule, Per per, IEnumerable<LocalDateTime> boundaries)
    {
        Instant? start = null;
        foreach (LocalDateTime boundary in boundaries)
        {
            var end = schedule.Zone.ResolveLocal(boundary, s_resolver).ToInstant();
            if (start is { } from && from != end)
            {
                Assert.True(from < end);
                var expected = new Period(from, end);
                IsPeriod(schedule, per, expected, from);
                IsPeriod(schedule, per, expected, end - Duration.Epsilon);
            }

            start = end;
        }
    }

    private static void IsPeriod(Schedule schedule, Per per, Period expected, Instant at)
    {
        Period actual = Periods.At(schedule, per, at);
        if (actual != expected)
        {
            Assert.Fail(
                $"{per} of {schedule} at {PeriodText.Show(at, schedule.Zone)}: expected {PeriodText.Show(expected, schedule.Zone)}, was {PeriodText.Show(actual, schedule.Zone)}");
        }
    }
}
