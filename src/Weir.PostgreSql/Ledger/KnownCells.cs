using System.Collections.Concurrent;

namespace Weir.PostgreSql;

/// <summary>
/// Cells of the summaries as this node has written them last. What cells hold follows from the log up to the checkpoint, so they still hold it
/// when the checkpoint still stands where the node has moved it to: then they need not be read before something is added to them.
/// </summary>
internal sealed class KnownCells
{
    /// <summary>The most cells that are kept of a workspace; they are many only where many accounts are busy at once.</summary>
    public const int MostCells = 50_000;

    private const int MostWorkspaces = 32;

    private readonly ConcurrentDictionary<WorkspaceId, (long Checkpoint, Dictionary<SummaryKey, SummaryFigures> Cells)> _known = new();

    /// <summary>Gives away what is known of cells at a checkpoint, for one addition: nothing when they were written at another one.</summary>
    public Dictionary<SummaryKey, SummaryFigures> Take(WorkspaceId workspace, long checkpoint) =>
        _known.TryRemove(workspace, out (long Checkpoint, Dictionary<SummaryKey, SummaryFigures> Cells) known) && known.Checkpoint == checkpoint && checkpoint > 0 ? known.Cells : [];

    /// <summary>After the commit: the cells that were written, with those that were known before, as they stand at the new checkpoint.</summary>
    public void Keep(WorkspaceId workspace, long checkpoint, Dictionary<SummaryKey, SummaryFigures> known, Dictionary<SummaryKey, SummaryFigures> written)
    {
        if (written.Count > MostCells || _known.Count > MostWorkspaces)
        {
            return;
        }

        if (known.Count + written.Count > MostCells)
        {
            known = written;
        }
        else
        {
            foreach ((SummaryKey key, SummaryFigures figures) in written)
            {
                known[key] = figures;
            }
        }

        _known[workspace] = (checkpoint, known);
    }
}
