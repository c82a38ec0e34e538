using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Takes commands about grants through a batch, and opens the periods of the accounts that others are about.</summary>
internal static class GrantDecisions
{
    /// <summary>What an account's new periods begin with, before anything is decided in them (GRANT-3).</summary>
    public static async ValueTask OpenAsync(Batch batch, ILedgerTransaction transaction, AccountKey key)
    {
        if (batch.Find(key) is not { } account)
        {
            return;
        }

        Instant now = batch.Now(account.State);
        BalanceKey[] unknown = [.. Opening.KeysOf(account.State, batch.Book, now).Where(balance => !account.State.Balances.ContainsKey(balance))];
        if (unknown.Length > 0)
        {
            account.Extend(await transaction.LoadBalancesAsync(account.State.Account.Id, unknown, CancellationToken.None));
        }

        Opened opened = Opening.Of(account.State, batch.WorkspaceState, batch.Book, now, batch.NextSequence);
        if (!ReferenceEquals(opened.Account, account.State))
        {
            batch.Open(account, opened);
        }
    }

    public static Outcome Give(Batch batch, GiveCommand command)
    {
        if (batch.Find(command.Account) is not { } account)
        {
            return BatchExecutor.UnknownAccount(command);
        }

        if (!batch.Book.Active.Meters.TryGetValue(command.Request.Meter, out Engine.Meter? meter))
        {
            return command.Failed(new Failure(Refusal.UnknownMeter, "/meter",
                $"There is no meter '{command.Request.Meter}'{NearestName.Suggestion(command.Request.Meter, batch.Book.Active.Meters.Keys)}; the catalog has {string.Join(", ", batch.Book.Active.Meters.Keys.Order(StringComparer.Ordinal))}."));
        }

        Instant now = batch.Now(account.State);
        if (Terms(command.Request, meter, batch.Snapshot.Clock, out Failure? failure) is not { } terms)
        {
            return command.Failed(failure!);
        }

        Decision decision = Granting.Decide(account.State, batch.WorkspaceState, batch.Book, new Give(terms, batch.NextSequence, now, command.Request.Reason, command.Actor));
        Outcome outcome = batch.Take(command, account, decision, new EventDetails { Id = command.IdText }, "");
        if (outcome.Entry is not null)
        {
            batch.Audit(GrantAudit.Given(command.AuditActor, account.State.Account.Id, terms));
        }

        return outcome;
    }

    /// <summary>Ends a grant once; of one that has ended already the answer is the same again.</summary>
    public static Outcome End(Batch batch, EndGrantCommand command)
    {
        if (!batch.Snapshot.Targets.TryGetValue(command.Target, out StoredTarget? target)
            || target.Entry.Kind != EntryKind.Grant || target.Account != command.Account || batch.Find(target.Account) is not { } account)
        {
            return command.Failed(GrantService.Unknown(command.IdText));
        }

        if (target.Later.FirstOrDefault(later => later.Entry.Kind == EntryKind.GrantEnd) is { } earlier)
        {
            return new Outcome { Id = command.IdText, Entry = earlier.Entry, Replayed = true, Account = account.State };
        }

        Instant now = batch.Now(account.State);
        if (!account.State.Grants.TryGetValue(target.Sequence, out Grant? grant) || now >= grant.EndsAt)
        {
            return new Outcome { Id = command.IdText, Account = account.State };
        }

        batch.Settle(command.Target);
        Decision decision = Granting.Decide(account.State, batch.WorkspaceState, batch.Book, new EndGrant(target.Sequence, now, null, command.Actor));
        Outcome outcome = batch.Take(command, account, decision, EventDetails.Empty, "");
        batch.Audit(GrantAudit.Ended(command.AuditActor, account.State.Account.Id, grant.Terms));
        return outcome;
    }

    private static GrantTerms? Terms(GrantRequest request, Engine.Meter meter, Instant now, out Failure? failure)
    {
        failure = null;
        Quantity? max = null;
        Quantity min = Quantity.Zero;
        if (!TryAmount(request.Amount, meter, "/amount", out Quantity amount, ref failure)
            || (request.Rollover is { } rollover
                && ((rollover.Max is { } most && !TryAmount(most, meter, "/rollover/max", out max, ref failure)) || !TryAmount(rollover.Min, meter, "/rollover/min", out min, ref failure))))
        {
            return null;
        }

        return new GrantTerms
        {
            Meter = meter.Key,
            Scale = meter.Scale,
            Per = request.Per,
            Amount = amount,
            Priority = request.Priority,
            Start = request.Start ?? now,
            End = request.Expiry ?? Instant.MaxValue,
            BeforePlan = request.BeforePlan,
            Recurrence = request.Recurrence,
            Rollover = request.Rollover is null ? null : new GrantRollover(max, min),
        };
    }

    private static bool TryAmount(decimal value, Engine.Meter meter, string pointer, out Quantity? amount, ref Failure? failure)
    {
        bool fits = TryAmount(value, meter, pointer, out Quantity known, ref failure);
        amount = known;
        return fits;
    }

    private static bool TryAmount(decimal value, Engine.Meter meter, string pointer, out Quantity amount, ref Failure? failure)
    {
        if (Quantity.TryFromDecimal(value, meter.Scale, out amount))
        {
            return true;
        }

        failure = DoesNotFit(value, meter, pointer);
        return false;
    }

    /// <summary>Why an amount is none of a meter: it is too large, or too fine.</summary>
    internal static Failure DoesNotFit(decimal value, Engine.Meter meter, string pointer) => new(
        Quantity.TryFromDecimal(decimal.Truncate(value), meter.Scale, out _) ? Refusal.TooManyDecimals : Refusal.QuantityOverflow, pointer,
        $"'{value}' does not fit '{meter.Key}': at most {meter.Scale} decimal places and 10^15 smallest units.");
}
