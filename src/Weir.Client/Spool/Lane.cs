namespace Weir.Client;

/// <summary>
/// One process's part of the spool: a folder of segment files, and beside it a file whose lock of the operating system says that the
/// process lives. Names are never used again, so a lock that was won on a file of that name belongs to that folder.
/// </summary>
internal sealed class Lane : IDisposable
{
    private const string Extension = ".lock";

    private readonly FileStream _lock;

    private Lane(string folder, FileStream taken)
    {
        Folder = folder;
        _lock = taken;
    }

    public string Folder { get; }

    public string Name => Path.GetFileName(Folder);

    public static Lane Create(string spool, ISpoolDisk disk)
    {
        string folder = Path.Combine(spool, "lane-" + Guid.CreateVersion7().ToString("N"));
        // The lock comes first: a folder without a living lock is an orphan.
        FileStream taken = new(folder + Extension, OptionsOf(FileMode.CreateNew));
        try
        {
            Private.CreateFolder(folder);
            disk.SyncFolder(spool);
            return new Lane(folder, taken);
        }
        catch
        {
            taken.Dispose();
            File.Delete(folder + Extension);
            throw;
        }
    }

    /// <summary>The lanes of processes that have ended; they are this process's now.</summary>
    public static IEnumerable<Lane> TakeOrphans(string spool)
    {
        foreach (string path in Directory.EnumerateFiles(spool, "lane-*" + Extension).Order(StringComparer.Ordinal))
        {
            string folder = path[..^Extension.Length];
            FileStream? taken = TryLock(path);
            if (taken is null)
            {
                continue;
            }

            if (Directory.Exists(folder))
            {
                yield return new Lane(folder, taken);
            }
            else
            {
                // Its process ended between the two.
                Remove(path, taken);
            }
        }
    }

    /// <summary>The segments, oldest first.</summary>
    public IEnumerable<string> Segments() => Directory.EnumerateFiles(Folder, "*" + SpoolSegment.Extension).Order(StringComparer.Ordinal);

    /// <summary>Takes the lane away with all that is left in it; it has been delivered.</summary>
    public void Delete()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }

        Remove(Folder + Extension, _lock);
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, OptionsOf(FileMode.Open));
        }
        catch (IOException)
        {
            // Held, or just taken away.
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Remove(string path, FileStream taken)
    {
        // While the lock is held nobody can think that the lane lives on.
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path);
            taken.Dispose();
        }
        else
        {
            taken.Dispose();
            File.Delete(path);
        }
    }

    private static FileStreamOptions OptionsOf(FileMode mode)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode == FileMode.CreateNew)
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }
}

/// <summary>Usage names people: what keeps it is only for the user that runs the process.</summary>
internal static class Private
{
    /// <summary>A folder that is there after a power cut too, with the folders above it that were missing.</summary>
    public static void CreateDurableFolder(string path, ISpoolDisk disk)
    {
        if (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } parent)
        {
            CreateDurableFolder(parent, disk);
            CreateFolder(path);
            disk.SyncFolder(parent);
        }
    }

    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
