using Weir.Engine;

namespace Weir;

internal sealed class MemoryAccounts(MemoryStore store) : IAccountStore
{
    public ValueTask<AccountRecord?> FindAsync(WorkspaceId workspace, AccountKey key, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).Accounts.TryGetValue(key, out MemoryAccount? found) ? RecordOf(found) : null);
        }
    }

    public ValueTask<IReadOnlyList<AccountRecord>> ListAsync(WorkspaceId workspace, AccountFilter filter, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            IReadOnlyList<AccountRecord> page =
            [
                .. store.Of(workspace).Accounts
                    .Where(pair => filter.After is not { } after || string.CompareOrdinal(pair.Key.Value, after.Value) > 0)
                    .Where(pair => filter.Plan is null || pair.Value.Head.CurrentSubscription(store.Now()).Plan == filter.Plan)
                    .Where(pair => filter.PinnedElsewhereThan is not { } version || IsPinnedElsewhere(pair.Value.Head, version))
                    .Where(pair => filter.Search is null || Contains(pair.Key.Value, filter.Search) || Contains(pair.Value.Profile?.Name ?? "", filter.Search))
                    .OrderBy(pair => pair.Key.Value, StringComparer.Ordinal)
                    .Take(filter.Limit)
                    .Select(pair => RecordOf(pair.Value)),
            ];
            return ValueTask.FromResult(page);
        }
    }

    public ValueTask<long> CountAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult((long)store.Of(workspace).Accounts.Count);
        }
    }

    public ValueTask<IReadOnlyDictionary<long, AccountProfile>> NamesAsync(WorkspaceId workspace, IReadOnlyCollection<long> accounts, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            Dictionary<long, AccountProfile> names = [];
            foreach (long id in accounts)
            {
                if (found.Heads.TryGetValue(id, out MemoryAccount? account) && account.Profile is { } profile)
                {
                    names[id] = profile;
                }
            }

            return ValueTask.FromResult<IReadOnlyDictionary<long, AccountProfile>>(names);
        }
    }

    public ValueTask<IReadOnlyDictionary<long, string>> AliasesAsync(WorkspaceId workspace, long account, ScopeKind kind, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            AccountKey? key = found.KeyOf(account);
            IReadOnlyDictionary<long, string> aliases = found.Aliases.Where(pair => pair.Key.Account == key && pair.Key.Kind == kind).ToDictionary(pair => pair.Value, pair => pair.Key.Name);
            return ValueTask.FromResult(aliases);
        }
    }

    public ValueTask<IReadOnlyDictionary<string, long>> CountByPlanAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            IReadOnlyDictionary<string, long> counts = store.Of(workspace).Accounts.Values
                .GroupBy(account => account.Head.CurrentSubscription(store.Now()).Plan, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.LongCount(), StringComparer.Ordinal);
            return ValueTask.FromResult(counts);
        }
    }

    private bool IsPinnedElsewhere(Account account, int version) =>
        account.Planned.Where(change => change.At > store.Now()).Select(change => change.Subscription).Append(account.CurrentSubscription(store.Now()))
            .Any(subscription => subscription.PinnedVersion is { } pinned && pinned != version);

    private static bool Contains(string text, string search) => AsciiLower(text).Contains(AsciiLower(search), StringComparison.Ordinal);

    private static string AsciiLower(string text) =>
        string.Create(text.Length, text, static (lower, source) => { for (int i = 0; i < lower.Length; i++) { lower[i] = char.IsAsciiLetterUpper(source[i]) ? (char)(source[i] | 0x20) : source[i]; } });

    private AccountRecord RecordOf(MemoryAccount account) => new(account.Profile!, account.StateAt(store.Now()));
}
