using System.Runtime.CompilerServices;

using NodaTime;

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

    public ValueTask<SummaryProgress> ProgressAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            return ValueTask.FromResult(new SummaryProgress(found.Checkpoint, found.Floor));
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
            Instant start = found.Carried.Start;
            foreach (SummaryKey key in found.Summaries.Keys.Where(key => key.Bucket >= start).ToList())
            {
                found.Summaries.Remove(key);
            }

            // The start stands still while they are made anew, so what cells before another start lack has been added by now.
            found.Floor = new SummaryFloor(start == Instant.MinValue ? 0 : start == found.Floor.Before ? Math.Max(found.Checkpoint, found.Floor.Through) : found.Checkpoint, start);
            found.Checkpoint = 0;
        }

        return ValueTask.CompletedTask;
    }
}
