using System.Collections.Frozen;

namespace Weir.Engine.Tests;

public sealed class CatalogSuccessionSpecs
{
    private const string Current =
        """
        defaultPlan: free
        meters: { credits: { scale: 2 }, seats: { kind: level }, spare: {} }
        plans: { free: {}, paid: {}, old: {} }
        """;

    /// <summary>The next document, what is in use, and the errors.</summary>
    public static TheoryData<string, string, string> Successions => new()
    {
        { Current, "free paid old credits seats spare cost", "" },
        {
            "defaultPlan: free\nmeters: { credits: { scale: 2 }, seats: { kind: level } }\nplans: { free: {}, paid: {} }",
            "free credits seats",
            ""
        },
        {
            "defaultPlan: free\nmeters: { seats: { kind: level } }\nplans: { free: {}, old: {} }",
            "paid credits",
            "/meters/credits 2:1 The meter 'credits' is in use and cannot be removed; mark it retired: true.\n/plans/paid 3:1 The plan 'paid' is in use and cannot be removed; mark it retired: true."
        },
        {
            "defaultPlan: free\nplans: { free: {} }",
            "credits",
            "/meters/credits 1:1 The meter 'credits' is in use and cannot be removed; mark it retired: true."
        },
        {
            "defaultPlan: free\nmeters: { credits: { scale: 3 }, seats: {} }\nplans: { free: {} }",
            "credits seats",
            "/meters/seats/kind 2:34 The meter 'seats' is in use and keeps its kind level, this is sum; mark it retired: true and define another meter.\n/meters/credits/scale 2:22 The meter 'credits' is in use and keeps its scale 2, this is 3; mark it retired: true and define another meter."
        },
        {
            "defaultPlan: free\nmeters: { credits: { scale: 3 }, seats: {} }\nplans: { free: {} }",
            "free",
            ""
        },
        {
            "defaultPlan: free\nmeters: { credits: { scale: 2, retired: true } }\nplans: { free: {}, paid: { retired: true } }",
            "credits paid",
            ""
        },
        {
            "defaultPlan: free\ncurrency: EUR\nplans: { free: {} }",
            "cost",
            "/currency 2:1 Costs are recorded in USD, so the currency stays USD; this is EUR."
        },
        { "defaultPlan: free\ncurrency: EUR\nplans: { free: {} }", "free", "" },
    };

    [Theory(DisplayName = "CAT-1: a version that removes a plan or meter in use, or changes a scale or kind, is refused")]
    [MemberData(nameof(Successions))]
    public void Successors(string text, string inUse, string errors)
    {
        FrozenSet<string> used = inUse.Split(' ').ToFrozenSet(StringComparer.Ordinal);
        CatalogResult current = CatalogText.Read(Current, CatalogFormat.Yaml);
        CatalogResult next = CatalogText.Read(text, CatalogFormat.Yaml);
        Assert.Equal("", SpecTable.Text(next));
        IEnumerable<CatalogError> found = CatalogSuccession.Check(
            current.Catalog!, next.Catalog!, CatalogText.Parse(text, CatalogFormat.Yaml).Root, used, used);
        Assert.Equal(errors.Split('\n').Order(StringComparer.Ordinal), found.Select(SpecTable.Text).DefaultIfEmpty("").Order(StringComparer.Ordinal));
    }

    [Fact(DisplayName = "CAT-1: without the document the errors still have their pointers")]
    public void Without_positions()
    {
        Catalog current = CatalogText.Read(Current, CatalogFormat.Yaml).Catalog!;
        Catalog next = CatalogText.Read("defaultPlan: free\nplans: { free: {} }", CatalogFormat.Yaml).Catalog!;
        CatalogError error = Assert.Single(CatalogSuccession.Check(
            current, next, null, new HashSet<string>(StringComparer.Ordinal) { "old" }, new HashSet<string>(StringComparer.Ordinal)));
        Assert.Equal(("/plans/old", default(DocumentPosition)), (error.Pointer, error.Position));
    }
}
