using System.Collections.Immutable;

namespace Weir.Engine;

public enum PropertyKind
{
    Number,
    Text,
    Boolean,

    /// <summary>An object or array: kept and given back as JSON, never looked into.</summary>
    Json,
}

/// <summary>One value of an event's properties or a plan's features. JSON null counts as absent and never becomes a value.</summary>
public readonly record struct PropertyValue
{
    private readonly decimal _number;
    private readonly string? _text;

    private PropertyValue(PropertyKind kind, decimal number, string? text)
    {
        Kind = kind;
        _number = number;
        _text = text;
    }

    public PropertyKind Kind { get; }

    public decimal Number => Kind == PropertyKind.Number ? _number : throw new InvalidOperationException($"A {Kind} is not a number.");

    public bool Boolean => Kind == PropertyKind.Boolean ? _number != 0 : throw new InvalidOperationException($"A {Kind} is not a boolean.");

    /// <summary>The text, or the JSON of an object or array.</summary>
    public string Text => _text ?? throw new InvalidOperationException($"A {Kind} is not a text.");

    public static PropertyValue Of(decimal number) => new(PropertyKind.Number, Decimals.Normalize(number), null);

    public static PropertyValue Of(bool value) => new(PropertyKind.Boolean, value ? 1 : 0, null);

    public static PropertyValue Of(string text) => new(PropertyKind.Text, 0, text);

    public static PropertyValue OfJson(string json) => new(PropertyKind.Json, 0, json);

    /// <summary>As it is grouped by and shown: the shortest decimal, <c>true</c> or <c>false</c>, the text.</summary>
    public override string ToString() => Kind switch
    {
        PropertyKind.Number => _number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        PropertyKind.Boolean => _number != 0 ? "true" : "false",
        _ => _text ?? "",
    };
}

/// <summary>An event's properties, sorted by name (ordinal), each name once.</summary>
public sealed class Properties
{
    public static readonly Properties Empty = new([]);

    private Properties(ImmutableArray<KeyValuePair<string, PropertyValue>> entries) => Entries = entries;

    public ImmutableArray<KeyValuePair<string, PropertyValue>> Entries { get; }

    /// <exception cref="ArgumentException">A name stands twice.</exception>
    public static Properties Of(IEnumerable<KeyValuePair<string, PropertyValue>> entries)
    {
        KeyValuePair<string, PropertyValue>[] sorted = [.. entries];
        if (sorted.Length == 0)
        {
            return Empty;
        }

        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Key == sorted[i - 1].Key)
            {
                throw new ArgumentException($"The property '{sorted[i].Key}' stands twice.", nameof(entries));
            }
        }

        return new Properties(Frozen(sorted));
    }

    /// <summary>JSON pointer to a property of a request.</summary>
    internal static string PointerTo(string name) =>
        "/properties/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    public bool TryGet(string name, out PropertyValue value)
    {
        foreach (KeyValuePair<string, PropertyValue> entry in Entries)
        {
            if (entry.Key == name)
            {
                value = entry.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>These properties with those of <paramref name="later"/> added; a later value wins.</summary>
    public Properties With(Properties later)
    {
        if (later.Entries.IsEmpty)
        {
            return this;
        }

        Dictionary<string, PropertyValue> merged = new(StringComparer.Ordinal);
        foreach ((string name, PropertyValue value) in Entries)
        {
            merged[name] = value;
        }

        foreach ((string name, PropertyValue value) in later.Entries)
        {
            merged[name] = value;
        }

        return Of(merged);
    }

    private static ImmutableArray<KeyValuePair<string, PropertyValue>> Frozen(KeyValuePair<string, PropertyValue>[] array) =>
        System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(array);
}
