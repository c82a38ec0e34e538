using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Everything of one workspace. It is read and changed under the store's gate only.</summary>
internal sealed class MemoryWorkspace
{
    private readonly Dictionary<long, List<StoredEntry>> _later = [];

    public MemoryWorkspace(Workspace workspace)
    {
        Workspace = workspace;
        Heads[Account.WorkspaceHead] = new MemoryAccount(null, workspace.NewHead());
    }

    public Workspace Workspace { get; }

    /// <summary>Held by the one transaction that may write.</summary>
    public SemaphoreSlim Writer { get; } = new(1, 1);

    public Dictionary<string, ApiKey> Keys { get; } = new(StringComparer.Ordinal);

    public List<CatalogVersion> Catalogs { get; } = [];

    public int ActiveCatalog { get; set; }

    public Dictionary<long, MemoryAccount> Heads { get; } = [];

    public Dictionary<AccountKey, MemoryAccount> Accounts { get; } = [];

    public Dictionary<Alias, long> Aliases { get; } = [];

    /// <summary>The ledger in the order of its numbers, without what has gone by its age.</summary>
    public List<StoredEntry> Entries { get; } = [];

    /// <summary>The newest entry never goes: numbers go on from it.</summary>
    public long LastSequence => Entries.Count == 0 ? 0 : Entries[^1].Sequence;

    public MemoryCarried Carried { get; } = new();

    /// <summary>Ids with an effect by its sequence number, or with the answer of a denial.</summary>
    public Dictionary<Digest, MemoryId> Ids { get; } = [];

    /// <summary>Denials that are remembered, in the order in which they were decided.</summary>
    public Queue<(Digest Id, Instant RecordedAt)> RememberedDenials { get; } = [];

    public HashSet<string> MetersInUse { get; } = new(StringComparer.Ordinal);

    public Dictionary<(long Account, Instant Bucket, string Type, Refusal Refusal), long> Denials { get; } = [];

    public Dictionary<SummaryKey, SummaryFigures> Summaries { get; } = [];

    public long Checkpoint { get; set; }

    public SummaryFloor Floor { get; set; } = SummaryFloor.None;

    public Dictionary<(long Account, BalanceKey Key), (ClosingSummary Summary, Instant ClosedAt)> Closings { get; } = [];

    public Dictionary<string, ScheduledJob> ScheduledJobs { get; } = new(StringComparer.Ordinal);

    public MemoryOutbox Outbox { get; } = new();

    public MemoryInbox Inbox { get; } = new();

    public List<AuditRecord> Audit { get; } = [];

    public Dictionary<string, PortalToken> PortalTokens { get; } = new(StringComparer.Ordinal);

    public MemoryErasures Erasures { get; } = new();

    public MemoryAccount Head => Heads[Account.WorkspaceHead];

    public StoredEntry? EntryAt(long sequence) => IndexAfter(sequence - 1) is var index && index < Entries.Count && Entries[index].Sequence == sequence ? Entries[index] : null;

    /// <summary>Where the entries after a number begin.</summary>
    public int IndexAfter(long sequence)
    {
        // As long as nothing has gone, the entry with number n stands at n − 1.
        int low = (int)Math.Clamp(sequence - (LastSequence - Entries.Count), 0, Entries.Count);
        int high = (int)Math.Clamp(sequence, 0, Entries.Count);
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            (low, high) = Entries[middle].Sequence <= sequence ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    public IReadOnlyList<StoredEntry> LaterThan(long sequence) => _later.TryGetValue(sequence, out List<StoredEntry>? later) ? [.. later] : [];

    public EntryHistory HistoryOf(StoredEntry entry) => new(entry, LaterThan(entry.Sequence));

    public AccountKey? KeyOf(long account) => Heads.TryGetValue(account, out MemoryAccount? found) ? found.Profile?.Key : null;

    /// <summary>Takes away who an account, or one user of it, was; the ledger stays.</summary>
    public void Begin(Erasure erasure)
    {
        if (erasure.User is { } user)
        {
            Aliases.Remove(new Alias(erasure.Key, ScopeKind.User, user));
        }
        else
        {
            Accounts.Remove(erasure.Key);
            Heads[erasure.Account].Profile = null;
            foreach (Alias alias in Aliases.Keys.Where(alias => alias.Account == erasure.Key).ToList())
            {
                Aliases.Remove(alias);
            }

            Inbox.Remove(erasure.Account);
            Outbox.Replace(erasure.Account, []);
            Outbox.ForgetAnswers(erasure.Account);
        }

        foreach (PortalToken token in PortalTokens.Values.Where(token => token.Account == erasure.Account && (erasure.User is null || token.User == erasure.User)).ToList())
        {
            PortalTokens.Remove(token.Id);
        }

        Erasures.Begin(erasure);
    }

    /// <summary>Puts other details in the place of an entry's.</summary>
    public void Replace(StoredEntry stored)
    {
        int index = IndexAfter(stored.Sequence - 1);
        StoredEntry before = Entries[index];
        Entries[index] = stored;
        // What it is about may have gone by its age just before it.
        if (before.Entry.Target is { } target && _later.TryGetValue(target, out List<StoredEntry>? later))
        {
            later[later.IndexOf(before)] = stored;
        }
    }

    /// <summary>Takes entries away, with their ids.</summary>
    /// <returns>How many ids went.</returns>
    public int Remove(IReadOnlySet<long> sequences)
    {
        Entries.RemoveAll(entry => sequences.Contains(entry.Sequence));
        foreach (long sequence in sequences)
        {
            _later.Remove(sequence);
        }

        foreach (List<StoredEntry> later in _later.Values)
        {
            later.RemoveAll(entry => sequences.Contains(entry.Sequence));
        }

        Digest[] ids = [.. Ids.Where(id => sequences.Contains(id.Value.Sequence)).Select(id => id.Key)];
        Array.ForEach(ids, id => Ids.Remove(id));
        return ids.Length;
    }

    public void Add(AuditEntry audit, Instant now) => Audit.Add(AuditChain.Next(Audit.Count == 0 ? AuditHead.None : Audit[^1].Head, now, audit));

    public void Add(StoredDenial denial)
    {
        Ids.Add(denial.Id, new MemoryId(denial.Fingerprint, 0, denial.Answer.ToArray()));
        RememberedDenials.Enqueue((denial.Id, denial.RecordedAt));
    }

    public void Append(LedgerRow row, long sequence)
    {
        StoredEntry entry = new(sequence, row.Entry, row.Details, row.Fingerprint);
        Entries.Add(entry);
        if (row.Id is { } id)
        {
            Ids.Add(id, new MemoryId(row.Fingerprint, sequence, default));
        }

        if (row.Entry.Target is { } target)
        {
            if (!_later.TryGetValue(target, out List<StoredEntry>? later))
            {
                _later.Add(target, later = []);
            }

            later.Add(entry);
        }

        MetersInUse.UnionWith(row.Entry.Charges.Select(charge => charge.Meter));
        MetersInUse.UnionWith(row.Entry.Lines.Select(line => line.Key.Meter));
    }
}

/// <param name="Sequence">0 for a denial.</param>
internal readonly record struct MemoryId(Digest Fingerprint, long Sequence, ReadOnlyMemory<byte> Answer);

/// <summary>An account's head with all its balances, those of closed periods too.</summary>
/// <param name="profile">Null for the workspace's own head.</param>
internal sealed class MemoryAccount(AccountProfile? profile, Account head)
{
    private readonly Dictionary<StatePart, Instant> _due = [];
    private AccountState _open = AccountState.Of(head);

    public AccountProfile? Profile { get; set; } = profile;

    public Account Head => _open.Account;

    public Dictionary<BalanceKey, Balance> Balances { get; } = [];

    /// <summary>The state with every balance whose period is not closed, and no other, as a store that reads rows has it.</summary>
    public AccountState StateAt(Instant now)
    {
        StateMap<BalanceKey, Balance> open = _open.Balances.RemoveRange(_open.Balances.Where(pair => IsClosed(pair.Value, now)).Select(pair => pair.Key));
        _open = _open with { Balances = open };
        return _open;
    }

    public void Apply(AccountWrite write, Instant now)
    {
        StateMap<BalanceKey, Balance> open = _open.Balances;
        foreach (BalanceKey key in write.Balances)
        {
            Balance balance = write.State.Balances[key];
            Balances[key] = balance;
            open = IsClosed(balance, now) ? open : open.SetItem(key, balance);
        }

        StateMap<RateKey, RateWindow> rates = _open.Rates.SetItems(write.Rates.Select(key => KeyValuePair.Create(key, write.State.Rates[key])));
        AccountState next = _open with { Account = write.State.Account, Balances = open, Rates = rates };
        foreach (StatePart part in write.Parts)
        {
            byte[]? body = StateParts.Write(write.State, part, out Instant? due);
            next = StateParts.Apply(next, part, body);
            if (due is { } time)
            {
                _due[part] = time;
            }
            else
            {
                _due.Remove(part);
            }
        }

        _open = next;
    }

    /// <summary>Whether a part of the state fell due by a time.</summary>
    public bool DueAt(Instant now) => _due.Values.Any(due => due <= now);

    private static bool IsClosed(Balance balance, Instant now) => new Engine.Period(balance.Key.PeriodStart, balance.PeriodEnd).IsClosedAt(now);
}
