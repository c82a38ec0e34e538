using System.Collections.Immutable;

namespace Weir;

/// <summary>Cells of the summaries while they are added up.</summary>
internal sealed class SummaryCells
{
    private readonly Dictionary<SummaryKey, Cell> _cells = [];

    public int Count => _cells.Count;

    public void AddEvent(SummaryKey key, bool failed, long? latencyMs, int sign)
    {
        Cell cell = CellAt(key);
        cell.Events += failed ? 0 : sign;
        cell.Failed += failed ? sign : 0;
        cell.LatencyMs += sign * (latencyMs ?? 0);
        cell.LatencyCount += latencyMs is null ? 0 : sign;
    }

    public void AddAmount(SummaryKey key, string meter, long amount)
    {
        Cell cell = CellAt(key);
        cell.Amounts[meter] = cell.Amounts.GetValueOrDefault(meter) + amount;
    }

    public void Add(SummaryKey key, SummaryFigures figures)
    {
        Cell cell = CellAt(key);
        cell.Events += figures.Events;
        cell.Failed += figures.Failed;
        cell.LatencyMs += figures.LatencyMs;
        cell.LatencyCount += figures.LatencyCount;
        foreach ((string meter, long amount) in figures.Amounts)
        {
            cell.Amounts[meter] = cell.Amounts.GetValueOrDefault(meter) + amount;
        }
    }

    /// <summary>Drops the cells of accounts from a number on.</summary>
    public void DropFrom(long account)
    {
        foreach (SummaryKey key in _cells.Keys.Where(key => key.Account >= account).ToList())
        {
            _cells.Remove(key);
        }
    }

    public IEnumerable<long> Accounts() => _cells.Keys.Select(key => key.Account);

    /// <summary>What was added: cells and amounts that came to nothing are left out.</summary>
    public Dictionary<SummaryKey, SummaryFigures> ToFigures()
    {
        Dictionary<SummaryKey, SummaryFigures> figures = new(_cells.Count);
        foreach ((SummaryKey key, Cell cell) in _cells)
        {
            ImmutableSortedDictionary<string, long>.Builder amounts = SummaryFigures.Zero.Amounts.ToBuilder();
            foreach ((string meter, long amount) in cell.Amounts)
            {
                if (amount != 0)
                {
                    amounts.Add(meter, amount);
                }
            }

            if (cell is not { Events: 0, Failed: 0, LatencyMs: 0, LatencyCount: 0 } || amounts.Count > 0)
            {
                figures.Add(key, new SummaryFigures(cell.Events, cell.Failed, cell.LatencyMs, cell.LatencyCount, amounts.ToImmutable()));
            }
        }

        return figures;
    }

    private Cell CellAt(SummaryKey key)
    {
        if (!_cells.TryGetValue(key, out Cell? cell))
        {
            _cells.Add(key, cell = new Cell());
        }

        return cell;
    }

    private sealed class Cell
    {
        public long Events { get; set; }

        public long Failed { get; set; }

        public long LatencyMs { get; set; }

        public long LatencyCount { get; set; }

        public Dictionary<string, long> Amounts { get; } = new(StringComparer.Ordinal);
    }
}
