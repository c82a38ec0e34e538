using Weir.Engine;

namespace Weir;

/// <summary>What an erase did.</summary>
/// <param name="Erased">False when nobody of this name was there: an erase that is repeated finds nothing and changes nothing.</param>
/// <param name="Complete">
/// No file of the store has a byte of what was erased. False while somebody still reads the state before; a repeat, or the next start, ends it.
/// </param>
/// <param name="Reservations">Open reservations that were given up.</param>
public sealed record EraseResult(bool Erased, bool Complete, int Reservations);

/// <summary>
/// Erases personal data (PRIV-1). The transaction in which it begins decides: what was acknowledged before belongs to the account that
/// is erased, what comes after makes a new one. The ledger, its balances and its totals stay.
/// </summary>
public sealed class PrivacyService : IDisposable
{
    /// <summary>Entries whose details go in one transaction: others wait for a few milliseconds, not for an account's whole history.</summary>
    internal const int EntriesAtATime = 2_000;

    private readonly IWeirStore _store;
    private readonly GroupCommit _commits;
    private readonly ReservationService _reservations;
    private readonly CatalogService _catalogs;
    private readonly KeyService _keys;
    private readonly SemaphoreSlim _one = new(1, 1);

    public PrivacyService(IWeirStore store, GroupCommit commits, ReservationService reservations, CatalogService catalogs, KeyService keys)
    {
        _store = store;
        _commits = commits;
        _reservations = reservations;
        _catalogs = catalogs;
        _keys = keys;
    }

    /// <summary>
    /// Erases an account, or one user of it. Its waiting requests are sent away, its open reservations released, its portal tokens refused
    /// from the next request on.
    /// </summary>
    /// <param name="user">One user inside the account; null for the account itself.</param>
    public async Task<EraseResult> EraseAsync(WorkspaceId workspace, AccountKey account, string? user, AuditActor actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await _reservations.ForgetAsync(workspace, account, user, cancellationToken);
        if (user is null)
        {
            // Before, because a process that dies after the account has gone leaves nobody who knows its key; once more afterwards, because
            // a plan may have been made for it meanwhile.
            await _catalogs.RedactAsync(workspace, account, cancellationToken);
        }

        EraseCommand command = new()
        {
            Workspace = workspace,
            Account = account,
            IdText = account.Value,
            User = user,
            UserHasTokens = user is not null && await HasTokensAsync(workspace, account, user, cancellationToken),
            Actor = actor,
        };
        await _commits.SubmitAsync(command, cancellationToken);
        _keys.Forget();
        if (command.Released > 0)
        {
            _reservations.Returned(workspace);
        }

        if (user is null)
        {
            await _catalogs.RedactAsync(workspace, account, cancellationToken);
        }

        bool complete = await CompleteAsync(workspace, cancellationToken);
        return new EraseResult(command.Released is not null, complete, command.Released ?? 0);
    }

    /// <summary>Ends every erase of a workspace that was begun, by this process or by one that died.</summary>
    /// <returns>False when one of them could not be ended yet.</returns>
    public async Task<bool> CompleteAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<OpenErasure> open = await _store.Privacy.ReadOpenAsync(workspace, cancellationToken);
            foreach (OpenErasure erasure in open)
            {
                while (await _store.Privacy.EraseNextAsync(workspace, erasure.Number, EntriesAtATime, cancellationToken) == EntriesAtATime)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }

            return open.Count == 0 || await _store.Privacy.EndAsync(workspace, [.. open.Select(erasure => erasure.Number)], cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Ends what earlier processes began, in every workspace.</summary>
    public async Task<bool> CompleteAllAsync(CancellationToken cancellationToken)
    {
        bool complete = true;
        foreach (Workspace workspace in await _store.Workspaces.ListAsync(cancellationToken))
        {
            complete &= await CompleteAsync(workspace.Id, cancellationToken);
        }

        return complete;
    }

    public void Dispose() => _one.Dispose();

    private async Task<bool> HasTokensAsync(WorkspaceId workspace, AccountKey account, string user, CancellationToken cancellationToken)
    {
        if (await _store.Ledger.ReadStateAsync(workspace, account, cancellationToken) is not { } state)
        {
            return false;
        }

        PortalTokenFilter filter = new() { Account = state.Account.Id, Limit = PortalTokenFilter.LargestLimit };
        while (true)
        {
            IReadOnlyList<PortalToken> page = await _store.PortalTokens.ListAsync(workspace, filter, cancellationToken);
            if (page.Any(token => token.User == user))
            {
                return true;
            }

            if (page.Count < filter.Limit)
            {
                return false;
            }

            filter = filter with { Before = (page[^1].CreatedAt, page[^1].Id) };
        }
    }
}
