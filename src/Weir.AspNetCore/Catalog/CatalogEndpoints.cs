using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>The catalog as a whole: read, replaced, validated, rolled back.</summary>
internal static class CatalogEndpoints
{
    private const string Versions = "versions";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Catalog");
        group.MapGet("/catalog", (Delegate)GetAsync).RequireScope(KeyScopes.Read)
            .WithName("getCatalog").WithSummary("The active catalog, as YAML or JSON by Accept; its version is the ETag")
            .Produces<object>(StatusCodes.Status200OK, CatalogBody.Yaml, CatalogBody.Json).Produces(StatusCodes.Status304NotModified);
        group.MapPut("/catalog", (Delegate)PutAsync).RequireScope(KeyScopes.Admin)
            .WithName("putCatalog").WithSummary("Replace the catalog as a whole")
            .WithDescription("An invalid document is refused with every error and its place, and the active version stays. With If-Match it replaces only that version.")
            .Accepts<object>(CatalogBody.Yaml, CatalogBody.Json).Produces<CatalogVersionAnswer>();
        group.MapPost("/catalog/validate", (Delegate)ValidateAsync).RequireScope(KeyScopes.Admin)
            .WithName("validateCatalog").WithSummary("Ask whether a document could become the next version, without effect")
            .Accepts<object>(CatalogBody.Yaml, CatalogBody.Json).Produces<CatalogValidAnswer>();
        group.MapGet("/catalog/versions", (Delegate)ListAsync).RequireScope(KeyScopes.Read)
            .WithName("listCatalogVersions").WithSummary("Every accepted version, newest first")
            .WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<CatalogVersionsAnswer>();
        group.MapGet("/catalog/versions/{version}", (Delegate)GetVersionAsync).RequireScope(KeyScopes.Read)
            .WithName("getCatalogVersion").WithSummary("The document of one version")
            .Produces<object>(StatusCodes.Status200OK, CatalogBody.Yaml, CatalogBody.Json).Produces(StatusCodes.Status304NotModified);
        group.MapPost("/catalog/rollback", (Delegate)RollbackAsync).RequireScope(KeyScopes.Admin)
            .WithName("rollbackCatalog").WithSummary("Make an earlier version active again")
            .Accepts<RollbackBody>("application/json").Produces<CatalogVersionAnswer>();
    }

    private static async Task GetAsync(HttpContext context, IWeirStore store)
    {
        int active = await store.Catalogs.ActiveVersionAsync(context.Workspace(), context.RequestAborted);
        CatalogVersion version = await store.Catalogs.FindAsync(context.Workspace(), active, context.RequestAborted) ?? throw None();
        await CatalogBody.WriteAsync(context, version);
    }

    private static async Task PutAsync(HttpContext context, CatalogService catalogs, IWeirStore store)
    {
        (string text, CatalogFormat format) = await CatalogBody.ReadAsync(context);
        int? expected = await ExpectedAsync(context, store);
        CatalogChange change = await catalogs.ReplaceAsync(context.Workspace(), text, format, expected, context.Actor(), context.RequestAborted);
        await WriteAsync(context, change, withPlaces: true);
    }

    private static async Task ValidateAsync(HttpContext context, CatalogService catalogs)
    {
        (string text, CatalogFormat format) = await CatalogBody.ReadAsync(context);
        CatalogChange change = await catalogs.ValidateAsync(context.Workspace(), text, format, context.RequestAborted);
        if (!change.Errors.IsEmpty)
        {
            throw new ProblemException(CatalogBody.ProblemOf(change, withPlaces: true));
        }

        await JsonBody.WriteAsync(context, new CatalogValidAnswer(true, change.Active));
    }

    private static async Task ListAsync(HttpContext context, IWeirStore store)
    {
        int limit = RequestQuery.Whole(context, "limit", 100, 1, 1000);
        long before = Cursor.ReadNumber(context, Versions) ?? long.MaxValue;
        int active = await store.Catalogs.ActiveVersionAsync(context.Workspace(), context.RequestAborted);
        IReadOnlyList<CatalogVersion> all = await store.Catalogs.ListAsync(context.Workspace(), withDocuments: false, context.RequestAborted);
        List<CatalogVersionItem> page =
        [
            .. all.Where(version => version.Version < before).Take(limit)
                .Select(version => new CatalogVersionItem(version.Version, version.Version == active, version.Format == CatalogFormat.Json ? "json" : "yaml", version.CreatedAt, version.Actor)),
        ];
        await JsonBody.WriteAsync(context, new CatalogVersionsAnswer(page, page.Count == limit && page[^1].Version > 1 ? Cursor.Of(Versions, page[^1].Version.ToString()) : null));
    }

    private static async Task GetVersionAsync(HttpContext context, IWeirStore store)
    {
        string text = RequestPath.Value(context, "version");
        CatalogVersion? version = int.TryParse(text, System.Globalization.NumberStyles.None, null, out int number)
            ? await store.Catalogs.FindAsync(context.Workspace(), number, context.RequestAborted)
            : throw new ProblemException(Problem.InvalidParameter("version", "A version is a whole number from 1."));
        await CatalogBody.WriteAsync(context, version ?? throw Unknown(number));
    }

    private static async Task RollbackAsync(HttpContext context, CatalogService catalogs, IWeirStore store)
    {
        RollbackBody body = await JsonBody.ReadAsync<RollbackBody>(context);
        int? expected = await ExpectedAsync(context, store);
        if (await store.Catalogs.FindAsync(context.Workspace(), body.Version, context.RequestAborted) is null)
        {
            throw Unknown(body.Version);
        }

        CatalogChange change = await catalogs.RollbackAsync(context.Workspace(), body.Version, expected, context.Actor(), context.RequestAborted);
        await WriteAsync(context, change, withPlaces: false);
    }

    internal static ProblemException None() => new(new Problem(
        StatusCodes.Status409Conflict, "no_catalog", "There is no catalog yet", "The workspace has no catalog yet. PUT one to /api/v1/catalog."));

    internal static async ValueTask<int?> ExpectedAsync(HttpContext context, IWeirStore store) =>
        CatalogBody.Expected(context, await store.Catalogs.ActiveVersionAsync(context.Workspace(), context.RequestAborted));

    internal static async Task WriteAsync(HttpContext context, CatalogChange change, bool withPlaces)
    {
        if (change.Version is not { } version)
        {
            throw new ProblemException(CatalogBody.ProblemOf(change, withPlaces));
        }

        context.Response.Headers.ETag = CatalogBody.TagOf(version);
        await JsonBody.WriteAsync(context, new CatalogVersionAnswer(version));
    }

    private static ProblemException Unknown(int version) => new(Problem.NotFound($"There is no catalog version {version}; GET /api/v1/catalog/versions lists them."));
}

internal sealed record RollbackBody(int Version);

internal sealed record CatalogVersionAnswer(int Version);

/// <param name="Active">The version that is active, and stays so.</param>
internal sealed record CatalogValidAnswer(bool Valid, int Active);

internal sealed record CatalogVersionsAnswer(IReadOnlyList<CatalogVersionItem> Items, string? Next);

/// <param name="Actor">The key or the file that brought it.</param>
internal sealed record CatalogVersionItem(int Version, bool Active, string Format, Instant CreatedAt, string? Actor);
