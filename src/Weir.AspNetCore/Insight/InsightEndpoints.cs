using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>What an account used: its past periods, what for, and how it goes from month to month.</summary>
internal static class InsightEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Usage");
        group.MapGet("/accounts/{key}/usage/history", (Delegate)HistoryAsync).RequireScope(KeyScopes.Read).AllowPortal().MayTakeLong()
            .WithName("getUsageHistory").WithSummary("The current and the past periods of each meter")
            .WithQuery("meter", "One meter; all when absent.").WithQuery("per", "One length of periods, such as month; all when absent.")
            .WithQuery("periods", $"How many of each, 1 to {UsageHistoryService.MostPeriods}; 12 when absent.").Produces<HistoryAnswer>();
        group.MapGet("/accounts/{key}/usage/breakdown", (Delegate)BreakdownAsync).RequireScope(KeyScopes.Read).AllowPortal().MayTakeLong()
            .WithName("getUsageBreakdown").WithSummary("What used how much")
            .WithQuery("by", "type (when absent), category, user, source, endpoint, model, campaign, status or properties.NAME.")
            .WithQuery("from", "The start of the account's running month when absent.").WithQuery("to", "Now when absent.")
            .WithQuery("meter", "The meter to order by; that of the plan's first allowance when absent.").Produces<BreakdownAnswerBody>();
        group.MapGet("/accounts/{key}/usage/trend", (Delegate)TrendAsync).RequireScope(KeyScopes.Read).AllowPortal().MayTakeLong()
            .WithName("getUsageTrend").WithSummary("Usage month by month, with the change to the month before")
            .WithQuery("months", $"1 to {UsageTrendService.MostMonths}; 6 when absent.")
            .WithQuery("by", "calendar: months of the account's calendar (when absent). periods: from anniversary to anniversary.").Produces<TrendAnswer>();
    }

    internal static async Task HistoryAsync(HttpContext context, UsageHistoryService histories)
    {
        AccountKey key = context.Account();
        string? meter = RequestQuery.Name(context, "meter");
        Per? per = RequestQuery.Text(context, "per") is { } text ? AccountInput.PerOf(text, message => RequestQuery.Wrong("per", message)) : null;
        int periods = RequestQuery.Whole(context, "periods", 12, 1, UsageHistoryService.MostPeriods);
        IReadOnlyList<UsageHistory> found = await histories.ReadAsync(context.Workspace(), key, meter, per, periods, context.RequestAborted) ?? throw Unknown(key);
        await JsonBody.WriteAsync(context, new HistoryAnswer(
            key.Value, [.. found.Select(history => new HistoryItem(history.Meter.Key, history.Meter.Unit, history.Per.Name(), [.. history.Periods.Select(Of)]))]));
    }

    private static async Task BreakdownAsync(HttpContext context, UsageBreakdownService breakdowns, UsageService usage)
    {
        if (context.Caller().Portal?.User is not null && RequestQuery.Text(context, "by") == "user")
        {
            throw new ProblemException(new Problem(StatusCodes.Status403Forbidden, "forbidden", "The portal token may not do this",
                "This portal token is for one user of the account, who does not see the others; a token without a user shows the account as a whole."));
        }

        AccountUsage account = await UsageEndpoints.FindAsync(context, usage);
        (Instant? from, Instant? to) = RequestQuery.Between(context);
        // What is recorded this moment belongs to the answer.
        Instant end = to ?? account.AsOf + Clock.Microsecond;
        Instant start = from ?? Instant.Min(account.State.Account.Timeline.At(Per.Month, account.AsOf).Start, end - Clock.Microsecond);
        BreakdownAnswer answer = await breakdowns.ReadAsync(
            context.Workspace(), account.Profile.Key, RequestQuery.Text(context, "by") ?? "type", start, end, RequestQuery.Name(context, "meter"), context.RequestAborted);
        if (answer.Breakdown is not { } found)
        {
            throw OfParameter(answer.Failure!);
        }

        await JsonBody.WriteAsync(context, new BreakdownAnswerBody(
            account.Profile.Key.Value, found.By, found.From, found.To, found.MainMeter, [.. found.Rows.Select(Of)], Of(found.Total)));
    }

    private static async Task TrendAsync(HttpContext context, UsageTrendService trends)
    {
        AccountKey key = context.Account();
        int months = RequestQuery.Whole(context, "months", 6, 1, UsageTrendService.MostMonths);
        TrendMonths by = RequestQuery.Choice(context, "by", TrendMonths.Calendar, ("calendar", TrendMonths.Calendar), ("periods", TrendMonths.Periods));
        IReadOnlyList<TrendMonth> found = await trends.ReadAsync(context.Workspace(), key, by, months, context.RequestAborted) ?? throw Unknown(key);
        await JsonBody.WriteAsync(context, new TrendAnswer(key.Value, by == TrendMonths.Calendar ? "calendar" : "periods",
            [.. found.Select(month => new TrendItem(month.Start, month.End, month.IsCurrent, month.Events, month.Failed, month.Amounts, month.Changes))]));
    }

    /// <summary>A failure whose pointer names a parameter of the query.</summary>
    internal static ProblemException OfParameter(Failure failure)
    {
        Problem problem = Problem.Of(failure);
        string name = failure.Pointer.TrimStart('/');
        int group = name.IndexOf('/', StringComparison.Ordinal);
        return new ProblemException(problem with { Errors = [new ProblemError("", failure.Message, Parameter: group < 0 ? name : $"{name[..group]}[{name[(group + 1)..]}]")] });
    }

    private static ProblemException Unknown(AccountKey key) => new(Problem.UnknownAccount(key.Value));

    private static HistoryPeriodItem Of(HistoryPeriod period) => new(period.Start, period.End, period.IsCurrent, period.Used, period.Held, period.Limit, period.Percent);

    private static BreakdownItem Of(BreakdownRow row) => new(row.Key, row.Events, row.Failed, row.Amounts, row.LatencyMs, row.Percent);
}

internal sealed record HistoryAnswer(string Account, IReadOnlyList<HistoryItem> Items);

internal sealed record HistoryItem(string Meter, string Unit, string Per, IReadOnlyList<HistoryPeriodItem> Periods);

/// <param name="Limit">As it stands now, for the current period; null without limit and for periods that are over.</param>
internal sealed record HistoryPeriodItem(Instant PeriodStart, Instant PeriodEnd, bool Current, decimal Used, decimal Held, decimal? Limit, decimal? Percent);

/// <param name="Meter">The meter that the items are ordered by and that their percentages are of.</param>
internal sealed record BreakdownAnswerBody(
    string Account, string By, Instant From, Instant To, string Meter, IReadOnlyList<BreakdownItem> Items, BreakdownItem Total);

/// <param name="Key">Null for usage that names none, and for the total.</param>
/// <param name="LatencyMs">The average of the events that gave one.</param>
internal sealed record BreakdownItem(string? Key, long Events, long Failed, IReadOnlyDictionary<string, decimal> Amounts, decimal? LatencyMs, decimal? Percent);

internal sealed record TrendAnswer(string Account, string By, IReadOnlyList<TrendItem> Items);

/// <param name="Changes">In percent of the month before; meters that were not used then are left out.</param>
internal sealed record TrendItem(
    Instant Start, Instant End, bool Current, long Events, long Failed, IReadOnlyDictionary<string, decimal> Amounts, IReadOnlyDictionary<string, decimal> Changes);
