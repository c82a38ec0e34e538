using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>A command on its way to the writer. It is answered once, after the commit that made it durable.</summary>
internal abstract class LedgerCommand
{
    private readonly TaskCompletionSource<Outcome> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public required WorkspaceId Workspace { get; init; }

    public required AccountKey Account { get; init; }

    /// <summary>The id as text, the sender's or Weir's own.</summary>
    public required string IdText { get; init; }

    /// <summary>The id's digest; null for commands that are identified by their target.</summary>
    public Digest? Id { get; init; }

    /// <summary>Weir made the id itself: a repeat cannot exist, and a denial need not be kept (ID-5).</summary>
    public bool IsOwnId { get; init; }

    public Digest Fingerprint { get; init; }

    public Task<Outcome> Answer => _answer.Task;

    public void Complete(Outcome outcome) => _answer.TrySetResult(outcome);

    public void Fail(Exception exception) => _answer.TrySetException(exception);

    public Outcome Failed(Failure failure) => new() { Id = IdText, Refusal = failure.Refusal, Failure = failure };
}

internal sealed class ConsumeCommand : LedgerCommand
{
    public required UsageEvent Event { get; init; }

    public required ConsumeMode Mode { get; init; }

    public EnforcementMode? HostEnforcement { get; init; }

    public required RatedEvent Rated { get; set; }

    /// <summary>The catalog version that it was rated under.</summary>
    public required int CatalogVersion { get; set; }

    /// <summary>Details with the id and the free properties filled in.</summary>
    public required EventDetails Details { get; set; }

    public Money? Cost { get; init; }
}

internal sealed class ReverseCommand : LedgerCommand
{
    public required Digest Target { get; init; }

    public string? Reason { get; init; }

    public string? Actor { get; init; }
}

internal sealed class AdjustCommand : LedgerCommand
{
    public required string Meter { get; init; }

    /// <summary>In the meter's unit.</summary>
    public required decimal Amount { get; init; }

    public required string Reason { get; init; }

    public required string Actor { get; init; }
}

/// <summary>Settles a call that was admitted before it ran.</summary>
internal sealed class CompleteCommand : LedgerCommand
{
    public required Digest Target { get; init; }

    /// <summary>The call failed: its charges are taken back.</summary>
    public required bool CallFailed { get; init; }

    /// <summary>Properties known only afterwards.</summary>
    public Properties Properties { get; init; } = Properties.Empty;

    public GivenCost? Cost { get; init; }

    /// <summary>Status, latency and what else became known.</summary>
    public required EventDetails Details { get; init; }
}

/// <summary>Creates an account or changes its head and profile.</summary>
internal sealed class ChangeAccountCommand : LedgerCommand
{
    public required AccountChange Change { get; init; }

    /// <summary>The profile from now on; null leaves it.</summary>
    public AccountProfile? Profile { get; init; }

    /// <summary>The members of the profile that change, for the audit log.</summary>
    public IReadOnlyList<string> ProfileChanges { get; init; } = [];

    public required AuditActor Actor { get; init; }

    /// <summary>Whether a missing account is created.</summary>
    public required bool Create { get; init; }
}
