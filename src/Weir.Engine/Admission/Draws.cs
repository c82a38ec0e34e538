using System.Collections;
using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>What one source gave of a movement, signed. The parts of the plan's own allowance stand among them, so that the order is whole.</summary>
/// <param name="Grant">Number of the grant; <see cref="Plan"/> for the plan's own allowance.</param>
/// <param name="Period">Start of the grant's period, for one that recurs; else null.</param>
/// <param name="Used">Smallest units that it gave for use; below zero, what it took back.</param>
/// <param name="Held">The same of what is held.</param>
public readonly record struct Draw(long Grant, Instant? Period, Quantity Used, Quantity Held)
{
    public const long Plan = 0;

    public static Draw OfPlan(Quantity used, Quantity held) => new(Plan, null, used, held);
}

/// <summary>
/// Where a movement came from, in the order of drawing (GRANT-2); what is returned, in the order of returning. Empty when no grant had a
/// part in it: then all of it is the plan's. Equal by value.
/// </summary>
public readonly struct Draws : IEquatable<Draws>, IReadOnlyList<Draw>
{
    public static readonly Draws None;

    private readonly ImmutableArray<Draw> _draws;

    public Draws(IEnumerable<Draw> draws) => _draws = [.. draws];

    public int Count => _draws.IsDefault ? 0 : _draws.Length;

    public bool IsEmpty => Count == 0;

    public Draw this[int index] => _draws[index];

    public static bool operator ==(Draws left, Draws right) => left.Equals(right);

    public static bool operator !=(Draws left, Draws right) => !left.Equals(right);

    /// <summary>What came to be used by several movements one after the other, in the order of drawing: what was returned is taken out.</summary>
    public static Draws NetUsed(IEnumerable<EntryLine> lines)
    {
        List<Draw> net = [];
        bool granted = false;
        foreach (EntryLine line in lines)
        {
            granted |= !line.Draws.IsEmpty;
            IEnumerable<Draw> parts = line.Draws.IsEmpty ? [Draw.OfPlan(line.Delta, Quantity.Zero)] : line.Draws;
            foreach (Draw draw in parts)
            {
                Add(net, draw with { Held = Quantity.Zero }, draw.Used);
            }
        }

        return granted ? new Draws(net) : None;
    }

    /// <summary>What is held, with what a line of a growing reservation holds more.</summary>
    /// <param name="amount">What was held before.</param>
    public Draws Growing(Quantity amount, EntryLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (IsEmpty && line.Draws.IsEmpty)
        {
            return None;
        }

        IEnumerable<Draw> before = IsEmpty ? [Draw.OfPlan(Quantity.Zero, amount)] : this;
        IEnumerable<Draw> more = line.Draws.IsEmpty ? [Draw.OfPlan(Quantity.Zero, line.HeldDelta)] : line.Draws;
        return new Draws(before.Concat(more));
    }

    public bool Equals(Draws other) => _draws.IsDefaultOrEmpty ? other.IsEmpty : !other.IsEmpty && _draws.AsSpan().SequenceEqual(other._draws.AsSpan());

    public override bool Equals(object? obj) => obj is Draws other && Equals(other);

    public override int GetHashCode() => IsEmpty ? 0 : HashCode.Combine(Count, _draws[0], _draws[^1]);

    public IEnumerator<Draw> GetEnumerator() => (_draws.IsDefault ? Enumerable.Empty<Draw>() : _draws).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static void Add(List<Draw> net, Draw draw, Quantity amount)
    {
        if (amount > Quantity.Zero)
        {
            bool goesOn = net.Count > 0 && (net[^1].Grant, net[^1].Period) == (draw.Grant, draw.Period);
            if (goesOn)
            {
                net[^1] = net[^1] with { Used = net[^1].Used + amount };
            }
            else
            {
                net.Add(draw with { Used = amount });
            }
        }

        for (int i = net.Count - 1; i >= 0 && amount < Quantity.Zero; i--)
        {
            if ((net[i].Grant, net[i].Period) == (draw.Grant, draw.Period))
            {
                Quantity back = Quantity.Min(-amount, net[i].Used);
                net[i] = net[i] with { Used = net[i].Used - back };
                amount += back;
            }
        }

        net.RemoveAll(part => part.Used.IsZero);
    }
}
