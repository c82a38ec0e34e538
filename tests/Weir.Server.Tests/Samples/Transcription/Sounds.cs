using System.Diagnostics;

namespace Weir.Server.Tests.Samples;

/// <summary>Real audio and video, made by ffmpeg: two seconds of tone and one of silence, again and again.</summary>
internal static class Sounds
{
    private const string Talk = "aevalsrc='if(lt(mod(t,3),2),0.5*sin(2*PI*440*t),0)':s=16000";

    /// <summary>Sound in the format that the name asks for.</summary>
    public static string Audio(string folder, string name, double seconds, params string[] more) =>
        Make(folder, name, ["-f", "lavfi", "-i", $"{Talk}:d={seconds}", .. more]);

    public static string Video(string folder, string name, double seconds) => Make(
        folder, name, ["-f", "lavfi", "-i", $"testsrc2=d={seconds}:s=160x120:r=10", "-f", "lavfi", "-i", $"{Talk}:d={seconds}", "-shortest"]);

    public static string Silent(string folder, string name, double seconds) => Make(folder, name, ["-f", "lavfi", "-i", $"testsrc2=d={seconds}:s=160x120:r=10"]);

    /// <summary>Uncompressed sound, two bytes a sample, for files of a certain length and size.</summary>
    /// <param name="rate">Samples a second.</param>
    public static byte[] Wave(int samples, int rate)
    {
        int bytes = samples * 2;
        using MemoryStream file = new(44 + bytes);
        using (BinaryWriter writer = new(file))
        {
            writer.Write("RIFF"u8);
            writer.Write(36 + bytes);
            writer.Write("WAVEfmt "u8);
            writer.Write(16);
            writer.Write((short)1);
            writer.Write((short)1);
            writer.Write(rate);
            writer.Write(rate * 2);
            writer.Write((short)2);
            writer.Write((short)16);
            writer.Write("data"u8);
            writer.Write(bytes);
            for (int i = 0; i < samples; i++)
            {
                writer.Write((short)(i / rate % 3 < 2 ? (i % 8 < 4 ? 12_000 : -12_000) : 0));
            }
        }

        return file.ToArray();
    }

    /// <summary>So many minutes of it in 480,000 bytes each.</summary>
    public static byte[] Minutes(int minutes) => Wave(minutes * 60 * 4_000, 4_000);

    private static string Make(string folder, string name, string[] arguments)
    {
        string path = Path.Combine(folder, name);
        using Process process = Process.Start(new ProcessStartInfo("ffmpeg", ["-nostdin", "-v", "error", "-y", .. arguments, path]) { RedirectStandardError = true, UseShellExecute = false })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
        return path;
    }
}
