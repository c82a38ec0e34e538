using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>An alert as people see it: with the names that the host gave.</summary>
/// <param name="Account">The account's key; null when it was erased.</param>
/// <param name="ScopeValue">The user, campaign or key whose balance it is about; null for the account's own and where the name was erased.</param>
/// <param name="Job">The id of the reservation, of a job; null when the sender's id was erased.</param>
/// <param name="State">How it stands now.</param>
public sealed record InboxAlert(long Number, Alert Alert, AccountKey? Account, string? ScopeValue, string? Job, AlertState State);

/// <summary>The inboxes: what was raised, and what people have seen of it.</summary>
public sealed class AlertService(IWeirStore store, TimeProvider time)
{
    /// <summary>Times are the store's where a decision raises an alert; looking at it is about this node's now.</summary>
    public Instant Now => Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));

    /// <param name="account">One account, or null for all.</param>
    /// <param name="user">Who inside the account looks: the balances of other users are not shown. Null sees everything.</param>
    /// <returns>Null when there is no such account.</returns>
    public async ValueTask<IReadOnlyList<InboxAlert>?> ListAsync(
        WorkspaceId workspace, AccountKey? account, string? user, AlertFilter filter, CancellationToken cancellationToken)
    {
        if (account is { } key)
        {
            if (await IdOfAsync(workspace, key, cancellationToken) is not { } id)
            {
                return null;
            }

            filter = filter with { Account = id, OnlyUser = await UserIdAsync(workspace, key, user, cancellationToken) };
        }

        return await NameAsync(workspace, await store.Alerts.ListAsync(workspace, filter, cancellationToken), filter.Now, cancellationToken);
    }

    /// <summary>How many alerts of an account stand and are unread; null when there is no such account.</summary>
    public async ValueTask<AlertCounts?> CountAsync(WorkspaceId workspace, AccountKey account, string? user, CancellationToken cancellationToken) =>
        await IdOfAsync(workspace, account, cancellationToken) is { } id
            ? await store.Alerts.CountAsync(workspace, id, await UserIdAsync(workspace, account, user, cancellationToken), Now, cancellationToken)
            : null;

    /// <summary>Says that somebody takes care of it. The first acknowledgement stays; null when the account, or its alert, does not exist.</summary>
    public async ValueTask<InboxAlert?> AcknowledgeAsync(WorkspaceId workspace, AccountKey account, string? user, string id, string by, CancellationToken cancellationToken)
    {
        if (await IdOfAsync(workspace, account, cancellationToken) is not { } number
            || (await store.Alerts.FindAsync(workspace, number, id, cancellationToken))?.Alert.IsShownTo(await UserIdAsync(workspace, account, user, cancellationToken)) != true
            || await store.Alerts.AcknowledgeAsync(workspace, number, id, Now, by, cancellationToken) is not { } found)
        {
            return null;
        }

        return (await NameAsync(workspace, [found], Now, cancellationToken))[0];
    }

    /// <summary>Notes that alerts were read.</summary>
    /// <param name="ids">Null for all that there are.</param>
    /// <returns>How many had not been read before; null when there is no such account.</returns>
    public async ValueTask<int?> MarkReadAsync(WorkspaceId workspace, AccountKey account, IReadOnlyCollection<string>? ids, CancellationToken cancellationToken) =>
        await IdOfAsync(workspace, account, cancellationToken) is { } id ? await store.Alerts.MarkReadAsync(workspace, id, ids, Now, cancellationToken) : null;

    /// <summary>The random id of a user; one that is not known has 0, which is the balance of events that name nobody.</summary>
    private async ValueTask<long?> UserIdAsync(WorkspaceId workspace, AccountKey account, string? user, CancellationToken cancellationToken) =>
        user is null ? null : (await store.Ledger.ReadScopesAsync(workspace, account, user, null, null, cancellationToken)).User;

    private async ValueTask<long?> IdOfAsync(WorkspaceId workspace, AccountKey account, CancellationToken cancellationToken) =>
        (await store.Ledger.ReadStateAsync(workspace, account, cancellationToken))?.Account.Id;

    private async ValueTask<IReadOnlyList<InboxAlert>> NameAsync(WorkspaceId workspace, IReadOnlyList<StoredAlert> alerts, Instant now, CancellationToken cancellationToken)
    {
        long[] accounts = [.. alerts.Select(stored => stored.Alert.Account).Distinct()];
        IReadOnlyDictionary<long, AccountProfile> profiles = await store.Accounts.NamesAsync(workspace, accounts, cancellationToken);
        Dictionary<(long Account, ScopeKind Scope), IReadOnlyDictionary<long, string>> names = [];
        foreach ((long account, ScopeKind scope) in alerts.Where(stored => stored.Alert.ScopeId != 0).Select(stored => (stored.Alert.Account, stored.Alert.Scope)).Distinct())
        {
            names[(account, scope)] = await store.Accounts.AliasesAsync(workspace, account, scope, cancellationToken);
        }

        long[] numbers = [.. alerts.Where(stored => stored.Alert.Job is not null).Select(stored => stored.Alert.Job!.Value).Distinct()];
        IReadOnlyDictionary<long, EntryHistory> jobs = numbers.Length == 0
            ? new Dictionary<long, EntryHistory>()
            : await store.Ledger.ReadEntriesAsync(workspace, numbers, cancellationToken);
        return
        [
            .. alerts.Select(stored => new InboxAlert(
                stored.Number, stored.Alert, profiles.TryGetValue(stored.Alert.Account, out AccountProfile? profile) ? profile.Key : null,
                names.TryGetValue((stored.Alert.Account, stored.Alert.Scope), out IReadOnlyDictionary<long, string>? known) ? known.GetValueOrDefault(stored.Alert.ScopeId) : null,
                stored.Alert.Job is { } number && jobs.TryGetValue(number, out EntryHistory? job) ? job.Entry.Details.Id : null,
                stored.Alert.StateAt(now))),
        ];
    }
}
