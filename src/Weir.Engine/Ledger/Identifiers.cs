using System.Diagnostics.CodeAnalysis;

namespace Weir.Engine;

/// <summary>
/// The form of ids and keys that hosts choose: 1–255 characters of printable ASCII without space (0x21–0x7E), compared as bytes.
/// </summary>
public static class Identifier
{
    public const int LargestLength = 255;

    /// <summary>What an identifier may be, for error messages.</summary>
    public const string Form = "1 to 255 printable ASCII characters without spaces (0x21 to 0x7E)";

    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: >= 1 and <= LargestLength } && !text.AsSpan().ContainsAnyExceptInRange('\x21', '\x7E');

    internal static string Checked(string text, string what) =>
        IsValid(text) ? text : throw new FormatException($"{what} must be {Form}.");
}

/// <summary>A sender's id of one effect. It is kept 400 days and answers repeats.</summary>
public readonly record struct EventId(string Value)
{
    /// <exception cref="FormatException">The text is not an <see cref="Identifier"/>.</exception>
    public static EventId Parse(string text) => new(Identifier.Checked(text, "An event id"));

    public override string ToString() => Value;
}

/// <summary>The host's own name of an account.</summary>
public readonly record struct AccountKey(string Value)
{
    /// <exception cref="FormatException">The text is not an <see cref="Identifier"/>.</exception>
    public static AccountKey Parse(string text) => new(Identifier.Checked(text, "An account key"));

    public override string ToString() => Value;
}

/// <summary>Display text: Unicode without control characters or lone surrogates.</summary>
public static class DisplayName
{
    public const int LargestLength = 255;

    public const string Form = "at most 255 characters of Unicode without control characters or lone surrogates";

    public static bool IsValid(string text)
    {
        if (text.Length > LargestLength)
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsControl(c) || c is '\u2028' or '\u2029')
            {
                return false;
            }

            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(c))
            {
                return false;
            }
        }

        return true;
    }
}
