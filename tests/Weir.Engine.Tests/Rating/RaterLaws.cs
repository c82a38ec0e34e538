using System.Collections.Frozen;
using System.Numerics;

using FsCheck;
using FsCheck.Fluent;

namespace Weir.Engine.Tests;

/// <summary>Rating against exact arithmetic on whole numbers.</summary>
public sealed class RaterLaws
{
    private const int Cases = 5_000;

    private static readonly Catalog s_catalog = StoryCatalog.Read("");

    /// <summary>Short figures as people write them, and long ones as machines compute them.</summary>
    private static Gen<decimal> Figures { get; } = Gen.OneOf(
        from digits in Gen.Choose(0, 10_000)
        from places in Gen.Choose(0, 4)
        select new decimal(digits, 0, 0, false, (byte)places),
        from low in Gen.Choose(int.MinValue, int.MaxValue)
        from middle in Gen.Choose(int.MinValue, int.MaxValue)
        from places in Gen.Choose(10, 18)
        select new decimal(low, middle, 0, false, (byte)places));

    /// <summary>Among them halves of a smallest unit, where the one rounding decides.</summary>
    private static Gen<decimal> Factors { get; } =
        Gen.OneOf(Figures, from n in Gen.Choose(1, 60) select (decimal)n, from n in Gen.Choose(1, 60) select 1m / n, Gen.Elements(0.5m, 0.05m, 0.005m));

    private static Gen<Sum> Sums { get; } =
        from constant in Figures
        from count in Gen.Choose(0, 2)
        from parts in (from value in Figures
                       from unit in Gen.OneOf(Gen.Elements(1m, 3m, 7m, 60m, 3600m, 1_000_000m), Figures)
                       from amount in Factors
                       select (value, unit: unit == 0 ? 1m : unit, amount)).ListOf(count)
        from factor in Factors
        from bonus in Figures
        from isOn in Gen.Elements(true, false)
        from rounding in Gen.Elements(Rounding.Exact, Rounding.Nearest, Rounding.Up)
        from scale in Gen.Choose(0, Quantity.LargestScale)
        select new Sum(constant, [.. parts], factor, isOn ? bonus : 0, rounding, scale);

    [Fact(DisplayName = "NUM-3: a charge is the exact rational result, rounded once")]
    public void RoundedOnce() => Law.Holds(
        Sums,
        static sum =>
        {
            BigInteger? expected = sum.Exactly();
            RatedEvent? rated = sum.Rate(out Failure? failure);
            if (expected is null)
            {
                Assert.Equal(Refusal.TooManyDecimals, failure?.Refusal);
            }
            else if (BigInteger.Abs(expected.Value) > Quantity.LargestUnits)
            {
                Assert.Equal(Refusal.QuantityOverflow, failure?.Refusal);
            }
            else
            {
                Assert.Null(failure);
                Assert.Equal((long)expected.Value, rated!.Charges.Single().Amount.Units);
            }
        },
        Cases);

    [Fact(DisplayName = "NUM-2: what is read from a decimal is the same decimal again, or too fine or too large")]
    public void ReadBack() => Law.Holds(
        from value in Gen.OneOf(Figures, Figures.Select(figure => -figure), from n in Gen.Choose(0, int.MaxValue) select n * 1_000_000_000_000m)
        from scale in Gen.Choose(0, Quantity.LargestScale)
        select (value, scale),
        static input =>
        {
            if (Quantity.TryFromDecimal(input.value, input.scale, out Quantity quantity))
            {
                Assert.Equal(input.value, quantity.ToDecimal(input.scale));
            }
            else
            {
                bool isTooFine = Decimals.Places(input.value) > input.scale;
                Assert.True(isTooFine || Math.Abs(input.value) > Quantity.LargestUnits / Decimals.PowerOfTen(input.scale));
            }
        },
        Cases);

    private sealed record Sum(decimal Constant, (decimal Value, decimal Unit, decimal Amount)[] Parts, decimal Factor, decimal Bonus, Rounding Rounding, int Scale)
    {
        public RatedEvent? Rate(out Failure? failure)
        {
            Meter meter = new("m", "unit", Scale, MeterKind.Sum, null, false, Metadata.Empty);
            EventType type = new()
            {
                Key = "e",
                Dimensions = [],
                Requires = [],
                Rates = [],
                Metadata = Metadata.Empty,
                NamedProperties = FrozenSet<string>.Empty,
                Charges =
                [
                    new ChargeRule
                    {
                        Meter = meter,
                        Base = Constant,
                        PerUnits = [.. Parts.Select((part, i) => new PerUnitRule($"p{i}", part.Unit, part.Amount))],
                        Multiplier = new MultiplierRule("factor", null, null),
                        Bonuses = [new BonusRule("bonus", Bonus)],
                        Rounding = Rounding,
                    },
                ],
            };
            Properties properties = Properties.Of(
            [
                .. Parts.Select((part, i) => KeyValuePair.Create($"p{i}", PropertyValue.Of(part.Value))),
                new("factor", PropertyValue.Of(Factor)), new("bonus", PropertyValue.Of(true)),
            ]);
            return Rater.Rate(s_catalog, type, properties, null, out failure);
        }

        /// <summary>Everything over the common denominator of all that is in it.</summary>
        public BigInteger? Exactly()
        {
            const int Places = 28;
            BigInteger one = BigInteger.Pow(10, Places);
            BigInteger units = Parts.Aggregate(BigInteger.One, (product, part) => product * Digits(part.Unit));
            BigInteger denominator = units * one * one;

            // Digits(x) is x × 10^28, so value × amount / unit has one 10^28 too many.
            BigInteger sum = Digits(Constant) * units * one;
            foreach ((decimal value, decimal unit, decimal amount) in Parts)
            {
                sum += Digits(value) * Digits(amount) * (units / Digits(unit)) * one;
            }

            sum = (sum * Digits(Factor)) + (Digits(Bonus) * denominator);
            denominator *= one;
            var whole = BigInteger.DivRem(sum * BigInteger.Pow(10, Scale), denominator, out BigInteger rest);
            return rest.IsZero ? whole
                : Rounding == Rounding.Exact ? null
                : Rounding == Rounding.Up || rest * 2 >= denominator ? whole + 1
                : whole;

            static BigInteger Digits(decimal value)
            {
                Span<int> bits = stackalloc int[4];
                decimal.GetBits(value, bits);
                return new BigInteger(new decimal(bits[0], bits[1], bits[2], false, 0)) * BigInteger.Pow(10, Places - value.Scale);
            }
        }
    }
}
