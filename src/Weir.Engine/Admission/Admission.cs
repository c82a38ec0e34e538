using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>
/// Decides whether an account may use what it asks for, and what is written when it does. Pure: the same states and command give the
/// same decision on every store and every node.
/// </summary>
public static class Admission
{
    /// <summary>How far back an event's own time may lie, and how far ahead (PER-3).</summary>
    public static readonly Duration OldestEvent = Duration.FromDays(35);

    public static readonly Duration NewestEvent = Duration.FromMinutes(5);

    // Far enough from the first year whose periods are known, so that a period before it can still be named.
    private static readonly Instant s_oldestImport = Instant.FromUtc(1900, 1, 1, 0, 0);

    /// <param name="account">The account with at least the balances that the event touches.</param>
    /// <param name="workspace">The workspace's own head, with its shared balances and rates.</param>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Consume command) =>
        Examine(account, workspace, book, command, out Examined examined) ?? Apply(account, workspace, book, examined);

    /// <summary>All checks of a request, in the order of the refusals. Null when it may go ahead.</summary>
    /// <param name="examined">What was found, where it may.</param>
    internal static Decision? Examine(AccountState account, AccountState workspace, CatalogBook book, Consume command, out Examined examined)
    {
        examined = default;
        Decision unchanged = new(account, workspace);
        if (CheckTime(account.Account, command) is { } mistimed)
        {
            return Fail(unchanged, mistimed);
        }

        Plan plan = book.PlanOf(account.Account, command.Now);
        bool observes = EnforcementOf(book, plan, command) == EnforcementMode.Observe;
        if (command.Failed)
        {
            command = command with { Rated = command.Rated with { Charges = [], Cost = null } };
        }

        List<TouchedBalance> touched = Footprint.Of(account, workspace, book.Active, plan, command);
        Quantity[] asked = Footprint.Amounts(command.Rated.Charges, touched);
        if ((CheckImport(account.Account, command, touched) ?? CheckRange(touched, asked)) is { } misplaced)
        {
            return Fail(unchanged, misplaced);
        }

        // An observed request counts in full: nothing is cut.
        Quantity[] amounts = asked;
        ImmutableArray<Violation> violations = [];
        if (command.Mode != ConsumeMode.Record)
        {
            if (LimitCheck.CheckTypes(plan, command.Rated.Properties) is { } mistyped)
            {
                return Fail(unchanged, mistyped);
            }

            bool cuts = command.Mode == ConsumeMode.BestEffort && !observes;
            amounts = cuts ? [.. asked] : asked;
            violations = LimitCheck.Run(account, workspace, book, plan, command, touched, amounts, cuts);
            if (!violations.IsEmpty && !observes)
            {
                return unchanged with
                {
                    Refusal = violations[0].Reason,
                    Violations = violations,
                    Advice = PlanAdvice.For(account, workspace, book, plan, command, violations),
                };
            }
        }

        examined = new Examined(plan, command, touched, asked, amounts, violations);
        return null;
    }

    /// <summary>The host's word, else the plan's, else the catalog's.</summary>
    internal static EnforcementMode EnforcementOf(CatalogBook book, Plan plan, Consume command) =>
        command.HostEnforcement ?? plan.Enforcement ?? book.Active.Enforcement;

    /// <summary>The balances that an import will touch: their periods may be closed, so that the account's state need not have them.</summary>
    public static IReadOnlyCollection<BalanceKey> KeysOf(AccountState account, AccountState workspace, CatalogBook book, Consume command) =>
        [.. Footprint.Of(account, workspace, book.Active, book.PlanOf(account.Account, command.Now), command).Where(t => t.Limit.Scope != ScopeKind.Workspace).Select(t => t.Balance.Key)];

    /// <summary>PER-5: imported history may not change a period in which the account has lived events of its own.</summary>
    private static Failure? CheckImport(Account account, Consume command, List<TouchedBalance> touched)
    {
        if (!command.Import || account.FirstLiveEventAt is not { } first)
        {
            return null;
        }

        foreach (TouchedBalance balance in touched)
        {
            if (balance.Limit.Scope != ScopeKind.Workspace && balance.Limit.Per != Per.Lifetime && balance.Balance.PeriodEnd > first)
            {
                return new Failure(Refusal.ImportIntoLivePeriod, "/at",
                    $"The event falls into the period of '{balance.Limit.Meter.Key}' that ends {balance.Balance.PeriodEnd}, and the account has live events since {first}; import only into periods that ended before, or record it as a late event.");
            }
        }

        return null;
    }

    /// <summary>Whether the time that the sender gives is one that this command may have; null when it is.</summary>
    public static Failure? CheckTime(Account account, Consume command)
    {
        if (command.At is not { } at)
        {
            return command.Import ? new Failure(Refusal.InvalidRequest, "/at", "An import says with 'at' when each event happened.") : null;
        }

        if (command.Mode != ConsumeMode.Record)
        {
            return new Failure(Refusal.InvalidRequest, "/at", "'at' goes with mode 'record' only; a decision is about now.");
        }

        if (command.Import)
        {
            return at >= s_oldestImport && at < command.Now
                ? null
                : new Failure(Refusal.TimeOutOfRange, "/at", $"'at' is {at}; an import takes times from {s_oldestImport} to before now ({command.Now}).");
        }

        Instant oldest = command.Now - OldestEvent;
        Instant newest = command.Now + NewestEvent;
        return at >= oldest && at <= newest
            ? null
            : new Failure(Refusal.TimeOutOfRange, "/at", $"'at' is {at}; it must lie from {oldest} (35 days back) to {newest} (5 minutes ahead). Older history goes through an import.");
    }

    /// <summary>An amount that would bring a balance out of 64 bits fails alone, before anything is written (NUM-1).</summary>
    private static Failure? CheckRange(List<TouchedBalance> touched, Quantity[] amounts)
    {
        foreach (TouchedBalance balance in touched)
        {
            if (amounts[balance.Charge].Units > long.MaxValue - balance.Balance.Used.Units - balance.Balance.Held.Units)
            {
                return new Failure(Refusal.QuantityOverflow, "/properties",
                    $"The balance of '{balance.Limit.Meter.Key}' per {balance.Limit.Per.Name()} cannot count further: {balance.Balance.Used.ToDecimal(balance.Limit.Meter.Scale)} is used.");
            }
        }

        return null;
    }

    private static Decision Fail(Decision unchanged, Failure failure) => unchanged with { Refusal = failure.Refusal, Failure = failure };

    // From here the command succeeds.
    private static Decision Apply(AccountState account, AccountState workspace, CatalogBook book, Examined examined)
    {
        (Plan plan, Consume command, List<TouchedBalance> touched, Quantity[] asked, Quantity[] amounts, ImmutableArray<Violation> observed) = examined;
        EntryFlags flags = command.Import ? EntryFlags.Imported : EntryFlags.None;
        flags |= command.Failed ? EntryFlags.Failed : EntryFlags.None;
        BalanceWriter writer = new(account, workspace, command.Now);
        Quantity[] applied = [.. amounts];
        Instant at = Footprint.EffectiveTime(command);
        foreach (TouchedBalance balance in touched)
        {
            // What the account's own balance took is what the workspace's balance of all accounts takes too.
            Quantity amount = balance.IsShared ? applied[balance.Charge] : amounts[balance.Charge];
            EntryLine line = writer.Move(balance.Limit, balance.Balance, amount, at: balance.Carried ? command.Now : at);
            if (line.Delta != amount && !balance.IsShared)
            {
                flags |= EntryFlags.Clamped;
                applied[balance.Charge] = balance.Leads ? line.Delta : applied[balance.Charge];
            }

            flags |= balance.Carried ? EntryFlags.Carried : EntryFlags.None;
            flags |= at < command.Now && !command.Import && balance.Balance.PeriodEnd <= command.Now ? EntryFlags.Late : EntryFlags.None;
            flags |= BalanceWriter.IsOverLimit(line) ? EntryFlags.OverLimit : EntryFlags.None;
        }

        foreach (TouchedRate rate in TouchedRate.Of(account, workspace, book.Active, plan, command, amounts))
        {
            writer.Count(rate);
        }

        Instant? first = account.Account.FirstLiveEventAt;
        if (!command.Import && !(first <= at))
        {
            first = at;
        }

        return writer.Finish(first, new Entry
        {
            Kind = EntryKind.Usage,
            Account = account.Account.Id,
            Scopes = command.Scopes,
            Type = command.Rated.Type.Key,
            At = at,
            RecordedAt = command.Now,
            CatalogVersion = book.ActiveVersion,
            Plan = plan.Key,
            Properties = Named(command.Rated),
            Charges = Final(command.Rated.Charges, asked, amounts, applied),
            Lines = writer.TakeLines(),
            Cost = command.Rated.Cost,
            Flags = flags,
            Observed = observed,
        });
    }

    /// <summary>The charges as they took effect: cut or clamped where that happened, a <c>set</c> as the change that it made.</summary>
    internal static ImmutableArray<Charge> Final(ImmutableArray<Charge> rated, Quantity[] asked, Quantity[] amounts, Quantity[] applied)
    {
        if (IsAsRated(rated, applied))
        {
            return rated;
        }

        ImmutableArray<Charge>.Builder charges = ImmutableArray.CreateBuilder<Charge>(rated.Length);
        for (int i = 0; i < rated.Length; i++)
        {
            Charge charge = rated[i];
            ChargeTrace trace = charge.Trace;
            if (amounts[i] != asked[i])
            {
                trace = trace with { CutFrom = asked[i].ToDecimal(charge.Scale) };
            }

            if (applied[i] != amounts[i])
            {
                trace = trace with { ClampedFrom = amounts[i].ToDecimal(charge.Scale) };
            }

            charges.Add(charge with { Amount = applied[i], Trace = trace, IsSet = false });
        }

        return charges.MoveToImmutable();
    }

    private static bool IsAsRated(ImmutableArray<Charge> rated, Quantity[] applied)
    {
        for (int i = 0; i < rated.Length; i++)
        {
            if (rated[i].IsSet || applied[i] != rated[i].Amount)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A request that may go ahead.</summary>
    /// <param name="Asked">What was rated, for each charge.</param>
    /// <param name="Amounts">What is granted of it.</param>
    /// <param name="Observed">What would have refused it, where the plan only observes.</param>
    internal readonly record struct Examined(
        Plan Plan, Consume Command, List<TouchedBalance> Touched, Quantity[] Asked, Quantity[] Amounts, ImmutableArray<Violation> Observed);

    /// <summary>Only what the catalog names goes into the ledger; the rest is the host's own and can be erased (PRIV-1).</summary>
    internal static Properties Named(RatedEvent rated)
    {
        foreach ((string name, PropertyValue _) in rated.Properties.Entries)
        {
            if (!rated.Type.NamedProperties.Contains(name))
            {
                return Properties.Of(rated.Properties.Entries.Where(entry => rated.Type.NamedProperties.Contains(entry.Key)));
            }
        }

        return rated.Properties;
    }
}
