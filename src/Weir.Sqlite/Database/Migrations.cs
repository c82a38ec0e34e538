using System.Globalization;

namespace Weir.Sqlite;

/// <summary>Brings a file to the shape that this program knows. Each migration is one numbered file and runs once, whole or not at all.</summary>
internal static class Migrations
{
    /// <summary>From this step on programs overwrite with zeros what they delete.</summary>
    private const int Zeroing = 8;

    /// <summary>The number of the newest migration that this program has.</summary>
    public static int Newest => NumberOf(Sql.Migrations()[^1]);

    /// <exception cref="StoreUnavailableException">A newer program has migrated the file.</exception>
    public static void Run(Connection connection, string path, long now)
    {
        connection.Execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT");
        int reached = Reached(connection);
        Refuse(reached, path);
        foreach (string name in Sql.Migrations())
        {
            if (NumberOf(name) > reached)
            {
                connection.Execute("BEGIN IMMEDIATE");
                connection.Execute(Sql.Load(name));
                connection.Prepared("Database/InsertMigration").Bind(1, NumberOf(name)).Bind(2, name[Sql.MigrationFolder.Length..]).Bind(3, now).Run();
                connection.Execute("COMMIT");
            }
        }

        if (reached is > 0 and < Zeroing)
        {
            // Programs before did not overwrite what they deleted: nothing of it is taken along.
            connection.Execute("VACUUM");
            connection.TryEmptyLog();
        }
    }

    /// <summary>Whether a file that is only read has the shape that this program knows.</summary>
    public static void Verify(Connection connection, string path)
    {
        if (connection.Prepared("Database/CountTables").Scalar() == 0)
        {
            throw new StoreUnavailableException($"'{path}' is not a database of Weir.");
        }

        int reached = Reached(connection);
        Refuse(reached, path);
        if (reached < Newest)
        {
            throw new StoreUnavailableException($"'{path}' was made by an older program (step {reached}; this one reads step {Newest}). Start the server on it once, which brings it up to date.");
        }
    }

    /// <summary>The number of the newest migration that the file has had.</summary>
    public static int Reached(Connection connection) => (int)(connection.Prepared("Database/LastMigration").Scalar() ?? 0);

    private static void Refuse(int reached, string path)
    {
        if (reached > Newest)
        {
            throw new StoreUnavailableException($"'{path}' was made by a newer program (step {reached}; this one knows {Newest}). Use that program or a later one.");
        }
    }

    private static int NumberOf(string name) => int.Parse(name.AsSpan(Sql.MigrationFolder.Length, 4), NumberStyles.None, CultureInfo.InvariantCulture);
}
