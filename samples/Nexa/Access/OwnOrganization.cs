using System.Security.Claims;

using Weir.AspNetCore;

namespace Nexa;

/// <summary>A caller sees and uses his own organization and no other.</summary>
internal static class OwnOrganization
{
    public const string RouteName = "orgId";

    public static string Organization(this ClaimsPrincipal user) =>
        user.FindFirstValue(NexaClaims.Organization) ?? throw new InvalidOperationException("The caller is not authenticated.");

    public static string UserName(this ClaimsPrincipal user) =>
        user.FindFirstValue(NexaClaims.User) ?? throw new InvalidOperationException("The caller is not authenticated.");

    public static Problem? Refuse(ClaimsPrincipal user, string? organization) => user.Organization() == organization
        ? null
        : new Problem(StatusCodes.Status403Forbidden, "forbidden", "This is another organization", "You may read and track your own organization only.");

    /// <summary>For routes with <c>{orgId}</c>.</summary>
    public static async ValueTask<object?> Filter(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        Refuse(context.HttpContext.User, context.HttpContext.GetRouteValue(RouteName) as string) is { } refused ? refused : await next(context);
}
