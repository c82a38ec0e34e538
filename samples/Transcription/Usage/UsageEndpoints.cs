using System.Security.Claims;

using NodaTime;

using Weir;
using Weir.AspNetCore;
using Weir.Engine;

namespace Transcription;

/// <param name="Held">By jobs that run.</param>
/// <param name="Limit">Null without limit.</param>
internal sealed record CreditView(decimal Used, decimal Held, decimal? Limit, decimal? Remaining, decimal? Percent);

/// <param name="End">Of the account's own month: then its credits begin anew.</param>
internal sealed record PeriodView(DateTimeOffset Start, DateTimeOffset End, string TimeZone);

/// <summary>Jobs at once.</summary>
/// <param name="Limit">The smaller of the plan's and the service's.</param>
internal sealed record JobsView(int Running, int Waiting, int Limit);

internal sealed record CostView(decimal Month, decimal Lifetime, string Currency);

/// <param name="MinutesRemaining">The same as the remaining credits: 1 credit is 1 minute. Null without limit.</param>
/// <param name="Upgrade">From the plan's first warning on.</param>
/// <param name="Enforced">False where everything is recorded and nothing refused.</param>
internal sealed record CurrentView(
    string User, PlanView Plan, CreditView Credits, decimal? MinutesRemaining, PeriodView BillingPeriod, JobsView Jobs, CostView Cost, UpgradeView? Upgrade, bool Enforced, DateTimeOffset AsOf);

internal sealed record RateView(decimal Limit, decimal WindowSeconds, string Per);

internal sealed record LimitsView(
    PlanView Plan, JobsView Jobs, IReadOnlyDictionary<string, RateView> Rates, IReadOnlyDictionary<string, bool> Features, IReadOnlyList<PlanView> Plans);

internal sealed record PeriodUsageView(DateTimeOffset Start, DateTimeOffset End, bool IsCurrent, decimal Used, decimal? Limit);

internal sealed record HistoryView(IReadOnlyList<PeriodUsageView> Periods);

/// <summary>What the caller has used, has left and may do.</summary>
internal static class UsageEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/usage").WithTags("Usage");
        group.MapGet("/current", CurrentAsync).Produces<CurrentView>();
        group.MapPost("/check", CheckAsync).RequireAllowance("api_call").Produces<CheckAnswer>();
        group.MapGet("/limits", LimitsAsync).Produces<LimitsView>();
        group.MapGet("/history", HistoryAsync).Produces<HistoryView>();
    }

    private static async Task<IResult> CurrentAsync(ClaimsPrincipal user, IUsage usage, CancellationToken cancellationToken)
    {
        AccountUsage found = await FindAsync(user, usage, cancellationToken);
        UsageLine credits = PlanViews.CreditsOf(found);
        int scale = credits.Limit.Meter.Scale;
        decimal? remaining = credits.Remaining?.ToDecimal(scale);
        PlanView plan = PlanViews.Of(found.Plan, found.Catalog);
        decimal warning = found.Plan.Alerts.IsEmpty ? 100 : found.Plan.Alerts[0];
        return Results.Ok(new CurrentView(
            user.Key(), plan,
            new CreditView(
                credits.Used.ToDecimal(scale), credits.Held.ToDecimal(scale), credits.Limit.Limit?.ToDecimal(scale), remaining,
                credits.Percent is { } percent ? Math.Round(percent, 1, MidpointRounding.AwayFromZero) : null),
            remaining,
            new PeriodView(credits.Period.Start.ToDateTimeOffset(), credits.Period.End.ToDateTimeOffset(), found.State.Account.Timeline.Latest.Zone.Id),
            JobAdmission.JobsOf(found),
            new CostView(found.CostMonth.Amount, found.CostLifetime.Amount, found.Catalog.Currency),
            credits.Percent >= warning ? PlanViews.Above(found.Plan, found.Catalog) : null,
            found.Enforcement == EnforcementMode.Enforce,
            found.AsOf.ToDateTimeOffset()));
    }

    /// <summary>The same question as <c>check-limits</c>; the answer is always 200.</summary>
    private static async Task<IResult> CheckAsync(CheckRequest request, ClaimsPrincipal user, JobAdmission admission, CancellationToken cancellationToken)
    {
        if (request.Problem is { } wrong)
        {
            return wrong;
        }

        JobCheck check = await admission.CheckAsync(user.Key(), request.EstimatedDurationSeconds ?? 0, request.FileSizeBytes ?? 0, cancellationToken);
        return Results.Ok(check.Answer);
    }

    private static async Task<IResult> LimitsAsync(ClaimsPrincipal user, IUsage usage, CancellationToken cancellationToken)
    {
        AccountUsage found = await FindAsync(user, usage, cancellationToken);
        PlanView plan = PlanViews.Of(found.Plan, found.Catalog);
        return Results.Ok(new LimitsView(
            plan, JobAdmission.JobsOf(found),
            found.Plan.Rates.ToDictionary(
                rate => rate.Key, rate => new RateView(rate.Value.Limit.ToDecimal(rate.Value.Meter?.Scale ?? 0), (decimal)rate.Value.Window.TotalSeconds, rate.Value.Scope.ToString().ToLowerInvariant()),
                StringComparer.Ordinal),
            found.Plan.Features.ToDictionary(feature => feature.Key, feature => feature.Value.Value is { Kind: PropertyKind.Boolean, Boolean: true }, StringComparer.Ordinal),
            PlanViews.All(found.Catalog)));
    }

    private static async Task<IResult> HistoryAsync(
        ClaimsPrincipal user, UsageHistoryService histories, StoreLifetime lifetime, CancellationToken cancellationToken, int periods = 12)
    {
        if (periods is < 1 or > UsageHistoryService.MostPeriods)
        {
            return Problem.InvalidParameter("periods", $"'periods' lies from 1 to {UsageHistoryService.MostPeriods}.");
        }

        System.Collections.Immutable.ImmutableArray<UsageHistory>? found =
            await histories.ReadAsync(lifetime.Default.Id, new AccountKey(user.Key()), PlanViews.Credits, Per.Month, periods, cancellationToken);
        return Results.Ok(new HistoryView(
            found is [var history, ..]
                ? [.. history.Periods.Select(period => new PeriodUsageView(period.Start.ToDateTimeOffset(), period.End.ToDateTimeOffset(), period.IsCurrent, period.Used, period.Limit))]
                : []));
    }

    private static async Task<AccountUsage> FindAsync(ClaimsPrincipal user, IUsage usage, CancellationToken cancellationToken) =>
        await usage.CurrentAsync(new AccountKey(user.Key()), cancellationToken)
            ?? throw new InvalidOperationException("The accounts of all users are made at the start.");
}
