using System.Runtime.CompilerServices;

using NodaTime;

using Weir.Engine;

namespace Weir;

internal sealed class MemoryLedger(MemoryStore store) : ILedgerStore
{
    public async ValueTask<ILedgerTransaction> BeginAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        MemoryWorkspace found = Read(workspace, w => w);
        await found.Writer.WaitAsync(cancellationToken);
        return new MemoryTransaction(store, found);
    }

    public ValueTask CreateAccountsAsync(WorkspaceId workspace, IReadOnlyList<NewAccount> accounts, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            foreach (NewAccount account in accounts)
            {
                if (!found.Accounts.ContainsKey(account.Profile.Key))
                {
                    MemoryAccount added = new(account.Profile, account.Account);
                    found.Heads.Add(account.Account.Id, added);
                    found.Accounts.Add(account.Profile.Key, added);
                    if (account.Audit is { } audit)
                    {
                        found.Add(audit, store.Now());
                    }
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<AccountState?> ReadStateAsync(WorkspaceId workspace, AccountKey account, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(workspace, w => w.Accounts.TryGetValue(account, out MemoryAccount? found) ? found.StateAt(store.Now()) : null));

    public ValueTask<AccountState> ReadWorkspaceStateAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(workspace, w => w.Head.StateAt(store.Now())));

    public ValueTask<Scopes> ReadScopesAsync(WorkspaceId workspace, AccountKey account, string? user, string? campaign, string? key, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(workspace, w =>
        {
            long IdOf(ScopeKind kind, string? name) => name is null ? 0 : w.Aliases.GetValueOrDefault(new Alias(account, kind, name));
            return new Scopes(IdOf(ScopeKind.User, user), IdOf(ScopeKind.Campaign, campaign), IdOf(ScopeKind.Key, key));
        }));

    public ValueTask<IReadOnlyList<LedgerRecord>> ReadAsync(WorkspaceId workspace, LedgerFilter filter, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read<IReadOnlyList<LedgerRecord>>(workspace, w =>
        {
            IEnumerable<StoredEntry> entries = filter.Ascending ? w.Entries : Enumerable.Reverse(w.Entries);
            return
            [
                .. entries
                    .Where(entry => filter.Cursor is not { } cursor || (filter.Ascending ? entry.Sequence > cursor : entry.Sequence < cursor))
                    .Where(entry => !entry.Entry.Kind.IsSettlement() && entry.Entry.RecordedAt >= w.Carried.Start)
                    .Select(entry => RecordOf(w, entry))
                    .Where(record => Matches(record, filter))
                    .Take(filter.Limit),
            ];
        }));

    public ValueTask<AccountKey?> FindOwnerAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(workspace, w =>
            w.Ids.TryGetValue(Digest.Of(id.Value), out MemoryId known) && w.EntryAt(known.Sequence) is { } entry ? w.KeyOf(entry.Entry.Account) : null));

    public ValueTask<LedgerRecord?> FindAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(workspace, w =>
            w.Ids.TryGetValue(Digest.Of(id.Value), out MemoryId known) && w.EntryAt(known.Sequence) is { } entry ? RecordOf(w, entry) : null));

    public ValueTask<IReadOnlyList<StoredEntry>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read<IReadOnlyList<StoredEntry>>(workspace, w => [.. w.Entries.Skip(w.IndexAfter(after)).Take(limit)]));

    public ValueTask<IReadOnlyList<StoredEntry>?> ReadStretchesAsync(WorkspaceId workspace, IReadOnlyList<LogStretch> stretches, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read<IReadOnlyList<StoredEntry>?>(workspace, w =>
            [.. w.Entries.Where(entry => stretches.Any(stretch => stretch.First <= entry.Sequence && entry.Sequence <= stretch.Last)).Take(limit)]));

    public ValueTask<IReadOnlyDictionary<long, EntryHistory>> ReadEntriesAsync(WorkspaceId workspace, IReadOnlyCollection<long> sequences, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read<IReadOnlyDictionary<long, EntryHistory>>(workspace, w =>
            sequences.Distinct().Select(w.EntryAt).OfType<StoredEntry>().ToDictionary(entry => entry.Sequence, w.HistoryOf)));

    public async IAsyncEnumerable<EntryHistory> ScanAsync(
        WorkspaceId workspace, IReadOnlyCollection<long>? accounts, Instant from, Instant to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        bool Within(Instant time) => from <= time && time < to;
        IReadOnlyList<EntryHistory> found = Read(workspace, w => w.Entries
            .Where(entry => entry.Entry.Kind is EntryKind.Usage or EntryKind.Adjustment or EntryKind.Reservation && accounts?.Contains(entry.Entry.Account) != false)
            .Select(w.HistoryOf)
            .Where(history => Within(history.Entry.Entry.At) || Within(history.Entry.Entry.RecordedAt) || history.Later.Any(later => Within(later.Entry.RecordedAt)))
            .ToList());
        foreach (EntryHistory history in found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return history;
        }

        await ValueTask.CompletedTask;
    }

    public ValueTask<long> LastSequenceAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(workspace, w => w.LastSequence));

    public async IAsyncEnumerable<(long Account, Balance Balance)> ReadBalancesAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<(long, Balance)> all = Read(workspace, w => w.Heads.SelectMany(head => head.Value.Balances.Values.Select(balance => (head.Key, balance))).ToList());
        foreach ((long, Balance) balance in all)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return balance;
        }

        await ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<Balance>> ReadHistoryAsync(
        WorkspaceId workspace, AccountKey account, string? meter, Per? per, Instant from, Instant to, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read<IReadOnlyList<Balance>>(workspace, w => w.Accounts.TryGetValue(account, out MemoryAccount? found)
            ?
            [
                .. found.Balances.Values
                    .Where(balance => (meter is null || balance.Key.Meter == meter) && (per is null || balance.Key.Per == per))
                    .Where(balance => from <= balance.Key.PeriodStart && balance.Key.PeriodStart < to)
                    .OrderBy(balance => balance.Key.PeriodStart)
                    .ThenBy(balance => balance.Key.Meter, StringComparer.Ordinal)
                    .ThenBy(balance => balance.Key.Per)
                    .ThenBy(balance => balance.Key.Scope)
                    .ThenBy(balance => balance.Key.ScopeId),
            ]
            : []));

    public ValueTask<IReadOnlyList<DenialCount>> ReadDenialsAsync(WorkspaceId workspace, AccountKey? account, Instant from, Instant to, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read<IReadOnlyList<DenialCount>>(workspace, w =>
        [
            .. w.Denials
                .Select(pair => new DenialCount(pair.Key.Account, pair.Key.Bucket, pair.Key.Type, pair.Key.Refusal, pair.Value))
                .Where(count => from <= count.Bucket && count.Bucket < to)
                .Where(count => account is not { } key || (w.Accounts.TryGetValue(key, out MemoryAccount? found) && found.Head.Id == count.Account))
                .OrderBy(count => count.Bucket)
                .ThenBy(count => count.Account)
                .ThenBy(count => count.Type, StringComparer.Ordinal)
                .ThenBy(count => count.Refusal),
        ]));

    public ValueTask<IReadOnlyList<OpenHold>> ReadHoldsAsync(WorkspaceId workspace, AccountKey? account, HoldCursor? after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read<IReadOnlyList<OpenHold>>(workspace, w =>
        [
            .. w.Accounts
                .Where(pair => account is null || pair.Key == account)
                .OrderBy(pair => pair.Value.Head.Id)
                .SelectMany(pair => pair.Value.StateAt(store.Now()).Holds.OrderBy(hold => hold.Number).Select(hold => new OpenHold(pair.Key, pair.Value.Head.Id, hold)))
                .Where(open => after is not { } cursor || (open.AccountId, open.Hold.Number).CompareTo((cursor.AccountId, cursor.Number)) > 0)
                .Take(limit),
        ]));

    public async IAsyncEnumerable<(long Account, Grant Grant)> ReadGrantsAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<(long, Grant)> all = Read(workspace, w =>
            w.Heads.OrderBy(head => head.Key).SelectMany(head => head.Value.StateAt(store.Now()).Grants.Values.OrderBy(grant => grant.Number).Select(grant => (head.Key, grant))).ToList());
        foreach ((long, Grant) grant in all)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return grant;
        }

        await ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<StoredEntry>> ReadDrawsAsync(WorkspaceId workspace, long grant, long after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read<IReadOnlyList<StoredEntry>>(workspace, w =>
            [.. w.Entries.Skip(w.IndexAfter(after)).Where(entry => entry.Entry.RecordedAt >= w.Carried.Start && GrantDraw.SumsOf(entry.Entry).ContainsKey(grant)).Take(limit)]));

    public ValueTask<Quantity> SumDrawsAsync(WorkspaceId workspace, long grant, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(workspace, w => w.Entries.Where(entry => entry.Entry.RecordedAt >= w.Carried.Start)
            .Select(entry => GrantDraw.SumsOf(entry.Entry).GetValueOrDefault(grant).Used)
            .Concat(w.Carried.Grants().Where(carried => carried.Grant == grant).Select(carried => carried.Used))
            .Aggregate(Quantity.Zero, (sum, used) => sum + used)));

    public ValueTask<IReadOnlyList<AccountKey>> ReadDueAsync(WorkspaceId workspace, Instant now, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read<IReadOnlyList<AccountKey>>(workspace, w =>
            [.. w.Accounts.Where(account => account.Value.DueAt(now)).Select(account => account.Key).Take(limit)]));

    private static LedgerRecord RecordOf(MemoryWorkspace workspace, StoredEntry entry)
    {
        IReadOnlyList<StoredEntry> later = workspace.LaterThan(entry.Sequence);
        return new LedgerRecord(
            workspace.KeyOf(entry.Entry.Account), entry.Sequence, entry.Entry, entry.Details,
            later.LastOrDefault(l => l.Entry.Kind.IsSettlement() && l.Entry.Kind != EntryKind.Growth),
            later.FirstOrDefault(l => l.Entry.Kind == EntryKind.Reversal)?.Entry.RecordedAt);
    }

    private static bool Matches(LedgerRecord record, LedgerFilter filter) =>
        (filter.Account is null || record.Account == filter.Account)
        && (filter.Type is null || record.Entry.Type == filter.Type)
        && (filter.User is null || record.Details.User == filter.User)
        && (filter.Campaign is null || record.Details.Campaign == filter.Campaign)
        && (filter.Model is null || (record.Completion?.Details.Model ?? record.Details.Model) == filter.Model)
        && (filter.Status is null || (record.Completion?.Details.Status ?? record.Details.Status) == filter.Status)
        && (filter.From is not { } from || record.Entry.At >= from)
        && (filter.To is not { } to || record.Entry.At < to);

    private T Read<T>(WorkspaceId workspace, Func<MemoryWorkspace, T> read)
    {
        lock (store.Gate)
        {
            return read(store.Of(workspace));
        }
    }
}
