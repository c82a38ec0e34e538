using NodaTime;

namespace Weir.AspNetCore;

// What is null in a request stays as it is.

internal sealed record PutAccountBody(
    string? Name = null, string? Plan = null, string? TimeZone = null, string? Anchor = null, bool? Suspended = null,
    IReadOnlyDictionary<string, string>? ExternalIds = null);

/// <param name="Limit">Required; null is unlimited.</param>
internal sealed record PutOverrideBody(decimal? Limit, string? Scope = null, string? Per = null, Instant? Until = null, string? Reason = null);

/// <param name="Scheduled">Changes of plan that are planned.</param>
internal sealed record AccountAnswer(
    string Key, string? Name, PlanSummary Plan, int? PinnedVersion, IReadOnlyList<ScheduledPlan> Scheduled, string TimeZone, string Anchor, bool Suspended, Instant CreatedAt,
    IReadOnlyDictionary<string, string> ExternalIds, IReadOnlyList<OverrideAnswer> Overrides);

internal sealed record PlanSummary(string Key, string Name, string? Description);

internal sealed record OverrideAnswer(string Meter, string Scope, string? Per, decimal? Limit, Instant? Until, string? Reason);

internal sealed record AccountListAnswer(IReadOnlyList<AccountListItem> Items, string? Next);

/// <param name="Usage">The account-wide limits and how far they are used.</param>
internal sealed record AccountListItem(
    string Key, string? Name, PlanSummary Plan, int? PinnedVersion, string TimeZone, bool Suspended, Instant CreatedAt, IReadOnlyList<UsagePercentage> Usage);

internal sealed record UsagePercentage(string Meter, string Per, decimal Used, decimal? Limit, decimal? Percent, Instant? PeriodEnd);
