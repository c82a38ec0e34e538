using System.ComponentModel.DataAnnotations;

namespace Weir.Sqlite;

/// <summary>How the embedded store keeps its file. Everything that it holds in memory is bounded here.</summary>
public sealed record SqliteStoreOptions
{
    public const int DefaultRememberedAccounts = 100_000;
    public const int DefaultRememberedAliases = 200_000;
    public const int DefaultReaders = 8;
    public const int DefaultCheckpointPages = 16_384;
    public const int DefaultCacheMebibytes = 64;
    public const int DefaultSliceRows = 512;

    /// <summary>Path of the database. Its folder is made; beside it stand the files that SQLite keeps, and the lock.</summary>
    [Required]
    public required string Path { get; init; }

    /// <summary>
    /// Opens the file as it stands: no lock is taken, nothing is migrated, every write is refused. It works while a server runs on it, and
    /// all reads see the state at the moment of opening.
    /// </summary>
    public bool ReadOnly { get; init; }

    /// <summary>Accounts whose state is kept in memory; the others are read when they are needed.</summary>
    [Range(16, 10_000_000)]
    public int RememberedAccounts { get; init; } = DefaultRememberedAccounts;

    /// <summary>Users, campaigns and keys whose ids are kept in memory.</summary>
    [Range(16, 10_000_000)]
    public int RememberedAliases { get; init; } = DefaultRememberedAliases;

    /// <summary>Connections that read at the same time; further readers wait.</summary>
    [Range(1, 256)]
    public int Readers { get; init; } = DefaultReaders;

    /// <summary>Pages (of 4,096 bytes) that the write-ahead log gathers before they are moved into the database.</summary>
    [Range(100, 1_000_000)]
    public int CheckpointPages { get; init; } = DefaultCheckpointPages;

    /// <summary>Page cache of the connection that writes.</summary>
    [Range(1, 65_536)]
    public int CacheMebibytes { get; init; } = DefaultCacheMebibytes;

    /// <summary>
    /// Events, or accounts, that are committed before one slice of what is found by random keys is written. More of them share each page
    /// that a slice changes; 256 times as many may wait in memory and are worked off by the first start after a crash.
    /// </summary>
    [Range(1, 65_536)]
    public int SliceRows { get; init; } = DefaultSliceRows;
}
