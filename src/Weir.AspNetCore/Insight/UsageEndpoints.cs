using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

using ScopeNames = System.Collections.Generic.IReadOnlyDictionary<Weir.Engine.ScopeKind, System.Collections.Generic.IReadOnlyDictionary<long, string>>;

namespace Weir.AspNetCore;

/// <summary>What an account has used, has left and may do.</summary>
internal static class UsageEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Usage");
        group.MapGet("/accounts/{key}/usage", (Delegate)UsageAsync).RequireScope(KeyScopes.Read).AllowPortal()
            .WithName("getUsage").WithSummary("What an account has used and has left now").Produces<UsageAnswerSchema>();
        group.MapGet("/accounts/{key}/limits", (Delegate)LimitsAsync).RequireScope(KeyScopes.Read).AllowPortal()
            .WithName("getLimits").WithSummary("What an account may use: limits, request limits, slots, rates and features as they stand").Produces<LimitsAnswerSchema>();
        group.MapGet("/accounts/{key}/features/{name}", (Delegate)FeatureAsync).RequireScope(KeyScopes.Read).AllowPortal().OutOfTurn()
            .WithName("getFeature").WithSummary("Whether an account's plan has a feature")
            .WithDescription("enabled is what an event type that requires the feature is decided by: only true enables.").Produces<FeatureAnswer>();
    }

    internal static async Task UsageAsync(HttpContext context, UsageService usage, IWeirStore store)
    {
        AccountUsage found = await FindAsync(context, usage);
        ScopeNames names = await NamesAsync(context, found, store);
        await JsonBody.WriteAsync(context, writer => UsageWriter.WriteUsage(writer, OwnLines(context, found, names), names));
    }

    /// <summary>The host's names of the users, campaigns and keys that the balances are of.</summary>
    internal static async ValueTask<ScopeNames> NamesAsync(HttpContext context, AccountUsage found, IWeirStore store)
    {
        Dictionary<ScopeKind, IReadOnlyDictionary<long, string>> names = [];
        foreach (ScopeKind kind in found.Balances.Where(line => line.ScopeId != 0).Select(line => line.Limit.Scope).Distinct())
        {
            names[kind] = await store.Accounts.AliasesAsync(context.Workspace(), found.State.Account.Id, kind, context.RequestAborted);
        }

        return names;
    }

    /// <summary>A portal token of one user does not show what the other users of the account used.</summary>
    internal static AccountUsage OwnLines(HttpContext context, AccountUsage found, ScopeNames names) =>
        context.Caller().Portal?.User is not { } user ? found : found with
        {
            Lines = [.. found.Lines.Where(line => line.Limit.Scope != ScopeKind.User || line.ScopeId == 0 || names.GetValueOrDefault(ScopeKind.User)?.GetValueOrDefault(line.ScopeId) == user)],
        };

    internal static async Task LimitsAsync(HttpContext context, UsageService usage)
    {
        AccountUsage found = await FindAsync(context, usage);
        await JsonBody.WriteAsync(context, writer => UsageWriter.WriteLimits(writer, found));
    }

    private static async Task FeatureAsync(HttpContext context, UsageService usage)
    {
        AccountUsage found = await FindAsync(context, usage);
        string name = RequestPath.Name(context, "name", "The name of a feature");
        if (found.Plan.Features.TryGetValue(name, out PlanFeature? feature))
        {
            await JsonBody.WriteAsync(context, new FeatureAnswer(name, feature.Value is { Kind: PropertyKind.Boolean, Boolean: true }, UsageWriter.ValueOf(feature.Value)));
            return;
        }

        string[] known = [.. found.Catalog.Plans.Values.SelectMany(plan => plan.Features.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (!known.Contains(name))
        {
            throw new ProblemException(Problem.NotFound($"No plan of the catalog has a feature '{name}'{NearestName.Suggestion(name, known)}; there are {(known.Length == 0 ? "none" : string.Join(", ", known))}."));
        }

        await JsonBody.WriteAsync(context, new FeatureAnswer(name, false, null));
    }

    internal static async Task<AccountUsage> FindAsync(HttpContext context, UsageService usage)
    {
        AccountKey key = context.Account();
        return await usage.FindAsync(context.Workspace(), key, context.RequestAborted) ?? throw new ProblemException(Problem.UnknownAccount(key.Value));
    }
}

/// <param name="Value">A boolean, a number or a text; null where the account's plan does not have it.</param>
internal sealed record FeatureAnswer(string Name, bool Enabled, JsonElement? Value);

internal sealed record UsageAnswerSchema(
    string Account, PlanSummary Plan, string Enforcement, IReadOnlyList<BalanceSchema> Balances, CostFiguresSchema Cost, IReadOnlyList<SlotUsage> Slots, DateTimeOffset AsOf);

internal sealed record CostFiguresSchema(decimal Month, decimal Lifetime, string Currency);

internal sealed record LimitsAnswerSchema(
    string Account, PlanSummary Plan, string Enforcement, bool Suspended, IReadOnlyList<LimitSchema> Limits, IReadOnlyDictionary<string, decimal> Requests,
    IReadOnlyList<SlotUsage> Slots, IReadOnlyDictionary<string, RateSchema> Rates, IReadOnlyDictionary<string, JsonElement> Features, DateTimeOffset AsOf);

internal sealed record LimitSchema(
    string Meter, string Unit, string Scope, string Per, decimal? Limit, string Enforcement, decimal? Ceiling, decimal? OverageRate, bool Overridden);

/// <param name="Meter">Null counts events.</param>
internal sealed record RateSchema(decimal Limit, decimal WindowSeconds, string Scope, string? Meter);
