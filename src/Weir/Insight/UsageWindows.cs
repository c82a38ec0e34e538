using System.Collections.Immutable;

using NodaTime;
using NodaTime.TimeZones;

using Weir.Engine;

namespace Weir;

/// <summary>How long the windows of a query are.</summary>
public enum WindowSize
{
    Minute,
    Hour,
    Day,

    /// <summary>From Monday.</summary>
    Week,
    Month,
}

/// <summary>The windows of a stretch of time: calendar windows of a zone, the first and the last cut to the stretch.</summary>
internal static class UsageWindows
{
    /// <summary>The windows in order, without gaps; null when there are more than <paramref name="most"/>.</summary>
    /// <param name="size">Null is one window.</param>
    public static ImmutableArray<Engine.Period>? Of(Instant from, Instant to, WindowSize? size, DateTimeZone zone, int most)
    {
        if (size is not { } length)
        {
            return [new Engine.Period(from, to)];
        }

        Schedule schedule = new(zone, new LocalDateTime(2001, 1, 1, 0, 0));
        ImmutableArray<Engine.Period>.Builder windows = ImmutableArray.CreateBuilder<Engine.Period>();
        for (Instant start = from; start < to;)
        {
            if (windows.Count == most)
            {
                return null;
            }

            Instant end = Instant.Min(EndOf(length, schedule, start), to);
            windows.Add(new Engine.Period(start, end));
            start = end;
        }

        return windows.ToImmutable();
    }

    private static Instant EndOf(WindowSize size, Schedule schedule, Instant at) => size switch
    {
        WindowSize.Minute => EndOfClockTime(schedule.Zone, at, 60),
        WindowSize.Hour => EndOfClockTime(schedule.Zone, at, 3_600),
        WindowSize.Day => Periods.At(schedule, Per.CalendarDay, at).End,
        WindowSize.Week => Periods.At(schedule, Per.CalendarWeek, at).End,
        WindowSize.Month => Periods.At(schedule, Per.CalendarMonth, at).End,
        _ => throw new ArgumentOutOfRangeException(nameof(size), size, "A window without a length."),
    };

    /// <summary>The end of an hour or minute as the zone's clocks show it; a change of the clocks ends it too.</summary>
    private static Instant EndOfClockTime(DateTimeZone zone, Instant at, int seconds)
    {
        ZoneInterval interval = zone.GetZoneInterval(at);
        long local = at.ToUnixTimeSeconds() + interval.WallOffset.Seconds;
        long rest = ((local % seconds) + seconds) % seconds;
        Instant end = Instant.FromUnixTimeSeconds(local - rest + seconds - interval.WallOffset.Seconds);
        return interval.HasEnd && interval.End < end ? interval.End : end;
    }
}
