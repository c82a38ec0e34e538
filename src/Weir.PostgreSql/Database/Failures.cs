using System.Data;
using System.Data.Common;
using System.Net.Sockets;

using Npgsql;

namespace Weir.PostgreSql;

/// <summary>What the database answered, or did not answer, instead of doing what it was asked.</summary>
internal static class Failures
{
    /// <summary>idle_in_transaction_session_timeout: the node stood still too long, and the database let its transaction go.</summary>
    private const string IdleInTransaction = "25P03";

    /// <summary>The transaction lost against others; nothing of it stands, and it may be run again as it is.</summary>
    public static bool IsLost(Exception exception) => exception is PostgresException
    {
        SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or IdleInTransaction
    };

    /// <summary>
    /// The other side has closed the connection: the database went down or let a transaction go whose node stood still, perhaps long before
    /// anybody wanted to use the connection. Nothing of a transaction stands whose commit has not been sent, so it may be run again on another
    /// one. A database that does not answer is none of these: who asks it again waits as long again.
    /// </summary>
    public static bool IsCutOff(Exception exception) => exception switch
    {
        PostgresException e => e.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or IdleInTransaction,
        NpgsqlException { InnerException: EndOfStreamException } => true,
        NpgsqlException { InnerException: IOException { InnerException: SocketException e } } => e.SocketErrorCode is SocketError.Shutdown or SocketError.ConnectionReset or SocketError.ConnectionAborted,
        _ => false,
    };

    /// <summary>
    /// Whether something failed because its connection broke under it, although it does not say so: what the driver was about at that moment
    /// decides which exception comes of it. Not where it says so itself.
    /// </summary>
    public static bool IsBroken(Exception exception, NpgsqlConnection connection) =>
        exception is not (DbException or OperationCanceledException or OutOfMemoryException or StoreUnavailableException or StoreConflictException or StoreRefusedException)
            && !connection.FullState.HasFlag(ConnectionState.Open);

    /// <summary>
    /// The driver and the database do not agree any more about a connection that stands: which statements have been prepared on it, or whether
    /// the driver itself has given up its part of it. That would come again with each use, so it is used no more; nothing of a transaction
    /// stands whose commit has not been sent.
    /// </summary>
    public static bool IsOutOfStep(Exception exception) => exception
        is ObjectDisposedException
        or PostgresException { SqlState: PostgresErrorCodes.InvalidSqlStatementName or PostgresErrorCodes.DuplicatePreparedStatement or PostgresErrorCodes.ProtocolViolation };

    /// <summary>A statement ended as one that was cancelled, and whoever wants its answer has not asked for that: it is no more than not answered.</summary>
    public static StoreUnavailableException? AsStrayCancellation(Exception exception, CancellationToken asked) =>
        exception is OperationCanceledException && !asked.IsCancellationRequested
            ? new StoreUnavailableException("A statement was cancelled that nobody had asked to cancel. Repeat with the same ids.", exception)
            : null;

    /// <summary>
    /// Something that was to be written is against a rule of the database: a constraint, the range or the form of a value. Null for others,
    /// also for what is there already: Weir looks for that itself, so only another transaction can have put it there meanwhile.
    /// </summary>
    public static StoreRefusedException? AsRefused(Exception exception) =>
        exception is PostgresException e && (e.SqlState[..2] is "22" or "23") && e.SqlState != PostgresErrorCodes.UniqueViolation
            ? new StoreRefusedException($"The database refuses to keep this ({e.SqlState}: {e.MessageText}); nothing of it was recorded.", e)
            : null;

    /// <summary>As the shell knows it; null for what is a fault of the program.</summary>
    public static StoreUnavailableException? AsUnavailable(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } => new StoreUnavailableException("The database did not get a lock in time: another transaction holds it for long. Repeat with the same ids.", exception),
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => new StoreUnavailableException("The database took too long for a statement and gave it up. Repeat with the same ids.", exception),
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => new StoreUnavailableException("The database's disk is full. Free some space; nothing that was acknowledged is lost.", exception),
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } e => new StoreUnavailableException($"The database refuses the role: {e.MessageText}.", exception),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e => new StoreUnavailableException($"The role lacks a right ({e.MessageText}). Run 'weir migrate' with the owner's connection and --runtime-user.", exception),
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.InvalidCatalogName } e => new StoreUnavailableException($"The database has no schema of Weir ({e.MessageText}). Run 'weir migrate' with the owner's connection.", exception),
        PostgresException e when IsLost(e) => new StoreUnavailableException("The transaction lost against others too often; repeat with the same ids.", exception),
        PostgresException e when e.SqlState.StartsWith("08", StringComparison.Ordinal) || e.SqlState.StartsWith("53", StringComparison.Ordinal)
            || e.SqlState.StartsWith("57P", StringComparison.Ordinal) || e.SqlState.StartsWith("58", StringComparison.Ordinal)
            || e.SqlState.StartsWith("XX", StringComparison.Ordinal) || e.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction => new StoreUnavailableException($"The database cannot be used now ({e.MessageText}).", exception),
        PostgresException => null,
        BrokenConnectionException or NpgsqlException or SocketException or TimeoutException or IOException => new StoreUnavailableException($"The database cannot be reached ({exception.Message}).", exception),
        _ => null,
    };
}

/// <summary>A connection broke while something was done on it.</summary>
internal sealed class BrokenConnectionException(Exception cause) : Exception($"The connection broke: {cause.Message}", cause);
