namespace Weir.Client;

/// <summary>
/// What the client does with one event type while Weir cannot be reached. What it allows is kept in the spool and recorded later under
/// the same id; answers that it gave alone say <c>Degraded</c>.
/// </summary>
public sealed class OutagePolicy
{
    private readonly Func<UsageEvent, decimal>? _units;

    private OutagePolicy(OutageRule rule, decimal amount = 0, Func<UsageEvent, decimal>? units = null, string? budget = null)
    {
        Rule = rule;
        Amount = amount;
        Budget = budget;
        _units = units;
    }

    /// <summary>Nothing goes ahead. The default for decisions.</summary>
    public static OutagePolicy Deny { get; } = new(OutageRule.Deny);

    /// <summary>Everything goes ahead. The default for recording, which tells of what has happened already.</summary>
    public static OutagePolicy AllowAndSpool { get; } = new(OutageRule.AllowAndSpool);

    /// <summary>
    /// Each account may go ahead up to an amount since Weir was last reached, in this process: the most by which a limit can be exceeded
    /// through an outage is this amount times the number of processes. Recording is not limited by it.
    /// </summary>
    /// <param name="amount">Of events, or of the property's unit.</param>
    /// <param name="property">The number that says how much an event takes; one that lacks it takes 1. Null: every event takes 1.</param>
    /// <param name="budget">Event types with the same name share one amount, such as a meter's key; an event type has its own when null.</param>
    public static OutagePolicy AllowUpTo(decimal amount, string? property = null, string? budget = null) =>
        AllowUpTo(amount, property is null ? _ => 1 : e => e.Number(property) ?? 1, budget);

    /// <summary>The same, where the host computes how much an event takes.</summary>
    /// <param name="units">At least 0. It must not fail: it is asked only when something else has failed already.</param>
    public static OutagePolicy AllowUpTo(decimal amount, Func<UsageEvent, decimal> units, string? budget = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        ArgumentNullException.ThrowIfNull(units);
        return new OutagePolicy(OutageRule.AllowUpTo, amount, units, budget);
    }

    internal OutageRule Rule { get; }

    internal decimal Amount { get; }

    internal string? Budget { get; }

    internal bool Allows => Rule != OutageRule.Deny;

    internal decimal UnitsOf(UsageEvent e) => _units is null ? 1 : Math.Max(0, _units(e));
}

internal enum OutageRule
{
    Deny,
    AllowAndSpool,
    AllowUpTo,
}
