using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Weir.Storage.Tests;

/// <summary>A mail as a server took it.</summary>
/// <param name="User">Who had logged in, as <c>user:password</c>; null for nobody.</param>
public sealed record ReceivedMail(string From, string To, string Text, bool Encrypted, string? User)
{
    public string Header(string name)
    {
        string head = Text[..Text.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Replace("\r\n ", " ", StringComparison.Ordinal);
        return Assert.Single(head.Split("\r\n"), line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))[(name.Length + 2)..];
    }

    public string Body => Encoding.UTF8.GetString(Convert.FromBase64String(Text[(Text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].Replace("\r\n", "", StringComparison.Ordinal)));
}

/// <summary>A small mail server on a port of its own: it speaks SMTP with STARTTLS, TLS and AUTH, and refuses what the test says.</summary>
public sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<ReceivedMail> _mails = [];
    private readonly Task _accepting;

    public MailServer()
    {
        _listener.Start();
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Certificate = X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pkcs12), null);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public X509Certificate2 Certificate { get; }

    /// <summary>TLS from the first byte.</summary>
    public bool IsEncrypted { get; init; }

    public IReadOnlyList<string> Offers { get; set; } = ["STARTTLS", "AUTH PLAIN LOGIN", "SIZE 1000000"];

    /// <summary>What a command is answered with in place of what is usual; null for that.</summary>
    public Func<string, string?> Refuse { get; set; } = _ => null;

    public IReadOnlyList<ReceivedMail> Mails
    {
        get
        {
            lock (_mails)
            {
                return [.. _mails];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stop.Dispose();
        Certificate.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> conversations = [];
        try
        {
            while (true)
            {
                conversations.Add(SpeakAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        finally
        {
            await Task.WhenAll(conversations);
        }
    }

    private async Task SpeakAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                Stream stream = client.GetStream();
                bool encrypted = IsEncrypted;
                if (encrypted)
                {
                    stream = await EncryptAsync(stream);
                }

                await SayAsync(stream, Refuse("connect") ?? "220 mail.example ESMTP");
                await ConverseAsync(stream, encrypted);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The client has gone.
        }
    }

    private async Task ConverseAsync(Stream stream, bool encrypted)
    {
        (string? from, string? to, string? user) = (null, null, null);
        while (await LineAsync(stream) is { } line)
        {
            if (Refuse(line) is { } refusal)
            {
                await SayAsync(stream, refusal);
                continue;
            }

            switch (line.Split(' ', ':')[0].ToUpperInvariant())
            {
                case "EHLO":
                    string[] offers = [.. Offers.Where(offer => !(encrypted && offer == "STARTTLS"))];
                    await SayAsync(stream, string.Join("\r\n", offers.Select((offer, i) => (i == offers.Length - 1 ? "250 " : "250-") + offer).Prepend("250-mail.example")));
                    break;
                case "STARTTLS":
                    await SayAsync(stream, "220 go on");
                    stream = await EncryptAsync(stream);
                    encrypted = true;
                    break;
                case "AUTH" when line.StartsWith("AUTH PLAIN ", StringComparison.Ordinal):
                    user = Encoding.UTF8.GetString(Convert.FromBase64String(line[11..])).TrimStart('\0').Replace('\0', ':');
                    await SayAsync(stream, "235 welcome");
                    break;
                case "AUTH":
                    await SayAsync(stream, "334 VXNlcm5hbWU6");
                    user = Decode(await LineAsync(stream));
                    await SayAsync(stream, "334 UGFzc3dvcmQ6");
                    user += ":" + Decode(await LineAsync(stream));
                    await SayAsync(stream, "235 welcome");
                    break;
                case "MAIL":
                    from = line["MAIL FROM:<".Length..^1];
                    await SayAsync(stream, "250 ok");
                    break;
                case "RCPT":
                    to = line["RCPT TO:<".Length..^1];
                    await SayAsync(stream, "250 ok");
                    break;
                case "DATA":
                    await SayAsync(stream, "354 go on");
                    StringBuilder text = new();
                    while (await LineAsync(stream) is { } part && part != ".")
                    {
                        text.Append(part.StartsWith('.') ? part[1..] : part).Append("\r\n");
                    }

                    lock (_mails)
                    {
                        _mails.Add(new ReceivedMail(from!, to!, text.ToString(), encrypted, user));
                    }

                    await SayAsync(stream, Refuse("taken") ?? $"250 taken for {to}");
                    break;
                case "QUIT":
                    await SayAsync(stream, "221 bye");
                    return;
                default:
                    await SayAsync(stream, "500 what?");
                    break;
            }
        }
    }

    private async Task<Stream> EncryptAsync(Stream stream)
    {
        SslStream encrypted = new(stream);
        await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, _stop.Token);
        return encrypted;
    }

    private async Task<string?> LineAsync(Stream stream)
    {
        List<byte> line = [];
        byte[] one = new byte[1];
        while (await stream.ReadAsync(one, _stop.Token) == 1)
        {
            if (one[0] == '\n')
            {
                Assert.Equal((byte)'\r', line[^1]);
                return Encoding.UTF8.GetString([.. line[..^1]]);
            }

            line.Add(one[0]);
        }

        return null;
    }

    private static string Decode(string? text) => Encoding.UTF8.GetString(Convert.FromBase64String(text!));

    private Task SayAsync(Stream stream, string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\r\n"), _stop.Token).AsTask();
}
