using System.Numerics;

namespace Weir.Engine;

/// <summary>
/// An exact figure on its way to a charge. A <see cref="decimal"/> rounds at 28 digits by itself, so that 50 seconds at 1 per minute,
/// times 3, would come to 2.4999… and not to 2.5; here the one rounding at the end is the only one (NUM-3).
/// </summary>
internal readonly struct Fraction
{
    private const int MostDigits = 28;

    private static readonly BigInteger[] s_powers = [.. Enumerable.Range(0, MostDigits + 1).Select(i => BigInteger.Pow(10, i))];

    private readonly BigInteger _numerator;
    private readonly BigInteger _denominator;

    private Fraction(BigInteger numerator, BigInteger denominator)
    {
        _numerator = numerator;
        _denominator = denominator;
    }

    public static implicit operator Fraction(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        var digits = new BigInteger(new decimal(bits[0], bits[1], bits[2], decimal.IsNegative(value), 0));
        return new Fraction(digits, s_powers[value.Scale]);
    }

    public static Fraction operator +(Fraction left, Fraction right) =>
        left._denominator == right._denominator
            ? new(left._numerator + right._numerator, left._denominator)
            : new((left._numerator * right._denominator) + (right._numerator * left._denominator), left._denominator * right._denominator);

    public static Fraction operator *(Fraction left, Fraction right) =>
        new(left._numerator * right._numerator, left._denominator * right._denominator);

    /// <summary>The divisor is above 0.</summary>
    public static Fraction operator /(Fraction left, Fraction right) =>
        new(left._numerator * right._denominator, left._denominator * right._numerator);

    /// <summary>In units of 10^-<paramref name="scale"/>, rounded once; null where <see cref="Rounding.Exact"/> does not fit.</summary>
    public BigInteger? Round(int scale, Rounding rounding, out bool isExact)
    {
        var whole = BigInteger.DivRem(_numerator * s_powers[scale], _denominator, out BigInteger rest);
        isExact = rest.IsZero;
        if (isExact)
        {
            return whole;
        }

        return rounding switch
        {
            Rounding.Exact => null,
            Rounding.Nearest when BigInteger.Abs(rest) * 2 < _denominator => whole,
            _ => whole + rest.Sign,
        };
    }

    /// <summary>The figure as it is shown, to 28 digits.</summary>
    /// <exception cref="OverflowException">It is larger than a decimal.</exception>
    public decimal ToDecimal()
    {
        BigInteger whole = BigInteger.Abs(_numerator) / _denominator;
        int places = whole.IsZero ? MostDigits : Math.Max(0, MostDigits - whole.ToString().Length);
        decimal digits = (decimal)Round(places, Rounding.Nearest, out _)!.Value;
        return Decimals.Normalize(digits * (1 / (decimal)s_powers[places]));
    }
}
