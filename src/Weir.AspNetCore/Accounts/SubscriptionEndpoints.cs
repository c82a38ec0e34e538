using System.Globalization;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>What an account is subscribed to over time, plans made for one account, and moving pinned accounts on.</summary>
internal static class SubscriptionEndpoints
{
    private const string Migrations = "migrate";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Plans over time");
        group.MapGet("/accounts/{key}/subscription", (Delegate)GetAsync).RequireScope(KeyScopes.Read)
            .WithName("getSubscription").WithSummary("The plan of an account: now, planned, and before").Produces<SubscriptionAnswer>();
        group.MapPut("/accounts/{key}/subscription", (Delegate)SubscribeAsync).RequireScope(KeyScopes.Admin)
            .WithName("putSubscription").WithSummary("Move an account to a plan, at once or with its next period, for good or for a time")
            .WithDescription("when: immediate, or next_period for the end of the account's month. until ends the plan, as a trial does; then is the plan that follows, else the default plan. With pin the account keeps the plan as the catalog has it now. What was planned from then on is replaced. What was used and is held stays.")
            .Accepts<PutSubscriptionBody>("application/json").Produces<AccountAnswer>();
        group.MapDelete("/accounts/{key}/subscription/scheduled", (Delegate)CancelAsync).RequireScope(KeyScopes.Admin)
            .WithName("cancelScheduledPlan").WithSummary("Keep the plan as it is now: nothing is planned any more").Produces(StatusCodes.Status204NoContent);
        group.MapPut("/accounts/{key}/plan", (Delegate)PutPlanAsync).RequireScope(KeyScopes.Admin)
            .WithName("putOwnPlan").WithSummary("Give an account a plan of its own")
            .WithDescription("The body is a plan as the catalog defines it. It becomes a member of the catalog that only this account may have, and the account is moved to it. Repeating it changes nothing.")
            .WithQuery("when", "immediate (when absent), or next_period.")
            .Accepts<object>(CatalogBody.Json, CatalogBody.Yaml).Produces<AccountAnswer>();
        group.MapPost("/migrate", (Delegate)MigrateAsync).RequireScope(KeyScopes.Admin).MayTakeLong()
            .WithName("migrate").WithSummary("Move pinned accounts to the active catalog version, page by page")
            .WithDescription("Accounts stay pinned, to the active version. With dryRun=true nothing changes: the answer says what would, and for whom. { \"plan\": \"…\" } moves the accounts on one plan, {} all. A repeat moves nothing.")
            .Accepts<MigrateBody>("application/json")
            .WithQuery("dryRun", "true: tell, and change nothing.").WithQuery("limit", "1 to 1,000 accounts; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<MigrationAnswer>();
    }

    private static async Task GetAsync(HttpContext context, AccountService accounts, CatalogService catalogs)
    {
        AccountKey key = RequestPath.Account(context);
        AccountRecord record = await accounts.FindAsync(context.Workspace(), key, context.RequestAborted) ?? throw new ProblemException(Problem.UnknownAccount(key.Value));
        CatalogBook book = await catalogs.BookAsync(context.Workspace(), record.State.Account, context.RequestAborted);
        await JsonBody.WriteAsync(context, AccountAnswers.SubscriptionOf(record, book, accounts.Now));
    }

    private static async Task SubscribeAsync(HttpContext context, AccountService accounts, CatalogService catalogs)
    {
        AccountKey key = RequestPath.Account(context);
        PutSubscriptionBody body = await JsonBody.ReadAsync<PutSubscriptionBody>(context);
        await AccountEndpoints.ChangeAsync(context, key, new AccountChange { Subscribe = AccountInput.SubscriptionOf(body) }, accounts);
        await AccountEndpoints.WriteAsync(context, key, accounts, catalogs);
    }

    private static async Task CancelAsync(HttpContext context, AccountService accounts)
    {
        await AccountEndpoints.ChangeAsync(context, RequestPath.Account(context), new AccountChange { CancelPlanned = true }, accounts);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task PutPlanAsync(HttpContext context, AccountService accounts, CatalogService catalogs)
    {
        AccountKey key = RequestPath.Account(context);
        PlanStart when = RequestQuery.Choice(context, "when", PlanStart.Immediate, ("immediate", PlanStart.Immediate), ("next_period", PlanStart.NextPeriod));
        (string text, CatalogFormat format) = await CatalogBody.ReadAsync(context);
        DocumentMapping plan = CatalogMemberEndpoints.Mapping(CatalogText.Parse(text, format));
        AccountRecord record = await accounts.FindAsync(context.Workspace(), key, context.RequestAborted) ?? throw new ProblemException(Problem.UnknownAccount(key.Value));
        (_, DocumentMapping document) = await catalogs.DocumentAsync(context.Workspace(), context.RequestAborted) ?? throw CatalogEndpoints.None();
        string name = OwnPlanOf(record.State.Account);
        plan = plan with { Members = [.. plan.Members.Where(member => member.Key is not ("key" or "account")), Text("account", key.Value, plan.Position)] };
        if (!Same((document.Find("plans")?.Value as DocumentMapping)?.Find(name)?.Value, plan))
        {
            CatalogChange change = await catalogs.EditAsync(context.Workspace(), $"/plans/{name}", plan, null, context.Actor(), context.RequestAborted);
            if (change.Version is null)
            {
                throw new ProblemException(CatalogBody.ProblemOf(change, withPlaces: false));
            }
        }

        await AccountEndpoints.ChangeAsync(context, key, new AccountChange { Subscribe = new SubscriptionChange(name) { When = when } }, accounts);
        await AccountEndpoints.WriteAsync(context, key, accounts, catalogs);
    }

    private static async Task MigrateAsync(HttpContext context, PlanMigrationService migrations, CatalogService catalogs)
    {
        bool dryRun = RequestQuery.Choice(context, "dryRun", false, ("true", true), ("false", false));
        int limit = RequestQuery.Whole(context, "limit", 100, 1, AccountFilter.LargestLimit);
        AccountKey? after = Cursor.Read(context, Migrations) is { } position ? new AccountKey(position) : null;
        MigrateBody body = await JsonBody.ReadAsync<MigrateBody>(context);
        string? plan = body.Plan is null ? null : Texts.CatalogName(body.Plan, "/plan", "The key of a plan");
        if (plan is not null && (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog.Plans is { } plans && !plans.ContainsKey(plan))
        {
            // The keys of other accounts' own plans are nobody's business.
            string[] open = [.. plans.Values.Where(known => known.IsOffered).Select(known => known.Key)];
            throw new ProblemException(Problem.Of(new Failure(Refusal.UnknownPlan, "/plan", $"There is no plan '{plan}'{NearestName.Suggestion(plan, open)}; the catalog has {string.Join(", ", open)}.")));
        }

        MigrationPage page = await migrations.RunAsync(context.Workspace(), plan, dryRun, after, limit, context.Actor(), context.RequestAborted);
        await JsonBody.WriteAsync(context, new MigrationAnswer(
            dryRun, page.ToVersion, page.Accounts.Count(account => account.Failure is null), page.Accounts.Count(account => account.Changes.Limits.Any(limit => limit.IsOver)),
            [.. page.Accounts.Select(AccountAnswers.MigratedOf)], page.Next is { } next ? Cursor.Of(Migrations, next.Value) : null));
    }

    /// <summary>The key in the catalog of an account's own plan: the same each time, and of its random id, so that it outlives an erase as nobody's.</summary>
    private static string OwnPlanOf(Account account) => "custom_" + account.Id.ToString("x16", CultureInfo.InvariantCulture);

    private static DocumentMember Text(string key, string value, DocumentPosition position) => new(key, position, new DocumentScalar(position, ScalarKind.Text, value));

    private static bool Same(DocumentNode? one, DocumentNode other) =>
        one is not null && CatalogText.Write(one, CatalogFormat.Json) == CatalogText.Write(other, CatalogFormat.Json);
}

/// <param name="When">immediate (when absent) or next_period.</param>
/// <param name="Until">When it ends; absent for a plan that stays.</param>
/// <param name="Then">The plan that follows at until; the default plan when absent.</param>
internal sealed record PutSubscriptionBody(string Plan, bool Pin = false, string? When = null, Instant? Until = null, string? Then = null);

internal sealed record MigrateBody(string? Plan = null);

/// <param name="Since">When the plan of now began.</param>
/// <param name="Scheduled">What is planned, in the order of time.</param>
/// <param name="Former">What it was before, the newest first.</param>
internal sealed record SubscriptionAnswer(
    string Account, PlanSummary Plan, int? PinnedVersion, Instant Since, IReadOnlyList<ScheduledPlan> Scheduled, IReadOnlyList<FormerPlanAnswer> Former);

internal sealed record ScheduledPlan(Instant At, string Plan, int? PinnedVersion);

internal sealed record FormerPlanAnswer(Instant Until, string Plan, int? PinnedVersion);

/// <param name="Migrated">How many accounts of this page were moved, or would be.</param>
/// <param name="Over">How many of them use more than a limit that they get.</param>
internal sealed record MigrationAnswer(bool DryRun, int ToVersion, int Migrated, int Over, IReadOnlyList<MigratedAccountAnswer> Items, string? Next);

internal sealed record MigratedAccountAnswer(
    string Account, string? Name, string Plan, int? FromVersion, IReadOnlyList<LimitChangeAnswer> Limits, IReadOnlyList<string> FeaturesGained, IReadOnlyList<string> FeaturesLost, string? Failure);

/// <param name="Before">The limit; null where there was none, or an unlimited one.</param>
/// <param name="Used">In the running period of the whole account; null for limits of each user, campaign or key.</param>
internal sealed record LimitChangeAnswer(string Meter, string Scope, string Per, decimal? Before, decimal? After, decimal? Used, bool Over);
