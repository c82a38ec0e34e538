using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

using Weir.Engine;

namespace Weir;

/// <summary>What became of a wish to change the catalog.</summary>
/// <param name="Version">The new active version, or null when nothing changed.</param>
/// <param name="Errors">Every error of the document.</param>
/// <param name="Conflict">Another version was active than the caller expected.</param>
public sealed record CatalogChange(int? Version, ImmutableArray<CatalogError> Errors, bool Conflict)
{
    /// <summary>The document is valid, but it takes away what is in use (CAT-1).</summary>
    public bool Incompatible { get; init; }

    /// <summary>The version that is active after the call.</summary>
    public int Active { get; init; }
}

/// <summary>
/// The catalogs of all workspaces. A version never changes, so it is parsed once and remembered by its number (TX-5).
/// </summary>
public sealed class CatalogService(IWeirStore store, TimeProvider time)
{
    private static readonly Catalog s_empty = CatalogText.Read("name: empty\ndefaultPlan: default\nplans:\n  default: {}\n", CatalogFormat.Yaml).Catalog
        ?? throw new InvalidOperationException("The empty catalog is not valid.");

    private readonly ConcurrentDictionary<(WorkspaceId, int), Catalog> _versions = new();
    private readonly ConcurrentDictionary<WorkspaceId, CatalogBook> _books = new();
    private readonly ConcurrentDictionary<WorkspaceId, (int Version, DocumentMapping Root)> _documents = new();
    private readonly ConcurrentDictionary<WorkspaceId, Freshness> _asOf = new();

    /// <summary>Hits and misses of remembered versions and how many are remembered, for operators.</summary>
    public (long Hits, long Misses, int Remembered) CacheFigures => (Interlocked.Read(ref _hits), Interlocked.Read(ref _misses), _versions.Count);

    private long _hits;
    private long _misses;

    /// <summary>The active catalog; the empty one, version 0, while a workspace has none.</summary>
    public async ValueTask<(int Version, Catalog Catalog)> ActiveAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        int version = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken);
        return (version, await FindAsync(workspace, version, cancellationToken));
    }

    /// <exception cref="KeyNotFoundException">There is no such version.</exception>
    public async ValueTask<Catalog> FindAsync(WorkspaceId workspace, int version, CancellationToken cancellationToken)
    {
        if (version == 0)
        {
            return s_empty;
        }

        long? stamp = ForgetRedacted(workspace);
        if (_versions.TryGetValue((workspace, version), out Catalog? known))
        {
            Interlocked.Increment(ref _hits);
            return known;
        }

        Interlocked.Increment(ref _misses);
        CatalogVersion stored = await store.Catalogs.FindAsync(workspace, version, cancellationToken)
            ?? throw new KeyNotFoundException($"The workspace has no catalog version {version}.");
        CatalogResult result = CatalogText.Read(stored.Document, stored.Format);
        Catalog catalog = result.Catalog ?? throw new InvalidDataException($"Stored catalog version {version} is not valid any more: {result.Errors[0]}");
        // What was redacted while it was read is not remembered.
        return StampOf(workspace) == stamp ? _versions.GetOrAdd((workspace, version), catalog) : catalog;
    }

    /// <summary>The active document as a tree, as it was written; null while the workspace has none.</summary>
    public async ValueTask<(int Version, DocumentMapping Root)?> DocumentAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        int version = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken);
        if (version == 0)
        {
            return null;
        }

        long? stamp = ForgetRedacted(workspace);
        if (_documents.TryGetValue(workspace, out (int Version, DocumentMapping Root) known) && known.Version == version)
        {
            return known;
        }

        CatalogVersion stored = await store.Catalogs.FindAsync(workspace, version, cancellationToken)
            ?? throw new KeyNotFoundException($"The workspace has no catalog version {version}.");
        DocumentMapping root = CatalogText.Parse(stored.Document, stored.Format).Root as DocumentMapping
            ?? throw new InvalidDataException($"Stored catalog version {version} cannot be read any more.");
        if (StampOf(workspace) == stamp)
        {
            _documents[workspace] = (version, root);
        }

        return (version, root);
    }

    /// <summary>The active version with every one that an account is pinned to: now, by a change that is planned, or before.</summary>
    internal async ValueTask<CatalogBook> BookAsync(WorkspaceId workspace, int activeVersion, IEnumerable<Account> accounts, CancellationToken cancellationToken)
    {
        if (!_books.TryGetValue(workspace, out CatalogBook? book) || book.ActiveVersion != activeVersion)
        {
            Catalog active = await FindAsync(workspace, activeVersion, cancellationToken);
            book = new CatalogBook(activeVersion, ImmutableDictionary<int, Catalog>.Empty.Add(activeVersion, active));
            _books[workspace] = book;
        }

        foreach (Account account in accounts)
        {
            book = account.PinnedVersion is { } pinned ? await WithAsync(workspace, book, pinned, cancellationToken) : book;
            foreach (PlannedChange change in account.Planned)
            {
                book = change.Subscription.PinnedVersion is { } later ? await WithAsync(workspace, book, later, cancellationToken) : book;
            }

            // What rolls over is what was left of the plan of then.
            foreach (FormerPlan former in account.FormerPlans)
            {
                book = former.Subscription.PinnedVersion is { } earlier ? await WithAsync(workspace, book, earlier, cancellationToken) : book;
            }
        }

        return book;
    }

    private async ValueTask<CatalogBook> WithAsync(WorkspaceId workspace, CatalogBook book, int version, CancellationToken cancellationToken)
    {
        if (book.Versions.ContainsKey(version))
        {
            return book;
        }

        book = new CatalogBook(book.ActiveVersion, book.Versions.Add(version, await FindAsync(workspace, version, cancellationToken)));
        return _books[workspace] = book;
    }

    /// <summary>The book that an account's plan is looked up in.</summary>
    public async ValueTask<CatalogBook> BookAsync(WorkspaceId workspace, Account? account, CancellationToken cancellationToken)
    {
        int version = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken);
        return await BookAsync(workspace, version, account is null ? [] : [account], cancellationToken);
    }

    /// <summary>Validates a document as the next version, without effect.</summary>
    public async ValueTask<CatalogChange> ValidateAsync(WorkspaceId workspace, string document, CatalogFormat format, CancellationToken cancellationToken)
    {
        (int active, _, CatalogChange? refused) = await CheckAsync(workspace, document, format, cancellationToken);
        return refused ?? new CatalogChange(null, [], false) { Active = active };
    }

    /// <summary>Replaces the catalog as a whole; an invalid or incompatible document is refused with all its errors, and the active version stays (CAT-1).</summary>
    /// <param name="expected">The version that the caller has seen, or null to take whatever is active.</param>
    public async ValueTask<CatalogChange> ReplaceAsync(
        WorkspaceId workspace, string document, CatalogFormat format, int? expected, AuditActor actor, CancellationToken cancellationToken)
    {
        while (true)
        {
            (int active, _, CatalogChange? refused) = await CheckAsync(workspace, document, format, cancellationToken);
            if (expected is { } seen && seen != active)
            {
                return new CatalogChange(null, [], true) { Active = active };
            }

            if (refused is not null)
            {
                return refused;
            }

            if (await store.Catalogs.AddAsync(workspace, document, format, actor.Label, active, next => Audit(actor, AuditActions.CatalogChanged, active, next), cancellationToken) is { } version)
            {
                return new CatalogChange(version, [], false) { Active = version };
            }

            if (expected is not null)
            {
                return new CatalogChange(null, [], true) { Active = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken) };
            }
        }
    }

    /// <summary>Replaces, inserts or deletes one member of the document, such as <c>/events/pdf_export</c>, and makes the whole the next version.</summary>
    /// <param name="value">The member's new value, or null to delete it.</param>
    public async ValueTask<CatalogChange> EditAsync(
        WorkspaceId workspace, string pointer, DocumentNode? value, int? expected, AuditActor actor, CancellationToken cancellationToken)
    {
        while (true)
        {
            int active = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken);
            if (expected is { } seen && seen != active)
            {
                return new CatalogChange(null, [], true) { Active = active };
            }

            CatalogVersion? current = active == 0 ? null : await store.Catalogs.FindAsync(workspace, active, cancellationToken);
            if (current is null)
            {
                return new CatalogChange(null, [new CatalogError("", default, "The workspace has no catalog yet; put a whole one first.")], false);
            }

            CatalogEdit edit = CatalogText.Edit(current.Document, current.Format, pointer, value);
            if (edit.Text is null)
            {
                return new CatalogChange(null, edit.Errors, false) { Active = active };
            }

            CatalogChange change = await ReplaceAsync(workspace, edit.Text, current.Format, active, actor, cancellationToken);
            if (!change.Conflict || expected is not null)
            {
                return change;
            }
        }
    }

    /// <summary>Activates an earlier version again.</summary>
    public async ValueTask<CatalogChange> RollbackAsync(WorkspaceId workspace, int version, int? expected, AuditActor actor, CancellationToken cancellationToken)
    {
        int active = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken);
        if (expected is { } seen && seen != active)
        {
            return new CatalogChange(null, [], true) { Active = active };
        }

        CatalogVersion? stored = version == 0 ? null : await store.Catalogs.FindAsync(workspace, version, cancellationToken);
        if (stored is null)
        {
            return new CatalogChange(null, [new CatalogError("", default, $"There is no version {version}; GET /api/v1/catalog/versions lists them.")], false) { Active = active };
        }

        (_, _, CatalogChange? refused) = await CheckAsync(workspace, stored.Document, stored.Format, cancellationToken);
        if (refused is not null)
        {
            return refused;
        }

        return await store.Catalogs.ActivateAsync(workspace, version, active, Audit(actor, AuditActions.CatalogRolledBack, active, version), cancellationToken)
            ? new CatalogChange(version, [], false) { Active = version }
            : new CatalogChange(null, [], true) { Active = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken) };
    }

    /// <summary>
    /// Takes an account's key out of every version: plans that were made for it are nobody's from then on (PRIV-1). Comments and layout of
    /// the versions that had it are lost.
    /// </summary>
    internal async ValueTask RedactAsync(WorkspaceId workspace, AccountKey account, CancellationToken cancellationToken)
    {
        bool redacted = false;
        foreach (CatalogVersion listed in await store.Catalogs.ListAsync(workspace, withDocuments: false, cancellationToken))
        {
            CatalogVersion? stored = await store.Catalogs.FindAsync(workspace, listed.Version, cancellationToken);
            if (stored is not null && CatalogText.Redacted(stored.Document, stored.Format, account.Value) is { } text)
            {
                await store.Catalogs.RedactAsync(workspace, stored.Version, text, cancellationToken);
                redacted = true;
            }
        }

        if (redacted)
        {
            _documents.Clear();
            Forget();
        }
    }

    private long? StampOf(WorkspaceId workspace) => store.Changes.Stamp(workspace, Remembered.Catalog);

    /// <summary>
    /// Forgets the texts of a workspace when another node may have taken a name out of one; an erase is the one thing that changes a text.
    /// While the store cannot tell, they are read again from time to time.
    /// </summary>
    private long? ForgetRedacted(WorkspaceId workspace)
    {
        Freshness now = Freshness.Of(store.Changes, workspace, Remembered.Catalog, time);
        if (!_asOf.TryGetValue(workspace, out Freshness known))
        {
            _asOf.TryAdd(workspace, now);
        }
        else if (now.Stamp is null ? time.GetElapsedTime(known.ReadAt, now.ReadAt) >= Freshness.Longest : now.Stamp != known.Stamp)
        {
            foreach ((WorkspaceId, int) version in _versions.Keys.Where(version => version.Item1 == workspace))
            {
                _versions.TryRemove(version, out _);
            }

            _documents.TryRemove(workspace, out _);
            _books.TryRemove(workspace, out _);
            _asOf[workspace] = now;
        }

        return now.Stamp;
    }

    /// <summary>Forgets every remembered version: the next request reads and validates what the store has. For operators.</summary>
    public void Forget()
    {
        _books.Clear();
        _versions.Clear();
    }

    /// <summary>
    /// Applies a file if it has changed since it was last applied. What was changed while running stays until then: a restart does not
    /// take it back.
    /// </summary>
    /// <exception cref="InvalidDataException">It is not valid; the message has every error with its place.</exception>
    public async ValueTask ApplyFileAsync(WorkspaceId workspace, string path, CancellationToken cancellationToken)
    {
        string text = await File.ReadAllTextAsync(path, cancellationToken);
        CatalogFormat format = Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase) ? CatalogFormat.Json : CatalogFormat.Yaml;
        AuditActor actor = AuditActor.OfHost(Path.GetFileName(path));
        IReadOnlyList<CatalogVersion> versions = await store.Catalogs.ListAsync(workspace, withDocuments: false, cancellationToken);
        CatalogVersion? applied = versions.Where(version => version.Actor == actor.Label).MaxBy(version => version.Version);
        if (applied is not null && (await store.Catalogs.FindAsync(workspace, applied.Version, cancellationToken))?.Document == text)
        {
            return;
        }

        CatalogChange change = await ReplaceAsync(workspace, text, format, null, actor, cancellationToken);
        if (change.Version is null)
        {
            throw new InvalidDataException($"The catalog {path} was not taken:{Environment.NewLine}{string.Join(Environment.NewLine, change.Errors.Select(e => "  " + e))}");
        }
    }

    /// <summary>The documents themselves are kept for ever under their numbers.</summary>
    private static AuditEntry Audit(AuditActor actor, string action, int before, int after) => new(actor, action, new AuditTarget("catalog", after.ToString(CultureInfo.InvariantCulture)))
    {
        Before = before == 0 ? null : new JsonObject { ["version"] = before },
        After = new JsonObject { ["version"] = after },
    };

    private async ValueTask<(int Active, Catalog? Next, CatalogChange? Refused)> CheckAsync(
        WorkspaceId workspace, string document, CatalogFormat format, CancellationToken cancellationToken)
    {
        (int active, Catalog current) = await ActiveAsync(workspace, cancellationToken);
        CatalogResult result = CatalogText.Read(document, format);
        if (result.Catalog is not { } next)
        {
            return (active, null, new CatalogChange(null, result.Errors, false) { Active = active });
        }

        if (active != 0)
        {
            CatalogUse use = await store.Catalogs.ReadUseAsync(workspace, cancellationToken);
            ImmutableArray<CatalogError> conflicts = CatalogSuccession.Check(current, next, CatalogText.Parse(document, format).Root, use.Plans, use.Meters);
            if (!conflicts.IsEmpty)
            {
                return (active, null, new CatalogChange(null, conflicts, false) { Active = active, Incompatible = true });
            }
        }

        return (active, next, null);
    }
}
