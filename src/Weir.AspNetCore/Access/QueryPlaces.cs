using System.Threading.RateLimiting;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Weir.AspNetCore;

/// <summary>
/// How many queries a node answers at once. Whoever asks what was used can wait; whoever wants to use something should not wait for him. So
/// queries take turns, and one goes at a time while the writer is behind (<see cref="GroupCommit.IsBehind"/>).
/// </summary>
internal sealed class QueryPlaces(int most, int mostWaiting) : IDisposable
{
    private readonly ConcurrencyLimiter _places = new(new ConcurrencyLimiterOptions { PermitLimit = most, QueueLimit = mostWaiting });
    private readonly ConcurrencyLimiter _single = new(new ConcurrencyLimiterOptions { PermitLimit = 1, QueueLimit = most });

    /// <summary>Whether an endpoint only reads, and reads the store. Streams have places of their own.</summary>
    public static bool IsQuery(EndpointBuilder endpoint) =>
        endpoint.Metadata.OfType<HttpMethodMetadata>().LastOrDefault() is { HttpMethods: ["GET"] }
        && endpoint.Metadata.OfType<ScopeMetadata>().LastOrDefault() is { Scope: not KeyScopes.None }
        && endpoint.Metadata.OfType<HasteMetadata>().LastOrDefault() is not { Haste: Haste.Open };

    /// <summary>A place until it is disposed, or until the answer begins to go out: how fast that goes is up to the client.</summary>
    /// <exception cref="OverloadedException">Too many wait for one already.</exception>
    public async ValueTask<IDisposable> TakeAsync(HttpContext context)
    {
        Place place = new(await AcquireAsync(_places, context));
        try
        {
            if (context.RequestServices.GetRequiredService<GroupCommit>().IsBehind)
            {
                place.Single = await AcquireAsync(_single, context);
            }
        }
        catch
        {
            place.Dispose();
            throw;
        }

        context.Response.OnStarting(
            static taken =>
            {
                ((IDisposable)taken).Dispose();
                return Task.CompletedTask;
            },
            place);
        return place;
    }

    public void Dispose()
    {
        _places.Dispose();
        _single.Dispose();
    }

    private async ValueTask<RateLimitLease> AcquireAsync(ConcurrencyLimiter limiter, HttpContext context)
    {
        RateLimitLease lease = await limiter.AcquireAsync(1, context.RequestAborted);
        return lease.IsAcquired ? lease : throw new OverloadedException($"{mostWaiting} queries wait already; ask again in a moment.");
    }

    private sealed class Place(RateLimitLease own) : IDisposable
    {
        public RateLimitLease? Single { get; set; }

        public void Dispose()
        {
            Single?.Dispose();
            own.Dispose();
        }
    }
}
