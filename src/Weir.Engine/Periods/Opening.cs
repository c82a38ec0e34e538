using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>
/// What an account's new periods begin with (GRANT-3). The first command after a boundary opens them, whatever it is about; until then
/// nothing of the account has changed, so that it makes no difference when that is, and reading may open them for itself without effect.
/// </summary>
public static class Opening
{
    /// <summary>The balances of the periods before that opening reads: their periods may be closed, so that the account's state need not have them.</summary>
    public static IReadOnlyCollection<BalanceKey> KeysOf(AccountState account, CatalogBook book, Instant now)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(book);
        List<BalanceKey>? keys = null;
        foreach ((Allowance allowance, Period before, Period _) in Due(account.Account, book, now))
        {
            (keys ??= []).Add(KeyOf(allowance, before));
        }

        return keys is null ? [] : keys;
    }

    /// <summary>The account with its new periods open, and the entries of that, in their order.</summary>
    /// <param name="number">The sequence number that the first entry will have; the others follow.</param>
    public static Opened Of(AccountState account, AccountState workspace, CatalogBook book, Instant now, long number)
    {
        ArgumentNullException.ThrowIfNull(account);
        ImmutableArray<Entry> entries = [];
        AccountState opened = account;
        foreach ((Allowance allowance, Period before, Period current) in Due(account.Account, book, now))
        {
            if (Rest(account, book, allowance, before) is { Units: > 0 } rest)
            {
                GrantTerms terms = new()
                {
                    Meter = allowance.Meter.Key,
                    Scale = allowance.Meter.Scale,
                    Per = allowance.Per,
                    Amount = rest,
                    Start = current.Start,
                    End = current.End,
                    IsRolledOver = true,
                };
                // Each entry has a time of its own (TX-3).
                Instant at = entries.IsEmpty ? now : opened.Account.DecidedAt + Clock.Microsecond;
                Decision given = Granting.Apply(opened, workspace, book, new Give(terms, number + entries.Length, at, null, null));
                opened = given.Account;
                entries = entries.Add(given.Entry!);
            }
        }

        return new Opened(GrantRules.Prune(opened, now), entries);
    }

    /// <summary>
    /// Allowances that roll over into a period that nothing was decided in yet, after one in which the account was there. The plan that held
    /// at the end of that one decides.
    /// </summary>
    private static List<(Allowance Allowance, Period Before, Period Current)> Due(Account account, CatalogBook book, Instant now)
    {
        List<(Allowance Allowance, Period Before, Period Current)> due = [];
        Plan plan = book.PlanOf(account, now);
        Add(plan);
        Plan earlier = book.PlanOf(account, account.DecidedAt);
        if (!ReferenceEquals(earlier, plan))
        {
            Add(earlier);
        }

        return due;

        void Add(Plan known)
        {
            foreach (Allowance allowance in known.Allowances)
            {
                if (allowance is { Rollover: not null, Scope: ScopeKind.Account } && allowance.Per != Per.Lifetime)
                {
                    Period current = account.Timeline.At(allowance.Per, now);
                    if (account.DecidedAt < current.Start && account.CreatedAt < current.Start)
                    {
                        Plan last = book.PlanOf(account, current.Start - Clock.Microsecond);
                        Allowance? held = last.Allowances.FirstOrDefault(other => (other.Meter.Key, other.Per, other.Scope) == (allowance.Meter.Key, allowance.Per, ScopeKind.Account));
                        if (held?.Rollover is not null && !due.Exists(one => (one.Allowance.Meter.Key, one.Allowance.Per) == (held.Meter.Key, held.Per)))
                        {
                            due.Add((held, account.Timeline.Previous(allowance.Per, current), current));
                        }
                    }
                }
            }
        }
    }

    /// <summary>
    /// What the plan's allowance, or the override in its place, had left at the end of a period: what grants gave was not of it, and
    /// neither do grants roll over with it. What was held at that moment counts as used; what had expired by then does not.
    /// </summary>
    private static Quantity Rest(AccountState account, CatalogBook book, Allowance allowance, Period period)
    {
        Instant end = period.End;
        List<StandingLimit> limits = [];
        Instant last = end - Clock.Microsecond;
        LimitRules.AddOfMeter(limits, book.PlanOf(account.Account, last), account.Account, allowance.Meter, last);
        StandingLimit standing = limits.Find(limit => limit.Scope == ScopeKind.Account && limit.Per == allowance.Per);
        if (standing.Limit is not { } limit)
        {
            return Quantity.Zero;
        }

        BalanceKey key = KeyOf(allowance, period);
        Balance balance = account.BalanceOf(key, end);
        Quantity taken = balance.Used + balance.Held - account.Holds.ExpiredOf(key, end);
        foreach (Grant grant in account.Grants.Values)
        {
            if (grant.Terms.Meter == key.Meter && GrantRules.UseOf(grant, key.Per, key.PeriodStart) is { } use)
            {
                taken -= use.Drawn + use.Held - GrantRules.ExpiredOf(grant.Number, key, account.Holds, end);
            }
        }

        Quantity rest = Quantity.Max(limit - taken, Quantity.Zero);
        return allowance.Rollover?.Max is { } most ? Quantity.Min(rest, most) : rest;
    }

    private static BalanceKey KeyOf(Allowance allowance, Period period) => new(ScopeKind.Account, 0, allowance.Meter.Key, allowance.Per, period.Start);
}

/// <summary>An account with its periods open.</summary>
/// <param name="Entries">In the order of the ledger; none where nothing rolled over.</param>
public sealed record Opened(AccountState Account, ImmutableArray<Entry> Entries);
