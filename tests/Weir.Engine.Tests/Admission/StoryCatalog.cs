namespace Weir.Engine.Tests;

/// <summary>
/// Small catalogs for stories: a story writes the sections that it is about, in YAML; the others are these.
/// <c>use</c> charges its property n in credits, <c>call</c> one call, <c>both</c> n credits and one call; <c>store</c> changes and
/// <c>put</c> sets the level of storage.
/// </summary>
internal static class StoryCatalog
{
    private static readonly (string Key, string Value)[] s_usual =
    [
        ("name", "stories"),
        ("defaultPlan", "free"),
        ("meters", "{ credits: { unit: credit, scale: 2 }, calls: { unit: call }, storage: { unit: byte, kind: level } }"),
        ("events", """
            { use: { charges: { credits: { per: { property: n } } } }, call: { charges: { calls: 1 } },
              both: { charges: { credits: { per: { property: n } }, calls: 1 } },
              store: { charges: { storage: { change: { property: bytes } } } }, put: { charges: { storage: { set: { property: bytes } } } } }
            """),
        ("plans", "{ free: {} }"),
    ];

    public static Catalog Read(string sections)
    {
        IEnumerable<string> missing = s_usual
            .Where(member => !sections.Split('\n').Any(line => line.StartsWith(member.Key + ":", StringComparison.Ordinal)))
            .Select(member => $"{member.Key}: {member.Value}");
        CatalogResult result = CatalogText.Read(string.Join('\n', missing.Append(sections)), CatalogFormat.Yaml);
        Assert.True(result.IsValid, string.Join('\n', result.Errors));
        return result.Catalog!;
    }
}
