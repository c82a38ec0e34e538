using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Weir.AspNetCore;

public static class WeirEndpointRouteBuilderExtensions
{
    /// <summary>Adds the HTTP API under <c>/api/v1</c>. Every endpoint needs a key with its scope.</summary>
    public static IEndpointConventionBuilder MapWeirApi(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RouteGroupBuilder api = endpoints.MapGroup("/api/v1");
        ((IEndpointConventionBuilder)api).Finally(Guard.Protect);
        AdmissionEndpoints.Map(api);
        EventEndpoints.Map(api);
        ImportEndpoints.Map(api);
        return api;
    }
}
