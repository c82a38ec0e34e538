using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Proves that every balance is the fold of the log and that the summaries follow from it (LOG-3). It changes nothing. Where the store can be
/// looked at as it stands at one moment, nobody waits; elsewhere writers wait while the balances are read.
/// </summary>
public sealed class Verifier(IWeirStore store, CatalogService catalogs)
{
    private const int PageSize = 5_000;

    /// <summary>How many cells of summaries are held at a time; more accounts than fit take another pass over the log.</summary>
    private const int MostCells = 1_000_000;

    /// <summary>How often the comparison begins again because the projector moved on meanwhile.</summary>
    private const int MostAttempts = 20;

    private static readonly Duration s_slice = Duration.FromDays(7);

    /// <summary>For tests: fewer cells force several passes.</summary>
    internal int CellsAtATime { get; init; } = MostCells;

    /// <exception cref="StoreUnavailableException">The summaries moved on all the time; verify while less is written.</exception>
    public async Task<Verification> VerifyAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        await using IWeirStore? look = await store.LookAsync(cancellationToken);
        return await VerifyAsync(look ?? store, workspace, isMoment: look is not null, cancellationToken);
    }

    private async Task<Verification> VerifyAsync(IWeirStore seen, WorkspaceId workspace, bool isMoment, CancellationToken cancellationToken)
    {
        Findings findings = new();
        await VerifyBalancesAsync(seen, workspace, isMoment, findings, cancellationToken);
        await VerifySummariesAsync(seen, workspace, findings, cancellationToken);
        HashSet<long> accounts = [.. findings.Balances.Select(d => d.AccountId), .. findings.Grants.Select(d => d.AccountId), .. findings.Summaries.Select(d => d.Cell.Account)];
        IReadOnlyDictionary<long, AccountProfile> names = await seen.Accounts.NamesAsync(workspace, accounts, cancellationToken);
        string? NameOf(long account) => names.TryGetValue(account, out AccountProfile? profile) ? profile.Key.Value : null;
        return new Verification(
            findings.Entries, findings.BalanceCount, findings.CellCount, findings.Differences,
            [.. findings.Balances.Select(difference => difference with { Account = NameOf(difference.AccountId) })],
            [.. findings.Summaries.Select(difference => difference with { Account = NameOf(difference.Cell.Account) })])
        {
            Grants = findings.GrantCount,
            GrantDifferences = [.. findings.Grants.Select(difference => difference with { Account = NameOf(difference.AccountId) })],
        };
    }

    private static async Task VerifyBalancesAsync(IWeirStore seen, WorkspaceId workspace, bool isMoment, Findings findings, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            Instant start = await seen.Retention.StartAsync(workspace, cancellationToken);
            LedgerFold fold = new();
            await AddCarriedAsync(seen, workspace, fold, cancellationToken);
            findings.Entries = 0;
            long last = await FoldAsync(seen, workspace, fold, start, 0, findings, cancellationToken);

            // The rest is folded and compared while nobody writes, so that log and balances are of the same moment.
            await using ILedgerTransaction? transaction = isMoment ? null : await seen.Ledger.BeginAsync(workspace, cancellationToken);
            await FoldAsync(seen, workspace, fold, start, last, findings, cancellationToken);
            if (await seen.Retention.StartAsync(workspace, cancellationToken) == start)
            {
                await CompareAsync(seen, workspace, fold, findings, cancellationToken);
                return;
            }
        }

        throw new StoreUnavailableException("The ledger's start moved on whenever it was read; verify again later.");
    }

    /// <summary>What entries before the ledger's start came to.</summary>
    private static async Task AddCarriedAsync(IWeirStore seen, WorkspaceId workspace, LedgerFold fold, CancellationToken cancellationToken)
    {
        await foreach (CarriedBalance carried in seen.Retention.ReadBalancesAsync(workspace, cancellationToken))
        {
            fold.Add(carried);
        }

        await foreach (CarriedGrant carried in seen.Retention.ReadGrantsAsync(workspace, cancellationToken))
        {
            fold.Add(carried);
        }
    }

    /// <summary>Entries from the start on. Those before it that still stand are carried already.</summary>
    private static async Task<long> FoldAsync(
        IWeirStore seen, WorkspaceId workspace, LedgerFold fold, Instant start, long after, Findings findings, CancellationToken cancellationToken)
    {
        while (await seen.Ledger.FollowAsync(workspace, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (StoredEntry entry in page.Where(entry => entry.Entry.RecordedAt >= start))
            {
                findings.Entries++;
                fold.Add(entry.Entry);
            }

            after = page[^1].Sequence;
        }

        return after;
    }

    private static async Task CompareAsync(IWeirStore seen, WorkspaceId workspace, LedgerFold fold, Findings findings, CancellationToken cancellationToken)
    {
        await foreach ((long account, Balance balance) in seen.Ledger.ReadBalancesAsync(workspace, cancellationToken))
        {
            findings.BalanceCount++;
            fold.Balances.Remove((account, balance.Key), out (Quantity Used, Quantity Held) folded);
            findings.Compare(account, balance.Key, "used", balance.Used, folded.Used);
            findings.Compare(account, balance.Key, "held", balance.Held, folded.Held);
        }

        foreach (((long account, BalanceKey key), (Quantity used, Quantity held)) in fold.Balances)
        {
            findings.Compare(account, key, "used", Quantity.Zero, used);
            findings.Compare(account, key, "held", Quantity.Zero, held);
        }

        // A grant that is past is no longer part of a state, and holds nothing.
        await foreach ((long account, Grant grant) in seen.Ledger.ReadGrantsAsync(workspace, cancellationToken))
        {
            findings.GrantCount++;
            fold.Grants.Remove((account, grant.Number), out (Quantity Used, Quantity Held) folded);
            findings.Compare(account, grant.Number, grant.Terms.Meter, "drawn", grant.Drawn, folded.Used);
            findings.Compare(account, grant.Number, grant.Terms.Meter, "held", grant.Held, folded.Held);
        }

        foreach (((long account, long grant), (Quantity _, Quantity held)) in fold.Grants)
        {
            findings.Compare(account, grant, "", "held", Quantity.Zero, held);
        }
    }

    /// <summary>Account by account in the order of their ids, as many at a time as fit.</summary>
    private async Task VerifySummariesAsync(IWeirStore seen, WorkspaceId workspace, Findings findings, CancellationToken cancellationToken)
    {
        for (AccountRange? range = AccountRange.All(); range is not null; range = range.Next())
        {
            await VerifySummariesAsync(seen, workspace, range, findings, cancellationToken);
        }
    }

    /// <summary>From the ledger's start on: what cells of the time before held can no longer be seen. Nothing is counted before it is recorded.</summary>
    private async Task VerifySummariesAsync(IWeirStore seen, WorkspaceId workspace, AccountRange range, Findings findings, CancellationToken cancellationToken)
    {
        SummaryCells computed = new();
        long folded = 0;
        Instant start = await seen.Retention.StartAsync(workspace, cancellationToken);
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            Instant newest = await seen.Retention.StartAsync(workspace, cancellationToken);
            long checkpoint = await seen.Summaries.CheckpointAsync(workspace, cancellationToken);
            if (checkpoint < folded || newest != start)
            {
                // They are being rebuilt: what was folded is ahead of them. Or some of what was folded is carried now.
                computed = new SummaryCells();
                folded = 0;
                start = newest;
            }

            try
            {
                folded = await FoldAsync(seen, workspace, computed, range, start, folded, checkpoint, cancellationToken);
            }
            catch (InvalidDataException) when (attempt < MostAttempts - 1)
            {
                if (await seen.Retention.StartAsync(workspace, cancellationToken) == start)
                {
                    throw;
                }

                // What an entry is about went in between, with the entry.
                continue;
            }

            Findings found = new();
            await CompareAsync(seen, workspace, computed.ToFigures(), range, start, found, cancellationToken);
            if (await seen.Summaries.CheckpointAsync(workspace, cancellationToken) == checkpoint && await seen.Retention.StartAsync(workspace, cancellationToken) == start)
            {
                findings.Add(found);
                return;
            }
        }

        throw new StoreUnavailableException("The summaries moved on whenever they were compared; verify again while less is written.");
    }

    private async Task<long> FoldAsync(IWeirStore seen, WorkspaceId workspace, SummaryCells computed, AccountRange range, Instant start, long after, long until, CancellationToken cancellationToken)
    {
        SummaryFold fold = new(seen, catalogs);
        SummaryFloor floor = new(long.MaxValue, start);
        while (after < until && await seen.Ledger.FollowAsync(workspace, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            List<StoredEntry> summed = [.. page.Where(entry => entry.Sequence <= until)];
            await fold.AddAsync(computed, workspace, summed, floor, range.Contains, cancellationToken);
            after = Math.Min(page[^1].Sequence, until);
            if (computed.Count > CellsAtATime && range.Narrow(computed.Accounts()))
            {
                computed.DropFrom(range.High + 1);
            }
        }

        return after;
    }

    private static async Task CompareAsync(
        IWeirStore seen, WorkspaceId workspace, Dictionary<SummaryKey, SummaryFigures> computed, AccountRange range, Instant from, Findings findings, CancellationToken cancellationToken)
    {
        foreach (Engine.Period slice in Slices(computed.Keys, from))
        {
            SummaryQuery query = new(null, null, null, null, slice.Start, slice.End);
            await foreach ((SummaryKey key, SummaryFigures stored) in seen.Summaries.ReadAsync(workspace, query, cancellationToken))
            {
                if (range.Contains(key.Account))
                {
                    findings.CellCount++;
                    computed.Remove(key, out SummaryFigures? figures);
                    findings.Compare(key, stored, figures ?? SummaryFigures.Zero);
                }
            }
        }

        foreach ((SummaryKey key, SummaryFigures figures) in computed)
        {
            findings.Compare(key, SummaryFigures.Zero, figures);
        }
    }

    /// <summary>All of time from an instant on, cut where there is something to read, so that a store need not hold all cells at once.</summary>
    private static List<Engine.Period> Slices(IReadOnlyCollection<SummaryKey> cells, Instant from)
    {
        List<Engine.Period> slices = [];
        Instant start = from;
        foreach (Instant bucket in cells.Select(cell => cell.Bucket).Distinct().Order())
        {
            if (bucket > start && (start == from || bucket >= start + s_slice))
            {
                slices.Add(new Engine.Period(start, bucket));
                start = bucket;
            }
        }

        slices.Add(new Engine.Period(start, Instant.MaxValue));
        return slices;
    }

    private sealed class Findings
    {
        public long Entries { get; set; }

        public long BalanceCount { get; set; }

        public long CellCount { get; set; }

        public long GrantCount { get; set; }

        public long Differences { get; private set; }

        public List<BalanceDifference> Balances { get; } = [];

        public List<SummaryDifference> Summaries { get; } = [];

        public List<GrantDifference> Grants { get; } = [];

        public void Compare(long account, BalanceKey key, string figure, Quantity stored, Quantity computed)
        {
            if (stored != computed)
            {
                Name(Balances, new BalanceDifference(null, account, key, figure, stored, computed));
            }
        }

        public void Compare(long account, long grant, string meter, string figure, Quantity stored, Quantity computed)
        {
            if (stored != computed)
            {
                Name(Grants, new GrantDifference(null, account, grant, meter, figure, stored, computed));
            }
        }

        public void Compare(SummaryKey key, SummaryFigures stored, SummaryFigures computed)
        {
            Compare(key, "events", stored.Events, computed.Events);
            Compare(key, "failed", stored.Failed, computed.Failed);
            Compare(key, "latencyMs", stored.LatencyMs, computed.LatencyMs);
            Compare(key, "latencyCount", stored.LatencyCount, computed.LatencyCount);
            foreach (string meter in stored.Amounts.Keys.Union(computed.Amounts.Keys, StringComparer.Ordinal))
            {
                Compare(key, "amounts." + meter, stored.Amounts.GetValueOrDefault(meter), computed.Amounts.GetValueOrDefault(meter));
            }
        }

        public void Add(Findings other)
        {
            CellCount += other.CellCount;
            Differences += other.Differences;
            Summaries.AddRange(other.Summaries.Take(Verification.MostNamed - Summaries.Count));
        }

        private void Compare(SummaryKey key, string figure, long stored, long computed)
        {
            if (stored != computed)
            {
                Name(Summaries, new SummaryDifference(null, key, figure, stored, computed));
            }
        }

        private void Name<T>(List<T> named, T difference)
        {
            Differences++;
            if (named.Count < Verification.MostNamed)
            {
                named.Add(difference);
            }
        }
    }
}
