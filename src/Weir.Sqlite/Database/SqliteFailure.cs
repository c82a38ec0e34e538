namespace Weir.Sqlite;

/// <summary>What SQLite answered instead of doing what it was asked.</summary>
internal sealed class SqliteFailure(int code, string message) : Exception(message)
{
    private const int Perm = 3;
    private const int Busy = 5;
    private const int NoMemory = 7;
    private const int ReadOnly = 8;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int Protocol = 15;
    private const int NotADatabase = 26;

    /// <summary>The extended result code.</summary>
    public int Code => code;

    /// <summary>Whether it lies with the file, the disk or the machine rather than with what was asked.</summary>
    public bool IsOfTheFile => (Code & 0xFF) is Perm or Busy or NoMemory or ReadOnly or IoError or Corrupt or Full or CannotOpen or Protocol or NotADatabase;

    /// <summary>Whether pages of the file are not what was written.</summary>
    public bool IsDamage => (Code & 0xFF) == Corrupt;

    public StoreUnavailableException AsUnavailable(string path) => new(
        (Code & 0xFF) switch
        {
            Full => $"The disk that holds '{path}' is full. Free some space; nothing that was acknowledged is lost, and what was in flight is repeated with the same ids.",
            ReadOnly or Perm => $"'{path}' cannot be written. Give the program the right to write the file and its folder.",
            Corrupt or NotADatabase => $"'{path}' is not a sound database ({Message}). Put a backup in its place.",
            CannotOpen => $"'{path}' cannot be opened ({Message}). Check the folder, its rights and the limit on open files.",
            _ => $"'{path}' cannot be read or written ({Message}).",
        },
        this);
}
