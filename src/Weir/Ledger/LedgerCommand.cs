using System.Diagnostics;

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

    /// <summary>The span of whoever waits for the answer, where there is one that is kept.</summary>
    public ActivityContext Trace { get; set; }

    public Task<Outcome> Answer => _answer.Task;

    public void Complete(Outcome outcome) => _answer.TrySetResult(outcome);

    public void Fail(Exception exception) => _answer.TrySetException(exception);

    /// <summary>Whether a denial is kept with the id and answers repeats (ID-5).</summary>
    public virtual bool KeepsDenial(Outcome denial) => !IsOwnId;

    /// <summary>Whether a denial is one more in the figures.</summary>
    public virtual bool CountsDenial => true;

    public Outcome Failed(Failure failure) => new() { Id = IdText, Refusal = failure.Refusal, Failure = failure };
}

/// <summary>A command about something that stands in the ledger. What this batch writes itself it can only follow in the next.</summary>
internal abstract class TargetedCommand : LedgerCommand
{
    /// <summary>The digest of the id of what it is about.</summary>
    public required Digest Target { get; init; }
}

/// <summary>A command with an event that is rated before it waits for the writer, and again where the catalog has moved on meanwhile.</summary>
internal abstract class EventCommand : LedgerCommand
{
    public required UsageEvent Event { get; init; }

    public EnforcementMode? HostEnforcement { get; init; }

    public required RatedEvent Rated { get; set; }

    /// <summary>The catalog version that it was rated under.</summary>
    public required int CatalogVersion { get; set; }

    /// <summary>Details with the id and the free properties filled in.</summary>
    public required EventDetails Details { get; set; }
}

internal sealed class ConsumeCommand : EventCommand
{
    public required ConsumeMode Mode { get; init; }

    public override bool KeepsDenial(Outcome denial) => base.KeepsDenial(denial) && !Event.FreeWhenDenied;
}

internal sealed class ReverseCommand : TargetedCommand
{
    public string? Reason { get; init; }

    public string? Actor { get; init; }
}

internal sealed class AdjustCommand : LedgerCommand
{
    public required string Meter { get; init; }

    /// <summary>In the meter's unit; null takes what is used in the running periods back to 0.</summary>
    public required decimal? Amount { get; init; }

    public required string Reason { get; init; }

    public required string Actor { get; init; }
}

/// <summary>Settles a call that was admitted before it ran.</summary>
internal sealed class CompleteCommand : TargetedCommand
{
    /// <summary>The call failed: its charges are taken back.</summary>
    public required bool CallFailed { get; init; }

    /// <summary>Properties known only afterwards.</summary>
    public Properties Properties { get; init; } = Properties.Empty;

    public GivenCost? Cost { get; init; }

    /// <summary>Status, latency and what else became known.</summary>
    public required EventDetails Details { get; init; }
}

/// <summary>Holds what a job is expected to use.</summary>
internal sealed class ReserveCommand : EventCommand
{
    public required Duration Ttl { get; init; }

    /// <summary>The caller waits for a slot: that none was free is not its last answer (SLOT-2).</summary>
    public bool Waits { get; init; }

    /// <summary>Others wait for a slot, and this is not their turn's: it may not pass them.</summary>
    public bool IsBehindQueue { get; set; }

    /// <summary>A further try for one who waits, whose denial has been counted.</summary>
    public bool IsFurtherTry { get; init; }

    /// <summary>
    /// The place of one who waits. It is decided only while that stands: one that was given up or erased takes no slot any more, and makes no
    /// account and no user anew (SLOT-2, PRIV-1). Null for who does not wait.
    /// </summary>
    public long? Ticket { get; init; }

    /// <summary>The answer when its place has gone.</summary>
    public Failure Gone => new(Refusal.ReservationNotFound, "", $"'{IdText}' waits no more: its place was given up, or who waited has been erased.");

    /// <summary>The answer where nothing stands under its id: then it is only asked what became of it, and nothing is decided. Null to decide.</summary>
    public Failure? UnlessKnown { get; init; }

    public override bool CountsDenial => !IsFurtherTry;

    /// <summary>The line that a caller who does not wait may not pass; null for who waits in it, and without a slot.</summary>
    public SlotLine? LineInFront => !Waits && Rated.Type.Slot is { } kind ? new SlotLine(Account, kind) : null;

    /// <summary>The same command for another try.</summary>
    /// <param name="ticket">See <see cref="Ticket"/>.</param>
    /// <param name="counts">Whether a denial is one more in the figures.</param>
    /// <param name="unlessKnown">See <see cref="UnlessKnown"/>.</param>
    public ReserveCommand Again(long? ticket, bool counts, Failure? unlessKnown = null) => new()
    {
        Workspace = Workspace,
        Account = Account,
        IdText = IdText,
        Id = Id,
        IsOwnId = IsOwnId,
        Fingerprint = Fingerprint,
        Event = Event,
        HostEnforcement = HostEnforcement,
        Rated = Rated,
        CatalogVersion = CatalogVersion,
        Details = Details,
        Ttl = Ttl,
        Waits = Waits,
        Ticket = ticket,
        IsFurtherTry = !counts,
        UnlessKnown = unlessKnown,
    };

    public override bool KeepsDenial(Outcome denial) =>
        base.KeepsDenial(denial) && !Event.FreeWhenDenied && !(Waits && denial.Violations.Any(violation => violation.Reason == Refusal.NoSlot));
}

/// <summary>Ends a reservation with what its job used.</summary>
internal sealed class CommitCommand : TargetedCommand
{
    /// <summary>Properties that are known now, over those of the reservation; null commits what is held.</summary>
    public Properties? Properties { get; init; }

    public GivenCost? Cost { get; init; }

    public required Overrun Overrun { get; init; }

    public long? Fence { get; init; }

    public EnforcementMode? HostEnforcement { get; init; }

    /// <summary>Status, latency and what else became known.</summary>
    public EventDetails Details { get; init; } = EventDetails.Empty;
}

internal sealed class ReleaseCommand : TargetedCommand
{
    public long? Fence { get; init; }

    public string? Reason { get; init; }

    public EventDetails Details { get; init; } = EventDetails.Empty;
}

internal sealed class ExtendCommand : TargetedCommand
{
    public required Duration Ttl { get; init; }

    public long? Fence { get; init; }

    public decimal? Progress { get; init; }
}

internal sealed class GrowCommand : TargetedCommand
{
    /// <summary>Properties as they are expected by now, over those of the reservation.</summary>
    public required Properties Properties { get; init; }

    public GivenCost? Cost { get; init; }

    public long? Fence { get; init; }

    public EnforcementMode? HostEnforcement { get; init; }
}

/// <summary>Writes down which reservations of an account have ended by time, and which jobs have not been heard of.</summary>
internal sealed class ExpireCommand : LedgerCommand
{
    /// <summary>The most that one command tidies; the rest follows with the next.</summary>
    public const int Most = 500;
}

/// <summary>Begins an erase: gives up what is open, and takes away who it was.</summary>
internal sealed class EraseCommand : LedgerCommand
{
    /// <summary>One user inside the account; null for the account itself.</summary>
    public string? User { get; init; }

    /// <summary>Portal tokens name the user: there is something to erase even where no event does.</summary>
    public bool UserHasTokens { get; init; }

    public required AuditActor Actor { get; init; }

    /// <summary>Reservations that were given up; null when there was nothing to erase.</summary>
    public int? Released { get; set; }
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
