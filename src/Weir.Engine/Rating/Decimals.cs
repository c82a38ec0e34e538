namespace Weir.Engine;

/// <summary>Exact helpers for <see cref="decimal"/>.</summary>
public static class Decimals
{
    // 28 digits always fit a decimal's 96 bits, whatever the digits; 29 only sometimes.
    private const int MostDigits = 28;

    private const int MostExponentDigits = 4;

    private static readonly decimal[] s_powers =
        [1m, 10m, 100m, 1_000m, 10_000m, 100_000m, 1_000_000m, 10_000_000m, 100_000_000m, 1_000_000_000m];

    /// <summary>10^<paramref name="scale"/> for a meter's scale, 0–9.</summary>
    public static decimal PowerOfTen(int scale) => s_powers[scale];

    /// <summary>The same value with no trailing zeros: 25.00 becomes 25, 0.0 becomes 0.</summary>
    public static decimal Normalize(decimal value)
    {
        if (value.Scale == 0)
        {
            return value;
        }

        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        return bits[2] == 0
            ? Of(unchecked(((ulong)(uint)bits[1] << 32) | (uint)bits[0]), value.Scale, decimal.IsNegative(value))
            : value / 1.0000000000000000000000000000m;
    }

    /// <summary><paramref name="digits"/> / 10^<paramref name="scale"/> without trailing zeros. Divisions of decimals cost many times as much.</summary>
    internal static decimal Of(ulong digits, int scale, bool isNegative)
    {
        if (digits == 0)
        {
            return 0;
        }

        while (scale > 0 && digits % 10 == 0)
        {
            digits /= 10;
            scale--;
        }

        return new decimal(unchecked((int)digits), unchecked((int)(digits >> 32)), 0, isNegative, (byte)scale);
    }

    /// <summary>Decimal places that carry a value: 1 for 2.50, 0 for 25.00.</summary>
    public static int Places(decimal value) => Normalize(value).Scale;

    /// <summary>
    /// Reads a number as JSON and YAML write it (sign, digits, point, exponent). False when the text has another form, or
    /// when it has more than 28 significant digits or decimal places, which a <see cref="decimal"/> would round silently.
    /// </summary>
    public static bool TryParseExact(ReadOnlySpan<char> text, out decimal value)
    {
        value = 0;
        int at = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        bool negative = at == 1 && text[0] == '-';
        decimal digits = 0;
        int significant = 0;
        int pendingZeros = 0;
        int exponent = 0;
        bool anyDigit = false;
        bool afterPoint = false;
        for (; at < text.Length && text[at] is not ('e' or 'E'); at++)
        {
            char c = text[at];
            if (c == '.' && !afterPoint)
            {
                afterPoint = true;
                continue;
            }

            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            anyDigit = true;
            exponent -= afterPoint ? 1 : 0;
            if (c == '0')
            {
                // Zeros count only once a later digit makes them significant.
                pendingZeros += significant > 0 ? 1 : 0;
                continue;
            }

            significant += pendingZeros + 1;
            if (significant > MostDigits)
            {
                return false;
            }

            for (; pendingZeros > 0; pendingZeros--)
            {
                digits *= 10;
            }

            digits = (digits * 10) + (c - '0');
        }

        if (!anyDigit || (at < text.Length && !TryExponent(text[(at + 1)..], ref exponent)))
        {
            return false;
        }

        if (significant == 0)
        {
            return true;
        }

        exponent += pendingZeros;
        if (exponent < -MostDigits || significant + exponent > MostDigits)
        {
            return false;
        }

        for (; exponent > 0; exponent--)
        {
            digits *= 10;
        }

        // The scale is set, not computed: dividing 28 digits by a power of ten could round.
        int[] bits = decimal.GetBits(digits);
        value = new decimal(bits[0], bits[1], bits[2], negative, (byte)-exponent);
        return true;
    }

    private static bool TryExponent(ReadOnlySpan<char> text, ref int exponent)
    {
        int at = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        ReadOnlySpan<char> digits = text[at..].TrimStart('0');
        if (text.Length == at || text[at..].ContainsAnyExceptInRange('0', '9') || digits.Length > MostExponentDigits)
        {
            return false;
        }

        int written = 0;
        foreach (char c in digits)
        {
            written = (written * 10) + (c - '0');
        }

        exponent += at == 1 && text[0] == '-' ? -written : written;
        return true;
    }
}
