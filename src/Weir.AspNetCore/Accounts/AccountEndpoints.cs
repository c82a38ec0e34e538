using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Accounts: who holds a plan, and what of it is their own.</summary>
internal static class AccountEndpoints
{
    private const string List = "accounts";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Accounts");
        group.MapGet("/accounts", (Delegate)ListAsync).RequireScope(KeyScopes.Read)
            .WithName("listAccounts").WithSummary("Accounts with how far their limits are used")
            .WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .WithQuery("plan", "Accounts on this plan.").WithQuery("search", "A text that the key or the name contains.")
            .Produces<AccountListAnswer>();
        group.MapPut("/accounts/{key}", (Delegate)PutAsync).RequireScope(KeyScopes.Admin)
            .WithName("putAccount").WithSummary("Make an account, or change it")
            .WithDescription("What is left out stays as it is. A new zone or anchor takes effect when the running period ends; an account that is made begins with it.")
            .Accepts<PutAccountBody>("application/json").Produces<AccountAnswer>();
        group.MapGet("/accounts/{key}", (Delegate)GetAsync).RequireScope(KeyScopes.Read)
            .WithName("getAccount").WithSummary("One account").Produces<AccountAnswer>();
        group.MapPut("/accounts/{key}/overrides/{meter}", (Delegate)OverrideAsync).RequireScope(KeyScopes.Admin)
            .WithName("putOverride").WithSummary("A limit that stands in place of the plan's")
            .WithDescription("For one 'per' and 'scope' of the meter, or, without 'per', for every allowance of it at that scope.")
            .Accepts<PutOverrideBody>("application/json").Produces<AccountAnswer>();
        group.MapDelete("/accounts/{key}/overrides/{meter}", (Delegate)EndOverrideAsync).RequireScope(KeyScopes.Admin)
            .WithName("deleteOverride").WithSummary("Let the plan's limit stand again")
            .WithQuery("scope", "account (when absent), user, campaign or key.").WithQuery("per", "As the override has it; absent for one without.")
            .Produces(StatusCodes.Status204NoContent);
    }

    private static async Task ListAsync(HttpContext context, AccountService accounts, UsageService usage)
    {
        AccountFilter filter = new()
        {
            Plan = RequestQuery.Name(context, "plan"),
            Search = RequestQuery.Text(context, "search"),
            Limit = RequestQuery.Whole(context, "limit", 100, 1, AccountFilter.LargestLimit),
            After = Cursor.Read(context, List) is { } after ? new AccountKey(after) : null,
        };
        IReadOnlyList<AccountRecord> page = await accounts.ListAsync(context.Workspace(), filter, context.RequestAborted);
        IReadOnlyList<AccountUsage> figures = await usage.OfAsync(context.Workspace(), page, context.RequestAborted);
        string? next = page.Count == filter.Limit ? Cursor.Of(List, page[^1].Profile.Key.Value) : null;
        await JsonBody.WriteAsync(context, new AccountListAnswer([.. figures.Select(AccountAnswers.ItemOf)], next));
    }

    private static async Task PutAsync(HttpContext context, AccountService accounts, CatalogService catalogs)
    {
        AccountKey key = RequestPath.Account(context);
        PutAccountBody body = await JsonBody.ReadAsync<PutAccountBody>(context);
        Succeed(await accounts.PutAsync(context.Workspace(), key, AccountInput.ChangeOf(body), AccountInput.ProfileOf(body), context.Actor(), context.RequestAborted));
        await WriteAsync(context, key, accounts, catalogs);
    }

    private static Task GetAsync(HttpContext context, AccountService accounts, CatalogService catalogs) =>
        WriteAsync(context, RequestPath.Account(context), accounts, catalogs);

    private static async Task OverrideAsync(HttpContext context, AccountService accounts, CatalogService catalogs)
    {
        AccountKey key = RequestPath.Account(context);
        string name = RequestPath.Name(context, "meter", "The key of a meter");
        PutOverrideBody body = await JsonBody.ReadAsync<PutOverrideBody>(context);
        Catalog catalog = (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog;
        Meter meter = catalog.Meters.TryGetValue(name, out Meter? known) ? known : throw UnknownMeter(name, catalog);
        await ChangeAsync(context, key, new AccountChange { SetOverride = AccountInput.OverrideOf(body, meter) }, accounts);
        await WriteAsync(context, key, accounts, catalogs);
    }

    private static async Task EndOverrideAsync(HttpContext context, AccountService accounts)
    {
        AccountKey key = RequestPath.Account(context);
        string meter = RequestPath.Name(context, "meter", "The key of a meter");
        ScopeKind scope = RequestQuery.Text(context, "scope") is { } scopeText ? AccountInput.Scope(scopeText, message => RequestQuery.Wrong("scope", message)) : ScopeKind.Account;
        Per? per = RequestQuery.Text(context, "per") is { } perText ? AccountInput.PerOf(perText, message => RequestQuery.Wrong("per", message)) : null;
        await ChangeAsync(context, key, new AccountChange { RemoveOverride = (meter, scope, per) }, accounts);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    internal static ProblemException UnknownMeter(string name, Catalog catalog) => new(Problem.Of(new Failure(Refusal.UnknownMeter, "",
        $"There is no meter '{name}'{NearestName.Suggestion(name, catalog.Meters.Keys)}; the catalog has {string.Join(", ", catalog.Meters.Keys.Order(StringComparer.Ordinal))}.")));

    internal static async Task ChangeAsync(HttpContext context, AccountKey key, AccountChange change, AccountService accounts) =>
        Succeed(await accounts.ChangeAsync(context.Workspace(), key, change, null, false, context.Actor(), context.RequestAborted));

    internal static void Succeed(Outcome outcome)
    {
        if (outcome.Failure is { } failure)
        {
            throw new ProblemException(Problem.Of(failure.Refusal == Refusal.UnknownAccount ? failure with { Pointer = "" } : failure));
        }
    }

    internal static async Task WriteAsync(HttpContext context, AccountKey key, AccountService accounts, CatalogService catalogs)
    {
        AccountRecord record = await accounts.FindAsync(context.Workspace(), key, context.RequestAborted) ?? throw new ProblemException(Problem.UnknownAccount(key.Value));
        CatalogBook book = await catalogs.BookAsync(context.Workspace(), record.State.Account, context.RequestAborted);
        await JsonBody.WriteAsync(context, AccountAnswers.Of(record, book, accounts.Now));
    }
}
