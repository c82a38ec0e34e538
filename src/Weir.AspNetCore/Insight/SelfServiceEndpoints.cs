using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>What the customer of an account sees and asks with a portal token, which says whose account it is.</summary>
internal static class SelfServiceEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Self-service");
        group.MapGet("/usage/current", (Delegate)UsageEndpoints.UsageAsync).RequirePortal()
            .WithName("getOwnUsage").WithSummary("What the token's account has used and has left now").Produces<UsageAnswerSchema>();
        group.MapGet("/usage/limits", (Delegate)UsageEndpoints.LimitsAsync).RequirePortal()
            .WithName("getOwnLimits").WithSummary("What the token's account may use").Produces<LimitsAnswerSchema>();
        group.MapGet("/usage/history", (Delegate)InsightEndpoints.HistoryAsync).RequirePortal().MayTakeLong()
            .WithName("getOwnUsageHistory").WithSummary("The current and the past periods of each meter of the token's account")
            .WithQuery("meter", "One meter; all when absent.").WithQuery("per", "One length of periods, such as month; all when absent.")
            .WithQuery("periods", $"How many of each, 1 to {UsageHistoryService.MostPeriods}; 12 when absent.").Produces<HistoryAnswer>();
        group.MapPost("/usage/check", (Delegate)CheckAsync).RequirePortal()
            .WithName("checkOwnUsage").WithSummary("Whether the token's account may do something now, without effect")
            .WithDescription("Advisory, from state at most one second old. The account need not be named, nor the user where the token has one.")
            .Accepts<EventSchema>("application/json").Produces<ConsumeAnswerSchema>();
    }

    private static async Task CheckAsync(HttpContext context, AdmissionService admission, CatalogService catalogs)
    {
        PortalIdentity portal = context.Caller().Portal!;
        ReadEvent read = await AdmissionEndpoints.ReadAsync(context, portal.Account);
        if (read.Event.Account != portal.Account)
        {
            throw new ProblemException(Problem.Of(new Failure(Refusal.UnknownAccount, "/account", $"There is no account '{read.Event.Account}'.")));
        }

        if (portal.User is { } user)
        {
            if (read.Event.Details.User is { } other && other != user)
            {
                throw Texts.Wrong("/user", $"This portal token is for the user '{user}'; leave 'user' out.");
            }

            read = read with { Event = read.Event with { Details = read.Event.Details with { User = user } } };
        }

        await AdmissionEndpoints.CheckAsync(context, read, admission, catalogs, Shown);
    }

    /// <summary>That a limit of the whole service is full concerns the customer; how much all customers together used does not.</summary>
    private static Outcome Shown(Outcome outcome) => outcome with
    {
        Entry = outcome.Entry is not { } entry ? null : entry with
        {
            Lines = [.. entry.Lines.Where(line => line.Key.Scope != ScopeKind.Workspace)],
            Observed = [.. entry.Observed.Select(Shown)],
        },
        Violations = [.. outcome.Violations.Select(Shown)],
    };

    private static Violation Shown(Violation violation) =>
        violation.Scope != ScopeKind.Workspace ? violation : violation with { Limit = null, Used = null, Held = null, Remaining = null };
}
