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

    /// <param name="account">The account with at least the balances that the event touches.</param>
    /// <param name="workspace">The workspace's own head, with its shared balances and rates.</param>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Consume command)
    {
        Decision unchanged = new(account, workspace);
        if (CheckTime(account.Account, command) is { } failure)
        {
            return unchanged with { Refusal = failure.Refusal, Failure = failure };
        }

        Plan plan = book.PlanOf(account.Account);
        EnforcementMode enforcement = command.HostEnforcement ?? plan.Enforcement ?? book.Active.Enforcement;
        if (command.Failed)
        {
            command = command with { Rated = command.Rated with { Charges = [], Cost = null } };
        }

        List<TouchedBalance> touched = Footprint.Of(account, workspace, book.Active, plan, command);
        if (CheckImport(account.Account, command, touched) is { } misplaced)
        {
            return unchanged with { Refusal = misplaced.Refusal, Failure = misplaced };
        }

        Quantity[] amounts = Amounts(command.Rated.Charges, touched);
        ImmutableArray<Violation> violations = command.Mode == ConsumeMode.Record
            ? []
            : Check(account, workspace, book, plan, command, touched, amounts);
        if (!violations.IsEmpty && enforcement == EnforcementMode.Enforce)
        {
            return unchanged with
            {
                Refusal = violations[0].Reason,
                Violations = violations,
                Advice = Advise(account, workspace, book, plan, command, violations),
            };
        }

        if (!violations.IsEmpty)
        {
            // Observed only: the event counts in full, as if nothing had been cut.
            amounts = Amounts(command.Rated.Charges, touched);
        }

        // From here the command succeeds.
        return Apply(account, workspace, book, plan, command, touched, amounts, violations);
    }

    /// <summary>The balances that an import will touch: their periods may be closed, so that the account's state need not have them.</summary>
    public static IReadOnlyCollection<BalanceKey> KeysOf(AccountState account, AccountState workspace, CatalogBook book, Consume command) =>
        [.. Footprint.Of(account, workspace, book.Active, book.PlanOf(account.Account), command).Where(t => t.Limit.Scope != ScopeKind.Workspace).Select(t => t.Balance.Key)];

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

    /// <summary>Whether the event's own time is one that may be recorded (PER-3, PER-5).</summary>
    public static Failure? CheckTime(Account account, Consume command)
    {
        if (command.At is not { } at)
        {
            return null;
        }

        if (command.Mode != ConsumeMode.Record)
        {
            return new Failure(Refusal.InvalidRequest, "/at", "'at' goes with mode 'record' only; a decision is about now.");
        }

        if (command.Import)
        {
            return at < command.Now
                ? null
                : new Failure(Refusal.TimeOutOfRange, "/at", $"'at' is {at}; an import takes times before now ({command.Now}).");
        }

        Instant oldest = command.Now - OldestEvent;
        Instant newest = command.Now + NewestEvent;
        return at >= oldest && at <= newest
            ? null
            : new Failure(Refusal.TimeOutOfRange, "/at", $"'at' is {at}; it must lie from {oldest} (35 days back) to {newest} (5 minutes ahead). Older history goes through an import.");
    }

    /// <summary>The signed change of each charge; a level's <c>set</c> becomes the change from its balance.</summary>
    private static Quantity[] Amounts(ImmutableArray<Charge> charges, List<TouchedBalance> touched)
    {
        Quantity[] amounts = new Quantity[charges.Length];
        for (int i = 0; i < amounts.Length; i++)
        {
            amounts[i] = charges[i].Amount;
            if (charges[i].IsSet)
            {
                TouchedBalance own = touched.Find(t => t.Charge == i && t.Limit.Scope != ScopeKind.Workspace);
                amounts[i] -= own.Balance.Used;
            }
        }

        return amounts;
    }

    /// <summary>
    /// Every violation, in the order of the refusals. Under <see cref="ConsumeMode.BestEffort"/> the amounts are cut to what fits first.
    /// </summary>
    private static ImmutableArray<Violation> Check(
        AccountState account, AccountState workspace, CatalogBook book, Plan plan, Consume command, List<TouchedBalance> touched, Quantity[] amounts)
    {
        ImmutableArray<Violation> violations = [];
        if (account.Account.Suspended)
        {
            violations = violations.Add(new Violation(Refusal.AccountSuspended));
        }

        EventType type = command.Rated.Type;
        foreach (string feature in type.Requires)
        {
            if (!plan.Features.TryGetValue(feature, out PlanFeature? found) || found.Value.Kind != PropertyKind.Boolean || !found.Value.Boolean)
            {
                violations = violations.Add(new Violation(Refusal.FeatureNotInPlan) { Name = feature });
            }
        }

        foreach (RequestLimit limit in plan.Requests)
        {
            if (command.Rated.Properties.TryGet(limit.Property, out PropertyValue value) && value.Kind == PropertyKind.Number && value.Number > limit.Max)
            {
                violations = violations.Add(new Violation(Refusal.RequestLimitExceeded) { Name = limit.Name, RequestLimit = limit.Max, RequestValue = value.Number });
            }
        }

        foreach (TouchedBalance balance in touched)
        {
            Quantity amount = amounts[balance.Charge];
            if (balance.Limit.Meter.Kind == MeterKind.Level && amount < Quantity.Zero && balance.Balance.Used + amount < Quantity.Zero)
            {
                violations = violations.Add(Figures(Refusal.LevelBelowZero, balance, amount));
            }
        }

        if (command.Mode == ConsumeMode.BestEffort)
        {
            Cut(touched, amounts, ref violations);
        }
        else
        {
            foreach (TouchedBalance balance in touched)
            {
                Quantity amount = amounts[balance.Charge];
                if (amount > Quantity.Zero && balance.Room is { } room && amount > room)
                {
                    violations = violations.Add(Figures(Refusal.LimitExceeded, balance, amount));
                }
            }
        }

        foreach (TouchedRate rate in TouchedRate.Of(account, workspace, book.Active, plan, command, amounts))
        {
            if (rate.Amount > 0 && rate.Window.Sum(command.Now) + rate.Amount > rate.Limit.Limit.Units)
            {
                violations = violations.Add(rate.Violation(command.Now));
            }
        }

        return violations;
    }

    /// <summary>BAL-5: each charge is cut to the least room of its balances; when one above 0 would become 0, everything is denied.</summary>
    private static void Cut(List<TouchedBalance> touched, Quantity[] amounts, ref ImmutableArray<Violation> violations)
    {
        Quantity[] asked = [.. amounts];
        foreach (TouchedBalance balance in touched)
        {
            if (amounts[balance.Charge] > Quantity.Zero && balance.Room is { } room)
            {
                amounts[balance.Charge] = Quantity.Min(amounts[balance.Charge], Quantity.Max(room, Quantity.Zero));
            }
        }

        foreach (TouchedBalance balance in touched)
        {
            if (asked[balance.Charge] > Quantity.Zero && balance.Room is { } room && room <= Quantity.Zero)
            {
                violations = violations.Add(Figures(Refusal.LimitExceeded, balance, asked[balance.Charge]));
            }
        }
    }

    private static Violation Figures(Refusal reason, TouchedBalance touched, Quantity requested) => new(reason)
    {
        Meter = touched.Limit.Meter.Key,
        Scale = touched.Limit.Meter.Scale,
        Scope = touched.Limit.Scope,
        Per = touched.Limit.Per,
        Limit = reason == Refusal.LimitExceeded ? touched.Limit.Wall : touched.Limit.Limit,
        Used = touched.Balance.Used,
        Held = touched.Balance.Held,
        Requested = requested,
        Remaining = touched.Room is { } room ? Quantity.Max(room, Quantity.Zero) : null,
        ResetsAt = touched.Balance.PeriodEnd == Instant.MaxValue ? null : touched.Balance.PeriodEnd,
    };

    private static Decision Apply(
        AccountState account, AccountState workspace, CatalogBook book, Plan plan, Consume command,
        List<TouchedBalance> touched, Quantity[] amounts, ImmutableArray<Violation> observed)
    {
        EntryFlags flags = command.Import ? EntryFlags.Imported : EntryFlags.None;
        flags |= command.Failed ? EntryFlags.Failed : EntryFlags.None;
        BalanceWriter writer = new(account, workspace);
        Quantity[] applied = [.. amounts];
        Instant at = Footprint.EffectiveTime(command);
        foreach (TouchedBalance balance in touched)
        {
            EntryLine line = writer.Move(balance.Limit, balance.Balance, amounts[balance.Charge]);
            if (line.Delta != amounts[balance.Charge])
            {
                flags |= EntryFlags.Clamped;
                applied[balance.Charge] = line.Key.Scope == ScopeKind.Workspace ? applied[balance.Charge] : line.Delta;
            }

            flags |= balance.Carried ? EntryFlags.Carried : EntryFlags.None;
            flags |= at < command.Now && !command.Import && balance.Balance.PeriodEnd <= command.Now ? EntryFlags.Late : EntryFlags.None;
            flags |= BalanceWriter.IsOverLimit(line) ? EntryFlags.OverLimit : EntryFlags.None;
        }

        foreach (TouchedRate rate in TouchedRate.Of(account, workspace, book.Active, plan, command, amounts))
        {
            writer.Count(rate, command.Now);
        }

        (AccountState newAccount, AccountState newWorkspace) = writer.Finish(command.Now);
        if (!command.Import && newAccount.Account.FirstLiveEventAt is null)
        {
            newAccount = newAccount with { Account = newAccount.Account with { FirstLiveEventAt = command.Now } };
        }

        return new Decision(newAccount, newWorkspace)
        {
            Entry = new Entry
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
                Charges = Final(command.Rated.Charges, amounts, applied),
                Lines = writer.Lines,
                Cost = command.Rated.Cost,
                Flags = flags,
                Observed = observed,
            },
        };
    }

    /// <summary>The charges as they took effect: cut or clamped where that happened, a <c>set</c> as the change that it made.</summary>
    private static ImmutableArray<Charge> Final(ImmutableArray<Charge> rated, Quantity[] amounts, Quantity[] applied)
    {
        ImmutableArray<Charge>.Builder charges = ImmutableArray.CreateBuilder<Charge>(rated.Length);
        for (int i = 0; i < rated.Length; i++)
        {
            Charge charge = rated[i];
            ChargeTrace trace = charge.Trace;
            if (!charge.IsSet && amounts[i] != charge.Amount)
            {
                trace = trace with { CutFrom = charge.Amount.ToDecimal(charge.Scale) };
            }

            if (applied[i] != amounts[i])
            {
                trace = trace with { ClampedFrom = amounts[i].ToDecimal(charge.Scale) };
            }

            charges.Add(ReferenceEquals(trace, charge.Trace) && applied[i] == charge.Amount && !charge.IsSet
                ? charge
                : charge with { Amount = applied[i], Trace = trace, IsSet = false });
        }

        return charges.DrainToImmutable();
    }

    /// <summary>Only what the catalog names goes into the ledger; the rest is the host's own and can be erased (PRIV-1).</summary>
    private static Properties Named(RatedEvent rated)
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

    /// <summary>BAL-11: the cheapest plan that would have allowed this very request; plans without a price come last.</summary>
    private static Advice? Advise(
        AccountState account, AccountState workspace, CatalogBook book, Plan current, Consume command, ImmutableArray<Violation> violations)
    {
        IEnumerable<Plan> candidates = book.Active.PlanOrder
            .Select(key => book.Active.Plans[key])
            .Where(plan => !plan.Retired && plan.Key != current.Key)
            .OrderBy(plan => plan.Price?.Monthly ?? (plan.Price?.Yearly / 12) ?? decimal.MaxValue);
        foreach (Plan plan in candidates)
        {
            List<TouchedBalance> touched = Footprint.Of(account, workspace, book.Active, plan, command);
            Quantity[] amounts = Amounts(command.Rated.Charges, touched);
            if (Check(account, workspace, book, plan, command, touched, amounts).IsEmpty)
            {
                Violation? limit = violations.FirstOrDefault(v => v.Reason == Refusal.LimitExceeded && v.Scope != ScopeKind.Workspace);
                StandingLimit? standing = touched.Where(t => t.Limit.Meter.Key == limit?.Meter && t.Limit.Scope == limit.Scope).Select(t => (StandingLimit?)t.Limit).FirstOrDefault();
                return new Advice(plan.Key, plan.Name, standing?.Meter.Key, standing?.Meter.Scale ?? 0, standing?.Limit);
            }
        }

        return null;
    }
}
