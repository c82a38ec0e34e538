using System.Collections.Concurrent;
using System.Text;

namespace Weir.Sqlite;

/// <summary>The texts of the <c>.sql</c> files beside the code, read once.</summary>
internal static class Sql
{
    public const string MigrationFolder = "Migrations/";

    private static readonly ConcurrentDictionary<string, string> s_texts = new(StringComparer.Ordinal);

    /// <param name="name">Path in the project without its ending: <c>Ledger/InsertEvent</c>.</param>
    public static string Load(string name) => s_texts.GetOrAdd(name, static name =>
    {
        using Stream stream = typeof(Sql).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly has no statement '{name}'.");
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    });

    /// <summary>Names of the migrations, oldest first.</summary>
    public static IReadOnlyList<string> Migrations() =>
        [.. typeof(Sql).Assembly.GetManifestResourceNames().Select(name => name.Replace('\\', '/')).Where(name => name.StartsWith(MigrationFolder, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
