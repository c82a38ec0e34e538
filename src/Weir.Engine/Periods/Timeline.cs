using System.Collections.Immutable;
using NodaTime;

namespace Weir.Engine;

/// <summary>A schedule and the instant at which it was set.</summary>
public readonly record struct TimelineEntry(Instant From, Schedule Schedule);

/// <summary>
/// An account's schedules over time. When the zone or the anchor changes, each period that is current at that instant keeps its end;
/// the next one runs from there to the first new boundary after it; then the new schedule's periods follow. So periods stay
/// contiguous, and nothing that was already promised moves. Immutable, equal by value.
/// </summary>
public sealed class Timeline : IEquatable<Timeline>
{
    private static readonly int s_forms = PerNames.All.Count;

    // Where the entry's schedule begins to shape the periods: entry by entry, each with one instant per form of Per.
    private readonly ImmutableArray<Instant> _begins;
    private readonly ImmutableArray<TimelineEntry> _entries;

    // The period of each form that was asked for last: nearly always it is asked for again, by each decision of the account.
    private readonly KnownPeriod?[] _known = new KnownPeriod?[s_forms];

    /// <summary>Restores a timeline from <see cref="Entries"/>.</summary>
    /// <exception cref="ArgumentException">There is no entry, the first is not from <see cref="Instant.MinValue"/>, or they are out of order.</exception>
    public Timeline(IEnumerable<TimelineEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        Timeline? timeline = null;
        foreach (TimelineEntry entry in entries)
        {
            if (timeline is null && entry.From != Instant.MinValue)
            {
                throw new ArgumentException("The first entry of a timeline holds from the beginning of time.", nameof(entries));
            }

            timeline = timeline is null ? Starting(entry.Schedule) : timeline.Change(entry.From, entry.Schedule);
        }

        if (timeline is null)
        {
            throw new ArgumentException("A timeline has at least one entry.", nameof(entries));
        }

        _entries = timeline._entries;
        _begins = timeline._begins;
    }

    private Timeline(ImmutableArray<TimelineEntry> entries, ImmutableArray<Instant> begins)
    {
        _entries = entries;
        _begins = begins;
    }

    /// <summary>
    /// At least one, in the order of <see cref="TimelineEntry.From"/>; the first is from <see cref="Instant.MinValue"/>. A schedule that
    /// was replaced before it shaped any period is not among them.
    /// </summary>
    public ImmutableArray<TimelineEntry> Entries => _entries;

    /// <summary>The schedule that was set last. Periods that were current when it was set may still run by an earlier one.</summary>
    public Schedule Latest => _entries[^1].Schedule;

    /// <summary>The timeline of an account whose schedule has never changed.</summary>
    public static Timeline Starting(Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return new Timeline([new TimelineEntry(Instant.MinValue, schedule)], [.. Enumerable.Repeat(Instant.MinValue, s_forms)]);
    }

    /// <summary>Sets another schedule. Setting the latest one again changes nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="now"/> lies before the last change, or where <see cref="Periods.At"/> knows no periods.</exception>
    public Timeline Change(Instant now, Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (now < _entries[^1].From)
        {
            throw new ArgumentOutOfRangeException(nameof(now), now, "A timeline is changed in the order of time.");
        }

        if (schedule == Latest)
        {
            return this;
        }

        Instant[] begins = new Instant[s_forms];
        for (int form = 0; form < s_forms; form++)
        {
            begins[form] = At((Per)form, now).End;
        }

        // A schedule that is replaced before any period runs by it leaves no trace, so undecided changes do not pile up.
        return _entries.Length > 1 && !LatestIsUsedBefore(begins)
            ? new Timeline(_entries[..^1], _begins[..^s_forms]).Change(now, schedule)
            : new Timeline(_entries.Add(new TimelineEntry(now, schedule)), _begins.AddRange(begins));
    }

    /// <summary>The period that contains <paramref name="at"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">As <see cref="Periods.At"/>.</exception>
    public Period At(Per per, Instant at)
    {
        if (per == Per.Lifetime)
        {
            return Period.Lifetime;
        }

        if (Volatile.Read(ref _known[(int)per]) is { } known && known.Period.Contains(at))
        {
            return known.Period;
        }

        Period period = Compute(per, at);
        Volatile.Write(ref _known[(int)per], new KnownPeriod(period));
        return period;
    }

    /// <inheritdoc cref="Periods.Next"/>
    public Period Next(Per per, Period period) => At(Periods.Repeating(per), period.End);

    /// <inheritdoc cref="Periods.Previous"/>
    public Period Previous(Per per, Period period) => At(Periods.Repeating(per), period.Start - Duration.Epsilon);

    public bool Equals(Timeline? other) => other is not null && _entries.AsSpan().SequenceEqual(other._entries.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as Timeline);

    public override int GetHashCode() => HashCode.Combine(_entries.Length, _entries[^1]);

    private Period Compute(Per per, Instant at)
    {
        int entry = _entries.Length - 1;
        while (entry > 0 && at < _begins[(entry * s_forms) + (int)per])
        {
            entry--;
        }

        Period period = Periods.At(_entries[entry].Schedule, per, at);
        Instant begin = _begins[(entry * s_forms) + (int)per];
        return period.Start < begin ? period with { Start = begin } : period;
    }

    private bool LatestIsUsedBefore(ReadOnlySpan<Instant> begins)
    {
        ReadOnlySpan<Instant> latest = _begins.AsSpan()[^s_forms..];
        for (int form = 0; form < s_forms; form++)
        {
            // Hours of UTC are the same by every schedule.
            if ((Per)form != Per.CalendarHour && latest[form] < begins[form])
            {
                return true;
            }
        }

        return false;
    }

    private sealed record KnownPeriod(Period Period);
}
