using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>
/// A value with everything in it as text, so that two of them can be compared whole and a difference is seen where it is. Equal numbers
/// are equal texts, the entries of dictionaries stand in a fixed order.
/// </summary>
internal static class Dump
{
    public static string Of(object? value)
    {
        StringBuilder text = new();
        Write(text, value, 0);
        return text.ToString();
    }

    private static void Write(StringBuilder text, object? value, int depth)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case string s:
                text.Append('"').Append(s).Append('"');
                break;
            case decimal d:
                text.Append(Decimals.Normalize(d).ToString(CultureInfo.InvariantCulture));
                break;
            case Instant instant:
                text.Append(instant == Instant.MinValue ? "MinValue" : instant == Instant.MaxValue ? "MaxValue" : instant.ToString("uuuu-MM-ddTHH:mm:ss.fffffffff", CultureInfo.InvariantCulture));
                break;
            case PropertyValue property:
                text.Append(property.Kind).Append(' ').Append(property);
                break;
            case ReadOnlyMemory<byte> bytes:
                text.Append(Convert.ToHexString(bytes.Span));
                break;
            case Timeline timeline:
                Write(text, timeline.Entries, depth);
                break;
            case Schedule schedule:
                text.Append(schedule.Zone.Id).Append(' ').Append(schedule.Anchor.ToString("uuuu-MM-ddTHH:mm:ss.fffffffff", CultureInfo.InvariantCulture));
                break;
            case IEnumerable items when IsDictionary(value.GetType()):
                WriteLines(text, items.Cast<object>().Select(Of).Order(StringComparer.Ordinal), depth);
                break;
            case IEnumerable items:
                WriteLines(text, items.Cast<object?>().Select(Of), depth);
                break;
            case IFormattable plain when value.GetType().IsPrimitive || value is Enum or UInt128:
                text.Append(plain.ToString(null, CultureInfo.InvariantCulture));
                break;
            case bool b:
                text.Append(b ? "true" : "false");
                break;
            default:
                WriteLines(text, Members(value), depth);
                break;
        }
    }

    private static IEnumerable<string> Members(object value) => value.GetType()
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.GetIndexParameters().Length == 0 && property.Name != "EqualityContract")
        .Select(property => (property.Name, Value: property.GetValue(value)))
        .Concat(value.GetType().GetFields(BindingFlags.Public | BindingFlags.Instance).Select(field => (field.Name, Value: field.GetValue(value))))
        .OrderBy(member => member.Name, StringComparer.Ordinal)
        .Select(member => $"{member.Name}: {Of(member.Value)}");

    private static void WriteLines(StringBuilder text, IEnumerable<string> lines, int depth)
    {
        string indent = new(' ', (depth + 1) * 2);
        text.Append('{');
        foreach (string line in lines)
        {
            text.Append('\n').Append(indent).Append(line.Replace("\n", "\n" + indent, StringComparison.Ordinal));
        }

        text.Append('}');
    }

    private static bool IsDictionary(Type type) =>
        type.GetInterfaces().Any(i => i.IsGenericType && (i.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) || i.GetGenericTypeDefinition() == typeof(IReadOnlySet<>)));
}
