using System.Text;
using System.Text.Json;

namespace Transcription;

/// <summary>What a file is.</summary>
/// <param name="Format">The container's short name, such as <c>mp3</c> or <c>mov</c>.</param>
/// <param name="Duration">Of its sound.</param>
internal sealed record MediaInfo(string Format, bool HasVideo, string AudioCodec, TimeSpan Duration);

/// <summary>Finds out what a file is, and how long it sounds.</summary>
internal sealed class MediaProbe(MediaTools tools)
{
    private const int LargestAnswer = 64 * 1024;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The length is that of the packets and not the header's claim: a recording made by a browser has none, and a header may say anything.
    /// </summary>
    /// <exception cref="MediaException">It is no audio or video, or has no sound.</exception>
    public async Task<MediaInfo> ReadAsync(string path, CancellationToken cancellationToken)
    {
        StringBuilder answer = new();
        ToolResult probed = await tools.ProbeAsync(
            [
                "-v", "error", "-print_format", "json", "-show_entries", "format=format_name:stream=codec_type,codec_name:stream_disposition=attached_pic",
                .. MediaTools.Input(path),
            ],
            line => Append(answer, line), s_limit, cancellationToken);
        if (probed.ExitCode != 0)
        {
            throw new MediaException("The file is not audio or video of a known kind.", isInput: true);
        }

        (string format, string? audio, bool video) = Read(answer.ToString());
        if (audio is null)
        {
            throw new MediaException("The file has no sound.", isInput: true);
        }

        TimeSpan duration = TimeSpan.Zero;
        ToolResult read = await tools.ConvertAsync(
            ["-v", "error", "-progress", "pipe:1", .. MediaTools.Input(path), "-map", "0:a:0", "-c", "copy", "-f", "null", "-"],
            line => duration = MediaTools.PositionOf(line) ?? duration, null, s_limit, cancellationToken);
        return read.ExitCode == 0 && duration > TimeSpan.Zero
            ? new MediaInfo(format, video, audio, duration)
            : throw new MediaException("The file's sound cannot be read.", isInput: true);
    }

    private static void Append(StringBuilder answer, string line)
    {
        if (answer.Length + line.Length > LargestAnswer)
        {
            throw new MediaException("The file has more streams than anybody listens to.", isInput: true);
        }

        answer.Append(line);
    }

    private static (string Format, string? Audio, bool Video) Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        string? audio = null;
        bool video = false;
        if (document.RootElement.TryGetProperty("streams", out JsonElement streams))
        {
            foreach (JsonElement stream in streams.EnumerateArray())
            {
                string? type = stream.TryGetProperty("codec_type", out JsonElement kind) ? kind.GetString() : null;
                if (type == "audio")
                {
                    audio ??= stream.TryGetProperty("codec_name", out JsonElement codec) ? codec.GetString() : null;
                }

                // The cover of an album is a picture in a music file, not a video.
                bool isCover = stream.TryGetProperty("disposition", out JsonElement disposition) && disposition.TryGetProperty("attached_pic", out JsonElement cover) && cover.GetInt32() == 1;
                video |= type == "video" && !isCover;
            }
        }

        string names = document.RootElement.GetProperty("format").GetProperty("format_name").GetString() ?? "";
        return (names.Split(',')[0], audio, video);
    }
}
