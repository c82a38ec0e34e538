namespace Weir;

/// <summary>What a walk along the chain found.</summary>
/// <param name="Records">How many records were read, up to the first broken link or the end.</param>
/// <param name="Head">The last record that stands; note it down to find later that records were cut off.</param>
/// <param name="Broken">The first link that does not hold, or null.</param>
public sealed record AuditVerification(long Records, AuditHead Head, AuditBreak? Broken);

/// <param name="Number">The number at which the chain breaks.</param>
public sealed record AuditBreak(long Number, AuditFault Fault)
{
    public string Message => Fault switch
    {
        AuditFault.Changed => $"Record {Number} is not what it was: its hash does not fit its content.",
        AuditFault.Missing => $"Record {Number} is missing: a later one follows.",
        AuditFault.Moved => $"Record {Number} does not follow the one before it: it was put in, moved, or stands where another was taken out.",
        AuditFault.CutOff => $"Record {Number} was noted as written; the log ends before it.",
        _ => $"Record {Number} is another than the one that was noted: the log was written anew from there or from before.",
    };
}

public enum AuditFault
{
    /// <summary>The hash does not fit the content.</summary>
    Changed,

    /// <summary>A number is left out.</summary>
    Missing,

    /// <summary>The link to the record before does not hold.</summary>
    Moved,

    /// <summary>The log ends before a head that was noted earlier.</summary>
    CutOff,

    /// <summary>The log has another record where a head was noted earlier.</summary>
    NotExpected,
}

/// <summary>Walks along a workspace's audit log and finds the first link that does not hold.</summary>
public sealed class AuditVerifier(IWeirStore store)
{
    /// <param name="expected">A head that was noted earlier; without one, records cut off at the end are not seen.</param>
    public async ValueTask<AuditVerification> VerifyAsync(WorkspaceId workspace, AuditHead? expected, CancellationToken cancellationToken)
    {
        AuditHead head = AuditHead.None;
        long? cursor = null;
        while (true)
        {
            AuditFilter filter = new() { Ascending = true, Cursor = cursor, Limit = AuditFilter.LargestLimit };
            IReadOnlyList<AuditRecord> page = await store.Audit.ReadAsync(workspace, filter, cancellationToken);
            foreach (AuditRecord record in page)
            {
                if (FaultOf(record, head) is { } fault)
                {
                    return new AuditVerification(head.Number, head, new AuditBreak(fault == AuditFault.Missing ? head.Number + 1 : record.Number, fault));
                }

                head = record.Head;
                if (expected is { } noted && noted.Number == head.Number && noted.Hash != head.Hash)
                {
                    return new AuditVerification(head.Number, head, new AuditBreak(head.Number, AuditFault.NotExpected));
                }
            }

            if (page.Count < filter.Limit)
            {
                return new AuditVerification(head.Number, head, expected is { } wanted && wanted.Number > head.Number ? new AuditBreak(wanted.Number, AuditFault.CutOff) : null);
            }

            cursor = page[^1].Number;
        }
    }

    private static AuditFault? FaultOf(AuditRecord record, AuditHead before) =>
        record.Number > before.Number + 1 ? AuditFault.Missing
        : record.Number != before.Number + 1 ? AuditFault.Moved
        : AuditChain.HashOf(record) != record.Hash ? AuditFault.Changed
        : record.Previous != before.Hash ? AuditFault.Moved
        : null;
}
