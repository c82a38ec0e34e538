using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Event types and plans one by one. Each change makes the whole document's next version.</summary>
internal static class CatalogMemberEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Catalog");
        group.MapGet("/catalog/events", (Delegate)ListEventsAsync).RequireScope(KeyScopes.Read)
            .WithName("listEventTypes").WithSummary("The event types of the active catalog, in its order, as it defines them")
            .WithQuery("category", "Event types of this category.").Produces<CatalogMembersSchema>();
        group.MapGet("/catalog/events/{type}", (Delegate)GetEventAsync).RequireScope(KeyScopes.Read)
            .WithName("getEventType").WithSummary("One event type").Produces<CatalogMemberSchema>();
        group.MapPut("/catalog/events/{type}", (Delegate)PutEventAsync).RequireScope(KeyScopes.Admin)
            .WithName("putEventType").WithSummary("Add or replace one event type")
            .Accepts<object>(CatalogBody.Json, CatalogBody.Yaml).Produces<CatalogVersionAnswer>();
        group.MapDelete("/catalog/events/{type}", (Delegate)DeleteEventAsync).RequireScope(KeyScopes.Admin)
            .WithName("deleteEventType").WithSummary("Take one event type out of the catalog").Produces<CatalogVersionAnswer>();
        group.MapGet("/catalog/plans", (Delegate)ListPlansAsync).RequireScope(KeyScopes.Read)
            .WithName("listPlans").WithSummary("The plans of the active catalog, as it defines them")
            .WithQuery("sort", "price: cheapest per month first, those without a price last; name; in the order of the catalog when absent.")
            .WithQuery("custom", "true: also the plans that are made for one account each.").Produces<CatalogMembersSchema>();
        group.MapGet("/catalog/plans/{key}", (Delegate)GetPlanAsync).RequireScope(KeyScopes.Read)
            .WithName("getPlan").WithSummary("One plan").Produces<CatalogMemberSchema>();
        group.MapPut("/catalog/plans/{key}", (Delegate)PutPlanAsync).RequireScope(KeyScopes.Admin)
            .WithName("putPlan").WithSummary("Add or replace one plan")
            .Accepts<object>(CatalogBody.Json, CatalogBody.Yaml).Produces<CatalogVersionAnswer>();
        group.MapDelete("/catalog/plans/{key}", (Delegate)DeletePlanAsync).RequireScope(KeyScopes.Admin)
            .WithName("deletePlan").WithSummary("Take one plan out of the catalog; one that accounts have is refused").Produces<CatalogVersionAnswer>();
    }

    private static async Task ListEventsAsync(HttpContext context, CatalogService catalogs)
    {
        string? category = RequestQuery.Text(context, "category");
        Catalog catalog = (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog;
        await WriteListAsync(context, catalogs, "events", catalog.EventOrder.Where(key => category is null || catalog.Events[key].Category == category), null);
    }

    private static async Task ListPlansAsync(HttpContext context, CatalogService catalogs)
    {
        Catalog catalog = (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog;
        bool custom = RequestQuery.Choice(context, "custom", false, ("true", true), ("false", false));
        Func<IEnumerable<string>, IEnumerable<string>> sort = RequestQuery.Choice<Func<IEnumerable<string>, IEnumerable<string>>>(
            context, "sort", keys => keys,
            ("price", keys => keys.OrderBy(key => catalog.Plans[key].Price?.Monthly ?? decimal.MaxValue)),
            ("name", keys => keys.OrderBy(key => catalog.Plans[key].Name, StringComparer.OrdinalIgnoreCase)));
        await WriteListAsync(context, catalogs, "plans", sort(catalog.PlanOrder.Where(key => custom || catalog.Plans[key].Account is null)), key => catalog.Plans[key].Name);
    }

    private static Task GetEventAsync(HttpContext context, CatalogService catalogs) => WriteOneAsync(context, catalogs, "events", EventType(context));

    private static Task GetPlanAsync(HttpContext context, CatalogService catalogs) => WriteOneAsync(context, catalogs, "plans", Plan(context));

    private static Task PutEventAsync(HttpContext context, CatalogService catalogs, IWeirStore store) => PutAsync(context, catalogs, store, "events", EventType(context));

    private static Task PutPlanAsync(HttpContext context, CatalogService catalogs, IWeirStore store) => PutAsync(context, catalogs, store, "plans", Plan(context));

    private static Task DeleteEventAsync(HttpContext context, CatalogService catalogs, IWeirStore store) => DeleteAsync(context, catalogs, store, "events", EventType(context));

    private static Task DeletePlanAsync(HttpContext context, CatalogService catalogs, IWeirStore store) => DeleteAsync(context, catalogs, store, "plans", Plan(context));

    private static string EventType(HttpContext context) => RequestPath.Name(context, "type", "The key of an event type");

    private static string Plan(HttpContext context) => RequestPath.Name(context, "key", "The key of a plan");

    private static async Task PutAsync(HttpContext context, CatalogService catalogs, IWeirStore store, string section, string key)
    {
        (string text, CatalogFormat format) = await CatalogBody.ReadAsync(context);
        int? expected = await CatalogEndpoints.ExpectedAsync(context, store);
        if (await catalogs.DocumentAsync(context.Workspace(), context.RequestAborted) is null)
        {
            throw CatalogEndpoints.None();
        }

        DocumentMapping mapping = Mapping(CatalogText.Parse(text, format));

        // What a GET gives, with its key, may be put back as it is.
        DocumentNode value = mapping.Find("key") is { Value: DocumentScalar given } member && given.Text == key ? mapping with { Members = mapping.Members.Remove(member) } : mapping;
        CatalogChange change = await catalogs.EditAsync(context.Workspace(), $"/{section}/{key}", value, expected, context.Actor(), context.RequestAborted);
        await CatalogEndpoints.WriteAsync(context, change, withPlaces: false);
    }

    /// <summary>A body that is one member of the catalog.</summary>
    internal static DocumentMapping Mapping(DocumentResult parsed)
    {
        if (!parsed.IsValid)
        {
            throw new ProblemException(CatalogBody.Invalid(parsed.Errors, withPlaces: true));
        }

        return parsed.Root as DocumentMapping
            ?? throw new ProblemException(CatalogBody.Invalid([new CatalogError("", parsed.Root!.Position, "The body must be a mapping: the member as the catalog defines it.")], withPlaces: true));
    }

    private static async Task DeleteAsync(HttpContext context, CatalogService catalogs, IWeirStore store, string section, string key)
    {
        int? expected = await CatalogEndpoints.ExpectedAsync(context, store);
        _ = await FindAsync(context, catalogs, section, key);
        CatalogChange change = await catalogs.EditAsync(context.Workspace(), $"/{section}/{key}", null, expected, context.Actor(), context.RequestAborted);
        await CatalogEndpoints.WriteAsync(context, change, withPlaces: false);
    }

    private static async Task WriteListAsync(HttpContext context, CatalogService catalogs, string section, IEnumerable<string> keys, Func<string, string>? nameOf)
    {
        (int Version, DocumentMapping Root)? document = await catalogs.DocumentAsync(context.Workspace(), context.RequestAborted);
        DocumentMapping? members = document?.Root.Find(section)?.Value as DocumentMapping;
        context.Response.Headers.ETag = CatalogBody.TagOf(document?.Version ?? 0);
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("items"u8);
            foreach (string key in keys)
            {
                if (members?.Find(key) is { } member)
                {
                    WriteMember(writer, member, nameOf?.Invoke(key));
                }
            }

            writer.WriteEndArray();
            writer.WriteNull("next"u8);
            writer.WriteEndObject();
        });
    }

    private static async Task WriteOneAsync(HttpContext context, CatalogService catalogs, string section, string key)
    {
        (int version, DocumentMember member) = await FindAsync(context, catalogs, section, key);
        context.Response.Headers.ETag = CatalogBody.TagOf(version);
        await JsonBody.WriteAsync(context, writer => WriteMember(writer, member, section == "plans" ? key : null));
    }

    private static async ValueTask<(int Version, DocumentMember Member)> FindAsync(HttpContext context, CatalogService catalogs, string section, string key)
    {
        (int version, DocumentMapping root) = await catalogs.DocumentAsync(context.Workspace(), context.RequestAborted) ?? throw CatalogEndpoints.None();
        return root.Find(section)?.Value is DocumentMapping members && members.Find(key) is { } member
            ? (version, member)
            : throw new ProblemException(Problem.NotFound($"The catalog has no member '{key}' under '{section}'; GET /api/v1/catalog/{section} lists them."));
    }

    /// <param name="name">The name for people, where the document gives none.</param>
    private static void WriteMember(Utf8JsonWriter writer, DocumentMember member, string? name)
    {
        writer.WriteStartObject();
        writer.WriteString("key"u8, member.Key);
        DocumentMapping? mapping = member.Value as DocumentMapping;
        if (name is not null && mapping?.Find("name") is null)
        {
            writer.WriteString("name"u8, name);
        }

        foreach (DocumentMember inner in mapping?.Members ?? [])
        {
            writer.WritePropertyName(inner.Key);
            CatalogText.WriteJson(writer, inner.Value);
        }

        writer.WriteEndObject();
    }
}

internal sealed record CatalogMembersSchema(IReadOnlyList<CatalogMemberSchema> Items, string? Next);

/// <summary>The members beside the key are those of the catalog's document.</summary>
internal sealed record CatalogMemberSchema(string Key, string? Name, string? Description, string? Category, string? Endpoint);
