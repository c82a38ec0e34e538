using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>Tests a request against everything that may say no.</summary>
internal static class LimitCheck
{
    /// <summary>Every violation, in the order of the refusals. Where <paramref name="cuts"/>, the amounts are first cut to what fits (BAL-5).</summary>
    public static ImmutableArray<Violation> Run(
        AccountState account, AccountState workspace, CatalogBook book, Plan plan, Consume command, List<TouchedBalance> touched, Quantity[] amounts, bool cuts)
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
            if (command.Rated.Properties.TryGet(limit.Property, out PropertyValue value) && Exceeds(value, limit))
            {
                violations = violations.Add(new Violation(Refusal.RequestLimitExceeded)
                {
                    Name = limit.Name,
                    RequestLimit = limit.Max,
                    RequestValue = value.Kind == PropertyKind.Number ? value.Number : null,
                });
            }
        }

        foreach (TouchedBalance balance in touched)
        {
            // The workspace's level may know less than the account's, where its limit is younger; it never refuses a decrease.
            Quantity amount = amounts[balance.Charge];
            if (balance.Limit.Meter.Kind == MeterKind.Level && !balance.IsShared && amount < Quantity.Zero && balance.Balance.Used + amount < Quantity.Zero)
            {
                violations = violations.Add(Figures(Refusal.LevelBelowZero, balance, amount));
            }
        }

        foreach (TouchedBalance balance in touched)
        {
            Quantity amount = amounts[balance.Charge];
            if (amount > Quantity.Zero && balance.Room is { } room && (cuts ? room <= Quantity.Zero : amount > room))
            {
                violations = violations.Add(Figures(Refusal.LimitExceeded, balance, amount));
            }
        }

        if (cuts)
        {
            Cut(touched, amounts);
        }

        foreach (TouchedRate rate in TouchedRate.Of(account, workspace, book.Active, plan, command, amounts))
        {
            if (rate.Amount > 0 && rate.Window.Sum(command.Now) + rate.Amount > rate.Limit.Limit.Units)
            {
                violations = violations.Add(rate.Violation(command.Now));
            }
        }

        if (command.TakesSlot && type.Slot is { } kind)
        {
            AddIfFull(ref violations, account, kind, plan.Slots.GetValueOrDefault(kind), ScopeKind.Account, command);
            if (book.Active.Workspace.Slots.TryGetValue(kind, out int shared))
            {
                AddIfFull(ref violations, workspace, kind, shared, ScopeKind.Workspace, command);
            }
        }

        return violations;
    }

    /// <summary>A property that a request limit of the plan reads must be a number, or the limit could be walked around with a text.</summary>
    public static Failure? CheckTypes(Plan plan, Properties properties)
    {
        foreach (RequestLimit limit in plan.Requests)
        {
            if (properties.TryGet(limit.Property, out PropertyValue value) && value.Kind != PropertyKind.Number)
            {
                return new Failure(Refusal.PropertyType, Properties.PointerTo(limit.Property), $"'{limit.Property}' must be a number: the plan limits it by '{limit.Name}'.");
            }
        }

        return null;
    }

    /// <summary>SLOT-1: at most as many unexpired leases as there are slots.</summary>
    private static void AddIfFull(ref ImmutableArray<Violation> violations, AccountState holder, string kind, int slots, ScopeKind scope, Consume command)
    {
        int taken = 0;
        Instant first = Instant.MaxValue;
        foreach (Hold hold in holder.Holds.LiveAt(command.Now))
        {
            if (hold.Slot?.Kind == kind)
            {
                taken++;
                first = Instant.Min(first, hold.ExpiresAt);
            }
        }

        if (taken >= slots || (command.IsBehindQueue && scope == ScopeKind.Account))
        {
            violations = violations.Add(new Violation(Refusal.NoSlot)
            {
                Name = kind,
                Scope = scope,
                Limit = new Quantity(slots),
                Used = new Quantity(taken),
                Held = Quantity.Zero,
                Requested = new Quantity(1),
                Remaining = new Quantity(Math.Max(0, slots - taken)),
                ResetsAt = first == Instant.MaxValue ? null : first,
            });
        }
    }

    private static bool Exceeds(PropertyValue value, RequestLimit limit) => value.Kind != PropertyKind.Number || value.Number > limit.Max;

    /// <summary>Each charge is cut to the least room of its balances.</summary>
    private static void Cut(List<TouchedBalance> touched, Quantity[] amounts)
    {
        foreach (TouchedBalance balance in touched)
        {
            if (amounts[balance.Charge] > Quantity.Zero && balance.Room is { } room)
            {
                amounts[balance.Charge] = Quantity.Min(amounts[balance.Charge], Quantity.Max(room, Quantity.Zero));
            }
        }
    }

    internal static Violation Figures(Refusal reason, TouchedBalance touched, Quantity requested) => new(reason)
    {
        Meter = touched.Limit.Meter.Key,
        Scale = touched.Limit.Meter.Scale,
        Scope = touched.Limit.Scope,
        Per = touched.Limit.Per,
        Limit = reason == Refusal.LimitExceeded ? touched.Limit.Wall : touched.Limit.Limit,
        Used = touched.Balance.Used,
        Held = touched.Held,
        Requested = requested,
        Remaining = touched.Room is { } room ? Quantity.Max(room, Quantity.Zero) : null,
        ResetsAt = touched.Balance.PeriodEnd == Instant.MaxValue ? null : touched.Balance.PeriodEnd,
    };
}
