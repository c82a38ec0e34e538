using Weir.Engine;

namespace Weir;

/// <summary>
/// What a plain scalar of YAML is by the core schema of YAML 1.2, of which a catalog takes null, booleans and decimal
/// numbers: <c>no</c>, <c>yes</c>, <c>0x1F</c>, <c>.inf</c> and dates are texts.
/// </summary>
internal static class YamlScalar
{
    public static ScalarKind KindOf(string plain) => plain switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Null,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => ScalarKind.Boolean,
        _ => IsNumber(plain) ? ScalarKind.Number : ScalarKind.Text,
    };

    /// <summary><c>[-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ([eE][-+]?[0-9]+)?</c></summary>
    private static bool IsNumber(ReadOnlySpan<char> text)
    {
        text = text.Length > 0 && text[0] is '+' or '-' ? text[1..] : text;
        int whole = Digits(text);
        text = text[whole..];
        if (text.Length > 0 && text[0] == '.')
        {
            int fraction = Digits(text[1..]);
            if (whole + fraction == 0)
            {
                return false;
            }

            text = text[(1 + fraction)..];
        }
        else if (whole == 0)
        {
            return false;
        }

        if (text.Length == 0)
        {
            return true;
        }

        if (text[0] is not ('e' or 'E'))
        {
            return false;
        }

        text = text[1..];
        text = text.Length > 0 && text[0] is '+' or '-' ? text[1..] : text;
        return text.Length > 0 && Digits(text) == text.Length;
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        int other = text.IndexOfAnyExceptInRange('0', '9');
        return other < 0 ? text.Length : other;
    }
}
