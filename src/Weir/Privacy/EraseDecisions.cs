using System.Globalization;
using System.Text.Json.Nodes;

using Weir.Engine;

namespace Weir;

/// <summary>Takes the beginning of an erase through a batch: what is open is given up by entries, and the rows that name go with it.</summary>
internal static class EraseDecisions
{
    public static async ValueTask<Outcome> EraseAsync(Batch batch, ILedgerTransaction transaction, EraseCommand command)
    {
        command.Released = null;
        if (batch.Find(command.Account) is not { } account)
        {
            return new Outcome { Id = command.IdText };
        }

        long user = 0;
        bool isKnown = command.User is null || batch.Snapshot.Aliases.TryGetValue(new Alias(command.Account, ScopeKind.User, command.User), out user);
        if (!isKnown && !command.UserHasTokens)
        {
            return new Outcome { Id = command.IdText };
        }

        int released = 0;
        foreach (Hold hold in account.State.Holds.Where(hold => command.User is null || (isKnown && hold.Scopes.User == user)).OrderBy(hold => hold.Number).ToList())
        {
            await ReservationDecisions.LoadAsync(batch, transaction, account, hold.Number);
            batch.Record(account, Reservations.Release(account.State, batch.WorkspaceState, batch.Book, hold, batch.Now(account.State)), EventDetails.Empty);
            released++;
        }

        command.Released = released;
        long id = account.State.Account.Id;
        batch.Erase(new Erasure(id, command.Account, command.User, user), AuditOf(command, id, user, released));
        return new Outcome { Id = command.IdText };
    }

    /// <summary>That something was erased, by whom and when; of who it was only random ids, which nothing leads back from.</summary>
    private static AuditEntry AuditOf(EraseCommand command, long account, long user, int released) =>
        new(command.Actor, command.User is null ? AuditActions.AccountErased : AuditActions.UserErased, AuditTarget.Account(account))
        {
            After = command.User is null
                ? new JsonObject { ["reservationsReleased"] = released }
                : new JsonObject { ["user"] = user == 0 ? null : user.ToString(CultureInfo.InvariantCulture), ["reservationsReleased"] = released },
        };
}
