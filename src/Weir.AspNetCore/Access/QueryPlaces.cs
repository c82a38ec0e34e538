using System.Threading.RateLimiting;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Weir.AspNetCore;

/// <summary>
/// How many queries a node answers at once. Whoever asks what was used can wait; whoever wants to use something should not wait for him. So
/// queries take turns, and while the writer is behind (<see cref="GroupCommit.IsBehind"/>) one goes at a time, and one of those that may take long.
/// </summary>
internal sealed class QueryPlaces(int most, int mostWaiting) : IDisposable
{
    /// <summary>How often those who wait for the only place look whether the writer is behind still.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrencyLimiter _places = new(new ConcurrencyLimiterOptions { PermitLimit = most, QueueLimit = mostWaiting });
    private readonly ConcurrencyLimiter _soon = new(new ConcurrencyLimiterOptions { PermitLimit = 1 });
    private readonly ConcurrencyLimiter _long = new(new ConcurrencyLimiterOptions { PermitLimit = 1 });

    /// <summary>Whether an endpoint only reads, and reads the store. Streams have places of their own.</summary>
    public static bool IsQuery(EndpointBuilder endpoint) =>
        !endpoint.Metadata.OfType<OutOfTurnMetadata>().Any()
        && endpoint.Metadata.OfType<HttpMethodMetadata>().LastOrDefault() is { HttpMethods: ["GET"] }
        && endpoint.Metadata.OfType<ScopeMetadata>().LastOrDefault() is { Scope: not KeyScopes.None }
        && endpoint.Metadata.OfType<HasteMetadata>().LastOrDefault() is not { Haste: Haste.Open };

    /// <summary>A place until it is disposed, or until the answer begins to go out: how fast that goes is up to the client.</summary>
    /// <exception cref="OverloadedException">Too many wait for one already.</exception>
    public async ValueTask<IDisposable> TakeAsync(HttpContext context, bool mayTakeLong)
    {
        RateLimitLease lease = await _places.AcquireAsync(1, context.RequestAborted);
        Place place = lease.IsAcquired ? new Place(lease) : throw new OverloadedException($"{mostWaiting} queries wait already; ask again in a moment.");
        try
        {
            GroupCommit commits = context.RequestServices.GetRequiredService<GroupCommit>();
            ConcurrencyLimiter only = mayTakeLong ? _long : _soon;
            while (commits.IsBehind && !place.Take(only.AttemptAcquire(1)))
            {
                await Task.Delay(s_look, context.RequestAborted);
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
        _soon.Dispose();
        _long.Dispose();
    }

    private sealed class Place(RateLimitLease own) : IDisposable
    {
        private RateLimitLease? _only;

        public bool Take(RateLimitLease only)
        {
            _only = only;
            return only.IsAcquired;
        }

        public void Dispose()
        {
            _only?.Dispose();
            own.Dispose();
        }
    }
}

internal sealed record OutOfTurnMetadata;

internal static class QueryPlacesExtensions
{
    /// <summary>It reads next to nothing, or says how things stand just when too much goes on: it waits for no query.</summary>
    public static TBuilder OutOfTurn<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new OutOfTurnMetadata());
}
