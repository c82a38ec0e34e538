using NodaTime;

namespace Weir;

/// <summary>What a key may do. <see cref="Admin"/> includes the others (ACC-1).</summary>
[Flags]
public enum KeyScopes
{
    None = 0,

    /// <summary>Record, check and consume.</summary>
    Ingest = 1,

    /// <summary>Read usage, events, accounts and the catalog.</summary>
    Read = 2,

    Admin = 4,
}

/// <summary>A key as it is stored: never its text.</summary>
/// <param name="Id">The public part of the key's text.</param>
/// <param name="Hash">SHA-256 of the secret part.</param>
public sealed record ApiKey(string Id, string Name, bool Live, KeyScopes Scopes, Digest Hash, Instant CreatedAt, Instant? RevokedAt);

public interface IKeyStore
{
    ValueTask<ApiKey?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<ApiKey>> ListAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    ValueTask AddAsync(WorkspaceId workspace, ApiKey key, AuditEntry audit, CancellationToken cancellationToken);

    /// <summary>False when there is no such key; true also when it was revoked before.</summary>
    /// <param name="audit">Written when the key was not revoked before.</param>
    ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, AuditEntry audit, CancellationToken cancellationToken);
}
