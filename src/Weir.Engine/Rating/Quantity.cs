namespace Weir.Engine;

/// <summary>
/// An amount on a meter, counted in the meter's smallest unit (10^-scale of its unit). Arithmetic is checked:
/// a result outside 64 bits throws <see cref="OverflowException"/>.
/// </summary>
/// <param name="Units">Smallest units; may be negative for corrections and level changes.</param>
public readonly record struct Quantity(long Units) : IComparable<Quantity>
{
    /// <summary>The largest amount one input may carry, in smallest units: 10^15.</summary>
    public const long LargestUnits = 1_000_000_000_000_000;

    /// <summary>The largest limit a catalog, override or grant may set, in smallest units: 2^53 − 1.</summary>
    public const long LargestLimitUnits = (1L << 53) - 1;

    /// <summary>The most decimal places a meter may have.</summary>
    public const int LargestScale = 9;

    public static readonly Quantity Zero;

    public bool IsZero => Units == 0;

    public static Quantity operator +(Quantity left, Quantity right) => new(checked(left.Units + right.Units));

    public static Quantity operator -(Quantity left, Quantity right) => new(checked(left.Units - right.Units));

    public static Quantity operator -(Quantity value) => new(checked(-value.Units));

    public static bool operator <(Quantity left, Quantity right) => left.Units < right.Units;

    public static bool operator >(Quantity left, Quantity right) => left.Units > right.Units;

    public static bool operator <=(Quantity left, Quantity right) => left.Units <= right.Units;

    public static bool operator >=(Quantity left, Quantity right) => left.Units >= right.Units;

    public static Quantity Min(Quantity left, Quantity right) => left <= right ? left : right;

    public static Quantity Max(Quantity left, Quantity right) => left >= right ? left : right;

    public int CompareTo(Quantity other) => Units.CompareTo(other.Units);

    /// <summary>The amount in the meter's unit: <c>Units / 10^scale</c>, without trailing zeros.</summary>
    public decimal ToDecimal(int scale) => Decimals.Of(Units < 0 ? unchecked((ulong)-Units) : (ulong)Units, scale, Units < 0);

    /// <summary>
    /// Reads an amount given in the meter's unit. False when it has more decimal places than <paramref name="scale"/>
    /// or lies outside ±10^15 smallest units.
    /// </summary>
    public static bool TryFromDecimal(decimal value, int scale, out Quantity quantity)
    {
        quantity = default;
        if (Math.Abs(value) > LargestUnits)
        {
            return false;
        }

        decimal units = value * Decimals.PowerOfTen(scale);
        if (units != decimal.Truncate(units) || Math.Abs(units) > LargestUnits)
        {
            return false;
        }

        quantity = new Quantity((long)units);
        return true;
    }
}
