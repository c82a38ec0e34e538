using System.Net;
using System.Net.Sockets;
using System.Text;

using NodaTime;

namespace Weir;

/// <summary>
/// Posts to receivers that may be slow, broken or hostile: no redirects, no proxies, no cookies, an address that is judged when it is
/// connected to, a bound for every time and every size. Nothing that a receiver does throws; it becomes an <see cref="Attempt"/>.
/// </summary>
internal sealed class WebhookSender : IDisposable
{
    /// <summary>Kibibytes of the headers of an answer.</summary>
    private const int LargestHeaders = 16;

    private static readonly TimeSpan s_poolLifetime = TimeSpan.FromMinutes(2);

    private readonly WebhookOptions _options;
    private readonly TargetAddresses _addresses;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;

    public WebhookSender(WebhookOptions options, TargetAddresses addresses, TimeProvider time)
    {
        _options = options;
        _addresses = addresses;
        _time = time;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxResponseHeadersLength = LargestHeaders,
            MaxResponseDrainSize = 0,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = s_poolLifetime,
            ConnectCallback = ConnectAsync,
        });
    }

    /// <summary>Finds the addresses of a name; tests put their own in its place.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; set; } = static (name, token) => Dns.GetHostAddressesAsync(name, token);

    public async Task<Attempt> SendAsync(string url, string id, IEnumerable<byte[]> secrets, byte[] body, CancellationToken cancellationToken)
    {
        string timestamp = WebhookSignature.Timestamp(Instant.FromDateTimeOffset(_time.GetUtcNow()));
        using HttpRequestMessage request = new(HttpMethod.Post, url) { Version = HttpVersion.Version11, Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "Weir-Webhooks/1.0");
        request.Headers.TryAddWithoutValidation(WebhookSignature.IdHeader, id);
        request.Headers.TryAddWithoutValidation(WebhookSignature.TimestampHeader, timestamp);
        request.Headers.TryAddWithoutValidation(WebhookSignature.SignatureHeader, WebhookSignature.Sign(secrets, id, timestamp, body));
        using CancellationTokenSource answerLate = new(_options.AnswerTimeout, _time);
        using CancellationTokenSource late = new(_options.TotalTimeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(answerLate.Token, late.Token, cancellationToken);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, either.Token);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException or InvalidOperationException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Attempt.Failed(either.IsCancellationRequested ? $"No answer within {_options.AnswerTimeout.TotalSeconds} s." : Explain(exception));
        }

        using (response)
        {
            using CancellationTokenSource reading = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            return AttemptOf(response, await ReadAsync(response.Content, reading.Token));
        }
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(_options.ConnectTimeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        string host = context.DnsEndPoint.Host;
        IPAddress[] found = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await Resolve(host, either.Token);
        IPAddress[] allowed = [.. found.Where(_addresses.MayReach)];
        if (allowed.Length == 0)
        {
            throw new TargetRefusedException(found.Length == 0 ? $"'{host}' has no address." : $"'{host}' leads to {found[0]}, which webhooks may not reach.");
        }

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, either.Token);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The beginning of an answer, read as far as it may be; what breaks off is as much as came.</summary>
    private async Task<string?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] kept = new byte[_options.KeptAnswer * 4];
        byte[] buffer = new byte[8 * 1024];
        int length = 0;
        try
        {
            await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
            int total = 0;
            while (total < _options.LargestAnswer)
            {
                int read = await stream.ReadAsync(buffer.AsMemory(0, Math.Min(buffer.Length, _options.LargestAnswer - total)), cancellationToken);
                if (read == 0)
                {
                    break;
                }

                int take = Math.Min(read, kept.Length - length);
                buffer.AsSpan(0, take).CopyTo(kept.AsSpan(length));
                length += take;
                total += read;
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
        {
            // The status has been received; what is missing of the body changes nothing.
        }

        return Excerpt.Of(kept.AsSpan(0, length), _options.KeptAnswer);
    }

    private Attempt AttemptOf(HttpResponseMessage response, string? answer)
    {
        int status = (int)response.StatusCode;
        string? error = status switch
        {
            >= 200 and < 300 => null,
            >= 300 and < 400 => $"It answered {status}; redirects are not followed. Change the webhook's address.",
            _ => $"It answered {status}.",
        };
        return new Attempt(status, error, answer)
        {
            IsGone = response.StatusCode == HttpStatusCode.Gone,
            RetryAfter = error is not null ? RetryAfterOf(response) : null,
        };
    }

    private Duration? RetryAfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => Duration.FromTimeSpan(delta),
        { Date: { } date } => Duration.FromTimeSpan(date - _time.GetUtcNow()),
        _ => null,
    };

    private static string Explain(Exception exception)
    {
        for (Exception? inner = exception; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case TargetRefusedException refused:
                    return refused.Message;
                case SocketException socket:
                    return $"No connection: {socket.SocketErrorCode}.";
                case System.Security.Authentication.AuthenticationException:
                    return "Its TLS certificate is not valid, or TLS failed.";
            }
        }

        return exception is HttpRequestException { HttpRequestError: var kind } && kind != HttpRequestError.Unknown ? $"No answer: {kind}." : "No answer that can be understood.";
    }

    private sealed class TargetRefusedException(string message) : IOException(message);
}
