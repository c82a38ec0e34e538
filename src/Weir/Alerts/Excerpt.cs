using System.Text;

namespace Weir;

/// <summary>What others answered, fit to be stored and shown: bounded, without control characters.</summary>
internal static class Excerpt
{
    /// <summary>Null when there is nothing.</summary>
    public static string? Of(ReadOnlySpan<byte> bytes, int largest)
    {
        string text = Encoding.UTF8.GetString(bytes);
        StringBuilder clean = new(Math.Min(text.Length, largest));
        foreach (Rune rune in text.EnumerateRunes())
        {
            Rune shown = Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 ? new Rune(' ') : rune;
            if (clean.Length + shown.Utf16SequenceLength > largest)
            {
                break;
            }

            clean.Append(shown.ToString());
        }

        return clean.Length == 0 ? null : clean.ToString();
    }
}
