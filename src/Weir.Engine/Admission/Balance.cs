using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>What one balance of an account is known by (BAL-1).</summary>
/// <param name="ScopeId">The user, campaign or key inside the account; 0 for the account itself and for events that name none.</param>
/// <param name="PeriodStart"><see cref="Instant.MinValue"/> for a lifetime.</param>
public readonly record struct BalanceKey(ScopeKind Scope, long ScopeId, string Meter, Per Per, Instant PeriodStart);

/// <summary>What was used and is held of one meter in one period. Limits are not in it: they follow from plan and overrides (TX-5).</summary>
/// <param name="Held">What all reservations hold that no entry has ended; some may have expired since (<see cref="AccountState.HeldOf"/>).</param>
public sealed record Balance(BalanceKey Key, Instant PeriodEnd, Quantity Used, Quantity Held)
{
    public static Balance Empty(BalanceKey key, Instant periodEnd) => new(key, periodEnd, Quantity.Zero, Quantity.Zero);
}

/// <summary>What one rate of an account is known by.</summary>
public readonly record struct RateKey(ScopeKind Scope, long ScopeId, string Name);

/// <summary>Everything that decisions about one account read and write. Immutable: a decision makes a new one.</summary>
/// <param name="Balances">At least every balance whose period is not closed.</param>
public sealed record AccountState(
    Account Account,
    StateMap<BalanceKey, Balance> Balances,
    StateMap<RateKey, RateWindow> Rates)
{
    /// <summary>Open reservations; for the workspace's head what those of all accounts hold of its own limits.</summary>
    public HoldSet Holds { get; init; } = HoldSet.Empty;

    /// <summary>The last fence of each kind of slot.</summary>
    public ImmutableSortedDictionary<string, long> Fences { get; init; } = s_noFences;

    /// <summary>Grants by their numbers: those that give, and those that have given in a period that is not closed.</summary>
    public StateMap<long, Grant> Grants { get; init; } = StateMap<long, Grant>.Empty;

    /// <summary>The alerts that have been raised on its balances, each once (ALERT-1).</summary>
    public AlertMarks AlertMarks { get; init; } = AlertMarks.Empty;

    private static readonly ImmutableSortedDictionary<string, long> s_noFences = ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);

    public static AccountState Of(Account account) => new(account, StateMap<BalanceKey, Balance>.Empty, StateMap<RateKey, RateWindow>.Empty);

    /// <summary>What live reservations hold of a balance: <see cref="Balance.Held"/> without what has expired since (RES-1).</summary>
    public Quantity HeldOf(Balance balance, Instant now)
    {
        ArgumentNullException.ThrowIfNull(balance);
        return balance.Held.IsZero ? balance.Held : Quantity.Max(balance.Held - Holds.ExpiredOf(balance.Key, now), Quantity.Zero);
    }

    /// <summary>The stored balance, or an empty one.</summary>
    public Balance BalanceOf(BalanceKey key, Instant periodEnd) =>
        Balances.TryGetValue(key, out Balance? balance) ? balance : Balance.Empty(key, periodEnd);
}
