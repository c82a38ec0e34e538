using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>Moves what an earlier entry moved, in the very balances that it moved.</summary>
internal sealed class Settling(AccountState account, AccountState workspace, CatalogBook book, Instant now)
{
    // What the account's own balance of each level took; the workspace's balance takes the same.
    private readonly Dictionary<string, Quantity> _levels = new(StringComparer.Ordinal);

    public BalanceWriter Writer { get; } = new(account, workspace, now);

    public EntryFlags Flags { get; private set; }

    /// <summary>Adds to one balance of an earlier entry.</summary>
    /// <param name="from">Where what returns had come from.</param>
    public void Move(EntryLine original, Quantity change, Draws? from)
    {
        bool isShared = original.Key.Scope == ScopeKind.Workspace;
        StandingLimit limit = LimitOf(original);
        bool isLevel = limit.Meter.Kind == MeterKind.Level;
        if (isShared && isLevel)
        {
            change = _levels.GetValueOrDefault(original.Key.Meter, change);
        }

        AccountState holder = isShared ? workspace : account;
        EntryLine line = Writer.Move(limit, holder.BalanceOf(original.Key, original.PeriodEnd), change, from: from);
        Flags |= line.Delta != change && !isShared ? EntryFlags.Clamped : EntryFlags.None;
        Flags |= BalanceWriter.IsOverLimit(line) ? EntryFlags.OverLimit : EntryFlags.None;
        if (isLevel && !isShared && (original.Key.Scope == ScopeKind.Account || !_levels.ContainsKey(original.Key.Meter)))
        {
            _levels[original.Key.Meter] = line.Delta;
        }
    }

    /// <summary>Adds to all balances of a meter that an earlier entry moved, but for closed periods, which stay as they are.</summary>
    public void MoveOpen(ImmutableArray<EntryLine> lines, string meter, Quantity change)
    {
        foreach (EntryLine line in lines)
        {
            if (line.Key.Meter == meter && !new Period(line.Key.PeriodStart, line.PeriodEnd).IsClosedAt(now))
            {
                Move(line, change, Draws.NetUsed([line]));
            }
        }
    }

    /// <summary>A meter that the earlier entry did not touch, such as its cost, counts in the periods of now.</summary>
    public void Open(Charge charge, Scopes scopes)
    {
        Meter meter = MeterOf(charge.Meter, charge.Scale, charge.Kind);
        foreach (StandingLimit limit in LimitRules.OfMeter(book.PlanOf(account.Account, now), account.Account, meter, now).Concat(LimitRules.OfWorkspace(book.Active, meter)))
        {
            AccountState holder = limit.Scope == ScopeKind.Workspace ? workspace : account;
            Period period = holder.Account.Timeline.At(limit.Per, now);
            BalanceKey key = new(limit.Scope, scopes.IdOf(limit.Scope), meter.Key, limit.Per, period.Start);
            EntryLine line = Writer.Move(limit, holder.BalanceOf(key, period.End), charge.Amount);
            Flags |= BalanceWriter.IsOverLimit(line) ? EntryFlags.OverLimit : EntryFlags.None;
        }
    }

    /// <summary>A level's change as it was made, where its balance was clamped at zero.</summary>
    public Charge AsApplied(Charge charge) =>
        _levels.TryGetValue(charge.Meter, out Quantity applied) && applied != charge.Amount
            ? charge with { Amount = applied, Trace = charge.Trace with { ClampedFrom = charge.Amount.ToDecimal(charge.Scale) } }
            : charge;

    /// <summary>The limit as it stands now; as it stood then where the plan no longer has one.</summary>
    private StandingLimit LimitOf(EntryLine original)
    {
        Meter meter = MeterOf(original.Key.Meter, original.Scale, MeterKind.Sum);
        ImmutableArray<StandingLimit> limits = original.Key.Scope == ScopeKind.Workspace
            ? LimitRules.OfWorkspace(book.Active, meter)
            : LimitRules.OfMeter(book.PlanOf(account.Account, now), account.Account, meter, now);
        foreach (StandingLimit limit in limits)
        {
            if (limit.Scope == original.Key.Scope && limit.Per == original.Key.Per)
            {
                return limit;
            }
        }

        return new StandingLimit(meter, original.Key.Scope, original.Key.Per, original.Limit - original.Granted, original.Enforcement, null, original.OverageRate);
    }

    /// <summary>The catalog's meter; one made up from the entry where the catalog has it no more.</summary>
    private Meter MeterOf(string key, int scale, MeterKind kind) =>
        book.Active.Meters.TryGetValue(key, out Meter? known) ? known : new Meter(key, key, scale, kind, null, true, Metadata.Empty);
}
