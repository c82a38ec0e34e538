namespace Weir;

/// <summary>Which texts are taken as mail addresses: a plain <c>local@domain</c> of ASCII, without quoting, comments or routes.</summary>
public static class MailAddress
{
    public const int LargestLength = 254;

    public const string Form = "an address such as ada@example.com, of ASCII without spaces and quotes, at most 254 characters";

    private const int LargestLocal = 64;
    private const string LocalSigns = "!#$%&'*+-/=?^_`{|}~.";

    public static bool IsValid(string text)
    {
        int at = text.IndexOf('@', StringComparison.Ordinal);
        return text.Length <= LargestLength && at is >= 1 and <= LargestLocal
            && IsDotted(text.AsSpan(0, at), static c => char.IsAsciiLetterOrDigit(c) || LocalSigns.Contains(c, StringComparison.Ordinal))
            && IsDotted(text.AsSpan(at + 1), static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');
    }

    private static bool IsDotted(ReadOnlySpan<char> text, Func<char, bool> isAllowed)
    {
        if (text.IsEmpty || text[0] is '.' or '-' || text[^1] is '.' or '-')
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (!isAllowed(text[i]) || (text[i] == '.' && text[i - 1] == '.'))
            {
                return false;
            }
        }

        return true;
    }
}
