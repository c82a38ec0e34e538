using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>Laws of changing schedules, over generated sequences of changes in any zones.</summary>
public sealed class TimelineLaws
{
    private const int Cases = 2_000;

    private static Gen<Story> Stories { get; } =
        from per in PeriodCases.Pers.Where(per => per != Per.Lifetime)
        from zone in PeriodCases.Zones
        from first in PeriodCases.Schedules(zone)
        from at in PeriodCases.Instants(zone)
        from count in Gen.Choose(1, 6)
        from changes in Changes(per).ArrayOf(count)
        select Story.Of(per, first, at, changes);

    [Fact(DisplayName = "PER-4: the current period and all before it stay as they are at every change")]
    public void CurrentPeriodKept() => Law.Holds(
        Stories,
        static story =>
        {
            var timeline = Timeline.Starting(story.First);
            foreach (TimelineEntry change in story.Changes)
            {
                Timeline changed = timeline.Change(change.From, change.Schedule);
                Period period = timeline.At(story.Per, change.From);
                Period after = changed.Next(story.Per, period);
                Assert.Equal(period.End, after.Start);
                Assert.Equal(Periods.At(change.Schedule, story.Per, period.End).End, after.End);
                for (int i = 0; i < 4; i++)
                {
                    Assert.Equal(period, changed.At(story.Per, period.Start));
                    Assert.Equal(period, changed.At(story.Per, period.End - Duration.Epsilon));
                    period = timeline.Previous(story.Per, period);
                }

                timeline = changed;
            }
        },
        Cases);

    [Fact(DisplayName = "PER-4: periods stay contiguous across changes, each decided by the schedule that was set last before it began")]
    public void Contiguous() => Law.Holds(
        Stories,
        static story =>
        {
            Timeline timeline = story.Timeline();
            Period period = Periods.At(story.First, story.Per, story.Changes[0].From);
            Instant last = story.Changes[^1].From;
            for (int beyond = 0; beyond < 3; beyond += period.Start > last ? 1 : 0)
            {
                Assert.True(period.Start < period.End);
                Assert.Equal(period, timeline.At(story.Per, period.Start));
                Assert.Equal(period, timeline.At(story.Per, period.End - Duration.Epsilon));
                Assert.Equal(period, timeline.Previous(story.Per, timeline.Next(story.Per, period)));

                // The rule, written as a story: what was set before the next period begins decides where it ends.
                Schedule schedule = story.Changes.LastOrDefault(change => change.From < period.End).Schedule ?? story.First;
                period = new Period(period.End, Periods.At(schedule, story.Per, period.End).End);
            }
        },
        Cases);

    [Fact(DisplayName = "PER-4: a timeline restored from its entries is the same")]
    public void Restored() => Law.Holds(
        Stories,
        static story =>
        {
            Timeline timeline = story.Timeline();
            var restored = new Timeline(timeline.Entries);

            Assert.Equal(timeline, restored);
            Assert.Equal(timeline.GetHashCode(), restored.GetHashCode());
            Assert.Equal(timeline.Entries, restored.Entries);
            foreach (TimelineEntry change in story.Changes)
            {
                Assert.Equal(timeline.At(story.Per, change.From), restored.At(story.Per, change.From));
            }
        },
        Cases);

    [Fact(DisplayName = "PER-4: what a timeline answers does not depend on what it was asked before")]
    public void AskedBefore() => Law.Holds(
        Stories,
        static story =>
        {
            Timeline asked = story.Timeline();
            foreach (TimelineEntry change in story.Changes)
            {
                Period period = asked.At(story.Per, change.From);
                Instant middle = period.Start + ((period.End - period.Start) / 2);
                foreach (Instant at in (Instant[])[period.Start, period.End - Duration.Epsilon, period.End, period.Start - Duration.Epsilon, middle, change.From])
                {
                    Assert.Equal(new Timeline(asked.Entries).At(story.Per, at), asked.At(story.Per, at));
                }
            }
        },
        Cases);

    /// <summary>A change: how long after the one before it (from at once to a few periods), and what it sets.</summary>
    private static Gen<(Duration After, Schedule Schedule)> Changes(Per per)
    {
        int seconds = per switch
        {
            Per.Hour or Per.CalendarHour => 3_600,
            Per.Day or Per.CalendarDay => 86_400,
            Per.Week or Per.CalendarWeek => 604_800,
            Per.Month or Per.CalendarMonth => 2_592_000,
            _ => 31_536_000,
        };
        return
            from zone in PeriodCases.Zones
            from schedule in PeriodCases.Schedules(zone)
            from after in Gen.OneOf(Gen.Constant(0), Gen.Choose(1, seconds / 5), Gen.Choose(1, seconds * 3))
            select (Duration.FromSeconds((long)after), schedule);
    }

    private sealed record Story(Per Per, Schedule First, TimelineEntry[] Changes)
    {
        public static Story Of(Per per, Schedule first, Instant at, (Duration After, Schedule Schedule)[] changes)
        {
            Instant now = at;
            return new Story(per, first, [.. changes.Select(change => new TimelineEntry(now += change.After, change.Schedule))]);
        }

        public Timeline Timeline() => Changes.Aggregate(Weir.Engine.Timeline.Starting(First), (timeline, change) => timeline.Change(change.From, change.Schedule));

        public override string ToString() => $"{Per} {First}, {string.Join(", ", Changes)}";
    }
}
