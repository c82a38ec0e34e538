namespace Weir;

/// <summary>
/// What the commits of this process have added to the log of one workspace and the summaries do not hold yet, added up from the writer's
/// hands. It stands for a stretch of the log but for its gaps, in which others may have written; these, and what lies between the checkpoint
/// and its beginning, are read from the log.
/// </summary>
internal sealed class SummaryTail
{
    /// <summary>Entries that wait to be added up; when more come, those that wait are left to be read from the log.</summary>
    public const int MostWaiting = 20_000;

    /// <summary>Cells that are held; beyond, what they stand for is left to be read from the log.</summary>
    public const int MostCells = 200_000;

    /// <summary>Gaps that are kept; when there are more, everything is left to be read from the log.</summary>
    public const int MostGaps = 2_000;

    private readonly List<LogStretch> _gaps = [];
    private readonly Lock _waitingGate = new();
    private List<Commit> _waiting = [];
    private List<Commit> _taken = [];
    private int _waitingEntries;

    /// <summary>Held by whoever reads or changes anything but what waits.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>The cells of all entries after <see cref="From"/> up to <see cref="To"/>, without what stands in the gaps.</summary>
    public SummaryCells Cells { get; } = new();

    public long From { get; private set; }

    public long To { get; private set; }

    /// <summary>Numbers in between of which this process knows nothing, in their order.</summary>
    public IReadOnlyList<LogStretch> Gaps => _gaps;

    /// <summary>Takes a commit over, in any order. Cheap: the writer calls it.</summary>
    /// <param name="after">A number after which nothing but the commit's rows can stand: the newest entry of the workspace before, or one below the first row.</param>
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
                if (Cells.Count > MostCells || _gaps.Count > MostGaps || (To == 0 && commit.After > To))
                {
                    Restart(Math.Max(commit.After, To));
                }

                List<StoredEntry> entries = Place(commit);
                if (entries.Count > 0)
                {
                    await fold.AddAsync(Cells, workspace, entries, SummaryFloor.None, null, cancellationToken);
                }
            }
        }
        catch
        {
            // Some entries may be half added; the log has them all.
            Restart(Math.Max(To, commits.Max(commit => commit.Last)));
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
        _gaps.Clear();
        From = after;
        To = after;
    }

    /// <summary>Entries of a commit that are not counted yet. Those in a gap fill it; those after the end leave a gap where they do not follow it.</summary>
    private List<StoredEntry> Place(Commit commit)
    {
        if (commit.Last <= To)
        {
            int at = _gaps.FindIndex(gap => gap.First <= commit.First && commit.Last <= gap.Last);
            if (at < 0)
            {
                return [];
            }

            LogStretch gap = _gaps[at];
            LogStretch[] rest = [new(gap.First, Math.Min(commit.After, commit.First - 1)), new(commit.Last + 1, gap.Last)];
            _gaps.RemoveAt(at);
            _gaps.InsertRange(at, rest.Where(stretch => stretch.First <= stretch.Last));
            return commit.EntriesAfter(commit.First - 1);
        }

        if (commit.After > To)
        {
            _gaps.Add(new LogStretch(To + 1, commit.After));
        }

        List<StoredEntry> entries = commit.EntriesAfter(To);
        To = commit.Last;
        return entries;
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
