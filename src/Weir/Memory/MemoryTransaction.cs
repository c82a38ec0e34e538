using NodaTime;

namespace Weir;

/// <summary>Reads the committed state under the workspace's write lock, gathers the writes and applies them at the commit.</summary>
internal sealed class MemoryTransaction(MemoryStore store, MemoryWorkspace workspace) : ILedgerTransaction
{
    private LedgerWrites? _writes;
    private bool _ended;

    public ValueTask<LedgerSnapshot> LoadAsync(LedgerLoad load, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            Instant now = store.Now();
            return ValueTask.FromResult(new LedgerSnapshot
            {
                Clock = now,
                ActiveCatalogVersion = workspace.ActiveCatalog,
                NextSequence = workspace.LastSequence + 1,
                LastSequence = workspace.LastSequence,
                Accounts = load.Accounts.Distinct().Where(workspace.Accounts.ContainsKey).ToDictionary(key => key, key => workspace.Accounts[key].StateAt(now)),
                Workspace = workspace.Head.StateAt(now),
                Ids = load.Ids.Distinct().Where(workspace.Ids.ContainsKey).ToDictionary(id => id, id => Remembered(workspace.Ids[id])),
                Targets = load.Targets.Distinct().Where(id => workspace.Ids.TryGetValue(id, out MemoryId known) && known.Sequence > 0 && HasAccount(known.Sequence)).ToDictionary(id => id, Target),
                Aliases = load.Aliases.Distinct().Where(workspace.Aliases.ContainsKey).ToDictionary(alias => alias, alias => workspace.Aliases[alias]),
            });
        }
    }

    public ValueTask<IReadOnlyList<Engine.Balance>> LoadBalancesAsync(long account, IReadOnlyCollection<Engine.BalanceKey> keys, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            IReadOnlyList<Engine.Balance> balances = workspace.Heads.TryGetValue(account, out MemoryAccount? found)
                ? [.. keys.Distinct().Where(found.Balances.ContainsKey).Select(key => found.Balances[key])]
                : [];
            return ValueTask.FromResult(balances);
        }
    }

    public ValueTask<IReadOnlySet<SlotLine>> ReadWaitedAsync(IReadOnlyCollection<SlotLine> lines, CancellationToken cancellationToken) =>
        ValueTask.FromResult(store.Lines.Waited(workspace.Workspace.Id, lines));

    public ValueTask<IReadOnlySet<long>> ReadStandingAsync(IReadOnlyCollection<long> tickets, CancellationToken cancellationToken) =>
        ValueTask.FromResult(store.Lines.Standing(workspace.Workspace.Id, tickets));

    public ValueTask<bool> WriteAsync(LedgerWrites writes, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            HashSet<Digest> own = [];
            IEnumerable<Digest> ids = writes.Rows.Where(row => row.Id is not null).Select(row => row.Id!.Value).Concat(writes.Denials.Select(denial => denial.Id));
            if (!ids.All(id => own.Add(id) && !workspace.Ids.ContainsKey(id)))
            {
                return ValueTask.FromResult(false);
            }

            _writes = writes;
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (_ended || _writes is not { } writes)
        {
            throw new InvalidOperationException("A transaction is committed once, after its writes.");
        }

        lock (store.Gate)
        {
            Apply(writes, store.Now());
        }

        End();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        End();
        return ValueTask.CompletedTask;
    }

    private void End()
    {
        if (!_ended)
        {
            _ended = true;
            workspace.Writer.Release();
        }
    }

    private void Apply(LedgerWrites writes, Instant now)
    {
        foreach (AccountWrite write in writes.Accounts)
        {
            workspace.Heads[write.State.Account.Id].Apply(write, now);
        }

        foreach (ProfileWrite write in writes.Profiles)
        {
            workspace.Heads[write.Account].Profile = write.Profile;
        }

        foreach (NewAlias alias in writes.Aliases)
        {
            workspace.Aliases.Add(alias.Alias, alias.Id);
        }

        foreach (LedgerRow row in writes.Rows)
        {
            workspace.Append(row, workspace.LastSequence + 1);
        }

        foreach (StoredDenial denial in writes.Denials)
        {
            workspace.Add(denial);
        }

        foreach (AuditEntry audit in writes.Audit)
        {
            workspace.Add(audit, now);
        }

        foreach (DenialCount count in writes.DenialCounts)
        {
            (long, Instant, string, Engine.Refusal) key = (count.Account, count.Bucket, count.Type, count.Refusal);
            workspace.Denials[key] = workspace.Denials.GetValueOrDefault(key) + count.Count;
        }

        workspace.Inbox.Append(writes.Alerts);
        workspace.Outbox.Append(writes.Notifications);
        foreach (Erasure erasure in writes.Erasures)
        {
            workspace.Begin(erasure);
        }
    }

    private StoredId Remembered(MemoryId id) => new(id.Fingerprint, id.Sequence, workspace.EntryAt(id.Sequence)?.Entry, id.Answer);

    private bool HasAccount(long sequence) => workspace.KeyOf(workspace.EntryAt(sequence)!.Entry.Account) is not null;

    private StoredTarget Target(Digest id)
    {
        StoredEntry entry = workspace.EntryAt(workspace.Ids[id].Sequence)!;
        return new StoredTarget(workspace.KeyOf(entry.Entry.Account)!.Value, entry.Sequence, entry.Entry, entry.Details, workspace.LaterThan(entry.Sequence));
    }
}
