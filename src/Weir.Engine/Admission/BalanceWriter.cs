using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>Builds the states after a decision, and the entry's lines with them.</summary>
internal sealed class BalanceWriter(AccountState account, AccountState workspace, Instant now)
{
    private readonly ImmutableArray<EntryLine>.Builder _lines = ImmutableArray.CreateBuilder<EntryLine>();
    private Changes _account;
    private Changes _workspace;
    private GrantDrawing? _drawing;

    /// <summary>A balance beyond its limit, by this very entry.</summary>
    public static bool IsOverLimit(EntryLine line) => line.Limit is { } limit && line.Delta > Quantity.Zero && line.Used + line.Held > limit;

    /// <summary>Adds a signed amount to a balance. What would fall below zero stays at zero; the line carries the change that was made.</summary>
    /// <param name="held">What is held more, or, below zero, less from here on.</param>
    /// <param name="from">Where an amount that returns, or that was held, had come from; null when nobody knows.</param>
    /// <param name="at">The time that decides from which grants is drawn and to which returns; null for now.</param>
    public EntryLine Move(StandingLimit limit, Balance before, Quantity amount, Quantity held = default, Draws? from = null, Instant? at = null)
    {
        bool isShared = before.Key.Scope == ScopeKind.Workspace;
        AccountState state = isShared ? workspace : account;
        ref Changes changes = ref isShared ? ref _workspace : ref _account;
        StateMap<BalanceKey, Balance>.Builder balances = changes.Balances ??= state.Balances.ToBuilder();
        before = balances.TryGetValue(before.Key, out Balance? moved) ? moved : before;
        Quantity used = Quantity.Max(before.Used + amount, Quantity.Zero);
        Balance after = before with { Used = used, Held = before.Held + held };
        balances[after.Key] = after;
        HoldSet holds = changes.Holds ?? state.Holds;
        Draws draws = Draws.None;
        if (limit.Scope == ScopeKind.Account && !account.Grants.IsEmpty)
        {
            _drawing ??= new GrantDrawing(account, now);
            draws = _drawing.Move(limit, before, used - before.Used, held, from, at, holds);
            limit = limit.Granting(_drawing.Granted(limit, new Period(after.Key.PeriodStart, after.PeriodEnd), holds));
        }

        Quantity expired = after.Held.IsZero ? Quantity.Zero : holds.ExpiredOf(after.Key, now);
        EntryLine line = new(after.Key, after.PeriodEnd, limit.Meter.Scale, used - before.Used, used, after.Held - expired, limit.Limit, limit.Enforcement, limit.OverageRate)
        {
            HeldDelta = held,
            Granted = limit.Granted,
            Draws = draws,
        };
        _lines.Add(line);
        return line;
    }

    public void Count(TouchedRate rate)
    {
        if (rate.Amount == 0)
        {
            return;
        }

        RateWindow window = rate.Window.Add(now, rate.Amount);
        bool isShared = rate.Key.Scope == ScopeKind.Workspace;
        ref Changes changes = ref isShared ? ref _workspace : ref _account;
        (changes.Rates ??= (isShared ? workspace : account).Rates.ToBuilder())[rate.Key] = window;
    }

    /// <summary>Puts a reservation in place, or a later form of it: the account's part and, where it holds something of them, that of the workspace's limits.</summary>
    public void Set(Hold own, Hold? shared)
    {
        _account.Holds = (_account.Holds ?? account.Holds).Set(own);
        if (shared is not null)
        {
            _workspace.Holds = (_workspace.Holds ?? workspace.Holds).Set(shared);
        }
    }

    /// <summary>Takes a reservation out. Before its amounts are moved, so that they count once.</summary>
    public void Remove(long hold)
    {
        _account.Holds = (_account.Holds ?? account.Holds).Remove(hold);
        if ((_workspace.Holds ?? workspace.Holds).Find(hold) is not null)
        {
            _workspace.Holds = (_workspace.Holds ?? workspace.Holds).Remove(hold);
        }
    }

    /// <summary>Puts a grant in place, or a later form of it.</summary>
    public void Set(Grant grant) => _account.Grants = (_account.Grants ?? account.Grants).SetItem(grant.Number, grant);

    public void SetFence(string kind, long fence) => _account.Fences = (_account.Fences ?? account.Fences).SetItem(kind, fence);

    /// <summary>The lines of all moves so far, once.</summary>
    public ImmutableArray<EntryLine> TakeLines() => _lines.DrainToImmutable();

    /// <summary>Both states with the entry; the account has always moved on, the workspace only where it was touched.</summary>
    /// <param name="firstLiveEventAt">The account's, as it is from now on.</param>
    public Decision Finish(Instant? firstLiveEventAt, Entry? entry)
    {
        _account.Grants ??= _drawing?.Grants;
        return new(
            _account.On(account, now, firstLiveEventAt),
            _workspace.IsEmpty ? workspace : _workspace.On(workspace, now, workspace.Account.FirstLiveEventAt))
        {
            Entry = entry,
        };
    }

    private struct Changes
    {
        public StateMap<BalanceKey, Balance>.Builder? Balances;
        public StateMap<RateKey, RateWindow>.Builder? Rates;
        public HoldSet? Holds;
        public ImmutableSortedDictionary<string, long>? Fences;
        public StateMap<long, Grant>? Grants;

        public readonly bool IsEmpty => Balances is null && Rates is null && Holds is null && Fences is null;

        public readonly AccountState On(AccountState state, Instant now, Instant? firstLiveEventAt) => state with
        {
            Account = state.Account with { Version = state.Account.Version + 1, DecidedAt = now, FirstLiveEventAt = firstLiveEventAt },
            Balances = Balances?.ToImmutable() ?? state.Balances,
            Rates = Rates?.ToImmutable() ?? state.Rates,
            Holds = Holds ?? state.Holds,
            Fences = Fences ?? state.Fences,
            Grants = Grants ?? state.Grants,
        };
    }
}
