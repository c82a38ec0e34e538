using System.Security.Cryptography;

namespace Weir.Storage.Tests;

public sealed class SecretBoxTests
{
    private static readonly byte[] s_secret = [1, 2, 3, 0, 255];

    [Fact(DisplayName = "ACC-1: a secret is sealed differently each time, shows nothing of itself, and opens again")]
    public void SealsAndOpens()
    {
        SecretBox box = new(NewKey());
        byte[] one = box.Seal(s_secret, "p");
        Assert.NotEqual(one, box.Seal(s_secret, "p"));
        Assert.Equal(-1, one.AsSpan().IndexOf(s_secret.AsSpan(0, 3)));
        Assert.Equal(s_secret, box.Open(one, "p"));
        Assert.Empty(box.Open(box.Seal([], "p"), "p"));
    }

    [Fact(DisplayName = "ACC-1: what was changed in any byte, or belongs elsewhere, does not open")]
    public void RefusesWhatWasChanged()
    {
        SecretBox box = new(NewKey());
        byte[] whole = box.Seal(s_secret, "webhook 1 a");
        Assert.Throws<SecretBoxException>(() => box.Open(whole, "webhook 2 a"));
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 1;
            Assert.Throws<SecretBoxException>(() => box.Open(changed, "webhook 1 a"));
            Assert.Throws<SecretBoxException>(() => box.Open(whole.AsSpan(0, i), "webhook 1 a"));
        }
    }

    [Fact(DisplayName = "ACC-1: after a change of the master key old secrets open while the old key stands beside the new one, and new ones are sealed under the new")]
    public void KeysRotate()
    {
        (string old, string next) = (NewKey(), NewKey());
        byte[] before = new SecretBox(old).Seal(s_secret, "p");
        SecretBox both = new($"{next}, {old}");
        byte[] after = both.Seal(s_secret, "p");

        Assert.Equal(s_secret, both.Open(before, "p"));
        Assert.Equal(s_secret, new SecretBox(next).Open(after, "p"));
        SecretBoxException refused = Assert.Throws<SecretBoxException>(() => new SecretBox(next).Open(before, "p"));
        Assert.Contains("is not among those of WEIR_MASTER_KEY", refused.Message, StringComparison.Ordinal);
        Assert.Throws<SecretBoxException>(() => new SecretBox(old).Open(after, "p"));
    }

    [Fact(DisplayName = "ACC-1: without a master key nothing is sealed, and what is no key is refused")]
    public void NeedsAKey()
    {
        Assert.False(new SecretBox(null).HasKey);
        Assert.False(new SecretBox(" ").HasKey);
        SecretBoxException refused = Assert.Throws<SecretBoxException>(() => new SecretBox("").Seal(s_secret, "p"));
        Assert.Contains("WEIR_MASTER_KEY", refused.Message, StringComparison.Ordinal);
        foreach (string text in new[] { "short", Convert.ToBase64String(new byte[31]), Convert.ToBase64String(new byte[33]), NewKey() + ",", new string('é', 44), string.Join(',', Enumerable.Range(0, 9).Select(_ => NewKey())) })
        {
            Assert.Throws<FormatException>(() => new SecretBox(text));
        }
    }

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
}
