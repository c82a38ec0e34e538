using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>Builds the states after a decision, and the entry's lines with them.</summary>
internal sealed class BalanceWriter(AccountState account, AccountState workspace)
{
    private readonly ImmutableArray<EntryLine>.Builder _lines = ImmutableArray.CreateBuilder<EntryLine>();
    private Changes _account;
    private Changes _workspace;

    /// <summary>A balance beyond its limit, by this very entry.</summary>
    public static bool IsOverLimit(EntryLine line) => line.Limit is { } limit && line.Delta > Quantity.Zero && line.Used + line.Held > limit;

    /// <summary>Adds a signed amount to a balance. What would fall below zero stays at zero; the line carries the change that was made.</summary>
    public EntryLine Move(StandingLimit limit, Balance before, Quantity amount)
    {
        Quantity used = Quantity.Max(before.Used + amount, Quantity.Zero);
        Balance after = before with { Used = used };
        if (before.Key.Scope == ScopeKind.Workspace)
        {
            (_workspace.Balances ??= workspace.Balances.ToBuilder())[after.Key] = after;
        }
        else
        {
            (_account.Balances ??= account.Balances.ToBuilder())[after.Key] = after;
        }

        EntryLine line = new(after.Key, after.PeriodEnd, limit.Meter.Scale, used - before.Used, used, after.Held, limit.Limit, limit.Enforcement, limit.OverageRate);
        _lines.Add(line);
        return line;
    }

    public void Count(TouchedRate rate, Instant now)
    {
        if (rate.Amount == 0)
        {
            return;
        }

        RateWindow window = rate.Window.Add(now, rate.Amount);
        if (rate.Key.Scope == ScopeKind.Workspace)
        {
            (_workspace.Rates ??= workspace.Rates.ToBuilder())[rate.Key] = window;
        }
        else
        {
            (_account.Rates ??= account.Rates.ToBuilder())[rate.Key] = window;
        }
    }

    /// <summary>The lines of all moves so far, once.</summary>
    public ImmutableArray<EntryLine> TakeLines() => _lines.DrainToImmutable();

    /// <summary>Both states with the entry; the account has always moved on, the workspace only where it was touched.</summary>
    /// <param name="firstLiveEventAt">The account's, as it is from now on.</param>
    public Decision Finish(Instant now, Instant? firstLiveEventAt, Entry entry) => new(
        _account.On(account, now, firstLiveEventAt),
        _workspace.IsEmpty ? workspace : _workspace.On(workspace, now, workspace.Account.FirstLiveEventAt))
    {
        Entry = entry,
    };

    private struct Changes
    {
        public ImmutableDictionary<BalanceKey, Balance>.Builder? Balances;
        public ImmutableDictionary<RateKey, RateWindow>.Builder? Rates;

        public readonly bool IsEmpty => Balances is null && Rates is null;

        public readonly AccountState On(AccountState state, Instant now, Instant? firstLiveEventAt) => new(
            state.Account with { Version = state.Account.Version + 1, DecidedAt = now, FirstLiveEventAt = firstLiveEventAt },
            Balances?.ToImmutable() ?? state.Balances,
            Rates?.ToImmutable() ?? state.Rates);
    }
}
