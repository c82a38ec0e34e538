using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>Builds the states after a decision, and the entry's lines with them.</summary>
internal sealed class BalanceWriter
{
    private readonly ImmutableArray<EntryLine>.Builder _lines = ImmutableArray.CreateBuilder<EntryLine>();
    private readonly AccountState _workspaceBefore;
    private AccountState _account;
    private AccountState _workspace;

    public BalanceWriter(AccountState account, AccountState workspace)
    {
        _account = account;
        _workspace = workspace;
        _workspaceBefore = workspace;
    }

    public ImmutableArray<EntryLine> Lines => _lines.ToImmutable();

    /// <summary>A balance beyond its limit, by this very entry.</summary>
    public static bool IsOverLimit(EntryLine line) => line.Limit is { } limit && line.Delta > Quantity.Zero && line.Used + line.Held > limit;

    /// <summary>Adds a signed amount to a balance. What would fall below zero stays at zero; the line carries the change that was made.</summary>
    public EntryLine Move(StandingLimit limit, Balance before, Quantity amount)
    {
        Quantity used = before.Used + amount;
        if (used < Quantity.Zero)
        {
            used = Quantity.Zero;
        }

        Balance after = before with { Used = used };
        if (before.Key.Scope == ScopeKind.Workspace)
        {
            _workspace = _workspace with { Balances = _workspace.Balances.SetItem(after.Key, after) };
        }
        else
        {
            _account = _account with { Balances = _account.Balances.SetItem(after.Key, after) };
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
            _workspace = _workspace with { Rates = _workspace.Rates.SetItem(rate.Key, window) };
        }
        else
        {
            _account = _account with { Rates = _account.Rates.SetItem(rate.Key, window) };
        }
    }

    /// <summary>Both states; the account has always moved on, the workspace only where it was touched.</summary>
    public (AccountState Account, AccountState Workspace) Finish(Instant now)
    {
        AccountState changed = Advance(_account, now);
        return (changed, ReferenceEquals(_workspace, _workspaceBefore) ? _workspace : Advance(_workspace, now));
    }

    private static AccountState Advance(AccountState state, Instant now) =>
        state with { Account = state.Account with { Version = state.Account.Version + 1, DecidedAt = now } };
}
