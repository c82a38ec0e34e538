using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Weir.AspNetCore;

/// <summary>
/// Stands beside the endpoints of each path for requests with another method or type of body. Routing alone would answer them without a
/// word, and before it is known who calls.
/// </summary>
internal static class MismatchEndpoints
{
    /// <summary>Called after every other endpoint has been added.</summary>
    public static void Map(RouteGroupBuilder api)
    {
        IEnumerable<RouteEndpoint> all = ((IEndpointRouteBuilder)api).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();
        foreach (IGrouping<string, RouteEndpoint> path in all.GroupBy(endpoint => endpoint.RoutePattern.RawText ?? "", StringComparer.Ordinal).ToList())
        {
            RouteEndpoint[] known = [.. path];
            api.Map(path.Key, (RequestDelegate)(context => Task.FromException(new ProblemException(ProblemOf(context, known)))))
                .RequireScope(KeyScopes.None).ExcludeFromDescription();
        }
    }

    private static Problem ProblemOf(HttpContext context, RouteEndpoint[] known)
    {
        if (known.FirstOrDefault(endpoint => MethodsOf(endpoint).Contains(context.Request.Method, StringComparer.OrdinalIgnoreCase)) is { } meant)
        {
            return JsonBody.UnsupportedMediaType(Texts.Shown(context.Request.ContentType ?? ""), string.Join(" or ", meant.Metadata.GetMetadata<IAcceptsMetadata>()?.ContentTypes ?? []));
        }

        string allowed = string.Join(", ", known.SelectMany(MethodsOf).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        return new Problem(StatusCodes.Status405MethodNotAllowed, "method_not_allowed", "The method is not allowed here", $"Allowed here: {allowed}.") { Allow = allowed };
    }

    private static IReadOnlyList<string> MethodsOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
}
