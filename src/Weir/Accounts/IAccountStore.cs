using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>What the host calls an account. It is personal data, kept apart from the ledger, and can be erased.</summary>
public sealed record AccountProfile(AccountKey Key)
{
    public string? Name { get; init; }

    /// <summary>The account's ids in other systems, by the system's name; at most 20.</summary>
    public IReadOnlyDictionary<string, string> ExternalIds { get; init; } = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty;
}

public sealed record NewAccount(Account Account, AccountProfile Profile)
{
    /// <summary>Written if the account is made by it; null for one that its first event makes.</summary>
    public AuditEntry? Audit { get; init; }
}

public sealed record AccountRecord(AccountProfile Profile, AccountState State);

public sealed record AccountFilter
{
    public const int LargestLimit = 1000;

    /// <summary>Accounts on one plan, by the store's clock.</summary>
    public string? Plan { get; init; }

    /// <summary>Accounts that are pinned, now or by a change that is planned, to another catalog version than this one.</summary>
    public int? PinnedElsewhereThan { get; init; }

    /// <summary>Text that the key or the name contains, without regard to ASCII case.</summary>
    public string? Search { get; init; }

    /// <summary>Accounts whose key follows this one, by bytes.</summary>
    public AccountKey? After { get; init; }

    public int Limit { get; init; } = 100;
}

/// <summary>Accounts as lists and pages show them. Changes go through the ledger, under the account's lock.</summary>
public interface IAccountStore
{
    ValueTask<AccountRecord?> FindAsync(WorkspaceId workspace, AccountKey key, CancellationToken cancellationToken);

    /// <summary>A page in the order of the keys' bytes, with the balances of open periods: one read, no query per account.</summary>
    ValueTask<IReadOnlyList<AccountRecord>> ListAsync(WorkspaceId workspace, AccountFilter filter, CancellationToken cancellationToken);

    ValueTask<long> CountAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>The host's keys of internal ids; erased accounts are left out.</summary>
    ValueTask<IReadOnlyDictionary<long, AccountProfile>> NamesAsync(WorkspaceId workspace, IReadOnlyCollection<long> accounts, CancellationToken cancellationToken);

    /// <summary>The host's names of users, campaigns or keys of one account, by their ids.</summary>
    ValueTask<IReadOnlyDictionary<long, string>> AliasesAsync(WorkspaceId workspace, long account, ScopeKind kind, CancellationToken cancellationToken);

    /// <summary>How many accounts each plan has.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> CountByPlanAsync(WorkspaceId workspace, CancellationToken cancellationToken);
}
