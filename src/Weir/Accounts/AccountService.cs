using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>A change of what the host calls an account; what is null stays.</summary>
public sealed record ProfileChange
{
    /// <summary>An empty text takes the name away.</summary>
    public string? Name { get; init; }

    /// <summary>All external ids from now on.</summary>
    public IReadOnlyDictionary<string, string>? ExternalIds { get; init; }
}

/// <summary>Accounts, their plans and their own limits.</summary>
public sealed class AccountService(IWeirStore store, CatalogService catalogs, GroupCommit commits, TimeProvider time) : IDisposable
{
    /// <summary>Two changes of one profile are one after the other: each keeps what the other has set.</summary>
    private readonly SemaphoreSlim[] _profiles = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>The time by which accounts are shown.</summary>
    public Instant Now => Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));

    public ValueTask<AccountRecord?> FindAsync(WorkspaceId workspace, AccountKey key, CancellationToken cancellationToken) =>
        store.Accounts.FindAsync(workspace, key, cancellationToken);

    public ValueTask<IReadOnlyList<AccountRecord>> ListAsync(WorkspaceId workspace, AccountFilter filter, CancellationToken cancellationToken) =>
        store.Accounts.ListAsync(workspace, filter, cancellationToken);

    /// <summary>Makes an account or changes it; what is null stays. Repeating it changes nothing.</summary>
    /// <param name="profile">The whole profile from now on, or null to leave it.</param>
    /// <param name="create">Whether a missing account is made; otherwise it is a failure.</param>
    /// <param name="actor">Who the audit log says it was.</param>
    public async Task<Outcome> ChangeAsync(
        WorkspaceId workspace, AccountKey key, AccountChange change, AccountProfile? profile, bool create, AuditActor actor, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> profileChanges = [];
        if (profile is not null)
        {
            profileChanges = ChangesOf((await store.Accounts.FindAsync(workspace, key, cancellationToken))?.Profile ?? new AccountProfile(key), profile);
            profile = profileChanges.Count == 0 ? null : profile;
        }

        if (create && await FailureOfNewAsync(workspace, key, change, cancellationToken) is { } failure)
        {
            return new Outcome { Id = key.Value, Refusal = failure.Refusal, Failure = failure };
        }

        return await commits.SubmitAsync(
            new ChangeAccountCommand
            {
                Workspace = workspace, Account = key, IdText = key.Value, Change = change, Profile = profile, ProfileChanges = profileChanges, Create = create, Actor = actor,
            },
            cancellationToken);
    }

    /// <summary>Makes an account or changes it with a part of its profile.</summary>
    public async Task<Outcome> PutAsync(
        WorkspaceId workspace, AccountKey key, AccountChange change, ProfileChange profile, AuditActor actor, CancellationToken cancellationToken)
    {
        if (profile is { Name: null, ExternalIds: null })
        {
            return await ChangeAsync(workspace, key, change, null, true, actor, cancellationToken);
        }

        SemaphoreSlim turn = _profiles[(HashCode.Combine(workspace, key) & int.MaxValue) % _profiles.Length];
        await turn.WaitAsync(cancellationToken);
        try
        {
            AccountProfile whole = (await store.Accounts.FindAsync(workspace, key, cancellationToken))?.Profile ?? new AccountProfile(key);
            whole = whole with
            {
                Name = profile.Name is null ? whole.Name : profile.Name.Length == 0 ? null : profile.Name,
                ExternalIds = profile.ExternalIds ?? whole.ExternalIds,
            };
            // The turn is kept until the change is durable, also when the caller has gone.
            return await ChangeAsync(workspace, key, change, whole, true, actor, CancellationToken.None);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose()
    {
        foreach (SemaphoreSlim turn in _profiles)
        {
            turn.Dispose();
        }
    }

    private static List<string> ChangesOf(AccountProfile before, AccountProfile after)
    {
        List<string> changes = [];
        if (before.Name != after.Name)
        {
            changes.Add("name");
        }

        if (before.ExternalIds.Count != after.ExternalIds.Count || before.ExternalIds.Except(after.ExternalIds).Any())
        {
            changes.Add("externalIds");
        }

        return changes;
    }

    /// <summary>
    /// Why a missing account cannot be made with a change, or null. Accounts are made before the change is decided (TX-1 a); a change
    /// that is refused must not leave one behind.
    /// </summary>
    private async ValueTask<Failure?> FailureOfNewAsync(WorkspaceId workspace, AccountKey key, AccountChange change, CancellationToken cancellationToken)
    {
        if (await store.Ledger.ReadStateAsync(workspace, key, cancellationToken) is not null)
        {
            return null;
        }

        CatalogBook book = await catalogs.BookAsync(workspace, (Account?)null, cancellationToken);
        AccountState head = await store.Ledger.ReadWorkspaceStateAsync(workspace, cancellationToken);
        AccountRules.Apply(BatchExecutor.NewAccount(key, head, book.Active, Now, change).Account, change, book, key.Value, Now, out Failure? failure);
        return failure;
    }
}
