namespace Weir;

/// <summary>
/// Reads summaries as if the whole log were summed: what the projector has not reached yet is counted on the way, so that an answer
/// has everything that was committed before the question.
/// </summary>
internal sealed class SummaryReader(IWeirStore store, CatalogService catalogs, SummaryProjector projector)
{
    /// <summary>The most entries that are counted on the way; beyond, the summaries are brought up first.</summary>
    public const int LargestTail = 20_000;

    /// <summary>How often it begins again because the summaries moved while it read them.</summary>
    private const int MostAttempts = 10;

    private readonly SummaryFold _fold = new(store, catalogs);

    /// <summary>Gives every cell of the queries to <paramref name="add"/>; a cell may come in two parts, and in any order.</summary>
    /// <param name="seed">Makes the result anew for each attempt.</param>
    /// <exception cref="StoreUnavailableException">The summaries did not stand still; the same question may be asked again.</exception>
    public async ValueTask<T> ReadAsync<T>(
        WorkspaceId workspace, IReadOnlyList<SummaryQuery> queries, Func<T> seed, Action<T, SummaryKey, SummaryFigures> add, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            SummaryProgress progress = await store.Summaries.ProgressAsync(workspace, cancellationToken);
            if (await store.Ledger.LastSequenceAsync(workspace, cancellationToken) - progress.Checkpoint > LargestTail)
            {
                await projector.CatchUpAsync(workspace, cancellationToken);
                progress = await store.Summaries.ProgressAsync(workspace, cancellationToken);
            }

            T result = seed();
            foreach (SummaryQuery query in queries)
            {
                await foreach ((SummaryKey key, SummaryFigures figures) in store.Summaries.ReadAsync(workspace, query, cancellationToken))
                {
                    add(result, key, figures);
                }
            }

            SummaryCells tail = await TailAsync(workspace, queries, progress, cancellationToken);
            if (await store.Summaries.CheckpointAsync(workspace, cancellationToken) != progress.Checkpoint)
            {
                continue;
            }

            foreach ((SummaryKey key, SummaryFigures figures) in tail.ToFigures())
            {
                for (int matches = queries.Count(query => query.Includes(key)); matches > 0; matches--)
                {
                    add(result, key, figures);
                }
            }

            return result;
        }

        throw new StoreUnavailableException("The summaries are moving too fast to be read at the moment; ask again.");
    }

    private async ValueTask<SummaryCells> TailAsync(WorkspaceId workspace, IReadOnlyList<SummaryQuery> queries, SummaryProgress progress, CancellationToken cancellationToken)
    {
        HashSet<long>? accounts = queries.All(query => query.Account is not null) ? [.. queries.Select(query => query.Account!.Value)] : null;
        SummaryCells cells = new();
        IReadOnlyList<StoredEntry> entries = await store.Ledger.FollowAsync(workspace, progress.Checkpoint, LargestTail, cancellationToken);
        await _fold.AddAsync(cells, workspace, entries, progress.Floor, accounts is null ? null : accounts.Contains, cancellationToken);
        return cells;
    }
}
