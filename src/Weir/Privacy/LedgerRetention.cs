using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Lets the ledger go by its age, a month of UTC at a time, the oldest first (LOG-3): what the month came to is carried forward, the ledger's
/// start moves behind it, and its entries go. Every step may be cut short and done again.
/// </summary>
public sealed class LedgerRetention(IWeirStore store, SummaryProjector projector)
{
    private const int PageSize = 5_000;

    /// <summary>How many sums are held at a time; more accounts than fit take another pass over the month.</summary>
    private const int MostSums = 1_000_000;

    /// <summary>For tests: fewer sums force several passes.</summary>
    internal int SumsAtATime { get; init; } = MostSums;

    /// <summary>The start of the month of UTC in which a time lies.</summary>
    public static Instant MonthOf(Instant time)
    {
        LocalDate date = time.InUtc().Date;
        return Instant.FromUtc(date.Year, date.Month, 1, 0, 0);
    }

    /// <summary>Carries forward and takes away what was recorded in months that ended at a time or before.</summary>
    /// <param name="limit">Entries or sums in one transaction: others may wait for it.</param>
    /// <param name="run">Counts what was done, also when the rest fails.</param>
    /// <param name="keep">Called between the steps; false ends the work where it is.</param>
    /// <returns>False when it was told to stop.</returns>
    internal async Task<bool> RunAsync(WorkspaceId workspace, Instant before, int limit, LedgerRetentionRun run, Func<Task<bool>> keep, CancellationToken cancellationToken)
    {
        Instant until = MonthOf(before);
        while (await store.Retention.FirstRecordedAsync(workspace, cancellationToken) is { } first && MonthOf(first) < until)
        {
            Instant month = MonthOf(first);
            Instant end = MonthOf(month + Duration.FromDays(32));
            await projector.CatchUpAsync(workspace, cancellationToken);
            (long entries, long last)? carried = await CarryAsync(workspace, end, limit, keep, cancellationToken);
            if (carried is not var (count, summed))
            {
                return false;
            }

            if (!await store.Retention.MoveStartAsync(workspace, end, summed, cancellationToken))
            {
                run.Waits = "The month's entries are not all in the summaries, which are being made anew.";
                break;
            }

            run.Carried += count;
        }

        return await DropAsync(workspace, limit, keep, run, cancellationToken);
    }

    /// <summary>Every sum is written once all entries of its account were seen, so it is the same each time.</summary>
    /// <returns>How many entries there are, and the highest of their numbers; null when it was cut short.</returns>
    private async Task<(long Entries, long Last)?> CarryAsync(WorkspaceId workspace, Instant end, int limit, Func<Task<bool>> keep, CancellationToken cancellationToken)
    {
        long entries = 0;
        long last = 0;
        for (AccountRange? range = AccountRange.All(); range is not null; range = range.Next())
        {
            LedgerFold fold = new(range);
            entries = 0;
            long after = 0;
            while (await store.Retention.ReadAsync(workspace, end, after, PageSize, cancellationToken) is { Count: > 0 } page)
            {
                foreach (StoredEntry entry in page)
                {
                    fold.Add(entry.Entry);
                }

                entries += page.Count;
                after = last = page[^1].Sequence;
                if (fold.Count > SumsAtATime)
                {
                    fold.Narrow();
                }

                if (!await keep())
                {
                    return null;
                }
            }

            IEnumerable<CarriedBalance> balances = fold.Balances.Where(sum => IsMoved(sum.Value)).Select(sum => new CarriedBalance(sum.Key.Account, sum.Key.Key, sum.Value.Used, sum.Value.Held));
            foreach (CarriedBalance[] part in balances.Chunk(limit))
            {
                await store.Retention.CarryAsync(workspace, end, part, [], cancellationToken);
            }

            IEnumerable<CarriedGrant> grants = fold.Grants.Where(sum => IsMoved(sum.Value)).Select(sum => new CarriedGrant(sum.Key.Account, sum.Key.Grant, sum.Value.Used, sum.Value.Held));
            foreach (CarriedGrant[] part in grants.Chunk(limit))
            {
                await store.Retention.CarryAsync(workspace, end, [], part, cancellationToken);
            }

            if (!await keep())
            {
                return null;
            }
        }

        return (entries, last);
    }

    private async Task<bool> DropAsync(WorkspaceId workspace, int limit, Func<Task<bool>> keep, LedgerRetentionRun run, CancellationToken cancellationToken)
    {
        LedgerDrop step = default;
        do
        {
            step = await store.Retention.DropAsync(workspace, step.Next, limit, cancellationToken);
            run.Ids += step.Ids;
            run.Waits = step.IsBlocked ? "Somebody reads the ledger for long, and entries that are carried forward stay until then." : run.Waits;
            if (!await keep())
            {
                return false;
            }
        }
        while (step.Next is not null);
        return true;
    }

    private static bool IsMoved((Quantity Used, Quantity Held) sum) => !sum.Used.IsZero || !sum.Held.IsZero;
}

/// <summary>What a run of <see cref="LedgerRetention"/> has come to.</summary>
internal sealed class LedgerRetentionRun
{
    /// <summary>Entries that count as carried since.</summary>
    public long Carried { get; set; }

    /// <summary>Ids that are free since.</summary>
    public long Ids { get; set; }

    /// <summary>Why something that could go is still there; null when nothing is.</summary>
    public string? Waits { get; set; }
}
