namespace Weir.Engine;

/// <summary>Exact helpers for <see cref="decimal"/>.</summary>
public static class Decimals
{
    private static readonly decimal[] s_powers =
        [1m, 10m, 100m, 1_000m, 10_000m, 100_000m, 1_000_000m, 10_000_000m, 100_000_000m, 1_000_000_000m];

    /// <summary>10^<paramref name="scale"/> for a meter's scale, 0–9.</summary>
    public static decimal PowerOfTen(int scale) => s_powers[scale];

    /// <summary>The same value with no trailing zeros: 25.00 becomes 25, 0.0 becomes 0.</summary>
    public static decimal Normalize(decimal value) => value / 1.0000000000000000000000000000m;
}
