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
        Dictionary<(long Account, BalanceKey Key), (Quantity Used, Quantity Held)> computed = [];
        Dictionary<(long Account, long Grant), (Quantity Used, Quantity Held)> drawn = [];
        long last = await FoldAsync(0);

        // The rest is folded and compared while nobody writes, so that log and balances are of the same moment.
        await using ILedgerTransaction? transaction = isMoment ? null : await seen.Ledger.BeginAsync(workspace, cancellationToken);
        await FoldAsync(last);
        await foreach ((long account, Balance balance) in seen.Ledger.ReadBalancesAsync(workspace, cancellationToken))
        {
            findings.BalanceCount++;
            computed.Remove((account, balance.Key), out (Quantity Used, Quantity Held) folded);
            findings.Compare(account, balance.Key, "used", balance.Used, folded.Used);
            findings.Compare(account, balance.Key, "held", balance.Held, folded.Held);
        }

        foreach (((long account, BalanceKey key), (Quantity used, Quantity held)) in computed)
        {
            findings.Compare(account, key, "used", Quantity.Zero, used);
            findings.Compare(account, key, "held", Quantity.Zero, held);
        }

        // A grant that is past is no longer part of a state, and holds nothing.
        await foreach ((long account, Grant grant) in seen.Ledger.ReadGrantsAsync(workspace, cancellationToken))
        {
            findings.GrantCount++;
            drawn.Remove((account, grant.Number), out (Quantity Used, Quantity Held) folded);
            findings.Compare(account, grant.Number, grant.Terms.Meter, "drawn", grant.Drawn, folded.Used);
            findings.Compare(account, grant.Number, grant.Terms.Meter, "held", grant.Held, folded.Held);
        }

        foreach (((long account, long grant), (Quantity _, Quantity held)) in drawn)
        {
            findings.Compare(account, grant, "", "held", Quantity.Zero, held);
        }

        async Task<long> FoldAsync(long after)
        {
            while (await seen.Ledger.FollowAsync(workspace, after, PageSize, cancellationToken) is { Count: > 0 } page)
            {
                foreach (StoredEntry entry in page)
                {
                    findings.Entries++;
                    foreach (EntryLine line in entry.Entry.Lines)
                    {
                        (long, BalanceKey) key = (line.Key.Scope == ScopeKind.Workspace ? Account.WorkspaceHead : entry.Entry.Account, line.Key);
                        (Quantity used, Quantity held) = computed.GetValueOrDefault(key);
                        computed[key] = (used + line.Delta, held + line.HeldDelta);
                    }

                    foreach ((long grant, (Quantity used, Quantity held)) in GrantDraw.SumsOf(entry.Entry))
                    {
                        (long, long) key = (entry.Entry.Account, grant);
                        (Quantity usedBefore, Quantity heldBefore) = drawn.GetValueOrDefault(key);
                        drawn[key] = (usedBefore + used, heldBefore + held);
                    }
                }

                after = page[^1].Sequence;
            }

            return after;
        }
    }

    /// <summary>Account by account in the order of their ids, as many at a time as fit.</summary>
    private async Task VerifySummariesAsync(IWeirStore seen, WorkspaceId workspace, Findings findings, CancellationToken cancellationToken)
    {
        for (long low = 0; ;)
        {
            Range range = new() { Low = low };
            await VerifySummariesAsync(seen, workspace, range, findings, cancellationToken);
            if (range.High == long.MaxValue)
            {
                return;
            }

            low = range.High + 1;
        }
    }

    private async Task VerifySummariesAsync(IWeirStore seen, WorkspaceId workspace, Range range, Findings findings, CancellationToken cancellationToken)
    {
        SummaryCells computed = new();
        long folded = 0;
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            long checkpoint = await seen.Summaries.CheckpointAsync(workspace, cancellationToken);
            if (checkpoint < folded)
            {
                // They are being rebuilt: what was folded is ahead of them.
                computed = new SummaryCells();
                folded = 0;
            }

            folded = await FoldAsync(seen, workspace, computed, range, folded, checkpoint, cancellationToken);
            Findings found = new();
            await CompareAsync(seen, workspace, computed.ToFigures(), range, found, cancellationToken);
            if (await seen.Summaries.CheckpointAsync(workspace, cancellationToken) == checkpoint)
            {
                findings.Add(found);
                return;
            }
        }

        throw new StoreUnavailableException("The summaries moved on whenever they were compared; verify again while less is written.");
    }

    private async Task<long> FoldAsync(IWeirStore seen, WorkspaceId workspace, SummaryCells computed, Range range, long after, long until, CancellationToken cancellationToken)
    {
        SummaryFold fold = new(seen, catalogs);
        while (after < until && await seen.Ledger.FollowAsync(workspace, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            List<StoredEntry> summed = [.. page.Where(entry => entry.Sequence <= until)];
            await fold.AddAsync(computed, workspace, summed, range.Contains, cancellationToken);
            after = Math.Min(page[^1].Sequence, until);
            if (computed.Count > CellsAtATime)
            {
                Narrow(computed, range);
            }
        }

        return after;
    }

    /// <summary>Leaves the upper half of the accounts to a later pass; a single account is never divided.</summary>
    private static void Narrow(SummaryCells computed, Range range)
    {
        long[] accounts = [.. computed.Accounts().Distinct().Order()];
        if (accounts.Length > 1)
        {
            range.High = accounts[accounts.Length / 2] - 1;
            computed.DropFrom(range.High + 1);
        }
    }

    private static async Task CompareAsync(IWeirStore seen, WorkspaceId workspace, Dictionary<SummaryKey, SummaryFigures> computed, Range range, Findings findings, CancellationToken cancellationToken)
    {
        foreach (Engine.Period slice in Slices(computed.Keys))
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

    /// <summary>All of time, cut where there is something to read, so that a store need not hold all cells at once.</summary>
    private static List<Engine.Period> Slices(IReadOnlyCollection<SummaryKey> cells)
    {
        List<Engine.Period> slices = [];
        Instant start = Instant.MinValue;
        foreach (Instant bucket in cells.Select(cell => cell.Bucket).Distinct().Order())
        {
            if (start == Instant.MinValue || bucket >= start + s_slice)
            {
                slices.Add(new Engine.Period(start, bucket));
                start = bucket;
            }
        }

        slices.Add(new Engine.Period(start, Instant.MaxValue));
        return slices;
    }

    /// <summary>Internal ids from one to another, both among them.</summary>
    private sealed class Range
    {
        public required long Low { get; init; }

        public long High { get; set; } = long.MaxValue;

        public bool Contains(long account) => Low <= account && account <= High;
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
