using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Sums entries of the log, with what each of them is about.</summary>
internal sealed class SummaryFold(IWeirStore store, CatalogService catalogs)
{
    /// <summary>Adds entries, in their order, to cells.</summary>
    /// <param name="floor">
    /// What the cells before a time hold already. An entry that was recorded before that time adds to no later cell: nothing is counted before
    /// it was recorded. So it is left out, and need not have its target any more.
    /// </param>
    /// <param name="wanted">Which accounts count; null for all.</param>
    public async ValueTask AddAsync(
        SummaryCells cells, WorkspaceId workspace, IReadOnlyList<StoredEntry> entries, SummaryFloor floor, Func<long, bool>? wanted, CancellationToken cancellationToken)
    {
        bool IsLeftOut(StoredEntry entry) => wanted?.Invoke(entry.Entry.Account) == false || (entry.Sequence <= floor.Through && entry.Entry.RecordedAt < floor.Before);
        HashSet<long>? targets = null;
        foreach (StoredEntry entry in entries)
        {
            if (entry.Entry.Target is { } number && !IsLeftOut(entry))
            {
                (targets ??= []).Add(number);
            }
        }

        IReadOnlyDictionary<long, EntryHistory>? histories = targets is null ? null : await store.Ledger.ReadEntriesAsync(workspace, targets, cancellationToken);
        (int Version, Catalog Catalog)? last = null;
        foreach (StoredEntry entry in entries)
        {
            if (IsLeftOut(entry))
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

            cells.From = entry.Sequence <= floor.Through ? floor.Before : Instant.MinValue;
            SummaryRules.Count(cells, entry, target, last.Value.Catalog);
        }

        cells.From = Instant.MinValue;
    }
}
