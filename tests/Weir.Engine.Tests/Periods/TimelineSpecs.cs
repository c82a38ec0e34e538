using NodaTime;

namespace Weir.Engine.Tests;

public sealed class TimelineSpecs
{
    [Fact(DisplayName = "PER-4: a new anchor: the current period keeps its end, the next runs to the first new boundary after it")]
    public void NewAnchor() => Shows(
        """
        start    UTC 2026-01-31 00:00
        change   2026-02-10 12:00 Z         UTC 2026-01-15 00:00
        month    2026-01-31 00:00 Z | 2026-02-28 00:00 Z | 2026-03-15 00:00 Z | 2026-04-15 00:00 Z
        year     2025-01-31 00:00 Z | 2026-01-31 00:00 Z | 2027-01-31 00:00 Z | 2028-01-15 00:00 Z | 2029-01-15 00:00 Z
        day      2026-02-09 00:00 Z | 2026-02-10 00:00 Z | 2026-02-11 00:00 Z
        """);

    [Fact(DisplayName = "PER-4: a new anchor of another time of day")]
    public void NewTimeOfDay() => Shows(
        """
        start  UTC 2026-01-01 00:00
        change 2026-02-10 12:00 Z         UTC 2026-01-01 18:30
        day    2026-02-09 00:00 Z | 2026-02-10 00:00 Z | 2026-02-11 00:00 Z | 2026-02-11 18:30 Z | 2026-02-12 18:30 Z
        hour   2026-02-10 12:00 Z | 2026-02-10 13:00 Z | 2026-02-10 13:30 Z | 2026-02-10 14:30 Z
        calendar-hour 2026-02-10 12:00 Z | 2026-02-10 13:00 Z | 2026-02-10 14:00 Z
        calendar-day  2026-02-10 00:00 Z | 2026-02-11 00:00 Z | 2026-02-12 00:00 Z
        """);

    [Fact(DisplayName = "PER-4: a new zone: the current period keeps its end, the next runs to the first new boundary after it")]
    public void NewZone() => Shows(
        """
        start          America/New_York 2026-01-31 00:00
        change         2026-02-10 12:00 Z         Asia/Kathmandu 2026-01-31 00:00
        month          2026-01-31 00:00 -05 | 2026-02-28 00:00 -05 | 2026-03-31 00:00 +05:45 | 2026-04-30 00:00 +05:45
        calendar-day   2026-02-10 00:00 -05 | 2026-02-11 00:00 -05 | 2026-02-12 00:00 +05:45 | 2026-02-13 00:00 +05:45
        calendar-month 2026-02-01 00:00 -05 | 2026-03-01 00:00 -05 | 2026-04-01 00:00 +05:45
        """);

    [Fact(DisplayName = "PER-4: a zone to the west: the next period may be a short one")]
    public void ZoneToTheWest() => Shows(
        """
        start          Asia/Kathmandu 2026-01-31 00:00
        change         2026-02-10 12:00 Z         America/New_York 2026-01-31 00:00
        month          2026-01-31 00:00 +05:45 | 2026-02-28 00:00 +05:45 | 2026-02-28 00:00 -05 | 2026-03-31 00:00 -04
        calendar-day   2026-02-10 00:00 +05:45 | 2026-02-11 00:00 +05:45 | 2026-02-11 00:00 -05 | 2026-02-12 00:00 -05
        """);

    [Fact(DisplayName = "PER-4: a change at a boundary belongs to the period that begins there")]
    public void ChangeAtBoundary() => Shows(
        """
        start  UTC 2026-01-01 00:00
        change 2026-03-01 00:00 Z         UTC 2026-01-20 00:00
        month  2026-02-01 00:00 Z | 2026-03-01 00:00 Z | 2026-04-01 00:00 Z | 2026-04-20 00:00 Z | 2026-05-20 00:00 Z
        """);

    [Fact(DisplayName = "PER-4: several changes in one period: the last one decides what follows its end")]
    public void SeveralChanges() => Shows(
        """
        start  UTC 2026-01-01 00:00
        change 2026-03-05 00:00 Z         UTC 2026-01-20 00:00
        change 2026-03-07 00:00 Z         Asia/Kathmandu 2026-01-25 00:00
        change 2026-03-31 23:59 Z         UTC 2026-01-10 00:00
        month  2026-03-01 00:00 Z | 2026-04-01 00:00 Z | 2026-04-10 00:00 Z | 2026-05-10 00:00 Z
        week   2026-02-26 00:00 Z | 2026-03-05 00:00 Z | 2026-03-12 00:00 Z | 2026-03-14 18:15 Z | 2026-03-21 18:15 Z | 2026-03-28 18:15 Z | 2026-04-04 18:15 Z | 2026-04-11 00:00 Z
        """);

    [Fact(DisplayName = "PER-4: a change in the period between two schedules keeps that period's end")]
    public void ChangeInTransition() => Shows(
        """
        start  UTC 2026-01-01 00:00
        change 2026-03-05 00:00 Z         UTC 2026-01-20 00:00
        change 2026-04-05 00:00 Z         UTC 2026-01-10 00:00
        month  2026-03-01 00:00 Z | 2026-04-01 00:00 Z | 2026-04-20 00:00 Z | 2026-05-10 00:00 Z | 2026-06-10 00:00 Z
        """);

    [Fact(DisplayName = "PER-4: back to the first schedule in the same period changes no period")]
    public void ChangeBack() => Shows(
        """
        start  UTC 2026-01-01 00:00
        change 2026-03-05 12:00 Z         UTC 2026-01-20 06:30
        change 2026-03-05 12:20 Z         UTC 2026-01-01 00:00
        hour   2026-03-05 12:00 Z | 2026-03-05 13:00 Z | 2026-03-05 14:00 Z
        month  2026-03-01 00:00 Z | 2026-04-01 00:00 Z | 2026-05-01 00:00 Z
        """);

    [Fact(DisplayName = "PER-4: a schedule that no period ran by leaves no trace; setting the latest again changes nothing")]
    public void Entries()
    {
        Schedule a = PeriodText.Schedule("UTC 2026-01-01 00:00");
        Schedule b = PeriodText.Schedule("UTC 2026-01-20 06:30");
        Schedule c = PeriodText.Schedule("Asia/Kathmandu 2026-01-20 06:30");
        Instant now = PeriodText.Instant("2026-03-05 12:00 Z");
        Instant soon = now + Duration.FromMinutes(5);
        Instant later = now + Duration.FromHours(5);
        var timeline = Timeline.Starting(a);

        Assert.Equal([new(Instant.MinValue, a)], timeline.Entries);
        Assert.Same(timeline, timeline.Change(now, a));
        Assert.Equal([new(Instant.MinValue, a), new(now, b)], timeline.Change(now, b).Entries);
        Assert.Equal(b, timeline.Change(now, b).Latest);
        Assert.Equal([new(Instant.MinValue, a), new(soon, c)], timeline.Change(now, b).Change(soon, c).Entries);
        Assert.Equal([new(Instant.MinValue, a), new(now, b), new(later, c)], timeline.Change(now, b).Change(later, c).Entries);
        Assert.Equal(timeline, timeline.Change(now, b).Change(soon, a));
        Assert.Equal(timeline, timeline.Change(now, b).Change(now, a));
    }

    [Fact(DisplayName = "PER-4: timelines are equal by their entries")]
    public void Equality()
    {
        Instant now = PeriodText.Instant("2026-03-05 12:00 Z");
        Timeline Make() => Timeline.Starting(PeriodText.Schedule("UTC 2026-01-01 00:00")).Change(now, PeriodText.Schedule("Asia/Tehran 2026-01-01 00:00"));

        Assert.Equal(Make(), Make());
        Assert.Equal(Make().GetHashCode(), Make().GetHashCode());
        Assert.NotEqual(Make(), Make().Change(now, PeriodText.Schedule("Asia/Tehran 2026-01-02 00:00")));
        Assert.NotEqual(Make(), Timeline.Starting(PeriodText.Schedule("UTC 2026-01-01 00:00")));
        Assert.False(Make().Equals(null));
    }

    [Fact(DisplayName = "PER-4: changes come in the order of time, entries with one that holds from the beginning")]
    public void Refusals()
    {
        Schedule a = PeriodText.Schedule("UTC 2026-01-01 00:00");
        Schedule b = PeriodText.Schedule("UTC 2026-01-02 00:00");
        Instant now = PeriodText.Instant("2026-03-05 12:00 Z");

        Assert.Throws<ArgumentOutOfRangeException>("now", () => Timeline.Starting(a).Change(now, b).Change(now - Duration.Epsilon, a));
        Assert.Throws<ArgumentException>("entries", () => new Timeline([]));
        Assert.Throws<ArgumentException>("entries", () => new Timeline([new(now, a)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Timeline([new(Instant.MinValue, a), new(now, b), new(now - Duration.Epsilon, a)]));
        Assert.Throws<ArgumentException>("per", () => Timeline.Starting(a).Next(Per.Lifetime, Period.Lifetime));
        Assert.Throws<ArgumentException>("per", () => Timeline.Starting(a).Previous(Per.Lifetime, Period.Lifetime));
        Assert.Equal(Period.Lifetime, Timeline.Starting(a).Change(now, b).At(Per.Lifetime, now));
    }

    /// <summary>Makes the changes in order, then reads each further line as the boundaries of one form of period.</summary>
    private static void Shows(string table)
    {
        Timeline? timeline = null;
        foreach (string line in table.Split('\n'))
        {
            string[] words = line.Split(' ', 2);
            string rest = words[1].Trim();
            if (words[0] == "start")
            {
                timeline = Timeline.Starting(PeriodText.Schedule(rest));
            }
            else if (words[0] == "change")
            {
                string[] parts = rest.Split("   ", 2, StringSplitOptions.TrimEntries);
                timeline = timeline!.Change(PeriodText.Instant(parts[0]), PeriodText.Schedule(parts[1]));
            }
            else
            {
                ShowsBoundaries(timeline!, PeriodText.Per(words[0]), [.. rest.Split(" | ").Select(PeriodText.Instant)]);
            }
        }
    }

    private static void ShowsBoundaries(Timeline timeline, Per per, Instant[] boundaries)
    {
        for (int i = 0; i + 1 < boundaries.Length; i++)
        {
            var period = new Period(boundaries[i], boundaries[i + 1]);
            foreach (Instant at in (Instant[])[period.Start, period.Start + ((period.End - period.Start) / 2), period.End - Duration.Epsilon])
            {
                Assert.Equal(PeriodText.Show(period, DateTimeZone.Utc), PeriodText.Show(timeline.At(per, at), DateTimeZone.Utc));
            }

            Assert.Equal(period.End, timeline.Next(per, period).Start);
            Assert.Equal(period.Start, timeline.Previous(per, period).End);
        }
    }
}
