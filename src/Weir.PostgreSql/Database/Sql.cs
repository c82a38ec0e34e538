using System.Collections.Concurrent;
using System.Text;

namespace Weir.PostgreSql;

/// <summary>The texts of the <c>.sql</c> files beside the code, read once.</summary>
internal static class Sql
{
    public const string MigrationFolder = "Migrations/";

    private static readonly ConcurrentDictionary<string, string> s_texts = new(StringComparer.Ordinal);

    /// <param name="name">
    /// Path in the project without its ending: <c>Ledger/InsertEvents</c>. With <c>{part}</c> in a file, <c>Ledger/SelectEntries:Ledger/RowsAfter</c>
    /// is that file with the text of the other in place of <c>{rows}</c>, and any further one in place of <c>{filters}</c>; a last
    /// <c>:DESC</c> turns its order round. <c>{columns}</c> are those of entries.
    /// </param>
    public static string Load(string name) => s_texts.GetOrAdd(name, static name =>
    {
        string[] parts = name.Split(':');
        if (parts.Length == 1)
        {
            return File(name);
        }

        string direction = parts[^1] == "DESC" ? "DESC" : "ASC";
        return File(parts[0])
            .Replace("{rows}", File(parts[1]), StringComparison.Ordinal)
            .Replace("{filters}", parts.Length > 2 && parts[2] != "DESC" ? File(parts[2]) : "", StringComparison.Ordinal)
            .Replace("{direction}", direction, StringComparison.Ordinal)
            .Replace("{columns}", File("Ledger/EntryColumns"), StringComparison.Ordinal);
    });

    /// <summary>Names of the migrations, oldest first.</summary>
    public static IReadOnlyList<string> Migrations() =>
        [.. typeof(Sql).Assembly.GetManifestResourceNames().Select(name => name.Replace('\\', '/')).Where(name => name.StartsWith(MigrationFolder, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static string File(string name)
    {
        using Stream stream = typeof(Sql).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly has no statement '{name}'.");
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
