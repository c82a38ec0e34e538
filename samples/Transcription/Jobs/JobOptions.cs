using System.ComponentModel.DataAnnotations;

namespace Transcription;

/// <summary>How jobs run. Configured under <c>Transcription:Jobs</c>.</summary>
internal sealed class JobOptions
{
    /// <summary>Jobs of one user that are not over.</summary>
    [Range(1, 10_000)]
    public int MostOpenPerUser { get; set; } = 20;

    /// <summary>Jobs that are not over, and uploads on their way, of all users together.</summary>
    [Range(1, 100_000)]
    public int MostOpen { get; set; } = 500;

    /// <summary>The largest file that any plan may send, in bytes.</summary>
    [Range(1L, 64L * 1024 * 1024 * 1024)]
    public long LargestFile { get; set; } = 1024L * 1024 * 1024;

    /// <summary>The longest sound.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan LongestSound { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a slot and its credits stay held without a sign of life: so long blocks a process that was killed.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "01:00:00")]
    public TimeSpan Hold { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A job that makes no progress for so long is stuck, and ended.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "1.00:00:00")]
    public TimeSpan StuckAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How often a job is begun before it is given up: each time its process ended under it.</summary>
    [Range(1, 100)]
    public int MostAttempts { get; set; } = 5;

    /// <summary>How long jobs that are over are kept, with their transcripts.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often what is over is cleaned and what is stuck is found.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "1.00:00:00")]
    public TimeSpan Housekeeping { get; set; } = TimeSpan.FromMinutes(1);
}
