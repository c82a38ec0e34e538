namespace Weir.Sqlite;

/// <summary>
/// What is committed in the journal and the log, and not yet in the tables that are found by random keys. The key space lies in slices;
/// whenever so many rows have come, a commit writes the next slice, in turn. When every slice has been written after a commit, everything
/// of that commit has arrived. Only the writer changes it, after its commit.
/// </summary>
/// <remarks>
/// A reader first looks at the file and then here. What the file lacked by then is here: still pending, or written since, which stays
/// here until its slice is written the next time. A look at the file must not be older than that (<see cref="SlicesWritten"/>).
/// </remarks>
/// <param name="sliceRows">Rows that come before a slice is written.</param>
internal sealed class Pending(int sliceRows)
{
    public const int Slices = 256;

    private readonly Lock _gate = new();
    private readonly PendingIndex _ids = new();
    private readonly PendingIndex _accountEvents = new();
    private readonly Dictionary<(int Workspace, long Account), AccountChanges>[] _accounts = NewSlices();
    private readonly Dictionary<(int Workspace, long Account), AccountChanges>[] _writtenAccounts = NewSlices();

    // The commit that wrote each slice last. The next in turn is the one that was written the longest time ago.
    private readonly long[] _writtenBy = new long[Slices];
    private int _next;
    private int _rows;
    private long _slicesWritten;

    /// <summary>How many slices have been written, one as often as it was.</summary>
    public long SlicesWritten => Volatile.Read(ref _slicesWritten);

    /// <summary>Ids of accounts and first bits of hashes are random; account 0 and low numbers fall into the first slice.</summary>
    public static int SliceOf(long key) => (int)((key >> 55) & (Slices - 1));

    public static long HashOf(Digest id) => unchecked((long)(ulong)(id.High >> 64));

    /// <summary>Events or denials (below zero) that may have an id with these first bits.</summary>
    /// <param name="withWritten">For readers, whose look at the file may be older than what is pending.</param>
    public List<long>? FindId(int workspace, long hash, bool withWritten) => Find(_ids, workspace, hash, withWritten);

    /// <summary>Sequence numbers of the account's events.</summary>
    public List<long>? FindEvents(int workspace, long account) => Find(_accountEvents, workspace, account, withWritten: true);

    /// <summary>A copy of what the tables may lack of an account, or null.</summary>
    public AccountChanges? FindAccount(int workspace, long account)
    {
        int slice = SliceOf(account);
        lock (_gate)
        {
            AccountChanges? found = null;
            if (_writtenAccounts[slice].TryGetValue((workspace, account), out AccountChanges? written))
            {
                (found ??= new AccountChanges()).Add(written);
            }

            if (_accounts[slice].TryGetValue((workspace, account), out AccountChanges? pending))
            {
                (found ??= new AccountChanges()).Add(pending);
            }

            return found;
        }
    }

    /// <summary>How many slices a commit with these writes has to write.</summary>
    public int SlicesDue(LedgerWrites writes) => Math.Min(Slices, (_rows + WeightOf(writes)) / sliceRows);

    /// <summary>The newest commit of which everything has arrived once a commit has written so many slices.</summary>
    public long ArrivedAfter(int slices, long commit) => (slices == Slices ? commit : _writtenBy[(_next + slices) % Slices]) - 1;

    /// <summary>Writes the next slices, which only the writer changes. They stay pending until <see cref="Commit"/>.</summary>
    public void WriteSlices(Connection connection, int count)
    {
        for (int i = 0; i < count; i++)
        {
            WriteSlice(connection, (_next + i) % Slices);
        }
    }

    /// <summary>Takes a commit over: its slices have been written, its rows are pending now.</summary>
    public void Commit(long commit, int slices, int workspace, LedgerWrites writes, long firstSequence, long firstDenial)
    {
        lock (_gate)
        {
            for (int i = 0; i < slices; i++)
            {
                Wrote(_next, commit);
                _next = (_next + 1) % Slices;
            }

            _rows = slices == Slices ? 0 : _rows + WeightOf(writes) - (slices * sliceRows);
            for (int i = 0; i < writes.Rows.Count; i++)
            {
                LedgerRow row = writes.Rows[i];
                if (row.Id is { } id)
                {
                    _ids.Add(workspace, HashOf(id), firstSequence + i);
                }

                _accountEvents.Add(workspace, row.Entry.Account, firstSequence + i);
            }

            for (int i = 0; i < writes.Denials.Count; i++)
            {
                _ids.Add(workspace, HashOf(writes.Denials[i].Id), -(firstDenial + i));
            }

            foreach (AccountWrite write in writes.Accounts)
            {
                long id = write.State.Account.Id;
                Dictionary<(int, long), AccountChanges> accounts = _accounts[SliceOf(id)];
                if (!accounts.TryGetValue((workspace, id), out AccountChanges? changes))
                {
                    accounts.Add((workspace, id), changes = new AccountChanges());
                }

                changes.Add(write);
            }
        }
    }

    /// <summary>Forgets entries that have gone, so that nothing that leads to them is written any more.</summary>
    public void Forget(int workspace, IReadOnlyCollection<(long Hash, long Account, long Sequence, bool HasId)> entries)
    {
        lock (_gate)
        {
            foreach ((long hash, long account, long sequence, bool hasId) in entries)
            {
                if (hasId)
                {
                    _ids.Forget(workspace, hash, sequence);
                }

                _accountEvents.Forget(workspace, account, sequence);
            }
        }
    }

    /// <summary>Forgets everything: the tables have all of it.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _ids.Clear();
            _accountEvents.Clear();
            for (int slice = 0; slice < Slices; slice++)
            {
                _accounts[slice].Clear();
                _writtenAccounts[slice].Clear();
            }

            Array.Clear(_writtenBy);
            _rows = 0;

            // Whoever looked at the file before its tables were completed must look again.
            _slicesWritten += Slices;
        }
    }

    private static int WeightOf(LedgerWrites writes) => Math.Max(writes.Rows.Count + writes.Denials.Count, writes.Accounts.Count);

    private void WriteSlice(Connection connection, int slice)
    {
        PendingIndex.Slice ids;
        PendingIndex.Slice events;
        lock (_gate)
        {
            ids = _ids.Sorted(slice);
            events = _accountEvents.Sorted(slice);
        }

        ids.Write(connection.Prepared("Ledger/InsertId"));
        events.Write(connection.Prepared("Ledger/InsertAccountEvent"));
        foreach (((int workspace, long account), AccountChanges changes) in _accounts[slice].OrderBy(pair => pair.Key))
        {
            AccountRows.Write(connection, workspace, account, changes);
        }
    }

    private void Wrote(int slice, long commit)
    {
        _ids.Wrote(slice);
        _accountEvents.Wrote(slice);
        (_accounts[slice], _writtenAccounts[slice]) = (_writtenAccounts[slice], _accounts[slice]);
        _accounts[slice].Clear();
        _writtenBy[slice] = commit;
        _slicesWritten++;
    }

    private static Dictionary<(int Workspace, long Account), AccountChanges>[] NewSlices() =>
        [.. Enumerable.Range(0, Slices).Select(_ => new Dictionary<(int, long), AccountChanges>())];

    private List<long>? Find(PendingIndex index, int workspace, long key, bool withWritten)
    {
        List<long>? found = null;
        lock (_gate)
        {
            index.Find(workspace, key, withWritten, ref found);
        }

        return found;
    }
}
