using System.Data;

using NodaTime;

using Npgsql;

namespace Weir.PostgreSql;

/// <summary>The node's connections, and how a transaction runs on one of them.</summary>
internal sealed class Database : IAsyncDisposable
{
    /// <summary>For a look that lasts: its statements read whole tables, and whoever looks computes in between.</summary>
    private static readonly TimeSpan s_longestStatement = TimeSpan.FromHours(1);

    private static readonly TimeSpan s_longestThought = TimeSpan.FromMinutes(1);

    /// <summary>How often a transaction is run again that lost against others.</summary>
    private const int MostAttempts = 10;

    private readonly ConnectionPools _pools;
    private readonly PostgreSqlStoreOptions _options;
    private readonly Canceller _canceller = new();
    private readonly KeptPlans _plans = new(1_024);
    private Moment? _moment;

    public Database(PostgreSqlStoreOptions options)
    {
        _options = options;
        _pools = new ConnectionPools(options);
    }

    /// <summary>With everything that connections of a node have in common.</summary>
    public string ConnectionString => _pools.ConnectionString;

    public TimeProvider? Time => _options.Time;

    /// <summary>The time that stands in place of the database's clock, null for the clock itself.</summary>
    public NpgsqlParameter ClockParameter() => Session.ClockOf(Time);

    /// <summary>
    /// The database as it is at this moment, whatever is written from now on: one connection in one transaction that only reads.
    /// </summary>
    public static ValueTask<Database> FreezeAsync(PostgreSqlStoreOptions options, CancellationToken cancellationToken) =>
        GuardedAsync(
            async () =>
            {
                Database database = new(options with { StatementTimeout = s_longestStatement, IdleInTransactionTimeout = s_longestThought });
                try
                {
                    NpgsqlConnection connection = await database.OpenAsync(cancellationToken);
                    NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
                    database._moment = new Moment(connection, transaction);
                    // The first statement that reads says which moment it is. From before it on no month of the ledger goes: what were carried of it
                    // meanwhile, the moment would not show.
                    await using NpgsqlBatch begin = new(connection, transaction)
                    {
                        BatchCommands = { new("SET TRANSACTION READ ONLY"), Session.Command("Ledger/LockEntries"), new("SELECT count(*) FROM migrations") },
                    };
                    await begin.ExecuteNonQueryAsync(cancellationToken);
                    return database;
                }
                catch
                {
                    await database.DisposeAsync();
                    throw;
                }
            });

    /// <summary>How long the statements of a batch may take, in whole seconds.</summary>
    public int BatchSeconds => ConnectionPools.Seconds(_options.BatchTimeout);

    public async ValueTask DisposeAsync()
    {
        _canceller.Dispose();
        if (_moment is { } moment)
        {
            await moment.DisposeAsync();
        }

        await _pools.DisposeAsync();
    }

    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => FromAsync(_pools.Others, cancellationToken);

    /// <summary>See <see cref="ConnectionPools.Batches"/>.</summary>
    public ValueTask<NpgsqlConnection> OpenForBatchAsync(CancellationToken cancellationToken) => FromAsync(_pools.Batches, cancellationToken);

    /// <summary>What to take a failure for that came while a connection was used. Where the connection is of no use any more, nobody gets it again.</summary>
    public Exception FailureOn(NpgsqlConnection connection, Exception exception)
    {
        if (Failures.IsOutOfStep(exception))
        {
            // One that still stands cannot be taken out alone. The others that lie idle are closed too, and those in use when they come back.
            if (connection.FullState.HasFlag(ConnectionState.Open))
            {
                _pools.Clear();
            }

            return new BrokenConnectionException(exception);
        }

        return Failures.IsBroken(exception, connection) ? new BrokenConnectionException(exception) : exception;
    }

    private async ValueTask<Place> PlaceAsync(CancellationToken cancellationToken)
    {
        if (_moment is not { } moment)
        {
            return new Place(await OpenAsync(cancellationToken), null, null);
        }

        await moment.Free.WaitAsync(cancellationToken);
        return new Place(moment.Connection, moment.Transaction, moment.Free);
    }

    private async Task<T> InPlaceAsync<T>(Func<Place, Task<T>> work, CancellationToken cancellationToken)
    {
        await using Place place = await PlaceAsync(cancellationToken);
        try
        {
            return await work(place);
        }
        catch (Exception e) when (Failures.IsOutOfStep(e) || Failures.IsBroken(e, place.Connection))
        {
            throw FailureOn(place.Connection, e);
        }
    }

    /// <summary>The clock of the database, or the one that stands in its place.</summary>
    public async Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken)
    {
        Instant now = await GuardedAsync(
            stop => InPlaceAsync(place => new Session(place.Connection, place.Transaction, 0, Time, stop).NowAsync(), stop), cancellationToken);
        return now.ToDateTimeOffset();
    }

    /// <summary>Rows of one statement, which sees one state of the database: one round trip.</summary>
    public ValueTask<List<T>> ListAsync<T>(WorkspaceId workspace, string name, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) =>
        TogetherAsync(workspace, session => [session.Own(name, parameters)], (reader, stop) => Session.ReadAllAsync(reader, read, stop), cancellationToken);

    /// <summary>Several statements in one round trip, which is one transaction.</summary>
    /// <param name="read">Reads from the first result of the commands that has rows on, until its token is cancelled.</param>
    /// <param name="byKeys">Whether all that is read is found by keys, as in a batch: then plans are kept.</param>
    public ValueTask<T> TogetherAsync<T>(
        WorkspaceId workspace, Func<Session, IReadOnlyList<NpgsqlBatchCommand>> commands, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken,
        bool byKeys = false) =>
        ReadingAsync(
            stop => InPlaceAsync(
                async place =>
                {
                    Session session = new(place.Connection, place.Transaction, workspace.Value, Time, stop);
                    await using NpgsqlBatch batch = session.Batch();
                    // What is sent together is one transaction, so the workspace is named for the statements after.
                    foreach (NpgsqlBatchCommand command in (IEnumerable<NpgsqlBatchCommand>)[.. Enter(place, session, byKeys), .. commands(session)])
                    {
                        batch.BatchCommands.Add(command);
                    }

                    return await Session.ReadFreelyAsync(
                        batch,
                        async reader =>
                        {
                            await reader.NextResultAsync(stop);
                            return await read(reader, stop);
                        },
                        stop);
                },
                stop),
            cancellationToken);

    public async ValueTask<T?> FindAsync<T>(WorkspaceId workspace, string name, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        List<T> rows = await ListAsync(workspace, name, read, cancellationToken, parameters);
        return rows.Count > 0 ? rows[0] : default;
    }

    /// <summary>
    /// Rows of the log that a follower may take: up to the horizon, which is looked up before the statement that reads begins (LOG-1).
    /// </summary>
    public ValueTask<(long Horizon, List<T> Rows)> FollowAsync<T>(WorkspaceId workspace, string name, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) =>
        ReadingAsync(
            stop => InPlaceAsync(
                async place =>
                {
                    Session session = new(place.Connection, place.Transaction, workspace.Value, Time, stop);
                    await using NpgsqlBatch batch = session.Batch();
                    batch.BatchCommands.Add(session.EnterCommand());
                    // In a moment nothing appears any more, and all that is seen of a transaction is all of it.
                    batch.BatchCommands.Add(Session.Command(place.IsShared ? "Ledger/NoHorizon" : "Ledger/FindHorizon"));
                    batch.BatchCommands.Add(session.Own(name, parameters));
                    return await Session.ReadFreelyAsync(
                        batch,
                        async reader =>
                        {
                            await reader.NextResultAsync(stop);
                            await reader.ReadAsync(stop);
                            long horizon = reader.Long(0);
                            await reader.NextResultAsync(stop);
                            return (horizon, await Session.ReadAllAsync(reader, read, stop));
                        },
                        stop);
                },
                stop),
            cancellationToken);

    /// <summary>Several statements that see the same state of the database.</summary>
    /// <param name="byKeys">See <see cref="TogetherAsync"/>.</param>
    public ValueTask<T> ReadAsync<T>(WorkspaceId workspace, Func<Session, Task<T>> work, CancellationToken cancellationToken, bool byKeys = false) =>
        ReadingAsync(stop => InTransactionAsync(workspace, IsolationLevel.RepeatableRead, work, stop, byKeys: byKeys), cancellationToken);

    /// <summary>
    /// The same for what reads entries of the ledger. They are locked against a month's going before the state is chosen: whoever chose it
    /// first and waited then would find nothing of what stays of the month, because it is put back as something newer.
    /// </summary>
    /// <param name="byKeys">See <see cref="TogetherAsync"/>.</param>
    public ValueTask<T> ReadEntriesAsync<T>(WorkspaceId workspace, Func<Session, Task<T>> work, CancellationToken cancellationToken, bool byKeys = false) =>
        ReadingAsync(stop => InTransactionAsync(workspace, IsolationLevel.RepeatableRead, work, stop, before: "Ledger/LockEntries", byKeys: byKeys), cancellationToken);

    /// <summary>A transaction that writes. It is run again when it lost against another one, or was cut off before its commit; nothing of it stands then.</summary>
    public ValueTask<T> WriteAsync<T>(WorkspaceId workspace, Func<Session, Task<T>> work, CancellationToken cancellationToken) =>
        GuardedAsync(
            async stop =>
            {
                for (int attempt = 1; ; attempt++)
                {
                    bool isSent = false;
                    try
                    {
                        return await InTransactionAsync(workspace, IsolationLevel.ReadCommitted, work, stop, () => isSent = true);
                    }
                    catch (Exception e) when (attempt < MostAttempts && (Failures.IsLost(e) || (!isSent && IsCutOff(e, attempt))))
                    {
                        await Task.Delay(Random.Shared.Next(1, 10 * attempt), stop);
                    }
                }
            },
            cancellationToken);

    private ValueTask<NpgsqlConnection> FromAsync(NpgsqlDataSource pool, CancellationToken cancellationToken) =>
        _moment is null ? pool.OpenConnectionAsync(cancellationToken) : throw new InvalidOperationException("A look at one moment does not write.");

    private Task<T> InTransactionAsync<T>(
        WorkspaceId workspace, IsolationLevel isolation, Func<Session, Task<T>> work, CancellationToken cancellationToken, Action? committing = null, string? before = null, bool byKeys = false) =>
        InPlaceAsync(place => InTransactionAsync(place, workspace, isolation, work, committing, before, byKeys, cancellationToken), cancellationToken);

    private async Task<T> InTransactionAsync<T>(
        Place place, WorkspaceId workspace, IsolationLevel isolation, Func<Session, Task<T>> work, Action? committing, string? before, bool byKeys, CancellationToken cancellationToken)
    {
        if (place.Transaction is { } standing)
        {
            Session look = new(place.Connection, standing, workspace.Value, Time, cancellationToken);
            await look.RunAllAsync([look.EnterCommand()]);
            return await work(look);
        }

        await using NpgsqlTransaction transaction = await place.Connection.BeginTransactionAsync(isolation, cancellationToken);
        Session session = new(place.Connection, transaction, workspace.Value, Time, cancellationToken);
        await session.RunAllAsync([.. before is null ? (NpgsqlBatchCommand[])[] : [Session.Command(before)], .. Enter(place, session, byKeys)]);
        T result = await work(session);

        // A commit that has begun is not cancelled.
        committing?.Invoke();
        await transaction.CommitAsync(CancellationToken.None);
        return result;
    }

    /// <summary>Names the workspace to the database. The last of the statements is the only one with a result.</summary>
    private IEnumerable<NpgsqlBatchCommand> Enter(Place place, Session session, bool byKeys)
    {
        // What others do in the same transaction is planned as they want it.
        bool keepsPlans = byKeys && !place.IsShared;
        if (keepsPlans && _plans.AreOld(place.Connection.ProcessID))
        {
            yield return Session.Command("Database/ForgetPlans");
        }

        yield return session.EnterCommand(keepsPlans ? "Database/EnterByKeys" : "Database/EnterWorkspace");
    }

    /// <summary>What only reads is read again on another connection when the first was cut off.</summary>
    private ValueTask<T> ReadingAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        GuardedAsync(
            async stop =>
            {
                for (int attempt = 1; ; attempt++)
                {
                    try
                    {
                        return await work(stop);
                    }
                    catch (Exception e) when (_moment is null && attempt < MostAttempts && IsCutOff(e, attempt))
                    {
                        // There may be many in the pool that were cut off with it: none of them is used twice.
                    }
                }
            },
            cancellationToken);

    /// <summary>What broke its connection may do so each time: once more, and no more.</summary>
    private static bool IsCutOff(Exception exception, int attempt) => exception is BrokenConnectionException ? attempt == 1 : Failures.IsCutOff(exception);

    private async ValueTask<T> GuardedAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await GuardedAsync(() => _canceller.RunAsync(work, cancellationToken));
        }
        catch (Exception e) when (Failures.AsStrayCancellation(e, cancellationToken) is not null)
        {
            throw Failures.AsStrayCancellation(e, cancellationToken)!;
        }
    }

    private static async ValueTask<T> GuardedAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (Failures.AsUnavailable(e) is not null)
        {
            throw Failures.AsUnavailable(e)!;
        }
    }

    /// <summary>A connection for one use: a free one, or the one that stays in its transaction, by turns.</summary>
    private readonly struct Place(NpgsqlConnection connection, NpgsqlTransaction? transaction, SemaphoreSlim? turn) : IAsyncDisposable
    {
        public NpgsqlConnection Connection => connection;

        /// <summary>The transaction that stands open on it already.</summary>
        public NpgsqlTransaction? Transaction => transaction;

        public bool IsShared => turn is not null;

        public ValueTask DisposeAsync()
        {
            if (turn is null)
            {
                return connection.DisposeAsync();
            }

            turn.Release();
            return ValueTask.CompletedTask;
        }
    }

    private sealed record Moment(NpgsqlConnection Connection, NpgsqlTransaction Transaction) : IAsyncDisposable
    {
        public SemaphoreSlim Free { get; } = new(1, 1);

        public async ValueTask DisposeAsync()
        {
            await Transaction.DisposeAsync();
            await Connection.DisposeAsync();
            Free.Dispose();
        }
    }
}
