using System.Buffers.Text;
using System.Text;

using Microsoft.AspNetCore.Http;

namespace Weir.AspNetCore;

/// <summary>Where a list goes on. It means something only to the call that gave it.</summary>
internal static class Cursor
{
    public const string Description = "The 'next' of the page before; the other parameters stay as they were.";

    /// <param name="list">What the cursor is of: a cursor of another list is refused.</param>
    public static string Of(string list, string position) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{list}:{position}"));

    /// <summary>The position, or null for the first page.</summary>
    public static string? Read(HttpContext context, string list)
    {
        if (RequestQuery.Text(context, "cursor") is not { } text)
        {
            return null;
        }

        if (Base64Url.IsValid(text) && Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)) is { } decoded
            && decoded.StartsWith(list + ":", StringComparison.Ordinal))
        {
            return decoded[(list.Length + 1)..];
        }

        throw Wrong();
    }

    public static long? ReadNumber(HttpContext context, string list) =>
        Read(context, list) is not { } position ? null
        : long.TryParse(position, System.Globalization.NumberStyles.None, null, out long number) ? number
        : throw Wrong();

    internal static ProblemException Wrong() => RequestQuery.Wrong("cursor", "The cursor is not one of this list; send the 'next' of the page before as it was, with the same parameters.");
}
