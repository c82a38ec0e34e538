using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>What the transaction in which an erase begins takes away.</summary>
internal static class ErasureRows
{
    /// <summary>After everything else of the batch is written.</summary>
    public static void Begin(Connection connection, int workspace, Erasure erasure, Instant now)
    {
        if (erasure.User is { } user)
        {
            connection.Prepared("Privacy/EraseUserAlias").Bind(1, workspace).Bind(2, erasure.Account).Bind(3, (long)ScopeKind.User).Bind(4, user).Run();
        }
        else
        {
            foreach (string statement in (string[])["Privacy/EraseProfile", "Privacy/EraseHead", "Privacy/EraseParts", "Privacy/EraseAliases", "Privacy/EraseAlerts"])
            {
                connection.Prepared(statement).Bind(1, workspace).Bind(2, erasure.Account).Run();
            }

            ContactRows.Replace(connection, workspace, erasure.Account, []);
            connection.Prepared("Alerts/ForgetAnswers").Bind(1, workspace).Bind(2, erasure.Account).Run();
        }

        connection.Prepared("Privacy/ErasePortalTokens").Bind(1, workspace).Bind(2, erasure.Account).Bind(3, erasure.User).Run();
        long? id = erasure.User is null ? null : erasure.UserId == 0 ? OpenErasure.NobodyInTheLedger : erasure.UserId;
        connection.Prepared("Privacy/BeginErasure").Bind(1, workspace).Bind(2, erasure.Account).Bind(3, id).Bind(4, Clock.ToMicros(now)).Run();
    }

    public static bool HasErased(Connection connection, int workspace, long account) =>
        connection.Prepared("Privacy/FindErasedAccount").Bind(1, workspace).Bind(2, account).Scalar() is not null;

    public static void WriteAnew(Connection connection, string table, string order) =>
        connection.Execute(Sql.Load("Privacy/WriteAnew").Replace("{table}", table, StringComparison.Ordinal).Replace("{order}", order, StringComparison.Ordinal));
}
