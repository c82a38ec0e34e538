using NodaTime;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>What the transaction in which an erase begins takes away.</summary>
internal static class ErasureRows
{
    /// <summary>After the accounts and entries of the batch are written.</summary>
    public static async Task BeginAsync(Session session, Erasure erasure, Instant now)
    {
        if (erasure.User is { } user)
        {
            await session.RunAsync("Privacy/EraseUserAlias", Value.Long(erasure.Account), Value.Int((int)ScopeKind.User), Value.Text(user));
        }
        else
        {
            // The figures of the account stay for verify: they leave the head, which goes.
            Figures figures = await session.FindAsync("Privacy/LockFigures", row => Figures.Decode(row.Bytes(0)), Value.Long(erasure.Account)) ?? new Figures();
            if (figures.Balances.Count > 0)
            {
                await session.RunAllAsync([AccountRows.WriteBalances(session, [.. figures.Balances.Values.Select(balance => (erasure.Account, balance))])]);
            }

            await session.RunAllAsync(((string[])["Privacy/EraseProfile", "Privacy/EraseHead", "Privacy/EraseParts", "Privacy/EraseAliases", "Privacy/EraseAlerts"])
                .Select(statement => session.Own(statement, Value.Long(erasure.Account))));
            await PostgreSqlDeliveries.ReplaceAsync(session, erasure.Account, []);
            await session.RunAsync("Alerts/ForgetAnswers", Value.Long(erasure.Account));
        }

        long? id = erasure.User is null ? null : erasure.UserId == 0 ? OpenErasure.NobodyInTheLedger : erasure.UserId;
        await session.RunAllAsync(
        [
            session.Own("Privacy/ErasePortalTokens", Value.Long(erasure.Account), Value.Text(erasure.User)),
            session.Own("Privacy/BeginErasure", Value.Long(erasure.Account), Value.Long(id), Value.Time(now)),
        ]);
        await session.TellAsync(Remembered.Keys);
    }

    /// <summary>Whether an account has been erased. An erase that comes now waits for the transaction and sees what it writes.</summary>
    public static async Task<bool> HasErasedAsync(Session session, long account)
    {
        await session.ListAsync("Privacy/HoldAccount", row => row.Int(0), Value.Long(account));
        return await session.FindAsync("Privacy/FindErasedAccount", row => row.Int(0), Value.Long(account)) > 0;
    }
}
