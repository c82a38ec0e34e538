using System.Collections.Immutable;
using System.Globalization;

using NodaTime;

using Weir;
using Weir.AspNetCore;
using Weir.Engine;

namespace Nexa;

internal sealed record CurrentUsage(
    string OrganizationId, PlanName Plan, CreditBalance Credits, IReadOnlyList<LimitUsage> Limits, IReadOnlyList<UsageWarning> Warnings, PlanAdvice? Advice, DateTimeOffset AsOf);

internal sealed record PlanName(string Key, string Name, string? Description);

/// <param name="Limit">Null without limit.</param>
/// <param name="Overage">Credits beyond the limit, and what they would cost at the plan's rate; nobody is charged.</param>
internal sealed record CreditBalance(decimal Used, decimal? Limit, decimal? Remaining, decimal? Percent, decimal Overage, decimal OverageCost, DateTimeOffset? PeriodStart, DateTimeOffset? PeriodEnd);

internal sealed record LimitUsage(string Meter, decimal Used, decimal? Limit, decimal? Remaining, decimal? Percent);

/// <param name="Threshold">The highest of the plan's thresholds that was reached, in percent.</param>
internal sealed record UsageWarning(string Meter, decimal Threshold, decimal Percent, string Message);

/// <summary>The cheapest plan in which the use of this period would stay below its first warning.</summary>
internal sealed record PlanAdvice(string Plan, string Name, decimal? MonthlyPrice, string Reason);

internal sealed record PeriodUsage(DateTimeOffset Start, DateTimeOffset End, bool IsCurrent, decimal Used, decimal? Limit, decimal? Percent);

internal sealed record HistoryAnswer(string OrganizationId, string Meter, IReadOnlyList<PeriodUsage> Periods);

internal sealed record BreakdownPart(string? Key, long Events, long Failed, decimal Credits, decimal? Percent);

internal sealed record BreakdownAnswer(string OrganizationId, string By, DateTimeOffset From, DateTimeOffset To, IReadOnlyList<BreakdownPart> Items, decimal TotalCredits);

internal sealed record MonthUsage(string Month, bool IsCurrent, long Events, decimal Credits, decimal? ChangePercent);

internal sealed record TrendAnswer(string OrganizationId, IReadOnlyList<MonthUsage> Months);

/// <summary>What an organization has used, has left, and how it goes.</summary>
internal static class UsageEndpoints
{
    private static readonly Dictionary<string, string> s_breakdowns = new(StringComparer.Ordinal)
    {
        ["event"] = "type", ["user"] = "user", ["category"] = "category", ["source"] = "source", ["endpoint"] = "endpoint", ["status"] = "status",
    };

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup($"/organizations/{{{OwnOrganization.RouteName}}}/usage").WithTags("Usage").AddEndpointFilter(OwnOrganization.Filter);
        group.MapGet("/current", CurrentAsync).Produces<CurrentUsage>();
        group.MapGet("/history", HistoryAsync).Produces<HistoryAnswer>();
        group.MapGet("/breakdown", BreakdownAsync).Produces<BreakdownAnswer>();
        group.MapGet("/trend", TrendAsync).Produces<TrendAnswer>();
    }

    private static async Task<IResult> CurrentAsync(string orgId, IUsage usage, StoreLifetime lifetime, CatalogService catalogs, CancellationToken cancellationToken)
    {
        if (await usage.CurrentAsync(new AccountKey(orgId), cancellationToken) is not { } found)
        {
            return Unused(orgId);
        }

        Catalog catalog = (await catalogs.ActiveAsync(lifetime.Default.Id, cancellationToken)).Catalog;
        ImmutableArray<UsageLine> lines = [.. found.Balances.Where(line => line.Limit.Scope == ScopeKind.Account)];
        UsageLine credits = lines.First(line => line.Limit.Meter.Key == CreditUsage.Meter);
        LimitUsage figures = FiguresOf(credits);
        decimal overage = Math.Max(0, figures.Used - (figures.Limit ?? figures.Used));
        return Results.Ok(new CurrentUsage(
            orgId,
            new PlanName(found.Plan.Key, found.Plan.Name, found.Plan.Description),
            new CreditBalance(
                figures.Used, figures.Limit, figures.Remaining, figures.Percent, overage, credits.Limit.OverageRate?.For(overage).Amount ?? 0,
                credits.Period.Start.ToDateTimeOffset(), credits.Period.End.ToDateTimeOffset()),
            [.. lines.Select(FiguresOf)],
            [.. lines.Select(line => WarningOf(line, found.Plan)).OfType<UsageWarning>()],
            AdviceOf(lines, found.Plan, catalog),
            found.AsOf.ToDateTimeOffset()));
    }

    private static async Task<IResult> HistoryAsync(
        string orgId, UsageHistoryService histories, StoreLifetime lifetime, CancellationToken cancellationToken, string meter = CreditUsage.Meter, int periods = 12)
    {
        if (periods is < 1 or > UsageHistoryService.MostPeriods)
        {
            return Problem.Invalid("/periods", $"'periods' lies from 1 to {UsageHistoryService.MostPeriods}.");
        }

        if (await histories.ReadAsync(lifetime.Default.Id, new AccountKey(orgId), meter, null, periods, cancellationToken) is not { } found)
        {
            return Unused(orgId);
        }

        return found.IsEmpty
            ? Problem.Invalid("/meter", $"There is no meter '{meter}' in use; a plan's limits name them.")
            : Results.Ok(new HistoryAnswer(orgId, meter, [.. found[0].Periods.Select(period => new PeriodUsage(
                TimeOf(period.Start), TimeOf(period.End), period.IsCurrent, period.Used, period.Limit, period.Percent))]));
    }

    private static async Task<IResult> BreakdownAsync(
        string orgId, IUsage usage, UsageBreakdownService breakdowns, StoreLifetime lifetime, CancellationToken cancellationToken,
        string by = "event", DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        if (!s_breakdowns.TryGetValue(by, out string? dimension))
        {
            return Problem.Invalid("/by", $"'{by}' is nothing to break down by; take {string.Join(", ", s_breakdowns.Keys)}.");
        }

        if (await usage.CurrentAsync(new AccountKey(orgId), cancellationToken) is not { } found)
        {
            return Unused(orgId);
        }

        Weir.Engine.Period period = found.Lines.First(line => line.Limit.Meter.Key == CreditUsage.Meter).Period;
        Instant start = from is { } given ? Instant.FromDateTimeOffset(given) : period.Start;
        Instant end = to is { } until ? Instant.FromDateTimeOffset(until) : period.End;
        Weir.BreakdownAnswer answer = await breakdowns.ReadAsync(lifetime.Default.Id, new AccountKey(orgId), dimension, start, end, CreditUsage.Meter, cancellationToken);
        return answer.Breakdown is not { } breakdown
            ? Problem.Of(answer.Failure!)
            : Results.Ok(new BreakdownAnswer(
                orgId, by, start.ToDateTimeOffset(), end.ToDateTimeOffset(),
                [.. breakdown.Rows.Select(row => new BreakdownPart(row.Key, row.Events, row.Failed, row.Amounts.GetValueOrDefault(CreditUsage.Meter), row.Percent))],
                breakdown.Total.Amounts.GetValueOrDefault(CreditUsage.Meter)));
    }

    private static async Task<IResult> TrendAsync(string orgId, UsageTrendService trends, StoreLifetime lifetime, CancellationToken cancellationToken, int months = 6)
    {
        if (months is < 1 or > UsageTrendService.MostMonths)
        {
            return Problem.Invalid("/months", $"'months' lies from 1 to {UsageTrendService.MostMonths}.");
        }

        return await trends.ReadAsync(lifetime.Default.Id, new AccountKey(orgId), TrendMonths.Calendar, months, cancellationToken) is not { } found
            ? Unused(orgId)
            : Results.Ok(new TrendAnswer(orgId, [.. found.Select(month => new MonthUsage(
                month.Start.InUtc().ToString("yyyy-MM", CultureInfo.InvariantCulture), month.IsCurrent, month.Events,
                month.Amounts.GetValueOrDefault(CreditUsage.Meter),
                month.Changes.TryGetValue(CreditUsage.Meter, out decimal change) ? change : null))]));
    }

    private static LimitUsage FiguresOf(UsageLine line)
    {
        int scale = line.Limit.Meter.Scale;
        return new LimitUsage(line.Limit.Meter.Key, line.Used.ToDecimal(scale), line.Limit.Limit?.ToDecimal(scale), line.Remaining?.ToDecimal(scale), PercentOf(line.Used, line.Limit.Limit));
    }

    private static UsageWarning? WarningOf(UsageLine line, Plan plan)
    {
        decimal percent = PercentOf(line.Used, line.Limit.Limit) ?? 0;
        decimal threshold = plan.Alerts.Where(alert => percent >= alert).DefaultIfEmpty().Max();
        return threshold == 0 || line.Used.IsZero
            ? null
            : new UsageWarning(line.Limit.Meter.Key, threshold, percent, $"{percent}% of {line.Limit.Meter.Key} are used.");
    }

    private static PlanAdvice? AdviceOf(ImmutableArray<UsageLine> lines, Plan current, Catalog catalog)
    {
        if (Fits(current, lines))
        {
            return null;
        }

        Plan? better = catalog.PlanOrder.Select(key => catalog.Plans[key])
            .Where(plan => plan.IsOffered && plan.Key != current.Key && Fits(plan, lines))
            .MinBy(plan => plan.Price?.Monthly ?? decimal.MaxValue);
        return better is null
            ? null
            : new PlanAdvice(better.Key, better.Name, better.Price?.Monthly, $"What was used this period stays below {FirstAlert(better)}% of every limit of {better.Name}.");
    }

    private static bool Fits(Plan plan, ImmutableArray<UsageLine> lines) => lines.All(line =>
        line.Used.IsZero || plan.Allowances.Where(allowance => allowance.Meter.Key == line.Limit.Meter.Key && allowance.Scope == ScopeKind.Account)
            .All(allowance => PercentOf(line.Used, allowance.Limit) is not { } percent || percent < FirstAlert(plan)));

    private static decimal FirstAlert(Plan plan) => plan.Alerts.IsEmpty ? 100 : plan.Alerts[0];

    private static decimal? PercentOf(Quantity used, Quantity? limit) => limit switch
    {
        null => null,
        { IsZero: true } => 100,
        { } wall => Decimals.Normalize(Math.Round(used.Units * 100m / wall.Units, 2, MidpointRounding.AwayFromZero)),
    };

    private static DateTimeOffset TimeOf(Instant instant) => instant == Instant.MinValue ? DateTimeOffset.MinValue : instant == Instant.MaxValue ? DateTimeOffset.MaxValue : instant.ToDateTimeOffset();

    private static Problem Unused(string orgId) => Problem.NotFound($"'{orgId}' has not used anything yet; its first use makes its account.");
}
