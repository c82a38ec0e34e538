using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>A portal token as it is stored: never its text. It lets a browser see the usage of one account for a while.</summary>
/// <param name="Id">The public part of the token's text.</param>
/// <param name="Account">The account's internal id: an account that is made anew under the same key is another.</param>
/// <param name="User">Who inside the account looks at it, or null. Personal data: an erase deletes the row.</param>
/// <param name="Hash">SHA-256 of the secret part.</param>
public sealed record PortalToken(string Id, long Account, string? User, Digest Hash, Instant CreatedAt, Instant ExpiresAt, Instant? RevokedAt);

public sealed record PortalTokenFilter
{
    public const int LargestLimit = 1000;

    /// <summary>Tokens of one account, by its internal id.</summary>
    public long? Account { get; init; }

    /// <summary>Tokens older than the one with this time and id.</summary>
    public (Instant CreatedAt, string Id)? Before { get; init; }

    public int Limit { get; init; } = 100;
}

public interface IPortalTokenStore
{
    ValueTask<PortalToken?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    ValueTask<IReadOnlyList<PortalToken>> ListAsync(WorkspaceId workspace, PortalTokenFilter filter, CancellationToken cancellationToken);

    /// <summary>Adds a token, and takes away those that expired before a time. False when the account has been erased meanwhile.</summary>
    ValueTask<bool> AddAsync(WorkspaceId workspace, PortalToken token, Instant forgetBefore, AuditEntry audit, CancellationToken cancellationToken);

    /// <summary>False when there is no such token; true also when it was revoked before.</summary>
    /// <param name="audit">What the audit log says of a token that was not revoked before.</param>
    ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, AuditEntry audit, CancellationToken cancellationToken);
}

/// <summary>What a caller with a portal token is held to.</summary>
/// <param name="AccountId">The account's internal id.</param>
/// <param name="Account">The host's key of the account as it is now.</param>
/// <param name="User">Who inside the account looks, or null for the account as a whole.</param>
public sealed record PortalIdentity(string TokenId, long AccountId, AccountKey Account, string? User, Instant ExpiresAt);
