using System.Text.Json;

namespace Weir.AspNetCore;

// The shapes of bodies that are read and written by hand, for the API's description.

/// <summary>One thing that happened or is about to.</summary>
internal sealed record EventSchema(
    string? Id, string Account, string Type, IReadOnlyDictionary<string, JsonElement>? Properties, string? User, string? Source, string? Campaign,
    string? Resource, string? Mode, DateTimeOffset? At, string? Provider, string? Model, string? Endpoint, string? RequestId, string? Status,
    long? LatencyMs, string? Address, string? UserAgent, string? Key, CostSchema? Cost);

internal sealed record CostSchema(decimal Amount, string? Currency);

internal sealed record ConsumeAnswerSchema(
    bool Allowed, string? Id, bool? Replayed, DateTimeOffset? AsOf, IReadOnlyList<ChargeSchema>? Charges, CostSchema? Cost, string? CostSource,
    IReadOnlyList<BalanceSchema>? Balances, IReadOnlyList<WarningSchema>? Warnings, string? Reason, IReadOnlyList<ViolationSchema>? Violations, AdviceSchema? Advice);

internal sealed record ChargeSchema(string Meter, decimal Amount, TraceSchema Trace);

internal sealed record TraceSchema(
    decimal? Base, IReadOnlyList<PerUnitSchema>? Per, decimal? Multiplier, decimal? MultiplierGiven, IReadOnlyDictionary<string, decimal>? Bonuses,
    decimal? Change, decimal? Set, decimal? Cost, decimal? Unrounded, decimal? CutFrom, decimal? ClampedFrom);

internal sealed record PerUnitSchema(string Property, decimal Value, decimal Amount);

internal sealed record BalanceSchema(
    string Meter, decimal Used, decimal Held, decimal? Limit, decimal? Remaining, decimal? Percent, string Per, DateTimeOffset? PeriodStart,
    DateTimeOffset? PeriodEnd, decimal? Allowance, decimal? Granted, string? Scope, string? ScopeValue);

internal sealed record ViolationSchema(
    string Reason, string? Meter, string? Name, string? Scope, string? ScopeValue, string? Per, decimal? Limit, decimal? Used, decimal? Held,
    decimal? Requested, decimal? Remaining, DateTimeOffset? ResetsAt);

internal sealed record WarningSchema(string Code, string? Meter, string? Per, decimal? Overage, decimal? OverageCost, string? Scope, string? ScopeValue);

internal sealed record AdviceSchema(string Plan, string Name, string? Meter, decimal? Limit);
