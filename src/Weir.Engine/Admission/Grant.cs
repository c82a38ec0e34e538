using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>What of a period's rest moves into a recurring grant's next period: all of it, at least the one and at most the other.</summary>
/// <param name="Max">Smallest units; null is no bound.</param>
/// <param name="Min">Smallest units that move even when less is left.</param>
public sealed record GrantRollover(Quantity? Max, Quantity Min)
{
    /// <summary>No balance may count further than this, however long a rest grows.</summary>
    private static readonly Quantity s_largest = new(Quantity.LargestLimitUnits);

    public Quantity Of(Quantity left) => Quantity.Min(Quantity.Max(left, Min), Max ?? s_largest);
}

/// <summary>What an account was given. It never changes; how much of it is left stands in <see cref="Grant"/>.</summary>
public sealed record GrantTerms
{
    /// <summary>The usual priority; lower ones are drawn first.</summary>
    public const int UsualPriority = 100;

    /// <summary>Priorities are from 0 to this.</summary>
    public const int LastPriority = 1_000_000;

    public required string Meter { get; init; }

    public required int Scale { get; init; }

    /// <summary>The balance that it adds to, or null for the longest that the whole account has of the meter (GRANT-1).</summary>
    public Per? Per { get; init; }

    /// <summary>Smallest units; of one that recurs, in each of its periods.</summary>
    public required Quantity Amount { get; init; }

    public int Priority { get; init; } = UsualPriority;

    public required Instant Start { get; init; }

    /// <summary>When it expires; <see cref="Instant.MaxValue"/> for never.</summary>
    public Instant End { get; init; } = Instant.MaxValue;

    /// <summary>Drawn before the plan's own allowance (GRANT-2).</summary>
    public bool BeforePlan { get; init; }

    /// <summary>It is there anew at each boundary of the account's own timeline; null for one that is given once.</summary>
    public Per? Recurrence { get; init; }

    /// <summary>What is left at a renewal is lost without it.</summary>
    public GrantRollover? Rollover { get; init; }

    /// <summary>Weir made it from what the plan's allowance left in the period before (GRANT-3).</summary>
    public bool IsRolledOver { get; init; }
}

/// <summary>One period of a grant; one that is given once has a single one from its start to its end.</summary>
/// <param name="Given">Its amount, with what rolled over into it.</param>
/// <param name="Left">Given, without what was drawn or is held of it.</param>
public readonly record struct GrantPeriod(Instant Start, Instant End, Quantity Given, Quantity Left);

/// <summary>What a grant gave in one period of a balance.</summary>
/// <param name="Held">By reservations that no entry has ended; some may have expired since.</param>
public readonly record struct GrantUse(Per Per, Instant Start, Instant End, Quantity Drawn, Quantity Held);

/// <summary>A grant as an account's state has it.</summary>
/// <param name="Number">The sequence number of its entry.</param>
public sealed record Grant(long Number, GrantTerms Terms)
{
    /// <summary>The newest last. Earlier ones stay while events may still come late into them.</summary>
    public required ImmutableArray<GrantPeriod> Periods { get; init; }

    /// <summary>In the periods of balances that are not closed.</summary>
    public ImmutableArray<GrantUse> Uses { get; init; } = [];

    /// <summary>What it gave in closed periods.</summary>
    public Quantity DrawnBefore { get; init; }

    /// <summary>When it was taken back before its end; from then on nothing is drawn.</summary>
    public Instant? EndedAt { get; init; }

    /// <summary>The first period of a grant as it is given.</summary>
    public static Grant Given(long number, GrantTerms terms, Timeline timeline)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(timeline);
        Instant end = terms.Recurrence is { } per ? Instant.Min(timeline.At(per, terms.Start).End, terms.End) : terms.End;
        return new Grant(number, terms) { Periods = [new GrantPeriod(terms.Start, end, terms.Amount, terms.Amount)] };
    }

    /// <summary>The time from which on it gives nothing more.</summary>
    public Instant EndsAt => EndedAt is { } ended && ended < Terms.End ? ended : Terms.End;

    /// <summary>All that it ever gave for use.</summary>
    public Quantity Drawn => DrawnBefore + Sum(use => use.Drawn);

    public Quantity Held => Sum(use => use.Held);

    public bool Equals(Grant? other) =>
        other is not null && Number == other.Number && Terms == other.Terms && EndedAt == other.EndedAt && DrawnBefore == other.DrawnBefore
        && Periods.AsSpan().SequenceEqual(other.Periods.AsSpan()) && Uses.AsSpan().SequenceEqual(other.Uses.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Number, Terms, EndedAt);

    private Quantity Sum(Func<GrantUse, Quantity> of)
    {
        Quantity sum = Quantity.Zero;
        foreach (GrantUse use in Uses)
        {
            sum += of(use);
        }

        return sum;
    }
}
