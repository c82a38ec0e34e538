using Weir.Engine;

namespace Weir;

/// <summary>Accounts, their plans and their own limits.</summary>
public sealed class AccountService(IWeirStore store, GroupCommit commits)
{
    public ValueTask<AccountRecord?> FindAsync(WorkspaceId workspace, AccountKey key, CancellationToken cancellationToken) =>
        store.Accounts.FindAsync(workspace, key, cancellationToken);

    public ValueTask<IReadOnlyList<AccountRecord>> ListAsync(WorkspaceId workspace, AccountFilter filter, CancellationToken cancellationToken) =>
        store.Accounts.ListAsync(workspace, filter, cancellationToken);

    /// <summary>Makes an account or changes it; what is null stays. Repeating it changes nothing.</summary>
    /// <param name="create">Whether a missing account is made; otherwise it is a failure.</param>
    public async Task<Outcome> ChangeAsync(
        WorkspaceId workspace, AccountKey key, AccountChange change, AccountProfile? profile, bool create, CancellationToken cancellationToken) =>
        await commits.SubmitAsync(
            new ChangeAccountCommand { Workspace = workspace, Account = key, IdText = key.Value, Change = change, Profile = profile, Create = create },
            cancellationToken);
}
