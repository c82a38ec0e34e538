namespace Transcription;

internal enum JobState
{
    /// <summary>Waits for its turn.</summary>
    Queued,

    Running,

    /// <summary>Its transcript is stored; what it used is being written down.</summary>
    Settling,

    Completed,

    /// <summary>The transcriber could not; nothing was charged.</summary>
    Failed,

    /// <summary>The plan did not allow it when its turn came; nothing was charged.</summary>
    Refused,

    /// <summary>Its user took it back; nothing was charged.</summary>
    Canceled,
}

/// <summary>One file on its way to a transcript.</summary>
internal sealed record Job
{
    public required string Id { get; init; }

    public required string User { get; init; }

    /// <summary>What its user calls the file.</summary>
    public required string Name { get; init; }

    /// <summary>The uploaded file; gone when the job is over.</summary>
    public required string Path { get; init; }

    public required long Bytes { get; init; }

    public required string Format { get; init; }

    public required bool IsVideo { get; init; }

    /// <summary>As measured before the job; it is what is held.</summary>
    public required TimeSpan Duration { get; init; }

    public string? Language { get; init; }

    public JobState State { get; init; }

    /// <summary>How often it was begun: a process may end while it runs.</summary>
    public int Attempt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When a running job was last known to live.</summary>
    public DateTimeOffset? BeatAt { get; init; }

    /// <summary>Why it failed or was refused: a code and a sentence.</summary>
    public string? Code { get; init; }

    public string? Reason { get; init; }

    /// <summary>The way up, where a bigger plan would have allowed it.</summary>
    public string? Upgrade { get; init; }

    public Transcript? Transcript { get; init; }

    /// <summary>What it was charged.</summary>
    public decimal? Credits { get; init; }

    public decimal? Cost { get; init; }

    public bool IsOver => State is JobState.Completed or JobState.Failed or JobState.Refused or JobState.Canceled;
}
