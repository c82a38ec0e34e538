using Weir.Engine;

namespace Weir;

/// <summary>Sums entries of the log, with what each of them is about.</summary>
internal sealed class SummaryFold(IWeirStore store, CatalogService catalogs)
{
    /// <summary>Adds entries, in their order, to cells.</summary>
    /// <param name="wanted">Which accounts count; null for all.</param>
    public async ValueTask AddAsync(
        SummaryCells cells, WorkspaceId workspace, IReadOnlyList<StoredEntry> entries, Func<long, bool>? wanted, CancellationToken cancellationToken)
    {
        HashSet<long>? targets = null;
        foreach (StoredEntry entry in entries)
        {
            if (entry.Entry.Target is { } number && wanted?.Invoke(entry.Entry.Account) != false)
            {
                (targets ??= []).Add(number);
            }
        }

        IReadOnlyDictionary<long, EntryHistory>? histories = targets is null ? null : await store.Ledger.ReadEntriesAsync(workspace, targets, cancellationToken);
        (int Version, Catalog Catalog)? last = null;
        foreach (StoredEntry entry in entries)
        {
            if (wanted?.Invoke(entry.Entry.Account) == false)
            {
                continue;
            }

            EntryHistory? target = null;
            if (entry.Entry.Target is { } number && !histories!.TryGetValue(number, out target))
            {
                throw new InvalidDataException($"Entry {entry.Sequence} is about entry {number}, which is not in the ledger.");
            }

            int version = target?.Entry.Entry.CatalogVersion ?? entry.Entry.CatalogVersion;
            if (last?.Version != version)
            {
                last = (version, await catalogs.FindAsync(workspace, version, cancellationToken));
            }

            SummaryRules.Count(cells, entry, target, last.Value.Catalog);
        }
    }
}
