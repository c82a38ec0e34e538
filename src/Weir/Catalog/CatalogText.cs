using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;

using Weir.Engine;

namespace Weir;

/// <summary>Reads the text of a catalog: YAML 1.2 (core schema) or strict JSON, in UTF-8, at most 1 MiB.</summary>
public static partial class CatalogText
{
    /// <summary>The catalog of a text, or every error of the text with its place. It never throws for what the text says.</summary>
    public static CatalogResult Read(string text, CatalogFormat format) => Validate(Parse(text, format));

    /// <inheritdoc cref="Read(string, CatalogFormat)"/>
    public static CatalogResult Read(ReadOnlySpan<byte> utf8, CatalogFormat format) => Validate(Parse(utf8, format));

    /// <summary>The tree of a text, without asking whether it is a catalog.</summary>
    public static DocumentResult Parse(string text, CatalogFormat format)
    {
        int surrogate = TextPosition.FirstLoneSurrogate(text);
        if (surrogate >= 0)
        {
            return Refused(TextPosition.Of(text.AsSpan(0, surrogate)), "The text has half of a surrogate pair; it must be valid Unicode.");
        }

        return Parse(Encoding.UTF8.GetBytes(text), format);
    }

    /// <inheritdoc cref="Parse(string, CatalogFormat)"/>
    public static DocumentResult Parse(ReadOnlySpan<byte> utf8, CatalogFormat format)
    {
        if (utf8.Length > CatalogBounds.LargestDocumentBytes)
        {
            return Refused(
                new DocumentPosition(1, 1),
                $"The document has {utf8.Length} bytes; it may have at most {CatalogBounds.LargestDocumentBytes}.");
        }

        ReadOnlySpan<byte> mark = Encoding.UTF8.Preamble;
        utf8 = utf8.StartsWith(mark) ? utf8[mark.Length..] : utf8;
        char[] characters = new char[utf8.Length];
        _ = Utf8.ToUtf16(utf8, characters, out int read, out int written, replaceInvalidSequences: false);
        ReadOnlySpan<char> text = characters.AsSpan(0, written);
        if (read < utf8.Length)
        {
            return Refused(TextPosition.Of(text), "The text is not valid UTF-8 here; a catalog is written in UTF-8.");
        }

        int nul = text.IndexOf('\0');
        if (nul >= 0)
        {
            return Refused(TextPosition.Of(text[..nul]), "The text has a NUL character, which is not allowed.");
        }

        return format == CatalogFormat.Json ? JsonTree.Parse(utf8) : YamlTree.Parse(text.ToString());
    }

    private static CatalogResult Validate(DocumentResult document)
    {
        if (document.Root is null)
        {
            return new CatalogResult(null, document.Errors);
        }

        CatalogResult result = CatalogReader.Read(document.Root);
        return document.Errors.IsEmpty
            ? result
            : new CatalogResult(null, TreeErrors.Sorted([.. document.Errors, .. result.Errors]));
    }

    private static DocumentResult Refused(DocumentPosition position, string message) =>
        new(null, [new CatalogError("", position, message)]);
}
