using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>How accounts are shown.</summary>
internal static class AccountAnswers
{
    public static AccountAnswer Of(AccountRecord record, CatalogBook book, Instant now)
    {
        Account account = record.State.Account;
        now = Instant.Max(now, account.DecidedAt);
        Schedule schedule = account.Timeline.Latest;
        return new AccountAnswer(
            record.Profile.Key.Value, record.Profile.Name, Of(book.PlanOf(account, now)), account.CurrentSubscription(now).PinnedVersion, Scheduled(account, now), schedule.Zone.Id,
            LocalDateTimePattern.ExtendedIso.Format(schedule.Anchor), account.Suspended, account.CreatedAt, record.Profile.ExternalIds,
            [.. account.Overrides.Select(entry => Of(entry, book.Active))]);
    }

    public static AccountListItem ItemOf(AccountUsage usage)
    {
        Account account = usage.State.Account;
        return new AccountListItem(
            usage.Profile.Key.Value, usage.Profile.Name, Of(usage.Plan), account.CurrentSubscription(usage.AsOf).PinnedVersion, account.Timeline.Latest.Zone.Id, account.Suspended, account.CreatedAt,
            [.. usage.Balances.Where(line => line.Limit.Scope == ScopeKind.Account && line.Limit.Limit is not null).Select(Of)]);
    }

    public static SubscriptionAnswer SubscriptionOf(AccountRecord record, CatalogBook book, Instant now)
    {
        Account account = record.State.Account;
        now = Instant.Max(now, account.DecidedAt);
        Instant since = account.Planned.LastOrDefault(change => change.At <= now) is { Subscription.Plan: not null } acted ? acted.At
            : account.FormerPlans.IsEmpty ? account.CreatedAt : account.FormerPlans[^1].Until;
        IEnumerable<FormerPlanAnswer> former = account.FormerPlans.Select(plan => new FormerPlanAnswer(plan.Until, plan.Subscription.Plan, plan.Subscription.PinnedVersion))
            .Concat(account.Planned.Where(change => change.At <= now).Select((change, i) =>
                i == 0 ? new FormerPlanAnswer(change.At, account.Plan, account.PinnedVersion)
                : new FormerPlanAnswer(change.At, account.Planned[i - 1].Subscription.Plan, account.Planned[i - 1].Subscription.PinnedVersion)));
        return new SubscriptionAnswer(
            record.Profile.Key.Value, Of(book.PlanOf(account, now)), account.CurrentSubscription(now).PinnedVersion, since, Scheduled(account, now), [.. former.Reverse()]);
    }

    public static MigratedAccountAnswer MigratedOf(MigratedAccount account) => new(
        account.Profile.Key.Value, account.Profile.Name, account.Plan, account.FromVersion, [.. account.Changes.Limits.Select(Of)],
        account.Changes.FeaturesGained, account.Changes.FeaturesLost, account.Failure?.Message);

    private static List<ScheduledPlan> Scheduled(Account account, Instant now) =>
        [.. account.Planned.Where(change => change.At > now).Select(change => new ScheduledPlan(change.At, change.Subscription.Plan, change.Subscription.PinnedVersion))];

    private static LimitChangeAnswer Of(LimitDifference limit) => new(
        limit.Meter.Key, JsonText.Name(limit.Scope), limit.Per.Name(), limit.Before?.Limit?.ToDecimal(limit.Meter.Scale), limit.After?.Limit?.ToDecimal(limit.Meter.Scale),
        limit.Used?.ToDecimal(limit.Meter.Scale), limit.IsOver);

    public static PlanSummary Of(Plan plan) => new(plan.Key, plan.Name, plan.Description);

    private static OverrideAnswer Of(LimitOverride entry, Catalog catalog) => new(
        entry.Meter, JsonText.Name(entry.Scope), entry.Per?.Name(), entry.Limit?.ToDecimal(catalog.Meters.TryGetValue(entry.Meter, out Meter? meter) ? meter.Scale : 0),
        entry.Until, entry.Reason);

    private static UsagePercentage Of(UsageLine line)
    {
        int scale = line.Limit.Meter.Scale;
        return new UsagePercentage(
            line.Limit.Meter.Key, line.Limit.Per.Name(), line.Used.ToDecimal(scale), line.Limit.Limit?.ToDecimal(scale), JsonText.Percent(line.Used, line.Limit.Limit), line.Period.End);
    }
}
