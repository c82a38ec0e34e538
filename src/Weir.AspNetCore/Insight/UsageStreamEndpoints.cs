using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Weir.AspNetCore;

/// <summary>The stream of a portal token's account.</summary>
internal static class UsageStreamEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        UsageStreams streams = new(((IEndpointRouteBuilder)api).ServiceProvider.GetRequiredService<WeirOptions>());
        api.MapGroup("").WithTags("Self-service").MapGet("/usage/stream", (Delegate)streams.StreamAsync).RequirePortal().WithoutDeadline()
            .WithName("streamOwnUsage").WithSummary("The balances of the token's account as server-sent events, at most 2 seconds behind")
            .WithDescription("Events 'usage' carry what GET /usage/current answers: one at once, one for each change. The event 'end' says why it is over: expired, revoked, shutdown or unavailable. Comments in between keep the connection.")
            .Produces<string>(StatusCodes.Status200OK, UsageStreams.ContentType);
    }
}
