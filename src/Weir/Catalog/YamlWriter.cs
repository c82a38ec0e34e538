using System.Text;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Writes a tree as YAML: blocks of two spaces, and a mapping or list of scalars on one line where it fits. What it
/// writes is read back as the same tree.
/// </summary>
internal static class YamlWriter
{
    private const int LongestLine = 110;

    public static string Write(DocumentNode root)
    {
        StringBuilder text = new();
        if (OnOneLine(root, 0) is { } line)
        {
            text.Append(line).Append('\n');
        }
        else
        {
            Block(text, root, 0);
        }

        return text.ToString();
    }

    private static void Block(StringBuilder text, DocumentNode node, int indent)
    {
        if (node is DocumentMapping mapping)
        {
            foreach (DocumentMember member in mapping.Members)
            {
                text.Append(' ', indent);
                string key = Text(member.Key);
                text.Append(key).Append(':');
                Value(text, member.Value, indent, indent + key.Length + 2);
            }
        }
        else if (node is DocumentSequence sequence)
        {
            foreach (DocumentNode item in sequence.Items)
            {
                text.Append(' ', indent).Append('-');
                Value(text, item, indent, indent + 2);
            }
        }
    }

    private static void Value(StringBuilder text, DocumentNode node, int indent, int column)
    {
        if (OnOneLine(node, column) is { } line)
        {
            text.Append(' ').Append(line).Append('\n');
        }
        else
        {
            text.Append('\n');
            Block(text, node, indent + 2);
        }
    }

    /// <summary>Null for what needs a block. A list may hold mappings of scalars on its line, a mapping only scalars and lists of them.</summary>
    private static string? OnOneLine(DocumentNode node, int column)
    {
        switch (node)
        {
            case DocumentScalar scalar:
                return Scalar(scalar);
            case DocumentMapping { Members.IsEmpty: true }:
                return "{}";
            case DocumentSequence { Items.IsEmpty: true }:
                return "[]";
            case DocumentMapping mapping when column > 0 && mapping.Members.All(member => member.Value is DocumentScalar):
                return Fitting("{ ", mapping.Members.Select(member => $"{Text(member.Key)}: {Scalar((DocumentScalar)member.Value)}"), " }", column);
            case DocumentSequence sequence when sequence.Items.All(item => item is DocumentScalar):
                return Fitting("[", sequence.Items.Select(item => Scalar((DocumentScalar)item)), "]", column);
            default:
                return null;
        }
    }

    private static string? Fitting(string open, IEnumerable<string> parts, string close, int column)
    {
        string line = open + string.Join(", ", parts) + close;
        return column + line.Length <= LongestLine ? line : null;
    }

    private static string Scalar(DocumentScalar scalar) => scalar.Kind switch
    {
        ScalarKind.Null => "null",
        ScalarKind.Boolean => scalar.IsTrue ? "true" : "false",
        ScalarKind.Number => scalar.Text,
        _ => Text(scalar.Text),
    };

    /// <summary>Plain where no reader of YAML could take it for anything but this text, else in double quotes.</summary>
    private static string Text(string text) =>
        IsPlain(text) ? text : Quoted(text);

    private static string Quoted(string text)
    {
        StringBuilder quoted = new(text.Length + 2);
        quoted.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append(@"\\"),
                '\n' => quoted.Append(@"\n"),
                '\t' => quoted.Append(@"\t"),

                // What YAML takes for a line's end, and what no editor shows.
                '\u2028' or '\u2029' or '\uFEFF' => quoted.Append($"\\u{(int)c:X4}"),
                _ when char.IsControl(c) => quoted.Append($"\\u{(int)c:X4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    private static bool IsPlain(string text)
    {
        if (text.Length == 0 || !(char.IsAsciiLetter(text[0]) || text[0] is '_' or '/') || text[^1] == ' ')
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.' or '/' or ' ' or '(' or ')' or '+'))
            {
                return false;
            }
        }

        // YAML 1.1, which many tools still read, takes these for booleans.
        return YamlScalar.KindOf(text) == ScalarKind.Text
            && text.ToLowerInvariant() is not ("y" or "n" or "yes" or "no" or "on" or "off");
    }
}
