using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

namespace Weir.AspNetCore;

/// <summary>The workspaces of a server, for its operator.</summary>
internal static class WorkspaceEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Access");
        group.MapGet("/workspaces", (Delegate)ListAsync).RequireOperator()
            .WithName("listWorkspaces").WithSummary("The workspaces of this server").Produces<WorkspaceListAnswer>();
        group.MapPost("/workspaces", (Delegate)CreateAsync).RequireOperator()
            .WithName("createWorkspace").WithSummary("Make a workspace with a first admin key, whose text is shown only in this answer")
            .Accepts<CreateWorkspaceBody>("application/json").Produces<NewWorkspaceAnswer>(StatusCodes.Status201Created);
    }

    private static async Task ListAsync(HttpContext context, IWeirStore store)
    {
        IReadOnlyList<Workspace> all = await store.Workspaces.ListAsync(context.RequestAborted);
        await JsonBody.WriteAsync(context, new WorkspaceListAnswer([.. all.Select(Of)], null));
    }

    private static async Task CreateAsync(HttpContext context, IWeirStore store, KeyService keys)
    {
        CreateWorkspaceBody body = await JsonBody.ReadAsync<CreateWorkspaceBody>(context);
        if (!Workspace.IsValidKey(body.Key))
        {
            throw Texts.Wrong("/key", $"The key of a workspace is {Workspace.KeyForm}.");
        }

        string? name = Texts.Display(body.Name, "/name");
        DateTimeZone zone = AccountInput.Zone(body.TimeZone, "/timeZone");
        Workspace workspace = await store.Workspaces.CreateAsync(body.Key, name, zone.Id, Workspace.Created(context.Actor(), body.Key, zone.Id), context.RequestAborted)
            ?? throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "workspace_exists", "The workspace exists", $"There is a workspace '{body.Key}' already."));
        // Once the workspace stands, its key is made too: without it nobody could use the workspace.
        (ApiKey key, string text) = await keys.CreateAsync(workspace, "first admin key", true, KeyScopes.Admin, context.Actor(), CancellationToken.None);
        context.Response.Headers.CacheControl = "no-store";
        await JsonBody.WriteAsync(
            context, new NewWorkspaceAnswer(workspace.Key, workspace.Name, workspace.TimeZone, workspace.CreatedAt, key.Id, text), StatusCodes.Status201Created);
    }

    private static WorkspaceAnswer Of(Workspace workspace) => new(workspace.Key, workspace.Name, workspace.TimeZone, workspace.CreatedAt);
}

internal sealed record CreateWorkspaceBody(string Key, string? Name = null, string TimeZone = "UTC");

internal sealed record WorkspaceListAnswer(IReadOnlyList<WorkspaceAnswer> Items, string? Next);

internal sealed record WorkspaceAnswer(string Key, string? Name, string TimeZone, Instant CreatedAt);

/// <param name="AdminKey">The text of the first key. It is not stored and cannot be shown again.</param>
internal sealed record NewWorkspaceAnswer(string Key, string? Name, string TimeZone, Instant CreatedAt, string KeyId, string AdminKey);
