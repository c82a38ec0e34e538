using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>What used how much.</summary>
/// <param name="MainMeter">The meter that the rows are ordered by and that their percentages are of.</param>
/// <param name="Rows">Largest first.</param>
/// <param name="Total">All rows together; its key is null.</param>
public sealed record UsageBreakdown(string By, Instant From, Instant To, string MainMeter, ImmutableArray<BreakdownRow> Rows, BreakdownRow Total);

/// <param name="Key">The group as the host knows it; null for usage that names none.</param>
/// <param name="Amounts">In each meter's unit; a level counts its net change.</param>
/// <param name="LatencyMs">The average of the events that gave one.</param>
/// <param name="Percent">Of what all rows used of the main meter; null when that is nothing, and where more was taken back than used.</param>
public sealed record BreakdownRow(string? Key, long Events, long Failed, ImmutableSortedDictionary<string, decimal> Amounts, decimal? LatencyMs, decimal? Percent);

/// <summary>Exactly one is null.</summary>
public sealed record BreakdownAnswer(UsageBreakdown? Breakdown, Failure? Failure);

/// <summary>Breaks usage of a stretch of time down by what it was for.</summary>
public sealed class UsageBreakdownService
{
    private const string ByType = "type";
    private const string ByCategory = "category";
    private const string BySubject = "subject";

    private readonly IWeirStore _store;
    private readonly CatalogService _catalogs;
    private readonly TimeProvider _time;
    private readonly UsageParts _parts;

    public UsageBreakdownService(IWeirStore store, CatalogService catalogs, SummaryProjector projector, TimeProvider time)
    {
        _store = store;
        _catalogs = catalogs;
        _time = time;
        _parts = new UsageParts(store, catalogs, projector);
    }

    /// <param name="account">Null for all accounts. An unknown one has used nothing.</param>
    /// <param name="by"><c>type</c>, <c>category</c>, <c>subject</c>, one of <see cref="Dimensions.BuiltIn"/>, or <c>properties.NAME</c>.</param>
    /// <param name="mainMeter">Null for the meter of the plan's first allowance.</param>
    public async ValueTask<BreakdownAnswer> ReadAsync(
        WorkspaceId workspace, AccountKey? account, string by, Instant from, Instant to, string? mainMeter, CancellationToken cancellationToken)
    {
        (_, Catalog catalog) = await _catalogs.ActiveAsync(workspace, cancellationToken);
        bool isDimension = by is not (ByType or ByCategory or BySubject);
        bool isProperty = by.StartsWith(Dimensions.PropertyPrefix, StringComparison.Ordinal) && by.Length > Dimensions.PropertyPrefix.Length;
        bool summed = !isDimension || Dimensions.IsSummed(by, catalog);
        if (Check(by, from, to, mainMeter, catalog, isKnown: summed || isProperty, summed) is { } failure)
        {
            return new BreakdownAnswer(null, failure);
        }

        AccountState? state = account is { } key ? await _store.Ledger.ReadStateAsync(workspace, key, cancellationToken) : null;
        (ImmutableArray<Engine.Period> core, ImmutableArray<Engine.Period> edges) = summed ? UsageParts.Cut(from, to) : ([], [new Engine.Period(from, to)]);
        UsageQuestion question = new()
        {
            Workspace = workspace,
            Accounts = account is null ? null : state is null ? [] : [state.Account.Id],
            Dimensions = isDimension ? [by] : [],
            Summed = core,
            Logged = edges,
        };
        Dictionary<(long Account, string? Value), UsageTotals> raw = await _parts.ReadAsync(
            question,
            () => new Dictionary<(long, string?), UsageTotals>(),
            (totals, part) => Totals(totals, (part.Account, isDimension ? part.Values[0] : part.Type.Length == 0 ? null : part.Type)).Add(part),
            cancellationToken);

        string main = mainMeter ?? await MainMeterAsync(workspace, state, catalog, cancellationToken);
        return new BreakdownAnswer(await NamedAsync(workspace, by, from, to, main, raw, catalog, cancellationToken), null);
    }

    /// <summary>The meter that people of a plan look at first: that of its first allowance.</summary>
    internal static string MainMeterOf(Plan plan, Catalog catalog) =>
        plan.Allowances.Select(allowance => allowance.Meter)
            .Concat(catalog.Meters.Values.OrderBy(meter => meter.Key == Meter.CostKey).ThenBy(meter => meter.Key, StringComparer.Ordinal))
            .First(meter => meter.Kind == MeterKind.Sum).Key;

    private static Failure? Check(string by, Instant from, Instant to, string? mainMeter, Catalog catalog, bool isKnown, bool summed)
    {
        if (!isKnown)
        {
            return new Failure(Refusal.InvalidRequest, "/by", $"'{by}' is nothing to break down by; take {ByType}, {ByCategory}, {BySubject}, {string.Join(", ", Dimensions.BuiltIn)} or properties.NAME.");
        }

        if (from >= to)
        {
            return new Failure(Refusal.InvalidRequest, "/to", $"'from' must lie before 'to'; they are {from} and {to}.");
        }

        if (!summed && to - from > MeterQuery.LongestLogged)
        {
            return new Failure(Refusal.InvalidRequest, "/from", $"No event type declares '{by}' as a dimension, so the answer is read from the log and takes at most 31 days; shorten the time or declare it.");
        }

        return mainMeter is null || catalog.Meters.ContainsKey(mainMeter)
            ? null
            : new Failure(Refusal.UnknownMeter, "/meter", $"There is no meter '{mainMeter}'; the catalog has {string.Join(", ", catalog.Meters.Keys.Order(StringComparer.Ordinal))}.");
    }

    private static UsageTotals Totals<TKey>(Dictionary<TKey, UsageTotals> all, TKey key)
        where TKey : notnull
    {
        if (!all.TryGetValue(key, out UsageTotals? totals))
        {
            all.Add(key, totals = new UsageTotals());
        }

        return totals;
    }

    private async ValueTask<string> MainMeterAsync(WorkspaceId workspace, AccountState? state, Catalog catalog, CancellationToken cancellationToken)
    {
        if (state is null)
        {
            return MainMeterOf(catalog.DefaultPlan, catalog);
        }

        CatalogBook book = await _catalogs.BookAsync(workspace, state.Account, cancellationToken);
        return MainMeterOf(book.PlanOf(state.Account, Clock.Truncate(Instant.FromDateTimeOffset(_time.GetUtcNow()))), catalog);
    }

    private async ValueTask<UsageBreakdown> NamedAsync(
        WorkspaceId workspace, string by, Instant from, Instant to, string main, Dictionary<(long Account, string? Value), UsageTotals> raw, Catalog catalog, CancellationToken cancellationToken)
    {
        GroupNames names = new(_store, workspace);
        await names.LearnAccountsAsync(by == BySubject ? [.. raw.Keys.Select(key => key.Account)] : [], cancellationToken);
        Dictionary<Group, UsageTotals> groups = [];
        UsageTotals total = new();
        foreach (((long account, string? value), UsageTotals totals) in raw)
        {
            string? name = by switch
            {
                BySubject => names.OfAccount(account),
                ByType => value,
                ByCategory => value is not null && catalog.Events.TryGetValue(value, out EventType? type) ? type.Category : null,
                _ => await names.OfValueAsync(account, by, value, cancellationToken),
            };
            Totals(groups, new Group(name)).Add(totals);
            total.Add(totals);
        }

        // What was taken back is no part of a whole: beside it, the parts would be more than that.
        decimal whole = groups.Values.Sum(group => Math.Max(0, group.Amounts(catalog).GetValueOrDefault(main)));
        return new UsageBreakdown(
            by, from, to, main,
            [
                .. groups.Where(group => !group.Value.IsEmpty)
                    .Select(group => RowOf(group.Key.Name, group.Value, catalog, main, whole))
                    .OrderByDescending(row => row.Amounts.GetValueOrDefault(main))
                    .ThenByDescending(row => row.Events)
                    .ThenBy(row => row.Key, StringComparer.Ordinal),
            ],
            RowOf(null, total, catalog, main, total.Amounts(catalog).GetValueOrDefault(main)));
    }

    private static BreakdownRow RowOf(string? key, UsageTotals totals, Catalog catalog, string main, decimal whole)
    {
        ImmutableSortedDictionary<string, decimal> amounts = totals.Amounts(catalog);
        decimal? latency = totals.LatencyCount == 0 ? null : Decimals.Normalize(Math.Round((decimal)totals.LatencyMs / totals.LatencyCount, 1, MidpointRounding.AwayFromZero));
        decimal part = amounts.GetValueOrDefault(main);
        return new BreakdownRow(key, totals.Events, totals.Failed, amounts, latency, part < 0 ? null : UsageTotals.Percent(part, whole));
    }

    /// <summary>A name that may be none: dictionaries take no null.</summary>
    private readonly record struct Group(string? Name);
}
