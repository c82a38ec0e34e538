using System.Globalization;

namespace Transcription;

/// <summary>A stretch of time.</summary>
internal readonly record struct Span(TimeSpan Start, TimeSpan End)
{
    public TimeSpan Length => End - Start;
}

/// <summary>Cuts a recording where it is silent.</summary>
internal static class SpeechCuts
{
    /// <summary>Shorter than any syllable.</summary>
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(150);

    /// <summary>What people can follow as one subtitle.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(7);

    /// <summary>A moment that a line of ffmpeg's <c>silencedetect</c> reports: where a silence begins or ends; null for other lines.</summary>
    public static (bool IsStart, TimeSpan At)? Read(string line)
    {
        int at = line.IndexOf("silence_", StringComparison.Ordinal);
        if (at < 0 || !line.Contains("silencedetect", StringComparison.Ordinal))
        {
            return null;
        }

        string[] words = line[at..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length >= 2 && words[0] is "silence_start:" or "silence_end:" && decimal.TryParse(words[1], NumberStyles.Float, CultureInfo.InvariantCulture, out decimal seconds)
            && Math.Abs(seconds) < 1_000_000_000
            ? (words[0] == "silence_start:", TimeSpan.FromTicks((long)(Math.Max(seconds, 0) * TimeSpan.TicksPerSecond)))
            : null;
    }

    /// <summary>What lies between the silences, in pieces of at most seven seconds.</summary>
    public static IReadOnlyList<Span> Between(IEnumerable<(bool IsStart, TimeSpan At)> moments, TimeSpan duration)
    {
        List<Span> spans = [];
        TimeSpan? from = TimeSpan.Zero;
        foreach ((bool isStart, TimeSpan at) in moments)
        {
            if (isStart && from is { } start)
            {
                Add(spans, start, at);
                from = null;
            }
            else if (!isStart)
            {
                from = at;
            }
        }

        if (from is { } last)
        {
            Add(spans, last, duration);
        }

        return spans;
    }

    private static void Add(List<Span> spans, TimeSpan start, TimeSpan end)
    {
        TimeSpan length = end - start;
        if (length < s_shortest)
        {
            return;
        }

        int pieces = (int)Math.Ceiling(length / s_longest);
        for (int i = 0; i < pieces; i++)
        {
            spans.Add(new Span(start + (length * i / pieces), start + (length * (i + 1) / pieces)));
        }
    }
}
