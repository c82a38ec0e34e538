using Weir.AspNetCore;

namespace Nexa;

/// <summary>What every tool takes.</summary>
/// <param name="Text">The input, at most <see cref="LongestText"/> characters.</param>
/// <param name="Echo">Structuring: say the matter back in one line.</param>
/// <param name="Traceback">Structuring: lead each effect back to its cause.</param>
/// <param name="Image">Image analysis: a PNG, JPEG, GIF or BMP file in base64.</param>
internal sealed record ToolRequest(string? Text, bool Echo = false, bool Traceback = false, string? Image = null)
{
    public const int LongestText = 100_000;

    /// <summary>The image, or an empty array when it is none.</summary>
    public byte[] ReadImage()
    {
        byte[] bytes = new byte[((Image?.Length ?? 0) * 3 / 4) + 3];
        return Convert.TryFromBase64String(Image ?? "", bytes, out int written) ? bytes[..written] : [];
    }

    /// <summary>Refuses what no tool can work with, before anything is charged.</summary>
    /// <exception cref="ProblemException">400, with the member that is wrong.</exception>
    public void Check(bool needsImage)
    {
        if (string.IsNullOrWhiteSpace(Text) && !needsImage)
        {
            throw new ProblemException(Problem.Invalid("/text", "'text' is required: what the tool is to work on."));
        }

        if (Text?.Length > LongestText)
        {
            throw new ProblemException(Problem.Invalid("/text", $"'text' has {Text.Length} characters; at most {LongestText} are taken."));
        }

        if (needsImage && ImageFile.Read(ReadImage()) is null)
        {
            throw new ProblemException(Problem.Invalid("/image", "'image' is required: a PNG, JPEG, GIF or BMP file in base64."));
        }
    }
}
