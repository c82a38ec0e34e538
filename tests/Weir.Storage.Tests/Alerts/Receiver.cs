using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Weir.Storage.Tests;

/// <summary>A request as a receiver of webhooks sees it.</summary>
public sealed record ReceivedCall(string Line, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Id => Headers["webhook-id"];

    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Body);

    /// <summary>
    /// Verifies as the specification of Standard Webhooks says, independently of the sender: any of the signatures of the version v1 must
    /// be that of <c>id.timestamp.body</c> under the secret.
    /// </summary>
    public bool IsSignedBy(string secret)
    {
        if (!secret.StartsWith("whsec_", StringComparison.Ordinal))
        {
            throw new ArgumentException("A secret begins with whsec_.", nameof(secret));
        }

        using HMACSHA256 hmac = new(Convert.FromBase64String(secret[6..]));
        using MemoryStream content = new();
        content.Write(Encoding.UTF8.GetBytes(Headers["webhook-id"]));
        content.WriteByte((byte)'.');
        content.Write(Encoding.UTF8.GetBytes(Headers["webhook-timestamp"]));
        content.WriteByte((byte)'.');
        content.Write(Body);
        string expected = Convert.ToBase64String(hmac.ComputeHash(content.ToArray()));
        return Headers["webhook-signature"].Split(' ').Select(part => part.Split(',', 2)).Any(part => part is ["v1", var signature] && signature == expected);
    }
}

/// <summary>A receiver of webhooks on a port of its own. It answers as the test says: well, badly, or not at all.</summary>
public sealed class Receiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<ReceivedCall> _calls = [];
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly Task _accepting;

    public Receiver(Func<ReceivedCall, Stream, CancellationToken, Task>? answer = null)
    {
        Answer = answer ?? ((_, stream, token) => WriteAsync(stream, "200 OK", "fine", token));
        _listener.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/hook";
        _accepting = AcceptAsync();
    }

    public string Url { get; }

    /// <summary>Writes the answer to the connection; what it throws ends the connection.</summary>
    public Func<ReceivedCall, Stream, CancellationToken, Task> Answer { get; set; }

    public IReadOnlyList<ReceivedCall> Calls
    {
        get
        {
            lock (_calls)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Ends when one more request has arrived whole than the last time.</summary>
    public Task ArrivedAsync() => _arrived.WaitAsync(TimeSpan.FromMinutes(2)).ContinueWith(
        waited => waited.Result ? 0 : throw new TimeoutException("No request arrived."), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    public static Task WriteAsync(Stream stream, string status, string body, CancellationToken cancellationToken, string headers = "") =>
        stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}\r\n{body}"), cancellationToken).AsTask();

    /// <summary>Answers every request with a status.</summary>
    public void AnswerWith(string status, string body = "", string headers = "") => Answer = (_, stream, token) => WriteAsync(stream, status, body, token, headers);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stop.Dispose();
        _arrived.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        finally
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                NetworkStream stream = client.GetStream();
                while (await ReadAsync(stream) is { } call)
                {
                    lock (_calls)
                    {
                        _calls.Add(call);
                    }

                    _arrived.Release();
                    await Answer(call, stream, _stop.Token);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Gone, as receivers go.
        }
    }

    private async Task<ReceivedCall?> ReadAsync(NetworkStream stream)
    {
        List<byte> head = [];
        byte[] one = new byte[1];
        while (head.Count < 4 || !head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
            {
                return null;
            }

            head.Add(one[0]);
        }

        string[] lines = Encoding.UTF8.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        byte[] body = new byte[int.Parse(headers["Content-Length"])];
        await stream.ReadExactlyAsync(body, _stop.Token);
        return new ReceivedCall(lines[0], headers, body);
    }
}
