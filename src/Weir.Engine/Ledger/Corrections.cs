using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>
/// Corrections are new entries; nothing is ever changed in place (COR-1). What is taken back returns to the very balances it came from.
/// </summary>
public static class Corrections
{
    /// <summary>Takes an event back, once, while the periods that it counts in are not closed.</summary>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Reverse command)
    {
        Decision unchanged = new(account, workspace);
        bool isReservation = command.Original.Kind == EntryKind.Reservation;
        if (command.Original.Kind is not (EntryKind.Usage or EntryKind.Adjustment) && !isReservation)
        {
            return Fail(unchanged, Refusal.NotReversible, "", "Only events, adjustments and committed reservations can be reversed.");
        }

        if (isReservation && command.Later.All(entry => entry.Kind != EntryKind.Commit))
        {
            return Fail(unchanged, Refusal.NotReversible, "", "The reservation has used nothing. While it is held, release it.");
        }

        List<Settlement> settled = Settled(command.Original, command.Later);
        foreach (Settlement settlement in settled)
        {
            if (new Period(settlement.Line.Key.PeriodStart, settlement.Line.PeriodEnd).IsClosedAt(command.Now))
            {
                return Fail(unchanged, Refusal.PeriodClosed, "",
                    $"The event counts in the period of '{settlement.Line.Key.Meter}' that ended {settlement.Line.PeriodEnd} and is closed; closed totals never change. Adjust the account with a reason instead.");
            }
        }

        // From here the command succeeds.
        Settling settling = new(account, workspace, book, command.Now);
        foreach (Settlement settlement in settled)
        {
            settling.Move(settlement.Line, -settlement.Delta, Draws.NetUsed(settlement.Lines));
        }

        return settling.Writer.Finish(account.Account.FirstLiveEventAt, new Entry
        {
            Kind = EntryKind.Reversal,
            Account = account.Account.Id,
            Scopes = command.Original.Scopes,
            Type = command.Original.Type,
            At = command.Original.CountedAt,
            RecordedAt = command.Now,
            CatalogVersion = command.Original.CatalogVersion,
            Plan = book.PlanOf(account.Account, command.Now).Key,
            Properties = command.Original.Properties,
            Charges = [.. NetCharges(command.Original, command.Later).Select(charge => settling.AsApplied(charge with { Amount = -charge.Amount }))],
            Lines = settling.Writer.TakeLines(),
            Cost = NetCost(command.Original, command.Later) is { } cost ? Money.Zero - cost : null,
            Flags = settling.Flags,
            Target = command.Target,
            Reason = command.Reason,
            Actor = command.Actor,
        });
    }

    /// <summary>
    /// Moves every account-wide balance of a meter; a negative amount is at most what is used in each of them. A reset takes each back to 0,
    /// but not what is counted for life.
    /// </summary>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Adjust command)
    {
        Decision unchanged = new(account, workspace);
        if (command is { Resets: true, Meter.Kind: MeterKind.Level })
        {
            return Fail(unchanged, Refusal.InvalidRequest, "/reset", $"'{command.Meter.Key}' is a level and has no periods; give an amount instead.");
        }

        Plan plan = book.PlanOf(account.Account, command.Now);
        List<(StandingLimit Limit, Balance Balance)> balances = [];
        foreach (StandingLimit limit in LimitRules.OfMeter(plan, account.Account, command.Meter, command.Now))
        {
            if (limit.Scope == ScopeKind.Account && !(command.Resets && limit.Per == Per.Lifetime))
            {
                Period period = account.Account.Timeline.At(limit.Per, command.Now);
                balances.Add((limit, account.BalanceOf(new BalanceKey(limit.Scope, 0, command.Meter.Key, limit.Per, period.Start), period.End)));
            }
        }

        if (balances.Count == 0)
        {
            return Fail(unchanged, Refusal.InvalidRequest, "/meter", command.Resets
                ? $"The plan '{plan.Key}' counts '{command.Meter.Key}' in no period of the whole account; give an amount instead."
                : $"The plan '{plan.Key}' limits '{command.Meter.Key}' only for each user, campaign or key; there is no balance of the whole account to adjust.");
        }

        foreach ((StandingLimit limit, Balance balance) in balances)
        {
            if (!command.Resets && balance.Used + command.Amount < Quantity.Zero)
            {
                return Fail(unchanged, Refusal.AdjustmentBelowZero, "/amount",
                    $"The adjustment would bring '{command.Meter.Key}' per {limit.Per.Name()} below zero: {balance.Used.ToDecimal(command.Meter.Scale)} is used. A negative amount is at most what is used.");
            }
        }

        // From here the command succeeds.
        BalanceWriter writer = new(account, workspace, command.Now);
        EntryFlags flags = EntryFlags.None;
        Quantity amount = command.Resets ? -balances.Max(one => one.Balance.Used) : command.Amount;
        foreach ((StandingLimit limit, Balance balance) in balances)
        {
            EntryLine line = writer.Move(limit, balance, command.Resets ? -balance.Used : amount);
            flags |= BalanceWriter.IsOverLimit(line) ? EntryFlags.OverLimit : EntryFlags.None;
        }

        ChargeTrace trace = new() { Base = amount.ToDecimal(command.Meter.Scale) };
        return writer.Finish(account.Account.FirstLiveEventAt, new Entry
        {
            Kind = EntryKind.Adjustment,
            Account = account.Account.Id,
            At = command.Now,
            RecordedAt = command.Now,
            CatalogVersion = book.ActiveVersion,
            Plan = plan.Key,
            Charges = [new Charge(command.Meter.Key, command.Meter.Scale, command.Meter.Kind, amount, trace)],
            Lines = writer.TakeLines(),
            Flags = flags,
            Reason = command.Reason,
            Actor = command.Actor,
        });
    }

    /// <summary>
    /// Settles a call after it ran: the charges move to what the final properties make of them, beyond limits where need be, and to
    /// nothing when it failed. A reversed event stays reversed; a closed period stays as it is.
    /// </summary>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Complete command)
    {
        bool reversed = command.Later.Any(entry => entry.Kind == EntryKind.Reversal);
        Settling settling = new(account, workspace, book, command.Now);
        ImmutableArray<Charge>.Builder changes = ImmutableArray.CreateBuilder<Charge>();
        Dictionary<string, Charge> before = command.Original.Charges.ToDictionary(charge => charge.Meter, StringComparer.Ordinal);
        ImmutableArray<Charge> wanted = command.Rated?.Charges ?? [];
        if (!reversed)
        {
            foreach (Charge charge in wanted)
            {
                before.Remove(charge.Meter, out Charge? old);
                Quantity change = Change(old, charge);
                if (old is null)
                {
                    settling.Open(charge, command.Original.Scopes);
                    changes.Add(charge);
                }
                else if (change != Quantity.Zero)
                {
                    settling.MoveOpen(command.Original.Lines, charge.Meter, change);
                    changes.Add(charge with { Amount = change });
                }
            }

            foreach (Charge gone in before.Values)
            {
                if (gone.Amount != Quantity.Zero)
                {
                    settling.MoveOpen(command.Original.Lines, gone.Meter, -gone.Amount);
                    changes.Add(settling.AsApplied(gone with { Amount = -gone.Amount }));
                }
            }
        }

        Money? cost = reversed ? null : Difference(command.Rated?.Cost, command.Original.Cost);
        return settling.Writer.Finish(account.Account.FirstLiveEventAt, new Entry
        {
            Kind = EntryKind.Completion,
            Account = account.Account.Id,
            Scopes = command.Original.Scopes,
            Type = command.Original.Type,
            At = command.Original.CountedAt,
            RecordedAt = command.Now,
            CatalogVersion = command.Original.CatalogVersion,
            Plan = command.Original.Plan,
            Properties = command.Rated is { } final ? Admission.Named(final) : command.Original.Properties,
            Charges = changes.DrainToImmutable(),
            Lines = settling.Writer.TakeLines(),
            Cost = cost,
            Flags = settling.Flags | (command.Rated is null ? EntryFlags.Failed : EntryFlags.None),
            Target = command.Target,
        });
    }

    /// <summary>A charge that a level or a cut has already fixed does not move again.</summary>
    private static Quantity Change(Charge? old, Charge wanted) =>
        old is null ? wanted.Amount
        : wanted.Kind == MeterKind.Level ? Quantity.Zero
        : old.Trace.CutFrom is { } cutFrom && cutFrom == wanted.Amount.ToDecimal(wanted.Scale) ? Quantity.Zero
        : wanted.Amount - old.Amount;

    /// <summary>What an event moved in each balance, its later settlement included; what came to nothing is left out.</summary>
    private static List<Settlement> Settled(Entry original, ImmutableArray<Entry> later)
    {
        List<Settlement> settled = [.. original.Lines.Select(line => new Settlement(line, line.Delta, [line]))];
        foreach (EntryLine line in later.Where(entry => entry.Kind is EntryKind.Completion or EntryKind.Commit).SelectMany(entry => entry.Lines))
        {
            int index = settled.FindIndex(settlement => settlement.Line.Key == line.Key);
            if (index < 0)
            {
                settled.Add(new Settlement(line, line.Delta, [line]));
            }
            else
            {
                settled[index] = new Settlement(settled[index].Line, settled[index].Delta + line.Delta, settled[index].Lines.Add(line));
            }
        }

        settled.RemoveAll(settlement => settlement.Delta == Quantity.Zero);
        return settled;
    }

    private static ImmutableArray<Charge> NetCharges(Entry original, ImmutableArray<Entry> later)
    {
        List<Charge> net = original.Kind == EntryKind.Reservation ? [] : [.. original.Charges];
        foreach (Charge change in later.Where(entry => entry.Kind is EntryKind.Completion or EntryKind.Commit).SelectMany(entry => entry.Charges))
        {
            int index = net.FindIndex(charge => charge.Meter == change.Meter);
            if (index < 0)
            {
                net.Add(change);
            }
            else
            {
                net[index] = net[index] with { Amount = net[index].Amount + change.Amount };
            }
        }

        // How the event itself was cut or clamped is told there.
        return [.. net.Where(charge => charge.Amount != Quantity.Zero).Select(charge => charge with { Trace = charge.Trace with { CutFrom = null, ClampedFrom = null } })];
    }

    private static Money? NetCost(Entry original, ImmutableArray<Entry> later)
    {
        Money? cost = original.Kind == EntryKind.Reservation ? null : original.Cost;
        foreach (Entry entry in later)
        {
            cost = entry.Kind is EntryKind.Completion or EntryKind.Commit && entry.Cost is { } change ? (cost ?? Money.Zero) + change : cost;
        }

        return cost;
    }

    private static Money? Difference(Money? wanted, Money? before)
    {
        decimal difference = (wanted?.Amount ?? 0) - (before?.Amount ?? 0);
        return difference == 0 ? null : new Money(difference);
    }

    private static Decision Fail(Decision unchanged, Refusal refusal, string pointer, string message) =>
        unchanged with { Refusal = refusal, Failure = new Failure(refusal, pointer, message) };

    private readonly record struct Settlement(EntryLine Line, Quantity Delta, ImmutableArray<EntryLine> Lines);
}
