using System.Diagnostics.CodeAnalysis;

namespace Weir.Engine;

/// <summary>
/// The form of names inside a catalog (meters, event types, plans, features, rates, slots, properties):
/// a letter or underscore, then letters, digits, '_', '-' or '.'; at most 100 characters.
/// </summary>
public static class CatalogName
{
    public const int LargestLength = 100;

    public const string Form = "a letter or '_' followed by letters, digits, '_', '-' or '.', at most 100 characters";

    public static bool IsValid([NotNullWhen(true)] string? text)
    {
        if (text is not { Length: >= 1 and <= LargestLength } || !(char.IsAsciiLetter(text[0]) || text[0] == '_'))
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.'))
            {
                return false;
            }
        }

        return true;
    }
}
