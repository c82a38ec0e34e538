using System.Collections.Concurrent;

namespace Weir.Sqlite;

/// <summary>The connections that read. Each use sees one committed state of the file from its beginning to its end.</summary>
/// <param name="path">Path of the database.</param>
/// <param name="size">Connections at the same time.</param>
/// <param name="pinned">All uses together see one state, that of the first: there is then one connection, which stays in its transaction.</param>
internal sealed class ReaderPool(string path, int size, bool pinned = false) : IDisposable
{
    private readonly ConcurrentBag<Connection> _free = [];
    private readonly SemaphoreSlim _places = pinned ? new(1, 1) : new(size, size);
    private volatile bool _closed;
    private bool _pinned;

    public async ValueTask<T> ReadAsync<T>(Func<Connection, T> read, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return Read(read);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose()
    {
        _closed = true;
        while (_free.TryTake(out Connection? connection))
        {
            connection.Dispose();
        }
    }

    private T Read<T>(Func<Connection, T> read)
    {
        ObjectDisposedException.ThrowIf(_closed, typeof(SqliteStore));
        Connection? connection = null;
        try
        {
            if (!_free.TryTake(out connection))
            {
                connection = _pinned
                    ? throw new StoreUnavailableException($"The look at '{path}' was lost; begin again.")
                    : Connection.OpenReader(path);
                connection.Execute("BEGIN");
                _pinned = pinned;
            }
            else if (!pinned)
            {
                connection.Execute("BEGIN");
            }

            T result = read(connection);
            if (!pinned)
            {
                connection.Execute("COMMIT");
            }

            if (_closed)
            {
                connection.Dispose();
            }
            else
            {
                _free.Add(connection);
            }

            return result;
        }
        catch (Exception e)
        {
            // Whatever it was, a fresh connection is cheaper than to find out how this one stands.
            connection?.Dispose();
            if (e is SqliteFailure { IsOfTheFile: true } failure)
            {
                throw failure.AsUnavailable(path);
            }

            throw;
        }
    }
}
