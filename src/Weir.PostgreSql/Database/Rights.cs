namespace Weir.PostgreSql;

/// <summary>The rights on tables that <c>Database/Grants.sql</c> gives the runtime role.</summary>
internal static class Rights
{
    /// <summary>For a right on some of a table's columns.</summary>
    private const string OfColumns = " OF COLUMNS";

    private const string To = " TO {runtime}";

    /// <summary>Table by table, in the order of the file; a right on columns as <c>UPDATE OF COLUMNS</c>.</summary>
    public static IReadOnlyList<(string Table, string Right)> Granted { get; } =
        [.. Sql.Load("Database/Grants").Split(';', StringSplitOptions.TrimEntries).Where(text => text.StartsWith("GRANT ", StringComparison.Ordinal)).SelectMany(Read)];

    private static IEnumerable<(string, string)> Read(string grant)
    {
        string[] parts = grant["GRANT ".Length..grant.LastIndexOf(To, StringComparison.Ordinal)].Split(" ON", 2, StringSplitOptions.TrimEntries);
        // Schemas and functions are named as such; sequences have the right USAGE, which tables have not.
        if (parts[1].Any(char.IsAsciiLetterUpper) || parts[0].Contains("USAGE", StringComparison.Ordinal))
        {
            return [];
        }

        bool ofColumns = parts[0].Contains('(', StringComparison.Ordinal);
        return from right in ofColumns ? [parts[0].Split(' ')[0] + OfColumns] : parts[0].Split(',', StringSplitOptions.TrimEntries)
               from table in parts[1].Split(',', StringSplitOptions.TrimEntries)
               select (table, right);
    }
}
