using System.Text;

using Weir.Engine;

namespace Weir;

/// <summary>Lines and columns of a text. Columns count UTF-16 code units, as editors do; a line ends with LF.</summary>
internal static class TextPosition
{
    /// <summary>The position after <paramref name="before"/>.</summary>
    public static DocumentPosition Of(ReadOnlySpan<char> before) =>
        new(before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));

    /// <summary>The position after <paramref name="before"/>, valid UTF-8.</summary>
    public static DocumentPosition Of(ReadOnlySpan<byte> before) =>
        new(before.Count((byte)'\n') + 1, Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1);

    /// <summary>The position of a later offset, counted on from an earlier one, so that a whole text is walked once.</summary>
    public static DocumentPosition Advance(DocumentPosition from, ReadOnlySpan<byte> between)
    {
        DocumentPosition step = Of(between);
        return step.Line == 1
            ? new DocumentPosition(from.Line, from.Column + step.Column - 1)
            : new DocumentPosition(from.Line + step.Line - 1, step.Column);
    }

    /// <summary>The index of the first surrogate without its other half, or -1.</summary>
    public static int FirstLoneSurrogate(ReadOnlySpan<char> text)
    {
        int at = text.IndexOfAnyInRange('\uD800', '\uDFFF');
        for (; at >= 0 && at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at]))
            {
                continue;
            }

            if (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[at + 1]))
            {
                return at;
            }

            at++;
        }

        return -1;
    }
}
