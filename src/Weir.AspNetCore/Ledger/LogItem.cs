using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>A row of the log as it is shown: what became of a call that was admitted before it ran stands in the call's own row.</summary>
internal sealed class LogItem
{
    private static readonly (EntryFlags Flag, string Word)[] s_flags =
    [
        (EntryFlags.Late, "late"), (EntryFlags.Carried, "carried"), (EntryFlags.Imported, "imported"), (EntryFlags.Clamped, "clamped"),
        (EntryFlags.OverLimit, "over_limit"), (EntryFlags.Failed, "failed"), (EntryFlags.AfterExpiry, "after_expiry"),
    ];

    private readonly LedgerRecord _record;

    /// <param name="reverses">The id of the event that a reversal is about.</param>
    public LogItem(LedgerRecord record, string? reverses)
    {
        _record = record;
        Reverses = reverses;
        bool isReservation = record.Entry.Kind == EntryKind.Reservation;
        ImmutableArray<Charge> settled = record.Completion is { Entry.Kind: EntryKind.Completion or EntryKind.Commit } ? record.Completion.Entry.Charges : [];
        Charges = isReservation ? settled : NetCharges(record.Entry.Charges, settled);
        Cost = isReservation ? record.Completion?.Entry.Cost : NetCost(record.Entry.Cost, record.Completion?.Entry.Cost);
        EntryFlags flags = record.Entry.Flags | (record.Completion?.Entry.Flags ?? EntryFlags.None);
        Flags = [.. s_flags.Where(known => flags.HasFlag(known.Flag)).Select(known => known.Word)];
        Properties = record.Entry.Properties.With(record.Details.FreeProperties)
            .With(record.Completion?.Details.FreeProperties ?? Properties.Empty).With(record.Completion?.Entry.Properties ?? Properties.Empty);
    }

    public long Sequence => _record.Sequence;

    public string? Id => _record.Details.Id;

    public string? Account => _record.Account?.Value;

    public string? Type => _record.Entry.Type;

    public string Kind => _record.Entry.Kind switch
    {
        EntryKind.Usage => "usage",
        EntryKind.Reversal => "reversal",
        EntryKind.Adjustment => "adjustment",
        EntryKind.Grant => "grant",
        EntryKind.GrantEnd => "grant_end",
        EntryKind.Reservation => "reservation",
        _ => throw new InvalidOperationException($"{_record.Entry.Kind} has no row of its own in the log."),
    };

    public Instant At => _record.Entry.At;

    public Instant RecordedAt => _record.Entry.RecordedAt;

    public string? Reverses { get; }

    public Instant? ReversedAt => _record.ReversedAt;

    public string? Reason => _record.Entry.Reason;

    public string? Actor => _record.Entry.Actor;

    public EventDetails Details => _record.Details;

    public string? Status => _record.Completion?.Details.Status ?? _record.Details.Status;

    public long? LatencyMs => _record.Completion?.Details.LatencyMs ?? _record.Details.LatencyMs;

    public string? Provider => _record.Completion?.Details.Provider ?? _record.Details.Provider;

    public string? Model => _record.Completion?.Details.Model ?? _record.Details.Model;

    public ImmutableArray<Charge> Charges { get; }

    public Money? Cost { get; }

    public Properties Properties { get; }

    public IReadOnlyList<string> Flags { get; }

    /// <summary>What was charged in the end, each with the trace of the rating that stands.</summary>
    private static ImmutableArray<Charge> NetCharges(ImmutableArray<Charge> charged, ImmutableArray<Charge> changes)
    {
        List<Charge> net = [.. charged];
        foreach (Charge change in changes)
        {
            int index = net.FindIndex(charge => charge.Meter == change.Meter);
            if (index < 0)
            {
                net.Add(change);
            }
            else
            {
                net[index] = change with { Amount = net[index].Amount + change.Amount };
            }
        }

        // A charge that was taken back is none; one of 0 that nothing changed was rated so.
        return [.. net.Where(charge => charge.Amount != Quantity.Zero || changes.All(change => change.Meter != charge.Meter))];
    }

    private static Money? NetCost(Money? cost, Money? change) =>
        change is not { } difference ? cost
        : (cost ?? Money.Zero) + difference is { Amount: not 0 } net ? net
        : null;
}
