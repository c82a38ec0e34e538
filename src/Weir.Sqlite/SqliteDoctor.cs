using System.Globalization;

namespace Weir.Sqlite;

/// <summary>
/// Looks at the file of a server, running or stopped, and at the folder and the disk that it stands on. It changes nothing.
/// </summary>
public static class SqliteDoctor
{
    private const long Mebibyte = 1L << 20;

    /// <summary>Of the file itself as much again is needed now and then, as when it is written anew.</summary>
    private const long LeastFree = 256 * Mebibyte;

    private const long FullDisk = 32 * Mebibyte;

    private const long LargeLog = 1024 * Mebibyte;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private static readonly string[] s_inMemory = ["tmpfs", "ramfs"];

    private static readonly string[] s_overNetwork = ["nfs", "nfs4", "cifs", "smbfs", "smb2", "smb3", "9p", "afs", "fuse.sshfs", "fuse.s3fs", "fuse.glusterfs", "fuse.rclone"];

    /// <param name="path">Of the database file.</param>
    public static Examination Examine(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string full = Path.GetFullPath(path);
        string subject = $"{full}: SQLite";
        List<Finding> findings = [];
        if (!File.Exists(full))
        {
            findings.Add(new Finding(FindingLevel.Fault, "file", $"there is no database '{full}'", "name the folder of a server, or start one there"));
            return new Examination(subject, findings);
        }

        DriveInfo disk = new(Path.GetDirectoryName(full)!);
        findings.AddRange(Place(full, disk.DriveFormat));
        findings.AddRange(Space(disk.AvailableFreeSpace, new FileInfo(full).Length));
        findings.AddRange(Log(new FileInfo(full + "-wal")));
        findings.AddRange(Modes(full));
        try
        {
            using Connection connection = Connection.OpenReader(full);
            int reached = connection.Prepared("Database/CountTables").Scalar() == 0 ? 0 : Migrations.Reached(connection);
            subject = string.Create(CultureInfo.InvariantCulture, $"{subject}, schema at step {reached}");
            findings.AddRange(Schema(full, reached));
            findings.AddRange(Soundness(connection));
        }
        catch (SqliteFailure failure) when (failure.IsDamage)
        {
            findings.Add(Damaged(failure.Message));
        }
        catch (SqliteFailure failure)
        {
            findings.Add(new Finding(FindingLevel.Fault, "file", failure.AsUnavailable(full).Message.TrimEnd('.'), "a server cannot read it either; keep a copy of the folder before anything else"));
        }

        return new Examination(subject, [.. findings.OrderByDescending(finding => finding.Level)]);
    }

    /// <param name="format">The file system's name, as the operating system calls it.</param>
    internal static IEnumerable<Finding> Place(string path, string format)
    {
        if (s_inMemory.Contains(format, StringComparer.Ordinal))
        {
            yield return new Finding(FindingLevel.Fault, "memory", $"'{path}' lies in memory ({format}): what is acknowledged is gone with the machine", "move the folder to a disk");
        }
        else if (s_overNetwork.Contains(format, StringComparer.Ordinal))
        {
            yield return new Finding(
                FindingLevel.Fault, "network", $"'{path}' lies on another machine ({format}), where locks and flushes may not mean what they say", "move the folder to a disk of this machine, or use PostgreSQL");
        }
    }

    /// <param name="free">Bytes.</param>
    /// <param name="size">Of the database, in bytes.</param>
    internal static IEnumerable<Finding> Space(long free, long size)
    {
        if (free < FullDisk)
        {
            yield return new Finding(FindingLevel.Fault, "disk_space", $"the disk has {Text(free)} left", "free some space: commits fail when it is full");
        }
        else if (free < Math.Max(LeastFree, size))
        {
            yield return new Finding(FindingLevel.Warning, "disk_space", $"the disk has {Text(free)} left, and the database has {Text(size)}", "keep as much free as the database is large");
        }
    }

    internal static IEnumerable<Finding> Log(FileInfo log)
    {
        if (log.Exists && log.Length > LargeLog)
        {
            yield return new Finding(
                FindingLevel.Warning, "log_size", $"the write-ahead log has {Text(log.Length)}: somebody has been reading the same state for long, or the server was killed under load",
                "end exports, backups and SQL tools that stand on the file; the next start of a server works the log off");
        }
    }

    private static IEnumerable<Finding> Modes(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            yield break;
        }

        // Nobody reaches a file through a folder that is shut.
        string folder = Path.GetDirectoryName(path)!;
        if ((File.GetUnixFileMode(path) & Others) != UnixFileMode.None && (File.GetUnixFileMode(folder) & (UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None)
        {
            yield return new Finding(FindingLevel.Warning, "file_mode", $"others on this machine may read or write '{path}', which has names and hashes of keys", $"chmod 700 '{folder}'");
        }
    }

    private static IEnumerable<Finding> Schema(string path, int reached)
    {
        if (reached == 0)
        {
            yield return new Finding(FindingLevel.Fault, "schema", $"'{path}' is not a database of Weir", "name the folder of a server");
        }
        else if (reached > Migrations.Newest)
        {
            yield return new Finding(
                FindingLevel.Fault, "schema", string.Create(CultureInfo.InvariantCulture, $"the file is at step {reached}, and this program knows step {Migrations.Newest}"), "use the program that made it, or a later one");
        }
        else if (reached < Migrations.Newest)
        {
            yield return new Finding(
                FindingLevel.Warning, "schema", string.Create(CultureInfo.InvariantCulture, $"the file is at step {reached}, and this program brings it to step {Migrations.Newest} when it starts"), "copy the folder before that");
        }
    }

    private static IEnumerable<Finding> Soundness(Connection connection)
    {
        Statement check = connection.PreparedText("PRAGMA quick_check(10)", static sql => sql, "PRAGMA quick_check(10)");
        List<string> told = [];
        while (check.Step())
        {
            told.Add(check.Text(0));
        }

        check.Reset();
        return told is ["ok"] ? [] : told.Select(Damaged);
    }

    private static Finding Damaged(string how) => new(
        FindingLevel.Fault, "integrity", $"the file is damaged: {how.ReplaceLineEndings(" ")}", "stop the server, copy the folder, and put a backup in its place; do not trust the disk");

    private static string Text(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / Mebibyte} MiB");
}
