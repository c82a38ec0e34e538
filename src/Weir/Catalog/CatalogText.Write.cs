using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using Weir.Engine;

namespace Weir;

public static partial class CatalogText
{
    // The document is served as JSON, not inside HTML: only what JSON itself needs is escaped.
    private static readonly JavaScriptEncoder s_encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>The text of a tree in its canonical form: members in their order, without comments.</summary>
    public static string Write(DocumentNode root, CatalogFormat format) =>
        format == CatalogFormat.Json ? ToJson(root, indented: true) + "\n" : YamlWriter.Write(root);

    /// <summary>The JSON of a tree. Numbers stay as they were written, as far as JSON can write them.</summary>
    public static string ToJson(DocumentNode node, bool indented = false)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Indented = indented, Encoder = s_encoder, NewLine = "\n" }))
        {
            WriteJson(writer, node);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes a tree as one JSON value.</summary>
    public static void WriteJson(Utf8JsonWriter writer, DocumentNode node)
    {
        switch (node)
        {
            case DocumentMapping mapping:
                writer.WriteStartObject();
                foreach (DocumentMember member in mapping.Members)
                {
                    writer.WritePropertyName(member.Key);
                    WriteJson(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case DocumentSequence sequence:
                writer.WriteStartArray();
                foreach (DocumentNode item in sequence.Items)
                {
                    WriteJson(writer, item);
                }

                writer.WriteEndArray();
                break;
            case DocumentScalar { Kind: ScalarKind.Number } number:
                WriteNumber(writer, JsonNumber(number.Text));
                break;
            case DocumentScalar { Kind: ScalarKind.Boolean } boolean:
                writer.WriteBooleanValue(boolean.IsTrue);
                break;
            case DocumentScalar { Kind: ScalarKind.Text } text:
                writer.WriteStringValue(text.Text);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, string json)
    {
        // A raw value is not indented; it is only needed for what a decimal would write otherwise, such as 1e3.
        if (Decimals.TryParseExact(json, out _) && decimal.Parse(json, NumberStyles.Float) is var value && value.ToString() == json)
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteRawValue(json);
        }
    }

    /// <summary>YAML also writes numbers as <c>+5</c>, <c>007</c>, <c>.5</c> and <c>1.</c>, which JSON does not.</summary>
    private static string JsonNumber(string text)
    {
        int exponentAt = text.AsSpan().IndexOfAny('e', 'E');
        ReadOnlySpan<char> mantissa = exponentAt < 0 ? text : text.AsSpan(0, exponentAt);
        ReadOnlySpan<char> exponent = exponentAt < 0 ? "" : text.AsSpan(exponentAt);
        string sign = mantissa.StartsWith('-') ? "-" : "";
        mantissa = mantissa.TrimStart("+-");
        int point = mantissa.IndexOf('.');
        ReadOnlySpan<char> whole = (point < 0 ? mantissa : mantissa[..point]).TrimStart('0');
        ReadOnlySpan<char> fraction = point < 0 ? "" : mantissa[(point + 1)..];
        return $"{sign}{(whole.IsEmpty ? "0" : whole)}{(fraction.IsEmpty ? "" : ".")}{fraction}{exponent}";
    }
}
