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
        CountIn(cells, net, "", "", sign);
        if (net.Entry.Kind == EntryKind.Adjustment)
        {
            return;
        }

        foreach (string dimension in Dimensions.BuiltIn)
        {
            if (net.ValueOf(dimension) is { } value)
            {
                CountIn(cells, net, dimension, value, sign);
            }
        }

        if (catalog.Events.TryGetValue(net.Type, out EventType? type))
        {
            foreach (string name in type.Dimensions)
            {
                if (net.ValueOf(Dimensions.PropertyPrefix + name) is { } value)
                {
                    CountIn(cells, net, Dimensions.PropertyPrefix + name, value, sign);
                }
            }
        }
    }

    private static void CountIn(SummaryCells cells, NetEvent net, string dimension, string value, int sign)
    {
        if (net.Happened)
        {
            cells.AddEvent(Key(net, net.Entry.CountedAt, dimension, value), net.Failed, net.LatencyMs, sign);
        }

        foreach (Movement movement in net.Movements())
        {
            cells.AddAmount(Key(net, movement.At, dimension, value), movement.Meter, sign * movement.Amount);
        }
    }

    private static SummaryKey Key(NetEvent net, Instant at, string dimension, string value) =>
        new(net.Entry.Account, SummaryKey.BucketOf(at), net.Type, dimension, value);
}
