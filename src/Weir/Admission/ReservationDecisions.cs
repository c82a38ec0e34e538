using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Takes commands about reservations through a batch.</summary>
internal static class ReservationDecisions
{
    public static async ValueTask<Outcome> DecideAsync(Batch batch, ILedgerTransaction transaction, CatalogService catalogs, LedgerCommand command)
    {
        if (command is not TargetedCommand targeted)
        {
            if (command is ReserveCommand { Ticket: { } ticket, Gone: { } gone } wish && (!batch.Standing.Contains(ticket) || (wish.IsFurtherTry && batch.Find(command.Account) is null)))
            {
                return command.Failed(gone);
            }

            return batch.Find(command.Account) is not { } owner ? BatchExecutor.UnknownAccount(command)
                : command is ReserveCommand reserve ? Reserve(batch, owner, reserve)
                : await ExpireAsync(batch, transaction, owner, command);
        }

        if (!batch.Snapshot.Targets.TryGetValue(targeted.Target, out StoredTarget? target)
            || target.Entry.Kind != EntryKind.Reservation
            || target.Account != command.Account
            || batch.Find(target.Account) is not { } account)
        {
            return command.Failed(new Failure(Refusal.ReservationNotFound, "", $"There is no reservation '{command.IdText}'."));
        }

        if (Replay(command, target, account.State) is { } replay)
        {
            return replay;
        }

        if (command is not GrowCommand)
        {
            batch.Settle(targeted.Target);
        }

        // What has expired is written down before anything else happens to it.
        await LoadAsync(batch, transaction, account, target.Sequence);
        if (command is CommitCommand && account.State.Holds.Find(target.Sequence) is { } due && !due.IsLiveAt(batch.Now(account.State)))
        {
            Expire(batch, account, due);
        }

        Outcome outcome = command switch
        {
            CommitCommand commit => await CommitAsync(batch, catalogs, account, target, commit),
            ReleaseCommand release => Release(batch, account, target, release),
            ExtendCommand extend => Extend(batch, account, target, extend),
            GrowCommand grow => await GrowAsync(batch, catalogs, account, target, grow),
            _ => throw new InvalidOperationException($"{command.GetType().Name} is not about a reservation."),
        };
        Hold? hold = account.State.Holds.Find(target.Sequence);
        return outcome.Failure is not { Refusal: Refusal.ReservationEnded or Refusal.StaleFence } failure
            ? outcome with { Hold = hold }
            : outcome with { Failure = failure with { State = Reservations.StateOf(hold, target.Later.Select(later => later.Entry), batch.Now(account.State)) } };
    }

    /// <summary>The end that the same request has made before gets the same answer.</summary>
    private static Outcome? Replay(LedgerCommand command, StoredTarget target, AccountState account)
    {
        EntryKind? kind = command switch
        {
            CommitCommand => EntryKind.Commit,
            ReleaseCommand => EntryKind.Release,
            _ => null,
        };
        StoredEntry? earlier = target.Later.FirstOrDefault(later => later.Entry.Kind == kind && later.Fingerprint == command.Fingerprint);
        return earlier is null ? null : new Outcome { Id = command.IdText, Entry = earlier.Entry, Replayed = true, Account = account };
    }

    private static Outcome Reserve(Batch batch, Batch.Working account, ReserveCommand command)
    {
        if (command.CatalogVersion != batch.Book.ActiveVersion && BatchExecutor.RateAgain(batch, command) is { } failure)
        {
            return command.Failed(failure);
        }

        Consume wish = new()
        {
            Rated = command.Rated,
            Mode = ConsumeMode.Enforce,
            HostEnforcement = command.HostEnforcement,
            Now = batch.Now(account.State),
            Scopes = batch.ScopesOf(command.Account, command.Details),
            TakesSlot = true,
            IsBehindQueue = command.IsBehindQueue || (command.LineInFront is { } line && batch.Waited.Contains(line)),
        };
        string lease = "lease_" + Batch.RandomId().ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
        Decision decision = Reservations.Decide(account.State, batch.WorkspaceState, batch.Book, new Reserve(wish, batch.NextSequence, command.Ttl, lease));
        return batch.Take(command, account, decision, command.Details, command.Event.Type);
    }

    private static async ValueTask<Outcome> CommitAsync(Batch batch, CatalogService catalogs, Batch.Working account, StoredTarget target, CommitCommand command)
    {
        Catalog catalog = await catalogs.FindAsync(batch.Workspace, target.Entry.CatalogVersion, CancellationToken.None);
        EventType type = catalog.Events[target.Entry.Type!];
        RatedEvent? rated = null;
        EventDetails details = command.Details;
        if (command.Properties is not null || command.Cost is not null)
        {
            rated = Rate(catalog, target, command.Properties ?? Properties.Empty, command.Cost, command.Details, out details, out Failure? failure);
            if (rated is null)
            {
                return command.Failed(failure!);
            }
        }

        Commit commit = new(
            target.Entry, target.Sequence, LaterOf(target), rated, type, command.Overrun, type.LateCommit, command.Fence, batch.Now(account.State))
        {
            HostEnforcement = command.HostEnforcement,
        };
        Decision decision = Reservations.Decide(account.State, batch.WorkspaceState, batch.Book, commit);
        return batch.Take(command, account, decision, details, type.Key);
    }

    private static Outcome Release(Batch batch, Batch.Working account, StoredTarget target, ReleaseCommand command)
    {
        Release release = new(target.Entry, target.Sequence, LaterOf(target), command.Fence, batch.Now(account.State), command.Reason);
        Decision decision = Reservations.Decide(account.State, batch.WorkspaceState, batch.Book, release);
        return batch.Take(command, account, decision, command.Details, target.Entry.Type!);
    }

    private static Outcome Extend(Batch batch, Batch.Working account, StoredTarget target, ExtendCommand command)
    {
        Extend extend = new(target.Entry, target.Sequence, LaterOf(target), command.Ttl, command.Fence, command.Progress, batch.Now(account.State));
        Decision decision = Reservations.Decide(account.State, batch.WorkspaceState, extend);
        return batch.Take(command, account, decision, EventDetails.Empty, target.Entry.Type!);
    }

    private static async ValueTask<Outcome> GrowAsync(Batch batch, CatalogService catalogs, Batch.Working account, StoredTarget target, GrowCommand command)
    {
        Catalog catalog = await catalogs.FindAsync(batch.Workspace, target.Entry.CatalogVersion, CancellationToken.None);
        if (Rate(catalog, target, command.Properties, command.Cost, EventDetails.Empty, out EventDetails details, out Failure? failure) is not { } rated)
        {
            return command.Failed(failure!);
        }

        batch.Settle(command.Target);
        Grow grow = new(target.Entry, target.Sequence, LaterOf(target), rated, command.Fence, batch.Now(account.State)) { HostEnforcement = command.HostEnforcement };
        Decision decision = Reservations.Decide(account.State, batch.WorkspaceState, batch.Book, grow);
        return batch.Take(command, account, decision, details with { Id = command.IsOwnId ? null : command.IdText }, target.Entry.Type!);
    }

    private static async ValueTask<Outcome> ExpireAsync(Batch batch, ILedgerTransaction transaction, Batch.Working account, LedgerCommand command)
    {
        foreach (Hold due in account.State.Holds.DueAt(batch.Now(account.State)).Take(ExpireCommand.Most).ToList())
        {
            await LoadAsync(batch, transaction, account, due.Number);
            Expire(batch, account, due);
        }

        Decision silent = StuckJobs.Decide(account.State, batch.WorkspaceState, batch.Now(account.State), ExpireCommand.Most);
        if (!silent.Holds.IsEmpty)
        {
            batch.Advance(account, silent);
        }

        return new Outcome { Id = command.IdText, Account = account.State };
    }

    private static void Expire(Batch batch, Batch.Working account, Hold hold) =>
        batch.Record(account, Reservations.Expire(account.State, batch.WorkspaceState, batch.Book, hold, batch.Now(account.State)), EventDetails.Empty);

    /// <summary>What is held may be of periods that have closed since, whose balances the state need not carry.</summary>
    internal static async ValueTask LoadAsync(Batch batch, ILedgerTransaction transaction, Batch.Working account, long number)
    {
        foreach (Batch.Working holder in new[] { account, batch.WorkspaceHead })
        {
            BalanceKey[] unknown = [.. (holder.State.Holds.Find(number)?.Amounts ?? []).Select(held => held.Key).Where(key => !holder.State.Balances.ContainsKey(key))];
            if (unknown.Length > 0)
            {
                holder.Extend(await transaction.LoadBalancesAsync(holder.State.Account.Id, unknown, CancellationToken.None));
            }
        }
    }

    private static RatedEvent? Rate(
        Catalog catalog, StoredTarget target, Properties properties, GivenCost? cost, EventDetails given, out EventDetails details, out Failure? failure)
    {
        UsageEvent e = new()
        {
            Account = target.Account,
            Type = target.Entry.Type!,
            Properties = target.Details.FreeProperties.With(target.Entry.Properties).With(properties),
            Cost = cost ?? (target.Entry.Cost is { } expected ? new GivenCost(expected.Amount, null) : null),
            Details = given,
        };
        details = given;
        if (EventRating.Rate(catalog, e, out failure) is not { } rated)
        {
            return null;
        }

        details = EventRating.DetailsOf(e with { Properties = properties }, rated.Type, null);
        return rated;
    }

    private static ImmutableArray<Entry> LaterOf(StoredTarget target) => [.. target.Later.Select(later => later.Entry)];
}
