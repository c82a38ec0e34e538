using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Weir.AspNetCore;

/// <summary>How long an endpoint may take.</summary>
internal enum Haste
{
    /// <summary><see cref="WeirOptions.RequestDeadline"/>.</summary>
    Soon,

    /// <summary><see cref="WeirOptions.LongRequestDeadline"/>: it reads or writes much.</summary>
    Long,

    /// <summary>It reads its body, or answers, for as long as somebody is at the other end.</summary>
    Open,
}

internal sealed record HasteMetadata(Haste Haste);

/// <summary>
/// How long a request may take, without the time in which its body comes in and its answer goes out: those are the client's own. When it has
/// passed, waiting for the store ends, and the request is answered with <c>deadline_exceeded</c>. What the writer's queue has taken takes
/// effect all the same, which a repeat with the same id finds out.
/// </summary>
internal sealed class RequestDeadline : IHttpRequestLifetimeFeature, IDisposable
{
    private readonly IHttpRequestLifetimeFeature? _client;
    private readonly CancellationTokenSource _passed = new();
    private readonly TimeSpan _time;
    private TimeSpan _more;
    private CancellationTokenSource? _either;

    /// <param name="time">Infinite for none.</param>
    private RequestDeadline(IHttpRequestLifetimeFeature? client, TimeSpan time)
    {
        _client = client;
        _time = time;
    }

    /// <param name="client">Knows whether the client is still there.</param>
    public static RequestDeadline Of(Haste haste, WeirOptions options, IHttpRequestLifetimeFeature? client) => new(client, haste switch
    {
        Haste.Soon => options.RequestDeadline,
        Haste.Long => options.LongRequestDeadline,
        _ => Timeout.InfiniteTimeSpan,
    });

    /// <summary>What is allowed in all.</summary>
    public TimeSpan Time => _time + _more;

    /// <summary>Cancelled when the time has passed, and not when the client goes away: for what takes effect whether or not he waits.</summary>
    public CancellationToken Passed => _passed.Token;

    /// <summary>Cancelled when the client goes away, and not when the time has passed: for reading from him and writing to him.</summary>
    public CancellationToken ClientGone => _client?.RequestAborted ?? CancellationToken.None;

    /// <summary>Cancelled by either: for what has no effect, or may be left in the middle.</summary>
    public CancellationToken RequestAborted
    {
        get => (_either ??= CancellationTokenSource.CreateLinkedTokenSource(ClientGone, _passed.Token)).Token;
        set => throw new NotSupportedException("The deadline stands in front of it.");
    }

    public void Abort() => _client?.Abort();

    /// <summary>The time begins, once more where it had begun.</summary>
    public void Begin()
    {
        if (_time != Timeout.InfiniteTimeSpan)
        {
            _passed.CancelAfter(Time);
        }
    }

    /// <summary>The time stands still until it begins again.</summary>
    public void Pause() => _passed.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>The caller has asked to wait so much longer.</summary>
    public void Extend(TimeSpan more)
    {
        _more = more;
        Begin();
    }

    public Problem ToProblem() => new(StatusCodes.Status503ServiceUnavailable, "deadline_exceeded", "The store did not answer in time",
        $"The request was not answered within {Time.TotalSeconds} s. Whether it took effect is unknown: repeat it with the same id, which is safe.") { RetryAfter = 1 };

    public void Dispose()
    {
        _either?.Dispose();
        _passed.Dispose();
    }
}

/// <summary>The deadline of a request, where the guard has set one.</summary>
internal static class RequestDeadlineExtensions
{
    /// <summary>The endpoint reads or writes much and may take <see cref="WeirOptions.LongRequestDeadline"/>.</summary>
    public static TBuilder MayTakeLong<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new HasteMetadata(Haste.Long));

    /// <summary>The endpoint goes on for as long as its client does.</summary>
    public static TBuilder WithoutDeadline<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new HasteMetadata(Haste.Open));

    public static RequestDeadline? Deadline(this HttpContext context) => context.Features.Get<IHttpRequestLifetimeFeature>() as RequestDeadline;

    /// <inheritdoc cref="RequestDeadline.Passed"/>
    public static CancellationToken DeadlinePassed(this HttpContext context) => context.Deadline()?.Passed ?? CancellationToken.None;

    /// <inheritdoc cref="RequestDeadline.ClientGone"/>
    public static CancellationToken ClientGone(this HttpContext context) => context.Deadline()?.ClientGone ?? context.RequestAborted;
}
