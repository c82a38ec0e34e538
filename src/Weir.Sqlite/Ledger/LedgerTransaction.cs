using System.Buffers;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>One transaction of the writer: everything of a batch, made durable by one commit.</summary>
internal sealed class LedgerTransaction(Writer writer, LedgerMemory memory, int workspace, Connection connection) : ILedgerTransaction
{
    private Dictionary<AccountKey, AccountState> _accounts = [];
    private AccountState? _head;
    private readonly HashSet<Digest> _absentIds = [];
    private LedgerWrites? _writes;
    private readonly HashSet<string> _newMeters = new(StringComparer.Ordinal);
    private int _slices;
    private bool _ended;

    public ValueTask<LedgerSnapshot> LoadAsync(LedgerLoad load, CancellationToken cancellationToken) => Guarded(load, Load);

    public ValueTask<IReadOnlyList<Balance>> LoadBalancesAsync(long account, IReadOnlyCollection<BalanceKey> keys, CancellationToken cancellationToken) =>
        Guarded((account, keys), wanted =>
        {
            AccountChanges? pending = memory.Pending.FindAccount(workspace, wanted.account);
            List<Balance> found = [];
            foreach (BalanceKey key in wanted.keys.Distinct())
            {
                if (pending is not null && pending.Balances.TryGetValue(key, out Balance? newer))
                {
                    found.Add(newer);
                }
                else if (AccountRows.FindBalance(connection, workspace, wanted.account, key) is { } stored)
                {
                    found.Add(stored);
                }
            }

            return (IReadOnlyList<Balance>)found;
        });

    public ValueTask<IReadOnlySet<SlotLine>> ReadWaitedAsync(IReadOnlyCollection<SlotLine> lines, CancellationToken cancellationToken) =>
        ValueTask.FromResult(memory.Tickets.Waited(new WorkspaceId(workspace), lines));

    public ValueTask<IReadOnlySet<long>> ReadStandingAsync(IReadOnlyCollection<long> tickets, CancellationToken cancellationToken) =>
        ValueTask.FromResult(memory.Tickets.Standing(new WorkspaceId(workspace), tickets));

    public ValueTask<bool> WriteAsync(LedgerWrites writes, CancellationToken cancellationToken) => Guarded(writes, Write);

    public ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (_ended || _writes is not { } writes)
        {
            throw new InvalidOperationException("A transaction is committed once, after its writes.");
        }

        Run(writes, written =>
        {
            connection.Commit();
            Publish(written);
            return true;
        });
        _ended = true;
        writer.Leave();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (!_ended)
        {
            _ended = true;
            writer.Rollback();
            writer.Leave();
        }

        return ValueTask.CompletedTask;
    }

    private LedgerSnapshot Load(LedgerLoad load)
    {
        Instant now = memory.Now();
        Dictionary<AccountKey, AccountState> accounts = new(load.Accounts.Count);
        foreach (AccountKey key in load.Accounts)
        {
            if (!accounts.ContainsKey(key) && StateOf(key, now) is { } state)
            {
                accounts.Add(key, state);
            }
        }

        AccountState head = StateOf(Account.WorkspaceHead, "", now) ?? throw new InvalidOperationException($"There is no workspace {workspace} in this store.");
        _accounts = accounts;
        _head = head;
        int active = (int)connection.Prepared("Access/ReadActiveCatalog").Bind(1, workspace).Scalar()!.Value;
        memory.SetActiveCatalog(workspace, active);
        return new LedgerSnapshot
        {
            Clock = now,
            ActiveCatalogVersion = active,
            NextSequence = memory.LastSequence + 1,
            LastSequence = memory.LastSequenceOf(workspace),
            Accounts = accounts,
            Workspace = head,
            Ids = LoadIds(load.Ids),
            Targets = LoadTargets(load.Targets),
            Aliases = LoadAliases(load.Aliases),
        };
    }

    private AccountState? StateOf(AccountKey key, Instant now)
    {
        if (memory.Accounts.TryUse((workspace, key.Value), out RememberedAccount? known))
        {
            return StateAt(known, key.Value, now);
        }

        return AccountRows.FindId(connection, workspace, key) is { } id ? StateOf(id, key.Value, now) : null;
    }

    private AccountState? StateOf(long account, string key, Instant now)
    {
        if (memory.Accounts.TryUse((workspace, key), out RememberedAccount? known))
        {
            return StateAt(known, key, now);
        }

        if (AccountRows.Read(connection, workspace, account, now) is not { } state)
        {
            return null;
        }

        RememberedAccount read = RememberedAccount.Of(memory.Pending.FindAccount(workspace, account)?.ApplyTo(state) ?? state).At(now);
        memory.Accounts.Put((workspace, key), read);
        return read.State;
    }

    private AccountState StateAt(RememberedAccount known, string key, Instant now)
    {
        RememberedAccount open = known.At(now);
        if (!ReferenceEquals(open, known))
        {
            memory.Accounts.Put((workspace, key), open);
        }

        return open.State;
    }

    private Dictionary<Digest, StoredId> LoadIds(IReadOnlyCollection<Digest> wanted)
    {
        Dictionary<Digest, StoredId> ids = [];
        _absentIds.EnsureCapacity(wanted.Count);
        foreach (Digest id in wanted)
        {
            if (IdRows.Find(connection, memory.Pending, workspace, id) is { } found)
            {
                ids[id] = found.Sequence > 0
                    ? new StoredId(found.Fingerprint, found.Sequence, EntryRows.ReadAll(connection, workspace, [found.Sequence])[0].Entry, default)
                    : new StoredId(found.Fingerprint, 0, null, found.Answer);
            }
            else
            {
                _absentIds.Add(id);
            }
        }

        return ids;
    }

    private Dictionary<Digest, StoredTarget> LoadTargets(IReadOnlyCollection<Digest> wanted)
    {
        Dictionary<Digest, StoredTarget> targets = [];
        foreach (Digest id in wanted)
        {
            if (IdRows.Find(connection, memory.Pending, workspace, id) is { Sequence: > 0 } found)
            {
                StoredEntry entry = EntryRows.ReadAll(connection, workspace, [found.Sequence])[0];
                if (AccountRows.FindProfile(connection, workspace, entry.Entry.Account) is { } profile)
                {
                    targets[id] = new StoredTarget(profile.Key, entry.Sequence, entry.Entry, entry.Details, [.. EntryRows.ReadLater(connection, workspace, [entry.Sequence])[entry.Sequence]]);
                }
            }
        }

        return targets;
    }

    private Dictionary<Alias, long> LoadAliases(IReadOnlyCollection<Alias> wanted)
    {
        Dictionary<Alias, long> aliases = new(wanted.Count);
        foreach (Alias alias in wanted)
        {
            if (memory.Aliases.TryUse((workspace, alias), out long id))
            {
                aliases[alias] = id;
            }
            else if (AccountIdOf(alias.Account) is { } account && AccountRows.FindAlias(connection, workspace, account, alias.Kind, alias.Name) is { } stored)
            {
                memory.Aliases.Put((workspace, alias), stored);
                aliases[alias] = stored;
            }
        }

        return aliases;
    }

    private long? AccountIdOf(AccountKey key) =>
        memory.Accounts.TryGet((workspace, key.Value), out RememberedAccount? known) ? known.State.Account.Id : AccountRows.FindId(connection, workspace, key);

    private bool Write(LedgerWrites writes)
    {
        if (_writes is not null)
        {
            throw new InvalidOperationException("A transaction writes once.");
        }

        if (TakesUsedId(writes))
        {
            return false;
        }

        foreach (AccountWrite write in writes.Accounts)
        {
            AccountState? before = write.Key is { } key ? _accounts.GetValueOrDefault(key) : _head;
            if (before is null || IsChanged(before.Account, write.State.Account))
            {
                AccountRows.WriteHead(connection, workspace, write.State.Account);
            }

            AccountRows.WriteParts(connection, workspace, write);
        }

        foreach (ProfileWrite write in writes.Profiles)
        {
            AccountRows.WriteProfile(connection, "Accounts/WriteProfile", workspace, write.Account, write.Profile);
        }

        foreach (NewAlias alias in writes.Aliases)
        {
            connection.Prepared("Accounts/InsertAlias").Bind(1, workspace).Bind(2, alias.Account).Bind(3, (long)alias.Alias.Kind).Bind(4, alias.Alias.Name).Bind(5, alias.Id).Run();
        }

        ArrayBufferWriter<byte> body = Buffers.Body;
        for (int i = 0; i < writes.Rows.Count; i++)
        {
            EntryRows.Insert(connection, workspace, memory.LastSequence + 1 + i, writes.Rows[i], body);
            NoteMeters(writes.Rows[i].Entry);
            NoteDraws(writes.Rows[i].Entry, memory.LastSequence + 1 + i);
        }

        foreach (AuditEntry audit in writes.Audit)
        {
            AuditRows.Append(connection, workspace, memory.Now(), audit);
        }

        WriteDenials(writes);
        AlertRows.Write(connection, workspace, writes.Alerts);
        NotificationRows.Insert(connection, workspace, writes.Notifications);
        WriteJournal(writes);
        foreach (Erasure erasure in writes.Erasures)
        {
            ErasureRows.Begin(connection, workspace, erasure, memory.Now());
        }

        _writes = writes;
        return true;
    }

    private void WriteDenials(LedgerWrites writes)
    {
        for (int i = 0; i < writes.Denials.Count; i++)
        {
            StoredDenial denial = writes.Denials[i];
            connection.Prepared("Ledger/InsertDenial").Bind(1, memory.LastDenial + 1 + i).Bind(2, workspace).Bind(3, denial.Id).Bind(4, denial.Fingerprint)
                .Bind(5, Clock.ToMicros(denial.RecordedAt)).BindUtf8(6, denial.Answer.Span).Run();
        }

        foreach (DenialCount count in writes.DenialCounts)
        {
            connection.Prepared("Ledger/CountDenials").Bind(1, workspace).Bind(2, Clock.ToMicros(count.Bucket)).Bind(3, count.Account).Bind(4, count.Type)
                .Bind(5, (long)count.Refusal).Bind(6, count.Count).Run();
        }
    }

    /// <summary>Writes down what became of the accounts, and the slices that are due of what earlier commits left to be written.</summary>
    private void WriteJournal(LedgerWrites writes)
    {
        long batch = memory.LastBatch + 1;
        _slices = memory.Pending.SlicesDue(writes);
        ByteWriter accounts = Buffers.Journal;
        accounts.Clear();
        foreach (AccountWrite write in writes.Accounts)
        {
            AccountChanges.Encode(accounts, write);
        }

        if (_slices > 0)
        {
            memory.Pending.WriteSlices(connection, _slices);
            // The journal names nobody: to zero its pages would double what a commit writes.
            connection.ZeroWhatGoes(pages: false);
            connection.Prepared("Ledger/TrimJournal").Bind(1, memory.Pending.ArrivedAfter(_slices, batch)).Run();
            connection.ZeroWhatGoes(pages: true);
        }

        connection.Prepared("Ledger/InsertJournal").Bind(1, batch).Bind(2, workspace).Bind(3, memory.LastSequence + 1).Bind(4, memory.LastDenial + 1)
            .Bind(5, accounts.Written).Run();
    }

    /// <summary>Only after the commit: from here on everyone sees it.</summary>
    private void Publish(LedgerWrites writes)
    {
        memory.Pending.Commit(memory.LastBatch + 1, _slices, workspace, writes, memory.LastSequence + 1, memory.LastDenial + 1);
        foreach (AccountWrite write in writes.Accounts)
        {
            (int, string) key = (workspace, write.Key?.Value ?? "");
            memory.Accounts.TryGet(key, out RememberedAccount? before);
            memory.Accounts.Put(key, RememberedAccount.After(before, write));
        }

        foreach (NewAlias alias in writes.Aliases)
        {
            memory.Aliases.Put((workspace, alias.Alias), alias.Id);
        }

        foreach (Erasure erasure in writes.Erasures)
        {
            memory.Forget(workspace, erasure);
        }

        foreach (string meter in _newMeters)
        {
            memory.UsedMeters.Add((workspace, meter));
        }

        memory.LastBatch++;
        memory.LastDenial += writes.Denials.Count;
        memory.LastSequence += writes.Rows.Count;
        if (writes.Rows.Count > 0)
        {
            memory.Wrote(workspace, memory.LastSequence);
        }
    }

    private void NoteMeters(Entry entry)
    {
        foreach (Charge charge in entry.Charges)
        {
            NoteMeter(charge.Meter);
        }

        foreach (EntryLine line in entry.Lines)
        {
            NoteMeter(line.Key.Meter);
        }
    }

    private void NoteMeter(string meter)
    {
        if (!memory.UsedMeters.Contains((workspace, meter)) && _newMeters.Add(meter))
        {
            connection.Prepared("Ledger/InsertUsedMeter").Bind(1, workspace).Bind(2, meter).Run();
        }
    }

    private void NoteDraws(Entry entry, long sequence)
    {
        foreach ((long grant, (Quantity used, Quantity held)) in GrantDraw.SumsOf(entry))
        {
            connection.Prepared("Ledger/InsertDraw").Bind(1, workspace).Bind(2, grant).Bind(3, sequence).Bind(4, used.Units).Bind(5, held.Units).Run();
        }
    }

    private bool TakesUsedId(LedgerWrites writes)
    {
        HashSet<Digest> own = new(writes.Rows.Count + writes.Denials.Count);
        foreach (LedgerRow row in writes.Rows)
        {
            if (row.Id is { } id && (!own.Add(id) || IsTaken(id)))
            {
                return true;
            }
        }

        foreach (StoredDenial denial in writes.Denials)
        {
            if (!own.Add(denial.Id) || IsTaken(denial.Id))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsTaken(Digest id) => !_absentIds.Contains(id) && IdRows.Find(connection, memory.Pending, workspace, id) is not null;

    /// <summary>Whether anything changed beside what every decision moves.</summary>
    private static bool IsChanged(Account before, Account after) =>
        before.Plan != after.Plan || before.PinnedVersion != after.PinnedVersion || before.Suspended != after.Suspended
        || !before.Timeline.Equals(after.Timeline) || before.Overrides != after.Overrides || before.Planned != after.Planned || before.FormerPlans != after.FormerPlans;

    private ValueTask<TResult> Guarded<TArgument, TResult>(TArgument argument, Func<TArgument, TResult> work) => ValueTask.FromResult(Run(argument, work));

    private TResult Run<TArgument, TResult>(TArgument argument, Func<TArgument, TResult> work)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        try
        {
            return work(argument);
        }
        catch (Exception e)
        {
            StoreUnavailableException? unavailable = writer.Translate(e);
            _ended = true;
            writer.Leave();
            if (unavailable is not null)
            {
                throw unavailable;
            }

            throw;
        }
    }

    /// <summary>Buffers that the one writer uses again and again.</summary>
    private static class Buffers
    {
        [ThreadStatic]
        private static ArrayBufferWriter<byte>? s_body;

        [ThreadStatic]
        private static ByteWriter? s_journal;

        public static ArrayBufferWriter<byte> Body => s_body ??= new ArrayBufferWriter<byte>(4096);

        public static ByteWriter Journal => s_journal ??= new ByteWriter();
    }
}
