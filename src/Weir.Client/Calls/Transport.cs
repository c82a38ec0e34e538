using System.Net;
using System.Net.Http.Headers;

using Microsoft.Extensions.Logging;

namespace Weir.Client;

/// <summary>
/// Sends a call until it is answered. Only what may be sent twice comes here: every effect has an id, and the rest replaces. Repeated
/// are lost connections, time-outs, 408, 5xx, and 429 that says when to come again; never another 4xx.
/// </summary>
internal sealed class Transport(HttpClient http, WeirClientOptions options, Outage outage, ClientInstruments instruments, TimeProvider time, ILogger logger)
{
    private const string Overloaded = "overloaded";

    private static readonly ProductInfoHeaderValue s_agent = new("Weir.Client", typeof(Transport).Assembly.GetName().Version?.ToString(3));

    // Ids may be dots and slashes; they are percent-encoded already and must arrive so.
    private static readonly UriCreationOptions s_asItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly string _root = options.BaseAddress!.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/api/v1/";

    private readonly AuthenticationHeaderValue _key = new("Bearer", options.Key);

    /// <summary>A successful answer.</summary>
    /// <exception cref="WeirProblemException">The request is wrong.</exception>
    /// <exception cref="WeirUnavailableException">There was no answer in the time and the attempts that there are.</exception>
    public async Task<Answer> SendAsync(Call call, CancellationToken cancellationToken)
    {
        long begun = time.GetTimestamp();
        int most = call.MostAttempts ?? options.MostAttempts;
        bool mayHave = false;
        for (int attempt = 1; ; attempt++)
        {
            Exception cause;
            TimeSpan? after = null;
            try
            {
                Answer answer = await SendOnceAsync(call, call.Timeout - time.GetElapsedTime(begun), cancellationToken);
                if (IsAnswered(answer))
                {
                    outage.End();
                    return (int)answer.Status is >= 200 and < 300 ? answer : throw WeirProblemException.Of(answer);
                }

                WeirProblemException problem = WeirProblemException.Of(answer);
                // The server says of an overload that it has not begun; of every other failure nobody knows.
                mayHave |= problem.Code != Overloaded && answer.Status != HttpStatusCode.TooManyRequests;
                after = answer.RetryAfter;
                cause = problem;
            }
            catch (HttpRequestException exception)
            {
                mayHave |= !WasNotSent(exception);
                cause = exception;
            }
            catch (IOException exception)
            {
                mayHave = true;
                cause = exception;
            }
            catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
            {
                mayHave = true;
                cause = new TimeoutException("Weir did not answer in time.", exception);
            }

            TimeSpan pause = PauseAfter(attempt, after);
            if (attempt >= most || time.GetElapsedTime(begun) + pause >= call.Timeout)
            {
                if (outage.Begin())
                {
                    Log.Unavailable(logger, cause.Message);
                }

                throw new WeirUnavailableException(DenialReasons.Unavailable, $"Weir cannot be reached or cannot answer now: {cause.Message}", mayHave, cause);
            }

            instruments.Retries.Add(1);
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private async Task<Answer> SendOnceAsync(Call call, TimeSpan left, CancellationToken cancellationToken)
    {
        TimeSpan limit = call.AttemptTimeout ?? options.AttemptTimeout;
        using CancellationTokenSource late = new(left < limit ? left : limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        using HttpRequestMessage request = new(call.Method, new Uri(_root + call.Path, s_asItIs));
        request.Headers.Authorization = _key;
        request.Headers.UserAgent.Add(s_agent);
        request.Headers.TryAddWithoutValidation("Accept", call.Accept);
        if (call.IfMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", call.IfMatch);
        }

        if (call.Body is { } body)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(call.ContentType);
        }

        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        ReadOnlyMemory<byte> answer = await ReadAsync(response.Content, either.Token);
        return new Answer(response.StatusCode, answer, response.Content.Headers.ContentType?.MediaType, response.Headers.ETag?.ToString(), RetryAfterOf(response));
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > options.LargestAnswer)
        {
            throw TooLarge();
        }

        await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
        // One byte more than was announced, so that the end is seen without growing.
        byte[] buffer = new byte[(int)(content.Headers.ContentLength ?? 4095) + 1];
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                // One byte more than the largest answer shows that there is more of it.
                if (length > options.LargestAnswer)
                {
                    throw TooLarge();
                }

                Array.Resize(ref buffer, (int)Math.Min(Math.Max(buffer.Length * 2L, 4096), options.LargestAnswer + 1L));
            }

            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return buffer.AsMemory(0, length);
            }

            length += read;
        }
    }

    private InvalidOperationException TooLarge() => new($"The answer has more than {options.LargestAnswer} bytes; ask for less at once, or raise {nameof(WeirClientOptions.LargestAnswer)}.");

    private static bool IsAnswered(Answer answer) => answer.Status switch
    {
        HttpStatusCode.RequestTimeout => false,
        HttpStatusCode.TooManyRequests => answer.RetryAfter is null,
        _ => (int)answer.Status < 500,
    };

    private static bool WasNotSent(HttpRequestException exception) => exception.HttpRequestError is
        HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;

    private TimeSpan? RetryAfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow() is { Ticks: > 0 } wait ? wait : TimeSpan.Zero,
        _ => null,
    };

    /// <summary>Doubles with each attempt, and chance spreads the clients that lost the same server.</summary>
    private TimeSpan PauseAfter(int attempt, TimeSpan? after)
    {
        double most = Math.Min(options.LongestBackOff.TotalMilliseconds, options.FirstBackOff.TotalMilliseconds * Math.Pow(2, attempt - 1));
        TimeSpan pause = TimeSpan.FromMilliseconds(most * (0.5 + (Random.Shared.NextDouble() / 2)));
        return after is { } told ? told + pause : pause;
    }
}
