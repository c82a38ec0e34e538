using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>One balance that a charge touches, as it stands before the decision.</summary>
/// <param name="Charge">Index of the charge in the rated event.</param>
/// <param name="Leads">The charge's own balance: the account-wide one, else the first. A level is set, and its change told, by it.</param>
/// <param name="Held">What live reservations hold of it.</param>
internal readonly record struct TouchedBalance(int Charge, StandingLimit Limit, Balance Balance, Quantity Held, bool Carried, bool Leads)
{
    /// <summary>The workspace's balance, of all accounts together.</summary>
    public bool IsShared => Limit.Scope == ScopeKind.Workspace;

    /// <summary>What still fits, or null without end. Below 0 when the limit was lowered below the usage.</summary>
    public Quantity? Room => Limit.Wall is { } wall ? wall - Balance.Used - Held : null;
}

/// <summary>Finds the balances of an event: all limits of each charged meter at all scopes, the workspace's too.</summary>
internal static class Footprint
{
    /// <summary>
    /// The touched balances in the order of the charges. A late event counts in its own period while that is open; afterwards months and
    /// years carry it into the current one and shorter periods ignore it (PER-3). An import goes wherever its time lies (PER-5), but into
    /// no closed period of the workspace, in which other accounts may have lived.
    /// </summary>
    public static List<TouchedBalance> Of(AccountState account, AccountState workspace, Catalog active, Plan plan, Consume command)
    {
        ImmutableArray<Charge> charges = command.Rated.Charges;
        List<TouchedBalance> touched = new(charges.Length);
        List<StandingLimit> limits = t_limits ?? new List<StandingLimit>(4);
        t_limits = null;
        for (int i = 0; i < charges.Length; i++)
        {
            Meter meter = active.Meters[charges[i].Meter];
            limits.Clear();
            LimitRules.AddOfMeter(limits, plan, account.Account, meter, command.Now);
            int lead = Lead(limits);
            LimitRules.AddOfWorkspace(limits, active, meter);
            for (int j = 0; j < limits.Count; j++)
            {
                Add(touched, i, limits[j], limits[j].Scope == ScopeKind.Workspace ? workspace : account, command, leads: j == lead);
            }
        }

        t_limits = limits;
        return touched;
    }

    // One list after the other on a thread: it never leaves this method.
    [ThreadStatic]
    private static List<StandingLimit>? t_limits;

    /// <summary>The signed change of each charge; a level's <c>set</c> becomes the change from its balance.</summary>
    public static Quantity[] Amounts(ImmutableArray<Charge> charges, List<TouchedBalance> touched)
    {
        Quantity[] amounts = new Quantity[charges.Length];
        for (int i = 0; i < amounts.Length; i++)
        {
            amounts[i] = charges[i].Amount;
            if (charges[i].IsSet)
            {
                amounts[i] -= touched.Find(t => t.Charge == i && t.Leads).Balance.Used;
            }
        }

        return amounts;
    }

    /// <summary>A time ahead counts as now.</summary>
    public static Instant EffectiveTime(Consume command) => command.At is { } at && at < command.Now ? at : command.Now;

    private static int Lead(List<StandingLimit> own)
    {
        for (int i = 0; i < own.Count; i++)
        {
            if (own[i].Scope == ScopeKind.Account)
            {
                return i;
            }
        }

        return 0;
    }

    private static void Add(List<TouchedBalance> touched, int charge, StandingLimit limit, AccountState holder, Consume command, bool leads)
    {
        Timeline timeline = holder.Account.Timeline;
        Instant at = EffectiveTime(command);
        Period period = timeline.At(limit.Per, at);
        bool carried = false;
        if (command.Import && limit.Scope == ScopeKind.Workspace && period.IsClosedAt(command.Now))
        {
            return;
        }

        if (!command.Import && at < command.Now && period.IsClosedAt(command.Now))
        {
            if (limit.Per is not (Per.Month or Per.Year or Per.CalendarMonth or Per.CalendarYear))
            {
                return;
            }

            period = timeline.At(limit.Per, command.Now);
            carried = true;
        }

        BalanceKey key = new(limit.Scope, command.Scopes.IdOf(limit.Scope), limit.Meter.Key, limit.Per, period.Start);
        Balance balance = holder.BalanceOf(key, period.End);
        limit = GrantRules.Granting(holder, limit, period, command.Now);
        touched.Add(new TouchedBalance(charge, limit, balance, holder.HeldOf(balance, command.Now), carried, leads));
    }
}
