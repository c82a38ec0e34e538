using System.Collections.Concurrent;

namespace Weir.Sqlite;

/// <summary>The connections that read. Each use sees one committed state of the file from its beginning to its end.</summary>
internal sealed class ReaderPool(string path, int size) : IDisposable
{
    private readonly ConcurrentBag<Connection> _free = [];
    private readonly SemaphoreSlim _places = new(size, size);
    private volatile bool _closed;

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
                connection = Connection.OpenReader(path);
            }

            connection.Execute("BEGIN");
            T result = read(connection);
            connection.Execute("COMMIT");
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
