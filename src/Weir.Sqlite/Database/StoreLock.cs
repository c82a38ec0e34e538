namespace Weir.Sqlite;

/// <summary>
/// Keeps a second process away from the file. It is a lock of the operating system on an open file, so it is gone with the process
/// however that ends.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    private readonly FileStream _file;

    private StoreLock(FileStream file) => _file = file;

    public static string PathOf(string database) => database + ".lock";

    /// <summary>Null when another holds it.</summary>
    public static StoreLock? TryTake(string database)
    {
        try
        {
            return new StoreLock(new FileStream(PathOf(database), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1));
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException or DriveNotFoundException))
        {
            return null;
        }
    }

    // The file stays: deleting it would let two processes hold the locks of two files of one name.
    public void Dispose() => _file.Dispose();
}
