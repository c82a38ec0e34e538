using System.Runtime.InteropServices;
using System.Text;

namespace Weir.Sqlite;

/// <summary>
/// A prepared statement that lives as long as its connection. Parameters are numbered from 1, columns from 0. It is used by one
/// thread at a time, and reset after each use. Numbers stay bound over a reset; texts and blobs must be bound again.
/// </summary>
internal sealed unsafe class Statement : IDisposable
{
    private const int ArenaLength = 8 * 1024;
    private const int NullType = 5;

    private readonly Connection _connection;

    // Pinned, so that SQLite reads texts and blobs where they were encoded instead of copying each of them.
    private readonly byte[] _arena = GC.AllocateUninitializedArray<byte>(ArenaLength, pinned: true);
    private readonly byte* _arenaStart;
    private nint _handle;
    private int _used;

    // Bit i: parameter i is null. Absent values are the rule in many columns and need no call again.
    private ulong _nulls = ulong.MaxValue;

    public Statement(Connection connection, string sql)
    {
        _connection = connection;
        _arenaStart = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_arena, 0);
        byte[] text = Encoding.UTF8.GetBytes(sql);
        fixed (byte* start = text)
        {
            connection.Check(Native.Prepare(connection.Handle, start, text.Length, Native.PreparePersistent, out _handle, out _));
        }
    }

    public Statement Bind(int index, long value)
    {
        _nulls &= ~(1UL << index);
        _connection.Check(Native.BindInt64(_handle, index, value));
        return this;
    }

    public Statement Bind(int index, long? value) => value is { } given ? Bind(index, given) : BindNull(index);

    public Statement Bind(int index, bool value) => Bind(index, value ? 1L : 0L);

    public Statement BindNull(int index)
    {
        if ((_nulls & (1UL << index)) == 0)
        {
            _nulls |= 1UL << index;
            _connection.Check(Native.BindNull(_handle, index));
        }

        return this;
    }

    public Statement Bind(int index, string? value)
    {
        if (value is null)
        {
            return BindNull(index);
        }

        _nulls &= ~(1UL << index);
        if (value.Length * 3 <= ArenaLength - _used)
        {
            byte* start = _arenaStart + _used;
            int length = Encoding.UTF8.GetBytes(value, new Span<byte>(start, ArenaLength - _used));
            _used += length;
            _connection.Check(Native.BindText(_handle, index, start, length, Native.Static));
            return this;
        }

        byte[] large = Encoding.UTF8.GetBytes(value);
        fixed (byte* start = large)
        {
            _connection.Check(Native.BindText(_handle, index, start, large.Length, Native.Transient));
        }

        return this;
    }

    public Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        _nulls &= ~(1UL << index);
        if (value.Length <= ArenaLength - _used)
        {
            byte* start = _arenaStart + _used;
            value.CopyTo(new Span<byte>(start, value.Length));
            _used += value.Length;
            _connection.Check(Native.BindBlob(_handle, index, start, value.Length, Native.Static));
            return this;
        }

        fixed (byte* start = value)
        {
            _connection.Check(Native.BindBlob(_handle, index, start, value.Length, Native.Transient));
        }

        return this;
    }

    /// <summary>UTF-8 that stands as text in the file, so that people and SQL's JSON functions can read it.</summary>
    public Statement BindUtf8(int index, ReadOnlySpan<byte> value)
    {
        _nulls &= ~(1UL << index);
        if (value.Length <= ArenaLength - _used)
        {
            byte* start = _arenaStart + _used;
            value.CopyTo(new Span<byte>(start, value.Length));
            _used += value.Length;
            _connection.Check(Native.BindText(_handle, index, start, value.Length, Native.Static));
            return this;
        }

        fixed (byte* start = value)
        {
            _connection.Check(Native.BindText(_handle, index, start, value.Length, Native.Transient));
        }

        return this;
    }

    public Statement Bind(int index, Digest value)
    {
        Span<byte> bytes = stackalloc byte[Digest.Length];
        value.CopyTo(bytes);
        return Bind(index, bytes);
    }

    /// <summary>True when there is a row to read; false at the end, after which the statement may be used again.</summary>
    public bool Step()
    {
        int result = Native.Step(_handle);
        if (result == Native.Row)
        {
            return true;
        }

        if (result == Native.Done)
        {
            Reset();
            return false;
        }

        SqliteFailure failure = _connection.FailureOf(result);
        Reset();
        throw failure;
    }

    /// <summary>Runs to the end, whatever rows there are.</summary>
    public void Run()
    {
        while (Step())
        {
        }
    }

    /// <summary>The first column of the one row, or null when there is none.</summary>
    public long? Scalar()
    {
        if (!Step())
        {
            return null;
        }

        long? value = Int64OrNull(0);
        Reset();
        return value;
    }

    public void Reset()
    {
        _ = Native.Reset(_handle);
        _used = 0;
    }

    public bool IsNull(int column) => Native.ColumnType(_handle, column) == NullType;

    public long Int64(int column) => Native.ColumnInt64(_handle, column);

    public int Int32(int column) => checked((int)Int64(column));

    public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    public string? TextOrNull(int column)
    {
        byte* start = Native.ColumnText(_handle, column);
        return start is null ? null : Encoding.UTF8.GetString(start, Native.ColumnBytes(_handle, column));
    }

    public string Text(int column) => TextOrNull(column) ?? throw new InvalidDataException("A column that must have a text has none.");

    /// <summary>Bytes of a text or blob; they are gone with the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column)
    {
        byte* start = Native.ColumnBlob(_handle, column);
        return start is null ? default : new ReadOnlySpan<byte>(start, Native.ColumnBytes(_handle, column));
    }

    public Digest Sha256(int column) => Digest.FromBytes(Bytes(column));

    public void Dispose()
    {
        if (_handle != 0)
        {
            _ = Native.Finish(_handle);
            _handle = 0;
        }
    }
}
