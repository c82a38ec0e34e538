using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>Whether the thresholds that somebody wants for an account make sense.</summary>
internal static class AlertRuleChecks
{
    /// <summary>The rules with what was left open filled in; null with the first thing that is wrong.</summary>
    public static AlertRuleSet? Check(AlertRuleSet wanted, Catalog catalog, out Failure? failure)
    {
        failure = null;
        if (wanted.Rules.Length > AlertRuleSet.MostRules)
        {
            failure = Wrong("/rules", $"An account has at most {AlertRuleSet.MostRules} thresholds of its own.");
            return null;
        }

        ImmutableArray<AlertRule>.Builder rules = ImmutableArray.CreateBuilder<AlertRule>(wanted.Rules.Length);
        for (int i = 0; i < wanted.Rules.Length; i++)
        {
            AlertRule rule = wanted.Rules[i];
            string place = $"/rules/{i}";
            if (!catalog.Meters.TryGetValue(rule.Meter, out Meter? meter))
            {
                failure = new Failure(Refusal.UnknownMeter, place + "/meter", $"There is no meter '{rule.Meter}'; the catalog has {string.Join(", ", catalog.Meters.Keys.Order(StringComparer.Ordinal))}.");
                return null;
            }

            if (Mistake(rule, meter) is var (member, message))
            {
                failure = Wrong(place + member, message);
                return null;
            }

            AlertRule filled = rule.Threshold.Basis == AlertBasis.Amount ? rule with { Per = rule.Per ?? LimitRules.DefaultPer(meter) } : rule;
            if (rules.Contains(filled))
            {
                failure = Wrong(place, "The same threshold stands twice.");
                return null;
            }

            rules.Add(filled);
        }

        return new AlertRuleSet(wanted.ReplacesPlan, rules.ToImmutable());
    }

    private static (string Member, string Message)? Mistake(AlertRule rule, Meter meter)
    {
        if (rule.Scope == ScopeKind.Workspace)
        {
            return ("/scope", "The scope is account, user, campaign or key: what all accounts share is nobody's alone.");
        }

        if (meter.Kind == MeterKind.Level && rule.Per is not (null or Per.Lifetime))
        {
            return ("/per", $"'{meter.Key}' is a level and has no periods; leave 'per' out.");
        }

        decimal value = rule.Threshold.Value;
        return rule.Threshold.Basis switch
        {
            AlertBasis.Percent when value is < CatalogBounds.LowestAlert or > CatalogBounds.HighestAlert =>
                ("/percent", $"A percentage is from {CatalogBounds.LowestAlert} to {CatalogBounds.HighestAlert}."),
            AlertBasis.Remaining when value is < 0 or > Quantity.LargestLimitUnits => ("/remaining", Range("What remains", 0, meter)),
            AlertBasis.Amount when value is < 1 or > Quantity.LargestLimitUnits => ("/amount", Range("An amount", 1, meter)),
            _ => null,
        };
    }

    private static string Range(string what, long least, Meter meter) =>
        $"{what} is from {new Quantity(least).ToDecimal(meter.Scale)} to {new Quantity(Quantity.LargestLimitUnits).ToDecimal(meter.Scale)} of '{meter.Key}'.";

    private static Failure Wrong(string pointer, string message) => new(Refusal.InvalidRequest, pointer, message);
}
