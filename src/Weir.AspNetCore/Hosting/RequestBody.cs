using System.Security.Cryptography;

using Microsoft.AspNetCore.Http;

namespace Weir.AspNetCore;

/// <summary>Reads a body before the handler does and leaves it whole.</summary>
internal static class RequestBody
{
    /// <summary>The body, or null when it has more bytes than <paramref name="largest"/>. The handler reads it from its beginning again.</summary>
    public static async ValueTask<byte[]?> ReadAsync(HttpContext context, int largest)
    {
        if (context.Request.ContentLength > largest)
        {
            return null;
        }

        context.Request.EnableBuffering(largest);
        Stream body = context.Request.Body;
        body.Position = 0;
        using MemoryStream whole = new((int)(context.Request.ContentLength ?? 0));
        byte[] buffer = new byte[Math.Min(largest, 16 * 1024)];
        int read;
        while ((read = await body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            if (whole.Length + read > largest)
            {
                body.Position = 0;
                return null;
            }

            whole.Write(buffer, 0, read);
        }

        body.Position = 0;
        return whole.ToArray();
    }

    /// <summary>SHA-256 of the body, or null when it is too large to compare.</summary>
    public static async ValueTask<byte[]?> DigestAsync(HttpContext context, int largest) =>
        await ReadAsync(context, largest) is { } body ? SHA256.HashData(body) : null;
}
