using System.Security.Claims;
using System.Text.Json.Nodes;

using Weir;
using Weir.AspNetCore;
using Weir.Engine;

namespace Nexa;

/// <summary>Events and plans while the host runs. A change is a new version of the whole catalog, and the next request is decided by it.</summary>
internal static class AdminConfig
{
    private const string Event = "event";
    private const string PlanType = "plan";
    private const string Cache = "cache";
    private const string Config = "config";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/admin/config").WithTags("Configuration").RequireAuthorization(policy => policy.RequireRole(Roles.Admin));
        group.MapGet("", ReadAsync);
        group.MapPost("", ChangeAsync);
    }

    private static async Task<JsonObject> ReadAsync(StoreLifetime lifetime, CatalogService catalogs, CancellationToken cancellationToken)
    {
        (int version, Catalog catalog) = await catalogs.ActiveAsync(lifetime.Default.Id, cancellationToken);
        return new JsonObject
        {
            ["version"] = version,
            ["events"] = new JsonObject(catalog.EventOrder.Select(key => KeyValuePair.Create(key, (JsonNode?)EventConfig.Of(catalog.Events[key])))),
            ["plans"] = new JsonObject(catalog.PlanOrder.Select(key => KeyValuePair.Create(key, (JsonNode?)PlanConfig.Of(catalog.Plans[key])))),
            ["cache"] = CacheOf(catalogs),
        };
    }

    private static async Task<IResult> ChangeAsync(JsonNode body, ClaimsPrincipal caller, StoreLifetime lifetime, CatalogService catalogs, CancellationToken cancellationToken)
    {
        List<ProblemError> errors = [];
        ConfigObject request = ConfigObject.Of(body, "", errors).Allow("type", "action", "data");
        string? type = request.RequiredText("type");
        string? action = request.RequiredText("action");
        ConfigObject data = request.Object("data") ?? ConfigObject.Of(new JsonObject(), "/data", errors);
        if (errors.Count > 0)
        {
            return Invalid(errors);
        }

        switch (type, action)
        {
            case (Event, "create" or "update" or "delete"):
                return await EditAsync(new Edit("events", "eventType", action, data, errors, caller.UserName(), EventConfig.Place, (node, config, _) => EventConfig.Apply(node, config)), lifetime, catalogs, cancellationToken);
            case (PlanType, "create" or "update" or "delete"):
                return await EditAsync(new Edit("plans", "planType", action, data, errors, caller.UserName(), PlanConfig.Place, PlanConfig.Apply), lifetime, catalogs, cancellationToken);
            case (Cache, "refresh-all"):
                catalogs.Forget();
                return Results.Ok(await AnswerAsync(lifetime, catalogs, cancellationToken));
            case (Config, "rollback"):
                return await RollbackAsync(data, caller.UserName(), errors, lifetime, catalogs, cancellationToken);
            default:
                return Invalid([new ProblemError("/action", $"'{type}' cannot '{action}'. Allowed are event and plan with create, update, delete; cache with refresh-all; config with rollback.")]);
        }
    }

    private static async Task<IResult> EditAsync(Edit edit, StoreLifetime lifetime, CatalogService catalogs, CancellationToken cancellationToken)
    {
        string? key = edit.Data.Allow(edit.KeyMember, Config).RequiredText(edit.KeyMember);
        if (key is not null && !CatalogName.IsValid(key))
        {
            edit.Data.Wrong(edit.KeyMember, $"'{edit.KeyMember}' is {CatalogName.Form}.");
        }

        while (true)
        {
            (int version, DocumentMapping root) = await catalogs.DocumentAsync(lifetime.Default.Id, cancellationToken) ?? throw new InvalidOperationException("Nexa starts with a catalog.");
            Catalog catalog = await catalogs.FindAsync(lifetime.Default.Id, version, cancellationToken);
            JsonObject? current = MemberOf(root, edit.Section, key);
            if (key is not null && edit.Action == "create" == (current is not null))
            {
                edit.Data.Wrong(edit.KeyMember, current is null ? $"There is no '{key}'; create it." : $"'{key}' is there already; update it.");
            }

            DocumentNode? value = null;
            if (edit.Action != "delete")
            {
                JsonObject applied = edit.Apply(current, edit.Data.Object(Config) ?? ConfigObject.Of(null, "/data/config", edit.Errors), catalog);
                value = CatalogText.Parse(applied.ToJsonString(), CatalogFormat.Json).Root;
            }

            if (edit.Errors.Count > 0)
            {
                return Invalid(edit.Errors);
            }

            CatalogChange change = await catalogs.EditAsync(lifetime.Default.Id, $"/{edit.Section}/{key}", value, version, AuditActor.OfHost(edit.Actor), cancellationToken);
            if (change.Version is not null)
            {
                return Results.Ok(await AnswerAsync(lifetime, catalogs, cancellationToken));
            }

            if (!change.Conflict)
            {
                return Invalid([.. change.Errors.Select(error => new ProblemError(edit.Place(error.Pointer, key!), error.Message))]);
            }
        }
    }

    private static async Task<IResult> RollbackAsync(ConfigObject data, string actor, List<ProblemError> errors, StoreLifetime lifetime, CatalogService catalogs, CancellationToken cancellationToken)
    {
        if (data.Allow("version").Number("version") is not { } version || version != decimal.Truncate(version) || version is < 1 or > int.MaxValue)
        {
            data.Wrong("version", "'version' is the whole number of an earlier version; GET /api/admin/config names the active one.");
            return Invalid(errors);
        }

        CatalogChange change = await catalogs.RollbackAsync(lifetime.Default.Id, (int)version, null, AuditActor.OfHost(actor), cancellationToken);
        return change.Version is null
            ? Invalid([.. change.Errors.Select(error => new ProblemError("/data/version", error.Message))])
            : Results.Ok(await AnswerAsync(lifetime, catalogs, cancellationToken));
    }

    /// <summary>An event type or plan as the document has it; null when it has none of that key.</summary>
    private static JsonObject? MemberOf(DocumentMapping root, string section, string? key) =>
        key is not null && (root.Find(section)?.Value as DocumentMapping)?.Find(key) is { } member ? JsonNode.Parse(CatalogText.ToJson(member.Value)) as JsonObject ?? [] : null;

    private static async ValueTask<JsonObject> AnswerAsync(StoreLifetime lifetime, CatalogService catalogs, CancellationToken cancellationToken) =>
        new() { ["success"] = true, ["version"] = (await catalogs.ActiveAsync(lifetime.Default.Id, cancellationToken)).Version, ["cache"] = CacheOf(catalogs) };

    private static JsonObject CacheOf(CatalogService catalogs) =>
        new() { ["hits"] = catalogs.CacheFigures.Hits, ["misses"] = catalogs.CacheFigures.Misses, ["versions"] = catalogs.CacheFigures.Remembered };

    private static Problem Invalid(IReadOnlyList<ProblemError> errors) =>
        new(StatusCodes.Status400BadRequest, "invalid_catalog", "The change is not valid", "Nothing was changed. " + string.Join(' ', errors.Select(error => error.Detail))) { Errors = errors };

    /// <param name="Section">Of the catalog.</param>
    /// <param name="KeyMember">The member of <c>data</c> that names the event type or plan.</param>
    /// <param name="Place">Where a place of the catalog stands in the request.</param>
    private sealed record Edit(
        string Section, string KeyMember, string Action, ConfigObject Data, List<ProblemError> Errors, string Actor,
        Func<string, string, string> Place, Func<JsonObject?, ConfigObject, Catalog, JsonObject> Apply);
}
