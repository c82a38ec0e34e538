using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>
/// One transaction of a batch (TX-1): what it loads comes in one round trip under the locks of its heads, what it writes in another, and
/// the commit in a third. Nothing is decided from what a node remembers.
/// </summary>
internal sealed class LedgerTransaction(PostgreSqlLedger ledger, NpgsqlConnection connection, NpgsqlTransaction transaction, Session session) : ILedgerTransaction
{
    private readonly Dictionary<long, LoadedAccount> _loaded = [];
    private Instant _clock;
    private long _first;
    private long _numbers;
    private LedgerWrites? _writes;
    private IEnumerable<AccountKey> _accounts = [];
    private SortedSet<string> _meters = [];
    private bool _ended;

    public ValueTask<LedgerSnapshot> LoadAsync(LedgerLoad load, CancellationToken cancellationToken) => GuardedAsync(() => LoadOnceAsync(load));

    public ValueTask<IReadOnlyList<Balance>> LoadBalancesAsync(long account, IReadOnlyCollection<BalanceKey> keys, CancellationToken cancellationToken) =>
        GuardedAsync(() => BalanceReader.FindAsync(session, account, keys, _loaded.GetValueOrDefault(account)?.Figures));

    public ValueTask<IReadOnlySet<SlotLine>> ReadWaitedAsync(IReadOnlyCollection<SlotLine> lines, CancellationToken cancellationToken) =>
        GuardedAsync(() => PostgreSqlTickets.FindWaitedAsync(session, lines));

    public ValueTask<IReadOnlySet<long>> ReadStandingAsync(IReadOnlyCollection<long> tickets, CancellationToken cancellationToken) =>
        GuardedAsync(() => PostgreSqlTickets.FindStandingAsync(session, tickets));

    public ValueTask<bool> WriteAsync(LedgerWrites writes, CancellationToken cancellationToken) => GuardedAsync(() => WriteOnceAsync(writes));

    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (_ended || _writes is null)
        {
            throw new InvalidOperationException("A transaction is committed once, after its writes.");
        }

        await GuardedAsync(
            async () =>
            {
                await transaction.CommitAsync(CancellationToken.None);
                return true;
            },
            isCommit: true);
        ledger.Meters.Committed(session.Workspace, _meters);
        await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_ended)
        {
            await EndAsync();
        }
    }

    private async Task<LedgerSnapshot> LoadOnceAsync(LedgerLoad load)
    {
        _accounts = load.Accounts;
        _numbers = ledger.NumbersFor(load);
        Dictionary<AccountKey, LoadedAccount> accounts = new(load.Accounts.Count);
        List<FoundId> ids = [];
        Dictionary<Alias, long> aliases = new(load.Aliases.Count);
        int active;
        LoadedAccount workspace;
        bool looks = load.MustFindIds || ledger.Repeats.AreExpected;
        HashSet<Digest> digests = looks ? [.. load.Ids, .. load.Targets] : [.. load.Targets];
        await using (NpgsqlBatch batch = session.Batch())
        {
            if (ledger.Plans.AreOld(connection.ProcessID))
            {
                batch.BatchCommands.Add(Session.Command("Database/ForgetPlans"));
            }

            batch.BatchCommands.Add(session.EnterCommand("Database/EnterByKeys"));
            batch.BatchCommands.Add(session.Own("Accounts/LockHeads", Value.Texts(load.Accounts.Select(key => key.Value))));
            batch.BatchCommands.Add(session.Own("Accounts/LockWorkspaceHead"));
            batch.BatchCommands.Add(session.Own("Ledger/BeginLog", Value.Long(_numbers), session.ClockParameter()));
            if (digests.Count > 0)
            {
                batch.BatchCommands.Add(session.Own("Ledger/FindIds", Value.Digests(digests)));
            }

            if (load.Aliases.Count > 0)
            {
                batch.BatchCommands.Add(session.Own(
                    "Accounts/FindAliases", Value.Texts(load.Aliases.Select(alias => alias.Account.Value)), Value.Ints([.. load.Aliases.Select(alias => (int)alias.Kind)]),
                    Value.Texts(load.Aliases.Select(alias => alias.Name))));
            }

            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync();
            await reader.NextResultAsync();
            while (await reader.ReadAsync())
            {
                LoadedAccount account = AccountRows.ReadHead(reader, 1);
                accounts[new AccountKey(reader.Text(0))] = account;
                _loaded[account.Head.Id] = account;
            }

            await reader.NextResultAsync();
            await reader.NextResultAsync();
            if (!await reader.ReadAsync())
            {
                throw AccountRows.NoWorkspace(session.Workspace);
            }

            _first = reader.Long(0);
            _clock = reader.Time(1);
            active = reader.Int(2);
            _loaded[Account.WorkspaceHead] = workspace = AccountRows.ReadHead(reader, 3);
            if (digests.Count > 0)
            {
                await reader.NextResultAsync();
                ids.AddRange(await Session.ReadAllAsync(reader, FoundId.Read, CancellationToken.None));
            }

            await reader.NextResultAsync();
            while (load.Aliases.Count > 0 && await reader.ReadAsync())
            {
                aliases[new Alias(new AccountKey(reader.Text(0)), (ScopeKind)reader.Int(1), reader.Text(2))] = reader.Long(3);
            }
        }

        ledger.Active.Saw(session.Workspace, active);
        Dictionary<long, AccountRowsOf> rows = await AccountRows.ReadRowsAsync(session, [.. _loaded.Values.Where(account => account.HasRows).Select(account => account.Head.Id)], _clock);
        (Dictionary<Digest, StoredId> known, Dictionary<Digest, StoredTarget> targets) = await FindEffectsAsync(ids, load);
        if (looks && load.Ids.Count > 0)
        {
            ledger.Repeats.Looked(load.MustFindIds, known.Count);
        }

        return new LedgerSnapshot
        {
            Clock = _clock,
            ActiveCatalogVersion = active,
            NextSequence = _first,
            LastSequence = null,
            Accounts = accounts.ToDictionary(pair => pair.Key, pair => pair.Value.StateAt(_clock, rows.GetValueOrDefault(pair.Value.Head.Id))),
            Workspace = workspace.StateAt(_clock, rows.GetValueOrDefault(Account.WorkspaceHead)),
            Ids = known,
            HasIds = looks,
            Targets = targets,
            Aliases = aliases,
        };
    }

    /// <summary>The entries behind ids that are taken: nothing to read for a batch without repeats and corrections.</summary>
    private async Task<(Dictionary<Digest, StoredId> Ids, Dictionary<Digest, StoredTarget> Targets)> FindEffectsAsync(List<FoundId> found, LedgerLoad load)
    {
        Dictionary<Digest, StoredId> ids = [];
        Dictionary<Digest, StoredTarget> targets = [];
        if (found.Count == 0)
        {
            return (ids, targets);
        }

        Dictionary<Digest, FoundId> byId = found.ToDictionary(id => id.Id);
        Dictionary<long, StoredEntry> entries = (await EntryRows.ByIdAsync(session, found)).ToDictionary(entry => entry.Sequence);
        if (found.Any(id => id.Sequence is { } sequence && !entries.ContainsKey(sequence)))
        {
            throw new StoreConflictException("An entry went by its age between its id and itself.");
        }

        foreach (Digest id in load.Ids)
        {
            if (byId.TryGetValue(id, out FoundId? known))
            {
                ids[id] = known.Sequence is { } sequence
                    ? new StoredId(known.Fingerprint, sequence, entries[sequence].Entry, default)
                    : new StoredId(known.Fingerprint, 0, null, known.Answer);
            }
        }

        StoredEntry[] about = [.. load.Targets.Distinct().Where(byId.ContainsKey).Select(id => byId[id].Sequence).OfType<long>().Select(sequence => entries[sequence])];
        if (about.Length == 0)
        {
            return (ids, targets);
        }

        ILookup<long, StoredEntry> later = await EntryRows.LaterAsync(session, about);
        Dictionary<long, AccountKey> keys = (await session.ListAsync("Accounts/ReadNames", row => (row.Long(0), new AccountKey(row.Text(1))), Value.Longs(about.Select(entry => entry.Entry.Account).Distinct()))).ToDictionary();
        foreach (Digest id in load.Targets)
        {
            if (byId.TryGetValue(id, out FoundId? known) && known.Sequence is { } sequence && keys.TryGetValue(entries[sequence].Entry.Account, out AccountKey key))
            {
                StoredEntry entry = entries[sequence];
                targets[id] = new StoredTarget(key, sequence, entry.Entry, entry.Details, [.. later[sequence]]);
            }
        }

        return (ids, targets);
    }

    private async Task<bool> WriteOnceAsync(LedgerWrites writes)
    {
        if (_writes is not null)
        {
            throw new InvalidOperationException("A transaction writes once.");
        }

        if (!ledger.HasNumbersFor(writes.Rows.Count, _numbers))
        {
            return false;
        }

        await ledger.Partitions.PrepareAsync(writes.Rows, CancellationToken.None);
        AccountChanges changes = new(_loaded, _clock);
        foreach (AccountWrite write in writes.Accounts)
        {
            changes.Add(write);
        }

        NpgsqlBatchCommand takeIds = FoundId.Insert(session, writes, _first, out int ids);
        List<NpgsqlBatchCommand> heads = [.. changes.HeadCommands(session)];
        _meters = ledger.Meters.NewOf(session.Workspace, writes.Rows);
        try
        {
            await session.RunAllAsync(
            [
                .. ids > 0 ? [takeIds] : Array.Empty<NpgsqlBatchCommand>(),
                .. heads,
                .. changes.RowCommands(session),
                .. EntryRows.Insert(session, writes.Rows, _first),
                .. LedgerRows.Others(session, writes, _first, _meters),
            ]);
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "ids" })
        {
            // An id that was not looked for, or that another node has taken since: decided again.
            return false;
        }

        if (heads.Sum(command => command.RecordsAffected) != changes.Heads)
        {
            // Another node was the first to use limits of the workspace: decided again.
            return false;
        }

        foreach (Erasure erasure in writes.Erasures)
        {
            await ErasureRows.BeginAsync(session, erasure, _clock);
        }

        // What is numbered under the lock of the workspace's own row comes last, so that the row is locked for as short as can be.
        await AlertRows.WriteAsync(session, writes.Alerts);
        await NotificationRows.InsertAsync(session, writes.Notifications);
        await AuditRows.AppendAsync(session, _clock, writes.Audit);
        _writes = writes;
        return true;
    }

    private async ValueTask EndAsync()
    {
        _ended = true;
        if (_writes is { } writes)
        {
            ledger.Recent.Changed(session.Workspace, _accounts, head: writes.Accounts.Any(write => write.Key is null));
        }

        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private async ValueTask<T> GuardedAsync<T>(Func<Task<T>> work, bool isCommit = false)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        try
        {
            return await work();
        }
        catch (Exception caught)
        {
            Exception e = ledger.FailureOn(connection, caught);
            if (Failures.IsLost(e) || (!isCommit && (Failures.IsCutOff(e) || Failures.IsOutOfStep(caught))))
            {
                throw new StoreConflictException("The transaction lost against another one, or its connection, and is decided again.", e);
            }

            if (((Exception?)Failures.AsUnavailable(e) ?? (Exception?)Failures.AsRefused(e) ?? Failures.AsStrayCancellation(e, CancellationToken.None)) is { } known)
            {
                throw known;
            }

            throw;
        }
    }
}
