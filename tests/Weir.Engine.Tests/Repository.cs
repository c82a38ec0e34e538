namespace Weir.Engine.Tests;

/// <summary>The files of the project, for tests that hold texts together: tables with enums, enums with pages.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static IEnumerable<string> Texts(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories).Select(File.ReadAllText);

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Weir.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"Weir.slnx is in no folder above {AppContext.BaseDirectory}.");
    }
}
