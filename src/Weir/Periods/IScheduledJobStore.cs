using NodaTime;

namespace Weir;

/// <summary>
/// Work that runs by the clock, on one node at a time: who runs it has a lease, and its fence rises each time it is taken. A node that
/// dies lets go when the lease ends.
/// </summary>
public interface IScheduledJobStore
{
    /// <summary>What is known of a job; null when it never ran.</summary>
    ValueTask<ScheduledJob?> FindAsync(WorkspaceId workspace, string job, CancellationToken cancellationToken);

    /// <summary>Takes a job that nobody runs, by the store's clock; null when somebody does.</summary>
    /// <param name="owner">A name of the node, for people.</param>
    /// <param name="length">How long the lease holds unless it is kept.</param>
    ValueTask<ScheduledJobLease?> TakeAsync(WorkspaceId workspace, string job, string owner, Duration length, CancellationToken cancellationToken);

    /// <summary>Holds on to a lease for as long again; false when another has taken the job.</summary>
    ValueTask<bool> KeepAsync(WorkspaceId workspace, ScheduledJobLease lease, Duration length, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a run: its result, what the audit log says of it and what is told to the outside are written together, and the job is free.
    /// False, without effect, when another has taken the job.
    /// </summary>
    /// <param name="audit">Null when there is nothing to say.</param>
    ValueTask<bool> EndAsync(
        WorkspaceId workspace, ScheduledJobLease lease, ScheduledJobResult result, AuditEntry? audit, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken);
}

/// <summary>The right to run a job.</summary>
/// <param name="TakenAt">The store's clock when it was taken.</param>
/// <param name="Through">Up to where the job was done before.</param>
public sealed record ScheduledJobLease(string Job, string Owner, long Fence, Instant TakenAt, Instant? Through)
{
    /// <summary>This process as the owner of a lease, for people: the machine and the process's number.</summary>
    public static readonly string ThisProcess = $"{Environment.MachineName}:{Environment.ProcessId}";
}

/// <summary>What became of a run.</summary>
public sealed record ScheduledJobResult
{
    /// <summary>Up to where the job is done from now on; null when it got no further.</summary>
    public Instant? Through { get; init; }

    /// <summary>How many accounts it looked at.</summary>
    public long Accounts { get; init; }

    /// <summary>How much it wrote.</summary>
    public long Written { get; init; }

    /// <summary>How many accounts it could not do.</summary>
    public long Failures { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Error { get; init; }
}

/// <summary>A job as the store knows it.</summary>
/// <param name="LeaseUntil">Null when nobody runs it.</param>
/// <param name="StartedAt">Of the last run.</param>
/// <param name="FinishedAt">Of the last run that ended.</param>
/// <param name="Through">Up to where it is done.</param>
/// <param name="Last">Of the last run that ended.</param>
public sealed record ScheduledJob(string Job, string Owner, long Fence, Instant? LeaseUntil, Instant StartedAt, Instant? FinishedAt, Instant? Through, ScheduledJobResult? Last);
