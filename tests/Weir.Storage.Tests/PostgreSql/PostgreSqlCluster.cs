using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

using Npgsql;

using Weir.PostgreSql;

[assembly: AssemblyFixture(typeof(Weir.Storage.Tests.PostgreSqlClusterEnd))]

namespace Weir.Storage.Tests;

/// <summary>
/// A private PostgreSQL server for the tests of this process: a folder of its own, a socket in it, no port, durable as in production. It is
/// started by the first test that needs it and ended with the process. Every test has a database for itself, copied from one that has been
/// migrated, and meets it as the runtime role.
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
    private readonly string _folder;
    private readonly bool _isRoot = Environment.UserName == "root";
    private readonly Process _server;

    private PostgreSqlCluster()
    {
        _folder = Directory.CreateTempSubdirectory("weir-pg-").FullName;
        string programs = Programs();
        if (_isRoot)
        {
            // The server refuses to run as root; Debian's package brings a user for it.
            Run("chown", ["postgres", _folder]);
        }

        string data = Path.Combine(_folder, "data");
        RunAsServer(Path.Combine(programs, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]);
        _server = StartAsServer(Path.Combine(programs, "postgres"),
        [
            "-D", data, "-k", _folder, "-c", "listen_addresses=", "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "fsync=on", "-c", "log_min_messages=fatal",
            "-c", "deadlock_timeout=200ms",
        ]);
        WaitUntilReady();
        Execute("postgres", $"CREATE ROLE {Owner} LOGIN CREATEROLE", $"CREATE DATABASE {Template} OWNER {Owner}");
        PostgreSqlSchema.MigrateAsync(ConnectionString(Template, Owner), Runtime, null, CancellationToken.None).GetAwaiter().GetResult();
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

    public static void End()
    {
        lock (s_gate)
        {
            s_current?.Dispose();
            s_current = null;
        }
    }

    /// <param name="user">The cluster's superuser, the schema's owner or the runtime role.</param>
    public string ConnectionString(string database, string user) =>
        new NpgsqlConnectionStringBuilder { Host = _folder, Database = database, Username = user, IncludeErrorDetail = true }.ConnectionString;

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
    public void Execute(string database, params string[] statements)
    {
        using NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(ConnectionString(database, "postgres")) { Pooling = false, CommandTimeout = 300 }.ConnectionString);
        connection.Open();
        foreach (string statement in statements)
        {
#pragma warning disable CA2100 // The texts are those of the tests.
            using NpgsqlCommand command = new(statement, connection);
#pragma warning restore CA2100
            command.ExecuteNonQuery();
        }
    }

    public void Dispose()
    {
        // SIGQUIT ends the server at once: nothing of it is kept.
        Run("kill", ["-QUIT", Postmaster().ToString(CultureInfo.InvariantCulture)]);
        _server.WaitForExit();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The server's own process, which may stand behind the one that changes users.</summary>
    private int Postmaster() => int.Parse(File.ReadLines(Path.Combine(_folder, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    private void WaitUntilReady()
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                Execute("postgres", "SELECT 1");
                return;
            }
            catch (NpgsqlException) when (waited.Elapsed < TimeSpan.FromMinutes(1) && !_server.HasExited)
            {
                Thread.Sleep(20);
            }
        }
    }

    /// <summary>The folder of initdb and postgres: Debian keeps them out of the path.</summary>
    private static string Programs()
    {
        string? packaged = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .Where(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int version) && version >= 15 && File.Exists(Path.Combine(folder, "bin", "initdb")))
                .OrderByDescending(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture))
                .Select(folder => Path.Combine(folder, "bin")).FirstOrDefault()
            : null;
        return packaged
            ?? (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")))
            ?? throw new InvalidOperationException("These tests need PostgreSQL 15 or later: install the package 'postgresql'.");
    }

    private void RunAsServer(string program, string[] arguments)
    {
        using Process process = StartAsServer(program, arguments);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} failed.");
    }

    private Process StartAsServer(string program, string[] arguments) => _isRoot ? Start("runuser", ["-u", "postgres", "--", program, .. arguments]) : Start(program, arguments);

    private static void Run(string program, string[] arguments)
    {
        using Process process = Start(program, arguments);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} failed.");
    }

    private static Process Start(string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}

/// <summary>Ends the server when the last test is over.</summary>
public sealed class PostgreSqlClusterEnd : IDisposable
{
    public void Dispose() => PostgreSqlCluster.End();
}
