using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Portal tokens: what a host gives to the browser of its customer, so that it can show usage without the host in between.</summary>
internal static class PortalTokenEndpoints
{
    private const string List = "portal-tokens";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Access");
        group.MapPost("/portal/tokens", (Delegate)CreateAsync).RequireScope(KeyScopes.Admin)
            .WithName("createPortalToken").WithSummary("Make a token that sees the usage of one account for a while; its text is shown only in this answer")
            .WithDescription($"ttl in seconds, from {PortalTokenService.ShortestLife.TotalSeconds:0} to {PortalTokenService.LongestLife.TotalSeconds:0}; {PortalTokenService.DefaultLife.TotalSeconds:0} when absent. With a user, the token's checks are that user's, and balances of other users are not shown.")
            .Accepts<CreatePortalTokenBody>("application/json").Produces<NewPortalTokenAnswer>(StatusCodes.Status201Created);
        group.MapGet("/portal/tokens", (Delegate)ListAsync).RequireScope(KeyScopes.Admin)
            .WithName("listPortalTokens").WithSummary("Portal tokens without their texts, newest first; those that are long over are left out")
            .WithQuery("account", "The account's key.").WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<PortalTokenListAnswer>();
        group.MapDelete("/portal/tokens/{id}", (Delegate)RevokeAsync).RequireScope(KeyScopes.Admin)
            .WithName("revokePortalToken").WithSummary("Revoke a portal token: its next request is refused, its streams end").Produces(StatusCodes.Status204NoContent);
    }

    private static async Task CreateAsync(HttpContext context, PortalTokenService tokens)
    {
        CreatePortalTokenBody body = await JsonBody.ReadAsync<CreatePortalTokenBody>(context);
        AccountKey account = new(Texts.Identifier(body.Account, "/account", "An account key"));
        string? user = body.User is null ? null : Texts.Identifier(body.User, "/user", "The key of a user");
        Duration life = LifeOf(body.Ttl);
        (PortalToken token, string text) = await tokens.CreateAsync(context.Caller().Workspace, account, user, life, context.Actor(), context.RequestAborted)
            ?? throw new ProblemException(Problem.Of(new Failure(Refusal.UnknownAccount, "/account",
                $"There is no account '{account}'. PUT /api/v1/accounts/{Uri.EscapeDataString(account.Value)} makes one; a token is for one that exists.")));
        context.Response.Headers.CacheControl = "no-store";
        await JsonBody.WriteAsync(context, new NewPortalTokenAnswer(token.Id, text, account.Value, token.User, token.CreatedAt, token.ExpiresAt), StatusCodes.Status201Created);
    }

    private static async Task ListAsync(HttpContext context, PortalTokenService tokens, IWeirStore store)
    {
        long? account = null;
        if (RequestQuery.Identifier(context, "account") is { } key)
        {
            // No account has the id 0: the tokens of an unknown one are none.
            account = (await store.Ledger.ReadStateAsync(context.Workspace(), new AccountKey(key), context.RequestAborted))?.Account.Id ?? Account.WorkspaceHead;
        }

        PortalTokenFilter filter = new() { Account = account, Before = PlaceOf(context), Limit = RequestQuery.Whole(context, "limit", 100, 1, PortalTokenFilter.LargestLimit) };
        IReadOnlyList<PortalToken> page = await tokens.ListAsync(context.Workspace(), filter, context.RequestAborted);
        IReadOnlyDictionary<long, AccountProfile> names = await store.Accounts.NamesAsync(context.Workspace(), [.. page.Select(token => token.Account).Distinct()], context.RequestAborted);
        string? next = page.Count == filter.Limit ? Cursor.Of(List, $"{Clock.ToMicros(page[^1].CreatedAt)}.{page[^1].Id}") : null;
        await JsonBody.WriteAsync(context, new PortalTokenListAnswer(
            [.. page.Select(token => new PortalTokenAnswer(token.Id, names.GetValueOrDefault(token.Account)?.Key.Value, token.User, token.CreatedAt, token.ExpiresAt, token.RevokedAt))], next));
    }

    private static async Task RevokeAsync(HttpContext context, PortalTokenService tokens)
    {
        string id = RequestPath.Key(context, "id", "The id of a portal token");
        if (!await tokens.RevokeAsync(context.Workspace(), id, context.Actor(), context.RequestAborted))
        {
            throw new ProblemException(Problem.NotFound($"There is no portal token '{id}'; GET /api/v1/portal/tokens lists them."));
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static Duration LifeOf(int? seconds)
    {
        if (seconds is not { } given)
        {
            return PortalTokenService.DefaultLife;
        }

        Duration life = Duration.FromSeconds(given);
        return life >= PortalTokenService.ShortestLife && life <= PortalTokenService.LongestLife
            ? life
            : throw Texts.Wrong("/ttl", $"'ttl' is {PortalTokenService.ShortestLife.TotalSeconds:0} to {PortalTokenService.LongestLife.TotalSeconds:0} seconds.");
    }

    private static (Instant CreatedAt, string Id)? PlaceOf(HttpContext context)
    {
        if (Cursor.Read(context, List) is not { } position)
        {
            return null;
        }

        int point = position.IndexOf('.', StringComparison.Ordinal);
        return point > 0 && long.TryParse(position.AsSpan(0, point), System.Globalization.NumberStyles.None, null, out long micros) && micros <= Clock.ToMicros(s_latest)
            ? (Clock.FromMicros(micros), position[(point + 1)..])
            : throw Cursor.Wrong();
    }

    private static readonly Instant s_latest = Instant.FromUtc(9999, 12, 31, 0, 0);
}

/// <param name="Ttl">Seconds.</param>
internal sealed record CreatePortalTokenBody(string Account, int? Ttl = null, string? User = null);

/// <param name="Token">The token's text. It is not stored and cannot be shown again.</param>
internal sealed record NewPortalTokenAnswer(string Id, string Token, string Account, string? User, Instant CreatedAt, Instant ExpiresAt);

internal sealed record PortalTokenListAnswer(IReadOnlyList<PortalTokenAnswer> Items, string? Next);

/// <param name="Account">Null when the account has been erased.</param>
internal sealed record PortalTokenAnswer(string Id, string? Account, string? User, Instant CreatedAt, Instant ExpiresAt, Instant? RevokedAt);
