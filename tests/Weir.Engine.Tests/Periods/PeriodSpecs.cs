using NodaTime;

namespace Weir.Engine.Tests;

public sealed class PeriodSpecs
{
    [Theory(DisplayName = "PER-1: boundary(k) = anchor + k × per, clamped to the month's last day, from the anchor each time")]
    [InlineData("UTC 2026-01-31 09:00", "month", "2026-01-31 09:00 Z | 2026-02-28 09:00 Z | 2026-03-31 09:00 Z | 2026-04-30 09:00 Z | 2026-05-31 09:00 Z")]
    [InlineData("UTC 2028-01-31 00:00", "month", "2028-01-31 00:00 Z | 2028-02-29 00:00 Z | 2028-03-31 00:00 Z")]
    [InlineData("UTC 2026-01-29 00:00", "month", "2027-12-29 00:00 Z | 2028-01-29 00:00 Z | 2028-02-29 00:00 Z | 2028-03-29 00:00 Z")]
    [InlineData("UTC 2026-01-31 00:00", "month", "2025-10-31 00:00 Z | 2025-11-30 00:00 Z | 2025-12-31 00:00 Z | 2026-01-31 00:00 Z")]
    [InlineData("UTC 2024-02-29 00:00", "month", "2024-01-29 00:00 Z | 2024-02-29 00:00 Z | 2024-03-29 00:00 Z")]
    [InlineData("UTC 2024-02-29 00:00", "year", "2023-02-28 00:00 Z | 2024-02-29 00:00 Z | 2025-02-28 00:00 Z | 2026-02-28 00:00 Z | 2027-02-28 00:00 Z | 2028-02-29 00:00 Z")]
    [InlineData("UTC 2096-02-29 00:00", "year", "2099-02-28 00:00 Z | 2100-02-28 00:00 Z | 2101-02-28 00:00 Z")]
    [InlineData("UTC 2026-01-01 17:30", "day", "2025-12-30 17:30 Z | 2025-12-31 17:30 Z | 2026-01-01 17:30 Z | 2026-01-02 17:30 Z")]
    [InlineData("UTC 2026-01-01 17:30", "week", "2025-12-18 17:30 Z | 2025-12-25 17:30 Z | 2026-01-01 17:30 Z | 2026-01-08 17:30 Z")]
    [InlineData("Asia/Kathmandu 2026-01-31 00:00", "month", "2026-01-31 00:00 +05:45 | 2026-02-28 00:00 +05:45 | 2026-03-31 00:00 +05:45")]
    [InlineData("Pacific/Kiritimati 2026-01-31 00:00", "month", "2026-01-30 10:00 Z | 2026-02-27 10:00 Z | 2026-03-30 10:00 Z")]
    [InlineData("America/New_York 2026-01-31 09:00", "month", "2026-02-28 09:00 -05 | 2026-03-31 09:00 -04 | 2026-04-30 09:00 -04")]
    [InlineData("America/New_York 2026-03-01 12:00", "day", "2026-03-06 12:00 -05 | 2026-03-07 12:00 -05 | 2026-03-08 12:00 -04 | 2026-03-09 12:00 -04")]
    [InlineData("Europe/Dublin 2026-10-01 00:00", "day", "2026-10-24 00:00 +01 | 2026-10-25 00:00 +01 | 2026-10-26 00:00 Z")]
    public void Anniversaries(string schedule, string per, string boundaries) => Shows(schedule, per, boundaries);

    [Theory(DisplayName = "PER-1: a gap resolves to its end")]
    // 02:30 does not come on 8 March.
    [InlineData("America/New_York 2026-03-01 02:30", "day", "2026-03-07 02:30 -05 | 2026-03-08 03:00 -04 | 2026-03-09 02:30 -04")]
    // Midnight does not come on 4 November.
    [InlineData("America/Sao_Paulo 2018-10-04 00:00", "month", "2018-10-04 00:00 -03 | 2018-11-04 01:00 -02 | 2018-12-04 00:00 -02")]
    [InlineData("America/Sao_Paulo 2018-01-01 00:00", "calendar-day", "2018-11-03 00:00 -03 | 2018-11-04 01:00 -02 | 2018-11-05 00:00 -02")]
    [InlineData("America/Sao_Paulo 2018-11-04 00:00", "hour", "2018-11-04 01:00 -02 | 2018-11-04 02:00 -02")]
    [InlineData("Asia/Beirut 2026-01-01 00:00", "calendar-day", "2026-03-28 00:00 +02 | 2026-03-29 01:00 +03 | 2026-03-30 00:00 +03")]
    [InlineData("Africa/Cairo 2026-01-24 00:00", "month", "2026-03-24 00:00 +02 | 2026-04-24 01:00 +03 | 2026-05-24 00:00 +03")]
    [InlineData("Asia/Tehran 2022-03-01 00:00", "calendar-day", "2022-03-21 00:00 +03:30 | 2022-03-22 01:00 +04:30 | 2022-03-23 00:00 +04:30")]
    // The clocks of Lord Howe Island move by half an hour.
    [InlineData("Australia/Lord_Howe 2026-10-01 02:15", "day", "2026-10-03 02:15 +10:30 | 2026-10-04 02:30 +11 | 2026-10-05 02:15 +11")]
    public void Gaps(string schedule, string per, string boundaries) => Shows(schedule, per, boundaries);

    [Theory(DisplayName = "PER-1: an overlap resolves to the earlier instant")]
    [InlineData("America/New_York 2026-10-01 01:30", "day", "2026-10-31 01:30 -04 | 2026-11-01 01:30 -04 | 2026-11-02 01:30 -05")]
    [InlineData("America/Havana 2024-10-01 00:00", "day", "2024-11-02 00:00 -04 | 2024-11-03 00:00 -04 | 2024-11-04 00:00 -05")]
    [InlineData("America/Havana 2024-01-01 00:00", "calendar-week", "2024-10-28 00:00 -04 | 2024-11-04 00:00 -05 | 2024-11-11 00:00 -05")]
    [InlineData("America/Havana 2020-01-01 00:00", "calendar-month", "2020-10-01 00:00 -04 | 2020-11-01 00:00 -04 | 2020-12-01 00:00 -05")]
    [InlineData("Australia/Lord_Howe 2026-04-01 01:45", "day", "2026-04-04 01:45 +11 | 2026-04-05 01:45 +11 | 2026-04-06 01:45 +10:30")]
    [InlineData("America/New_York 2026-11-01 01:30", "hour", "2026-11-01 01:30 -04 | 2026-11-01 01:30 -05 | 2026-11-01 02:30 -05")]
    // 23:00 to 24:00 comes twice here: the day ends with the second.
    [InlineData("America/Sao_Paulo 2018-01-01 00:00", "calendar-day", "2018-02-17 00:00 -02 | 2018-02-18 00:00 -03 | 2018-02-19 00:00 -03")]
    // Ramadan takes the summer time back for a month.
    [InlineData("Africa/Casablanca 2026-01-15 02:30", "month", "2026-01-15 02:30 +01 | 2026-02-15 02:30 +01 | 2026-03-15 02:30 Z | 2026-04-15 02:30 +01")]
    public void Overlaps(string schedule, string per, string boundaries) => Shows(schedule, per, boundaries);

    [Theory(DisplayName = "PER-1: equal neighbours merge, so a skipped day is no period")]
    // Samoa had no 30 December 2011.
    [InlineData("Pacific/Apia 2011-12-01 00:00", "day", "2011-12-28 00:00 -10 | 2011-12-29 00:00 -10 | 2011-12-31 00:00 +14 | 2012-01-01 00:00 +14")]
    [InlineData("Pacific/Apia 2011-12-01 12:00", "day", "2011-12-29 12:00 -10 | 2011-12-31 00:00 +14 | 2011-12-31 12:00 +14")]
    [InlineData("Pacific/Apia 2011-11-30 00:00", "month", "2011-11-30 00:00 -10 | 2011-12-31 00:00 +14 | 2012-01-30 00:00 +14")]
    [InlineData("Pacific/Fakaofo 2011-01-01 00:00", "calendar-day", "2011-12-29 00:00 -11 | 2011-12-31 00:00 +13 | 2012-01-01 00:00 +13")]
    // Kwajalein had no 21 August 1993.
    [InlineData("Pacific/Kwajalein 1993-01-01 00:00", "calendar-day", "1993-08-20 00:00 -12 | 1993-08-22 00:00 +12 | 1993-08-23 00:00 +12")]
    [InlineData("Pacific/Kiritimati 1994-01-01 00:00", "calendar-year", "1994-01-01 00:00 -10 | 1995-01-01 00:00 +14 | 1996-01-01 00:00 +14")]
    public void SkippedDays(string schedule, string per, string boundaries) => Shows(schedule, per, boundaries);

    [Theory(DisplayName = "PER-1: hour is 3,600 s from the anchor, calendar-hour the hour of UTC, weeks begin on Monday, calendar forms at local 00:00")]
    [InlineData("Asia/Kathmandu 2026-01-01 00:20", "hour", "2025-12-31 23:20 +05:45 | 2026-01-01 00:20 +05:45 | 2026-01-01 01:20 +05:45")]
    [InlineData("Asia/Kathmandu 2026-01-01 00:20", "calendar-hour", "2026-01-01 00:00 Z | 2026-01-01 01:00 Z | 2026-01-01 02:00 Z")]
    [InlineData("America/New_York 2026-03-08 00:00", "hour", "2026-03-08 01:00 -05 | 2026-03-08 03:00 -04 | 2026-03-08 04:00 -04")]
    [InlineData("America/New_York 2026-01-31 09:00", "calendar-day", "2026-03-08 00:00 -05 | 2026-03-09 00:00 -04")]
    [InlineData("America/New_York 2026-01-31 09:00", "calendar-week", "2026-03-02 00:00 -05 | 2026-03-09 00:00 -04 | 2026-03-16 00:00 -04")]
    [InlineData("America/New_York 2026-01-31 09:00", "calendar-month", "2026-02-01 00:00 -05 | 2026-03-01 00:00 -05 | 2026-04-01 00:00 -04")]
    [InlineData("Asia/Kathmandu 2026-01-31 09:00", "calendar-year", "2025-01-01 00:00 +05:45 | 2026-01-01 00:00 +05:45 | 2027-01-01 00:00 +05:45")]
    [InlineData("UTC 2026-01-31 09:00", "calendar-hour", "1969-12-31 22:00 Z | 1969-12-31 23:00 Z | 1970-01-01 00:00 Z")]
    public void Forms(string schedule, string per, string boundaries) => Shows(schedule, per, boundaries);

    [Fact(DisplayName = "PER-1: a lifetime is one period, with no next and no previous")]
    public void Lifetime()
    {
        Schedule schedule = PeriodText.Schedule("UTC 2026-01-31 00:00");

        Assert.Equal(Period.Lifetime, Periods.At(schedule, Per.Lifetime, schedule.Anchor.InUtc().ToInstant()));
        Assert.Equal(Period.Lifetime, Periods.At(schedule, Per.Lifetime, Instant.MaxValue));
        Assert.Throws<ArgumentException>(() => Periods.Next(schedule, Per.Lifetime, Period.Lifetime));
        Assert.Throws<ArgumentException>(() => Periods.Previous(schedule, Per.Lifetime, Period.Lifetime));
    }

    [Fact(DisplayName = "PER-1: periods are known in the years 1 to 9997, for anchors of those years")]
    public void Range()
    {
        Instant first = PeriodText.Instant("0001-01-01 00:00 Z");
        Instant last = PeriodText.Instant("9998-01-01 00:00 Z") - Duration.Epsilon;
        foreach (string zone in (string[])["UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Manila"])
        {
            foreach (string anchor in (string[])["0001-01-01 00:00", "2026-01-31 12:00", "9997-12-31 23:59"])
            {
                Schedule schedule = PeriodText.Schedule($"{zone} {anchor}");
                foreach (Per per in Enum.GetValues<Per>())
                {
                    Assert.True(Periods.At(schedule, per, first).Contains(first));
                    Assert.True(Periods.At(schedule, per, last).Contains(last));
                    if (per != Per.Lifetime)
                    {
                        Assert.Throws<ArgumentOutOfRangeException>("at", () => Periods.At(schedule, per, first - Duration.Epsilon));
                        Assert.Throws<ArgumentOutOfRangeException>("at", () => Periods.At(schedule, per, last + Duration.Epsilon));
                    }
                }
            }
        }

        Assert.Throws<ArgumentException>(() => new Schedule(DateTimeZone.Utc, new LocalDateTime(9998, 1, 1, 0, 0)));
        Assert.Throws<ArgumentException>(() => new Schedule(DateTimeZone.Utc, new LocalDateTime(0, 12, 31, 0, 0)));
        Assert.Throws<ArgumentException>(() => new Schedule(DateTimeZone.Utc, new LocalDateTime(1447, 1, 1, 0, 0, CalendarSystem.UmAlQura)));
    }

    [Theory(DisplayName = "PER-1: the default anchor is the start of the account's day of creation in its zone")]
    [InlineData("UTC", "2026-11-21 14:30 Z", "2026-11-21 00:00")]
    [InlineData("Pacific/Kiritimati", "2026-11-21 14:30 Z", "2026-11-22 00:00")]
    [InlineData("America/New_York", "2026-11-21 04:59 Z", "2026-11-20 00:00")]
    // The day begins at 01:00; the anniversaries stay at midnight.
    [InlineData("America/Sao_Paulo", "2018-11-04 13:00 -02", "2018-11-04 00:00")]
    public void DefaultAnchor(string zone, string createdAt, string anchor)
    {
        Instant created = PeriodText.Instant(createdAt);
        Schedule schedule = Schedule.StartingOn(created, PeriodText.Zone(zone));

        Assert.Equal(PeriodText.Local(anchor), schedule.Anchor);
        Period first = Periods.At(schedule, Per.Month, created);
        Assert.Equal(schedule.Zone.AtStartOfDay(schedule.Anchor.Date).ToInstant(), first.Start);
    }

    [Fact(DisplayName = "Schedules are equal by the zone's id and the anchor")]
    public void ScheduleEquality()
    {
        LocalDateTime anchor = new(2026, 1, 31, 0, 0);
        var otherProvider = new NodaTime.TimeZones.DateTimeZoneCache(NodaTime.TimeZones.TzdbDateTimeZoneSource.Default);

        var schedule = new Schedule(PeriodText.Zone("Europe/Dublin"), anchor);
        var same = new Schedule(otherProvider["Europe/Dublin"], anchor);
        Assert.NotSame(schedule.Zone, same.Zone);
        Assert.Equal(schedule, same);
        Assert.Equal(schedule.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(schedule, new Schedule(PeriodText.Zone("Europe/London"), anchor));
        Assert.NotEqual(schedule, new Schedule(schedule.Zone, anchor.PlusTicks(1)));
    }

    [Fact(DisplayName = "Asking for a period allocates nothing; a timeline keeps the one that it was asked for last")]
    public void AllocatesNothing()
    {
        Schedule schedule = PeriodText.Schedule("America/New_York 2024-02-29 02:30");
        var timeline = Timeline.Starting(schedule);
        Instant from = PeriodText.Instant("2026-01-01 00:00 Z");
        Assert.True(Ask() > 0);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Ask();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        long Ask()
        {
            long days = 0;
            for (Per per = Per.Lifetime; per <= Per.CalendarYear; per++)
            {
                for (int hour = 0; hour < 2_000; hour += 7)
                {
                    Instant at = from + Duration.FromHours(hour);
                    days += (Periods.At(schedule, per, at).End - at).Days + (timeline.At(per, from).End - from).Days;
                }
            }

            return days;
        }
    }

    /// <summary>The boundaries follow each other, and every instant between two of them is in the period that they bound.</summary>
    private static void Shows(string scheduleText, string perText, string boundaries)
    {
        Schedule schedule = PeriodText.Schedule(scheduleText);
        Per per = PeriodText.Per(perText);
        Instant[] expected = [.. boundaries.Split(" | ").Select(PeriodText.Instant)];

        for (int i = 0; i + 1 < expected.Length; i++)
        {
            var period = new Period(expected[i], expected[i + 1]);
            Duration length = period.End - period.Start;
            Instant[] inside = [period.Start, period.Start + Duration.Epsilon, period.Start + (length / 3), period.Start + (length / 2), period.End - Duration.Epsilon];
            foreach (Instant at in inside)
            {
                Assert.Equal(PeriodText.Show(period, schedule.Zone), PeriodText.Show(Periods.At(schedule, per, at), schedule.Zone));
            }

            Assert.Equal(period.End, Periods.At(schedule, per, period.End).Start);
            Assert.Equal(period.End, Periods.Next(schedule, per, period).Start);
            Assert.Equal(period.Start, Periods.Previous(schedule, per, period).End);
        }
    }
}
