using System.Threading.RateLimiting;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Weir.AspNetCore;

/// <summary>
/// How many queries a node answers at once. Whoever asks what was used can wait; whoever wants to use something should not wait for him. So
/// queries take turns, and while the writer is behind (<see cref="GroupCommit.IsBehind"/>) one goes at a time, and one of those that may take long;
/// after each its place rests for a multiple of the time that it took, so that most of the database's time is the writer's.
/// </summary>
internal sealed class QueryPlaces(int most, int mostWaiting, TimeProvider time) : IDisposable
{
    /// <summary>How many times as long as a query took its place rests: queries have a tenth of the time of one processor, for each of the two places.</summary>
    private const int RestTimes = 9;

    /// <summary>However long a query took.</summary>
    private static readonly TimeSpan s_longestRest = TimeSpan.FromSeconds(30);

    /// <summary>How often those who wait for the only place look whether the writer is behind still.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrencyLimiter _places = new(new ConcurrencyLimiterOptions { PermitLimit = most, QueueLimit = mostWaiting });
    private readonly OnlyPlace _soon = new(time);
    private readonly OnlyPlace _long = new(time);

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
            OnlyPlace only = mayTakeLong ? _long : _soon;
            while (commits.IsBehind && !place.TryTake(only))
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

    public void Dispose() => _places.Dispose();

    /// <summary>A place among all queries, and, when it was taken while the writer was behind, the only one of its kind.</summary>
    private sealed class Place(RateLimitLease own) : IDisposable
    {
        private OnlyPlace? _only;

        public bool TryTake(OnlyPlace only)
        {
            _only = only.TryTake() ? only : null;
            return _only is not null;
        }

        public void Dispose()
        {
            Interlocked.Exchange(ref _only, null)?.Leave();
            own.Dispose();
        }
    }

    /// <summary>Taken by one at a time; whoever leaves it lets it rest.</summary>
    private sealed class OnlyPlace(TimeProvider time)
    {
        private readonly Lock _lock = new();
        private bool _isTaken;
        private long _takenAt;
        private long _leftAt;
        private TimeSpan _rest;

        public bool TryTake()
        {
            lock (_lock)
            {
                if (_isTaken || time.GetElapsedTime(_leftAt) < _rest)
                {
                    return false;
                }

                (_isTaken, _takenAt) = (true, time.GetTimestamp());
                return true;
            }
        }

        public void Leave()
        {
            lock (_lock)
            {
                (_isTaken, _leftAt) = (false, time.GetTimestamp());
                TimeSpan rest = RestTimes * time.GetElapsedTime(_takenAt, _leftAt);
                _rest = rest < s_longestRest ? rest : s_longestRest;
            }
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
