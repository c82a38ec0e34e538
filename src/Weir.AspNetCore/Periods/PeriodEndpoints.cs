using System.Globalization;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>An account's periods with their totals, and the job that closes them.</summary>
internal static class PeriodEndpoints
{
    private const string List = "periods";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Periods");
        group.MapGet("/accounts/{key}/periods", (Delegate)ListAsync).RequireScope(KeyScopes.Read).AllowPortal()
            .WithName("listPeriods").WithSummary("Periods of the whole account with their totals, the latest end first")
            .WithDescription("Open and ending ones as they stand now; closed ones as they stood, with the plan, the limit and the overage of then. A period ends, takes late events for 72 hours, and is closed.")
            .WithQuery("meter", "One meter; all when absent.").WithQuery("per", "One length of periods, such as month; all when absent.")
            .WithQuery("from", "Periods that end after this time.").WithQuery("to", "Periods that start before this time.")
            .WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<PeriodsAnswer>();
        group.MapGet("/admin/jobs/closing", (Delegate)JobAsync).RequireScope(KeyScopes.Admin)
            .WithName("getClosingJob").WithSummary("The job that closes periods every day at 02:00 UTC: its last run, and whether it is late")
            .Produces<ClosingJobAnswer>();
    }

    private static async Task ListAsync(HttpContext context, PeriodService periods)
    {
        AccountKey key = context.Account();
        (Instant? from, Instant? to) = RequestQuery.Between(context);
        PeriodFilter filter = new()
        {
            EndedBy = Instant.MaxValue,
            Meter = RequestQuery.Name(context, "meter"),
            Per = RequestQuery.Text(context, "per") is { } text ? AccountInput.PerOf(text, message => RequestQuery.Wrong("per", message)) : null,
            From = from ?? Instant.MinValue,
            To = to ?? Instant.MaxValue,
            Limit = RequestQuery.Whole(context, "limit", 100, 1, PeriodFilter.LargestLimit),
            After = Cursor.Read(context, List) is { } position ? ReadPosition(position) : null,
        };
        PeriodPage page = await periods.ReadAsync(context.Workspace(), key, filter, context.RequestAborted) ?? throw new ProblemException(Problem.UnknownAccount(key.Value));
        await JsonBody.WriteAsync(context, new PeriodsAnswer(
            key.Value, page.Book.Active.Currency, [.. page.Periods.Select(period => Of(period, page.Book.Active))], page.Next is { } next ? Cursor.Of(List, WritePosition(next)) : null));
    }

    private static async Task JobAsync(HttpContext context, ClosingService closing, WeirOptions options)
    {
        ClosingReport report = await closing.ReadAsync(context.Workspace(), context.RequestAborted);
        ScheduledJob? state = report.State;
        ScheduledJobResult? last = state?.Last;
        // While a run is under way its start is newer than the end of the last one.
        decimal? seconds = state?.FinishedAt is { } end && end >= state.StartedAt ? Math.Round((decimal)(end - state.StartedAt).TotalSeconds, 3) : null;
        string status = state is null ? "never" : state.LeaseUntil is not null ? "running" : last?.Error is null ? "done" : "failed";
        await JsonBody.WriteAsync(context, new ClosingJobAnswer(
            ClosingService.Job, options.Closing, status, report.IsLate, state?.Owner, state?.StartedAt, state?.FinishedAt, seconds, state?.Through,
            last?.Accounts ?? 0, last?.Written ?? 0, last?.Failures ?? 0, last?.Error, report.DueAt, report.NextAt));
    }

    private static PeriodItem Of(AccountPeriod period, Catalog catalog)
    {
        ClosingSummary figures = period.Figures;
        decimal Amount(Quantity quantity) => quantity.ToDecimal(figures.Scale);
        return new PeriodItem(
            figures.Key.Meter, catalog.Meters.TryGetValue(figures.Key.Meter, out Meter? meter) ? meter.Unit : figures.Key.Meter, figures.Key.Per.Name(),
            figures.Key.PeriodStart, figures.PeriodEnd, period.Status.ToString().ToLowerInvariant(), figures.Plan, figures.CatalogVersion,
            figures.Limit is { } limit ? Amount(limit) : null, Amount(figures.Granted), Amount(figures.Used), Amount(period.Held), JsonText.Percent(figures.Used, figures.Limit),
            Amount(figures.Overage), figures.OverageCost is { } cost ? Decimals.Normalize(cost.Amount) : null, period.ClosedAt);
    }

    private static string WritePosition(PeriodPosition position) => string.Create(CultureInfo.InvariantCulture,
        $"{Clock.ToMicros(position.End)} {position.Meter} {(int)position.Per} {(int)position.Scope} {position.ScopeId} {Clock.ToMicros(position.Start)}");

    private static PeriodPosition ReadPosition(string text)
    {
        string[] parts = text.Split(' ');
        if (parts.Length == 6 && TryNumber(parts[0], out long end) && CatalogName.IsValid(parts[1]) && TryNumber(parts[2], out long per) && Enum.IsDefined((Per)per)
            && TryNumber(parts[3], out long scope) && Enum.IsDefined((ScopeKind)scope) && TryNumber(parts[4], out long id) && TryNumber(parts[5], out long start))
        {
            return new PeriodPosition(Clock.FromMicros(end), parts[1], (Per)per, (ScopeKind)scope, id, Clock.FromMicros(start));
        }

        throw Cursor.Wrong();
    }

    /// <summary>Times of cursors lie where instants can be, others were not made here.</summary>
    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) && number > -62_000_000_000_000_000 && number < 253_000_000_000_000_000;
}

internal sealed record PeriodsAnswer(string Account, string Currency, IReadOnlyList<PeriodItem> Items, string? Next);

/// <param name="State">open: it runs. ending: it is over and takes late events for 72 hours. closed: it changes no more.</param>
/// <param name="Plan">Of a closed period the plan at its last entry, else the one at its end or of now.</param>
/// <param name="Limit">Null without limit; grants are in it.</param>
/// <param name="Granted">What of the limit is there by grants.</param>
/// <param name="OverageCost">For show; null where the allowance names no rate.</param>
/// <param name="ClosedAt">When its figures were written down; null until then.</param>
internal sealed record PeriodItem(
    string Meter, string Unit, string Per, Instant PeriodStart, Instant PeriodEnd, string State, string Plan, int CatalogVersion, decimal? Limit, decimal Granted, decimal Used,
    decimal Held, decimal? Percent, decimal Overage, decimal? OverageCost, Instant? ClosedAt);

/// <param name="Enabled">Whether this process takes part.</param>
/// <param name="Status">never, running, done or failed.</param>
/// <param name="Late">The run that was due is not done two hours later.</param>
/// <param name="DurationSeconds">Of the last run; null while one runs.</param>
/// <param name="Through">Periods that ended by then are closed.</param>
/// <param name="Accounts">How many the last run looked at.</param>
/// <param name="Summaries">How many it wrote.</param>
internal sealed record ClosingJobAnswer(
    string Job, bool Enabled, string Status, bool Late, string? Node, Instant? StartedAt, Instant? FinishedAt, decimal? DurationSeconds, Instant? Through, long Accounts,
    long Summaries, long Failures, string? Error, Instant DueAt, Instant NextAt);
