using NodaTime;

namespace Weir;

/// <summary>How the text of a catalog is written.</summary>
public enum CatalogFormat
{
    Yaml,
    Json,
}

/// <summary>One accepted document. It never changes.</summary>
/// <param name="Version">Counts from 1 in each workspace.</param>
/// <param name="Actor">The key or program that brought it.</param>
public sealed record CatalogVersion(int Version, string Document, CatalogFormat Format, Instant CreatedAt, string? Actor);

public interface ICatalogStore
{
    /// <summary>The number of the active version; 0 while the workspace has none.</summary>
    ValueTask<int> ActiveVersionAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    ValueTask<CatalogVersion?> FindAsync(WorkspaceId workspace, int version, CancellationToken cancellationToken);

    /// <summary>Without documents' texts where <paramref name="withDocuments"/> is false; newest first.</summary>
    ValueTask<IReadOnlyList<CatalogVersion>> ListAsync(WorkspaceId workspace, bool withDocuments, CancellationToken cancellationToken);

    /// <summary>Stores a document as the next version and activates it, if <paramref name="expectedActive"/> is still the active one. Null when it is not.</summary>
    /// <param name="audit">What the audit log says of the version with the number that it gets.</param>
    ValueTask<int?> AddAsync(
        WorkspaceId workspace, string document, CatalogFormat format, string? actor, int expectedActive, Func<int, AuditEntry> audit, CancellationToken cancellationToken);

    /// <summary>Activates an earlier version, if <paramref name="expectedActive"/> is still the active one. False when it is not.</summary>
    ValueTask<bool> ActivateAsync(WorkspaceId workspace, int version, int expectedActive, AuditEntry audit, CancellationToken cancellationToken);

    /// <summary>
    /// Puts another text in the place of a version's, for an erase: the one thing that ever changes a version, and not what it means for
    /// anyone who is left. Nothing of the old text stays.
    /// </summary>
    ValueTask RedactAsync(WorkspaceId workspace, int version, string document, CancellationToken cancellationToken);

    /// <summary>Meters that have entries and plans that accounts are on or will be: what a new version must not remove.</summary>
    ValueTask<CatalogUse> ReadUseAsync(WorkspaceId workspace, CancellationToken cancellationToken);
}

public sealed record CatalogUse(IReadOnlySet<string> Plans, IReadOnlySet<string> Meters);
