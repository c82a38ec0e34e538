using NodaTime;

using Weir.Engine;

namespace Weir;

internal sealed class MemoryPeriods(MemoryStore store) : IPeriodStore
{
    public ValueTask<IReadOnlyList<(long Account, Balance Balance)>> ReadEndedAsync(
        WorkspaceId workspace, IReadOnlyCollection<long> accounts, Instant after, Instant upTo, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            IReadOnlyList<(long, Balance)> ended =
            [
                .. accounts.Distinct().Where(found.Heads.ContainsKey).SelectMany(account => found.Heads[account].Balances.Values
                    .Where(balance => balance.PeriodEnd > after && balance.PeriodEnd <= upTo && balance.PeriodEnd != Instant.MaxValue)
                    .Select(balance => (account, balance))),
            ];
            return ValueTask.FromResult(ended);
        }
    }

    public ValueTask<IReadOnlyDictionary<BalanceKey, LastMove>> ReadLastMovesAsync(
        WorkspaceId workspace, long account, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            HashSet<BalanceKey> wanted = [.. balances.Select(balance => balance.Key)];
            Dictionary<BalanceKey, LastMove> moves = [];
            foreach (StoredEntry stored in Enumerable.Reverse(store.Of(workspace).Entries))
            {
                foreach (EntryLine line in stored.Entry.Account == account ? Enumerable.Reverse(stored.Entry.Lines) : [])
                {
                    if (line.Key.Scope != ScopeKind.Workspace && wanted.Remove(line.Key))
                    {
                        moves.Add(line.Key, new LastMove(stored.Entry.Plan, stored.Entry.CatalogVersion, line));
                    }
                }
            }

            return ValueTask.FromResult<IReadOnlyDictionary<BalanceKey, LastMove>>(moves);
        }
    }

    public ValueTask<int> CloseAsync(WorkspaceId workspace, IReadOnlyList<ClosingSummary> summaries, Instant closedAt, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            Dictionary<(long, BalanceKey), (ClosingSummary, Instant)> closings = store.Of(workspace).Closings;
            return ValueTask.FromResult(summaries.Count(summary => closings.TryAdd((summary.Account, summary.Key), (summary, closedAt))));
        }
    }

    public ValueTask<IReadOnlyList<EndedPeriod>> ReadAsync(WorkspaceId workspace, long account, PeriodFilter filter, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            IEnumerable<Balance> balances = found.Heads.TryGetValue(account, out MemoryAccount? known) ? known.Balances.Values : [];
            Dictionary<BalanceKey, Balance> taken = balances.Where(balance => balance.PeriodEnd != Instant.MaxValue && filter.Takes(balance.Key, balance.PeriodEnd)).ToDictionary(balance => balance.Key);
            List<EndedPeriod> periods =
            [
                .. found.Closings.Where(pair => pair.Key.Account == account && filter.Takes(pair.Key.Key, pair.Value.Summary.PeriodEnd))
                    .Select(pair => new EndedPeriod(taken.Remove(pair.Key.Key, out Balance? balance) ? balance : null, pair.Value.Summary, pair.Value.ClosedAt)),
            ];
            periods.AddRange(taken.Values.Select(balance => new EndedPeriod(balance, null, null)));
            return ValueTask.FromResult<IReadOnlyList<EndedPeriod>>([.. periods.OrderBy(period => period.Position).Take(filter.Limit)]);
        }
    }
}

internal sealed class MemoryScheduledJobs(MemoryStore store) : IScheduledJobStore
{
    public ValueTask<ScheduledJob?> FindAsync(WorkspaceId workspace, string job, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).ScheduledJobs.GetValueOrDefault(job));
        }
    }

    public ValueTask<ScheduledJobLease?> TakeAsync(WorkspaceId workspace, string job, string owner, Duration length, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            Instant now = store.Now();
            Dictionary<string, ScheduledJob> jobs = store.Of(workspace).ScheduledJobs;
            ScheduledJob? before = jobs.GetValueOrDefault(job);
            if (before?.LeaseUntil > now)
            {
                return ValueTask.FromResult<ScheduledJobLease?>(null);
            }

            ScheduledJob taken = before is null
                ? new ScheduledJob(job, owner, 1, now + length, now, null, null, null)
                : before with { Owner = owner, Fence = before.Fence + 1, LeaseUntil = now + length, StartedAt = now };
            jobs[job] = taken;
            return ValueTask.FromResult<ScheduledJobLease?>(new ScheduledJobLease(job, owner, taken.Fence, now, taken.Through));
        }
    }

    public ValueTask<bool> KeepAsync(WorkspaceId workspace, ScheduledJobLease lease, Duration length, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            Dictionary<string, ScheduledJob> jobs = store.Of(workspace).ScheduledJobs;
            if (!IsHeld(jobs, lease, out ScheduledJob state))
            {
                return ValueTask.FromResult(false);
            }

            jobs[lease.Job] = state with { LeaseUntil = store.Now() + length };
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask<bool> EndAsync(
        WorkspaceId workspace, ScheduledJobLease lease, ScheduledJobResult result, AuditEntry? audit, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            if (!IsHeld(found.ScheduledJobs, lease, out ScheduledJob state))
            {
                return ValueTask.FromResult(false);
            }

            Instant now = store.Now();
            found.ScheduledJobs[lease.Job] = state with { LeaseUntil = null, FinishedAt = now, Through = result.Through ?? state.Through, Last = result };
            if (audit is not null)
            {
                found.Add(audit, now);
            }

            found.Outbox.Append(notifications);
            return ValueTask.FromResult(true);
        }
    }

    /// <summary>A lease that has run out still holds as long as nobody has taken the job.</summary>
    private static bool IsHeld(Dictionary<string, ScheduledJob> jobs, ScheduledJobLease lease, out ScheduledJob state) =>
        jobs.TryGetValue(lease.Job, out state!) && state.Fence == lease.Fence && state.LeaseUntil is not null;
}
