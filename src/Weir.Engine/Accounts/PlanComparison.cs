using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>A limit that is another one afterwards.</summary>
/// <param name="Before">Null where there was none.</param>
/// <param name="After">Null where there will be none.</param>
/// <param name="Used">Of the whole account in its current period; null for limits of each user, campaign or key.</param>
public sealed record LimitDifference(Meter Meter, ScopeKind Scope, Per Per, StandingLimit? Before, StandingLimit? After, Quantity? Used)
{
    /// <summary>More is used than the limit will be: nothing will remain (PLAN-1).</summary>
    public bool IsOver => After?.Limit is { } limit && Used is { } used && used > limit;
}

/// <summary>What an account's plan gives before and after a change of it, overrides included.</summary>
public sealed record PlanComparison(ImmutableArray<LimitDifference> Limits, ImmutableArray<string> FeaturesGained, ImmutableArray<string> FeaturesLost)
{
    /// <param name="state">With its head as it is now.</param>
    /// <param name="after">The head as it will be.</param>
    public static PlanComparison Of(AccountState state, Account after, CatalogBook book, NodaTime.Instant now)
    {
        (Plan before, Plan next) = (book.PlanOf(state.Account, now), book.PlanOf(after, now));
        ImmutableArray<LimitDifference>.Builder limits = ImmutableArray.CreateBuilder<LimitDifference>();
        foreach (string key in before.Allowances.Concat(next.Allowances).Select(allowance => allowance.Meter.Key).Distinct(StringComparer.Ordinal))
        {
            if (book.Active.Meters.TryGetValue(key, out Meter? meter))
            {
                Compare(limits, meter, LimitRules.OfMeter(before, state.Account, meter, now), LimitRules.OfMeter(next, after, meter, now), state, now);
            }
        }

        return new PlanComparison(limits.DrainToImmutable(), Only(next, before), Only(before, next));
    }

    private static void Compare(
        ImmutableArray<LimitDifference>.Builder limits, Meter meter, ImmutableArray<StandingLimit> before, ImmutableArray<StandingLimit> after, AccountState state, NodaTime.Instant now)
    {
        foreach ((ScopeKind scope, Per per) in before.Concat(after).Select(limit => (limit.Scope, limit.Per)).Distinct())
        {
            StandingLimit? was = Find(before, scope, per);
            StandingLimit? will = Find(after, scope, per);
            if ((was?.Limit, was?.Enforcement, was?.Ceiling) != (will?.Limit, will?.Enforcement, will?.Ceiling))
            {
                Period period = state.Account.Timeline.At(per, now);
                Quantity? used = scope == ScopeKind.Account ? state.BalanceOf(new BalanceKey(scope, 0, meter.Key, per, period.Start), period.End).Used : null;
                limits.Add(new LimitDifference(meter, scope, per, was, will, used));
            }
        }
    }

    private static StandingLimit? Find(ImmutableArray<StandingLimit> limits, ScopeKind scope, Per per)
    {
        foreach (StandingLimit limit in limits)
        {
            if (limit.Scope == scope && limit.Per == per)
            {
                return limit;
            }
        }

        return null;
    }

    /// <summary>Features that are true in the one plan only.</summary>
    private static ImmutableArray<string> Only(Plan one, Plan other) =>
        [.. one.Features.Values.Where(feature => IsOn(feature) && !(other.Features.TryGetValue(feature.Name, out PlanFeature? same) && IsOn(same))).Select(feature => feature.Name).Order(StringComparer.Ordinal)];

    private static bool IsOn(PlanFeature feature) => feature.Value.Kind == PropertyKind.Boolean && feature.Value.Boolean;
}
