using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>One balance that a charge touches, as it stands before the decision.</summary>
/// <param name="Charge">Index of the charge in the rated event.</param>
internal readonly record struct TouchedBalance(int Charge, StandingLimit Limit, Balance Balance, bool Carried)
{
    /// <summary>What still fits, or null without end. Below 0 when the limit was lowered below the usage.</summary>
    public Quantity? Room => Limit.Wall is { } wall ? wall - Balance.Used - Balance.Held : null;
}

/// <summary>Finds the balances of an event: all limits of each charged meter at all scopes, the workspace's too.</summary>
internal static class Footprint
{
    /// <summary>
    /// The touched balances in the order of the charges. A late event counts in its own period while that is open; afterwards months and
    /// years carry it into the current one and shorter periods ignore it (PER-3). An import goes wherever its time lies (PER-5).
    /// </summary>
    public static List<TouchedBalance> Of(AccountState account, AccountState workspace, Catalog active, Plan plan, Consume command)
    {
        ImmutableArray<Charge> charges = command.Rated.Charges;
        List<TouchedBalance> touched = new(charges.Length + 2);
        for (int i = 0; i < charges.Length; i++)
        {
            Meter meter = active.Meters[charges[i].Meter];
            foreach (StandingLimit limit in LimitRules.OfMeter(plan, account.Account, meter, command.Now))
            {
                Add(touched, i, limit, account, command);
            }

            foreach (StandingLimit limit in LimitRules.OfWorkspace(active, meter))
            {
                Add(touched, i, limit, workspace, command);
            }
        }

        return touched;
    }

    private static void Add(List<TouchedBalance> touched, int charge, StandingLimit limit, AccountState holder, Consume command)
    {
        Timeline timeline = holder.Account.Timeline;
        Instant at = EffectiveTime(command);
        Period period = timeline.At(limit.Per, at);
        bool carried = false;
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
        touched.Add(new TouchedBalance(charge, limit, holder.BalanceOf(key, period.End), carried));
    }

    /// <summary>A time ahead counts as now.</summary>
    public static Instant EffectiveTime(Consume command) => command.At is { } at && at < command.Now ? at : command.Now;
}
