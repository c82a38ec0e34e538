namespace Weir;

/// <summary>
/// What the commits of this process have added to the log of one workspace and the summaries do not hold yet, added up from the writer's
/// hands. It stands for a stretch of the log without gaps; where it does not begin at the checkpoint, the log is read up to it.
/// </summary>
internal sealed class SummaryTail
{
    /// <summary>Entries that wait to be added up; when more come, those that wait are left to be read from the log.</summary>
    public const int MostWaiting = 20_000;

    /// <summary>Cells that are held; beyond, what they stand for is left to be read from the log.</summary>
    public const int MostCells = 200_000;

    private readonly Lock _waitingGate = new();
    private List<Commit> _waiting = [];
    private List<Commit> _taken = [];
    private int _waitingEntries;

    /// <summary>Held by whoever reads or changes anything but what waits.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>The cells of all entries after <see cref="From"/> up to <see cref="To"/>.</summary>
    public SummaryCells Cells { get; } = new();

    public long From { get; private set; }

    public long To { get; private set; }

    /// <summary>Takes a commit over, in any order. Cheap: the writer calls it.</summary>
    /// <param name="after">The newest entry of the workspace before the commit.</param>
    /// <param name="first">The sequence number of the first row; the others follow.</param>
    public void Add(long after, long first, IReadOnlyList<LedgerRow> rows)
    {
        lock (_waitingGate)
        {
            if (_waitingEntries + rows.Count > MostWaiting)
            {
                _waiting.Clear();
                _waitingEntries = 0;
            }

            _waiting.Add(new Commit(after, first, rows));
            _waitingEntries += rows.Count;
        }
    }

    /// <summary>Adds up what waits. Under the gate.</summary>
    public async ValueTask FoldAsync(SummaryFold fold, WorkspaceId workspace, CancellationToken cancellationToken)
    {
        List<Commit> commits;
        lock (_waitingGate)
        {
            (commits, _waiting, _taken) = (_waiting, _taken, _waiting);
            _waitingEntries = 0;
        }

        try
        {
            foreach (Commit commit in commits)
            {
                if (commit.After > To || Cells.Count > MostCells)
                {
                    Restart(commit.After);
                }

                List<StoredEntry> entries = commit.EntriesAfter(To);
                if (entries.Count > 0)
                {
                    await fold.AddAsync(Cells, workspace, entries, null, cancellationToken);
                    To = entries[^1].Sequence;
                }
            }
        }
        catch
        {
            // Some entries may be half added; the log has them all.
            Restart(commits[^1].Last);
            throw;
        }
        finally
        {
            commits.Clear();
        }
    }

    /// <summary>Forgets everything and goes on after an entry. Under the gate.</summary>
    public void Restart(long after)
    {
        Cells.Restart();
        From = after;
        To = after;
    }

    private readonly record struct Commit(long After, long First, IReadOnlyList<LedgerRow> Rows)
    {
        public long Last => First + Rows.Count - 1;

        public List<StoredEntry> EntriesAfter(long sequence)
        {
            List<StoredEntry> entries = new(Rows.Count);
            for (int i = (int)Math.Clamp(sequence - First + 1, 0, Rows.Count); i < Rows.Count; i++)
            {
                entries.Add(new StoredEntry(First + i, Rows[i].Entry, Rows[i].Details));
            }

            return entries;
        }
    }
}
