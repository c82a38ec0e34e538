using System.Globalization;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>
/// The one connection that writes and checkpoints, used by one caller at a time. When the file fails it, it is given up and opened anew
/// before the next write: what a failed commit left behind is then read from the file, like after a crash.
/// </summary>
internal sealed class Writer(SqliteStoreOptions options, TimeProvider time, LedgerMemory memory) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private Connection? _connection;
    private StoreLock? _lock;
    private bool _closed;

    /// <summary>Takes the lock and opens the file; migrates it and works off what an earlier run left.</summary>
    public void Open()
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(options.Path)) is { } folder)
            {
                Directory.CreateDirectory(folder);
            }

            _lock = StoreLock.TryTake(options.Path) ?? throw new StoreUnavailableException(DescribeOwner());
            Connect();
        }
        catch (Exception e)
        {
            _lock?.Dispose();
            _lock = null;
            switch (e)
            {
                case SqliteFailure failure:
                    throw failure.AsUnavailable(options.Path);
                case UnauthorizedAccessException or IOException:
                    throw new StoreUnavailableException($"'{options.Path}' cannot be opened: {e.Message}", e);
                default:
                    throw;
            }
        }
    }

    public bool IsReadOnly => options.ReadOnly;

    public StoreUnavailableException ReadOnlyRefusal() => new($"'{options.Path}' is open to be read only.");

    public async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        if (IsReadOnly)
        {
            throw ReadOnlyRefusal();
        }

        await _gate.WaitAsync(cancellationToken);
    }

    public void Leave() => _gate.Release();

    /// <summary>The connection, inside a new transaction. Between <see cref="EnterAsync"/> and <see cref="Leave"/>.</summary>
    public Connection Begin()
    {
        ObjectDisposedException.ThrowIf(_closed, typeof(SqliteStore));
        try
        {
            Connection connection = _connection ?? Connect();
            connection.Begin();
            return connection;
        }
        catch (SqliteFailure failure)
        {
            throw Translate(failure) ?? (Exception)failure;
        }
    }

    /// <summary>Gives up the transaction after an exception. Returns the one to throw in its place, or null to let it pass.</summary>
    public StoreUnavailableException? Translate(Exception exception)
    {
        try
        {
            _connection?.Rollback();
        }
        catch (SqliteFailure)
        {
            Break();
        }

        if (exception is SqliteFailure { IsOfTheFile: true } failure)
        {
            Break();
            return failure.AsUnavailable(options.Path);
        }

        return null;
    }

    public void Rollback() => Translate(new OperationCanceledException());

    /// <summary>One small transaction.</summary>
    /// <param name="committed">Runs after the commit, before the next transaction: what is remembered changes in the order of the commits.</param>
    public async ValueTask<T> WriteAsync<T>(Func<Connection, T> write, CancellationToken cancellationToken, Action<T>? committed = null)
    {
        await EnterAsync(cancellationToken);
        try
        {
            Connection connection = Begin();
            try
            {
                T result = write(connection);
                connection.Commit();
                committed?.Invoke(result);
                return result;
            }
            catch (Exception e)
            {
                if (Translate(e) is { } unavailable)
                {
                    throw unavailable;
                }

                throw;
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Moves the whole log into the database and leaves it empty; false while a reader needs it.</summary>
    public async ValueTask<bool> TryEmptyLogAsync(CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteStore));
            return (_connection ?? Connect()).TryEmptyLog();
        }
        catch (SqliteFailure failure)
        {
            throw Translate(failure) ?? (Exception)failure;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Runs a statement outside of any transaction, for tests of what the file does under pressure.</summary>
    internal async Task ExecuteAsync(string sql)
    {
        await EnterAsync(CancellationToken.None);
        try
        {
            (_connection ?? Connect()).Execute(sql);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Waits for the running transaction, brings every table up to date and lets the file go.</summary>
    public void Dispose()
    {
        _gate.Wait();
        try
        {
            if (_connection is { } connection)
            {
                try
                {
                    Journal.Settle(connection);
                }
                catch (SqliteFailure)
                {
                    // The next start works off the journal.
                }

                Break();
            }

            _lock?.Dispose();
            _lock = null;
            _closed = true;
        }
        finally
        {
            _gate.Release();
        }
    }

    private Connection Connect()
    {
        Connection connection = Connection.OpenWriter(options);
        try
        {
            Migrations.Run(connection, options.Path, Clock.ToMicros(Instant.FromDateTimeOffset(time.GetUtcNow())));
            connection.Prepared("Database/WriteOwner").Bind(1, Environment.ProcessId).Bind(2, Environment.MachineName)
                .Bind(3, Clock.ToMicros(Instant.FromDateTimeOffset(time.GetUtcNow()))).Run();
            Journal.Settle(connection);
            memory.Restart(connection);
            return _connection = connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Break()
    {
        _connection?.Dispose();
        _connection = null;
    }

    private string DescribeOwner()
    {
        string owner = "another process";
        try
        {
            using Connection reader = Connection.OpenReader(options.Path);
            Statement row = reader.Prepared("Database/ReadOwner");
            if (row.Step())
            {
                string since = Clock.FromMicros(row.Int64(2)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
                owner = $"process {row.Int64(0)} on {row.Text(1)} (since {since} UTC)";
            }
        }
        catch (SqliteFailure)
        {
            // It may be about to make the file; then there is no more to say.
        }

        return $"'{options.Path}' is in use by {owner}. One process at a time writes it: stop that one, or speak to it through its address (--url).";
    }
}
