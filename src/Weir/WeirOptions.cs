using System.ComponentModel.DataAnnotations;

using Weir.Engine;

namespace Weir;

/// <summary>How Weir runs inside its host. Every bound has a range; a value outside it stops the start.</summary>
public sealed class WeirOptions
{
    /// <summary>Set to <see cref="EnforcementMode.Observe"/> to record everything and refuse nothing, whatever the catalog says.</summary>
    public EnforcementMode? Enforcement { get; set; }

    /// <summary>The most commands that one commit takes.</summary>
    [Range(1, 10_000)]
    public int LargestBatch { get; set; } = 500;

    /// <summary>The most commands that wait for the writer; beyond, callers are told to come again (<c>overloaded</c>).</summary>
    [Range(100, 1_000_000)]
    public int LargestQueue { get; set; } = 20_000;

    /// <summary>The most events that wait to be recorded without anybody waiting for them; beyond, events are dropped and counted.</summary>
    [Range(100, 1_000_000)]
    public int LargestRecorderQueue { get; set; } = 50_000;

    /// <summary>How long the recorder may take to empty its queue when the host stops.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan RecorderShutdown { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long the HTTP API lets a caller wait for the store. Then it answers <c>deadline_exceeded</c>: what the writer has taken takes effect
    /// all the same, and a repeat with the same id says what became of it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan RequestDeadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The same for reports over long times, erasures, <c>migrate</c> and <c>verify</c>, which read or write much.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LongRequestDeadline { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The most queries of the HTTP API (whatever only reads) that are answered at the same time; further ones take turns, so that recording
    /// and deciding have processors and connections left. While the writer is behind (<see cref="GroupCommit.IsBehind"/>), it is one, and
    /// one of those that may take <see cref="LongRequestDeadline"/>, and after each its place rests for nine times as long as it took,
    /// a quarter of its deadline at the most. Half of them at the most may take long.
    /// </summary>
    [Range(1, 1_000)]
    public int MostQueries { get; set; } = 16;

    /// <summary>The most queries that wait for their turn, and as many of those that may take long for theirs; beyond, callers are told to come again (<c>overloaded</c>).</summary>
    [Range(1, 100_000)]
    public int MostWaitingQueries { get; set; } = 1_000;

    /// <summary>The most streams of usage that are open at the same time.</summary>
    [Range(1, 100_000)]
    public int MostStreams { get; set; } = 1_000;

    /// <summary>The most streams of usage that are open for one account.</summary>
    [Range(1, 1_000)]
    public int MostStreamsOfAccount { get; set; } = 20;

    /// <summary>After how long without news a stream says that it still stands.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan StreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Encrypts secrets that are stored (of webhooks, of providers): 32 random bytes in base64; to change it, the new one, a comma and the
    /// old one. The server takes it from <c>WEIR_MASTER_KEY</c>. Without it such secrets cannot be made.
    /// </summary>
    public string? MasterKey { get; set; }

    /// <summary>Whether this process takes part in closing periods every day at 02:00 UTC; one node does it at a time.</summary>
    public bool Closing { get; set; } = true;

    /// <summary>
    /// Whether this process writes down which reservations have ended by time, and looks for jobs that have not been heard of, every second.
    /// What has expired is free without it; some process has to do it, since open reservations are bounded and stuck jobs are told of here.
    /// </summary>
    public bool Sweeping { get; set; } = true;

    /// <summary>The catalog file that is applied to the workspace <c>default</c> at the start, when it has changed since it was last applied.</summary>
    public string? CatalogFile { get; set; }
}
