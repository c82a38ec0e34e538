using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using NodaTime;

namespace Weir;

/// <summary>
/// Signatures as Standard Webhooks 1.0 (standardwebhooks.com) writes them: <c>v1,</c> and base64 of HMAC-SHA256 over
/// <c>id.timestamp.body</c>, one for each secret that counts, separated by spaces.
/// </summary>
internal static class WebhookSignature
{
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";

    private const string Prefix = "whsec_";
    private const int SecretBytes = 32;

    /// <summary>A new secret. Its text is <c>whsec_</c> and these bytes in base64.</summary>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    public static string TextOf(ReadOnlySpan<byte> secret) => Prefix + Convert.ToBase64String(secret);

    public static string Timestamp(Instant now) => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    public static string Sign(IEnumerable<byte[]> secrets, string id, string timestamp, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return string.Join(' ', secrets.Select(secret => "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, signed))));
    }
}
