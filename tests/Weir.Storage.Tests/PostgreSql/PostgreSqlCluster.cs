using System.Collections.Concurrent;
using System.Globalization;

using Weir.PostgreSql;

[assembly: AssemblyFixture(typeof(Weir.Storage.Tests.PostgreSqlClusterEnd))]

namespace Weir.Storage.Tests;

/// <summary>
/// The PostgreSQL server for the tests of this process. It is started by the first test that needs it and ended with the process. Every
/// test has a database for itself, copied from one that has been migrated, and meets it as the runtime role.
/// </summary>
internal sealed class PostgreSqlCluster : IDisposable
{
    public const string Owner = "weir_owner";
    public const string Runtime = "weir_runtime";

    private const string Template = "weir_template";

    private static readonly Lock s_gate = new();
    private static PostgreSqlCluster? s_current;
    private static int s_databases;

    private readonly ConcurrentBag<string> _free = [];
    private readonly PostgreSqlServer _server;

    private PostgreSqlCluster(params string[] settings)
    {
        _server = new PostgreSqlServer(settings);
        try
        {
            Execute("postgres", $"CREATE ROLE {Owner} LOGIN CREATEROLE", $"CREATE DATABASE {Template} OWNER {Owner}");
            PostgreSqlSchema.MigrateAsync(ConnectionString(Template, Owner), Runtime, null, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch
        {
            _server.Dispose();
            throw;
        }
    }

    public static PostgreSqlCluster Current
    {
        get
        {
            lock (s_gate)
            {
                return s_current ??= new PostgreSqlCluster();
            }
        }
    }

    /// <summary>A further server, for settings that concern all of one. Whoever starts it ends it.</summary>
    /// <param name="settings">As in postgresql.conf: <c>fsync=off</c>.</param>
    public static PostgreSqlCluster StartAnother(params string[] settings) => new(settings);

    public static void End()
    {
        lock (s_gate)
        {
            s_current?.Dispose();
            s_current = null;
        }
    }

    /// <param name="user">The cluster's superuser, the schema's owner or the runtime role.</param>
    public string ConnectionString(string database, string user) => _server.ConnectionString(database, user);

    /// <summary>A database with the schema and nothing in it. It is given back when the test is over.</summary>
    public string Rent()
    {
        if (_free.TryTake(out string? free))
        {
            return free;
        }

        string name = "test_" + Interlocked.Increment(ref s_databases).ToString(CultureInfo.InvariantCulture);
        Execute("postgres", $"CREATE DATABASE {name} TEMPLATE {Template} OWNER {Owner}");
        return name;
    }

    /// <summary>
    /// Empties a database for the next test: to delete the few rows of a test costs the disk less than a new database. Whoever is still
    /// connected is a test's own leftover and is let go of.
    /// </summary>
    public void GiveBack(string database)
    {
        Execute(
            database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
            """
            DO $$
            DECLARE
              filled regclass;
            BEGIN
              FOR filled IN SELECT oid FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations' LOOP
                EXECUTE format('DELETE FROM %s', filled);
              END LOOP;
            END
            $$
            """);
        _free.Add(database);
    }

    /// <summary>A new database without anything.</summary>
    public string NewEmptyDatabase()
    {
        string name = "test_" + Interlocked.Increment(ref s_databases).ToString(CultureInfo.InvariantCulture);
        Execute("postgres", $"CREATE DATABASE {name} OWNER {Owner}");
        return name;
    }

    public void Drop(string database) => Execute("postgres", $"DROP DATABASE {database} WITH (FORCE)");

    /// <summary>Runs statements as the superuser, each in a transaction of its own.</summary>
    public void Execute(string database, params string[] statements) => _server.Execute(database, statements);

    public void Dispose() => _server.Dispose();
}

/// <summary>Ends the server when the last test is over.</summary>
public sealed class PostgreSqlClusterEnd : IDisposable
{
    public void Dispose() => PostgreSqlCluster.End();
}
