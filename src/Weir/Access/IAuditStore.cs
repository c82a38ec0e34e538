using NodaTime;

namespace Weir;

/// <summary>Which records of the audit log to read. Times are half-open.</summary>
public sealed record AuditFilter
{
    public const int LargestLimit = 1000;

    public string? Action { get; init; }

    public AuditTarget? Target { get; init; }

    /// <summary>As <see cref="AuditActor.Id"/>.</summary>
    public string? Actor { get; init; }

    public Instant? From { get; init; }

    public Instant? To { get; init; }

    /// <summary>Oldest first; newest first otherwise.</summary>
    public bool Ascending { get; init; }

    /// <summary>Records after this number in the chosen order.</summary>
    public long? Cursor { get; init; }

    /// <summary>1–1,000.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>
/// The audit log of each workspace. Nothing is added here: every method that writes a change takes its <see cref="AuditEntry"/> and writes
/// both in one transaction.
/// </summary>
public interface IAuditStore
{
    /// <summary>Records as they stand, by filter, in the order of their numbers or against it.</summary>
    ValueTask<IReadOnlyList<AuditRecord>> ReadAsync(WorkspaceId workspace, AuditFilter filter, CancellationToken cancellationToken);
}
