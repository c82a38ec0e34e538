using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>What stands under an id (ID-3).</summary>
/// <param name="Sequence">The entry; null for a denial.</param>
internal sealed record FoundId(Digest Id, Digest Fingerprint, long? Sequence, byte[] Answer, long RecordedAt)
{
    /// <summary>Columns: digest, fingerprint, seq, answer, recorded_at.</summary>
    public static FoundId Read(NpgsqlDataReader row) => new(row.Sha256(0), row.Sha256(1), row.LongOrNull(2), row.Bytes(3), row.Long(4));

    /// <summary>Takes the ids of rows and denials; it takes as many rows as there are ids, or one of them was taken before.</summary>
    public static NpgsqlBatchCommand Insert(Session session, LedgerWrites writes, long first, out int ids)
    {
        List<(byte[] Id, Digest Fingerprint, long? Sequence, long At, byte[]? Answer)> taken = new(writes.Rows.Count + writes.Denials.Count);
        for (int i = 0; i < writes.Rows.Count; i++)
        {
            if (writes.Rows[i].Id is { } id)
            {
                taken.Add((id.ToArray(), writes.Rows[i].Fingerprint, first + i, Clock.ToMicros(writes.Rows[i].Entry.RecordedAt), null));
            }
        }

        foreach (StoredDenial denial in writes.Denials)
        {
            taken.Add((denial.Id.ToArray(), denial.Fingerprint, null, Clock.ToMicros(denial.RecordedAt), denial.Answer.ToArray()));
        }

        ids = taken.Count;
        return session.Own(
            "Ledger/InsertIds", Value.BytesOf([.. taken.Select(t => t.Id)]), Value.Digests(taken.Select(t => t.Fingerprint)), Value.Longs([.. taken.Select(t => t.Sequence)]),
            Value.Longs(taken.Select(t => t.At)), Value.BytesOf([.. taken.Select(t => t.Answer)]));
    }
}
