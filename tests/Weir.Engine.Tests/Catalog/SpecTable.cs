namespace Weir.Engine.Tests;

/// <summary>
/// A table of catalog fragments and what is wrong with each. A line that is not indented is one member of the catalog, in
/// YAML on one line, that stands in place of (or after) the same member of a small valid catalog; the indented lines
/// under it are all errors that it must give, as <c>pointer line:column message</c>. None means that it is valid.
/// </summary>
internal static class SpecTable
{
    private static readonly (string Key, string Value)[] s_valid =
    [
        ("name", "specs"),
        ("defaultPlan", "free"),
        ("meters", "{ credits: { unit: credit, scale: 2 }, calls: { unit: call }, storage: { unit: byte, kind: level } }"),
        ("events", "{}"),
        ("plans", "{ free: { features: { pro: true }, slots: { job: 1 }, rates: { api: { limit: 5, per: 1m } } } }"),
        ("workspace", "{}"),
        ("prices", "[]"),
    ];

    /// <summary>Rows of a theory: the fragment and its errors, one a line.</summary>
    public static TheoryData<string, string> Rows(string table)
    {
        TheoryData<string, string> rows = [];
        string? fragment = null;
        List<string> errors = [];
        foreach (string line in table.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith(' '))
            {
                errors.Add(line.Trim());
                continue;
            }

            Flush();
            fragment = line;
        }

        Flush();
        return rows;

        void Flush()
        {
            if (fragment is not null)
            {
                rows.Add(fragment, string.Join('\n', errors));
                errors.Clear();
            }
        }
    }

    public static void Check(string fragment, string errors)
    {
        CatalogResult result = CatalogText.Read(Document(fragment), CatalogFormat.Yaml);
        Assert.Equal(errors, Text(result));
        Assert.Equal(errors.Length == 0, result.IsValid);
    }

    /// <summary>The catalog of a fragment that must be valid.</summary>
    public static Catalog Catalog(string fragment)
    {
        CatalogResult result = CatalogText.Read(Document(fragment), CatalogFormat.Yaml);
        Assert.Empty(Text(result));
        return result.Catalog!;
    }

    public static string Text(CatalogResult result) => string.Join('\n', result.Errors.Select(Text));

    public static string Text(CatalogError error) =>
        $"{(error.Pointer.Length == 0 ? "/" : error.Pointer)} {error.Position.Line}:{error.Position.Column} {error.Message}";

    private static string Document(string fragment)
    {
        string key = fragment[..fragment.IndexOf(':', StringComparison.Ordinal)];
        IEnumerable<string> lines = s_valid.Select(member => member.Key == key ? fragment : $"{member.Key}: {member.Value}");
        return string.Join('\n', s_valid.Any(member => member.Key == key) ? lines : lines.Append(fragment));
    }
}
