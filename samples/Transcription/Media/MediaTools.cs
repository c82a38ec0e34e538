using System.ComponentModel;
using System.Diagnostics;

namespace Transcription;

/// <summary>What is wrong with a media file, or with the tools that read it.</summary>
/// <param name="isInput">The file is at fault, not the machine.</param>
internal sealed class MediaException(string message, bool isInput) : Exception(message)
{
    public bool IsInput { get; } = isInput;
}

/// <summary>How a tool ended.</summary>
/// <param name="Errors">The last lines of its error output.</param>
internal sealed record ToolResult(int ExitCode, IReadOnlyList<string> Errors);

/// <summary>
/// Runs ffmpeg and ffprobe: arguments as a list and never through a shell, output line by line, killed when nobody waits any more or when
/// the time is up. Files of strangers are opened by the demuxers of common media alone and without any protocol but files, so that a playlist
/// or a script that calls itself a video cannot make the tools read something else.
/// </summary>
internal sealed class MediaTools(string ffmpeg = "ffmpeg", string ffprobe = "ffprobe")
{
    private const int MostErrorLines = 20;
    private const string Demuxers =
        "aac,ac3,aiff,amr,ape,asf,au,avi,caf,flac,flv,matroska,webm,mov,mp3,mpeg,mpegts,mp4,m4a,ogg,tta,w64,wav,wv";

    /// <summary>Arguments that open a file.</summary>
    public static string[] Input(string path) => ["-format_whitelist", Demuxers, "-protocol_whitelist", "file,pipe", "-i", "file:" + path];

    public Task<ToolResult> ProbeAsync(IEnumerable<string> arguments, Action<string> onOutput, TimeSpan limit, CancellationToken cancellationToken) =>
        RunAsync(ffprobe, arguments, onOutput, null, limit, cancellationToken);

    /// <param name="onError">Sees each line of the error output, where filters report.</param>
    public Task<ToolResult> ConvertAsync(
        IEnumerable<string> arguments, Action<string>? onOutput, Action<string>? onError, TimeSpan limit, CancellationToken cancellationToken) =>
        RunAsync(ffmpeg, ["-nostdin", "-hide_banner", "-nostats", .. arguments], onOutput, onError, limit, cancellationToken);

    /// <summary>The position that a line of <c>-progress</c> tells, or null.</summary>
    public static TimeSpan? PositionOf(string line)
    {
        const string name = "out_time_us=";
        return line.StartsWith(name, StringComparison.Ordinal) && long.TryParse(line.AsSpan(name.Length), out long microseconds) && microseconds >= 0
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;
    }

    private static async Task<ToolResult> RunAsync(
        string program, IEnumerable<string> arguments, Action<string>? onOutput, Action<string>? onError, TimeSpan limit, CancellationToken cancellationToken)
    {
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            throw new MediaException($"'{program}' cannot be started ({exception.Message}). Install ffmpeg, or configure Transcription:Ffmpeg and Transcription:Ffprobe.", isInput: false);
        }

        process.StandardInput.Close();
        Queue<string> errors = new();
        using CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(limit);
        try
        {
            await Task.WhenAll(
                Lines.ReadAsync(process.StandardOutput, line => onOutput?.Invoke(line), time.Token),
                Lines.ReadAsync(process.StandardError, Keep, time.Token),
                process.WaitForExitAsync(time.Token));
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process);
            cancellationToken.ThrowIfCancellationRequested();
            throw new MediaException($"The file took more than {limit.TotalSeconds:0} seconds to read.", isInput: true);
        }
        catch
        {
            await EndAsync(process);
            throw;
        }

        return new ToolResult(process.ExitCode, [.. errors]);

        void Keep(string line)
        {
            onError?.Invoke(line);
            if (errors.Count == MostErrorLines)
            {
                errors.Dequeue();
            }

            errors.Enqueue(line);
        }
    }

    private static async Task EndAsync(Process process)
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
    }
}

/// <summary>Reads text line by line. What a file says of itself may be one line of any length, so lines are cut.</summary>
internal static class Lines
{
    public const int Longest = 4096;

    public static async Task ReadAsync(TextReader reader, Action<string> onLine, CancellationToken cancellationToken)
    {
        char[] block = new char[Longest];
        System.Text.StringBuilder line = new();
        int read;
        while ((read = await reader.ReadAsync(block, cancellationToken)) > 0)
        {
            foreach (char c in block.AsSpan(0, read))
            {
                if (c is '\n' or '\r')
                {
                    if (line.Length > 0)
                    {
                        onLine(line.ToString());
                        line.Clear();
                    }
                }
                else if (line.Length < Longest)
                {
                    line.Append(c);
                }
            }
        }

        if (line.Length > 0)
        {
            onLine(line.ToString());
        }
    }
}
