using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>How the plan of an account changes over time. The plan at any time is that of the last change at or before it (PLAN-2).</summary>
internal static class SubscriptionRules
{
    /// <summary>How long former plans are remembered, for periods that are closed late.</summary>
    public static readonly Duration Remembered = Duration.FromDays(400);

    /// <summary>The most former plans that are remembered; beyond, the oldest are forgotten.</summary>
    public const int MostFormer = 50;

    private static readonly Instant s_latest = Instant.FromUtc(Schedule.LastYear, 1, 1, 0, 0);

    /// <summary>The account with every planned change that has acted by now as its plan. What it is subscribed to at any time stays the same.</summary>
    public static Account Fold(Account account, Instant now)
    {
        int acted = 0;
        while (acted < account.Planned.Length && account.Planned[acted].At <= now)
        {
            account = Replace(account, account.Planned[acted].Subscription, account.Planned[acted].At);
            acted++;
        }

        return acted == 0 ? account : account with { Planned = account.Planned.RemoveRange(0, acted) };
    }

    /// <summary>
    /// Another plan from now on takes the place of everything that was planned. Saying again the plan that the account has moves nothing,
    /// the version least of all, unless <paramref name="pin"/> says so.
    /// </summary>
    public static Account? Move(Account account, string? plan, bool? pin, CatalogBook book, string? key, Instant now, out Failure? failure)
    {
        failure = plan is null ? null : CheckPlan(plan, "/plan", account, book, key);
        if (failure is not null)
        {
            return null;
        }

        Subscription current = new(account.Plan, account.PinnedVersion);
        Subscription wanted = plan is null || plan == current.Plan ? current : new Subscription(plan, null);
        if (pin is { } pinned)
        {
            wanted = wanted with { PinnedVersion = pinned ? wanted.PinnedVersion ?? book.ActiveVersion : null };
        }

        Account changed = wanted == current ? account : Replace(account, wanted, now);
        return wanted.Plan == current.Plan ? changed : changed with { Planned = [] };
    }

    /// <summary>What an account is subscribed to from a time on.</summary>
    public static Account? Subscribe(Account account, SubscriptionChange change, CatalogBook book, string? key, Instant now, out Failure? failure)
    {
        Instant start = change.When == PlanStart.Immediate ? now : account.Timeline.At(Per.Month, now).End;
        string then = change.Then ?? book.Active.DefaultPlan.Key;
        failure = CheckPlan(change.Plan, "/plan", account, book, key)
            ?? (change.Then is null ? null : CheckPlan(change.Then, "/then", account, book, key))
            ?? CheckEnd(change, then, start);
        if (failure is not null)
        {
            return null;
        }

        Subscription before = account.SubscriptionAt(start - Duration.Epsilon);
        int? pinned = change.Pin ? (before.Plan == change.Plan ? before.PinnedVersion : null) ?? book.ActiveVersion : null;
        Subscription wanted = new(change.Plan, pinned);
        List<PlannedChange> planned = [.. account.Planned.Where(one => one.At < start)];
        if (change.When == PlanStart.NextPeriod && wanted != before)
        {
            planned.Add(new PlannedChange(start, wanted));
        }

        if (change.Until is { } until)
        {
            planned.Add(new PlannedChange(until, new Subscription(then, null)));
        }

        Account changed = change.When == PlanStart.NextPeriod || wanted == before ? account : Replace(account, wanted, now);
        return Plan(changed, [.. planned]);
    }

    /// <summary>Lets a pinned plan, now or planned, stand as the active catalog has it. An account that follows is left alone.</summary>
    /// <param name="plan">Only this plan; null for whatever the account has.</param>
    public static Account Migrate(Account account, string? plan, CatalogBook book, Instant now)
    {
        Subscription current = new(account.Plan, account.PinnedVersion);
        Account changed = Moved(current) is var moved && moved != current ? Replace(account, moved, now) : account;
        return Plan(changed, [.. account.Planned.Select(one => one with { Subscription = Moved(one.Subscription) })]);

        Subscription Moved(Subscription one) =>
            one.PinnedVersion is not null && (plan is null || one.Plan == plan) && book.Active.Plans.ContainsKey(one.Plan) ? one with { PinnedVersion = book.ActiveVersion } : one;
    }

    private static Account Plan(Account account, ImmutableArray<PlannedChange> planned) =>
        account.Planned.AsSpan().SequenceEqual(planned.AsSpan()) ? account : account with { Planned = planned };

    /// <summary>
    /// Another subscription from an instant on. What held for no time is not remembered; nor is the plan that a new account has for its
    /// first moment, under which nothing was decided.
    /// </summary>
    private static Account Replace(Account account, Subscription wanted, Instant at)
    {
        ImmutableArray<FormerPlan> former = account.FormerPlans;
        if (account.Version > 0 && at > (former.IsEmpty ? account.CreatedAt : former[^1].Until))
        {
            IEnumerable<FormerPlan> remembered = former.Append(new FormerPlan(at, new Subscription(account.Plan, account.PinnedVersion))).Where(one => one.Until > at - Remembered);
            former = [.. remembered.TakeLast(MostFormer)];
        }

        return account with { Plan = wanted.Plan, PinnedVersion = wanted.PinnedVersion, FormerPlans = former };
    }

    private static Failure? CheckEnd(SubscriptionChange change, string then, Instant start)
    {
        if (change.Until is not { } until)
        {
            return change.Then is null ? null : new Failure(Refusal.InvalidRequest, "/then", "'then' is the plan that follows at 'until'; give that too, or leave both out.");
        }

        if (until <= start || until >= s_latest)
        {
            return new Failure(Refusal.InvalidRequest, "/until", $"'until' is {until}; the plan begins at {start} and ends after that, before {s_latest}.");
        }

        return then == change.Plan
            ? new Failure(Refusal.InvalidRequest, change.Then is null ? "/until" : "/then", $"The plan '{change.Plan}' would be followed by itself; name another plan with 'then', or leave 'until' out.")
            : null;
    }

    private static Failure? CheckPlan(string wanted, string pointer, Account account, CatalogBook book, string? key)
    {
        if (!book.Active.Plans.TryGetValue(wanted, out Plan? plan) || (plan.Account is { } owner && owner != key))
        {
            IEnumerable<string> open = book.Active.PlanOrder.Where(name => book.Active.Plans[name].IsOffered);
            return new Failure(Refusal.UnknownPlan, pointer, plan is null
                ? $"There is no plan '{wanted}'; the catalog has {string.Join(", ", open)}."
                : $"The plan '{wanted}' is made for one other account; the catalog has {string.Join(", ", open)}.");
        }

        return plan.Retired && account.Plan != wanted
            ? new Failure(Refusal.PlanRetired, pointer, $"The plan '{wanted}' is retired: who has it keeps it, nobody moves to it.")
            : null;
    }
}
