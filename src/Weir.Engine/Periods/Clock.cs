using NodaTime;

namespace Weir.Engine;

/// <summary>Weir counts time in whole microseconds since the Unix epoch, as databases do.</summary>
public static class Clock
{
    public static readonly Duration Microsecond = Duration.FromTicks(10);

    /// <summary>Whole microseconds; the open ends of time map to the ends of 64 bits.</summary>
    public static long ToMicros(Instant instant) =>
        instant == Instant.MinValue ? long.MinValue
        : instant == Instant.MaxValue ? long.MaxValue
        : FloorDivide(instant.ToUnixTimeTicks(), 10);

    public static Instant FromMicros(long micros) =>
        micros == long.MinValue ? Instant.MinValue
        : micros == long.MaxValue ? Instant.MaxValue
        : Instant.FromUnixTimeTicks(checked(micros * 10));

    /// <summary>The instant cut to whole microseconds.</summary>
    public static Instant Truncate(Instant instant) => FromMicros(ToMicros(instant));

    private static long FloorDivide(long value, long by) => value >= 0 ? value / by : -((-value + by - 1) / by);
}
