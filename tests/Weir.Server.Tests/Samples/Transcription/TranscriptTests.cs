using System.Diagnostics;
using System.Text.Json;

using global::Transcription;

namespace Weir.Server.Tests.Samples;

public sealed class TranscriptTests : IDisposable
{
    private static readonly Transcript s_transcript = Transcript.Of("yue", TimeSpan.FromSeconds(3725.5),
    [
        Cue(3723.25, 3725.5, "Last & <least>"),
        Cue(0, 1.5, "早晨\r\n\r\nGood morning"),
        Cue(1.5, 1.2, "a --> b"),
        Cue(2, 3, "  "),
    ]);

    private readonly string _folder = Directory.CreateTempSubdirectory("transcript-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact(DisplayName = "SRT: numbers, commas, no empty line and no arrow inside a text")]
    public void Srt() => Assert.Equal(
        "1\n00:00:00,000 --> 00:00:01,500\n早晨\nGood morning\n\n" +
        "2\n00:00:01,500 --> 00:00:01,501\na → b\n\n" +
        "3\n01:02:03,250 --> 01:02:05,500\nLast & <least>\n\n",
        Write("srt"));

    [Fact(DisplayName = "VTT: its signature, points, and escaped texts")]
    public void Vtt() => Assert.Equal(
        "WEBVTT\n\n" +
        "1\n00:00:00.000 --> 00:00:01.500\n早晨\nGood morning\n\n" +
        "2\n00:00:01.500 --> 00:00:01.501\na --&gt; b\n\n" +
        "3\n01:02:03.250 --> 01:02:05.500\nLast &amp; &lt;least&gt;\n\n",
        Write("vtt"));

    [Fact(DisplayName = "Plain text has the texts, JSON the times in seconds, and hours may have three digits")]
    public void Others()
    {
        Assert.Equal("早晨\nGood morning\na --> b\nLast & <least>\n", Write("txt"));
        using JsonDocument json = JsonDocument.Parse(Write("json"));
        Assert.Equal(("yue", 3725.5m), (json.RootElement.GetProperty("language").GetString(), json.RootElement.GetProperty("duration").GetDecimal()));
        Assert.Equal([0m, 1.5m, 3723.25m], json.RootElement.GetProperty("segments").EnumerateArray().Select(segment => segment.GetProperty("start").GetDecimal()));
        Transcript long_ = Transcript.Of(null, TimeSpan.FromHours(101), [Cue(360_000, 360_001, "late")]);
        Assert.StartsWith("1\n100:00:00,000 --> 100:00:01,000\n", TranscriptFormat.Find("srt")!.Write(long_), StringComparison.Ordinal);
        Assert.Null(TranscriptFormat.Find("doc"));
    }

    [Theory(DisplayName = "Another program reads the subtitles back with their times and texts")]
    [InlineData("srt")]
    [InlineData("vtt")]
    public void ReadBack(string format)
    {
        string path = Path.Combine(_folder, "talk." + format);
        File.WriteAllText(path, Write(format));
        using Process process = Process.Start(new ProcessStartInfo("ffprobe",
            ["-v", "error", "-print_format", "json", "-show_packets", "-show_entries", "packet=pts_time,duration_time", path]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        using JsonDocument read = JsonDocument.Parse(process.StandardOutput.ReadToEnd());
        Assert.Equal(
            [("0.000000", "1.500000"), ("1.500000", "0.001000"), ("3723.250000", "2.250000")],
            read.RootElement.GetProperty("packets").EnumerateArray().Select(packet => (packet.GetProperty("pts_time").GetString()!, packet.GetProperty("duration_time").GetString()!)));
    }

    private static Cue Cue(double start, double end, string text) => new(TimeSpan.FromSeconds(start), TimeSpan.FromSeconds(end), text);

    private static string Write(string format) => TranscriptFormat.Find(format)!.Write(s_transcript);
}
