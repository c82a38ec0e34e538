using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>A limit as it stands for one account now: the plan's allowance under its override.</summary>
/// <param name="Ceiling">Soft only: where it ends nevertheless.</param>
public readonly record struct StandingLimit(
    Meter Meter, ScopeKind Scope, Per Per, Quantity? Limit, LimitEnforcement Enforcement, Quantity? Ceiling, UnitPrice? OverageRate)
{
    /// <summary>The amount that must not be exceeded, or null: the limit of a hard allowance, the ceiling of a soft one.</summary>
    public Quantity? Wall => Enforcement == LimitEnforcement.Hard ? Limit : Ceiling;
}

/// <summary>Which limits stand on a meter.</summary>
public static class LimitRules
{
    /// <summary>
    /// The account's limits on one meter. A meter that the plan does not name is counted per month (a level: for life) without limit (BAL-4).
    /// </summary>
    public static ImmutableArray<StandingLimit> OfMeter(Plan plan, Account account, Meter meter, Instant now)
    {
        ImmutableArray<StandingLimit>.Builder limits = ImmutableArray.CreateBuilder<StandingLimit>(2);
        foreach (Allowance allowance in plan.Allowances)
        {
            if (allowance.Meter.Key == meter.Key)
            {
                limits.Add(Stand(allowance, account, now));
            }
        }

        foreach (LimitOverride entry in account.Overrides)
        {
            if (entry.Meter == meter.Key && IsActive(entry, now) && !Stands(limits, entry))
            {
                limits.Add(new StandingLimit(meter, entry.Scope, entry.Per ?? DefaultPer(meter), entry.Limit, LimitEnforcement.Hard, null, null));
            }
        }

        if (limits.Count == 0)
        {
            limits.Add(Unlimited(meter, DefaultPer(meter)));
        }

        if (meter.Key == Meter.CostKey)
        {
            // What an account has cost, this month and ever, is asked for on every page: it is counted, not summed up from the log.
            AddUnlessCounted(limits, Unlimited(meter, Per.Month));
            AddUnlessCounted(limits, Unlimited(meter, Per.Lifetime));
        }

        return limits.DrainToImmutable();
    }

    private static StandingLimit Unlimited(Meter meter, Per per) => new(meter, ScopeKind.Account, per, null, LimitEnforcement.Hard, null, null);

    private static void AddUnlessCounted(ImmutableArray<StandingLimit>.Builder limits, StandingLimit wanted)
    {
        foreach (StandingLimit limit in limits)
        {
            if (limit.Scope == wanted.Scope && limit.Per == wanted.Per)
            {
                return;
            }
        }

        limits.Add(wanted);
    }

    /// <summary>The limits that all accounts of the workspace share on one meter.</summary>
    public static ImmutableArray<StandingLimit> OfWorkspace(Catalog catalog, Meter meter)
    {
        ImmutableArray<StandingLimit> limits = [];
        foreach (Allowance allowance in catalog.Workspace.Allowances)
        {
            if (allowance.Meter.Key == meter.Key)
            {
                limits = limits.Add(new StandingLimit(meter, ScopeKind.Workspace, allowance.Per, allowance.Limit, allowance.Enforcement, allowance.Ceiling, allowance.OverageRate));
            }
        }

        return limits;
    }

    public static Per DefaultPer(Meter meter) => meter.Kind == MeterKind.Level ? Per.Lifetime : Per.Month;

    private static StandingLimit Stand(Allowance allowance, Account account, Instant now)
    {
        Quantity? limit = allowance.Limit;
        Quantity? ceiling = allowance.Ceiling;
        foreach (LimitOverride entry in account.Overrides)
        {
            if (entry.Meter == allowance.Meter.Key && entry.Scope == allowance.Scope && (entry.Per is null || entry.Per == allowance.Per) && IsActive(entry, now))
            {
                limit = entry.Limit;
                // An override above the ceiling lifts the ceiling with it.
                ceiling = limit is null || ceiling is null ? null : Quantity.Max(limit.Value, ceiling.Value);
            }
        }

        return new StandingLimit(allowance.Meter, allowance.Scope, allowance.Per, limit, allowance.Enforcement, ceiling, allowance.OverageRate);
    }

    private static bool IsActive(LimitOverride entry, Instant now) => entry.Until is not { } until || now < until;

    private static bool Stands(ImmutableArray<StandingLimit>.Builder limits, LimitOverride entry)
    {
        foreach (StandingLimit limit in limits)
        {
            if (limit.Scope == entry.Scope && (entry.Per is null || entry.Per == limit.Per))
            {
                return true;
            }
        }

        return false;
    }
}
