namespace Weir.Engine;

/// <summary>What the sections of one document know of one another while it is read.</summary>
internal sealed class CatalogDraft(string currency)
{
    // A meter with a wrong scale or kind is kept so that its users are not errors too, but nothing is measured by it.
    private readonly HashSet<string> _unsound = new(StringComparer.Ordinal);

    public string Currency { get; } = currency;

    public Dictionary<string, Meter> Meters { get; } = new(StringComparer.Ordinal);

    /// <summary>Features that some plan has, whatever their value.</summary>
    public HashSet<string> Features { get; } = new(StringComparer.Ordinal);

    /// <summary>Rates of the plans and of the workspace.</summary>
    public HashSet<string> Rates { get; } = new(StringComparer.Ordinal);

    /// <summary>Kinds of slots of the plans and of the workspace.</summary>
    public HashSet<string> Slots { get; } = new(StringComparer.Ordinal);

    /// <summary>Properties that some plan limits per request.</summary>
    public HashSet<string> RequestProperties { get; } = new(StringComparer.Ordinal);

    public bool IsSound(Meter meter) => !_unsound.Contains(meter.Key);

    public void Add(Meter meter, bool sound)
    {
        Meters[meter.Key] = meter;
        if (!sound)
        {
            _unsound.Add(meter.Key);
        }
    }

    /// <summary>The meter that a member is named after, or null with an error at the name.</summary>
    public Meter? MeterNamed(DocumentCursor mapping, DocumentMember member)
    {
        if (Meters.TryGetValue(member.Key, out Meter? meter))
        {
            return meter;
        }

        mapping.FailAt(member, UnknownMeter(member.Key));
        return null;
    }

    /// <summary>The meter that a text names, or null with an error at the text.</summary>
    public Meter? MeterNamed(DocumentCursor text)
    {
        if (text.Name("a meter") is not { } name)
        {
            return null;
        }

        if (!Meters.TryGetValue(name, out Meter? meter))
        {
            text.Fail(UnknownMeter(name));
        }

        return meter;
    }

    private string UnknownMeter(string name) =>
        $"'{DocumentCursor.Cut(name)}' is not a meter of this catalog{NearestName.Suggestion(name, Meters.Keys)}; meters: {DocumentCursor.List(Meters.Keys)}.";
}
