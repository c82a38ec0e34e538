using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>
/// Reservations: amounts and a slot held for a job in flight, and the one way in which each ends (RES-1). What is held counts against
/// every limit like what is used, until it is committed, released, or its time has come.
/// </summary>
public static class Reservations
{
    public static readonly Duration ShortestTtl = Duration.FromSeconds(1);
    public static readonly Duration LongestTtl = Duration.FromDays(7);
    public static readonly Duration DefaultTtl = Duration.FromSeconds(900);

    /// <summary>The most open reservations of one account.</summary>
    public const int MostOpen = 100_000;

    /// <summary>How far a reservation has come.</summary>
    /// <param name="hold">As it stands in its account's state; null when it has ended there.</param>
    /// <param name="later">What was written about it.</param>
    public static ReservationState StateOf(Hold? hold, IEnumerable<Entry> later, Instant now)
    {
        foreach (Entry entry in later)
        {
            switch (entry.Kind)
            {
                case EntryKind.Commit:
                    return entry.Flags.HasFlag(EntryFlags.AfterExpiry) ? ReservationState.Expired : ReservationState.Committed;
                case EntryKind.Release:
                    return ReservationState.Released;
                case EntryKind.Expiry:
                    return ReservationState.Expired;
            }
        }

        return hold?.IsLiveAt(now) == true ? ReservationState.Held : ReservationState.Expired;
    }

    /// <summary>Holds what a job is expected to use, all of it or nothing.</summary>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Reserve command)
    {
        if (account.Holds.Count >= MostOpen)
        {
            return Fail(new Decision(account, workspace), Refusal.TooManyReservations, "", $"The account has {MostOpen} open reservations; commit or release some.");
        }

        if (Admission.Examine(account, workspace, book, command.Wish, out Admission.Examined examined) is { } refused)
        {
            return refused;
        }

        // From here the command succeeds.
        Consume wish = examined.Command;
        BalanceWriter writer = new(account, workspace, wish.Now);
        Held held = HoldAll(writer, examined.Touched, examined.Amounts, before: null);
        foreach (TouchedRate rate in TouchedRate.Of(account, workspace, book.Active, examined.Plan, wish, examined.Amounts))
        {
            writer.Count(rate);
        }

        SlotLease? slot = null;
        if (wish.TakesSlot && wish.Rated.Type.Slot is { } kind)
        {
            slot = new SlotLease(kind, command.Lease, account.Fences.GetValueOrDefault(kind) + 1);
            writer.SetFence(kind, slot.Fence);
        }

        Instant expiresAt = wish.Now + command.Ttl;
        Hold hold = new(command.Number)
        {
            Type = wish.Rated.Type.Key,
            Scopes = wish.Scopes,
            CreatedAt = wish.Now,
            ExpiresAt = expiresAt,
            HeartbeatAt = wish.Now,
            Amounts = held.Own,
            Slot = slot,
        };
        bool isShared = held.Shared.Length > 0 || (slot is not null && book.Active.Workspace.Slots.ContainsKey(slot.Kind));
        writer.Set(hold, isShared ? hold with { Amounts = held.Shared } : null);

        Instant first = account.Account.FirstLiveEventAt is { } earlier ? Instant.Min(earlier, wish.Now) : wish.Now;
        return writer.Finish(first, new Entry
        {
            Kind = EntryKind.Reservation,
            Account = account.Account.Id,
            Scopes = wish.Scopes,
            Type = wish.Rated.Type.Key,
            At = wish.Now,
            RecordedAt = wish.Now,
            CatalogVersion = book.ActiveVersion,
            Plan = examined.Plan.Key,
            Properties = Admission.Named(wish.Rated),
            Charges = Admission.Final(wish.Rated.Charges, examined.Asked, examined.Amounts, examined.Amounts),
            Lines = writer.TakeLines(),
            Cost = wish.Rated.Cost,
            Observed = examined.Observed,
            Reservation = new ReservationTerms(expiresAt, slot),
        }) with { Holds = [command.Number] };
    }

    /// <summary>
    /// Uses what the job used and returns the rest. After the reservation's end by time the use is one more entry, flagged, as the event
    /// type wants it (RES-3).
    /// </summary>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Commit command)
    {
        Decision unchanged = new(account, workspace);
        Hold? hold = account.Holds.Find(command.Target);
        bool isLate = hold?.IsLiveAt(command.Now) != true;
        if ((isLate ? EndedOtherwise(command.Original, command.Later) : null) is { } ended)
        {
            return unchanged with { Refusal = ended.Refusal, Failure = ended };
        }

        if (isLate && command.Late == LateCommit.Reject)
        {
            return Fail(unchanged, Refusal.ReservationEnded, "", $"The reservation expired and '{command.Original.Type}' takes no late commits.");
        }

        if (CheckFence(command.Original, command.Fence, isLate) is { } stale)
        {
            return unchanged with { Refusal = stale.Refusal, Failure = stale };
        }

        Plan plan = book.PlanOf(account.Account, command.Now);
        RatedEvent rated = command.Rated ?? new RatedEvent(command.Type, command.Original.Properties, HeldCharges(command.Original, command.Later), command.Original.Cost);
        Consume use = new()
        {
            Rated = rated,
            Mode = ConsumeMode.Record,
            Now = command.Now,
            At = command.Original.At,
            Scopes = command.Original.Scopes,
            HostEnforcement = command.HostEnforcement,
        };
        List<TouchedBalance> touched = Footprint.Of(account, workspace, book.Active, plan, use);
        Quantity[] amounts = Footprint.Amounts(rated.Charges, touched);
        Hold? live = isLate ? null : hold;
        Hold? shared = isLate ? null : workspace.Holds.Find(command.Target);
        if (Admission.EnforcementOf(book, plan, use) != EnforcementMode.Observe
            && Overruns(command, isLate, touched, amounts, live, shared) is { IsEmpty: false } violations)
        {
            return unchanged with
            {
                Refusal = violations[0].Reason,
                Violations = violations,
                Advice = PlanAdvice.For(account, workspace, book, plan, use, violations, (_, under) =>
                    Overruns(command, isLate, under, Footprint.Amounts(rated.Charges, under), live, shared).IsEmpty),
            };
        }

        // From here the command succeeds. A reservation that has expired and was not tidied has been before (Expire).
        BalanceWriter writer = new(account, workspace, command.Now);
        EntryFlags flags = isLate ? EntryFlags.AfterExpiry : EntryFlags.None;
        if (live is not null)
        {
            writer.Remove(command.Target);
        }

        HashSet<BalanceKey> returned = [];
        Quantity[] applied = [.. amounts];
        foreach (TouchedBalance balance in touched)
        {
            Quantity amount = balance.IsShared ? applied[balance.Charge] : amounts[balance.Charge];
            HeldAmount? held = (balance.IsShared ? shared : live)?.Find(balance.Balance.Key);
            returned.Add(balance.Balance.Key);
            EntryLine line = writer.Move(balance.Limit, balance.Balance, amount, -(held?.Amount ?? Quantity.Zero), held?.Draws);
            if (line.Delta != amount && !balance.IsShared)
            {
                flags |= EntryFlags.Clamped;
                applied[balance.Charge] = balance.Leads ? line.Delta : applied[balance.Charge];
            }

            flags |= balance.Carried ? EntryFlags.Carried : EntryFlags.None;
            flags |= balance.Balance.PeriodEnd <= command.Now ? EntryFlags.Late : EntryFlags.None;
            flags |= BalanceWriter.IsOverLimit(line) ? EntryFlags.OverLimit : EntryFlags.None;
        }

        Return(writer, account, workspace, book, plan, live, shared, returned, command.Now, command.Now);
        return writer.Finish(account.Account.FirstLiveEventAt, new Entry
        {
            Kind = EntryKind.Commit,
            Account = account.Account.Id,
            Scopes = command.Original.Scopes,
            Type = command.Original.Type,
            At = command.Original.At,
            RecordedAt = command.Now,
            CatalogVersion = command.Original.CatalogVersion,
            Plan = plan.Key,
            Properties = command.Rated is null ? command.Original.Properties : Admission.Named(rated),
            Charges = Admission.Final(rated.Charges, amounts, amounts, applied),
            Lines = writer.TakeLines(),
            Cost = rated.Cost,
            Flags = flags,
            Target = command.Target,
        }) with { Holds = [command.Target] };
    }

    /// <summary>Returns everything that is held.</summary>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Release command)
    {
        Decision unchanged = new(account, workspace);
        if ((CheckLive(account, command.Target, command.Original, command.Later, command.Now) ?? CheckFence(command.Original, command.Fence, false)) is { } refused)
        {
            return unchanged with { Refusal = refused.Refusal, Failure = refused };
        }

        // From here the command succeeds.
        return End(account, workspace, book, account.Holds.Find(command.Target)!, EntryKind.Release, command.Original.CatalogVersion, command.Now, command.Now, command.Reason);
    }

    /// <summary>Writes down that a reservation has ended by time, which every decision has known since.</summary>
    /// <param name="hold">An open reservation of the account that is live no more.</param>
    public static Decision Expire(AccountState account, AccountState workspace, CatalogBook book, Hold hold, Instant now)
    {
        ArgumentNullException.ThrowIfNull(hold);
        return End(account, workspace, book, hold, EntryKind.Expiry, book.ActiveVersion, hold.ExpiresAt, now, null);
    }

    /// <summary>Gives up an open reservation without its holder: an erase leaves nothing open.</summary>
    public static Decision Release(AccountState account, AccountState workspace, CatalogBook book, Hold hold, Instant now)
    {
        ArgumentNullException.ThrowIfNull(hold);
        return hold.IsLiveAt(now) ? End(account, workspace, book, hold, EntryKind.Release, book.ActiveVersion, now, now, null) : Expire(account, workspace, book, hold, now);
    }

    /// <summary>Moves the end of a live reservation. It leaves no entry: nothing is used, held or returned by it.</summary>
    public static Decision Decide(AccountState account, AccountState workspace, Extend command)
    {
        Decision unchanged = new(account, workspace);
        if ((CheckLive(account, command.Target, command.Original, command.Later, command.Now) ?? CheckFence(command.Original, command.Fence, false)) is { } refused)
        {
            return unchanged with { Refusal = refused.Refusal, Failure = refused };
        }

        // From here the command succeeds.
        Hold hold = account.Holds.Find(command.Target)!;
        Hold later = hold with { ExpiresAt = Instant.Max(hold.ExpiresAt, command.Now + command.Ttl), HeartbeatAt = command.Now, Progress = command.Progress ?? hold.Progress };
        BalanceWriter writer = new(account, workspace, command.Now);
        writer.Set(later, workspace.Holds.Find(command.Target) is { } shared ? shared with { ExpiresAt = later.ExpiresAt, HeartbeatAt = command.Now, Progress = later.Progress } : null);
        return writer.Finish(account.Account.FirstLiveEventAt, null) with { Holds = [command.Target] };
    }

    /// <summary>Holds more, all of it or nothing. What is expected to be less than is held changes nothing.</summary>
    public static Decision Decide(AccountState account, AccountState workspace, CatalogBook book, Grow command)
    {
        Decision unchanged = new(account, workspace);
        if ((CheckLive(account, command.Target, command.Original, command.Later, command.Now) ?? CheckFence(command.Original, command.Fence, false)) is { } refused)
        {
            return unchanged with { Refusal = refused.Refusal, Failure = refused };
        }

        // What is held is in the balances already; only what is beyond it has to fit.
        ImmutableArray<Charge> held = HeldCharges(command.Original, command.Later);
        ImmutableArray<Charge> more =
        [
            .. command.Rated.Charges
                .Where(charge => !charge.IsSet)
                .Select(charge => charge with { Amount = charge.Amount - (held.FirstOrDefault(h => h.Meter == charge.Meter)?.Amount ?? Quantity.Zero) })
                .Where(charge => charge.Amount > Quantity.Zero),
        ];
        Consume wish = new()
        {
            Rated = command.Rated with { Charges = more },
            Mode = ConsumeMode.Enforce,
            Now = command.Now,
            Scopes = command.Original.Scopes,
            HostEnforcement = command.HostEnforcement,
            Continues = true,
        };
        if (Admission.Examine(account, workspace, book, wish, out Admission.Examined examined) is { } denied)
        {
            return denied;
        }

        // From here the command succeeds.
        Hold hold = account.Holds.Find(command.Target)!;
        Hold? shared = workspace.Holds.Find(command.Target);
        BalanceWriter writer = new(account, workspace, command.Now);
        Held grown = HoldAll(writer, examined.Touched, examined.Amounts, (hold.Amounts, shared?.Amounts ?? []));
        writer.Set(
            hold with { Amounts = grown.Own, HeartbeatAt = command.Now },
            grown.Shared.Length > 0 || shared is not null ? (shared ?? hold) with { Amounts = grown.Shared, HeartbeatAt = command.Now } : null);
        return writer.Finish(account.Account.FirstLiveEventAt, new Entry
        {
            Kind = EntryKind.Growth,
            Account = account.Account.Id,
            Scopes = command.Original.Scopes,
            Type = command.Original.Type,
            At = command.Now,
            RecordedAt = command.Now,
            CatalogVersion = command.Original.CatalogVersion,
            Plan = examined.Plan.Key,
            Properties = Admission.Named(command.Rated),
            Charges = more,
            Lines = writer.TakeLines(),
            Observed = examined.Observed,
            Target = command.Target,
            Reservation = new ReservationTerms(hold.ExpiresAt, hold.Slot),
        }) with { Holds = [command.Target] };
    }

    /// <summary>What a reservation is expected to use, all that it grew by included.</summary>
    public static ImmutableArray<Charge> HeldCharges(Entry original, ImmutableArray<Entry> later)
    {
        ArgumentNullException.ThrowIfNull(original);
        List<Charge> held = [.. original.Charges];
        foreach (Charge more in later.Where(entry => entry.Kind == EntryKind.Growth).SelectMany(entry => entry.Charges))
        {
            int index = held.FindIndex(charge => charge.Meter == more.Meter);
            if (index < 0)
            {
                held.Add(more);
            }
            else
            {
                held[index] = more with { Amount = held[index].Amount + more.Amount };
            }
        }

        return [.. held];
    }

    private static Decision End(AccountState account, AccountState workspace, CatalogBook book, Hold hold, EntryKind kind, int catalogVersion, Instant at, Instant now, string? reason)
    {
        Plan plan = book.PlanOf(account.Account, now);
        Hold? shared = workspace.Holds.Find(hold.Number);
        BalanceWriter writer = new(account, workspace, now);
        writer.Remove(hold.Number);
        Return(writer, account, workspace, book, plan, hold, shared, [], now, at);
        return writer.Finish(account.Account.FirstLiveEventAt, new Entry
        {
            Kind = kind,
            Account = account.Account.Id,
            Scopes = hold.Scopes,
            Type = hold.Type,
            At = at,
            RecordedAt = now,
            CatalogVersion = catalogVersion,
            Plan = plan.Key,
            Lines = writer.TakeLines(),
            Target = hold.Number,
            Reason = reason,
        }) with { Holds = [hold.Number] };
    }

    /// <summary>Returns what was held of balances that nothing else has moved, into the very balances and grants that it came from.</summary>
    /// <param name="at">When it returned: with the reservation's end by time, however late that is written down.</param>
    private static void Return(
        BalanceWriter writer, AccountState account, AccountState workspace, CatalogBook book, Plan plan, Hold? own, Hold? shared, HashSet<BalanceKey> returned, Instant now, Instant at)
    {
        foreach ((Hold? hold, AccountState holder) in new[] { (own, account), (shared, workspace) })
        {
            foreach (HeldAmount held in hold?.Amounts ?? [])
            {
                if (!returned.Contains(held.Key))
                {
                    writer.Move(LimitOf(book, plan, account.Account, held, now), holder.BalanceOf(held.Key, held.PeriodEnd), Quantity.Zero, -held.Amount, held.Draws, at);
                }
            }
        }
    }

    private static Held HoldAll(BalanceWriter writer, List<TouchedBalance> touched, Quantity[] amounts, (ImmutableArray<HeldAmount> Own, ImmutableArray<HeldAmount> Shared)? before)
    {
        List<HeldAmount> own = [.. before?.Own ?? []];
        List<HeldAmount> shared = [.. before?.Shared ?? []];
        foreach (TouchedBalance balance in touched)
        {
            Quantity amount = amounts[balance.Charge];
            if (amount <= Quantity.Zero)
            {
                continue;
            }

            EntryLine line = writer.Move(balance.Limit, balance.Balance, Quantity.Zero, amount);
            List<HeldAmount> list = balance.IsShared ? shared : own;
            int index = list.FindIndex(held => held.Key == balance.Balance.Key);
            if (index < 0)
            {
                list.Add(new HeldAmount(balance.Balance.Key, balance.Balance.PeriodEnd, balance.Limit.Meter.Scale, amount) { Draws = line.Draws });
            }
            else
            {
                list[index] = list[index] with { Amount = list[index].Amount + amount, Draws = list[index].Draws.Growing(list[index].Amount, line) };
            }
        }

        return new Held([.. own], [.. shared]);
    }

    /// <summary>
    /// What a commit needs beyond what is held, where a limit stands: nothing may by default, what fits may, or all may (RES-2). What is
    /// carried into another period was held in a closed one, and has happened.
    /// </summary>
    private static ImmutableArray<Violation> Overruns(Commit command, bool isLate, List<TouchedBalance> touched, Quantity[] amounts, Hold? own, Hold? shared)
    {
        bool rejects = !isLate && command.Overrun == Overrun.Reject;
        bool consumes = isLate ? command.Late == LateCommit.Consume : command.Overrun == Overrun.Consume;
        ImmutableArray<Violation> violations = [];
        foreach (TouchedBalance balance in touched)
        {
            Quantity amount = amounts[balance.Charge];
            Quantity held = (balance.IsShared ? shared : own)?.AmountOf(balance.Balance.Key) ?? Quantity.Zero;
            if (balance.Room is not { } room || balance.Carried || amount <= held)
            {
                continue;
            }

            if (rejects)
            {
                violations = violations.Add(LimitCheck.Figures(Refusal.ExceedsReservation, balance, amount) with { Held = held });
            }
            else if (consumes && amount - held > room)
            {
                violations = violations.Add(LimitCheck.Figures(Refusal.LimitExceeded, balance, amount));
            }
        }

        return violations;
    }

    private static Failure? CheckLive(AccountState account, long target, Entry original, ImmutableArray<Entry> later, Instant now) =>
        account.Holds.Find(target)?.IsLiveAt(now) == true ? null
        : EndedOtherwise(original, later)
            ?? new Failure(Refusal.ReservationEnded, "", $"The reservation has expired{(account.Holds.Find(target) is { } hold ? $" at {hold.ExpiresAt}" : "")}; its job may still commit, late.");

    /// <summary>How it ended, where it was not by time.</summary>
    private static Failure? EndedOtherwise(Entry original, ImmutableArray<Entry> later)
    {
        foreach (Entry entry in later)
        {
            if (entry.Kind is EntryKind.Commit or EntryKind.Release or EntryKind.Reversal)
            {
                string how = entry.Kind == EntryKind.Release ? "released" : entry.Kind == EntryKind.Reversal ? "reversed" : entry.Flags.HasFlag(EntryFlags.AfterExpiry) ? "committed late" : "committed";
                return new Failure(Refusal.ReservationEnded, "", $"The reservation of '{original.Type}' was {how} at {entry.RecordedAt}; it ends once.");
            }
        }

        return null;
    }

    private static Failure? CheckFence(Entry original, long? fence, bool isLate)
    {
        if (fence is not { } sent)
        {
            return null;
        }

        if (original.Reservation?.Slot is not { } slot)
        {
            return new Failure(Refusal.InvalidRequest, "/fence", "The reservation holds no slot and has no fence.");
        }

        return sent != slot.Fence ? new Failure(Refusal.StaleFence, "/fence", $"The fence of this lease is {slot.Fence}, not {sent}; another holder may be at work.")
            : isLate ? new Failure(Refusal.StaleFence, "/fence", "The lease has expired, and others may hold the slot by now. What the job used can be committed without a fence.")
            : null;
    }

    /// <summary>The limit that stands on a balance now, for show; without one where the plan has none any more.</summary>
    private static StandingLimit LimitOf(CatalogBook book, Plan plan, Account account, HeldAmount held, Instant now)
    {
        Meter meter = book.Active.Meters.TryGetValue(held.Key.Meter, out Meter? known) ? known : new Meter(held.Key.Meter, held.Key.Meter, held.Scale, MeterKind.Sum, null, true, Metadata.Empty);
        ImmutableArray<StandingLimit> limits = held.Key.Scope == ScopeKind.Workspace ? LimitRules.OfWorkspace(book.Active, meter) : LimitRules.OfMeter(plan, account, meter, now);
        foreach (StandingLimit limit in limits)
        {
            if (limit.Scope == held.Key.Scope && limit.Per == held.Key.Per)
            {
                return limit;
            }
        }

        return new StandingLimit(meter, held.Key.Scope, held.Key.Per, null, LimitEnforcement.Hard, null, null);
    }

    private static Decision Fail(Decision unchanged, Refusal refusal, string pointer, string message) =>
        unchanged with { Refusal = refusal, Failure = new Failure(refusal, pointer, message) };

    private readonly record struct Held(ImmutableArray<HeldAmount> Own, ImmutableArray<HeldAmount> Shared);
}
