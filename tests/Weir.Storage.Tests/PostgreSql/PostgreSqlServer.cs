using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

using Npgsql;

namespace Weir.Storage.Tests;

/// <summary>
/// A private PostgreSQL server: a folder of its own, a socket in it, no port, durable as in production. It can be killed as a power cut
/// does it, started again on the same folder, and made to stand still.
/// </summary>
internal sealed class PostgreSqlServer : IDisposable
{
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;

    private readonly bool _isRoot = Environment.UserName == "root";
    private readonly string _programs = Programs();
    private readonly string[] _settings;
    private Process _server;

    /// <param name="settings">Settings of the server beside its own, as <c>name=value</c>.</param>
    public PostgreSqlServer(params string[] settings)
    {
        _settings = settings;
        Folder = Directory.CreateTempSubdirectory("weir-pg-").FullName;
        if (_isRoot)
        {
            // The server refuses to run as root; Debian's package brings a user for it.
            Run("chown", ["postgres", Folder]);
        }

        RunAsServer(Path.Combine(_programs, "initdb"), ["-D", Data, "-U", "postgres", "-A", "trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]);
        _server = Launch();
        WaitUntilReady();
    }

    /// <summary>Where its socket stands.</summary>
    public string Folder { get; }

    /// <summary>The path of the socket itself.</summary>
    public string Socket => Path.Combine(Folder, ".s.PGSQL.5432");

    private string Data => Path.Combine(Folder, "data");

    /// <param name="user">The superuser is <c>postgres</c>.</param>
    public string ConnectionString(string database, string user) =>
        new NpgsqlConnectionStringBuilder { Host = Folder, Database = database, Username = user, IncludeErrorDetail = true }.ConnectionString;

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

    /// <summary>SIGKILL to the server and everything that it started, as the power goes.</summary>
    public void KillAll()
    {
        List<int> processes = SignalAll(Kill);
        _server.WaitForExit();
        _server.Dispose();

        // While one is left, no server starts on the folder.
        while (processes.Exists(IsAlive))
        {
            Thread.Sleep(5);
        }
    }

    /// <summary>Starts again on what the disk has, and waits until it has recovered.</summary>
    public void StartAgain()
    {
        _server = Launch();
        WaitUntilReady();
    }

    /// <summary>All of its processes stand still: connections stay, nobody answers.</summary>
    public void Freeze() => SignalAll(Stop);

    public void Thaw() => SignalAll(Continue);

    public void Dispose()
    {
        // SIGQUIT ends the server at once: nothing of it is kept.
        Run("kill", ["-QUIT", Postmaster().ToString(CultureInfo.InvariantCulture)]);
        _server.WaitForExit();
        _server.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>The server's own process comes first, so that it makes no further ones meanwhile.</summary>
    private List<int> SignalAll(int signal)
    {
        int postmaster = Postmaster();
        List<int> children = [.. Children(postmaster)];
        _ = Signal(postmaster, signal);
        children = [.. children.Union(Children(postmaster))];
        children.ForEach(child => _ = Signal(child, signal));
        return [postmaster, .. children];
    }

    /// <summary>The server's own process.</summary>
    private int Postmaster() => int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    private static IEnumerable<int> Children(int parent)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int process) && Stat(process) is [_, string of, ..] && of == parent.ToString(CultureInfo.InvariantCulture))
            {
                yield return process;
            }
        }
    }

    /// <summary>State and parent of a process, and more; empty when it is gone.</summary>
    private static string[] Stat(int process)
    {
        try
        {
            string text = File.ReadAllText($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static bool IsAlive(int process) => Stat(process) is [not "Z", ..];

    private Process Launch()
    {
        string[] settings = ["listen_addresses=", "max_connections=300", "shared_buffers=64MB", "fsync=on", "log_min_messages=fatal", "deadlock_timeout=200ms", .. _settings];
        return StartAsServer(Path.Combine(_programs, "postgres"), ["-D", Data, "-k", Folder, .. settings.SelectMany(setting => (string[])["-c", setting])]);
    }

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
        End(process, program);
    }

    /// <summary>setpriv becomes the program; runuser would stay beside it, and stop for good once the server is made to stand still.</summary>
    private Process StartAsServer(string program, string[] arguments) => _isRoot ? Start("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", "--", program, .. arguments]) : Start(program, arguments);

    private static void Run(string program, string[] arguments)
    {
        using Process process = Start(program, arguments);
        End(process, program);
    }

    private static void End(Process process, string program)
    {
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} failed.");
        }
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

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
