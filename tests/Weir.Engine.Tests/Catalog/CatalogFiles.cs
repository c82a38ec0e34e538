namespace Weir.Engine.Tests;

/// <summary>The catalogs of the five systems, as they are in <c>catalogs/</c>.</summary>
internal static class CatalogFiles
{
    public static IEnumerable<string> Names => ["productions", "nexa", "creative-ai", "diagrams", "transcription"];

    public static string Text(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "catalogs", $"{name}.yaml"));

    /// <summary>The catalog of a file, which must be valid.</summary>
    public static Catalog Read(string name)
    {
        CatalogResult result = CatalogText.Read(Text(name), CatalogFormat.Yaml);
        Assert.Equal("", SpecTable.Text(result));
        return result.Catalog!;
    }
}
