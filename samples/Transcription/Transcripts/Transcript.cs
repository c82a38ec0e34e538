namespace Transcription;

/// <summary>What is said from one moment to another.</summary>
internal sealed record Cue(TimeSpan Start, TimeSpan End, string Text);

/// <summary>What was heard in a file.</summary>
/// <param name="Language">As the transcriber found it, where it says.</param>
/// <param name="Duration">The real length of what was heard; it is what is charged.</param>
/// <param name="Cues">In the order of their starts; each ends after it starts.</param>
/// <param name="Tokens">Of the model, where it counts them.</param>
internal sealed record Transcript(string? Language, TimeSpan Duration, IReadOnlyList<Cue> Cues, long? Tokens = null)
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>Brings what a transcriber says into order: sorted, in whole milliseconds, none without text, none that ends before it begins.</summary>
    public static Transcript Of(string? language, TimeSpan duration, IEnumerable<Cue> cues, long? tokens = null) => new(
        language, duration, [.. cues.Where(cue => !string.IsNullOrWhiteSpace(cue.Text)).Select(Ordered).OrderBy(cue => cue.Start)], tokens);

    private static Cue Ordered(Cue cue)
    {
        TimeSpan start = Milliseconds(cue.Start < TimeSpan.Zero ? TimeSpan.Zero : cue.Start);
        TimeSpan end = Milliseconds(cue.End);
        return new Cue(start, end > start ? end : start + s_shortest, cue.Text.Trim());
    }

    private static TimeSpan Milliseconds(TimeSpan time) => TimeSpan.FromMilliseconds(Math.Round((decimal)time.Ticks / TimeSpan.TicksPerMillisecond, MidpointRounding.AwayFromZero) is var ms ? (long)ms : 0);
}
