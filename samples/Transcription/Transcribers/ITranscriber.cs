namespace Transcription;

/// <summary>A file to be transcribed.</summary>
/// <param name="Duration">Of its sound, as measured.</param>
/// <param name="Language">ISO 639 code such as <c>yue</c> for Cantonese, or null to let the transcriber find out.</param>
internal sealed record TranscriptionRequest(string Path, TimeSpan Duration, string? Language);

/// <summary>The transcriber failed; the message is for the user.</summary>
internal sealed class TranscriberException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Turns sound into timed text.</summary>
internal interface ITranscriber
{
    /// <summary>A short word for pages and logs.</summary>
    string Name { get; }

    /// <summary>Who does the work, for the log of usage; null when it is done here.</summary>
    string? Provider { get; }

    string Model { get; }

    /// <param name="progress">Told the done part, 0 to 1.</param>
    /// <exception cref="TranscriberException">It could not.</exception>
    /// <exception cref="MediaException">The file cannot be read.</exception>
    Task<Transcript> TranscribeAsync(TranscriptionRequest request, IProgress<double> progress, CancellationToken cancellationToken);
}
