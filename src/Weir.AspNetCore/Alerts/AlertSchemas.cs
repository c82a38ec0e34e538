namespace Weir.AspNetCore;

/// <param name="Mode">add: beside the plan's percentages; replace: in their place.</param>
internal sealed record PutAlertRulesBody(IReadOnlyList<AlertRuleBody> Rules, string Mode = "add");

/// <summary>A threshold: one of percent, remaining and amount; the last two in the meter's unit.</summary>
/// <param name="Scope">account when absent.</param>
/// <param name="Per">The allowance it is for; every one when absent, and for an amount the meter's usual one.</param>
internal sealed record AlertRuleBody(string Meter, string? Scope = null, string? Per = null, decimal? Percent = null, decimal? Remaining = null, decimal? Amount = null);

/// <param name="Ids">At most 1,000; all when absent.</param>
internal sealed record ReadAlertsBody(IReadOnlyList<string>? Ids = null);

/// <summary>The body of a call that takes none.</summary>
internal sealed record NoMembers;

/// <param name="Read">How many had not been read before.</param>
internal sealed record ReadAlertsAnswer(int Read);

internal sealed record AlertRulesSchema(string Account, string Mode, IReadOnlyList<AlertRuleSchema> Rules, IReadOnlyList<decimal> PlanAlerts);

internal sealed record AlertRuleSchema(string Meter, string Scope, string? Per, decimal? Percent, decimal? Remaining, decimal? Amount);

internal sealed record AlertListSchema(long? Raised, long? Unread, IReadOnlyList<AlertSchema> Items, string? Next);

/// <param name="Kind">threshold, job_stuck or usage_unusual.</param>
/// <param name="State">raised, resolved, or ended with its period.</param>
/// <param name="Type">Event type of a stuck job or of unusual usage.</param>
/// <param name="Job">The id of a stuck job's reservation.</param>
/// <param name="Events">Of unusual usage: the events of the hour.</param>
/// <param name="MostUsual">Of unusual usage: how many would still have been usual.</param>
internal sealed record AlertSchema(
    string Id, string? Account, string Kind, string State, string? Meter, string? Scope, string? ScopeValue, string? Per, DateTimeOffset? PeriodStart,
    DateTimeOffset? PeriodEnd, AlertThresholdSchema? Threshold, decimal? Used, decimal? Held, decimal? Limit, decimal? Percent, string? Type,
    string? Job, long? Events, long? MostUsual, DateTimeOffset RaisedAt, DateTimeOffset? ResolvedAt, string? Resolution, DateTimeOffset? ReadAt, DateTimeOffset? AcknowledgedAt, string? AcknowledgedBy);

/// <summary>One of them.</summary>
internal sealed record AlertThresholdSchema(decimal? Percent, decimal? Remaining, decimal? Amount);
