using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

using Microsoft.AspNetCore.Http;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>
/// The id of a request that carries an Idempotency-Key. The key alone is the caller's own: method, path, query, account, user, event
/// type and body are part of the id, so that callers and routes never collide and only a true repeat of a request counts once.
/// </summary>
internal static class RequestKey
{
    /// <summary>Null without the header, or when the body is too large to tell whether it is the same.</summary>
    public static async ValueTask<string?> OfAsync(HttpContext context, UsageEvent e, int largestBody)
    {
        if (AdmissionEndpoints.IdempotencyKey(context) is not { } key || await RequestBody.DigestAsync(context, largestBody) is not { } body)
        {
            return null;
        }

        HttpRequest request = context.Request;
        string what = $"{request.Method}\n{request.PathBase}{request.Path}{request.QueryString}\n{e.Account}\n{e.Details.User}\n{e.Type}\n{key}\n";
        byte[] digest = SHA256.HashData([.. Encoding.UTF8.GetBytes(what), .. body]);
        return "call-" + Base64Url.EncodeToString(digest);
    }

    /// <summary>The id of a further attempt, after the ones before it failed and were charged nothing.</summary>
    public static EventId Attempt(string key, int attempt) => EventId.Parse(attempt == 1 ? key : $"{key}-{attempt}");
}
