using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>
/// Lets readers see what is committed while its tables have yet to follow: in the writing process from its memory, in one that only
/// reads the file from the journal.
/// </summary>
internal sealed class Overlay(ReaderPool readers, LedgerMemory memory, bool fromJournal)
{
    public async ValueTask<T> ReadAsync<T>(int workspace, Func<Connection, PendingView, T> read, CancellationToken cancellationToken)
    {
        while (true)
        {
            long written = memory.Pending.SlicesWritten;
            T result = await readers.ReadAsync(
                connection =>
                {
                    connection.Prepared("Database/PinSnapshot").Run();
                    return read(connection, new PendingView(connection, workspace, fromJournal ? null : memory.Pending));
                },
                cancellationToken);
            if (memory.Pending.SlicesWritten - written < Pending.Slices - 1)
            {
                return result;
            }

            // So much was written meanwhile that memory may have let go of what the look at the file was too old to see.
        }
    }
}

/// <summary>What one read sees of the pending rows of one workspace.</summary>
internal sealed class PendingView
{
    private readonly Connection _connection;
    private readonly int _workspace;
    private readonly Pending? _memory;
    private readonly long? _firstSequence;
    private readonly Lazy<SortedDictionary<(int, long), AccountChanges>> _journal;

    /// <param name="memory">Null to read the journal.</param>
    public PendingView(Connection connection, int workspace, Pending? memory)
    {
        _connection = connection;
        _workspace = workspace;
        _memory = memory;
        _firstSequence = memory is null ? Journal.Start(connection)?.Sequence : null;
        _journal = new Lazy<SortedDictionary<(int, long), AccountChanges>>(() => Journal.Read(connection));
    }

    public AccountChanges? ChangesOf(long account) =>
        _memory is not null ? _memory.FindAccount(_workspace, account) : _journal.Value.GetValueOrDefault((_workspace, account));

    public IReadOnlyList<long> EventsOf(long account)
    {
        if (_memory is not null)
        {
            return _memory.FindEvents(_workspace, account) ?? [];
        }

        List<long> sequences = [];
        if (_firstSequence is { } first)
        {
            Statement rows = _connection.Prepared("Ledger/UnsettledAccountEvents").Bind(1, _workspace).Bind(2, account).Bind(3, first);
            while (rows.Step())
            {
                sequences.Add(rows.Int64(0));
            }
        }

        return sequences;
    }

    public FoundId? FindId(Digest id)
    {
        if (_memory is null && _firstSequence is { } first
            && _connection.Prepared("Ledger/FindUnsettledId").Bind(1, _workspace).Bind(2, id).Bind(3, first).Scalar() is { } sequence)
        {
            return new FoundId(default, sequence, []);
        }

        return IdRows.Find(_connection, _memory, _workspace, id, asReader: true);
    }

    public AccountState? StateOf(long account, Instant now)
    {
        AccountChanges? changes = ChangesOf(account);
        return AccountRows.Read(_connection, _workspace, account, now) is { } state
            ? RememberedAccount.Of(changes?.ApplyTo(state) ?? state).At(now).State
            : null;
    }
}
