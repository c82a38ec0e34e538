using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>
/// Draws from an account's grants during one decision, and returns to them. Of a balance's used and held amounts the grants know their
/// parts; the rest is the plan's.
/// </summary>
internal sealed class GrantDrawing(AccountState account, Instant now)
{
    private readonly Dictionary<long, Grant> _changed = [];

    /// <summary>The grants after all moves so far.</summary>
    public StateMap<long, Grant> Grants => _changed.Count == 0 ? account.Grants
        : account.Grants.SetItems(_changed.Select(changed => KeyValuePair.Create(changed.Key, GrantRules.Settled(changed.Value, now))));

    /// <summary>Gives each part of a movement its source.</summary>
    /// <param name="before">The balance before it.</param>
    /// <param name="used">How far its used amount moves; what falls comes from <paramref name="from"/>, or from the last that was drawn.</param>
    /// <param name="held">The same of its held amount. What falls while use rises becomes used, in the order in which it was drawn.</param>
    /// <param name="from">Where the returning amount had come from.</param>
    /// <param name="at">The time for which is drawn or returned; by itself now, or the end of a period that is over.</param>
    public Draws Move(StandingLimit limit, Balance before, Quantity used, Quantity held, Draws? from, Instant? at, HoldSet holds)
    {
        List<Grant> grants = Of(limit, before.Key, holds);
        if (grants.Count == 0)
        {
            return Draws.None;
        }

        Movement movement = new(_changed, grants, limit, before, holds, now, at ?? (now < before.PeriodEnd ? now : before.PeriodEnd - Clock.Microsecond), at ?? now);
        if (held < Quantity.Zero)
        {
            used -= movement.Release(-held, used, from);
        }

        if (used < Quantity.Zero)
        {
            movement.Return(-used, from);
        }
        else if (used > Quantity.Zero)
        {
            movement.Give(used, ofHeld: false);
        }

        if (held > Quantity.Zero)
        {
            movement.Give(held, ofHeld: true);
        }

        return movement.ToDraws();
    }

    /// <summary>What grants add to a limit after all moves so far.</summary>
    public Quantity Granted(StandingLimit limit, Period period, HoldSet holds)
    {
        Quantity granted = Quantity.Zero;
        foreach ((long number, Grant grant) in account.Grants)
        {
            granted += GrantRules.Of(_changed.GetValueOrDefault(number, grant), account, holds, limit, period, now);
        }

        return granted;
    }

    /// <summary>The grants that add to a balance or have given in its period, in the order of drawing.</summary>
    private List<Grant> Of(StandingLimit limit, BalanceKey key, HoldSet holds)
    {
        List<Grant> found = [];
        foreach ((long number, Grant stored) in account.Grants)
        {
            Grant grant = _changed.GetValueOrDefault(number, stored);
            if (grant.Terms.Meter == key.Meter && (GrantRules.AddsTo(grant, limit) || GrantRules.UseOf(grant, key.Per, key.PeriodStart) is not null))
            {
                found.Add(GrantRules.Renewed(grant, account.Account.Timeline, holds, now));
            }
        }

        found.Sort(GrantRules.ByOrderOfDrawing);
        return found;
    }

    /// <summary>One movement of one balance.</summary>
    private sealed class Movement(
        Dictionary<long, Grant> changed, List<Grant> grants, StandingLimit limit, Balance before, HoldSet holds, Instant now, Instant drawnAt, Instant returnedAt)
    {
        private readonly List<Draw> _draws = [];
        private Quantity _used = before.Used;
        private Quantity _held = before.Held - holds.ExpiredOf(before.Key, now);

        public Draws ToDraws() => _draws.Exists(draw => draw.Grant != Draw.Plan) ? new Draws(_draws) : Draws.None;

        /// <summary>Draws in order: grants that come before the plan, the plan's room, the other grants; what goes beyond all of it is the plan's (GRANT-2).</summary>
        public void Give(Quantity amount, bool ofHeld)
        {
            Quantity rest = DrawGrants(amount, ofHeld, beforePlan: true);
            Quantity room = limit.Planned is { } planned ? Quantity.Max(planned - PlanUsed - PlanHeld, Quantity.Zero) : rest;
            Quantity own = Quantity.Min(rest, room);
            Take(Draw.Plan, null, own, ofHeld);
            rest = DrawGrants(rest - own, ofHeld, beforePlan: false);
            Take(Draw.Plan, null, rest, ofHeld);
        }

        /// <summary>Ends a held amount: the first part of it becomes used, the rest returns, the last that was drawn first.</summary>
        /// <returns>How much became used.</returns>
        public Quantity Release(Quantity freed, Quantity wanted, Draws? from)
        {
            Quantity kept = Quantity.Max(Quantity.Min(freed, wanted), Quantity.Zero);
            Quantity rest = kept;
            Quantity left = freed;
            List<Draw> back = [];
            IEnumerable<Draw> parts = from is { } known ? known : HeldParts();
            foreach (Draw part in parts)
            {
                Quantity amount = Quantity.Min(Quantity.Min(part.Held, left), AvailableHeld(part.Grant));
                Quantity stays = Quantity.Min(amount, rest);
                Settle(part, stays, -amount);
                if (amount > stays)
                {
                    GiveBack(part.Grant, part.Period, amount - stays);
                    back.Add(part with { Used = Quantity.Zero, Held = stays - amount });
                }

                if (stays > Quantity.Zero)
                {
                    _draws.Add(part with { Used = stays, Held = -stays });
                }

                rest -= stays;
                left -= amount;
            }

            if (left > Quantity.Zero)
            {
                // What no grant held was held of the plan's own allowance.
                Settle(Draw.OfPlan(Quantity.Zero, Quantity.Zero), rest, -left);
                _draws.Add(Draw.OfPlan(rest, -rest));
                back.Add(Draw.OfPlan(Quantity.Zero, rest - left));
            }

            back.Reverse();
            _draws.AddRange(back.Where(draw => !draw.Held.IsZero));
            return kept;
        }

        /// <summary>Returns what was used, the last that was drawn first.</summary>
        public void Return(Quantity amount, Draws? from)
        {
            if (from is { } parts)
            {
                amount = ReturnTo(parts.IsEmpty ? [Draw.OfPlan(amount, Quantity.Zero)] : [.. parts], amount);
            }

            // Without a word of where it came from, and where a correction has moved it since.
            if (amount > Quantity.Zero)
            {
                ReturnTo(UsedParts(), amount);
            }
        }

        private Quantity PlanUsed => _used - Sum(use => use.Drawn);

        private Quantity PlanHeld
        {
            get
            {
                Quantity held = _held;
                foreach (Grant grant in grants)
                {
                    held -= HeldOf(grant);
                }

                return held;
            }
        }

        private Quantity DrawGrants(Quantity rest, bool ofHeld, bool beforePlan)
        {
            for (int i = 0; i < grants.Count && rest > Quantity.Zero; i++)
            {
                Grant grant = grants[i];
                if (grant.Terms.BeforePlan == beforePlan && GrantRules.AddsTo(grant, limit) && GrantRules.PeriodAt(grant, drawnAt, now) is { } period)
                {
                    Quantity amount = Quantity.Min(rest, GrantRules.Left(grant, holds, drawnAt, now));
                    Take(grant.Number, grant.Terms.Recurrence is null ? null : period.Start, amount, ofHeld);
                    rest -= amount;
                }
            }

            return rest;
        }

        private void Take(long source, Instant? period, Quantity amount, bool ofHeld)
        {
            if (amount > Quantity.Zero)
            {
                Draw draw = ofHeld ? new Draw(source, period, Quantity.Zero, amount) : new Draw(source, period, amount, Quantity.Zero);
                Settle(draw, draw.Used, draw.Held);
                GiveBack(source, period, -amount, always: true);
                _draws.Add(draw);
            }
        }

        private Quantity ReturnTo(IReadOnlyList<Draw> parts, Quantity amount)
        {
            for (int i = parts.Count - 1; i >= 0 && amount > Quantity.Zero; i--)
            {
                Draw part = parts[i];
                Quantity there = part.Grant == Draw.Plan ? PlanUsed : Find(part.Grant) is { } grant ? UseOf(grant).Drawn : Quantity.Zero;
                Quantity back = Quantity.Min(Quantity.Min(part.Used, Quantity.Max(there, Quantity.Zero)), amount);
                if (back > Quantity.Zero)
                {
                    Settle(part, -back, Quantity.Zero);
                    GiveBack(part.Grant, part.Period, back);
                    _draws.Add(part with { Used = -back, Held = Quantity.Zero });
                    amount -= back;
                }
            }

            return amount;
        }

        /// <summary>Where what is used comes from, in the order of drawing.</summary>
        private List<Draw> UsedParts()
        {
            Quantity plan = PlanUsed;
            Quantity within = limit.Planned is { } planned ? Quantity.Min(plan, planned) : plan;
            return
            [
                .. grants.Where(grant => grant.Terms.BeforePlan).Select(grant => PartOf(grant, UseOf(grant).Drawn, Quantity.Zero)),
                Draw.OfPlan(within, Quantity.Zero),
                .. grants.Where(grant => !grant.Terms.BeforePlan).Select(grant => PartOf(grant, UseOf(grant).Drawn, Quantity.Zero)),
                Draw.OfPlan(plan - within, Quantity.Zero),
            ];
        }

        private List<Draw> HeldParts() =>
        [
            .. grants.Where(grant => grant.Terms.BeforePlan).Select(grant => PartOf(grant, Quantity.Zero, HeldOf(grant))),
            Draw.OfPlan(Quantity.Zero, Quantity.Max(PlanHeld, Quantity.Zero)),
            .. grants.Where(grant => !grant.Terms.BeforePlan).Select(grant => PartOf(grant, Quantity.Zero, HeldOf(grant))),
        ];

        private static Draw PartOf(Grant grant, Quantity used, Quantity held) =>
            new(grant.Number, grant.Terms.Recurrence is null ? null : grant.Periods[^1].Start, used, held);

        private Quantity AvailableHeld(long source) =>
            source == Draw.Plan ? new Quantity(long.MaxValue) : Find(source) is { } grant ? UseOf(grant).Held : Quantity.Zero;

        private Quantity HeldOf(Grant grant) => UseOf(grant).Held - GrantRules.ExpiredOf(grant.Number, before.Key, holds, now);

        private Grant? Find(long number) => grants.Find(grant => grant.Number == number);

        private GrantUse UseOf(Grant grant) =>
            GrantRules.UseOf(grant, before.Key.Per, before.Key.PeriodStart) ?? new GrantUse(before.Key.Per, before.Key.PeriodStart, before.PeriodEnd, Quantity.Zero, Quantity.Zero);

        /// <summary>Counts a change of what a source has given in the balance's period.</summary>
        private void Settle(Draw part, Quantity used, Quantity held)
        {
            _used += used;
            _held += held;
            if (Find(part.Grant) is not { } grant)
            {
                return;
            }

            GrantUse use = UseOf(grant);
            GrantUse after = use with { Drawn = use.Drawn + used, Held = use.Held + held };
            ImmutableArray<GrantUse> others = grant.Uses.RemoveAll(other => (other.Per, other.Start) == (use.Per, use.Start));
            Put(grant with { Uses = after.Drawn.IsZero && after.Held.IsZero ? others : others.Add(after) });
        }

        /// <summary>Adds to what is left of a grant. What returns when its period is over lapses (RES-4).</summary>
        private void GiveBack(long source, Instant? start, Quantity amount, bool always = false)
        {
            if (Find(source) is not { } grant)
            {
                return;
            }

            for (int i = 0; i < grant.Periods.Length; i++)
            {
                GrantPeriod period = grant.Periods[i];
                if (start is { } of ? period.Start == of : i == grant.Periods.Length - 1)
                {
                    if (always || returnedAt < Instant.Min(period.End, grant.EndsAt))
                    {
                        Put(grant with { Periods = grant.Periods.SetItem(i, period with { Left = Quantity.Min(period.Left + amount, period.Given) }) });
                    }

                    return;
                }
            }
        }

        private Quantity Sum(Func<GrantUse, Quantity> of)
        {
            Quantity sum = Quantity.Zero;
            foreach (Grant grant in grants)
            {
                sum += of(UseOf(grant));
            }

            return sum;
        }

        private void Put(Grant grant)
        {
            grants[grants.FindIndex(other => other.Number == grant.Number)] = grant;
            changed[grant.Number] = grant;
        }
    }
}
