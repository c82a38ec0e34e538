using System.Collections.Immutable;
using System.Runtime.InteropServices;

using NodaTime;

namespace Weir;

/// <summary>Cells of the summaries while they are added up. By one thread at a time.</summary>
internal sealed class SummaryCells
{
    private const int MostKept = 20_000;

    private readonly Dictionary<SummaryKey, Cell> _cells = [];
    private readonly Cell _nowhere = new();
    private readonly Dictionary<string, string> _propertyDimensions = new(StringComparer.Ordinal);

    public int Count => _cells.Count;

    /// <summary>What is added to cells before this time is left out.</summary>
    public Instant From { get; set; } = Instant.MinValue;

    /// <summary>A list that is used for one entry after the other.</summary>
    public List<Movement> Movements { get; } = [];

    public Cell CellAt(SummaryKey key)
    {
        if (key.Bucket < From)
        {
            return _nowhere;
        }

        ref Cell? cell = ref CollectionsMarshal.GetValueRefOrAddDefault(_cells, key, out _);
        cell ??= new Cell();
        cell.Use();
        return cell;
    }

    /// <summary>The dimension of a declared property.</summary>
    public string PropertyDimension(string name)
    {
        if (!_propertyDimensions.TryGetValue(name, out string? dimension))
        {
            _propertyDimensions.Add(name, dimension = Dimensions.PropertyPrefix + name);
        }

        return dimension;
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
            cell.AddAmount(meter, amount);
        }
    }

    /// <summary>
    /// Begins again at nothing and keeps the cells that were in use: under load the same ones come again and again. Those that were not
    /// used since the last time go.
    /// </summary>
    public void Restart()
    {
        if (_cells.Count > MostKept)
        {
            _cells.Clear();
        }

        foreach ((SummaryKey key, Cell cell) in _cells)
        {
            if (!cell.Restart())
            {
                _cells.Remove(key);
            }
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
            if (cell.ToFigures() is { } sum)
            {
                figures.Add(key, sum);
            }
        }

        return figures;
    }

    /// <summary>What one cell adds up to. Events charge a few meters, so these stand in a row.</summary>
    public sealed class Cell
    {
        private string[] _meters = [];
        private long[] _amounts = [];
        private int _count;
        private bool _used;

        public long Events { get; set; }

        public long Failed { get; set; }

        public long LatencyMs { get; set; }

        public long LatencyCount { get; set; }

        public void AddEvent(bool failed, long? latencyMs, int sign)
        {
            Events += failed ? 0 : sign;
            Failed += failed ? sign : 0;
            LatencyMs += sign * (latencyMs ?? 0);
            LatencyCount += latencyMs is null ? 0 : sign;
        }

        public void AddAmount(string meter, long amount)
        {
            int at = Array.IndexOf(_meters, meter, 0, _count);
            if (at < 0)
            {
                at = _count++;
                if (at == _meters.Length)
                {
                    Array.Resize(ref _meters, at + 2);
                    Array.Resize(ref _amounts, at + 2);
                }

                _meters[at] = meter;
            }

            _amounts[at] += amount;
        }

        public void Use() => _used = true;

        /// <summary>Sets it to nothing; false when it had not been used.</summary>
        public bool Restart()
        {
            bool wasUsed = _used;
            _used = false;
            (Events, Failed, LatencyMs, LatencyCount) = (0, 0, 0, 0);
            Array.Clear(_amounts);
            return wasUsed;
        }

        /// <summary>Null when it came to nothing.</summary>
        public SummaryFigures? ToFigures()
        {
            if (!_used)
            {
                return null;
            }

            ImmutableSortedDictionary<string, long>.Builder amounts = SummaryFigures.Zero.Amounts.ToBuilder();
            for (int i = 0; i < _count; i++)
            {
                if (_amounts[i] != 0)
                {
                    amounts.Add(_meters[i], _amounts[i]);
                }
            }

            return this is { Events: 0, Failed: 0, LatencyMs: 0, LatencyCount: 0 } && amounts.Count == 0
                ? null
                : new SummaryFigures(Events, Failed, LatencyMs, LatencyCount, amounts.ToImmutable());
        }
    }
}
