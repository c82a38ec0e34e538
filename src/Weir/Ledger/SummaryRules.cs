using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// What an entry changes in the summaries (LOG-2). An entry about another one changes the cells by the difference between what that one
/// amounted to before and amounts to after it, so that summaries say the same however late they are told.
/// </summary>
public static class SummaryRules
{
    /// <summary>The cells of one entry and what it adds to each; cells that it leaves as they are are left out.</summary>
    /// <param name="target">The entry that it reverses or completes, with everything that came after that one; null for others.</param>
    /// <param name="catalog">The catalog version of the entry: its event types declare the dimensions.</param>
    public static IReadOnlyDictionary<SummaryKey, SummaryFigures> CellsOf(StoredEntry entry, EntryHistory? target, Catalog catalog)
    {
        SummaryCells cells = new();
        Count(cells, entry, target, catalog);
        return cells.ToFigures();
    }

    internal static void Count(SummaryCells cells, StoredEntry entry, EntryHistory? target, Catalog catalog)
    {
        if (target is null)
        {
            Count(cells, new NetEvent(new EntryHistory(entry, [])), catalog, 1);
            return;
        }

        Count(cells, new NetEvent(target, entry.Sequence), catalog, -1);
        Count(cells, new NetEvent(target, entry.Sequence + 1), catalog, 1);
    }

    private static void Count(SummaryCells cells, NetEvent net, Catalog catalog, int sign)
    {
        List<Movement> movements = cells.Movements;
        movements.Clear();
        movements.AddRange(net.Movements());
        CountIn(cells, net, movements, "", "", sign);
        if (net.Entry.Kind == EntryKind.Adjustment)
        {
            return;
        }

        foreach (string dimension in Dimensions.BuiltIn)
        {
            if (net.ValueOf(dimension) is { } value)
            {
                CountIn(cells, net, movements, dimension, value, sign);
            }
        }

        if (catalog.Events.TryGetValue(net.Type, out EventType? type))
        {
            foreach (string name in type.Dimensions)
            {
                string dimension = cells.PropertyDimension(name);
                if (net.ValueOf(dimension) is { } value)
                {
                    CountIn(cells, net, movements, dimension, value, sign);
                }
            }
        }
    }

    private static void CountIn(SummaryCells cells, NetEvent net, List<Movement> movements, string dimension, string value, int sign)
    {
        SummaryKey key = new(net.Entry.Account, SummaryKey.BucketOf(net.Entry.CountedAt), net.Type, dimension, value);
        SummaryCells.Cell? cell = null;
        if (net.Happened)
        {
            cell = cells.CellAt(key);
            cell.AddEvent(net.Failed, net.LatencyMs, sign);
        }

        foreach (Movement movement in movements)
        {
            // Nearly all that an event moves counts where the event does.
            Instant bucket = SummaryKey.BucketOf(movement.At);
            if (cell is null || bucket != key.Bucket)
            {
                key = key with { Bucket = bucket };
                cell = cells.CellAt(key);
            }

            cell.AddAmount(movement.Meter, sign * movement.Amount);
        }
    }
}
