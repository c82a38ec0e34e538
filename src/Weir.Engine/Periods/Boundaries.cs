using System.Diagnostics;
using NodaTime;
using NodaTime.TimeZones;

namespace Weir.Engine;

/// <summary>
/// The instants <c>boundary(k) = anchor + k × per</c> of a schedule, never falling as k rises. Neighbours may be equal: two local
/// times that a zone skipped resolve to the same instant.
/// </summary>
internal readonly struct Boundaries
{
    private const int SecondsPerHour = 3_600;
    private const int SecondsPerDay = 86_400;

    // A Monday, the first of a month and the first of a year: each calendar form is the plain form from this anchor.
    private static readonly LocalDateTime s_calendarAnchor = new(2001, 1, 1, 0, 0);

    private readonly DateTimeZone _zone;
    private readonly LocalDateTime _anchor;
    private readonly Instant _origin;
    private readonly Unit _unit;
    private readonly int _step;

    private Boundaries(DateTimeZone zone, LocalDateTime anchor, Unit unit, int step)
    {
        _zone = zone;
        _anchor = anchor;
        _unit = unit;
        _step = step;
        _origin = unit == Unit.Hour ? FirstInstantOf(zone, anchor) : AsIfUtc(anchor);
    }

    private enum Unit
    {
        Hour,
        Day,
        Month,
    }

    public Instant this[int k] => _unit switch
    {
        Unit.Hour => _origin + Duration.FromSeconds((long)k * SecondsPerHour),
        Unit.Day => FirstInstantOf(_zone, _anchor.PlusDays(k * _step)),
        _ => FirstInstantOf(_zone, _anchor.PlusMonths(k * _step)),
    };

    public static Boundaries Of(Schedule schedule, Per per) => per switch
    {
        Per.Hour => new(schedule.Zone, schedule.Anchor, Unit.Hour, 1),
        Per.Day => new(schedule.Zone, schedule.Anchor, Unit.Day, 1),
        Per.Week => new(schedule.Zone, schedule.Anchor, Unit.Day, 7),
        Per.Month => new(schedule.Zone, schedule.Anchor, Unit.Month, 1),
        Per.Year => new(schedule.Zone, schedule.Anchor, Unit.Month, 12),
        Per.CalendarHour => new(DateTimeZone.Utc, s_calendarAnchor, Unit.Hour, 1),
        Per.CalendarDay => new(schedule.Zone, s_calendarAnchor, Unit.Day, 1),
        Per.CalendarWeek => new(schedule.Zone, s_calendarAnchor, Unit.Day, 7),
        Per.CalendarMonth => new(schedule.Zone, s_calendarAnchor, Unit.Month, 1),
        Per.CalendarYear => new(schedule.Zone, s_calendarAnchor, Unit.Month, 12),
        _ => throw new UnreachableException($"{per} has no boundaries."),
    };

    /// <summary>
    /// The k of a boundary close to an instant: exact but for what the zone repeats or skips there and for the anchor's place in its
    /// unit, so at most a few steps away.
    /// </summary>
    public int Near(Instant at)
    {
        if (_unit == Unit.Hour)
        {
            return FloorOfQuotient(at.ToUnixTimeSeconds() - _origin.ToUnixTimeSeconds(), SecondsPerHour);
        }

        Offset offset = _zone.GetUtcOffset(at);
        if (_unit == Unit.Day)
        {
            return FloorOfQuotient(at.ToUnixTimeSeconds() + offset.Seconds - _origin.ToUnixTimeSeconds(), _step * SecondsPerDay);
        }

        LocalDate date = at.WithOffset(offset).Date;
        return FloorOfQuotient(((date.Year - _anchor.Year) * 12) + date.Month - _anchor.Month, _step);
    }

    /// <summary>
    /// The first instant at which the zone's clocks show a local time or a later one: the earlier instant of a time that comes twice,
    /// the end of the gap for one that never comes.
    /// </summary>
    /// <remarks>The zone's own mapping would say the same, at the price of an allocation.</remarks>
    internal static Instant FirstInstantOf(DateTimeZone zone, LocalDateTime local)
    {
        Instant asIfUtc = AsIfUtc(local);

        // No clock of this zone is further ahead, so none shows the local time before this instant.
        ZoneInterval interval = zone.GetZoneInterval(asIfUtc - DurationOf(zone.MaxOffset));
        while (true)
        {
            Instant candidate = asIfUtc - DurationOf(interval.WallOffset);
            if (interval.HasStart && candidate < interval.Start)
            {
                return interval.Start;
            }

            if (!interval.HasEnd || candidate < interval.End)
            {
                return candidate;
            }

            interval = zone.GetZoneInterval(interval.End);
        }
    }

    private static Instant AsIfUtc(LocalDateTime local) => local.WithOffset(Offset.Zero).ToInstant();

    private static Duration DurationOf(Offset offset) => Duration.FromSeconds((long)offset.Seconds);

    private static int FloorOfQuotient(long dividend, int divisor)
    {
        long quotient = dividend / divisor;
        return checked((int)(dividend % divisor < 0 ? quotient - 1 : quotient));
    }
}
