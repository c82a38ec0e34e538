namespace Weir.Engine.Tests;

/// <summary>The values that everything is counted in.</summary>
public sealed class QuantitySpecs
{
    [Fact(DisplayName = "NUM-1: arithmetic is checked")]
    public void Checked()
    {
        Quantity most = new(long.MaxValue);
        Quantity least = new(long.MinValue);

        Assert.Throws<OverflowException>(() => most + new Quantity(1));
        Assert.Throws<OverflowException>(() => least - new Quantity(1));
        Assert.Throws<OverflowException>(() => -least);
        Assert.Equal(new Quantity(long.MinValue + 1), -most);
        Assert.Equal(new Quantity(5), new Quantity(2) + new Quantity(3));
        Assert.Equal(new Quantity(-1), Quantity.Min(new Quantity(-1), new Quantity(0)));
        Assert.Equal(new Quantity(7), Quantity.Max(new Quantity(7), new Quantity(7)));
    }

    [Fact(DisplayName = "NUM-1: an amount that would bring a balance out of 64 bits is refused and changes nothing")]
    public void BalanceOverflow()
    {
        Catalog catalog = StoryCatalog.Read("");
        CatalogBook book = new(1, System.Collections.Immutable.ImmutableDictionary<int, Catalog>.Empty.Add(1, catalog));
        Account account = new() { Id = 1, CreatedAt = default, Plan = "free", Timeline = Timeline.Starting(PeriodText.Schedule("UTC 2026-01-01 00:00")) };
        BalanceKey key = new(ScopeKind.Account, 0, "credits", Per.Month, PeriodText.Instant("2026-03-01 00:00 Z"));
        AccountState workspace = AccountState.Of(account with { Id = Account.WorkspaceHead });

        Decision At(long used) => Weir.Engine.Admission.Decide(
            AccountState.Of(account) with { Balances = StateMap<BalanceKey, Balance>.Empty.Add(key, new Balance(key, PeriodText.Instant("2026-04-01 00:00 Z"), new Quantity(used), Quantity.Zero)) },
            workspace,
            book,
            new Consume
            {
                Rated = Rater.Rate(catalog, catalog.Events["use"], Properties.Of([new("n", PropertyValue.Of(1))]), null, out _)!,
                Mode = ConsumeMode.Record,
                Now = PeriodText.Instant("2026-03-05 00:00 Z"),
            });

        Assert.Equal(Refusal.QuantityOverflow, At(long.MaxValue - 99).Refusal);
        Assert.Null(At(long.MaxValue - 99).Entry);
        Assert.Equal(new Quantity(long.MaxValue), At(long.MaxValue - 100).Account.Balances[key].Used);
    }

    [Theory(DisplayName = "NUM-2: input has at most the meter's decimal places and 10^15 smallest units")]
    [InlineData("1.25", 2, 125L)]
    [InlineData("1.250", 2, 125L)]
    [InlineData("-0.01", 2, -1L)]
    [InlineData("1.255", 2, null)]
    [InlineData("0.1", 0, null)]
    [InlineData("1000000000000000", 0, Quantity.LargestUnits)]
    [InlineData("-1000000000000000", 0, -Quantity.LargestUnits)]
    [InlineData("1000000000000001", 0, null)]
    [InlineData("-1000000000000001", 0, null)]
    [InlineData("1000000", 9, Quantity.LargestUnits)]
    [InlineData("1000000.000000001", 9, null)]
    [InlineData("0.0000000001", 9, null)]
    [InlineData("79228162514264337593543950335", 9, null)]
    [InlineData("-79228162514264337593543950335", 0, null)]
    public void FromDecimal(string text, int scale, long? units)
    {
        decimal value = decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(units is not null, Quantity.TryFromDecimal(value, scale, out Quantity quantity));
        Assert.Equal(units ?? 0, quantity.Units);
    }

    [Theory(DisplayName = "NUM-5: figures are shown without trailing zeros")]
    [InlineData(2500, 2, "25")]
    [InlineData(2510, 2, "25.1")]
    [InlineData(0, 9, "0")]
    [InlineData(-1, 9, "-0.000000001")]
    [InlineData(long.MaxValue, 0, "9223372036854775807")]
    [InlineData(Quantity.LargestLimitUnits, 2, "90071992547409.91")]
    public void ToDecimal(long units, int scale, string text) =>
        Assert.Equal(text, new Quantity(units).ToDecimal(scale).ToString(System.Globalization.CultureInfo.InvariantCulture));

    [Fact(DisplayName = "NUM-4: money adds exactly; a quantity times a unit price is money")]
    public void Money()
    {
        Assert.Equal(new Money(0.300000000000m), new Money(0.1m) + new Money(0.2m));
        Assert.Equal(new Money(-0.1m), new Money(0.1m) - new Money(0.2m));
        Assert.Equal(new Money(0.000000000025m), new UnitPrice(0.000000000001m).For(new Quantity(2500).ToDecimal(2)));
    }
}
