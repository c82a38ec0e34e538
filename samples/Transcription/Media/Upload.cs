using System.Buffers;

using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Transcription;

/// <summary>A file that was taken in.</summary>
/// <param name="Name">What its sender calls it, without folders.</param>
internal sealed record UploadedFile(string Path, string Name, long Bytes);

/// <summary>Why an upload was not taken.</summary>
internal sealed class UploadException(string message, bool isTooLarge = false) : Exception(message)
{
    public bool IsTooLarge { get; } = isTooLarge;
}

/// <summary>Takes the part <c>file</c> of a form into a file, block by block and never more than allowed.</summary>
internal static class Upload
{
    /// <summary>What a form needs around its file.</summary>
    public const int FormBytes = 64 * 1024;

    private const int LongestName = 200;
    private const int LongestBoundary = 100;

    /// <exception cref="UploadException">It is no form with a file, the file is empty, or larger than allowed; nothing of it is left.</exception>
    public static async Task<UploadedFile> ReceiveAsync(HttpRequest request, string folder, long largest, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and <= LongestBoundary } boundary)
        {
            throw new UploadException("Send the file as the part 'file' of a multipart/form-data body.");
        }

        MultipartReader reader = new(boundary, request.Body) { HeadersCountLimit = 16, HeadersLengthLimit = 8 * 1024 };
        try
        {
            while (await reader.ReadNextSectionAsync(cancellationToken) is { } section)
            {
                if (ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out ContentDispositionHeaderValue? part) && part.IsFileDisposition() && part.Name == "file")
                {
                    string name = NameOf(part.FileNameStar.HasValue ? part.FileNameStar.Value : HeaderUtilities.RemoveQuotes(part.FileName).Value);
                    return await SaveAsync(section.Body, name, folder, largest, cancellationToken);
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException and not (FileNotFoundException or DirectoryNotFoundException) && !cancellationToken.IsCancellationRequested)
        {
            throw new UploadException("The form ends before its file does, or is not a form: " + exception.Message);
        }

        throw new UploadException("The form has no file under the name 'file'.");
    }

    private static async Task<UploadedFile> SaveAsync(Stream content, string name, string folder, long largest, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, Guid.NewGuid().ToString("N"));
        byte[] block = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            long bytes = 0;
            await using (FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true))
            {
                int read;
                while ((read = await content.ReadAsync(block, cancellationToken)) > 0)
                {
                    bytes += read;
                    if (bytes > largest)
                    {
                        throw new UploadException($"The file has more than {largest} bytes.", isTooLarge: true);
                    }

                    await file.WriteAsync(block.AsMemory(0, read), cancellationToken);
                }
            }

            return bytes > 0 ? new UploadedFile(path, name, bytes) : throw new UploadException("The file is empty.");
        }
        catch
        {
            File.Delete(path);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>A name for people: no folders, no control characters, not endless. It never becomes a path.</summary>
    internal static string NameOf(string? given)
    {
        string name = (given ?? "").Split('/', '\\')[^1];
        name = string.Concat(name.Where(c => !char.IsControl(c) && !char.IsSurrogate(c))).Trim();
        name = name.Length <= LongestName ? name : name[..LongestName];
        return name.Length == 0 ? "recording" : name;
    }
}
