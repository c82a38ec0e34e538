using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Weir.AspNetCore;

public static class WeirEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Adds the HTTP API under <c>/api/v1</c>, where every endpoint needs a key with its scope, and <c>/health/live</c> and
    /// <c>/health/ready</c>, which need none.
    /// </summary>
    public static IEndpointConventionBuilder MapWeirApi(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RouteGroupBuilder api = endpoints.MapGroup("/api/v1");
        WeirOptions options = endpoints.ServiceProvider.GetRequiredService<WeirOptions>();
        QueryPlaces queries = new(options, endpoints.ServiceProvider.GetRequiredService<TimeProvider>());
        endpoints.ServiceProvider.GetService<IHostApplicationLifetime>()?.ApplicationStopped.Register(queries.Dispose);
        ((IEndpointConventionBuilder)api).Finally(endpoint => Guard.Protect(endpoint, queries));
        AdmissionEndpoints.Map(api);
        ReservationEndpoints.Map(api);
        EventEndpoints.Map(api);
        ImportEndpoints.Map(api);
        LogEndpoints.Map(api);
        CorrectionEndpoints.Map(api);
        AccountEndpoints.Map(api);
        SubscriptionEndpoints.Map(api);
        GrantEndpoints.Map(api);
        PeriodEndpoints.Map(api);
        UsageEndpoints.Map(api);
        AlertEndpoints.Map(api);
        InsightEndpoints.Map(api);
        MeterEndpoints.Map(api);
        AdminEndpoints.Map(api);
        CatalogEndpoints.Map(api);
        CatalogMemberEndpoints.Map(api);
        SelfServiceEndpoints.Map(api);
        UsageStreamEndpoints.Map(api);
        KeyEndpoints.Map(api);
        PortalTokenEndpoints.Map(api);
        PrivacyEndpoints.Map(api);
        AuditEndpoints.Map(api);
        WorkspaceEndpoints.Map(api);
        WebhookEndpoints.Map(api);
        ContactEndpoints.Map(api);
        MismatchEndpoints.Map(api);
        HealthEndpoints.Map(endpoints);
        return api;
    }
}
