using System.Globalization;

namespace Transcription;

/// <summary>
/// Works without a network: finds where there is sound, and says so. Each stretch between two silences becomes a cue with its number and its
/// times; no words are made up. The same file always gives the same cues.
/// </summary>
internal sealed class SilenceTranscriber(MediaTools tools) : ITranscriber
{
    /// <summary>Silence is quieter than this for at least that long.</summary>
    private const string Filter = "silencedetect=noise=-35dB:d=0.4";

    /// <summary>Much slower than this, the machine or the file is broken.</summary>
    private static readonly TimeSpan s_least = TimeSpan.FromMinutes(2);

    public string Name => "silence";

    public string? Provider => null;

    public string Model => "silencedetect";

    public async Task<Transcript> TranscribeAsync(TranscriptionRequest request, IProgress<double> progress, CancellationToken cancellationToken)
    {
        List<(bool IsStart, TimeSpan At)> moments = [];
        TimeSpan heard = TimeSpan.Zero;
        ToolResult result = await tools.ConvertAsync(
            ["-progress", "pipe:1", .. MediaTools.Input(request.Path), "-map", "0:a:0", "-af", Filter, "-f", "null", "-"],
            line =>
            {
                heard = MediaTools.PositionOf(line) ?? heard;
                progress.Report(Math.Clamp(heard / request.Duration, 0, 1));
            },
            line =>
            {
                if (SpeechCuts.Read(line) is { } moment)
                {
                    moments.Add(moment);
                }
            },
            s_least + request.Duration, cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new MediaException("The file's sound cannot be decoded.", isInput: true);
        }

        TimeSpan duration = heard > TimeSpan.Zero ? heard : request.Duration;
        return Transcript.Of(request.Language, duration, SpeechCuts.Between(moments, duration).Select((span, index) =>
            new Cue(span.Start, span.End, $"[Speech {index + 1}: {Time(span.Start)} to {Time(span.End)}]")));
    }

    private static string Time(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalMinutes}:{time.Seconds:00}.{time.Milliseconds / 100}");
}
