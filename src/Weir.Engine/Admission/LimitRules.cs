using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>A limit as it stands for one account now: the plan's allowance under its override, with what grants add where that is said.</summary>
/// <param name="Ceiling">Soft only: where it ends nevertheless.</param>
public readonly record struct StandingLimit(
    Meter Meter, ScopeKind Scope, Per Per, Quantity? Limit, LimitEnforcement Enforcement, Quantity? Ceiling, UnitPrice? OverageRate)
{
    /// <summary>The amount that must not be exceeded, or null: the limit of a hard allowance, the ceiling of a soft one.</summary>
    public Quantity? Wall => Enforcement == LimitEnforcement.Hard ? Limit : Ceiling;

    /// <summary>What grants add; limit and ceiling have it in them.</summary>
    public Quantity Granted { get; init; }

    /// <summary>Whether grants that name no balance add to this one (GRANT-1).</summary>
    public bool IsLongest { get; init; }

    /// <summary>The limit of plan and override alone.</summary>
    public Quantity? Planned => Limit - Granted;

    /// <summary>The limit with what grants add to it, in place of what they added before.</summary>
    public StandingLimit Granting(Quantity granted) => this with { Limit = Planned + granted, Ceiling = Ceiling - Granted + granted, Granted = granted };
}

/// <summary>Which limits stand on a meter.</summary>
public static class LimitRules
{
    /// <summary>
    /// The account's limits on one meter. A meter that the plan does not name is counted per month (a level: for life) without limit,
    /// whatever overrides stand on it (BAL-4).
    /// </summary>
    public static ImmutableArray<StandingLimit> OfMeter(Plan plan, Account account, Meter meter, Instant now)
    {
        List<StandingLimit> limits = [];
        AddOfMeter(limits, plan, account, meter, now);
        return [.. limits];
    }

    /// <summary>The limits that all accounts of the workspace share on one meter.</summary>
    public static ImmutableArray<StandingLimit> OfWorkspace(Catalog catalog, Meter meter)
    {
        List<StandingLimit> limits = [];
        AddOfWorkspace(limits, catalog, meter);
        return [.. limits];
    }

    /// <summary>An allowance as the catalog has it.</summary>
    public static StandingLimit Stand(Allowance allowance) =>
        new(allowance.Meter, allowance.Scope, allowance.Per, allowance.Limit, allowance.Enforcement, allowance.Ceiling, allowance.OverageRate);

    public static Per DefaultPer(Meter meter) => meter.Kind == MeterKind.Level ? Per.Lifetime : Per.Month;

    /// <inheritdoc cref="OfMeter"/>
    internal static void AddOfMeter(List<StandingLimit> limits, Plan plan, Account account, Meter meter, Instant now)
    {
        int first = limits.Count;
        foreach (Allowance allowance in plan.Allowances)
        {
            if (allowance.Meter.Key == meter.Key)
            {
                limits.Add(Stand(allowance, account, now));
            }
        }

        int planned = limits.Count;
        foreach (LimitOverride entry in account.Overrides)
        {
            if (entry.Meter == meter.Key && IsActive(entry, now) && !ActsOnAnother(entry, limits, first, planned, account, meter, now))
            {
                limits.Add(new StandingLimit(meter, entry.Scope, entry.Per ?? DefaultPer(meter), entry.Limit, LimitEnforcement.Hard, null, null));
            }
        }

        if (planned == first)
        {
            CountUnlimited(limits, first, meter, DefaultPer(meter));
        }

        MarkLongest(limits, first);
        if (meter.Key == Meter.CostKey)
        {
            // What an account has cost, this month and ever, is asked for on every page: it is counted, not summed up from the log.
            CountUnlimited(limits, first, meter, Per.Month);
            CountUnlimited(limits, first, meter, Per.Lifetime);
        }

        foreach (AlertRule rule in account.AlertRules.Rules)
        {
            if (rule.Threshold.Basis == AlertBasis.Amount && rule.Meter == meter.Key)
            {
                CountUnlimited(limits, first, meter, rule.Per ?? DefaultPer(meter), rule.Scope);
            }
        }
    }

    /// <inheritdoc cref="OfWorkspace"/>
    internal static void AddOfWorkspace(List<StandingLimit> limits, Catalog catalog, Meter meter)
    {
        foreach (Allowance allowance in catalog.Workspace.Allowances)
        {
            if (allowance.Meter.Key == meter.Key)
            {
                limits.Add(Stand(allowance));
            }
        }
    }

    /// <summary>The balance of the whole account that runs longest; of two equally long ones the account's own period before the calendar's.</summary>
    private static void MarkLongest(List<StandingLimit> limits, int first)
    {
        int longest = -1;
        for (int i = first; i < limits.Count; i++)
        {
            if (limits[i].Scope == ScopeKind.Account && (longest < 0 || LengthOf(limits[i].Per) > LengthOf(limits[longest].Per)))
            {
                longest = i;
            }
        }

        if (longest >= 0)
        {
            limits[longest] = limits[longest] with { IsLongest = true };
        }
    }

    private static int LengthOf(Per per) => per switch
    {
        Per.Lifetime => 10,
        Per.Year => 9,
        Per.CalendarYear => 8,
        Per.Month => 7,
        Per.CalendarMonth => 6,
        Per.Week => 5,
        Per.CalendarWeek => 4,
        Per.Day => 3,
        Per.CalendarDay => 2,
        Per.Hour => 1,
        _ => 0,
    };

    internal static bool IsActive(LimitOverride entry, Instant now) => entry.Until is not { } until || now < until;

    /// <summary>Counts the meter for the account, or for each of what it has at a scope, unless a limit that stands does.</summary>
    private static void CountUnlimited(List<StandingLimit> limits, int first, Meter meter, Per per, ScopeKind scope = ScopeKind.Account)
    {
        if (!Contains(limits, first, limits.Count, scope, per))
        {
            limits.Add(new StandingLimit(meter, scope, per, null, LimitEnforcement.Hard, null, null));
        }
    }

    /// <summary>An allowance under its override. One that names the allowance's per goes before one for every per.</summary>
    private static StandingLimit Stand(Allowance allowance, Account account, Instant now)
    {
        LimitOverride? standing = null;
        foreach (LimitOverride entry in account.Overrides)
        {
            if (entry.Meter == allowance.Meter.Key && entry.Scope == allowance.Scope && IsActive(entry, now)
                && (entry.Per == allowance.Per || (entry.Per is null && standing is null)))
            {
                standing = entry;
            }
        }

        StandingLimit limit = Stand(allowance);
        return standing is null ? limit : limit with
        {
            Limit = standing.Limit,
            // An override above the ceiling lifts the ceiling with it.
            Ceiling = standing.Limit is { } overridden && limit.Ceiling is { } ceiling ? Quantity.Max(overridden, ceiling) : null,
        };
    }

    /// <summary>
    /// Whether an override makes no limit of its own: it acts on an allowance of the plan, or gives way to one that names the per.
    /// </summary>
    private static bool ActsOnAnother(
        LimitOverride entry, List<StandingLimit> limits, int first, int planned, Account account, Meter meter, Instant now)
    {
        if (entry.Per is { } per)
        {
            return Contains(limits, first, planned, entry.Scope, per);
        }

        foreach (LimitOverride other in account.Overrides)
        {
            if (other.Meter == meter.Key && other.Scope == entry.Scope && other.Per == DefaultPer(meter) && IsActive(other, now))
            {
                return true;
            }
        }

        return Contains(limits, first, planned, entry.Scope, null);
    }

    private static bool Contains(List<StandingLimit> limits, int first, int end, ScopeKind scope, Per? per)
    {
        for (int i = first; i < end; i++)
        {
            if (limits[i].Scope == scope && (per is null || limits[i].Per == per))
            {
                return true;
            }
        }

        return false;
    }
}
