using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Which months a trend goes by.</summary>
public enum TrendMonths
{
    /// <summary>Calendar months of the account's zone; of the workspace's for all accounts together.</summary>
    Calendar,

    /// <summary>The account's own periods, from anniversary to anniversary.</summary>
    Periods,
}

/// <summary>One month of a trend.</summary>
/// <param name="IsCurrent">It is not over: its figures are what was used until now.</param>
/// <param name="Amounts">Of the sum meters, in each meter's unit.</param>
/// <param name="Changes">In percent of the month before, by meter; meters that were not used then are left out.</param>
public sealed record TrendMonth(
    Instant Start, Instant End, bool IsCurrent, long Events, long Failed, ImmutableSortedDictionary<string, decimal> Amounts, ImmutableSortedDictionary<string, decimal> Changes);

/// <summary>How usage goes from month to month.</summary>
public sealed class UsageTrendService
{
    public const int MostMonths = 60;

    private readonly IWeirStore _store;
    private readonly CatalogService _catalogs;
    private readonly UsageParts _parts;
    private readonly TimeProvider _time;

    public UsageTrendService(IWeirStore store, CatalogService catalogs, SummaryProjector projector, TimeProvider time)
    {
        _store = store;
        _catalogs = catalogs;
        _parts = new UsageParts(store, catalogs, projector);
        _time = time;
    }

    /// <summary>The last months, oldest first, the running one among them.</summary>
    /// <param name="account">Null for all accounts together. Null is the answer for an unknown one.</param>
    /// <param name="months">1 to <see cref="MostMonths"/>.</param>
    public async ValueTask<ImmutableArray<TrendMonth>?> ReadAsync(WorkspaceId workspace, AccountKey? account, TrendMonths by, int months, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(months, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(months, MostMonths);
        AccountState? state = account is { } key
            ? await _store.Ledger.ReadStateAsync(workspace, key, cancellationToken)
            : await _store.Ledger.ReadWorkspaceStateAsync(workspace, cancellationToken);
        if (state is null)
        {
            return null;
        }

        (_, Catalog catalog) = await _catalogs.ActiveAsync(workspace, cancellationToken);
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(_time.GetUtcNow()));
        List<Engine.Period> periods = PeriodsOf(state.Account.Timeline, by, months + 1, now);
        UsageTotals[] totals = await TotalsAsync(workspace, account is null ? null : [state.Account.Id], periods, cancellationToken);
        ImmutableSortedDictionary<string, decimal>[] amounts = [.. totals.Select(month => SumsOf(month.Amounts(catalog), catalog))];
        return
        [
            .. Enumerable.Range(1, months).Select(i => new TrendMonth(
                periods[i].Start, periods[i].End, periods[i].Contains(now), totals[i].Events, totals[i].Failed, amounts[i], Changes(amounts[i - 1], amounts[i]))),
        ];
    }

    /// <summary>One more than is shown gives the change of the first. A calendar does not remember that the zone was another one.</summary>
    private static List<Engine.Period> PeriodsOf(Timeline timeline, TrendMonths by, int count, Instant now)
    {
        Schedule schedule = timeline.Latest;
        bool calendar = by == TrendMonths.Calendar;
        List<Engine.Period> periods = [calendar ? Engine.Periods.At(schedule, Per.CalendarMonth, now) : timeline.At(Per.Month, now)];
        while (periods.Count < count)
        {
            periods.Insert(0, calendar ? Engine.Periods.Previous(schedule, Per.CalendarMonth, periods[0]) : timeline.Previous(Per.Month, periods[0]));
        }

        return periods;
    }

    private ValueTask<UsageTotals[]> TotalsAsync(WorkspaceId workspace, IReadOnlyCollection<long>? accounts, List<Engine.Period> periods, CancellationToken cancellationToken)
    {
        List<(ImmutableArray<Engine.Period> Summed, ImmutableArray<Engine.Period> Logged)> cuts = [.. periods.Select(period => UsageParts.Cut(period.Start, period.End))];
        UsageQuestion question = new()
        {
            Workspace = workspace,
            Accounts = accounts,
            Summed = [.. cuts.SelectMany(cut => cut.Summed)],
            Logged = [.. cuts.SelectMany(cut => cut.Logged)],
        };
        return _parts.ReadAsync(
            question,
            () => periods.Select(_ => new UsageTotals()).ToArray(),
            (totals, part) => totals[periods.FindLastIndex(period => period.Start <= part.At)].Add(part),
            cancellationToken);
    }

    private static ImmutableSortedDictionary<string, decimal> SumsOf(ImmutableSortedDictionary<string, decimal> amounts, Catalog catalog) =>
        amounts.RemoveRange(amounts.Keys.Where(key => catalog.Meters.TryGetValue(key, out Meter? meter) && meter.Kind == MeterKind.Level));

    private static ImmutableSortedDictionary<string, decimal> Changes(ImmutableSortedDictionary<string, decimal> before, ImmutableSortedDictionary<string, decimal> after)
    {
        ImmutableSortedDictionary<string, decimal>.Builder changes = before.Clear().ToBuilder();
        foreach ((string meter, decimal amount) in before)
        {
            if (UsageTotals.Percent(after.GetValueOrDefault(meter) - amount, amount) is { } change)
            {
                changes.Add(meter, change);
            }
        }

        return changes.ToImmutable();
    }
}
