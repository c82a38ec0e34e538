using System.Collections.Immutable;

using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Compares the last hour of every account and event type with the account's own last weeks (ALERT-3), from the summaries, each quarter
/// of an hour. Several nodes may do so at once: what they find has the same ids, and is told once.
/// </summary>
public sealed class UnusualUsageWatch(IWeirStore store, SummaryProjector summaries, TimeProvider time, ILogger<UnusualUsageWatch> logger) : BackgroundService
{
    private const int DaysOfAWeek = 7;

    private static readonly Duration s_hour = Duration.FromHours(1);
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    /// <summary>Looks at the last four whole quarters of an hour of a workspace.</summary>
    /// <returns>How many were unusual, those that had been told before included.</returns>
    public async Task<int> LookAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        await summaries.CatchUpAsync(workspace, cancellationToken);
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
        Instant end = SummaryKey.BucketOf(now);
        Dictionary<(long Account, string Type), long[]> busy = (await CountAsync(workspace, end, null, cancellationToken))
            .Where(pair => pair.Value > UnusualUsage.FewestEvents)
            .ToDictionary(pair => pair.Key, pair => (long[])[pair.Value]);
        if (busy.Count == 0)
        {
            return 0;
        }

        // Nearly all busy hours are as busy as on that weekday; only the others are worth 28 looks back.
        Dictionary<(long, string), long[]> history = [];
        for (int week = 1; week * DaysOfAWeek <= UnusualUsage.Days && busy.Count > 0; week++)
        {
            await AddDayAsync(workspace, end, week * DaysOfAWeek, busy.Keys, history, cancellationToken);
            foreach ((long, string) key in history.Keys.Where(key => 2 * busy[key][0] <= 3 * history[key][(week * DaysOfAWeek) - 1]).ToList())
            {
                busy.Remove(key);
                history.Remove(key);
            }
        }

        for (int day = 1; day <= UnusualUsage.Days && busy.Count > 0; day++)
        {
            if (day % DaysOfAWeek != 0)
            {
                await AddDayAsync(workspace, end, day, busy.Keys, history, cancellationToken);
            }
        }

        List<Alert> found = await JudgeAsync(workspace, busy, history, end, now, cancellationToken);
        if (found.Count > 0)
        {
            await store.Alerts.AppendAsync(workspace, found, [.. found.Select(AlertNotes.Of)], cancellationToken);
        }

        return found.Count;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The hour before the start is looked at with the first whole quarter after it.
        Instant seen = SummaryKey.BucketOf(Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow())));
        using PeriodicTimer timer = new(s_interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Instant quarter = SummaryKey.BucketOf(Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow())));
                if (quarter > seen && await LookAtAllAsync(stoppingToken))
                {
                    seen = quarter;
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task<bool> LookAtAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (Workspace workspace in await store.Workspaces.ListAsync(cancellationToken))
            {
                await LookAsync(workspace.Id, cancellationToken);
            }

            return true;
        }
        catch (Exception exception) when (exception is not (OutOfMemoryException or OperationCanceledException))
        {
            // The next minute tries again.
            Log.WatchFailed(logger, exception);
            return false;
        }
    }

    /// <summary>The events of an hour, by account and type.</summary>
    /// <param name="wanted">Those that matter, or null for all.</param>
    private async Task<Dictionary<(long Account, string Type), long>> CountAsync(
        WorkspaceId workspace, Instant end, IReadOnlyCollection<(long, string)>? wanted, CancellationToken cancellationToken)
    {
        HashSet<(long, string)>? only = wanted is null ? null : [.. wanted];
        Dictionary<(long Account, string Type), long> counts = [];
        SummaryQuery query = new(null, only is null ? null : [.. only.Select(key => key.Item2).Distinct()], "", null, end - s_hour, end);
        await foreach ((SummaryKey key, SummaryFigures figures) in store.Summaries.ReadAsync(workspace, query, cancellationToken))
        {
            if (key.Type.Length > 0 && only?.Contains((key.Account, key.Type)) != false)
            {
                counts[(key.Account, key.Type)] = counts.GetValueOrDefault((key.Account, key.Type)) + figures.Events;
            }
        }

        return counts;
    }

    private async Task AddDayAsync(
        WorkspaceId workspace, Instant end, int day, IReadOnlyCollection<(long, string)> wanted, Dictionary<(long, string), long[]> history, CancellationToken cancellationToken)
    {
        foreach (((long, string) key, long count) in await CountAsync(workspace, end - Duration.FromDays(day), wanted, cancellationToken))
        {
            if (!history.TryGetValue(key, out long[]? days))
            {
                history.Add(key, days = new long[UnusualUsage.Days]);
            }

            days[day - 1] = count;
        }
    }

    private async Task<List<Alert>> JudgeAsync(
        WorkspaceId workspace, Dictionary<(long Account, string Type), long[]> busy, Dictionary<(long, string), long[]> history, Instant end, Instant now, CancellationToken cancellationToken)
    {
        List<Alert> found = [];
        if (busy.Count == 0)
        {
            return found;
        }

        IReadOnlyDictionary<long, AccountProfile> profiles = await store.Accounts.NamesAsync(workspace, [.. busy.Keys.Select(key => key.Account).Distinct()], cancellationToken);
        AccountState head = await store.Ledger.ReadWorkspaceStateAsync(workspace, cancellationToken);
        Engine.Period today = Periods.At(head.Account.Timeline.Latest, Per.CalendarDay, now);
        foreach (((long account, string type), long[] hour) in busy)
        {
            if (!profiles.TryGetValue(account, out AccountProfile? profile) || await store.Ledger.ReadStateAsync(workspace, profile.Key, cancellationToken) is not { } state)
            {
                continue;
            }

            Instant born = state.Account.FirstLiveEventAt is { } first ? Instant.Min(first, state.Account.CreatedAt) : state.Account.CreatedAt;
            int days = (int)Math.Clamp((end - s_hour - born).TotalDays, 0, UnusualUsage.Days);
            long[] before = history.GetValueOrDefault((account, type)) ?? new long[UnusualUsage.Days];
            if (UnusualUsage.MostUsual(before.AsSpan(0, days)) is { } most && hour[0] > most)
            {
                found.Add(Alert.Unusual(account, type, today, hour[0], most, now));
            }
        }

        return found;
    }
}
