using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

using NodaTime;

using Weir.Engine;

using ScopeNames = System.Collections.Generic.IReadOnlyDictionary<Weir.Engine.ScopeKind, System.Collections.Generic.IReadOnlyDictionary<long, string>>;

namespace Weir.AspNetCore;

/// <summary>
/// Server-sent events (WHATWG HTML, section 9.2) with the balances of an account. Each stream looks for itself: a look costs no read of the
/// database while the account rests, and the number of streams is bounded.
/// </summary>
internal sealed class UsageStreams(WeirOptions options)
{
    public const string ContentType = "text/event-stream";

    /// <summary>What a look finds is at most one second old, and looks are never further apart than this.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);

    private readonly StreamPlaces _places = new(options.MostStreams, options.MostStreamsOfAccount);

    public async Task StreamAsync(HttpContext context, KeyService keys, UsageService usage, IWeirStore store, TimeProvider time)
    {
        PortalIdentity portal = context.Caller().Portal!;
        using IDisposable place = _places.TryTake(context.Workspace(), portal.AccountId, out string reason)
            ?? throw new ProblemException(new Problem(StatusCodes.Status429TooManyRequests, "too_many_streams", "Too many streams are open", reason) { RetryAfter = 10 });
        CancellationToken stopping = context.RequestServices.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        Look look = new(context, usage, store);
        // What cannot be read at all is a problem document still, not a stream that ends at once.
        ReadOnlyMemory<byte>? news = await look.NewsAsync(context.RequestAborted);
        Begin(context);
        try
        {
            long lastWrite = 0;
            while (true)
            {
                if (news is { } changed)
                {
                    await WriteAsync(context, changed);
                    lastWrite = time.GetTimestamp();
                }
                else if (time.GetElapsedTime(lastWrite) >= options.StreamHeartbeat)
                {
                    await WriteAsync(context, ": \n\n"u8.ToArray());
                    lastWrite = time.GetTimestamp();
                }

                await Task.Delay(s_pause, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (stopping.IsCancellationRequested)
                {
                    await EndAsync(context, "shutdown");
                    return;
                }

                if (await keys.AuthenticateAsync(Guard.BearerOf(context)!, context.RequestAborted) is null)
                {
                    await EndAsync(context, Instant.FromDateTimeOffset(time.GetUtcNow()) >= portal.ExpiresAt ? "expired" : "revoked");
                    return;
                }

                news = await look.NewsAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads it any more.
        }
        catch (ProblemException)
        {
            // The account has just been erased, and the token with it.
            await EndAsync(context, "revoked");
        }
        catch (StoreUnavailableException)
        {
            await EndAsync(context, "unavailable");
        }
    }

    private static void Begin(HttpContext context)
    {
        context.Response.ContentType = ContentType;
        context.Response.Headers.CacheControl = "no-store";
        // A proxy that gathers the answer before it passes it on would make a stream useless.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }

    private static Task EndAsync(HttpContext context, string reason) => WriteAsync(context, Encoding.UTF8.GetBytes($"event: end\ndata: {{\"reason\":\"{reason}\"}}\n\n"));

    private static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> text)
    {
        FlushResult written = await context.Response.BodyWriter.WriteAsync(text, context.RequestAborted);
        if (written.IsCompleted)
        {
            context.RequestAborted.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Finds what is new since the last look.</summary>
    private sealed class Look(HttpContext context, UsageService usage, IWeirStore store)
    {
        private readonly ArrayBufferWriter<byte> _figures = new();
        private readonly ArrayBufferWriter<byte> _event = new();
        private byte[] _last = [];
        private AccountState? _state;
        private ScopeNames _names = new Dictionary<ScopeKind, IReadOnlyDictionary<long, string>>();

        /// <summary>The next event, or null while nothing has changed.</summary>
        public async ValueTask<ReadOnlyMemory<byte>?> NewsAsync(CancellationToken cancellationToken)
        {
            PortalIdentity portal = context.Caller().Portal!;
            AccountState state = await store.Ledger.ReadStateAsync(context.Workspace(), portal.Account, cancellationToken)
                ?? throw new ProblemException(Problem.UnknownAccount(portal.Account.Value));
            AccountUsage found = await usage.OfAsync(context.Workspace(), new AccountRecord(new AccountProfile(portal.Account), state), cancellationToken);
            if (!ReferenceEquals(state, _state))
            {
                _names = await UsageEndpoints.NamesAsync(context, found, store);
                _state = state;
            }

            found = UsageEndpoints.OwnLines(context, found, _names);
            _figures.ResetWrittenCount();
            // The time of the look is no news.
            Write(_figures, found with { AsOf = Instant.MaxValue });
            if (_figures.WrittenSpan.SequenceEqual(_last))
            {
                return null;
            }

            _last = _figures.WrittenSpan.ToArray();
            _event.ResetWrittenCount();
            _event.Write("event: usage\ndata: "u8);
            Write(_event, found);
            _event.Write("\n\n"u8);
            return _event.WrittenMemory;
        }

        private void Write(ArrayBufferWriter<byte> buffer, AccountUsage found)
        {
            using Utf8JsonWriter writer = new(buffer, JsonBody.Writing);
            UsageWriter.WriteUsage(writer, found, _names);
        }
    }
}
