using System.Threading.RateLimiting;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Weir.AspNetCore;

/// <summary>
/// How many queries a node answers at once. Whoever asks what was used can wait; whoever wants to use something should not wait for him. So
/// queries take turns, and while the writer is behind (<see cref="GroupCommit.IsBehind"/>) one goes at a time, and one of those that may take long;
/// after each its place rests for a multiple of the time that it took, so that the database's time is the writer's. Those that may take long have
/// half of the places at the most.
/// </summary>
internal sealed class QueryPlaces(WeirOptions options, TimeProvider time) : IDisposable
{
    /// <summary>How many times as long as a query took its place rests: queries have a tenth of the time of one connection, for each of the two places.</summary>
    private const int RestTimes = 9;

    /// <summary>The longest rest, as a part of what a query may take: whoever waits his turn has time for more than one.</summary>
    private const int LongestRestPart = 4;

    /// <summary>How often those who wait for the only place look whether the writer is behind still.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrencyLimiter _places = new(new ConcurrencyLimiterOptions { PermitLimit = options.MostQueries, QueueLimit = options.MostWaitingQueries });
    private readonly ConcurrencyLimiter _longPlaces = new(new ConcurrencyLimiterOptions { PermitLimit = Math.Max(1, options.MostQueries / 2), QueueLimit = options.MostWaitingQueries });
    private readonly OnlyPlace _soon = new(time, options.RequestDeadline / LongestRestPart);
    private readonly OnlyPlace _long = new(time, options.LongRequestDeadline / LongestRestPart);

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
        Place place = new();
        try
        {
            if (mayTakeLong)
            {
                place.Add(await AcquireAsync(_longPlaces, context));
            }

            place.Add(await AcquireAsync(_places, context));
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

    public void Dispose()
    {
        _places.Dispose();
        _longPlaces.Dispose();
    }

    private async ValueTask<RateLimitLease> AcquireAsync(ConcurrencyLimiter limiter, HttpContext context)
    {
        RateLimitLease lease = await limiter.AcquireAsync(1, context.RequestAborted);
        if (lease.IsAcquired)
        {
            return lease;
        }

        lease.Dispose();
        throw new OverloadedException($"{options.MostWaitingQueries} queries wait already; ask again in a moment.");
    }

    /// <summary>A place among all queries, one among those that may take long for one of them, and, when it was taken while the writer was behind, the only one of its kind.</summary>
    private sealed class Place : IDisposable
    {
        private readonly List<RateLimitLease> _leases = new(2);
        private OnlyPlace? _only;

        public void Add(RateLimitLease lease) => _leases.Add(lease);

        public bool TryTake(OnlyPlace only)
        {
            _only = only.TryTake() ? only : null;
            return _only is not null;
        }

        public void Dispose()
        {
            Interlocked.Exchange(ref _only, null)?.Leave();
            _leases.ForEach(lease => lease.Dispose());
        }
    }

    /// <summary>Taken by one at a time; whoever leaves it lets it rest.</summary>
    private sealed class OnlyPlace(TimeProvider time, TimeSpan longestRest)
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
                _rest = rest < longestRest ? rest : longestRest;
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
