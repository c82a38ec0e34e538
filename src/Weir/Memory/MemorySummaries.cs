using System.Runtime.CompilerServices;

namespace Weir;

internal sealed class MemorySummaries(MemoryStore store) : ISummaryStore
{
    public ValueTask<long> CheckpointAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).Checkpoint);
        }
    }

    public ValueTask<bool> AddAsync(WorkspaceId workspace, long from, long to, IReadOnlyDictionary<SummaryKey, SummaryFigures> figures, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            if (found.Checkpoint != from)
            {
                return ValueTask.FromResult(false);
            }

            foreach ((SummaryKey key, SummaryFigures added) in figures)
            {
                found.Summaries[key] = found.Summaries.GetValueOrDefault(key, SummaryFigures.Zero).Plus(added);
            }

            found.Checkpoint = to;
            return ValueTask.FromResult(true);
        }
    }

    public async IAsyncEnumerable<(SummaryKey Key, SummaryFigures Figures)> ReadAsync(
        WorkspaceId workspace, SummaryQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<(SummaryKey Key, SummaryFigures Figures)> cells;
        lock (store.Gate)
        {
            cells =
            [
                .. store.Of(workspace).Summaries
                    .Where(pair => query.Includes(pair.Key))
                    .Select(pair => (pair.Key, pair.Value))
                    .OrderBy(cell => cell.Key.Bucket),
            ];
        }

        foreach ((SummaryKey Key, SummaryFigures Figures) cell in cells)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return cell;
        }

        await ValueTask.CompletedTask;
    }

    public ValueTask ClearAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            found.Summaries.Clear();
            found.Checkpoint = 0;
        }

        return ValueTask.CompletedTask;
    }
}
