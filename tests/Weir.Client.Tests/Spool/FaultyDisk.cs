namespace Weir.Client.Tests;

/// <summary>The machine's disk, which fails when a test says so and counts what it was asked for.</summary>
internal sealed class FaultyDisk : ISpoolDisk
{
    private readonly LocalDisk _disk = new();
    private int _syncs;

    public bool SyncFails { get; set; }

    public bool FolderSyncFails { get; set; }

    /// <summary>Every write leaves half of its bytes, and says that there is no space left.</summary>
    public bool IsFull { get; set; }

    public bool CutFails { get; set; }

    public bool CreateFails { get; set; }

    /// <summary>Called inside each sync, before it takes effect.</summary>
    public Action? Syncing { get; set; }

    public int Syncs => Volatile.Read(ref _syncs);

    public ISpoolFile Create(string path) => CreateFails ? throw new IOException("The disk is gone.") : new FaultyFile(this, _disk.Create(path));

    public void SyncFolder(string path)
    {
        if (FolderSyncFails)
        {
            throw new IOException("The folder is not kept.");
        }

        _disk.SyncFolder(path);
    }

    private sealed class FaultyFile(FaultyDisk disk, ISpoolFile file) : ISpoolFile
    {
        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (disk.IsFull)
            {
                file.Write(bytes[..(bytes.Length / 2)], offset);
                throw new IOException("No space left on device", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);
            }

            file.Write(bytes, offset);
        }

        public void Sync()
        {
            Interlocked.Increment(ref disk._syncs);
            disk.Syncing?.Invoke();
            if (disk.SyncFails)
            {
                throw new IOException("Input/output error", 5);
            }

            file.Sync();
        }

        public void SetLength(long length)
        {
            if (disk.CutFails)
            {
                throw new IOException("Input/output error", 5);
            }

            file.SetLength(length);
        }

        public void Dispose() => file.Dispose();
    }
}

/// <summary>A spool in a folder of its own, without a server.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("weir-spool-");
    private readonly ClientInstruments _instruments = new();

    public SpoolOptions Options { get; } = new();

    public FaultyDisk Disk { get; } = new();

    public string Folder => Path.Combine(_root.FullName, "spool");

    public string Quarantine => Path.Combine(Folder, "quarantine");

    public Bench() => Options.Folder = Folder;

    public SpoolStore Open() => new(Options, Disk, _instruments, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    public static ReadOnlyMemory<byte>[] Records(params string[] texts) => [.. texts.Select(text => (ReadOnlyMemory<byte>)System.Text.Encoding.UTF8.GetBytes(text))];

    /// <summary>Takes everything out, as a delivery that never fails does.</summary>
    public static List<string> Drain(SpoolStore store)
    {
        List<string> all = [];
        while (store.Next(10) is { } batch)
        {
            all.AddRange(batch.Records.Select(record => System.Text.Encoding.UTF8.GetString(record.Span)));
            store.Advance(batch, 0);
        }

        return all;
    }

    public IEnumerable<string> Lanes() => Directory.EnumerateDirectories(Folder, "lane-*");

    public IEnumerable<string> Segments() => Lanes().SelectMany(lane => Directory.EnumerateFiles(lane)).Order(StringComparer.Ordinal);

    public ValueTask DisposeAsync()
    {
        _instruments.Dispose();
        _root.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
