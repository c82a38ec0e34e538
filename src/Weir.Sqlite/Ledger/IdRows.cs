namespace Weir.Sqlite;

/// <summary>What stands under an id (ID-3).</summary>
/// <param name="Sequence">The entry; 0 for a denial.</param>
internal readonly record struct FoundId(Digest Fingerprint, long Sequence, byte[] Answer);

/// <summary>
/// Ids are found by their first 64 bits; the whole digest stands in the row of the entry or denial and decides.
/// </summary>
internal static class IdRows
{
    public static FoundId? Find(Connection connection, Pending? pending, int workspace, Digest id, bool asReader = false)
    {
        long hash = Pending.HashOf(id);
        if (pending?.FindId(workspace, hash, asReader) is { } references)
        {
            foreach (long reference in references)
            {
                if (Verify(connection, workspace, reference, id) is { } found)
                {
                    return found;
                }
            }
        }

        Statement rows = connection.Prepared("Ledger/FindId").Bind(1, workspace).Bind(2, hash);
        while (rows.Step())
        {
            if (Verify(connection, workspace, rows.Int64(0), id) is { } found)
            {
                rows.Reset();
                return found;
            }
        }

        return null;
    }

    private static FoundId? Verify(Connection connection, int workspace, long reference, Digest id)
    {
        Statement row = connection.Prepared(reference > 0 ? "Ledger/FindEntry" : "Ledger/FindDenial")
            .Bind(1, Math.Abs(reference)).Bind(2, workspace).Bind(3, id);
        if (!row.Step())
        {
            return null;
        }

        FoundId found = reference > 0 ? new FoundId(row.Sha256(0), reference, []) : new FoundId(row.Sha256(0), 0, row.Bytes(1).ToArray());
        row.Reset();
        return found;
    }
}
