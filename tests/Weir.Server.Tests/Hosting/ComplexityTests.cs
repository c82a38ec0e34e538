using Weir.AspNetCore;

namespace Weir.Server.Tests.Hosting;

public sealed class ComplexityTests
{
    private const string Dense =
        "Intermittent authentication failures correlate with certificate rotation across geographically distributed edge clusters, because asynchronous propagation leaves stale intermediates resident while connection pools continue presenting previously negotiated sessions everywhere, silently and intermittently. ";

    [Fact(DisplayName = "Nothing and trifles are 1.0")]
    public void Lowest()
    {
        Assert.Equal(1.0m, Complexity.OfText(null));
        Assert.Equal(1.0m, Complexity.OfText("   \n "));
        Assert.Equal(1.0m, Complexity.OfText("Hi."));
    }

    [Fact(DisplayName = "A long, dense and technical text is 3.0, and more of it stays there")]
    public void Highest()
    {
        string text = string.Concat(Enumerable.Repeat(Dense, 20));
        Assert.Equal(3.0m, Complexity.OfText(text));
        Assert.Equal(3.0m, Complexity.OfText(text + text));
    }

    [Fact(DisplayName = "Each part counts: length a half, sentences three tenths, long words two tenths")]
    public void Parts()
    {
        Assert.Equal(2.0m, Complexity.OfText(string.Concat(Enumerable.Repeat("We ran it. ", 134))));
        Assert.Equal(1.7m, Complexity.OfText(string.Join(' ', Enumerable.Repeat("we", 30))));
        Assert.Equal(1.4m, Complexity.OfText("certificates expired yesterday"));
    }

    [Fact(DisplayName = "Words of any script count; an ideograph is a word")]
    public void Scripts()
    {
        Assert.Equal(Complexity.OfText("one two three four five six seven eight nine ten. one two three four five six seven eight nine ten."), Complexity.OfText("一二三四五六七八九十。一二三四五六七八九十。"));
        Assert.Equal(Complexity.OfText("don't do it now"), Complexity.OfText("dont do it now"));
    }
}
