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
        Schedule schedule = account.Timeline.Latest;
        return new AccountAnswer(
            record.Profile.Key.Value, record.Profile.Name, Of(book.PlanOf(account, now)), account.SubscriptionAt(now).PinnedVersion, schedule.Zone.Id,
            LocalDateTimePattern.ExtendedIso.Format(schedule.Anchor), account.Suspended, account.CreatedAt, record.Profile.ExternalIds,
            [.. account.Overrides.Select(entry => Of(entry, book.Active))]);
    }

    public static AccountListItem ItemOf(AccountUsage usage)
    {
        Account account = usage.State.Account;
        return new AccountListItem(
            usage.Profile.Key.Value, usage.Profile.Name, Of(usage.Plan), account.SubscriptionAt(usage.AsOf).PinnedVersion, account.Timeline.Latest.Zone.Id, account.Suspended, account.CreatedAt,
            [.. usage.Balances.Where(line => line.Limit.Scope == ScopeKind.Account && line.Limit.Limit is not null).Select(Of)]);
    }

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
