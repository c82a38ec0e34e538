using System.Collections.Immutable;

using Weir.Engine;

namespace Weir;

/// <summary>What one entry drew of a grant, or returned to it.</summary>
/// <param name="Of">The event, job or correction that it belongs to; the entry itself where that is one.</param>
public sealed record GrantDraw(StoredEntry Entry, StoredEntry Of, Quantity Used, Quantity Held)
{
    private static readonly ImmutableDictionary<long, (Quantity Used, Quantity Held)> s_none = ImmutableDictionary<long, (Quantity, Quantity)>.Empty;

    /// <summary>What an entry moved of each grant.</summary>
    public static IReadOnlyDictionary<long, (Quantity Used, Quantity Held)> SumsOf(Entry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        Dictionary<long, (Quantity Used, Quantity Held)>? sums = null;
        foreach (EntryLine line in entry.Lines)
        {
            foreach (Draw draw in line.Draws)
            {
                if (draw.Grant != Draw.Plan)
                {
                    (Quantity used, Quantity held) = (sums ??= []).GetValueOrDefault(draw.Grant);
                    sums[draw.Grant] = (used + draw.Used, held + draw.Held);
                }
            }
        }

        return sums is null ? s_none : sums;
    }
}
