using System.Collections.Concurrent;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>Meters that are known to stand in <c>used_meters</c>, from which nothing is ever removed: only new ones are written.</summary>
internal sealed class UsedMeters
{
    private readonly ConcurrentDictionary<(int Workspace, string Meter), bool> _known = new();

    /// <summary>The meters of entries that are not known yet, in the order in which everybody writes them.</summary>
    public SortedSet<string> NewOf(int workspace, IReadOnlyList<LedgerRow> rows)
    {
        SortedSet<string> meters = new(StringComparer.Ordinal);
        foreach (LedgerRow row in rows)
        {
            foreach (Charge charge in row.Entry.Charges)
            {
                Note(charge.Meter);
            }

            foreach (EntryLine line in row.Entry.Lines)
            {
                Note(line.Key.Meter);
            }
        }

        return meters;

        void Note(string meter)
        {
            if (!_known.ContainsKey((workspace, meter)))
            {
                meters.Add(meter);
            }
        }
    }

    /// <summary>After the commit.</summary>
    public void Committed(int workspace, IEnumerable<string> meters)
    {
        foreach (string meter in meters)
        {
            _known[(workspace, meter)] = true;
        }
    }
}
