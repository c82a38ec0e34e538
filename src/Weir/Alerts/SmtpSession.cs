using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Weir;

/// <summary>The mail server refused something.</summary>
internal sealed class SmtpException(int code, string text, bool ofTheMail) : Exception($"{code} {text}")
{
    public int Code => code;

    public string Text => text;

    /// <summary>It refused this mail, not us: where the code is 5xx, there is no use in sending it again.</summary>
    public bool IsOfTheMail => ofTheMail;
}

/// <summary>One conversation with a mail server (RFC 5321; STARTTLS RFC 3207, AUTH RFC 4954). Every line that it may send is bounded.</summary>
internal sealed class SmtpSession : IAsyncDisposable
{
    private const int LongestLine = 2048;
    private const int MostLines = 100;

    private readonly byte[] _buffer = new byte[LongestLine];
    private readonly TcpClient _client = new();
    private Stream _stream = Stream.Null;
    private int _start;
    private int _end;

    private SmtpSession()
    {
    }

    /// <summary>Connects, encrypts and logs in as the options say.</summary>
    /// <param name="certificate">How the server's certificate is judged; null for the system's way.</param>
    public static async Task<SmtpSession> OpenAsync(MailOptions options, RemoteCertificateValidationCallback? certificate, CancellationToken cancellationToken)
    {
        SmtpSession session = new();
        try
        {
            await session._client.ConnectAsync(options.Host!, options.Port, cancellationToken);
            session._stream = session._client.GetStream();
            if (options.Security == MailSecurity.Tls)
            {
                await session.EncryptAsync(options.Host!, certificate, cancellationToken);
            }

            await session.ExpectAsync(220, cancellationToken);
            IReadOnlyList<string> offers = await session.GreetAsync(options, cancellationToken);
            if (options.Security == MailSecurity.StartTls)
            {
                if (!offers.Contains("STARTTLS", StringComparer.OrdinalIgnoreCase))
                {
                    throw new SmtpException(0, "The mail server offers no STARTTLS; set Weir:Mail:Security to Tls or None, as the server works.", false);
                }

                await session.CallAsync("STARTTLS", 220, cancellationToken);
                // What was sent in the clear after the agreement is not part of the encrypted conversation.
                (session._start, session._end) = (0, 0);
                await session.EncryptAsync(options.Host!, certificate, cancellationToken);
                offers = await session.GreetAsync(options, cancellationToken);
            }

            if (options.User is not null)
            {
                await session.LogInAsync(options, offers, cancellationToken);
            }

            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Hands one mail over. When it returns, the server has taken it.</summary>
    public async Task<string> SendAsync(string from, string to, byte[] mail, CancellationToken cancellationToken)
    {
        await CallAsync($"MAIL FROM:<{from}>", 250, cancellationToken, ofTheMail: true);
        await CallAsync($"RCPT TO:<{to}>", 250, cancellationToken, ofTheMail: true);
        await CallAsync("DATA", 354, cancellationToken, ofTheMail: true);
        // A mail is lines of encoded text and headers: none of them begins with a point, so there is nothing to double.
        await _stream.WriteAsync(mail, cancellationToken);
        return await CallAsync(".", 250, cancellationToken, ofTheMail: true);
    }

    /// <summary>Takes leave; nothing depends on it.</summary>
    public async Task QuitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync("QUIT", 221, cancellationToken);
        }
        catch (Exception exception) when (exception is SmtpException or IOException or OperationCanceledException or InvalidDataException)
        {
            // The mail has been taken.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _client.Dispose();
    }

    private async Task EncryptAsync(string host, RemoteCertificateValidationCallback? certificate, CancellationToken cancellationToken)
    {
        SslStream encrypted = new(_stream, leaveInnerStreamOpen: false);
        _stream = encrypted;
        await encrypted.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host, RemoteCertificateValidationCallback = certificate }, cancellationToken);
    }

    private async Task<IReadOnlyList<string>> GreetAsync(MailOptions options, CancellationToken cancellationToken)
    {
        string name = options.From![(options.From!.IndexOf('@', StringComparison.Ordinal) + 1)..];
        return (await CallAsync($"EHLO {name}", 250, cancellationToken)).Split('\n');
    }

    private async Task LogInAsync(MailOptions options, IReadOnlyList<string> offers, CancellationToken cancellationToken)
    {
        string[] ways = offers.FirstOrDefault(offer => offer.StartsWith("AUTH ", StringComparison.OrdinalIgnoreCase))?.Split(' ') ?? [];
        if (ways.Contains("PLAIN", StringComparer.OrdinalIgnoreCase))
        {
            await CallAsync("AUTH PLAIN " + Encode($"\0{options.User}\0{options.Password}"), 235, cancellationToken);
        }
        else if (ways.Contains("LOGIN", StringComparer.OrdinalIgnoreCase))
        {
            await CallAsync("AUTH LOGIN", 334, cancellationToken);
            await CallAsync(Encode(options.User!), 334, cancellationToken);
            await CallAsync(Encode(options.Password!), 235, cancellationToken);
        }
        else
        {
            throw new SmtpException(0, "The mail server offers neither AUTH PLAIN nor AUTH LOGIN.", false);
        }

        static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
    }

    private async Task<string> CallAsync(string line, int expected, CancellationToken cancellationToken, bool ofTheMail = false)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), cancellationToken);
        return await ExpectAsync(expected, cancellationToken, ofTheMail);
    }

    /// <summary>The lines of the reply, without their codes.</summary>
    private async Task<string> ExpectAsync(int expected, CancellationToken cancellationToken, bool ofTheMail = false)
    {
        List<string> lines = [];
        while (true)
        {
            string line = await ReadLineAsync(cancellationToken);
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), System.Globalization.NumberStyles.None, null, out int code) || lines.Count == MostLines)
            {
                throw new InvalidDataException("The mail server does not speak SMTP.");
            }

            lines.Add(line.Length > 4 ? line[4..] : "");
            if (line.Length == 3 || line[3] != '-')
            {
                // 251 and 252 take a recipient as 250 does.
                return code == expected || (expected == 250 && code is 251 or 252) ? string.Join('\n', lines) : throw new SmtpException(code, string.Join(' ', lines), ofTheMail);
            }
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                string line = Encoding.UTF8.GetString(_buffer, _start, length).TrimEnd('\r');
                _start += length + 1;
                return line;
            }

            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            if (_end == _buffer.Length)
            {
                throw new InvalidDataException("The mail server sends lines that are too long.");
            }

            int read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            _end += read > 0 ? read : throw new EndOfStreamException("The mail server has closed the connection.");
        }
    }
}
