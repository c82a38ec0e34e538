using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

using Npgsql;

namespace Weir.Storage.Tests;

/// <summary>
/// A private PostgreSQL server: a folder of its own, a socket in it, no port, durable as in production. It can be killed, started again
/// on the same folder, and made to stand still.
/// </summary>
internal sealed class PostgreSqlServer : IDisposable
{
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;
    private const long ImageSize = 400L << 20;

    private readonly bool _isRoot = Environment.UserName == "root";
    private readonly string _programs = Programs();
    private readonly string[] _settings;
    private readonly bool _hasOwnDisk;
    private readonly string? _image;
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private Process? _server;

    /// <param name="settings">Settings of the server beside its own, as <c>name=value</c>.</param>
    public PostgreSqlServer(params string[] settings)
        : this(null, null, settings)
    {
    }

    private PostgreSqlServer(string? disk, string? image, string[] settings)
    {
        _settings = settings;
        _hasOwnDisk = disk is not null;
        _image = image;
        Folder = disk ?? Directory.CreateTempSubdirectory("weir-pg-").FullName;
        if (_isRoot)
        {
            // The server refuses to run as root; Debian's package brings a user for it.
            Run("chown", ["postgres", Folder]);
        }

        RunAsServer(Path.Combine(_programs, "initdb"), ["-D", Data, "-U", "postgres", "-A", "trust", "--encoding=UTF8", "--locale=C", "--no-instructions", .. _hasOwnDisk ? (string[])["--wal-segsize=1"] : []]);
        _server = Launch();
        WaitUntilReady();
    }

    /// <summary>The server's own process has ended.</summary>
    public bool HasEnded => _server is null or { HasExited: true };

    /// <summary>A server on a disk of its own, in memory; null where the machine does not let us make one.</summary>
    /// <param name="megabytes">The disk's size; an empty server takes 45.</param>
    public static PostgreSqlServer? OnADiskOf(int megabytes)
    {
        string folder = Directory.CreateTempSubdirectory("weir-pg-").FullName;
        if (!TryRun("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m,mode=0711", "tmpfs", folder]))
        {
            Directory.Delete(folder);
            return null;
        }

        return new PostgreSqlServer(folder, null, ["min_wal_size=2MB", "max_wal_size=4MB"]);
    }

    /// <summary>A server on a disk that is a file, whose power can be cut; null where the machine does not let us make one.</summary>
    public static PostgreSqlServer? OnAnImage()
    {
        string folder = Directory.CreateTempSubdirectory("weir-pg-").FullName;
        string image = folder + ".img";
        using (FileStream file = File.Create(image))
        {
            file.SetLength(ImageSize);
        }

        if (!TryRun("mkfs.ext4", ["-q", "-F", image]) || !TryRun("mount", ["-o", "loop", image, folder]))
        {
            File.Delete(image);
            Directory.Delete(folder);
            return null;
        }

        Run("chmod", ["0711", folder]);
        return new PostgreSqlServer(folder, image, ["min_wal_size=2MB", "max_wal_size=16MB"]);
    }

    /// <summary>Makes its own disk larger.</summary>
    public void Grow(int megabytes) => Run("mount", ["-o", $"remount,size={megabytes}m", Folder]);

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

    /// <summary>SIGKILL to the server and everything that it started. What it has given to the system still reaches the disk.</summary>
    public void KillAll()
    {
        List<int> processes = SignalAll(Kill);
        _server?.WaitForExit();
        _server?.Dispose();
        _server = null;

        // While one is left, no server starts on the folder.
        while (processes.Exists(IsAlive))
        {
            Thread.Sleep(5);
        }
    }

    /// <summary>The power goes: nobody answers any more, and the disk keeps what has reached it. What the system only remembers is gone.</summary>
    /// <param name="meanwhile">Once nobody answers any more.</param>
    public void CutPower(Action meanwhile)
    {
        Freeze();
        meanwhile();
        string kept = _image + ".kept";
        File.Copy(_image!, kept);
        KillAll();
        Run("umount", [Folder]);
        File.Move(kept, _image!, overwrite: true);
        Run("mount", ["-o", "loop", _image!, Folder]);
        File.Delete(Path.Combine(Data, "postmaster.pid"));
    }

    /// <summary>Starts again on what the disk has, and waits until it has recovered.</summary>
    /// <param name="environment">Of the server from now on, beside what it has.</param>
    public void StartAgain(params (string Name, string Value)[] environment)
    {
        foreach ((string name, string value) in environment)
        {
            _environment[name] = value;
        }

        _server = Launch();
        WaitUntilReady();
    }

    /// <summary>The server's own process and all that it has started so far.</summary>
    public IReadOnlyList<int> Processes()
    {
        int postmaster = Postmaster();
        return [postmaster, .. Children(postmaster)];
    }

    /// <summary>All of its processes stand still: connections stay, nobody answers.</summary>
    public void Freeze() => SignalAll(Stop);

    public void Thaw() => SignalAll(Continue);

    /// <summary>One of the processes that serve connections stands still.</summary>
    public static void Freeze(int backend) => _ = Signal(backend, Stop);

    public static void Thaw(int backend) => _ = Signal(backend, Continue);

    public void Dispose()
    {
        if (!HasEnded)
        {
            // SIGQUIT ends the server at once: nothing of it is kept.
            Run("kill", ["-QUIT", Postmaster().ToString(CultureInfo.InvariantCulture)]);
        }

        _server?.WaitForExit();
        _server?.Dispose();
        if (_hasOwnDisk)
        {
            Run("umount", [Folder]);
        }

        Directory.Delete(Folder, recursive: true);
        if (_image is not null)
        {
            File.Delete(_image);
        }
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
            catch (NpgsqlException) when (waited.Elapsed < TimeSpan.FromMinutes(1) && !HasEnded)
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

    /// <summary>
    /// setpriv becomes the program; runuser would stay beside it, and stop for good once the server is made to stand still. The environment
    /// is the program's alone: a library that setpriv loads as root keeps things that the server may not open.
    /// </summary>
    private Process StartAsServer(string program, string[] arguments)
    {
        string[] command = ["env", .. _environment.Select(one => $"{one.Key}={one.Value}"), program, .. arguments];
        return _isRoot ? Start("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", "--", .. command]) : Start(command[0], command[1..]);
    }

    private static void Run(string program, string[] arguments)
    {
        using Process process = Start(program, arguments);
        End(process, program);
    }

    private static bool TryRun(string program, string[] arguments)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            return false;
        }

        using Process process = Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
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
