using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

using NodaTime;

namespace Weir;

/// <summary>Sends notifications by mail, one mail a conversation. What goes wrong becomes an <see cref="Attempt"/>; no address stands in it.</summary>
internal sealed class MailSender(MailOptions options, WebhookOptions deliveries, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _places = new(options.AtOnce, options.AtOnce);

    /// <summary>How the server's certificate is judged; null for the system's way. Tests have certificates of their own.</summary>
    internal RemoteCertificateValidationCallback? Certificate { get; set; }

    public async Task<Attempt> SendAsync(string to, Notification notification, string workspace, string? account, CancellationToken cancellationToken)
    {
        byte[] mail = MailMessage.Write(
            options.From!, to, NotificationText.Subject(notification, workspace, account), NotificationText.Body(notification, workspace, account),
            notification.Id, Instant.FromDateTimeOffset(time.GetUtcNow()));
        await _places.WaitAsync(cancellationToken);
        using CancellationTokenSource late = new(options.Timeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await using SmtpSession session = await SmtpSession.OpenAsync(options, Certificate, either.Token);
            string answer = await session.SendAsync(options.From!, to, mail, either.Token);
            await session.QuitAsync(either.Token);
            return new Attempt(250, null, Shown(answer, to));
        }
        catch (SmtpException refused)
        {
            return refused.Code == 0
                ? Attempt.Failed(refused.Text)
                : new Attempt(refused.Code, $"The mail server answered {refused.Code}.", Shown(refused.Text, to)) { IsFinal = refused.IsOfTheMail && refused.Code >= 500 };
        }
        catch (Exception exception) when (exception is SocketException or IOException or InvalidDataException or AuthenticationException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Attempt.Failed(exception switch
            {
                OperationCanceledException => $"The mail server did not take the mail within {options.Timeout.TotalSeconds} s.",
                SocketException socket => $"No connection to the mail server: {socket.SocketErrorCode}.",
                AuthenticationException => "The mail server's TLS certificate is not valid, or TLS failed.",
                InvalidDataException => exception.Message,
                _ => "The connection to the mail server broke off.",
            });
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    /// <summary>Servers repeat the recipient in what they answer; it is personal data and does not belong in the log of deliveries.</summary>
    private string? Shown(string answer, string to)
    {
        string text = answer.Replace(to, "…", StringComparison.OrdinalIgnoreCase).Replace(to[..to.IndexOf('@', StringComparison.Ordinal)], "…", StringComparison.OrdinalIgnoreCase);
        return Excerpt.Of(Encoding.UTF8.GetBytes(text), deliveries.KeptAnswer);
    }
}
