using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>From the body of thresholds to what the engine understands; what is wrong is refused with its place.</summary>
internal static class AlertInput
{
    public static AlertRuleSet RulesOf(PutAlertRulesBody body, Catalog catalog)
    {
        bool replaces = body.Mode switch
        {
            "add" => false,
            "replace" => true,
            _ => throw Texts.Wrong("/mode", "'mode' is one of add, replace."),
        };
        if (body.Rules.Count == 0 && !replaces)
        {
            throw Texts.Wrong("/rules", "There is nothing to add. To take the account's own thresholds away, delete them; to silence the plan's too, write mode 'replace'.");
        }

        if (body.Rules.Count > AlertRuleSet.MostRules)
        {
            throw Texts.Wrong("/rules", $"An account has at most {AlertRuleSet.MostRules} thresholds of its own.");
        }

        return new AlertRuleSet(replaces, [.. body.Rules.Select((rule, i) => RuleOf(rule, $"/rules/{i}", catalog))]);
    }

    private static AlertRule RuleOf(AlertRuleBody? rule, string place, Catalog catalog)
    {
        if (rule is null)
        {
            throw Texts.Wrong(place, "A threshold is an object such as { \"meter\": \"credits\", \"percent\": 80 }.");
        }

        string key = Texts.CatalogName(rule.Meter, place + "/meter", "The key of a meter");
        if (!catalog.Meters.TryGetValue(key, out Meter? meter))
        {
            throw new ProblemException(Problem.Of(new Failure(Refusal.UnknownMeter, place + "/meter",
                $"There is no meter '{key}'{NearestName.Suggestion(key, catalog.Meters.Keys)}; the catalog has {string.Join(", ", catalog.Meters.Keys.Order(StringComparer.Ordinal))}.")));
        }

        return new AlertRule(
            meter.Key,
            rule.Scope is null ? ScopeKind.Account : AccountInput.Scope(rule.Scope, message => Texts.Wrong(place + "/scope", message)),
            rule.Per is null ? null : AccountInput.PerOf(rule.Per, message => Texts.Wrong(place + "/per", message)),
            rule switch
            {
                { Percent: { } percent, Remaining: null, Amount: null } => new AlertThreshold(AlertBasis.Percent, percent),
                { Percent: null, Remaining: { } remaining, Amount: null } => new AlertThreshold(AlertBasis.Remaining, Units(remaining, meter, place + "/remaining")),
                { Percent: null, Remaining: null, Amount: { } amount } => new AlertThreshold(AlertBasis.Amount, Units(amount, meter, place + "/amount")),
                _ => throw Texts.Wrong(place, "A threshold has one of percent, remaining and amount."),
            });
    }

    private static decimal Units(decimal value, Meter meter, string pointer)
    {
        // Beyond the largest limit the engine refuses it; a product beyond a decimal must not come before that.
        decimal units = Math.Abs(value) > Quantity.LargestLimitUnits ? value : value * Decimals.PowerOfTen(meter.Scale);
        return units == decimal.Truncate(units)
            ? units
            : throw new ProblemException(Problem.Of(new Failure(Refusal.TooManyDecimals, pointer, $"'{meter.Key}' has at most {meter.Scale} decimal places.")));
    }
}
