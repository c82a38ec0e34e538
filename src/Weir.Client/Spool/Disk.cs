using System.ComponentModel;
using System.Runtime.InteropServices;

using Microsoft.Win32.SafeHandles;

namespace Weir.Client;

/// <summary>What the spool asks of a disk when it writes. Tests put a failing one in its place.</summary>
internal interface ISpoolDisk
{
    /// <summary>A new file, only for this user.</summary>
    ISpoolFile Create(string path);

    /// <summary>Makes the names in a folder durable.</summary>
    void SyncFolder(string path);
}

internal interface ISpoolFile : IDisposable
{
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Returns only when what was written is on the disk.</summary>
    void Sync();

    void SetLength(long length);
}

/// <summary>The disk of this machine.</summary>
internal sealed class LocalDisk : ISpoolDisk
{
    public ISpoolFile Create(string path) => new LocalFile(path);

    public void SyncFolder(string path) => DiskSync.Folder(path);

    private sealed class LocalFile : ISpoolFile
    {
        private readonly FileStream _stream;

        public LocalFile(string path)
        {
            FileStreamOptions options = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            _stream = new FileStream(path, options);
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(_stream.SafeFileHandle, bytes, offset);

        public void Sync() => DiskSync.File(_stream.SafeFileHandle);

        public void SetLength(long length) => RandomAccess.SetLength(_stream.SafeFileHandle, length);

        public void Dispose() => _stream.Dispose();
    }
}

/// <summary>
/// Asks the operating system itself to make a file durable: the runtime's own flush returns normally on Linux when the system call has
/// failed.
/// </summary>
internal static partial class DiskSync
{
    private const int Interrupted = 4;
    private const int FullSync = 51;

    public static void File(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
            Succeed(FlushFileBuffers(file));
        }
        else if (OperatingSystem.IsMacOS())
        {
            // fsync alone leaves the data in the drive's cache there. Some file systems know only fsync.
            if (Control(file, FullSync) < 0)
            {
                Succeed(Sync(file) == 0);
            }
        }
        else
        {
            int result;
            do
            {
                result = SyncData(file);
            }
            while (result < 0 && Marshal.GetLastPInvokeError() == Interrupted);
            Succeed(result == 0);
        }
    }

    /// <summary>Windows keeps names with the file.</summary>
    public static void Folder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int folder = Open(path, 0);
        Succeed(folder >= 0);
        try
        {
            Succeed(Sync(folder) == 0);
        }
        finally
        {
            _ = Close(folder);
        }
    }

    private static void Succeed(bool success)
    {
        if (!success)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"The disk did not keep what was written: {new Win32Exception(error).Message}");
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FlushFileBuffers(SafeFileHandle file);
}
