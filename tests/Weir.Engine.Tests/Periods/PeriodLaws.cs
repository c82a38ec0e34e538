using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using NodaTime.TimeZones;

namespace Weir.Engine.Tests;

/// <summary>Laws of the periods, over every zone of the time zone database.</summary>
public sealed class PeriodLaws
{
    private const int CasesPerZone = 60;

    private static readonly ZoneLocalMappingResolver s_resolver =
        Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnStartOfIntervalAfter);

    [Fact(DisplayName = "PER-1: half-open, contiguous and never empty in every zone, from 1970 to 2100, for every per")]
    public void Contiguous() => InEveryZone(static x =>
    {
        Period period = Periods.At(x.Schedule, x.Per, x.At);

        Assert.True(period.Start < period.End);
        Assert.True(period.Contains(x.At));
        Assert.False(period.Contains(period.End));
        if (x.Per == Per.Lifetime)
        {
            return;
        }

        Assert.Equal(period, Periods.At(x.Schedule, x.Per, period.Start));
        Assert.Equal(period, Periods.At(x.Schedule, x.Per, period.End - Duration.Epsilon));

        Period next = Periods.Next(x.Schedule, x.Per, period);
        Assert.Equal(period.End, next.Start);
        Assert.Equal(next, Periods.At(x.Schedule, x.Per, period.End));
        Assert.Equal(period, Periods.Previous(x.Schedule, x.Per, next));

        Period previous = Periods.Previous(x.Schedule, x.Per, period);
        Assert.Equal(period.Start, previous.End);
        Assert.Equal(period, Periods.Next(x.Schedule, x.Per, previous));
    });

    [Fact(DisplayName = "PER-1: in every zone the period runs from the last boundary at or before the instant to the first one after it")]
    public void Nearest() => InEveryZone(static x =>
    {
        if (x.Per == Per.Lifetime)
        {
            return;
        }

        Instant[] boundaries = [.. BoundariesAround(x)];
        var expected = new Period(boundaries.Where(b => b <= x.At).Max(), boundaries.Where(b => b > x.At).Min());
        Assert.Equal(expected, Periods.At(x.Schedule, x.Per, x.At));
    });

    /// <summary>Boundaries written down from the rule, with the zone's own mapping, in a stretch that surely surrounds the instant.</summary>
    private static IEnumerable<Instant> BoundariesAround(Case x)
    {
        DateTimeZone zone = x.Schedule.Zone;
        LocalDateTime anchor = x.Schedule.Anchor;
        LocalDate today = x.At.InUtc().Date;
        switch (x.Per)
        {
            case Per.CalendarHour:
                Instant hour = today.At(new LocalTime(x.At.InUtc().Hour, 0)).InUtc().ToInstant();
                return [hour, hour + Duration.FromHours(1)];
            case Per.Hour:
                Instant origin = Resolve(anchor);
                var hours = (long)Math.Floor((x.At - origin).TotalHours);
                return Around(hours, 1).Select(k => origin + Duration.FromMinutes(60 * k));
            case Per.Day:
                return Around(NodaTime.Period.DaysBetween(anchor.Date, today), 4).Select(k => Resolve(anchor.PlusDays((int)k)));
            case Per.Week:
                return Around(NodaTime.Period.DaysBetween(anchor.Date, today) / 7, 3).Select(k => Resolve(anchor.PlusWeeks((int)k)));
            case Per.Month:
                return Around(NodaTime.Period.DaysBetween(anchor.Date, today) * 12L / 365, 6).Select(k => Resolve(anchor.PlusMonths((int)k)));
            case Per.Year:
                return Around(today.Year - anchor.Year, 2).Select(k => Resolve(anchor.PlusYears((int)k)));
            case Per.CalendarDay:
                return Around(0, 3).Select(k => Resolve(today.PlusDays((int)k).AtMidnight()));
            case Per.CalendarWeek:
                return Around(0, 15).Select(k => today.PlusDays((int)k)).Where(d => d.DayOfWeek == IsoDayOfWeek.Monday).Select(d => Resolve(d.AtMidnight()));
            case Per.CalendarMonth:
                return Around(0, 2).Select(k => Resolve(today.With(DateAdjusters.StartOfMonth).PlusMonths((int)k).AtMidnight()));
            default:
                return Around(today.Year, 2).Select(year => Resolve(new LocalDate((int)year, 1, 1).AtMidnight()));
        }

        Instant Resolve(LocalDateTime local) => zone.ResolveLocal(local, s_resolver).ToInstant();

        static IEnumerable<long> Around(long k, int reach)
        {
            for (long i = k - reach; i <= k + reach; i++)
            {
                yield return i;
            }
        }
    }

    private static void InEveryZone(Action<Case> law)
    {
        int variation = 0;
        foreach (string id in TzdbDateTimeZoneSource.Default.GetIds())
        {
            Law.Holds(PeriodCases.In(PeriodText.Zone(id)).Select(c => new Case(c.Schedule, c.Per, c.At)), law, CasesPerZone, variation++);
        }
    }

    private sealed record Case(Schedule Schedule, Per Per, Instant At);
}
