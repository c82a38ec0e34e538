using System.Globalization;
using System.Text;

using NodaTime;

namespace Weir;

/// <summary>A mail of plain text as it goes over the wire (RFC 5322, RFC 2045, RFC 2047): ASCII, CRLF, lines of at most 76 characters.</summary>
internal static class MailMessage
{
    private const int EncodedLine = 76;

    // 45 bytes are 60 characters of base64; with the frame of an encoded word they stay below 75.
    private const int WordBytes = 45;

    /// <param name="id">Makes the Message-ID: a mail that is sent again carries the same.</param>
    public static byte[] Write(string from, string to, string subject, string body, string id, Instant at)
    {
        StringBuilder text = new();
        Header(text, "From", from);
        Header(text, "To", to);
        Header(text, "Subject", Encode(subject));
        Header(text, "Date", at.ToDateTimeUtc().ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture) + " +0000");
        Header(text, "Message-ID", $"<{id}@{from[(from.IndexOf('@', StringComparison.Ordinal) + 1)..]}>");
        Header(text, "Auto-Submitted", "auto-generated");
        Header(text, "MIME-Version", "1.0");
        Header(text, "Content-Type", "text/plain; charset=utf-8");
        Header(text, "Content-Transfer-Encoding", "base64");
        text.Append("\r\n");
        string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(body));
        for (int start = 0; start < encoded.Length; start += EncodedLine)
        {
            text.Append(encoded, start, Math.Min(EncodedLine, encoded.Length - start)).Append("\r\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    private static void Header(StringBuilder text, string name, string value)
    {
        if (value.AsSpan().ContainsAny('\r', '\n') && name != "Subject")
        {
            throw new ArgumentException($"The header {name} has a line break.", nameof(value));
        }

        text.Append(name).Append(": ").Append(value).Append("\r\n");
    }

    /// <summary>As it is where it is short and printable ASCII; else in encoded words, folded between characters.</summary>
    private static string Encode(string text)
    {
        if (text.Length <= EncodedLine - "Subject: ".Length && !text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        List<string> words = [];
        StringBuilder word = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            string next = Rune.IsControl(rune) ? " " : rune.ToString();
            if (Encoding.UTF8.GetByteCount(word.ToString()) + Encoding.UTF8.GetByteCount(next) > WordBytes)
            {
                words.Add(Word(word));
                word.Clear();
            }

            word.Append(next);
        }

        words.Add(Word(word));
        return string.Join("\r\n ", words);

        static string Word(StringBuilder word) => $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(word.ToString()))}?=";
    }
}
