using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Weir;

/// <summary>How notifications are delivered over HTTP: <c>Weir:Webhooks</c> in the server's configuration.</summary>
public sealed class WebhookOptions : IValidatableObject
{
    /// <summary>Lets webhooks go to private, loopback and shared (carrier) addresses. Link-local addresses, where clouds keep credentials, stay refused.</summary>
    public bool AllowPrivateTargets { get; set; }

    /// <summary>Networks that webhooks may go to although they are not public, such as <c>10.20.0.0/16</c>; any address in them, also link-local ones.</summary>
    public IList<string> AllowedNetworks { get; } = [];

    /// <summary>Lets webhooks go over http, unencrypted.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>The most webhooks of a workspace.</summary>
    [Range(1, 1_000)]
    public int MostWebhooks { get; set; } = 50;

    /// <summary>Deliveries to one webhook at the same time.</summary>
    [Range(1, 64)]
    public int AtOnce { get; set; } = 4;

    /// <summary>For the connection: name, TCP and TLS.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>From the beginning until the receiver has answered with its status and headers.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:02:00")]
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>From the beginning until the answer has been read, as far as it is read.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Bytes of an answer that are read; then the connection is closed.</summary>
    [Range(0, 1024 * 1024)]
    public int LargestAnswer { get; set; } = 64 * 1024;

    /// <summary>Characters of an answer that are kept in the log of deliveries.</summary>
    [Range(0, 4096)]
    public int KeptAnswer { get; set; } = 1024;

    /// <summary>For how long a delivery is tried; then it has failed, and a webhook that took nothing all that time is switched off.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan TryFor { get; set; } = TimeSpan.FromDays(3);

    /// <summary>Until the second attempt; each further wait is four times as long.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan FirstWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait between two attempts.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "1.00:00:00")]
    public TimeSpan LongestWait { get; set; } = TimeSpan.FromHours(6);

    /// <summary>How long finished deliveries and the notifications themselves are kept.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(90);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        AllowedNetworks.Where(network => !IsNetwork(network))
            .Select(network => new ValidationResult($"'{network}' is not a network; Weir:Webhooks:AllowedNetworks are written as 10.20.0.0/16 or fd12::/48, with no bits beyond the prefix."));

    /// <summary>Parsing alone may cut bits beyond the prefix off in silence, and then allow more than was meant.</summary>
    private static bool IsNetwork(string text) =>
        IPNetwork.TryParse(text, out IPNetwork network)
        && IPAddress.TryParse(text.AsSpan(0, text.IndexOf('/', StringComparison.Ordinal)), out IPAddress? address)
        && address.Equals(network.BaseAddress);
}

/// <summary>How a connection to the mail server is encrypted.</summary>
public enum MailSecurity
{
    /// <summary>Begins in the clear and must change to TLS (usually port 587).</summary>
    StartTls,

    /// <summary>TLS from the first byte (usually port 465).</summary>
    Tls,

    /// <summary>Not at all: for a relay on the same machine or network.</summary>
    None,
}

/// <summary>The mail server that notifications go out by: <c>Weir:Mail</c> in the server's configuration. Without a host no mail is sent.</summary>
public sealed class MailOptions : IValidatableObject
{
    public string? Host { get; set; }

    [Range(1, 65_535)]
    public int Port { get; set; } = 587;

    public MailSecurity Security { get; set; } = MailSecurity.StartTls;

    /// <summary>Null for a server that asks for none.</summary>
    public string? User { get; set; }

    public string? Password { get; set; }

    /// <summary>The sender's address.</summary>
    public string? From { get; set; }

    /// <summary>The most contacts of one account, and of the operators of a workspace.</summary>
    [Range(1, 1_000)]
    public int MostContacts { get; set; } = 20;

    /// <summary>Mails under way at the same time, over all contacts.</summary>
    [Range(1, 64)]
    public int AtOnce { get; set; } = 4;

    /// <summary>For one mail, from the connection to its acceptance.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(60);

    public bool IsConfigured => Host is not null;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Host is not null && (From is null || !MailAddress.IsValid(From)))
        {
            yield return new ValidationResult("Weir:Mail:From is missing or not an address; with Weir:Mail:Host it names the sender, such as weir@example.com.");
        }

        if ((User is null) != (Password is null))
        {
            yield return new ValidationResult("Weir:Mail:User and Weir:Mail:Password (or WEIR_SMTP_PASSWORD) go together.");
        }

        if (User is not null && Security == MailSecurity.None)
        {
            yield return new ValidationResult("A password is not sent in the clear: with Weir:Mail:User, Weir:Mail:Security is StartTls or Tls.");
        }
    }
}
