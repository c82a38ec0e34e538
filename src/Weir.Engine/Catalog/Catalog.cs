using System.Collections.Frozen;
using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>Whether denials take effect.</summary>
public enum EnforcementMode
{
    /// <summary>Limits refuse.</summary>
    Enforce,

    /// <summary>Everything is recorded, nothing refused: what would have been a denial comes back as warnings.</summary>
    Observe,
}

/// <summary>
/// One validated, frozen version of a workspace's configuration. It never changes; a new document makes a new catalog.
/// All keys are compared ordinally.
/// </summary>
public sealed class Catalog
{
    public required string Name { get; init; }

    public required EnforcementMode Enforcement { get; init; }

    /// <summary>The plan that a new account gets.</summary>
    public required Plan DefaultPlan { get; init; }

    /// <summary>Whether an account is created at its first event.</summary>
    public required bool AutoCreate { get; init; }

    /// <summary>ISO 4217 code of every money amount of this catalog.</summary>
    public required string Currency { get; init; }

    /// <summary>All meters, the built-in <c>cost</c> among them.</summary>
    public required FrozenDictionary<string, Meter> Meters { get; init; }

    public required FrozenDictionary<string, EventType> Events { get; init; }

    public required FrozenDictionary<string, Plan> Plans { get; init; }

    /// <summary>Limits of the whole service, the same for all accounts together.</summary>
    public required WorkspaceLimits Workspace { get; init; }

    /// <summary>Overrides of the price book, in the order of the document.</summary>
    public required ImmutableArray<PriceOverride> Prices { get; init; }

    public required Metadata Metadata { get; init; }

    /// <summary>Plans in the order of the document.</summary>
    public required ImmutableArray<string> PlanOrder { get; init; }

    /// <summary>Event types in the order of the document.</summary>
    public required ImmutableArray<string> EventOrder { get; init; }
}

/// <summary>Free texts that a catalog entry carries for its host: at most 50 entries, values at most 500 characters.</summary>
public sealed class Metadata(ImmutableArray<KeyValuePair<string, string>> entries)
{
    public static readonly Metadata Empty = new([]);

    public ImmutableArray<KeyValuePair<string, string>> Entries { get; } = entries;
}

public enum MeterKind
{
    /// <summary>Adds up within a period: credits, calls, tokens, seconds.</summary>
    Sum,

    /// <summary>Goes up and down and does not reset: stored bytes, seats.</summary>
    Level,
}

/// <summary>A named quantity.</summary>
/// <param name="Unit">The singular name of the unit, for people.</param>
/// <param name="Scale">Decimal places, 0–9. Fixed with the meter's first entry.</param>
public sealed record Meter(string Key, string Unit, int Scale, MeterKind Kind, string? Description, bool Retired, Metadata Metadata)
{
    /// <summary>The key of the built-in meter that every event's cost is charged to, in the catalog's currency at scale 9.</summary>
    public const string CostKey = "cost";
}

/// <summary>What can happen, and what it charges.</summary>
public sealed class EventType
{
    public required string Key { get; init; }

    public string? Description { get; init; }

    public string? Category { get; init; }

    /// <summary>The host's route, for people and breakdowns.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Properties that summaries and <c>groupBy</c> know beside the built-in dimensions.</summary>
    public required ImmutableArray<string> Dimensions { get; init; }

    /// <summary>Plan features without which the event is denied.</summary>
    public required ImmutableArray<string> Requires { get; init; }

    public required ImmutableArray<ChargeRule> Charges { get; init; }

    /// <summary>The kind of slot that a reservation of this type holds.</summary>
    public string? Slot { get; init; }

    /// <summary>Names of the plan's rates that each allowed event counts in.</summary>
    public required ImmutableArray<string> Rates { get; init; }

    /// <summary>What happens to a commit that comes after the reservation expired.</summary>
    public LateCommit LateCommit { get; init; }

    public bool Retired { get; init; }

    public required Metadata Metadata { get; init; }

    /// <summary>
    /// Every property that this type's charges, dimensions or any plan's request limits name. They are checked
    /// when an event is bound and are kept in the ledger; all other properties are free and erasable.
    /// </summary>
    public required FrozenSet<string> NamedProperties { get; init; }
}

public enum LateCommit
{
    Record,
    Consume,
    Reject,
}

/// <summary>
/// How an event becomes an amount on one meter:
/// <c>(base + Σ per) × multiplier + Σ bonuses</c>, or a level's <c>change</c> or <c>set</c>, or the event's cost.
/// </summary>
public sealed class ChargeRule
{
    public required Meter Meter { get; init; }

    public decimal Base { get; init; }

    public required ImmutableArray<PerUnitRule> PerUnits { get; init; }

    public MultiplierRule? Multiplier { get; init; }

    public required ImmutableArray<BonusRule> Bonuses { get; init; }

    /// <summary>Level meters: the property with the signed change.</summary>
    public string? ChangeProperty { get; init; }

    /// <summary>Level meters: the property with the new value.</summary>
    public string? SetProperty { get; init; }

    /// <summary>The event's cost is the amount, rounded up to the meter's scale.</summary>
    public bool Cost { get; init; }

    public Rounding Rounding { get; init; }

    /// <summary>Whether it charges the same whatever the event says.</summary>
    internal bool IsConstant => PerUnits.IsEmpty && Multiplier is null && Bonuses.IsEmpty && !Cost && ChangeProperty is null && SetProperty is null;

    /// <summary>What a constant rule charges, once it has been rated.</summary>
    internal Charge? Constant { get; set; }
}

/// <summary>Adds <c>amount × value / unit</c> for a numeric property; nothing when the property is absent.</summary>
public sealed record PerUnitRule(string Property, decimal Unit, decimal Amount);

/// <summary>Multiplies by a numeric property, clamped to <c>[Min, Max]</c>; by 1 when the property is absent.</summary>
public sealed record MultiplierRule(string Property, decimal? Min, decimal? Max);

/// <summary>Adds an amount when a boolean property is true.</summary>
public sealed record BonusRule(string Property, decimal Amount);

public enum LimitEnforcement
{
    Hard,
    Soft,
}

/// <summary>The dimension over which a balance or a rate is kept.</summary>
public enum ScopeKind
{
    Account,
    User,
    Campaign,
    Key,

    /// <summary>Shared by all accounts of the workspace. Only limits under <c>workspace</c> have it.</summary>
    Workspace,
}

/// <summary>A plan's limit on one meter per period.</summary>
/// <param name="Limit">Smallest units; null is unlimited, 0 blocks.</param>
/// <param name="Ceiling">Soft only: where it ends nevertheless; null is no end.</param>
/// <param name="OverageRate">Soft only: price of one unit beyond the limit, for show.</param>
/// <param name="Rollover">What an unused rest becomes in the next period.</param>
public sealed record Allowance(
    Meter Meter,
    ScopeKind Scope,
    Per Per,
    Quantity? Limit,
    LimitEnforcement Enforcement,
    Quantity? Ceiling,
    UnitPrice? OverageRate,
    Rollover? Rollover);

/// <summary>At most <paramref name="Max"/> of what is left moves into the next period.</summary>
/// <param name="Max">Smallest units; null is all of it.</param>
public sealed record Rollover(Quantity? Max);

/// <summary>A sliding-window limit on events, or on a meter's charges where it names one.</summary>
/// <param name="Limit">Events, or smallest units of <paramref name="Meter"/>.</param>
/// <param name="Window">One second to 31 days; it is divided into 60 sub-buckets.</param>
public sealed record RateLimit(string Name, Quantity Limit, Duration Window, ScopeKind Scope, Meter? Meter);

public sealed record PlanPrice(decimal? Monthly, decimal? Yearly);

/// <summary>A plan's feature: a boolean, a number or a text. Only <c>true</c> satisfies <c>requires</c>.</summary>
public sealed record PlanFeature(string Name, PropertyValue Value);

/// <summary>A limit of one request: the property must not exceed <paramref name="Max"/>. Written <c>max_P: n</c>.</summary>
public sealed record RequestLimit(string Name, string Property, decimal Max);

public sealed class Plan
{
    public required string Key { get; init; }

    /// <summary>For people; the key where the document gives none.</summary>
    public required string Name { get; init; }

    public string? Description { get; init; }

    public PlanPrice? Price { get; init; }

    /// <summary>In the order of the document; (meter, scope, per) is unique.</summary>
    public required ImmutableArray<Allowance> Allowances { get; init; }

    public required ImmutableArray<RequestLimit> Requests { get; init; }

    /// <summary>Slots of each kind; a kind that is not named has none.</summary>
    public required FrozenDictionary<string, int> Slots { get; init; }

    public required FrozenDictionary<string, RateLimit> Rates { get; init; }

    public required FrozenDictionary<string, PlanFeature> Features { get; init; }

    /// <summary>Thresholds in percent, rising.</summary>
    public required ImmutableArray<decimal> Alerts { get; init; }

    /// <summary>Stands in place of the catalog's.</summary>
    public EnforcementMode? Enforcement { get; init; }

    public bool Retired { get; init; }

    /// <summary>The host's key of the one account that may have it, or null for a plan that is for all.</summary>
    public string? Account { get; init; }

    /// <summary>Whether any account may move to it: neither retired nor made for one.</summary>
    public bool IsOffered => !Retired && Account is null;

    public required Metadata Metadata { get; init; }
}

public sealed class WorkspaceLimits
{
    /// <summary>All with <see cref="ScopeKind.Workspace"/>; their periods run in the workspace's zone.</summary>
    public required ImmutableArray<Allowance> Allowances { get; init; }

    public required FrozenDictionary<string, int> Slots { get; init; }

    public required FrozenDictionary<string, RateLimit> Rates { get; init; }
}

/// <summary>A price that stands in place of the price book's.</summary>
/// <param name="Per">The number of units that <paramref name="Price"/> is for.</param>
public sealed record PriceOverride(
    string Provider, string Model, string Unit, decimal Per, decimal Price, LocalDate From, LocalDate? To, string? Source, Metadata Metadata);
