using Weir.AspNetCore;

namespace Transcription;

/// <summary>A file that its user thinks of sending.</summary>
internal sealed record CheckRequest(decimal? EstimatedDurationSeconds = null, long? FileSizeBytes = null)
{
    private const decimal MostSeconds = 31_536_000;

    public Problem? Problem =>
        EstimatedDurationSeconds is < 0 or > MostSeconds ? Problem.Invalid("/estimated_duration_seconds", $"Seconds lie from 0 to {MostSeconds}.")
        : FileSizeBytes is < 0 ? Problem.Invalid("/file_size_bytes", "A file has at least 0 bytes.")
        : null;
}

/// <summary>Whether a file may be sent now.</summary>
/// <param name="BlockingReason">The code of what says no, such as <c>limit_exceeded</c> or <c>request_limit_exceeded</c>; null when nothing does.</param>
/// <param name="Message">The same in words.</param>
/// <param name="CreditsRequired">1 credit is 1 minute.</param>
/// <param name="CreditsRemaining">Null without limit.</param>
/// <param name="MaxFileSizeBytes">Of the plan; null without limit.</param>
/// <param name="WouldWait">All slots are taken: the job would wait in the queue.</param>
/// <param name="Upgrade">The cheapest plan that would allow it, where the current one does not.</param>
internal sealed record CheckAnswer(
    bool CanProcess, string? BlockingReason, string? Message, decimal CreditsRequired, decimal? CreditsRemaining, long? MaxFileSizeBytes, bool WouldWait, UpgradeView? Upgrade);
