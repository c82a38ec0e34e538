using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Weir.Client;

public static class WeirClientServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="WeirClient"/> and <see cref="UsageRecorder"/>, one each. The container disposes them in the right order when the host
    /// stops: the recorder sends what it holds, and the client leaves what the spool holds to the next start.
    /// </summary>
    public static IServiceCollection AddWeirClient(this IServiceCollection services, Action<WeirClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddWeirClient((_, options) => configure(options));
    }

    /// <summary>The same, where the options come from other services, such as configuration.</summary>
    public static IServiceCollection AddWeirClient(this IServiceCollection services, Action<IServiceProvider, WeirClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.TryAddSingleton(provider =>
        {
            WeirClientOptions options = new();
            configure(provider, options);
            return new WeirClient(options, time: provider.GetService<TimeProvider>(), logger: provider.GetService<ILogger<WeirClient>>());
        });
        services.TryAddSingleton(provider => new UsageRecorder(provider.GetRequiredService<WeirClient>(), provider.GetService<ILogger<UsageRecorder>>()));
        return services;
    }
}
