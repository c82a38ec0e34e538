using System.Text;
using System.Text.Json;

namespace Transcription;

/// <summary>A form in which a transcript leaves the house.</summary>
internal sealed record TranscriptFormat(string Name, string ContentType, Func<Transcript, string> Write)
{
    public static readonly IReadOnlyList<TranscriptFormat> All =
    [
        new("srt", "application/x-subrip", SubRip),
        new("vtt", "text/vtt", WebVtt),
        new("txt", "text/plain", Text),
        new("json", "application/json", Json),
    ];

    public static TranscriptFormat? Find(string? name) => All.FirstOrDefault(format => format.Name == name);

    /// <summary>
    /// SubRip: a number, <c>00:00:01,500 --&gt; 00:00:04,000</c>, the text, an empty line. An empty line inside a text would end its cue, and an
    /// arrow would begin another, so neither stays.
    /// </summary>
    private static string SubRip(Transcript transcript)
    {
        StringBuilder text = new();
        for (int i = 0; i < transcript.Cues.Count; i++)
        {
            Cue cue = transcript.Cues[i];
            text.Append(i + 1).Append('\n')
                .Append(Time(cue.Start, ',')).Append(" --> ").Append(Time(cue.End, ',')).Append('\n')
                .Append(Lines(cue.Text).Replace("-->", "→", StringComparison.Ordinal)).Append("\n\n");
        }

        return text.ToString();
    }

    /// <summary>
    /// WebVTT (W3C, https://www.w3.org/TR/webvtt1/): <c>WEBVTT</c>, then cues with an identifier. In a text <c>&amp;</c>, <c>&lt;</c> and
    /// <c>&gt;</c> are escaped, which also takes its arrows.
    /// </summary>
    private static string WebVtt(Transcript transcript)
    {
        StringBuilder text = new("WEBVTT\n\n");
        for (int i = 0; i < transcript.Cues.Count; i++)
        {
            Cue cue = transcript.Cues[i];
            text.Append(i + 1).Append('\n')
                .Append(Time(cue.Start, '.')).Append(" --> ").Append(Time(cue.End, '.')).Append('\n')
                .Append(Lines(cue.Text).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal))
                .Append("\n\n");
        }

        return text.ToString();
    }

    private static string Text(Transcript transcript) => string.Concat(transcript.Cues.Select(cue => Lines(cue.Text) + "\n"));

    private static string Json(Transcript transcript) => JsonSerializer.Serialize(
        new
        {
            language = transcript.Language,
            duration = Seconds(transcript.Duration),
            segments = transcript.Cues.Select((cue, index) => new { id = index, start = Seconds(cue.Start), end = Seconds(cue.End), text = cue.Text }),
        },
        s_json) + "\n";

    private static readonly JsonSerializerOptions s_json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    private static decimal Seconds(TimeSpan time) => decimal.Round((decimal)time.Ticks / TimeSpan.TicksPerSecond, 3);

    /// <summary>Hours may have more than two digits.</summary>
    private static string Time(TimeSpan time, char separator) => $"{(long)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}{separator}{time.Milliseconds:000}";

    private static string Lines(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
