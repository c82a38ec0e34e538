using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>What a threshold looks at. The numbers are stored and never change.</summary>
public enum AlertBasis
{
    /// <summary>Used in percent of the limit; what is held stands apart.</summary>
    Percent = 1,

    /// <summary>What still remains of the limit, after what is used and held.</summary>
    Remaining = 2,

    /// <summary>What is used, whether or not there is a limit.</summary>
    Amount = 3,
}

/// <summary>A figure at which people want to hear of a balance.</summary>
/// <param name="Value">Percent, or an amount in the meter's smallest unit.</param>
public readonly record struct AlertThreshold(AlertBasis Basis, decimal Value)
{
    /// <summary>How far below a threshold a balance that never starts anew must fall before it can be raised again, in percent.</summary>
    private const decimal RearmDistance = 5;

    /// <summary>Whether a balance has reached it. Nothing that was never touched has.</summary>
    public bool IsReached(Quantity used, Quantity held, Quantity? limit) => Basis switch
    {
        AlertBasis.Percent => used > Quantity.Zero && limit is { } full && (full.IsZero ? Value <= 100 : 100m * used.Units >= Value * full.Units),
        AlertBasis.Remaining => (used > Quantity.Zero || held > Quantity.Zero) && limit is { } full && (decimal)full.Units - used.Units - held.Units <= Value,
        _ => used.Units >= Value,
    };

    /// <summary>Whether a balance has fallen far enough below it: five points of the limit, or of the amount.</summary>
    public bool IsLeft(Quantity used, Quantity held, Quantity? limit) => Basis switch
    {
        AlertBasis.Percent => limit is not { } full || 100m * used.Units <= Math.Max(Value - RearmDistance, 0) * full.Units,
        AlertBasis.Remaining => limit is not { } full || (used.IsZero && held.IsZero)
            || 100m * ((decimal)full.Units - used.Units - held.Units - Value) >= RearmDistance * full.Units,
        _ => 100m * used.Units <= (100 - RearmDistance) * Value,
    };
}

/// <summary>A threshold that an account has of its own.</summary>
/// <param name="Per">The allowance it is for; null for every one of the meter at that scope. An amount always names one: it is counted for it.</param>
public sealed record AlertRule(string Meter, ScopeKind Scope, Per? Per, AlertThreshold Threshold)
{
    internal bool IsAbout(BalanceKey key) => key.Meter == Meter && key.Scope == Scope && (Per is not { } per || per == key.Per);
}

/// <summary>The thresholds of one account.</summary>
/// <param name="ReplacesPlan">Whether the plan's percentages are out of force; otherwise these come beside them.</param>
public sealed record AlertRuleSet(bool ReplacesPlan, ImmutableArray<AlertRule> Rules)
{
    /// <summary>The most thresholds of one account.</summary>
    public const int MostRules = 50;

    public static readonly AlertRuleSet Empty = new(false, []);

    public bool IsEmpty => !ReplacesPlan && Rules.IsEmpty;

    public bool Equals(AlertRuleSet? other) => other is not null && ReplacesPlan == other.ReplacesPlan && Rules.AsSpan().SequenceEqual(other.Rules.AsSpan());

    public override int GetHashCode() => HashCode.Combine(ReplacesPlan, Rules.Length);
}
