using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>What an account has used, has left and may do.</summary>
internal static class UsageEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Usage");
        group.MapGet("/accounts/{key}/usage", (Delegate)UsageAsync).RequireScope(KeyScopes.Read)
            .WithName("getUsage").WithSummary("What an account has used and has left now").Produces<UsageAnswerSchema>();
        group.MapGet("/accounts/{key}/limits", (Delegate)LimitsAsync).RequireScope(KeyScopes.Read)
            .WithName("getLimits").WithSummary("What an account may use: limits, request limits, slots, rates and features as they stand").Produces<LimitsAnswerSchema>();
        group.MapGet("/accounts/{key}/features/{name}", (Delegate)FeatureAsync).RequireScope(KeyScopes.Read)
            .WithName("getFeature").WithSummary("Whether an account's plan has a feature")
            .WithDescription("enabled is what an event type that requires the feature is decided by: only true enables.").Produces<FeatureAnswer>();
    }

    private static async Task UsageAsync(HttpContext context, UsageService usage, IWeirStore store)
    {
        AccountUsage found = await FindAsync(context, usage);
        Dictionary<ScopeKind, IReadOnlyDictionary<long, string>> names = [];
        foreach (ScopeKind kind in found.Balances.Where(line => line.ScopeId != 0).Select(line => line.Limit.Scope).Distinct())
        {
            names[kind] = await store.Accounts.AliasesAsync(context.Workspace(), found.State.Account.Id, kind, context.RequestAborted);
        }

        await JsonBody.WriteAsync(context, writer => UsageWriter.WriteUsage(writer, found, names));
    }

    private static async Task LimitsAsync(HttpContext context, UsageService usage)
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
        AccountKey key = RequestPath.Account(context);
        return await usage.FindAsync(context.Workspace(), key, context.RequestAborted) ?? throw new ProblemException(Problem.UnknownAccount(key.Value));
    }
}

/// <param name="Value">A boolean, a number or a text; null where the account's plan does not have it.</param>
internal sealed record FeatureAnswer(string Name, bool Enabled, JsonElement? Value);

internal sealed record UsageAnswerSchema(
    string Account, PlanSummary Plan, string Enforcement, IReadOnlyList<BalanceSchema> Balances, CostFiguresSchema Cost, IReadOnlyList<SlotSchema> Slots, DateTimeOffset AsOf);

internal sealed record CostFiguresSchema(decimal Month, decimal Lifetime, string Currency);

internal sealed record SlotSchema(string Kind, int Used, int Limit, int Waiting);

internal sealed record LimitsAnswerSchema(
    string Account, PlanSummary Plan, string Enforcement, bool Suspended, IReadOnlyList<LimitSchema> Limits, IReadOnlyDictionary<string, decimal> Requests,
    IReadOnlyDictionary<string, int> Slots, IReadOnlyDictionary<string, RateSchema> Rates, IReadOnlyDictionary<string, JsonElement> Features, DateTimeOffset AsOf);

internal sealed record LimitSchema(
    string Meter, string Unit, string Scope, string Per, decimal? Limit, string Enforcement, decimal? Ceiling, decimal? OverageRate, bool Overridden);

/// <param name="Meter">Null counts events.</param>
internal sealed record RateSchema(decimal Limit, decimal WindowSeconds, string Scope, string? Meter);
