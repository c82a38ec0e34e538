using NodaTime;

namespace Weir.Engine;

/// <summary>Gives grants and takes them back, each as an entry.</summary>
public static class Granting
{
    /// <summary>The most grants an account's state may have: those that give, and those that have given in a period that is not closed.</summary>
    public const int MostGrants = 1_000;

    /// <summary>How far back a grant may start: as far as events may come late.</summary>
    public static readonly Duration OldestStart = Admission.OldestEvent;

    /// <summary>The end of time for grants; later ones never expire.</summary>
    public static readonly Instant LastEnd = Instant.FromUtc(9000, 1, 1, 0, 0);

    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Give command)
    {
        Decision unchanged = new(account, workspace);
        if (Check(account, book, command) is { } wrong)
        {
            return unchanged with { Refusal = wrong.Refusal, Failure = wrong };
        }

        // From here the command succeeds.
        return Apply(account, workspace, book, command);
    }

    /// <summary>Ends a grant that gives. Whether it does is the caller's to ask (<see cref="Grant.EndsAt"/>).</summary>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, EndGrant command)
    {
        if (!account.Grants.TryGetValue(command.Number, out Grant? grant) || command.Now >= grant.EndsAt)
        {
            throw new ArgumentException($"The account has no grant {command.Number} that could be ended.", nameof(command));
        }

        BalanceWriter writer = new(account, workspace, command.Now);
        writer.Set(GrantRules.Renewed(grant, account.Account.Timeline, account.Holds, command.Now) with { EndedAt = command.Now });
        return writer.Finish(account.Account.FirstLiveEventAt, new Entry
        {
            Kind = EntryKind.GrantEnd,
            Account = account.Account.Id,
            At = command.Now,
            RecordedAt = command.Now,
            CatalogVersion = book.ActiveVersion,
            Plan = book.PlanOf(account.Account, command.Now).Key,
            Target = command.Number,
            Reason = command.Reason,
            Actor = command.Actor,
        });
    }

    internal static Decision Apply(AccountState account, AccountState workspace, CatalogBook book, Give command)
    {
        BalanceWriter writer = new(account, workspace, command.Now);
        writer.Set(Grant.Given(command.Number, command.Terms, account.Account.Timeline));
        return writer.Finish(account.Account.FirstLiveEventAt, new Entry
        {
            Kind = EntryKind.Grant,
            Account = account.Account.Id,
            At = command.Now,
            RecordedAt = command.Now,
            CatalogVersion = book.ActiveVersion,
            Plan = book.PlanOf(account.Account, command.Now).Key,
            Grant = command.Terms,
            Reason = command.Reason,
            Actor = command.Actor,
        });
    }

    private static Failure? Check(AccountState account, CatalogBook book, Give command)
    {
        GrantTerms terms = command.Terms;
        if (!book.Active.Meters.TryGetValue(terms.Meter, out Meter? meter))
        {
            return new Failure(Refusal.UnknownMeter, "/meter", $"There is no meter '{terms.Meter}'; the catalog has {string.Join(", ", book.Active.Meters.Keys.Order(StringComparer.Ordinal))}.");
        }

        if (terms.Amount <= Quantity.Zero)
        {
            return Invalid("/amount", "A grant gives more than 0; to take something, adjust the account.");
        }

        if (terms.Priority is < 0 or > GrantTerms.LastPriority)
        {
            return Invalid("/priority", $"A priority is a whole number from 0 (drawn first) to {GrantTerms.LastPriority}.");
        }

        if (terms.Per is { } per && !HasBalance(account, book, meter, per, command.Now))
        {
            return Invalid("/per", $"The account has no limit on '{meter.Key}' per {per.Name()}; leave 'per' out to add to the longest that it has.");
        }

        if (terms.Start < command.Now - OldestStart || terms.Start >= LastEnd)
        {
            return Invalid("/start", $"A grant starts from {command.Now - OldestStart} (35 days back) on.");
        }

        if (terms.End <= terms.Start || terms.End <= command.Now || (terms.End > LastEnd && terms.End != Instant.MaxValue))
        {
            return Invalid("/expiry", $"A grant expires after its start and after now ({command.Now}), or never: null.");
        }

        if (terms.Recurrence == Per.Lifetime || (terms.Recurrence is not null && meter.Kind == MeterKind.Level))
        {
            return Invalid("/recurrence", meter.Kind == MeterKind.Level
                ? $"'{meter.Key}' is a level and has no periods; a grant on it is there until it expires."
                : "A lifetime does not recur; leave 'recurrence' out for a grant that is given once.");
        }

        if (terms.Rollover is { } rollover
            && (terms.Recurrence is null || rollover.Min < Quantity.Zero || rollover.Max < rollover.Min || rollover.Max?.Units > Quantity.LargestLimitUnits || rollover.Min.Units > Quantity.LargestLimitUnits))
        {
            return Invalid("/rollover", "A rollover belongs to a grant that recurs; its 'min' is 0 or more, its 'max' at least that.");
        }

        return account.Grants.Count < MostGrants ? null
            : Invalid("", $"An account may have at most {MostGrants} grants that give or have lately given; end those that are not needed, or move it to a larger plan.");
    }

    private static bool HasBalance(AccountState account, CatalogBook book, Meter meter, Per per, Instant now)
    {
        foreach (StandingLimit limit in LimitRules.OfMeter(book.PlanOf(account.Account, now), account.Account, meter, now))
        {
            if (limit.Scope == ScopeKind.Account && limit.Per == per)
            {
                return true;
            }
        }

        return false;
    }

    private static Failure Invalid(string pointer, string message) => new(Refusal.InvalidRequest, pointer, message);
}
