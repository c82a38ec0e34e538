using System.Diagnostics;
using System.Globalization;

using Npgsql;

namespace Weir.Benchmarks;

/// <summary>A private PostgreSQL server: a folder of its own, a socket in it, no port, durable as in production; gone afterwards.</summary>
internal sealed class PostgreSqlServer : IAsyncDisposable
{
    public const string Superuser = "postgres";
    public const string Owner = "weir_owner";
    public const string Runtime = "weir_runtime";

    /// <summary>The processor time of other processes is counted in hundredths of a second.</summary>
    public const int TicksPerSecond = 100;

    private readonly bool _isRoot = Environment.UserName == "root";
    private readonly Process _server;

    private PostgreSqlServer(bool withStatements)
    {
        Folder = Directory.CreateTempSubdirectory("weir-bench-pg-").FullName;
        string programs = Programs();
        if (_isRoot)
        {
            // The server refuses to run as root; Debian's package brings a user for it.
            Finish(Start("chown", ["postgres", Folder]));
        }

        string data = Path.Combine(Folder, "data");
        Finish(StartAsServer(Path.Combine(programs, "initdb"), ["-D", data, "-U", Superuser, "-A", "trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]));
        _server = StartAsServer(Path.Combine(programs, "postgres"),
        [
            "-D", data, "-k", Folder, "-c", "listen_addresses=", "-c", "max_connections=400", "-c", "shared_buffers=512MB", "-c", "max_wal_size=8GB", "-c", "fsync=on",
            "-c", "log_min_messages=fatal", .. withStatements ? ["-c", "shared_preload_libraries=pg_stat_statements"] : Array.Empty<string>(),
        ]);
    }

    public string Folder { get; }

    /// <param name="withStatements">Whether the server keeps books on its statements (pg_stat_statements), which costs it a little.</param>
    public static async Task<PostgreSqlServer> StartAsync(bool withStatements)
    {
        PostgreSqlServer server = new(withStatements);
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await server.RunAsync("postgres", Superuser, $"CREATE ROLE {Owner} LOGIN CREATEROLE");
                return server;
            }
            catch (NpgsqlException) when (waited.Elapsed < TimeSpan.FromMinutes(1) && !server._server.HasExited)
            {
                await Task.Delay(20);
            }
        }
    }

    public string ConnectionString(string database, string user) =>
        new NpgsqlConnectionStringBuilder { Host = Folder, Database = database, Username = user }.ConnectionString;

    /// <summary>A database with the schema of Weir, made by its owner; the nodes use it as the runtime role.</summary>
    public async Task<string> NewDatabaseAsync(string name)
    {
        await RunAsync("postgres", Superuser, $"CREATE DATABASE {name} OWNER {Owner}");
        await PostgreSql.PostgreSqlSchema.MigrateAsync(ConnectionString(name, Owner), Runtime, null, CancellationToken.None);
        return ConnectionString(name, Runtime);
    }

    public async Task<NpgsqlConnection> ConnectAsync(string database, string user)
    {
        NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(ConnectionString(database, user)) { Pooling = false, CommandTimeout = 0 }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async Task RunAsync(string database, string user, params string[] statements)
    {
        await using NpgsqlConnection connection = await ConnectAsync(database, user);
        foreach (string statement in statements)
        {
#pragma warning disable CA2100 // The texts are the benchmark's own.
            await using NpgsqlCommand command = new(statement, connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Processor time of all processes of the server until now, those that have ended too.</summary>
    public TimeSpan ProcessorTime()
    {
        int postmaster = Postmaster();
        long ticks = 0;
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                // After the name of the program in brackets: its state, its parent; then from the 12th on user, system, and those of its ended children.
                string stat = File.ReadAllText(Path.Combine(folder, "stat"));
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                bool isPostmaster = Path.GetFileName(folder) == postmaster.ToString(CultureInfo.InvariantCulture);
                if (isPostmaster || fields[1] == postmaster.ToString(CultureInfo.InvariantCulture))
                {
                    ticks += fields[11..(isPostmaster ? 15 : 13)].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It has ended in the meantime.
            }
        }

        return TimeSpan.FromSeconds((double)ticks / TicksPerSecond);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();

        // SIGQUIT ends the server at once: nothing of it is kept.
        Finish(Start("kill", ["-QUIT", Postmaster().ToString(CultureInfo.InvariantCulture)]));
        await _server.WaitForExitAsync();
        _server.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>For how long the processors have had nothing to do since the machine started, all of them together.</summary>
    public static TimeSpan IdleTime() =>
        TimeSpan.FromSeconds(File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[4..6].Sum(field => long.Parse(field, CultureInfo.InvariantCulture)) / (double)TicksPerSecond);

    /// <summary>The server's own process, which may stand behind the one that changes users.</summary>
    private int Postmaster() => int.Parse(File.ReadLines(Path.Combine(Folder, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>The folder of initdb and postgres: Debian keeps them out of the path.</summary>
    private static string Programs()
    {
        IEnumerable<string> packaged = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(folder => Path.Combine(folder, "bin")) : [];
        return packaged.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")))
            ?? throw new InvalidOperationException("This benchmark needs PostgreSQL 15 or later with pgbench (Debian: apt-get install postgresql postgresql-contrib).");
    }

    private Process StartAsServer(string program, string[] arguments) => _isRoot ? Start("runuser", ["-u", "postgres", "--", program, .. arguments]) : Start(program, arguments);

    private static Process Start(string program, string[] arguments)
    {
        Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static void Finish(Process process)
    {
        using (process)
        {
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{process.StartInfo.FileName} failed.");
            }
        }
    }
}
