using System.Runtime.CompilerServices;

using NodaTime;

using Weir.Engine;

namespace Weir;

internal sealed class MemoryRetention(MemoryStore store) : IRetentionStore
{
    public ValueTask<Instant> StartAsync(WorkspaceId workspace, CancellationToken cancellationToken) => Read(workspace, w => w.Carried.Start);

    public ValueTask<Instant?> FirstRecordedAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        Read(workspace, w => w.Entries.Find(entry => entry.Entry.RecordedAt >= w.Carried.Start)?.Entry.RecordedAt);

    public ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(WorkspaceId workspace, Instant before, long after, int limit, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<StoredEntry>>(
            workspace, w => [.. w.Entries.Skip(w.IndexAfter(after)).Where(entry => entry.Entry.RecordedAt >= w.Carried.Start && entry.Entry.RecordedAt < before).Take(limit)]);

    public ValueTask CarryAsync(
        WorkspaceId workspace, Instant start, IReadOnlyCollection<CarriedBalance> balances, IReadOnlyCollection<CarriedGrant> grants, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            store.Of(workspace).Carried.Add(start, balances, grants);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Not while a transaction is open: who keeps one to look at everything sees one start.</summary>
    public async ValueTask<bool> MoveStartAsync(WorkspaceId workspace, Instant start, long summed, CancellationToken cancellationToken)
    {
        MemoryWorkspace found = await Read(workspace, w => w);
        await found.Writer.WaitAsync(cancellationToken);
        try
        {
            lock (store.Gate)
            {
                if (found.Checkpoint < Math.Max(summed, found.Floor.Through))
                {
                    return false;
                }

                found.Carried.MoveStart(start);
                return true;
            }
        }
        finally
        {
            found.Writer.Release();
        }
    }

    public async IAsyncEnumerable<CarriedBalance> ReadBalancesAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (CarriedBalance carried in await Read(workspace, w => w.Carried.Balances()))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return carried;
        }
    }

    public async IAsyncEnumerable<CarriedGrant> ReadGrantsAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (CarriedGrant carried in await Read(workspace, w => w.Carried.Grants()))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return carried;
        }
    }

    public ValueTask<LedgerDrop> DropAsync(WorkspaceId workspace, long? after, int limit, CancellationToken cancellationToken) =>
        Read(workspace, w =>
        {
            Instant now = store.Now();
            HashSet<long> kept = [.. w.Heads.Values.Select(head => head.StateAt(now)).SelectMany(state => state.Holds.Select(hold => hold.Number).Concat(state.Grants.Keys))];
            if (w.EntryAt(w.LastSequence) is { } newest)
            {
                kept.Add(RootOf(newest));
            }

            long[] next =
            [
                .. w.Entries.Skip(w.IndexAfter(after ?? 0))
                    .Where(entry => entry.Entry.RecordedAt < w.Carried.Start && !kept.Contains(RootOf(entry)) && w.LaterThan(RootOf(entry)).All(later => later.Entry.RecordedAt < w.Carried.Start))
                    .Take(limit).Select(entry => entry.Sequence),
            ];
            int ids = w.Remove(next.ToHashSet());
            return new LedgerDrop(next.Length == limit ? next[^1] : null, ids);
        });

    /// <summary>The entry that an entry belongs to: the one that it is about, or it itself.</summary>
    private static long RootOf(StoredEntry entry) => entry.Entry.Target ?? entry.Sequence;

    private ValueTask<T> Read<T>(WorkspaceId workspace, Func<MemoryWorkspace, T> read)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(read(store.Of(workspace)));
        }
    }
}

/// <summary>What a ledger carries, by the start for which it was written. Under the store's gate.</summary>
internal sealed class MemoryCarried
{
    private readonly Dictionary<(Instant Start, long Account, BalanceKey Key), CarriedBalance> _balances = [];
    private readonly Dictionary<(Instant Start, long Account, long Grant), CarriedGrant> _grants = [];

    public Instant Start { get; private set; } = Instant.MinValue;

    public void MoveStart(Instant start) => Start = Instant.Max(Start, start);

    public void Add(Instant start, IEnumerable<CarriedBalance> balances, IEnumerable<CarriedGrant> grants)
    {
        foreach (CarriedBalance carried in balances)
        {
            _balances.TryAdd((start, carried.Account, carried.Key), carried);
        }

        foreach (CarriedGrant carried in grants)
        {
            _grants.TryAdd((start, carried.Account, carried.Grant), carried);
        }
    }

    public IReadOnlyList<CarriedBalance> Balances() =>
    [
        .. _balances.Where(sum => sum.Key.Start <= Start).GroupBy(sum => (sum.Key.Account, sum.Key.Key), sum => sum.Value)
            .Select(sums => new CarriedBalance(sums.Key.Account, sums.Key.Key, Sum(sums, sum => sum.Used), Sum(sums, sum => sum.Held))),
    ];

    public IReadOnlyList<CarriedGrant> Grants() =>
    [
        .. _grants.Where(sum => sum.Key.Start <= Start).GroupBy(sum => (sum.Key.Account, sum.Key.Grant), sum => sum.Value)
            .Select(sums => new CarriedGrant(sums.Key.Account, sums.Key.Grant, Sum(sums, sum => sum.Used), Sum(sums, sum => sum.Held))),
    ];

    private static Quantity Sum<T>(IEnumerable<T> sums, Func<T, Quantity> figure) => sums.Aggregate(Quantity.Zero, (total, sum) => total + figure(sum));
}
