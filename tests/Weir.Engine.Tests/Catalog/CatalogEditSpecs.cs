namespace Weir.Engine.Tests;

public sealed class CatalogEditSpecs
{
    private const string Document =
        """
        # A comment, which an edit loses.
        name: t
        defaultPlan: free
        meters: { calls: {} }
        plans:
          free: { name: "yes", price: { monthly: 0 } }
        """;

    [Theory(DisplayName = "One member is added, replaced or removed")]
    [InlineData("/events/ping", "{\"charges\":{\"calls\":1}}", "{\"name\":\"t\",\"defaultPlan\":\"free\",\"meters\":{\"calls\":{}},\"plans\":{\"free\":{\"name\":\"yes\",\"price\":{\"monthly\":0}}},\"events\":{\"ping\":{\"charges\":{\"calls\":1}}}}")]
    [InlineData("/plans/free", "{\"name\":\"Free\"}", "{\"name\":\"t\",\"defaultPlan\":\"free\",\"meters\":{\"calls\":{}},\"plans\":{\"free\":{\"name\":\"Free\"}}}")]
    [InlineData("/plans/free/price", null, "{\"name\":\"t\",\"defaultPlan\":\"free\",\"meters\":{\"calls\":{}},\"plans\":{\"free\":{\"name\":\"yes\"}}}")]
    [InlineData("/metadata/a~1b~0c", "\"x\"", "{\"name\":\"t\",\"defaultPlan\":\"free\",\"meters\":{\"calls\":{}},\"plans\":{\"free\":{\"name\":\"yes\",\"price\":{\"monthly\":0}}},\"metadata\":{\"a/b~c\":\"x\"}}")]
    public void Edits(string pointer, string? json, string expected)
    {
        DocumentNode? value = json is null ? null : CatalogText.Parse(json, CatalogFormat.Json).Root;
        foreach (CatalogFormat format in Enum.GetValues<CatalogFormat>())
        {
            string text = CatalogText.Write(CatalogText.Parse(Document, CatalogFormat.Yaml).Root!, format);
            CatalogEdit edit = CatalogText.Edit(text, format, pointer, value);
            Assert.True(edit.IsValid);
            Assert.Equal(expected, CatalogText.ToJson(CatalogText.Parse(edit.Text!, format).Root!));
            Assert.Equal("", SpecTable.Text(CatalogText.Read(edit.Text!, format)));
        }
    }

    [Theory(DisplayName = "An edit that has no place is refused")]
    [InlineData("/events/ping", null, "/events 2:1 There is no member 'events', so nothing can be removed.")]
    [InlineData("/plans/paid", null, "/plans/paid 6:3 There is no member 'paid', so nothing can be removed.")]
    [InlineData("/name/x", "1", "/name 2:7 There is no mapping here in which 'x' could be a member.")]
    [InlineData("", "1", "/ 0:0 The pointer must name a member: '/' and a name, with '~' as '~0' and '/' as '~1'.")]
    [InlineData("plans", "1", "plans 0:0 The pointer must name a member: '/' and a name, with '~' as '~0' and '/' as '~1'.")]
    [InlineData("/a~2", "1", "/a~2 0:0 The pointer must name a member: '/' and a name, with '~' as '~0' and '/' as '~1'.")]
    public void Edits_that_are_refused(string pointer, string? json, string error)
    {
        DocumentNode? value = json is null ? null : CatalogText.Parse(json, CatalogFormat.Json).Root;
        CatalogEdit edit = CatalogText.Edit(Document, CatalogFormat.Yaml, pointer, value);
        Assert.Null(edit.Text);
        Assert.Equal(error, SpecTable.Text(Assert.Single(edit.Errors)));
    }

    [Fact(DisplayName = "A document that cannot be parsed is not edited")]
    public void Broken_documents()
    {
        CatalogEdit edit = CatalogText.Edit("a: 1\na: 2", CatalogFormat.Yaml, "/b", new DocumentScalar(default, ScalarKind.Null, ""));
        Assert.Equal("/a", Assert.Single(edit.Errors).Pointer);
        Assert.Null(edit.Text);
    }

    [Theory(DisplayName = "A text stays that text in every format")]
    [InlineData("plain")]
    [InlineData("two words")]
    [InlineData(" space ")]
    [InlineData("")]
    [InlineData("true")]
    [InlineData("No")]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("1e3")]
    [InlineData("- a")]
    [InlineData("a: b")]
    [InlineData("a #b")]
    [InlineData("{a, b}")]
    [InlineData("*a")]
    [InlineData("'quoted' \"twice\" \\ back")]
    [InlineData("line\nline\ttab\r\nend\n")]
    [InlineData("é 🎉 \u2028 \uFEFF \u0085 \u007F \u0001")]
    [InlineData("---")]
    [InlineData("<<")]
    [InlineData("ends with:")]
    public void Texts_survive(string text)
    {
        DocumentScalar scalar = new(default, ScalarKind.Text, text);
        DocumentMapping root = new(default, [new DocumentMember(text, default, scalar), new DocumentMember("list", default, new DocumentSequence(default, [scalar, scalar]))]);
        foreach (CatalogFormat format in Enum.GetValues<CatalogFormat>())
        {
            DocumentResult read = CatalogText.Parse(CatalogText.Write(root, format), format);
            Assert.Empty(read.Errors);
            DocumentMapping mapping = Assert.IsType<DocumentMapping>(read.Root);
            Assert.Equal(text, mapping.Members[0].Key);
            DocumentScalar value = Assert.IsType<DocumentScalar>(mapping.Members[0].Value);
            Assert.Equal((ScalarKind.Text, text), (value.Kind, value.Text));
            Assert.Equal(text, Assert.IsType<DocumentScalar>(Assert.IsType<DocumentSequence>(mapping.Members[1].Value).Items[1]).Text);
        }
    }

    [Theory(DisplayName = "NUM-5: numbers are written as JSON writes them")]
    [InlineData("5", "5")]
    [InlineData("+5", "5")]
    [InlineData("-.5", "-0.5")]
    [InlineData("007", "7")]
    [InlineData("1.", "1")]
    [InlineData("2.50", "2.50")]
    [InlineData("0", "0")]
    [InlineData("1e3", "1e3")]
    [InlineData("10.E+2", "10E+2")]
    public void Numbers(string yaml, string json) =>
        Assert.Equal($"[{json}]", CatalogText.ToJson(CatalogText.Parse($"[{yaml}]", CatalogFormat.Yaml).Root!));

    [Fact(DisplayName = "The canonical YAML keeps small mappings and lists on one line")]
    public void Canonical_yaml()
    {
        DocumentNode root = CatalogText.Parse(
            "{\"a\":{\"b\":1,\"c\":\"x y\"},\"d\":[1,\"2\",null],\"e\":[{\"f\":true},{\"g\":{\"h\":[]}}],\"i\":{\"j\":{}}}", CatalogFormat.Json).Root!;
        Assert.Equal(
            """
            a: { b: 1, c: x y }
            d: [1, "2", null]
            e:
              - { f: true }
              -
                g:
                  h: []
            i:
              j: {}

            """,
            CatalogText.Write(root, CatalogFormat.Yaml));
    }
}
