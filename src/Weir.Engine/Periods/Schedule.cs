using NodaTime;

namespace Weir.Engine;

/// <summary>
/// What an account's periods are computed from. Two schedules are equal when their zones have the same id and their anchors are
/// equal: a store keeps no more than that of a zone.
/// </summary>
public sealed record Schedule
{
    /// <summary>The years of anchors and of the instants whose periods are asked for. Arithmetic cannot leave the calendar within them.</summary>
    public const int FirstYear = 1;

    /// <inheritdoc cref="FirstYear"/>
    public const int LastYear = 9997;

    /// <param name="zone">The account's time zone (TZDB).</param>
    /// <param name="anchor">The local date and time in that zone from which anniversaries are counted; it need not exist in it.</param>
    /// <exception cref="ArgumentException">The anchor is not of the ISO calendar, or not in <see cref="FirstYear"/> to <see cref="LastYear"/>.</exception>
    public Schedule(DateTimeZone zone, LocalDateTime anchor)
    {
        ArgumentNullException.ThrowIfNull(zone);
        if (anchor.Calendar != CalendarSystem.Iso || anchor.Year is < FirstYear or > LastYear)
        {
            throw new ArgumentException($"An anchor is a date and time of the ISO calendar in the years {FirstYear} to {LastYear}.", nameof(anchor));
        }

        Zone = zone;
        Anchor = anchor;
    }

    public DateTimeZone Zone { get; }

    public LocalDateTime Anchor { get; }

    /// <summary>
    /// The schedule of an account without an anchor of its own: midnight of its day of creation. It stays midnight where the zone
    /// skipped that midnight, so that only that one period begins later.
    /// </summary>
    public static Schedule StartingOn(Instant createdAt, DateTimeZone zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return new Schedule(zone, createdAt.InZone(zone).Date.AtMidnight());
    }

    public bool Equals(Schedule? other) => other is not null && Anchor == other.Anchor && Zone.Id == other.Zone.Id;

    public override int GetHashCode() => HashCode.Combine(Zone.Id, Anchor);
}
