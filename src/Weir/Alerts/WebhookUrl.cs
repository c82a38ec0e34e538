using System.Net;

namespace Weir;

/// <summary>Which texts are taken as addresses of webhooks. Where a name leads is judged when it is connected to.</summary>
internal static class WebhookUrl
{
    public const int LargestLength = 2048;

    /// <summary>Why an address is not taken, or null.</summary>
    public static string? Refusal(string text, WebhookOptions options, TargetAddresses addresses)
    {
        if (text.Length > LargestLength)
        {
            return $"An address has at most {LargestLength} characters.";
        }

        if (text.AsSpan().ContainsAnyExceptInRange('\x21', '\x7E') || !Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0)
        {
            return "It is not an absolute address; write it as https://hooks.example.com/weir, with other letters percent-encoded.";
        }

        if (uri.Scheme != Uri.UriSchemeHttps && !(uri.Scheme == Uri.UriSchemeHttp && options.AllowHttp))
        {
            return options.AllowHttp ? "The scheme is https or http." : "The scheme is https; http only where Weir:Webhooks:AllowHttp says so.";
        }

        if (uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
        {
            return "An address has no user, password or fragment.";
        }

        // The parser understands 0x7f.1 and 2130706433 and shows what they mean; nobody writes them to be understood.
        if (!text.AsSpan(uri.Scheme.Length).StartsWith("://" + uri.Host, StringComparison.OrdinalIgnoreCase))
        {
            return $"The host is written unusually; it is read as '{uri.Host}'.";
        }

        return IPAddress.TryParse(uri.DnsSafeHost, out IPAddress? address) && !addresses.MayReach(address)
            ? $"{address} is not a public address; {TargetAddresses.WayOf(address)}"
            : null;
    }
}
