using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>
/// Brings what a request says into the bounds of an event. What the host observes by itself, such as a user agent, is cut, because nobody
/// could answer a refusal; what a property says is refused.
/// </summary>
internal static class Bounds
{
    public static string? Cut(string? text)
    {
        if (text is null)
        {
            return null;
        }

        string cut = text.Length <= EventBounds.LongestText ? text : text[..(char.IsHighSurrogate(text[EventBounds.LongestText - 1]) ? EventBounds.LongestText - 1 : EventBounds.LongestText)];
        return string.Create(cut.Length, cut, static (target, source) =>
        {
            for (int i = 0; i < source.Length; i++)
            {
                char c = source[i];
                bool isPaired = (char.IsHighSurrogate(c) && i + 1 < source.Length && char.IsLowSurrogate(source[i + 1]))
                    || (char.IsLowSurrogate(c) && i > 0 && char.IsHighSurrogate(source[i - 1]));
                target[i] = char.IsControl(c) || c is '\u2028' or '\u2029' || (char.IsSurrogate(c) && !isPaired) ? '\uFFFD' : c;
            }
        });
    }

    /// <exception cref="ProblemException">400, with what is allowed.</exception>
    public static void CheckProperty(string name, PropertyValue value)
    {
        if (name.Length is 0 or > EventBounds.LongestPropertyName || !DisplayName.IsValid(name))
        {
            throw new ProblemException(Problem.Invalid("", $"The name of a property has 1 to {EventBounds.LongestPropertyName} characters without control characters."));
        }

        if (value.Kind != PropertyKind.Text)
        {
            return;
        }

        if (value.Text.Length > EventBounds.LongestPropertyValue)
        {
            throw new ProblemException(Problem.Invalid("/" + name, $"'{name}' has {value.Text.Length} characters; at most {EventBounds.LongestPropertyValue} are kept."));
        }

        if (value.Text.Contains('\0', StringComparison.Ordinal) || HasLoneSurrogate(value.Text))
        {
            throw new ProblemException(Problem.Invalid("/" + name, $"'{name}' is not text: it has the character U+0000 or half of a surrogate pair."));
        }
    }

    private static bool HasLoneSurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return true;
            }
        }

        return false;
    }
}
