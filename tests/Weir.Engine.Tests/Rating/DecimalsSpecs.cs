namespace Weir.Engine.Tests;

public sealed class DecimalsSpecs
{
    [Theory(DisplayName = "NUM-3: a number is read exactly")]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("5", "5")]
    [InlineData("+5.250", "5.25")]
    [InlineData(".5", "0.5")]
    [InlineData("5.", "5")]
    [InlineData("000.00100", "0.001")]
    [InlineData("1000000", "1000000")]
    [InlineData("12e3", "12000")]
    [InlineData("12E-3", "0.012")]
    [InlineData("1.5e+0002", "150")]
    [InlineData("-9999999999999999999999999999", "-9999999999999999999999999999")]
    [InlineData("0.0000000000000000000000000001", "0.0000000000000000000000000001")]
    [InlineData("1e27", "1000000000000000000000000000")]
    [InlineData("0.1234567890123456789012345678", "0.1234567890123456789012345678")]
    [InlineData("0e9", "0")]
    public void Exact(string text, string value)
    {
        Assert.True(Decimals.TryParseExact(text, out decimal parsed));
        Assert.Equal(decimal.Parse(value), parsed);
        Assert.Equal(value, Decimals.Normalize(parsed).ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory(DisplayName = "NUM-3: a number that would be rounded, or that is none, is not read")]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("e5")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("1.2.3")]
    [InlineData("1,000")]
    [InlineData(" 1")]
    [InlineData("0x1")]
    [InlineData("1e28")]
    [InlineData("1e-29")]
    [InlineData("1e99999999999999999999")]
    [InlineData("12345678901234567890123456789")]
    [InlineData("0.12345678901234567890123456789")]
    [InlineData("1000000000000000000000000000.5")]
    [InlineData("NaN")]
    public void Not_exact(string text) => Assert.False(Decimals.TryParseExact(text, out _));
}
