namespace Weir.Client;

/// <summary>How the client speaks to Weir, and what it does when it cannot. Every bound has a range; a value outside it is refused when the client is made.</summary>
public sealed class WeirClientOptions
{
    /// <summary>Where the server is, such as <c>https://weir.example.com</c>. Required.</summary>
    public Uri? BaseAddress { get; set; }

    /// <summary>The key, <c>weir_live_…</c> or <c>weir_test_…</c>. Required.</summary>
    public string? Key { get; set; }

    /// <summary>How long one attempt may take. 50 ms to 10 min; 10 s.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a decision (check, consume, reserve) may take with all its attempts, beside the time that it was told to wait for a slot. 50 ms to 10 min; 2 s.</summary>
    public TimeSpan DecisionTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long any other call may take with all its attempts. 50 ms to 1 h; 30 s.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a call is sent at most, the first time included. 1 to 20; 4.</summary>
    public int MostAttempts { get; set; } = 4;

    /// <summary>The longest pause before the second attempt; it doubles with each attempt, and chance takes a part of it. 1 ms to 1 min; 100 ms.</summary>
    public TimeSpan FirstBackOff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause between attempts that the client chooses itself. 1 ms to 10 min; 5 s.</summary>
    public TimeSpan LongestBackOff { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The largest answer that is read, in bytes. 64 KiB to 1 GB; 64 MiB.</summary>
    public int LargestAnswer { get; set; } = 64 * 1024 * 1024;

    /// <summary>Connections to the server at the same time. 1 to 10,000; 256.</summary>
    public int MostConnections { get; set; } = 256;

    /// <summary>What is decided while Weir cannot be reached.</summary>
    public OutageOptions Outage { get; } = new();

    /// <summary>Where usage is kept while Weir cannot be reached.</summary>
    public SpoolOptions Spool { get; } = new();

    /// <summary>How the recorder gathers events.</summary>
    public RecorderOptions Recorder { get; } = new();

    internal void Validate()
    {
        if (BaseAddress is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            throw new ArgumentException($"{nameof(BaseAddress)} must be an absolute address with http or https; it is '{BaseAddress}'.");
        }

        if (string.IsNullOrWhiteSpace(Key) || Key.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new ArgumentException($"{nameof(Key)} must be a key of Weir: printable ASCII without spaces.");
        }

        Bound.Check(AttemptTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(10), nameof(AttemptTimeout));
        Bound.Check(DecisionTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(10), nameof(DecisionTimeout));
        Bound.Check(CallTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromHours(1), nameof(CallTimeout));
        Bound.Check(MostAttempts, 1, 20, nameof(MostAttempts));
        Bound.Check(FirstBackOff, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1), nameof(FirstBackOff));
        Bound.Check(LongestBackOff, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10), nameof(LongestBackOff));
        Bound.Check(LargestAnswer, 64 * 1024, 1_000_000_000, nameof(LargestAnswer));
        Bound.Check(MostConnections, 1, 10_000, nameof(MostConnections));
        Outage.Validate(spools: Spool.Folder is not null);
        Spool.Validate();
        Recorder.Validate();
    }
}

/// <summary>What is decided while Weir cannot be reached.</summary>
public sealed class OutageOptions
{
    /// <summary>For check, consume and reserve of event types that have no policy of their own.</summary>
    public OutagePolicy Decisions { get; set; } = OutagePolicy.Deny;

    /// <summary>Policies of event types, by the type's key. They hold for decisions and for recording.</summary>
    public IDictionary<string, OutagePolicy> EventTypes { get; } = new Dictionary<string, OutagePolicy>(StringComparer.Ordinal);

    /// <summary>How long the client decides alone before it asks the server again. 10 ms to 10 min; 1 s.</summary>
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Accounts whose amounts are remembered for <c>OutagePolicy.AllowUpTo</c>; further ones are denied. 1 to 10 million; 100,000.</summary>
    public int MostAccounts { get; set; } = 100_000;

    /// <summary>Reservations that were allowed without the server and are remembered until they end; further ones are denied. 1 to 1 million; 10,000.</summary>
    public int MostReservations { get; set; } = 10_000;

    internal void Validate(bool spools)
    {
        Bound.Check(ProbeInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10), "Outage.ProbeInterval");
        Bound.Check(MostAccounts, 1, 10_000_000, "Outage.MostAccounts");
        Bound.Check(MostReservations, 1, 1_000_000, "Outage.MostReservations");
        if (!spools && (Decisions.Allows || EventTypes.Values.Any(policy => policy.Allows)))
        {
            throw new ArgumentException("What is allowed while Weir cannot be reached must be kept until it can: set Spool.Folder.");
        }
    }
}

/// <summary>Where usage is kept while Weir cannot be reached.</summary>
public sealed class SpoolOptions
{
    /// <summary>A folder on a disk that keeps what it has been told to; made when it is missing. Null: no spool. Processes may share one.</summary>
    public string? Folder { get; set; }

    /// <summary>Bytes that wait at most; beyond, nothing more is taken (<c>spool_full</c>). 64 KiB to 1 TiB; 256 MiB.</summary>
    public long LargestBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Bytes after which a new file is begun. 4 KiB to 1 GiB; 8 MiB.</summary>
    public int LargestSegment { get; set; } = 8 * 1024 * 1024;

    /// <summary>Bytes of what could not be delivered or read. When they are full, delivery waits for somebody to look. 64 KiB to 1 TiB; 64 MiB.</summary>
    public long LargestQuarantine { get; set; } = 64L * 1024 * 1024;

    /// <summary>Ids of records that were put into the spool last and are remembered, so that a repeat is not kept twice. 1 to 10 million; 100,000.</summary>
    public int MostIds { get; set; } = 100_000;

    /// <summary>How often folders of processes that have ended are looked for. 100 ms to 1 day; 10 s.</summary>
    public TimeSpan OrphanInterval { get; set; } = TimeSpan.FromSeconds(10);

    internal void Validate()
    {
        Bound.Check(LargestBytes, 64 * 1024, 1L << 40, "Spool.LargestBytes");
        Bound.Check(LargestSegment, 4 * 1024, 1 << 30, "Spool.LargestSegment");
        Bound.Check(LargestQuarantine, 64 * 1024, 1L << 40, "Spool.LargestQuarantine");
        Bound.Check(MostIds, 1, 10_000_000, "Spool.MostIds");
        Bound.Check(OrphanInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1), "Spool.OrphanInterval");
    }
}

/// <summary>How the recorder gathers events.</summary>
public sealed class RecorderOptions
{
    /// <summary>Events of one request. 1 to 1,000; 1,000.</summary>
    public int LargestBatch { get; set; } = WeirClient.MostEvents;

    /// <summary>Events that wait in memory at most; beyond, <see cref="UsageRecorder.TryRecord"/> refuses and counts. 1 to 10 million; 50,000.</summary>
    public int LargestQueue { get; set; } = 50_000;

    /// <summary>How long the first event of a batch waits for others. 0 to 1 min; 100 ms.</summary>
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long the recorder may take to empty its queue when it is disposed. 0 to 10 min; 20 s.</summary>
    public TimeSpan Shutdown { get; set; } = TimeSpan.FromSeconds(20);

    internal void Validate()
    {
        Bound.Check(LargestBatch, 1, WeirClient.MostEvents, "Recorder.LargestBatch");
        Bound.Check(LargestQueue, 1, 10_000_000, "Recorder.LargestQueue");
        Bound.Check(FlushInterval, TimeSpan.Zero, TimeSpan.FromMinutes(1), "Recorder.FlushInterval");
        Bound.Check(Shutdown, TimeSpan.Zero, TimeSpan.FromMinutes(10), "Recorder.Shutdown");
    }
}

internal static class Bound
{
    public static void Check<T>(T value, T least, T most, string name)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            throw new ArgumentException($"{name} lies from {least} to {most}; it is {value}.");
        }
    }
}
