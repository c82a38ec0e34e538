using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>What a repair did.</summary>
/// <param name="Repaired">Balances that say what the log says now; each figure as it was found.</param>
/// <param name="Rebuilt">Whether the summaries were made anew.</param>
/// <param name="Left">What a verification finds after it: what cannot be repaired from the log.</param>
public sealed record RepairReport(ImmutableArray<BalanceDifference> Repaired, bool Rebuilt, Verification Left);

/// <summary>
/// Sets balances that something other than Weir has changed to what the log says, and makes summaries that differ anew (LOG-3). Entries, grants
/// and settings it leaves alone. Others may go on writing: a balance is moved by what it was found to be off, under the lock of its account.
/// What would become negative by that, what stands twice, and what belongs to an erased account is left.
/// </summary>
public sealed class LedgerRepair(IWeirStore store, Verifier verifier, SummaryProjector summaries, TimeProvider time)
{
    private const string Job = "repair";

    private const int MostAttempts = 8;

    /// <summary>Who repairs by what another has repaired meanwhile would do it twice, so one does at a time.</summary>
    private static readonly Duration s_lease = Duration.FromMinutes(2);

    private static readonly TimeSpan s_beat = TimeSpan.FromSeconds(30);

    /// <returns>Null when another process repairs the workspace.</returns>
    public async Task<RepairReport?> RunAsync(WorkspaceId workspace, AuditActor actor, CancellationToken cancellationToken)
    {
        if (await store.ScheduledJobs.TakeAsync(workspace, Job, ScheduledJobLease.ThisProcess, s_lease, cancellationToken) is not { } lease)
        {
            return null;
        }

        List<BalanceDifference> repaired = [];
        try
        {
            Verification found = await VerifyAsync(workspace, lease, cancellationToken);
            bool rebuilds = found.SummaryDifferences.Length > 0;
            if (rebuilds)
            {
                await HoldAsync(workspace, lease, summaries.RebuildAsync(workspace, cancellationToken));
                found = await VerifyAsync(workspace, lease, cancellationToken);
            }

            // A verification names so many differences at the most; the next one names others, until none is left that can be repaired.
            for (long before = long.MaxValue; found.BalanceDifferences.Length > 0 && found.Differences < before;)
            {
                before = found.Differences;
                foreach (IGrouping<long, BalanceDifference> account in found.BalanceDifferences.GroupBy(difference => difference.AccountId))
                {
                    DateTimeOffset kept = time.GetUtcNow();
                    await KeepAsync(workspace, lease);
                    repaired.AddRange(await RepairAsync(workspace, Once(account), actor, kept, cancellationToken));
                }

                found = await VerifyAsync(workspace, lease, cancellationToken);
            }

            return new RepairReport([.. repaired], rebuilds, found);
        }
        finally
        {
            await store.ScheduledJobs.EndAsync(workspace, lease, new ScheduledJobResult { Written = repaired.Count }, null, [], CancellationToken.None);
        }
    }

    /// <summary>Those of figures that are named once: of what stands twice nobody knows which one is meant.</summary>
    private static BalanceDifference[] Once(IEnumerable<BalanceDifference> differences) =>
        [.. differences.GroupBy(difference => (difference.Balance, difference.Figure)).Where(named => named.Count() == 1).Select(named => named.Single())];

    private async Task<Verification> VerifyAsync(WorkspaceId workspace, ScheduledJobLease lease, CancellationToken cancellationToken)
    {
        Task<Verification> found = verifier.VerifyAsync(workspace, cancellationToken);
        await HoldAsync(workspace, lease, found);
        return await found;
    }

    /// <summary>Keeps the lease while something lasts.</summary>
    private async Task HoldAsync(WorkspaceId workspace, ScheduledJobLease lease, Task work)
    {
        while (await Task.WhenAny(work, Task.Delay(s_beat, CancellationToken.None)) != work)
        {
            await KeepAsync(workspace, lease);
        }

        await work;
    }

    private async Task KeepAsync(WorkspaceId workspace, ScheduledJobLease lease)
    {
        if (!await store.ScheduledJobs.KeepAsync(workspace, lease, s_lease, CancellationToken.None))
        {
            throw new StoreUnavailableException("Another process has begun to repair the workspace; verify it, and repair again if need be.");
        }
    }

    /// <summary>The differences of one account, in one transaction; those that were repaired.</summary>
    /// <param name="kept">When the lease was kept last.</param>
    private async Task<IReadOnlyList<BalanceDifference>> RepairAsync(
        WorkspaceId workspace, BalanceDifference[] differences, AuditActor actor, DateTimeOffset kept, CancellationToken cancellationToken)
    {
        if (differences.Length == 0 || differences[0] is { Account: null, AccountId: not Account.WorkspaceHead })
        {
            return [];
        }

        long account = differences[0].AccountId;
        AccountKey? key = differences[0].Account is { } name ? new AccountKey(name) : null;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await using ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, cancellationToken);
                LedgerSnapshot snapshot = await transaction.LoadAsync(new LedgerLoad { Accounts = key is { } own ? [own] : [] }, cancellationToken);
                AccountState? state = key is { } known ? snapshot.Accounts.GetValueOrDefault(known) : snapshot.Workspace;
                if (state is null || state.Account.Id != account)
                {
                    return [];
                }

                (LedgerWrites writes, IReadOnlyList<BalanceDifference> repaired) = await WritesAsync(transaction, state, key, differences, actor, cancellationToken);
                if (repaired.Count == 0)
                {
                    return [];
                }

                if (time.GetUtcNow() - kept > s_lease.ToTimeSpan() / 2)
                {
                    throw new StoreUnavailableException("The repair stood still for too long, and another may have begun meanwhile; verify the workspace, and repair again if need be.");
                }

                if (await transaction.WriteAsync(writes, cancellationToken))
                {
                    await transaction.CommitAsync(cancellationToken);
                    return repaired;
                }
            }
            catch (StoreConflictException)
            {
                // It lost against another transaction, and is done again.
            }

            if (attempt == MostAttempts)
            {
                throw new StoreUnavailableException("The account was written by others all the time; repair again.");
            }
        }
    }

    private static async Task<(LedgerWrites Writes, IReadOnlyList<BalanceDifference> Repaired)> WritesAsync(
        ILedgerTransaction transaction, AccountState state, AccountKey? key, BalanceDifference[] differences, AuditActor actor, CancellationToken cancellationToken)
    {
        List<BalanceDifference> repaired = [];
        BalanceKey[] keys = [.. differences.Select(difference => difference.Balance).Distinct()];
        Dictionary<BalanceKey, Balance> balances = (await transaction.LoadBalancesAsync(state.Account.Id, [.. keys.Where(balance => !state.Balances.ContainsKey(balance))], cancellationToken))
            .ToDictionary(balance => balance.Key);
        JsonArray was = [];
        JsonArray now = [];
        foreach (BalanceDifference difference in differences)
        {
            BalanceKey balance = difference.Balance;
            if (!balances.TryGetValue(balance, out Balance? before))
            {
                before = state.BalanceOf(balance, state.Account.Timeline.At(balance.Per, balance.PeriodStart).End);
            }

            bool isUsed = difference.Figure == "used";
            Quantity known = isUsed ? before.Used : before.Held;
            Quantity figure = known + difference.Computed - difference.Stored;
            // What the log says nothing of may have been put beside the balance that counts.
            if (figure.Units < 0 || (difference.Computed.IsZero && known != difference.Stored))
            {
                continue;
            }

            balances[balance] = isUsed ? before with { Used = figure } : before with { Held = figure };
            Note(was, balance, difference.Figure, known);
            Note(now, balance, difference.Figure, figure);
            repaired.Add(difference);
        }

        AccountState set = state with { Account = state.Account with { Version = state.Account.Version + 1 }, Balances = state.Balances.SetItems(balances) };
        LedgerWrites writes = new()
        {
            Accounts = [new AccountWrite(set, [.. repaired.Select(difference => difference.Balance).Distinct()], []) { Key = key }],
            Audit = [new AuditEntry(actor, AuditActions.BalancesRepaired, AuditTarget.Account(state.Account.Id)) { Before = new JsonObject { ["balances"] = was }, After = new JsonObject { ["balances"] = now } }],
        };
        return (writes, repaired);
    }

    private static void Note(JsonArray balances, BalanceKey key, string figure, Quantity units) => balances.Add((JsonNode)new JsonObject
    {
        ["meter"] = key.Meter,
        ["per"] = key.Per.Name(),
        ["scope"] = key.Scope.Name(),
        ["scopeId"] = key.ScopeId.ToString(CultureInfo.InvariantCulture),
        ["figure"] = figure,
        ["units"] = units.Units,
    });
}
