namespace Weir.Client;

/// <summary>How the spool does.</summary>
/// <param name="Trouble">Why records are not taken: <c>spool_full</c> or <c>spool_failed</c>; null when they are.</param>
/// <param name="Delivery">Why records wait, in words; null when they are delivered or none wait.</param>
/// <param name="WaitingRecords">Durable and not delivered.</param>
/// <param name="WaitingBytes">On disk, with what is delivered and not yet cleared away.</param>
/// <param name="Appended">Records that were made durable by this process.</param>
/// <param name="Delivered">Records that the server has, of this process and of those that it follows.</param>
/// <param name="Refused">Records that were not taken: their callers were told.</param>
/// <param name="Quarantined">Records that the server does not take; they stand in the folder <c>quarantine</c> with its answer.</param>
/// <param name="CorruptBytes">Bytes that could not be read; they stand in the folder <c>quarantine</c>.</param>
public sealed record SpoolHealth(
    string? Trouble, string? Delivery, long WaitingRecords, long WaitingBytes, long Appended, long Delivered, long Refused, long Quarantined, long CorruptBytes)
{
    /// <summary>It takes records, delivers them when Weir can be reached, and has nothing that somebody must look at.</summary>
    public bool Healthy => Trouble is null && Delivery is null && Quarantined == 0 && CorruptBytes == 0;
}
