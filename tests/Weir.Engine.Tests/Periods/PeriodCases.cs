using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>Generates schedules and instants, with a liking for the moments at which a zone's clocks change.</summary>
internal static class PeriodCases
{
    private const int SecondsPerDay = 86_400;

    private static readonly Instant s_from = Instant.FromUtc(1970, 1, 1, 0, 0);
    private static readonly Instant s_to = Instant.FromUtc(2100, 1, 1, 0, 0);

    public static Gen<Per> Pers { get; } = Gen.Elements(Enum.GetValues<Per>());

    public static Gen<DateTimeZone> Zones { get; } = Gen.Elements(DateTimeZoneProviders.Tzdb.Ids.ToArray()).Select(PeriodText.Zone);

    private static Gen<LocalTime> Times { get; } = Gen.OneOf(
        Gen.Elements(new LocalTime(0, 0), new LocalTime(0, 30), new LocalTime(1, 30), new LocalTime(2, 0), new LocalTime(2, 30), LocalTime.MaxValue),
        Gen.Choose(0, SecondsPerDay - 1).Select(second => LocalTime.Midnight.PlusSeconds(second)));

    public static Gen<(Schedule Schedule, Per Per, Instant At)> In(DateTimeZone zone)
    {
        Gen<Instant> instants = Instants(zone);
        return
            from schedule in Schedules(zone, instants)
            from per in Pers
            from at in instants
            select (schedule, per, at);
    }

    public static Gen<Schedule> Schedules(DateTimeZone zone) => Schedules(zone, Instants(zone));

    public static Gen<Instant> Instants(DateTimeZone zone)
    {
        Gen<Instant> anywhere =
            from day in Gen.Choose(0, (s_to - s_from).Days)
            from second in Gen.Choose(0, SecondsPerDay - 1)
            select s_from + Duration.FromDays(day) + Duration.FromSeconds((long)second);

        Instant[] changes = [.. zone.GetZoneIntervals(s_from, s_to).Where(i => i.HasEnd && i.End < s_to).Select(i => i.End)];
        if (changes.Length == 0)
        {
            return anywhere;
        }

        Gen<Instant> nearChange =
            from change in Gen.Elements(changes)
            from seconds in Gen.OneOf(Gen.Choose(-2 * SecondsPerDay, 2 * SecondsPerDay), Gen.Elements(-1, 0, 1))
            select change + Duration.FromSeconds((long)seconds);
        return Gen.OneOf(anywhere, nearChange);
    }

    private static Gen<Schedule> Schedules(DateTimeZone zone, Gen<Instant> instants) =>
        from day in instants
        from time in Times
        select new Schedule(zone, day.InZone(zone).Date + time);
}
