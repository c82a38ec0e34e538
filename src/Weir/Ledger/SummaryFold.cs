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
        List<StoredEntry> counted = [.. entries.Where(entry => wanted?.Invoke(entry.Entry.Account) != false)];
        HashSet<long> targets = [.. counted.Where(entry => entry.Entry.Target is not null).Select(entry => entry.Entry.Target!.Value)];
        IReadOnlyDictionary<long, EntryHistory> histories = targets.Count == 0
            ? new Dictionary<long, EntryHistory>()
            : await store.Ledger.ReadEntriesAsync(workspace, targets, cancellationToken);
        foreach (StoredEntry entry in counted)
        {
            EntryHistory? target = null;
            if (entry.Entry.Target is { } number && !histories.TryGetValue(number, out target))
            {
                throw new InvalidDataException($"Entry {entry.Sequence} is about entry {number}, which is not in the ledger.");
            }

            Catalog catalog = await catalogs.FindAsync(workspace, target?.Entry.Entry.CatalogVersion ?? entry.Entry.CatalogVersion, cancellationToken);
            SummaryRules.Count(cells, entry, target, catalog);
        }
    }
}
