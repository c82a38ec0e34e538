using System.Data;
using System.Globalization;

using Npgsql;

namespace Weir.PostgreSql;

/// <summary>The node's connections, and how a transaction runs on one of them.</summary>
internal sealed class Database : IAsyncDisposable
{
    /// <summary>How often a transaction is run again that lost against others.</summary>
    private const int MostAttempts = 10;

    /// <summary>
    /// Statements are planned for the tables as they are. A plan that was made while a table was nearly empty reads all of it where it should
    /// search an index, and a kept one stays until the table is analysed: minutes, in which a batch takes a hundred times as long.
    /// Batches keep theirs all the same, because they only search by keys (Ledger/EnterBatch). An index is searched, not a table read, where
    /// that is about as cheap on a disk without a moving head, and nothing that Weir asks is worth compiling.
    /// </summary>
    private const string Planning = "-c plan_cache_mode=force_custom_plan -c random_page_cost=1.1 -c jit=off";

    private readonly NpgsqlDataSource _source;
    private readonly PostgreSqlStoreOptions _options;

    public Database(PostgreSqlStoreOptions options)
    {
        _options = options;
        NpgsqlConnectionStringBuilder settings = new(options.ConnectionString);
        string own = string.Create(CultureInfo.InvariantCulture,
            $"-c statement_timeout={options.StatementTimeout.TotalMilliseconds:0} -c lock_timeout={options.LockTimeout.TotalMilliseconds:0} -c idle_in_transaction_session_timeout={options.IdleInTransactionTimeout.TotalMilliseconds:0} {Planning}");
        settings.Options = string.IsNullOrEmpty(settings.Options) ? own : $"{settings.Options} {own}";
        settings.SearchPath = PostgreSqlSchema.Name;
        settings.MaxPoolSize = options.Connections;
        settings.MaxAutoPrepare = 200;
        settings.AutoPrepareMinUsages = 2;
        settings.ApplicationName ??= "weir";
        settings.TcpKeepAlive = true;
        settings.CommandTimeout = (int)Math.Ceiling(options.StatementTimeout.TotalSeconds) + 5;
        ConnectionString = settings.ConnectionString;
        NpgsqlDataSourceBuilder builder = new(ConnectionString);
        _source = builder.Build();
    }

    /// <summary>With everything that connections of a node have in common.</summary>
    public string ConnectionString { get; }

    public TimeProvider? Time => _options.Time;

    /// <summary>The time that stands in place of the database's clock, null for the clock itself.</summary>
    public NpgsqlParameter ClockParameter() => Session.ClockOf(Time);

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _source.OpenConnectionAsync(cancellationToken);

    /// <summary>Rows of one statement, which sees one state of the database: one round trip.</summary>
    public ValueTask<List<T>> ListAsync<T>(WorkspaceId workspace, string name, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) =>
        GuardedAsync(
            async () =>
            {
                await using NpgsqlConnection connection = await OpenAsync(cancellationToken);
                Session session = new(connection, null, workspace.Value, Time, cancellationToken);
                // What is sent together is one transaction, so the workspace is named for the statement after.
                await using NpgsqlBatch batch = session.Batch();
                batch.BatchCommands.Add(session.EnterCommand());
                batch.BatchCommands.Add(session.Own(name, parameters));
                await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
                await reader.NextResultAsync(cancellationToken);
                return await Session.ReadAllAsync(reader, read, cancellationToken);
            });

    /// <summary>Several statements in one round trip, which is one transaction.</summary>
    /// <param name="read">Reads from the first result that has rows on.</param>
    public ValueTask<T> TogetherAsync<T>(WorkspaceId workspace, Func<Session, IReadOnlyList<NpgsqlBatchCommand>> commands, Func<NpgsqlDataReader, Task<T>> read, CancellationToken cancellationToken) =>
        GuardedAsync(
            async () =>
            {
                await using NpgsqlConnection connection = await OpenAsync(cancellationToken);
                Session session = new(connection, null, workspace.Value, Time, cancellationToken);
                await using NpgsqlBatch batch = session.Batch();
                batch.BatchCommands.Add(session.EnterCommand());
                foreach (NpgsqlBatchCommand command in commands(session))
                {
                    batch.BatchCommands.Add(command);
                }

                await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
                await reader.NextResultAsync(cancellationToken);
                return await read(reader);
            });

    public async ValueTask<T?> FindAsync<T>(WorkspaceId workspace, string name, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        List<T> rows = await ListAsync(workspace, name, read, cancellationToken, parameters);
        return rows.Count > 0 ? rows[0] : default;
    }

    /// <summary>
    /// Rows of the log that a follower may take: up to the horizon, which is looked up before the statement that reads begins (LOG-1).
    /// </summary>
    public ValueTask<(long Horizon, List<T> Rows)> FollowAsync<T>(WorkspaceId workspace, string name, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) =>
        GuardedAsync(
            async () =>
            {
                await using NpgsqlConnection connection = await OpenAsync(cancellationToken);
                Session session = new(connection, null, workspace.Value, Time, cancellationToken);
                await using NpgsqlBatch batch = session.Batch();
                batch.BatchCommands.Add(session.EnterCommand());
                batch.BatchCommands.Add(Session.Command("Ledger/FindHorizon"));
                batch.BatchCommands.Add(session.Own(name, parameters));
                await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
                await reader.NextResultAsync(cancellationToken);
                await reader.ReadAsync(cancellationToken);
                long horizon = reader.Long(0);
                await reader.NextResultAsync(cancellationToken);
                return (horizon, await Session.ReadAllAsync(reader, read, cancellationToken));
            });

    /// <summary>Several statements that see the same state of the database.</summary>
    public ValueTask<T> ReadAsync<T>(WorkspaceId workspace, Func<Session, Task<T>> work, CancellationToken cancellationToken) =>
        GuardedAsync(() => InTransactionAsync(workspace, IsolationLevel.RepeatableRead, work, cancellationToken));

    /// <summary>A transaction that writes. It is run again when it lost against another one; nothing of it stands then.</summary>
    public ValueTask<T> WriteAsync<T>(WorkspaceId workspace, Func<Session, Task<T>> work, CancellationToken cancellationToken) =>
        GuardedAsync(
            async () =>
            {
                for (int attempt = 1; ; attempt++)
                {
                    try
                    {
                        return await InTransactionAsync(workspace, IsolationLevel.ReadCommitted, work, cancellationToken);
                    }
                    catch (PostgresException e) when (Failures.IsLost(e) && attempt < MostAttempts)
                    {
                        await Task.Delay(Random.Shared.Next(1, 10 * attempt), cancellationToken);
                    }
                }
            });

    private async Task<T> InTransactionAsync<T>(WorkspaceId workspace, IsolationLevel isolation, Func<Session, Task<T>> work, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await OpenAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(isolation, cancellationToken);
        Session session = new(connection, transaction, workspace.Value, Time, cancellationToken);
        await session.RunAllAsync([session.EnterCommand()]);
        T result = await work(session);

        // A commit that has begun is not cancelled.
        await transaction.CommitAsync(CancellationToken.None);
        return result;
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
}
