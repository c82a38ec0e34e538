using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>Which plan to move to after a denial (BAL-11).</summary>
internal static class PlanAdvice
{
    /// <summary>The cheapest plan that is offered to all and would have allowed this very request; plans without a price come last.</summary>
    public static Advice? For(
        AccountState account, AccountState workspace, CatalogBook book, Plan current, Consume command, ImmutableArray<Violation> violations) =>
        For(account, workspace, book, current, command, violations, (plan, touched) =>
        {
            Quantity[] amounts = Footprint.Amounts(command.Rated.Charges, touched);
            return LimitCheck.Run(account, workspace, book, plan, command, touched, amounts, command.Mode == ConsumeMode.BestEffort).IsEmpty;
        });

    /// <inheritdoc cref="For(AccountState, AccountState, CatalogBook, Plan, Consume, ImmutableArray{Violation})"/>
    /// <param name="fits">Whether the request would fit the balances that it touches under another plan.</param>
    public static Advice? For(
        AccountState account, AccountState workspace, CatalogBook book, Plan current, Consume command, ImmutableArray<Violation> violations,
        Func<Plan, List<TouchedBalance>, bool> fits)
    {
        // No plan helps while the account itself is refused.
        if (account.Account.Suspended)
        {
            return null;
        }

        IEnumerable<Plan> candidates = book.Active.PlanOrder
            .Select(key => book.Active.Plans[key])
            .Where(plan => plan.IsOffered && plan.Key != current.Key)
            .OrderBy(plan => plan.Price?.Monthly ?? (plan.Price?.Yearly / 12) ?? decimal.MaxValue);
        foreach (Plan plan in candidates)
        {
            List<TouchedBalance> touched = Footprint.Of(account, workspace, book.Active, plan, command);
            if (Admission.EnforcementOf(book, plan, command) == EnforcementMode.Observe || fits(plan, touched))
            {
                Violation? limit = violations.FirstOrDefault(v => v.Reason == Refusal.LimitExceeded && v.Scope != ScopeKind.Workspace);
                StandingLimit? standing = limit is null ? null : Counterpart(touched, limit);
                return new Advice(plan.Key, plan.Name, standing?.Meter.Key, standing?.Meter.Scale ?? 0, standing?.Planned);
            }
        }

        return null;
    }

    /// <summary>The other plan's limit in place of the violated one: the same per where it has one, else the first at that scope.</summary>
    private static StandingLimit? Counterpart(List<TouchedBalance> touched, Violation violated)
    {
        StandingLimit? first = null;
        foreach (TouchedBalance balance in touched)
        {
            if (balance.Limit.Meter.Key == violated.Meter && balance.Limit.Scope == violated.Scope)
            {
                if (balance.Limit.Per == violated.Per)
                {
                    return balance.Limit;
                }

                first ??= balance.Limit;
            }
        }

        return first;
    }
}
