using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>A workspace at a glance.</summary>
/// <param name="DayStart">Start of today in the workspace's zone.</param>
/// <param name="MonthStart">Start of this calendar month in the workspace's zone.</param>
/// <param name="AccountsByPlan">Plans in the order of the catalog, then those that it no longer has.</param>
/// <param name="Day">The last 24 hours.</param>
/// <param name="Month">The last 30 days.</param>
/// <param name="Today">Since <paramref name="DayStart"/>.</param>
/// <param name="ThisMonth">Since <paramref name="MonthStart"/>.</param>
/// <param name="Top">The accounts with the most events of the last 30 days.</param>
/// <param name="NearLimits">Accounts that have used at least 80 % of an account-wide limit, the fullest first; at most <see cref="OverviewService.MostListed"/>.</param>
/// <param name="NearLimitCount">How many there are.</param>
/// <param name="WorkspaceLimits">The limits that all accounts share.</param>
public sealed record Overview(
    Instant AsOf, Instant DayStart, Instant MonthStart, string Currency, long Accounts, ImmutableArray<PlanCount> AccountsByPlan, OverviewFigures Day,
    OverviewFigures Month, BreakdownRow Today, BreakdownRow ThisMonth, ImmutableArray<TopAccount> Top, ImmutableArray<NearLimit> NearLimits, int NearLimitCount,
    ImmutableArray<UsageLine> WorkspaceLimits)
{
    /// <summary>The alerts of all accounts that stand raised.</summary>
    public required AlertCounts Alerts { get; init; }
}

/// <param name="ActiveAccounts">Accounts with at least one event.</param>
/// <param name="Denials">By the code of their first reason.</param>
public sealed record OverviewFigures(long ActiveAccounts, long Events, long Failed, ImmutableSortedDictionary<string, long> Denials);

public sealed record PlanCount(string Plan, string Name, long Accounts);

public sealed record TopAccount(string Account, long Events, ImmutableSortedDictionary<string, decimal> Amounts);

/// <param name="Line">The fullest of the account's limits.</param>
public sealed record NearLimit(AccountProfile Profile, Plan Plan, UsageLine Line);

/// <summary>Gathers what the operator of a workspace looks at first.</summary>
public sealed class OverviewService(IWeirStore store, CatalogService catalogs, UsageService usage, UsageBreakdownService breakdowns, TimeProvider time)
{
    public const int MostListed = 20;

    private const int NearPercent = 80;
    private static readonly Duration s_month = Duration.FromDays(30);

    public async ValueTask<Overview> ReadAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
        // What is recorded this moment belongs to the answer.
        Instant end = now + Clock.Microsecond;
        AccountState head = await store.Ledger.ReadWorkspaceStateAsync(workspace.Id, cancellationToken);
        Instant dayStart = Periods.At(head.Account.Timeline.Latest, Per.CalendarDay, now).Start;
        Instant monthStart = Periods.At(head.Account.Timeline.Latest, Per.CalendarMonth, now).Start;
        (_, Catalog catalog) = await catalogs.ActiveAsync(workspace.Id, cancellationToken);
        UsageBreakdown month = await BreakDownAsync(workspace.Id, "subject", end - s_month, end, cancellationToken);
        (ImmutableArray<NearLimit> near, int nearCount) = await NearLimitsAsync(workspace.Id, cancellationToken);
        return new Overview(
            now, dayStart, monthStart, catalog.Currency, await store.Accounts.CountAsync(workspace.Id, cancellationToken),
            await CountByPlanAsync(workspace.Id, catalog, cancellationToken),
            await FiguresAsync(workspace.Id, await BreakDownAsync(workspace.Id, "subject", end - Duration.FromDays(1), end, cancellationToken), cancellationToken),
            await FiguresAsync(workspace.Id, month, cancellationToken),
            (await BreakDownAsync(workspace.Id, "type", dayStart, end, cancellationToken)).Total,
            (await BreakDownAsync(workspace.Id, "type", monthStart, end, cancellationToken)).Total,
            [.. month.Rows.Where(row => row.Key is not null).OrderByDescending(row => row.Events).ThenBy(row => row.Key, StringComparer.Ordinal).Take(MostListed).Select(row => new TopAccount(row.Key!, row.Events, row.Amounts))],
            near, nearCount, await usage.OfWorkspaceAsync(workspace.Id, cancellationToken))
        {
            Alerts = await store.Alerts.CountAsync(workspace.Id, null, null, now, cancellationToken),
        };
    }

    private async ValueTask<UsageBreakdown> BreakDownAsync(WorkspaceId workspace, string by, Instant from, Instant to, CancellationToken cancellationToken)
    {
        BreakdownAnswer answer = await breakdowns.ReadAsync(workspace, null, by, from, to, null, cancellationToken);
        return answer.Breakdown ?? throw new InvalidOperationException(answer.Failure?.Message);
    }

    private async ValueTask<OverviewFigures> FiguresAsync(WorkspaceId workspace, UsageBreakdown bySubject, CancellationToken cancellationToken)
    {
        SortedDictionary<string, long> denials = new(StringComparer.Ordinal);
        foreach (DenialCount count in await store.Ledger.ReadDenialsAsync(workspace, null, SummaryKey.BucketOf(bySubject.From), bySubject.To, cancellationToken))
        {
            string code = count.Refusal.Code();
            denials[code] = denials.GetValueOrDefault(code) + count.Count;
        }

        return new OverviewFigures(
            bySubject.Rows.Count(row => row.Events > 0), bySubject.Total.Events, bySubject.Total.Failed,
            ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal).AddRange(denials));
    }

    private async ValueTask<ImmutableArray<PlanCount>> CountByPlanAsync(WorkspaceId workspace, Catalog catalog, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, long> counts = await store.Accounts.CountByPlanAsync(workspace, cancellationToken);
        return
        [
            .. catalog.PlanOrder.Select(key => new PlanCount(key, catalog.Plans[key].Name, counts.GetValueOrDefault(key))),
            .. counts.Where(pair => !catalog.Plans.ContainsKey(pair.Key)).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new PlanCount(pair.Key, pair.Key, pair.Value)),
        ];
    }

    private async ValueTask<(ImmutableArray<NearLimit> Fullest, int Count)> NearLimitsAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        List<(decimal Percent, NearLimit Account)> near = [];
        AccountFilter filter = new() { Limit = AccountFilter.LargestLimit };
        IReadOnlyList<AccountRecord> page;
        int count = 0;
        do
        {
            page = await store.Accounts.ListAsync(workspace, filter, cancellationToken);
            foreach (AccountUsage account in await usage.OfAsync(workspace, page, cancellationToken))
            {
                if (FullestOf(account) is { } fullest)
                {
                    near.Add((fullest.Percent, new NearLimit(account.Profile, account.Plan, fullest.Line)));
                    count++;
                }
            }

            near = [.. near.OrderByDescending(entry => entry.Percent).ThenBy(entry => entry.Account.Profile.Key.Value, StringComparer.Ordinal).Take(MostListed)];
            filter = page.Count > 0 ? filter with { After = page[^1].Profile.Key } : filter;
        }
        while (page.Count == filter.Limit);
        return ([.. near.Select(entry => entry.Account)], count);
    }

    /// <summary>A limit of 0 blocks by intent: it is not near.</summary>
    private static (decimal Percent, UsageLine Line)? FullestOf(AccountUsage usage)
    {
        (decimal Percent, UsageLine Line)? fullest = null;
        foreach (UsageLine line in usage.Lines.Where(line => line.Limit.Scope == ScopeKind.Account))
        {
            if (line.Limit.Limit is { Units: > 0 } limit && line.Used.Units * 100m / limit.Units is >= NearPercent and decimal percent && !(percent <= fullest?.Percent))
            {
                fullest = (percent, line);
            }
        }

        return fullest;
    }
}
