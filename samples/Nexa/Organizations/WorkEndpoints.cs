using System.Security.Claims;

using Weir;
using Weir.AspNetCore;
using Weir.Engine;

namespace Nexa;

internal sealed record PdfRequest(string Title, string Text);

internal sealed record SessionAnswer(string SessionId, DateTimeOffset StartedAt);

internal sealed record MemberRequest(string User);

/// <summary>What makes the other limits of the plans act: PDF exports, sessions, team members and storage.</summary>
internal static class WorkEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/documents/pdf", (PdfRequest request) => Results.File(PdfDocument.Write(request.Title, request.Text), "application/pdf", "nexa.pdf"))
            .WithTags("Documents").RequireAllowance("pdf_export");
        api.MapPost("/sessions", (TimeProvider time) => new SessionAnswer(Guid.NewGuid().ToString("N"), time.GetUtcNow()))
            .WithTags("Sessions").RequireAllowance("session_started");

        RouteGroupBuilder team = api.MapGroup("/team/members").WithTags("Team");
        team.MapGet("", (ClaimsPrincipal caller, NexaStore store) => store.Members(caller.Organization()));
        team.MapPost("", (MemberRequest request, ClaimsPrincipal caller, NexaStore store) =>
                !Identifier.IsValid(request.User) ? Problem.Invalid("/user", $"'user' is {Identifier.Form}.")
                : store.AddMember(caller.Organization(), request.User) ? Results.Created($"/api/team/members/{Uri.EscapeDataString(request.User)}", request)
                : new Problem(StatusCodes.Status409Conflict, "conflict", "He is in the team already", $"'{request.User}' is in the team already."))
            .RequireAllowance("team_member_changed", usage => usage.Property("members", 1m));
        team.MapDelete("/{user}", (string user, ClaimsPrincipal caller, NexaStore store) =>
                store.RemoveMember(caller.Organization(), user) ? Results.NoContent() : Problem.NotFound($"'{user}' is not in the team."))
            .RecordUsage("team_member_changed", usage => usage.Property("members", -1m));

        RouteGroupBuilder assets = api.MapGroup("/assets").WithTags("Assets");
        assets.MapGet("", (ClaimsPrincipal caller, NexaStore store) => store.Assets(caller.Organization()));
        assets.MapPost("", async (HttpContext context, NexaStore store, CancellationToken cancellationToken, string name = "untitled") =>
                Results.Ok(await store.AddAssetAsync(context.User.Organization(), name, context.Request.Body, cancellationToken)))
            .RequireAllowance("asset_stored", usage => usage.Property("bytes", LengthOf(usage.HttpContext)));
        assets.MapDelete("/{id}", DeleteAssetAsync);
    }

    /// <summary>The room is taken before the upload, so its length must be known before it.</summary>
    private static decimal LengthOf(HttpContext context) => context.Request.ContentLength
        ?? throw new ProblemException(new Problem(StatusCodes.Status411LengthRequired, "length_required", "The length must be known", "Send Content-Length: storage is checked before the upload."));

    private static async Task<IResult> DeleteAssetAsync(string id, ClaimsPrincipal caller, NexaStore store, IUsage usage)
    {
        if (store.RemoveAsset(caller.Organization(), id) is not { } freed)
        {
            return Problem.NotFound($"There is no asset '{id}'.");
        }

        // Its own id makes a repeat harmless. It is waited for without the request's cancellation: what is deleted must not stay counted.
        await usage.RecordAsync(
            UsageEvent.Of(caller.Organization(), "asset_stored").By(caller.UserName()).With("bytes", -freed) with { Id = Weir.Engine.EventId.Parse($"asset-{id}-deleted") }, CancellationToken.None);
        return Results.NoContent();
    }
}
