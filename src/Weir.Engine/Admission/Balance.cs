using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>What one balance of an account is known by (BAL-1).</summary>
/// <param name="ScopeId">The user, campaign or key inside the account; 0 for the account itself and for events that name none.</param>
/// <param name="PeriodStart"><see cref="Instant.MinValue"/> for a lifetime.</param>
public readonly record struct BalanceKey(ScopeKind Scope, long ScopeId, string Meter, Per Per, Instant PeriodStart);

/// <summary>What was used and is held of one meter in one period. Limits are not in it: they follow from plan and overrides (TX-5).</summary>
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
    ImmutableDictionary<BalanceKey, Balance> Balances,
    ImmutableDictionary<RateKey, RateWindow> Rates)
{
    public static AccountState Of(Account account) =>
        new(account, ImmutableDictionary<BalanceKey, Balance>.Empty, ImmutableDictionary<RateKey, RateWindow>.Empty);

    /// <summary>The stored balance, or an empty one.</summary>
    public Balance BalanceOf(BalanceKey key, Instant periodEnd) =>
        Balances.TryGetValue(key, out Balance? balance) ? balance : Balance.Empty(key, periodEnd);
}
