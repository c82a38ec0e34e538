using NodaTime;
using NodaTime.Text;

namespace Weir.Engine.Tests;

/// <summary>Reads and writes the times of the specification tables: <c>2026-01-31 00:00 +13</c>, and schedules <c>Pacific/Apia 2026-01-31 00:00</c>.</summary>
internal static class PeriodText
{
    private static readonly OffsetDateTimePattern s_instant = OffsetDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm o<G>");
    private static readonly LocalDateTimePattern s_local = LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm");

    public static Instant Instant(string text) => s_instant.Parse(text).Value.ToInstant();

    public static LocalDateTime Local(string text) => s_local.Parse(text).Value;

    public static DateTimeZone Zone(string id) => DateTimeZoneProviders.Tzdb[id];

    public static Schedule Schedule(string text)
    {
        string[] parts = text.Split(' ', 2);
        return new Schedule(Zone(parts[0]), Local(parts[1]));
    }

    public static Per Per(string text) => PerNames.TryParse(text, out Per per) ? per : throw new FormatException(text);

    /// <summary>A period in the zone's own time, as the tables write it.</summary>
    public static string Show(Period period, DateTimeZone zone) => $"{Show(period.Start, zone)} → {Show(period.End, zone)}";

    public static string Show(Instant instant, DateTimeZone zone) => s_instant.Format(instant.InZone(zone).ToOffsetDateTime());
}
