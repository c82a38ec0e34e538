using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>What a batch writes beside its accounts, ids and entries.</summary>
internal static class LedgerRows
{
    /// <summary>Tables in the same order for every transaction, and rows in the order of their keys where other accounts may have the same.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Others(Session session, LedgerWrites writes, long first, IReadOnlyCollection<string> meters)
    {
        if (writes.Profiles.Count > 0)
        {
            yield return Profiles(session, "Accounts/WriteProfiles", [.. writes.Profiles.Select(write => (write.Account, write.Profile))]);
        }

        if (writes.Aliases.Count > 0)
        {
            yield return session.Own(
                "Accounts/InsertAliases", Value.Longs(writes.Aliases.Select(a => a.Account)), Value.Ints([.. writes.Aliases.Select(a => (int)a.Alias.Kind)]),
                Value.Texts(writes.Aliases.Select(a => a.Alias.Name)), Value.Longs(writes.Aliases.Select(a => a.Id)));
        }

        List<(long Grant, long Sequence, long At, Quantity Used, Quantity Held)> draws = [];
        for (int i = 0; i < writes.Rows.Count; i++)
        {
            Entry entry = writes.Rows[i].Entry;
            foreach ((long grant, (Quantity used, Quantity held)) in GrantDraw.SumsOf(entry))
            {
                draws.Add((grant, first + i, Clock.ToMicros(entry.RecordedAt), used, held));
            }
        }

        if (draws.Count > 0)
        {
            yield return session.Own(
                "Ledger/InsertDraws", Value.Longs(draws.Select(d => d.Grant)), Value.Longs(draws.Select(d => d.Sequence)), Value.Longs(draws.Select(d => d.At)),
                Value.Longs(draws.Select(d => d.Used.Units)), Value.Longs(draws.Select(d => d.Held.Units)));
        }

        if (writes.DenialCounts.Count > 0)
        {
            yield return session.Own(
                "Ledger/CountDenials", Value.Longs(writes.DenialCounts.Select(c => Clock.ToMicros(c.Bucket))), Value.Longs(writes.DenialCounts.Select(c => c.Account)),
                Value.Texts(writes.DenialCounts.Select(c => c.Type)), Value.Ints([.. writes.DenialCounts.Select(c => (int)c.Refusal)]), Value.Longs(writes.DenialCounts.Select(c => c.Count)));
        }

        if (meters.Count > 0)
        {
            yield return session.Own("Ledger/InsertUsedMeters", Value.Texts(meters));
        }
    }

    public static NpgsqlBatchCommand Profiles(Session session, string statement, IReadOnlyList<(long Account, AccountProfile Profile)> profiles) => session.Own(
        statement, Value.Longs(profiles.Select(p => p.Account)), Value.Texts(profiles.Select(p => p.Profile.Key.Value)), Value.Texts(profiles.Select(p => p.Profile.Name)),
        Value.BytesOf([.. profiles.Select(p => AccountJson.WriteTexts(p.Profile.ExternalIds))]));
}
