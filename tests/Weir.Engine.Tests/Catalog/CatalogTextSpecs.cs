using System.Text;

namespace Weir.Engine.Tests;

public sealed class CatalogTextSpecs
{
    /// <summary>YAML with <c>↵</c> for a line's end, and the errors.</summary>
    public static TheoryData<string, string> Yaml => new()
    {
        { "", "/ 1:1 The document is empty; a catalog is a mapping." },
        { "# nothing↵", "/ 1:1 The document is empty; a catalog is a mapping." },
        { "a: 1↵b: 2↵a: 3", "/a 3:1 'a' stands twice in this mapping, first on line 1; each member is given once." },
        { "a: { \"b\": 1, b: 2 }", "/a/b 1:14 'b' stands twice in this mapping, first on line 1; each member is given once." },
        { "a: &x { b: 1 }↵c: *x", "/a 1:4 '&x' is an anchor; anchors are not allowed in a catalog, write the value out.\n/c 2:4 '*x' is an alias; aliases are not allowed in a catalog, write the value out." },
        { "a:↵  <<: { b: 1 }", "/a 2:3 '<<' is a merge key; merge keys are not allowed in a catalog, write the members out." },
        { "a: !!str 5", "/a 1:4 'tag:yaml.org,2002:str' is a tag; tags are not allowed in a catalog, quote a text instead." },
        { "a: ! 5", "/a 1:4 '!' is a tag; tags are not allowed in a catalog, quote a text instead." },
        { "a: 1↵---↵b: 2", "/ 2:1 Another document begins here; a catalog is one document." },
        { "? [a]↵: b", "/ 1:3 The name of a member must be a text, not a mapping or a list." },
        { "a: \"\\0\"", "/a 1:4 This text has a NUL character, which is not allowed." },
        { "a: \0", "/ 1:4 The text has a NUL character, which is not allowed." },
        { "a: \uD800x", "/ 1:4 The text has half of a surrogate pair; it must be valid Unicode." },
    };

    public static TheoryData<string, string> Json => new()
    {
        { "{\"a\":1,↵\"a\":2}", "/a 2:1 'a' stands twice in this mapping, first on line 1; each member is given once." },
        { "{\"a\":{\"~/\":1,\"~/\":2}}", "/a/~0~1 1:14 '~/' stands twice in this mapping, first on line 1; each member is given once." },
        { "{\"a\":\"\\u0000\"}", "/a 1:6 This text has a NUL character, which is not allowed." },
        { "{\"é\":\"\\ud83d\"}", "/é 1:6 This text has half of a surrogate pair; it must be valid Unicode." },
        { "{\"\\udc00\":1}", "/ 1:2 This text has half of a surrogate pair; it must be valid Unicode." },
    };

    /// <summary>Texts that are no YAML or JSON: the parser's own words follow the place.</summary>
    public static TheoryData<string, CatalogFormat, string> Broken => new()
    {
        { "a: [1, 2", CatalogFormat.Yaml, "/a/1 2:1 The text is not valid YAML: " },
        { "a: 1↵ b: 2", CatalogFormat.Yaml, "/ 2:3 The text is not valid YAML: " },
        { "a: \"x", CatalogFormat.Yaml, "/ 1:4 The text is not valid YAML: " },
        { "a:↵\tb: 1", CatalogFormat.Yaml, "/ 1:1 The text is not valid YAML: " },
        { "", CatalogFormat.Json, "/ 1:1 The text is not valid JSON: " },
        { "{\"a\":1,}", CatalogFormat.Json, "/ 1:8 The text is not valid JSON: " },
        { "{\"a\":1} {}", CatalogFormat.Json, "/ 1:9 The text is not valid JSON: " },
        { "{↵// no comments↵}", CatalogFormat.Json, "/ 2:1 The text is not valid JSON: " },
        { "{\"a\":01}", CatalogFormat.Json, "/ 1:7 The text is not valid JSON: " },
        { "{\"ü\":nul}", CatalogFormat.Json, "/ 1:9 The text is not valid JSON: " },
        { "name: yaml", CatalogFormat.Json, "/ 1:2 The text is not valid JSON: " },
    };

    public static TheoryData<string, ScalarKind> Scalars => new()
    {
        { "5", ScalarKind.Number },
        { "-5.50", ScalarKind.Number },
        { "+.5", ScalarKind.Number },
        { "5.", ScalarKind.Number },
        { "1e3", ScalarKind.Number },
        { "1.5E-3", ScalarKind.Number },
        { "007", ScalarKind.Number },
        { "0x1F", ScalarKind.Text },
        { "0o17", ScalarKind.Text },
        { ".inf", ScalarKind.Text },
        { ".nan", ScalarKind.Text },
        { "1_000", ScalarKind.Text },
        { "1e", ScalarKind.Text },
        { ".", ScalarKind.Text },
        { "2025-10-01", ScalarKind.Text },
        { "'5'", ScalarKind.Text },
        { "\"true\"", ScalarKind.Text },
        { "true", ScalarKind.Boolean },
        { "False", ScalarKind.Boolean },
        { "yes", ScalarKind.Text },
        { "no", ScalarKind.Text },
        { "off", ScalarKind.Text },
        { "null", ScalarKind.Null },
        { "~", ScalarKind.Null },
        { "", ScalarKind.Null },
    };

    [Theory(DisplayName = "CAT-1: YAML that hides what it means is refused with its place")]
    [MemberData(nameof(Yaml))]
    public void Yaml_that_is_refused(string text, string errors) =>
        Assert.Equal(errors, Errors(CatalogText.Parse(text.Replace('↵', '\n'), CatalogFormat.Yaml)));

    [Theory(DisplayName = "CAT-1: JSON that hides what it means is refused with its place")]
    [MemberData(nameof(Json))]
    public void Json_that_is_refused(string text, string errors) =>
        Assert.Equal(errors, Errors(CatalogText.Parse(text.Replace('↵', '\n'), CatalogFormat.Json)));

    [Theory(DisplayName = "CAT-1: a text that is no YAML or JSON is refused with its place")]
    [MemberData(nameof(Broken))]
    public void Broken_texts(string text, CatalogFormat format, string beginning)
    {
        DocumentResult result = CatalogText.Parse(text.Replace('↵', '\n'), format);
        Assert.Null(result.Root);
        string error = Assert.Single(result.Errors.Select(SpecTable.Text));
        Assert.StartsWith(beginning, error, StringComparison.Ordinal);
        Assert.True(error.Length > beginning.Length + 5, error);
    }

    [Theory(DisplayName = "Plain scalars of YAML follow the core schema of YAML 1.2, without hexadecimal, octal, infinity and NaN")]
    [MemberData(nameof(Scalars))]
    public void Scalars_of_yaml(string text, ScalarKind kind)
    {
        DocumentMapping root = Assert.IsType<DocumentMapping>(CatalogText.Parse($"a: {text}", CatalogFormat.Yaml).Root);
        Assert.Equal(kind, Assert.IsType<DocumentScalar>(root.Find("a")!.Value).Kind);
    }

    [Theory(DisplayName = "Nodes carry line and column, counted from 1 in UTF-16 code units")]
    [InlineData("a:\n  é😀: [x, \"y\"]\n", CatalogFormat.Yaml, "2:3 2:8 2:9 2:12")]
    [InlineData("{\"a\":\n {\"é😀\":[8,\"y\"]}}\n", CatalogFormat.Json, "2:3 2:9 2:10 2:12")]
    public void Positions(string text, CatalogFormat format, string positions)
    {
        DocumentMapping root = Assert.IsType<DocumentMapping>(CatalogText.Parse(text, format).Root);
        DocumentMember inner = Assert.IsType<DocumentMapping>(root.Find("a")!.Value).Members[0];
        DocumentSequence list = Assert.IsType<DocumentSequence>(inner.Value);
        Assert.Equal("é😀", inner.Key);
        DocumentPosition[] read = [inner.KeyPosition, list.Position, list.Items[0].Position, list.Items[1].Position];
        Assert.Equal(positions, string.Join(' ', read.Select(position => $"{position.Line}:{position.Column}")));
    }

    [Theory(DisplayName = "A document deeper than the bound is refused, however deep")]
    [InlineData(CatalogFormat.Yaml, 65)]
    [InlineData(CatalogFormat.Yaml, 400_000)]
    [InlineData(CatalogFormat.Json, 65)]
    [InlineData(CatalogFormat.Json, 400_000)]
    public void Depth(CatalogFormat format, int depth)
    {
        string text = new string('[', depth) + new string(']', depth);
        DocumentResult result = CatalogText.Parse(text, format);
        Assert.Null(result.Root);
        CatalogError error = Assert.Single(result.Errors);
        Assert.Equal("Mappings and lists may stand at most 64 deep inside one another.", error.Message);
        Assert.Equal(new DocumentPosition(1, 65), error.Position);
    }

    [Theory(DisplayName = "A document as deep as the bound is read")]
    [InlineData(CatalogFormat.Yaml)]
    [InlineData(CatalogFormat.Json)]
    public void Depth_at_the_bound(CatalogFormat format) =>
        Assert.True(CatalogText.Parse(new string('[', 64) + new string(']', 64), format).IsValid);

    [Fact(DisplayName = "A document larger than the bound is refused before it is parsed")]
    public void Size()
    {
        byte[] text = new byte[CatalogBounds.LargestDocumentBytes + 1];
        Array.Fill(text, (byte)' ');
        CatalogError error = Assert.Single(CatalogText.Parse(text, CatalogFormat.Json).Errors);
        Assert.Equal("The document has 1048577 bytes; it may have at most 1048576.", error.Message);
        Assert.True(CatalogText.Parse([.. "{}"u8, .. text.AsSpan(0, text.Length - 3)], CatalogFormat.Json).IsValid);
    }

    [Theory(DisplayName = "Bytes that are not UTF-8 are refused with their place")]
    [InlineData(CatalogFormat.Yaml)]
    [InlineData(CatalogFormat.Json)]
    public void Encoding_is_checked(CatalogFormat format)
    {
        byte[] text = [.. "{\n\"é\": \""u8, 0xC3, 0x28, .. "\"}"u8];
        CatalogError error = Assert.Single(CatalogText.Parse(text, format).Errors);
        Assert.Equal(new CatalogError("", new DocumentPosition(2, 7), "The text is not valid UTF-8 here; a catalog is written in UTF-8."), error);
    }

    [Theory(DisplayName = "A byte order mark is no part of the document")]
    [InlineData(CatalogFormat.Yaml)]
    [InlineData(CatalogFormat.Json)]
    public void Byte_order_mark(CatalogFormat format)
    {
        DocumentResult result = CatalogText.Parse([.. Encoding.UTF8.Preamble, .. "{\"a\": 1}"u8], format);
        Assert.Equal(new DocumentPosition(1, 1), result.Root!.Position);
    }

    [Fact(DisplayName = "CAT-1: duplicate members are named together with the document's other errors")]
    public void Duplicates_and_other_errors()
    {
        CatalogResult result = CatalogText.Read("defaultPlan: free\nplans: { free: {} }\ncurrency: EUR\ncurrency: usd\nautocreate: true\n", CatalogFormat.Yaml);
        Assert.Equal(["/currency", "/autocreate"], result.Errors.Select(error => error.Pointer));
    }

    [Fact(DisplayName = "CAT-1: the errors of one answer are bounded")]
    public void Errors_are_bounded()
    {
        string meters = string.Concat(Enumerable.Range(0, 900).Select(i => $"  m{i}: {{ scale: 10 }}\n"));
        CatalogResult result = CatalogText.Read($"meters:\n{meters}defaultPlan: free\nplans: {{ free: {{}} }}\n", CatalogFormat.Yaml);
        Assert.Equal(CatalogBounds.MostErrors + 1, result.Errors.Length);
        Assert.Equal("There are more errors; only the first 500 are named.", result.Errors[^1].Message);
    }

    private static string Errors(DocumentResult result) => string.Join('\n', result.Errors.Select(SpecTable.Text));
}
