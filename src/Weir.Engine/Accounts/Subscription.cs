using NodaTime;

namespace Weir.Engine;

/// <summary>What an account is subscribed to.</summary>
/// <param name="Plan">Key of the plan.</param>
/// <param name="PinnedVersion">The catalog version whose plan holds, or null to follow the active one (PLAN-1).</param>
public readonly record struct Subscription(string Plan, int? PinnedVersion);

/// <summary>A change of plan that acts at its instant, whether or not anybody looks (PLAN-2).</summary>
public readonly record struct PlannedChange(Instant At, Subscription Subscription);

/// <summary>What an account was subscribed to before: until an instant, from the end of the one before it.</summary>
public readonly record struct FormerPlan(Instant Until, Subscription Subscription);

/// <summary>When a change of plan takes effect.</summary>
public enum PlanStart
{
    Immediate,

    /// <summary>At the end of the account's month (PER-4).</summary>
    NextPeriod,
}

/// <summary>
/// What an account is subscribed to from a time on: it takes the place of everything that was planned from then on. What is planned
/// before stays.
/// </summary>
public sealed record SubscriptionChange(string Plan)
{
    public PlanStart When { get; init; }

    /// <summary>Keeps the plan as the catalog has it now, or as it is pinned already.</summary>
    public bool Pin { get; init; }

    /// <summary>When it ends, as a trial does; null for a plan that stays.</summary>
    public Instant? Until { get; init; }

    /// <summary>Key of the plan that follows <see cref="Until"/>; null for the catalog's default plan as it is now.</summary>
    public string? Then { get; init; }
}
