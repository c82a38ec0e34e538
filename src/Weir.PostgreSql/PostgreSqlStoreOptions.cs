using System.ComponentModel.DataAnnotations;

using Npgsql;

namespace Weir.PostgreSql;

/// <summary>How a node uses the database.</summary>
public sealed record PostgreSqlStoreOptions
{
    public const int DefaultConnections = 32;

    public const int DefaultBatches = 3;

    /// <summary>As Npgsql takes it, for the runtime role: <c>Host=db;Database=weir;Username=weir_runtime;Password=…;SSL Mode=VerifyFull</c>.</summary>
    [Required]
    public required string ConnectionString { get; init; }

    /// <summary>
    /// For development: the role may own the schema, or be a superuser, and brings the schema up to date by itself. Row-level security does
    /// not hold a superuser back.
    /// </summary>
    public bool InsecureOwner { get; init; }

    /// <summary>Connections of this node at the most; further callers wait.</summary>
    [Range(2, 1_000)]
    public int Connections { get; init; } = DefaultConnections;

    /// <summary>
    /// Batches of this node that are under way at once: while one waits for the database, the next is decided. The commands of one account are
    /// never in two of them. Each has one of the <see cref="Connections"/> to itself; one at least is left for everything else.
    /// </summary>
    [Range(1, 32)]
    public int Batches { get; init; } = DefaultBatches;

    internal int MostBatches => Math.Max(1, Math.Min(Batches, Connections - 1));

    /// <summary>How long to wait for a connection, be it one that comes free or a new one; unless the connection string says it (<c>Timeout</c>).</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long each step of a batch before its commit (to lock and read, to write) may take until the node gives the connection up. It is
    /// above <see cref="LockTimeout"/>, which the database answers by itself. A commit that has begun is waited for as long as any statement.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan BatchTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After how long the database gives up a statement.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a statement waits for a lock of another.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// After how long the database takes its locks from a node that stands still in the middle of a transaction. Others may have to wait so
    /// long for each of its <see cref="Batches"/>, one after the other: a batch of it that waited for their locks gets them, and sits on them.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan IdleInTransactionTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Which database it is, without what is secret: <c>weir on db.example as weir_runtime</c>.</summary>
    /// <exception cref="ArgumentException">The connection string cannot be read; the message says what of it.</exception>
    public string Target
    {
        get
        {
            NpgsqlConnectionStringBuilder settings = new(ConnectionString);
            return $"{settings.Database ?? settings.Username} on {settings.Host} as {settings.Username}";
        }
    }

    /// <summary>The clock in place of the database's. Only for tests: node clocks decide nothing (TX-3).</summary>
    internal TimeProvider? Time { get; init; }
}
