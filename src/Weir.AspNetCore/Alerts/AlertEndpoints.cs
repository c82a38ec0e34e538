using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>The inbox of an account, and what its alerts are raised for (ALERT-1).</summary>
internal static class AlertEndpoints
{
    private const string All = "alerts";
    private const int MostIds = 1000;

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Alerts");
        group.MapGet("/alerts", (Delegate)ListAllAsync).RequireScope(KeyScopes.Admin)
            .WithName("listAllAlerts").WithSummary("The alerts of all accounts, the newest first").WithListQuery().Produces<AlertListSchema>();
        group.MapGet("/accounts/{key}/alerts", (Delegate)ListAsync).RequireScope(KeyScopes.Read).AllowPortal()
            .WithName("listAlerts").WithSummary("The inbox of an account, the newest alert first")
            .WithDescription("With how many alerts stand raised and how many of those nobody has read. An alert whose period has ended is over, whether or not it was resolved.")
            .WithListQuery().Produces<AlertListSchema>();
        group.MapGet("/usage/alerts", (Delegate)ListAsync).RequirePortal().WithTags("Self-service")
            .WithName("listOwnAlerts").WithSummary("The inbox of the token's account").WithListQuery().Produces<AlertListSchema>();
        group.MapPost("/accounts/{key}/alerts/{id}/acknowledge", (Delegate)AcknowledgeAsync).RequireScope(KeyScopes.Admin).AllowPortal()
            .WithName("acknowledgeAlert").WithSummary("Say that somebody takes care of an alert")
            .WithDescription("It has then been read too. The first acknowledgement stays; a repeat changes nothing.").Produces<AlertSchema>();
        group.MapPost("/accounts/{key}/alerts/read", (Delegate)MarkReadAsync).RequireScope(KeyScopes.Admin)
            .WithName("readAlerts").WithSummary("Note that alerts were read")
            .WithDescription("Those of 'ids', at most 1,000, or, with an empty object, all that there are.")
            .Accepts<ReadAlertsBody>("application/json").Produces<ReadAlertsAnswer>();
        group.MapGet("/accounts/{key}/alert-rules", (Delegate)GetRulesAsync).RequireScope(KeyScopes.Read)
            .WithName("getAlertRules").WithSummary("The thresholds that an account has of its own").Produces<AlertRulesSchema>();
        group.MapPut("/accounts/{key}/alert-rules", (Delegate)PutRulesAsync).RequireScope(KeyScopes.Admin)
            .WithName("putAlertRules").WithSummary("Give an account thresholds of its own")
            .WithDescription("Each names a meter and one of percent (used, of the limit), remaining (at most this is left) and amount (this much was used, with or without a limit), and perhaps a scope and a per. With mode 'replace' they stand in place of the plan's percentages, with 'add', the default, beside them.")
            .Accepts<PutAlertRulesBody>("application/json").Produces<AlertRulesSchema>();
        group.MapDelete("/accounts/{key}/alert-rules", (Delegate)DeleteRulesAsync).RequireScope(KeyScopes.Admin)
            .WithName("deleteAlertRules").WithSummary("Let only the plan's thresholds stand").Produces(StatusCodes.Status204NoContent);
    }

    private static RouteHandlerBuilder WithListQuery(this RouteHandlerBuilder builder) => builder
        .WithQuery("state", "raised, resolved or ended; all when absent.").WithQuery("kind", "threshold, job_stuck or usage_unusual; all when absent.")
        .WithQuery("unread", "true: only those that nobody has read.")
        .WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description);

    private static async Task ListAllAsync(HttpContext context, AlertService alerts) => await WriteListAsync(context, alerts, null);

    private static async Task ListAsync(HttpContext context, AlertService alerts) => await WriteListAsync(context, alerts, context.Account());

    private static async Task WriteListAsync(HttpContext context, AlertService alerts, AccountKey? account)
    {
        AlertFilter filter = new()
        {
            Now = alerts.Now,
            State = RequestQuery.Choice<AlertState?>(context, "state", null, ("raised", AlertState.Raised), ("resolved", AlertState.Resolved), ("ended", AlertState.Ended)),
            Kind = RequestQuery.Choice<AlertKind?>(
                context, "kind", null, ("threshold", AlertKind.Threshold), ("job_stuck", AlertKind.JobStuck), ("usage_unusual", AlertKind.UsageUnusual)),
            Unread = RequestQuery.Choice(context, "unread", false, ("true", true), ("false", false)),
            Limit = RequestQuery.Whole(context, "limit", 100, 1, AlertFilter.LargestLimit),
            Before = Cursor.ReadNumber(context, All),
        };
        IReadOnlyList<InboxAlert> page = await alerts.ListAsync(context.Workspace(), account, context.Caller().Portal?.User, filter, context.RequestAborted) ?? throw Unknown(account);
        AlertCounts? counts = account is { } key ? await alerts.CountAsync(context.Workspace(), key, context.Caller().Portal?.User, context.RequestAborted) : null;
        string? next = page.Count == filter.Limit ? Cursor.Of(All, page[^1].Number.ToString()) : null;
        await JsonBody.WriteAsync(context, writer => AlertWriter.WritePage(writer, page, next, counts));
    }

    private static async Task AcknowledgeAsync(HttpContext context, AlertService alerts)
    {
        AccountKey account = context.Account();
        string? user = context.Caller().Portal?.User;
        string id = RequestPath.Key(context, "id", "An alert's id");
        await JsonBody.ReadOptionalAsync(context, new NoMembers());
        InboxAlert? alert = await alerts.AcknowledgeAsync(context.Workspace(), account, user, id, context.Caller().KeyId, context.RequestAborted);
        if (alert is null)
        {
            throw await alerts.CountAsync(context.Workspace(), account, user, context.RequestAborted) is null
                ? Unknown(account)
                : new ProblemException(Problem.NotFound($"The account has no alert '{Texts.Shown(id)}'."));
        }

        await JsonBody.WriteAsync(context, writer => AlertWriter.Write(writer, alert));
    }

    private static async Task MarkReadAsync(HttpContext context, AlertService alerts)
    {
        AccountKey account = RequestPath.Account(context);
        ReadAlertsBody body = await JsonBody.ReadAsync<ReadAlertsBody>(context);
        if (body.Ids is { } ids)
        {
            if (ids.Count is 0 or > MostIds)
            {
                throw Texts.Wrong("/ids", $"'ids' names 1 to {MostIds} alerts; without it all are read.");
            }

            for (int i = 0; i < ids.Count; i++)
            {
                if (!Alert.IsId(ids[i]))
                {
                    throw Texts.Wrong($"/ids/{i}", "This is not the id of an alert.");
                }
            }
        }

        int read = await alerts.MarkReadAsync(context.Workspace(), account, body.Ids, context.RequestAborted) ?? throw Unknown(account);
        await JsonBody.WriteAsync(context, new ReadAlertsAnswer(read));
    }

    private static async Task GetRulesAsync(HttpContext context, AccountService accounts, CatalogService catalogs, AlertService alerts) =>
        await WriteRulesAsync(context, RequestPath.Account(context), accounts, catalogs, alerts);

    private static async Task PutRulesAsync(HttpContext context, AccountService accounts, CatalogService catalogs, AlertService alerts)
    {
        AccountKey account = RequestPath.Account(context);
        PutAlertRulesBody body = await JsonBody.ReadAsync<PutAlertRulesBody>(context);
        Catalog catalog = (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog;
        await ChangeAsync(context, account, AlertInput.RulesOf(body, catalog), accounts);
        await WriteRulesAsync(context, account, accounts, catalogs, alerts);
    }

    private static async Task DeleteRulesAsync(HttpContext context, AccountService accounts)
    {
        await ChangeAsync(context, RequestPath.Account(context), AlertRuleSet.Empty, accounts);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task ChangeAsync(HttpContext context, AccountKey account, AlertRuleSet rules, AccountService accounts) => AccountEndpoints.Succeed(
        await accounts.ChangeAsync(context.Workspace(), account, new AccountChange { AlertRules = rules }, null, false, context.Actor(), context.RequestAborted));

    private static async Task WriteRulesAsync(HttpContext context, AccountKey key, AccountService accounts, CatalogService catalogs, AlertService alerts)
    {
        Account account = (await accounts.FindAsync(context.Workspace(), key, context.RequestAborted) ?? throw Unknown(key)).State.Account;
        CatalogBook book = await catalogs.BookAsync(context.Workspace(), account, context.RequestAborted);
        await JsonBody.WriteAsync(context, writer => AlertWriter.WriteRules(writer, key, account.AlertRules, book.PlanOf(account, alerts.Now), book.Active));
    }

    private static ProblemException Unknown(AccountKey? account) => new(Problem.UnknownAccount(account?.Value ?? ""));
}
