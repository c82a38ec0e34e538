using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Weir.Client;

/// <summary>
/// Weir over HTTP, typed. Safe for use from many threads; one for each server and key is enough for a process. Calls are repeated with the
/// same id when an answer is missing; what is wrong throws <see cref="WeirProblemException"/>, and what cannot be answered now
/// <see cref="WeirUnavailableException"/>. Decisions never throw because Weir cannot be reached: they follow the policy of the event type.
/// Dispose it to hand what the spool still holds to the next process.
/// </summary>
public sealed partial class WeirClient : IAsyncDisposable
{
    /// <summary>Events of one request.</summary>
    public const int MostEvents = 1000;

    private readonly WeirClientOptions _options;
    private readonly HttpClient _http;
    private readonly bool _ownsHttp;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Transport _transport;
    private readonly Outage _outage;
    private readonly SpoolStore? _spool;
    private readonly SpoolDelivery? _delivery;
    private readonly KeptIds _kept;
    private readonly AloneHolds _alone;
    private int _disposed;

    /// <param name="options">Not to be changed any more.</param>
    /// <param name="http">Where to send through; the caller disposes it. Null: connections of the client's own.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="IOException">The folder of the spool cannot be used.</exception>
    public WeirClient(WeirClientOptions options, HttpClient? http = null, TimeProvider? time = null, ILogger<WeirClient>? logger = null)
        : this(options, http, time, logger, new LocalDisk())
    {
    }

    internal WeirClient(WeirClientOptions options, HttpClient? http, TimeProvider? time, ILogger<WeirClient>? logger, ISpoolDisk disk)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _ownsHttp = http is null;
        _http = http ?? NewHttp(options);
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger<WeirClient>.Instance;
        Instruments = new ClientInstruments();
        _outage = new Outage(options.Outage, _time);
        _transport = new Transport(_http, options, _outage, Instruments, _time, _logger);
        _kept = new KeptIds(options.Spool.MostIds);
        _alone = new AloneHolds(options.Outage.MostReservations, _time);
        if (options.Spool.Folder is not null)
        {
            _spool = new SpoolStore(options.Spool, disk, Instruments, _time, _logger);
            _delivery = new SpoolDelivery(_spool, _transport, _kept, options, _time, _logger);
            _outage.Ended = _delivery.Wake;
            Instruments.Observe(() => _delivery.Health);
        }
    }

    /// <summary>Since when Weir has not been reached; null while it can be.</summary>
    public DateTimeOffset? UnavailableSince => _outage.Since;

    /// <summary>How the spool does; null without one.</summary>
    public SpoolHealth? SpoolHealth => _delivery?.Health;

    internal ClientInstruments Instruments { get; }

    internal WeirClientOptions Options => _options;

    /// <summary>Calls that are not over by then fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_delivery is not null && _spool is not null)
        {
            await _delivery.DisposeAsync();
            await _spool.DisposeAsync();
        }

        Instruments.Dispose();
        if (_ownsHttp)
        {
            _http.Dispose();
        }
    }

    private static HttpClient NewHttp(WeirClientOptions options) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        MaxConnectionsPerServer = options.MostConnections,
        // Names are resolved anew from time to time.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = options.AttemptTimeout,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(new Call(HttpMethod.Get, path) { Timeout = _options.CallTimeout }, type, cancellationToken);

    private Task<TAnswer> PutAsync<TBody, TAnswer>(string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> type, CancellationToken cancellationToken) =>
        SendAsync(new Call(HttpMethod.Put, path) { Body = JsonSerializer.SerializeToUtf8Bytes(body, bodyType), Timeout = _options.CallTimeout }, type, cancellationToken);

    private Task<TAnswer> PostAsync<TBody, TAnswer>(string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> type, CancellationToken cancellationToken) =>
        SendAsync(new Call(HttpMethod.Post, path) { Body = JsonSerializer.SerializeToUtf8Bytes(body, bodyType), Timeout = _options.CallTimeout }, type, cancellationToken);

    private async Task<T> SendAsync<T>(Call call, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Read(await _transport.SendAsync(call, cancellationToken), type);

    internal static T Read<T>(Answer answer, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(answer.Body.Span, type) ?? throw new JsonException("The answer is null.");
        }
        catch (JsonException exception)
        {
            // Something else stands where Weir should, or a server of another kind of API.
            throw new WeirUnavailableException(
                DenialReasons.Unavailable, $"The answer is not one of Weir's ({answer.MediaType}): {exception.Message}", mayHaveTakenEffect: true, exception);
        }
    }

    /// <summary>A part of a path, percent-encoded. Dots alone would be taken for folders.</summary>
    internal static string Part(string text, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(text, name);
        return text is "." or ".." ? text.Replace(".", "%2E", StringComparison.Ordinal) : Uri.EscapeDataString(text);
    }

    /// <summary>A path with the parameters that have a value.</summary>
    private static string WithQuery(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        System.Text.StringBuilder query = new(path);
        foreach ((string name, string? value) in parameters)
        {
            if (value is not null)
            {
                query.Append(query.Length == path.Length ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        return query.ToString();
    }

    private static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture);

    internal static string NewId() => Guid.CreateVersion7().ToString();
}
