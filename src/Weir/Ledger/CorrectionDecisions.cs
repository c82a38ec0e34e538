using Weir.Engine;

namespace Weir;

/// <summary>What is decided about entries that stand already, and about balances past all events, inside a batch.</summary>
internal static class CorrectionDecisions
{
    /// <summary>Takes back what an event has used, once (COR-1).</summary>
    public static Outcome Reverse(Batch batch, ReverseCommand command)
    {
        if (!batch.Snapshot.Targets.TryGetValue(command.Target, out StoredTarget? target) || batch.Find(target.Account) is not { } account || target.Account != command.Account)
        {
            return command.Failed(new Failure(Refusal.EventNotFound, "", $"There is no event '{command.IdText}'."));
        }

        if (target.Later.FirstOrDefault(entry => entry.Entry.Kind == EntryKind.Reversal) is { } earlier)
        {
            return new Outcome { Id = command.IdText, Entry = earlier.Entry, Replayed = true, Account = account.State };
        }

        batch.Settle(command.Target);
        Reverse reverse = new(target.Entry, target.Sequence, [.. target.Later.Select(entry => entry.Entry)], batch.Now(account.State), command.Reason, command.Actor);
        Decision decision = Corrections.Decide(account.State, batch.WorkspaceState, batch.Book, reverse);
        EventDetails details = new() { Source = target.Details.Source, Provider = target.Details.Provider, Model = target.Details.Model, Endpoint = target.Details.Endpoint };
        return batch.Take(command, account, decision, details, target.Entry.Type ?? "");
    }

    /// <summary>Moves what is used by hand, or resets it to nothing.</summary>
    public static Outcome Adjust(Batch batch, AdjustCommand command)
    {
        if (batch.Find(command.Account) is not { } account)
        {
            return BatchExecutor.UnknownAccount(command);
        }

        if (!batch.Book.Active.Meters.TryGetValue(command.Meter, out Engine.Meter? meter))
        {
            return command.Failed(new Failure(Refusal.UnknownMeter, "/meter", $"There is no meter '{command.Meter}'; the catalog has {string.Join(", ", batch.Book.Active.Meters.Keys.Order(StringComparer.Ordinal))}."));
        }

        if (!Quantity.TryFromDecimal(command.Amount ?? 0, meter.Scale, out Quantity amount))
        {
            return command.Failed(GrantDecisions.DoesNotFit(command.Amount ?? 0, meter, "/amount"));
        }

        Adjust adjust = new(meter, amount, batch.Now(account.State), command.Reason, command.Actor) { Resets = command.Amount is null };
        Decision decision = Corrections.Decide(account.State, batch.WorkspaceState, batch.Book, adjust);
        return batch.Take(command, account, decision, new EventDetails { Id = command.IsOwnId ? null : command.IdText }, "");
    }

    /// <summary>Sets a usage to what became known after it, once.</summary>
    public static async ValueTask<Outcome> CompleteAsync(Batch batch, CatalogService catalogs, CompleteCommand command)
    {
        if (!batch.Snapshot.Targets.TryGetValue(command.Target, out StoredTarget? target) || target.Entry.Kind != EntryKind.Usage || batch.Find(target.Account) is not { } account)
        {
            return command.Failed(new Failure(Refusal.EventNotFound, "", $"There is no event '{command.IdText}'."));
        }

        if (target.Later.FirstOrDefault(entry => entry.Entry.Kind == EntryKind.Completion) is { } earlier)
        {
            return new Outcome { Id = command.IdText, Entry = earlier.Entry, Replayed = true, Account = account.State };
        }

        batch.Settle(command.Target);
        RatedEvent? rated = null;
        EventDetails details = command.Details;
        if (!command.CallFailed)
        {
            Catalog catalog = await catalogs.FindAsync(batch.Workspace, target.Entry.CatalogVersion, CancellationToken.None);
            UsageEvent final = new()
            {
                Account = target.Account,
                Type = target.Entry.Type ?? "",
                Properties = target.Details.FreeProperties.With(target.Entry.Properties).With(command.Properties),
                Cost = command.Cost ?? (target.Entry.Cost is { } cost ? new GivenCost(cost.Amount, null) : null),
                Details = command.Details,
            };
            rated = EventRating.Rate(catalog, final, out Failure? failure);
            if (rated is null)
            {
                return command.Failed(failure!);
            }

            details = EventRating.DetailsOf(final with { Properties = command.Properties }, rated.Type, null);
        }

        if (target.UserIsErased)
        {
            details = details.WithoutPersonalData();
        }

        Complete complete = new(target.Entry, target.Sequence, [.. target.Later.Select(entry => entry.Entry)], rated, batch.Now(account.State));
        Decision decision = Corrections.Decide(account.State, batch.WorkspaceState, batch.Book, complete);
        return batch.Take(command, account, decision, details, target.Entry.Type ?? "");
    }
}
