using System.Collections.Immutable;

using FsCheck;
using FsCheck.Fluent;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>Laws over generated sequences of grants, uses and corrections of one account.</summary>
public sealed class GrantLaws
{
    private const int Cases = 300;
    private const int Steps = 40;

    private static readonly Catalog s_catalog = StoryCatalog.Read("""
        plans:
          free:
            allowances:
              credits: [{ limit: 100, rollover: { max: 20 } }, { limit: 60, per: day }]
              calls: { limit: 5, per: day, enforcement: soft, ceiling: 8 }
              storage: { limit: 50 }
        """);

    private static readonly CatalogBook s_book = new(1, ImmutableDictionary<int, Catalog>.Empty.Add(1, s_catalog));
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 1, 0, 0);

    private static Gen<GrantStep[]> Sequences { get; } =
        (from kind in Gen.Frequency(
            (3, Gen.Constant(GrantStepKind.Grant)), (8, Gen.Constant(GrantStepKind.Enforce)), (3, Gen.Constant(GrantStepKind.Record)), (2, Gen.Constant(GrantStepKind.Late)),
            (2, Gen.Constant(GrantStepKind.Reverse)), (2, Gen.Constant(GrantStepKind.Complete)), (1, Gen.Constant(GrantStepKind.Adjust)), (1, Gen.Constant(GrantStepKind.End)))
         from type in Gen.Elements("use", "use", "call", "store")
         from amount in Gen.OneOf(Gen.Choose(0, 40), Gen.Choose(-30, 150))
         from choice in Gen.Choose(0, 1_000)
         from minutes in Gen.Frequency((6, Gen.Choose(0, 300)), (2, Gen.Choose(0, 5_000)), (1, Gen.Choose(10_000, 60_000)))
         select new GrantStep(kind, type, amount, choice, minutes)).ArrayOf(Steps);

    [Fact(DisplayName = "GRANT-2: of every balance, what grants gave and what the plan gave are all that is used, and each grant gave at most its amount")]
    public void PartsAreTheWhole() => Law.Holds(Sequences, static steps => Run(steps, static (before, decision, now) =>
    {
        AccountState state = decision.Account;
        foreach (Balance balance in state.Balances.Values.Where(balance => balance.Key.Scope == ScopeKind.Account))
        {
            Quantity drawn = Quantity.Zero;
            foreach (Grant grant in state.Grants.Values.Where(grant => grant.Terms.Meter == balance.Key.Meter))
            {
                foreach (GrantUse use in grant.Uses.Where(use => (use.Per, use.Start) == (balance.Key.Per, balance.Key.PeriodStart)))
                {
                    Assert.True(use.Drawn > Quantity.Zero && use.Held.IsZero);
                    drawn += use.Drawn;
                }
            }

            Assert.True(drawn <= balance.Used);
        }

        foreach (Grant grant in state.Grants.Values)
        {
            Assert.All(grant.Periods, period => Assert.True(Quantity.Zero <= period.Left && period.Left <= period.Given));
            Assert.True(grant.Terms.Recurrence is not null || grant.Drawn + grant.Periods[^1].Left <= grant.Terms.Amount);
        }
    }), Cases);

    [Fact(DisplayName = "GRANT-2: every draw is of the first source in the order that has something left")]
    public void InOrder() => Law.Holds(Sequences, static steps => Run(steps, static (before, decision, now) =>
    {
        foreach (EntryLine line in decision.Entry?.Lines ?? [])
        {
            if (line.Delta <= Quantity.Zero || line.Draws.IsEmpty || line.PeriodEnd <= now)
            {
                continue;
            }

            Assert.Equal(line.Delta, line.Draws.Aggregate(Quantity.Zero, (sum, draw) => sum + draw.Used));
            // What was drawn later leaves nothing of what comes earlier.
            List<Grant> order = [.. before.Grants.Values.Where(grant => grant.Terms.Meter == line.Key.Meter).Order(Comparer<Grant>.Create(GrantRules.ByOrderOfDrawing))];
            List<long> drawn = [.. line.Draws.Where(draw => draw.Grant != Draw.Plan).Select(draw => draw.Grant)];
            Assert.Equal(drawn.Distinct().Count(), drawn.Count);
            foreach (long number in drawn.SkipLast(1))
            {
                Grant after = decision.Account.Grants[number];
                Assert.True(GrantRules.LeftOf(decision.Account, after, now).IsZero, $"{after} had something left when the next was drawn.");
            }

            List<long> ranked = [.. order.Where(grant => grant.Terms.BeforePlan).Concat(order.Where(grant => !grant.Terms.BeforePlan)).Select(grant => grant.Number)];
            Assert.Equal(drawn.OrderBy(ranked.IndexOf), drawn);
        }
    }), Cases, variation: 1);

    [Fact(DisplayName = "GRANT-1: the limit is the plan's with what was drawn in the period and what is left, and enforcing keeps to it")]
    public void LimitIsTheSum() => Law.Holds(Sequences, static steps => Run(steps, static (before, decision, now) =>
    {
        foreach (UsageLine line in UsageView.Of(decision.Account, s_book, now).Where(line => line.Limit.Scope == ScopeKind.Account))
        {
            Quantity sum = Quantity.Zero;
            foreach (Grant grant in decision.Account.Grants.Values.Where(grant => GrantRules.AddsTo(grant, line.Limit)))
            {
                sum += GrantRules.LeftOf(decision.Account, grant, now);
                sum += grant.Uses.Where(use => use.Per == line.Limit.Per && use.Start == line.Period.Start).Aggregate(Quantity.Zero, (drawn, use) => drawn + use.Drawn);
            }

            Assert.Equal(sum, line.Limit.Granted);
            Quantity? planned = s_catalog.Plans["free"].Allowances.FirstOrDefault(allowance => allowance.Meter.Key == line.Limit.Meter.Key && allowance.Per == line.Limit.Per)?.Limit;
            Assert.Equal(planned + sum, line.Limit.Limit);
        }
    }), Cases, variation: 2);

    [Fact(DisplayName = "COR-1: a use and at once its reversal leave every balance and every grant as they were")]
    public void ThereAndBack() => Law.Holds(Sequences, static steps => Run(steps, static (before, decision, now) =>
    {
        if (decision.Entry is not { Kind: EntryKind.Usage } entry || entry.Lines.Any(line => line.PeriodEnd <= now || line.Delta < Quantity.Zero))
        {
            // What falls back to an ended grant lapses; it does not come again with a reversal.
            return;
        }

        Decision back = Corrections.Decide(decision.Account, decision.Workspace, s_book, new Reverse(entry, 1, [], now, null, null));
        Assert.Equal(Used(before), Used(back.Account));
        Assert.Equal(Figures(before, now), Figures(back.Account, now));
    }), Cases, variation: 3);

    [Fact(DisplayName = "LOG-3: what a grant gave is the sum of the draws of all entries")]
    public void SumsOfDraws() => Law.Holds(Sequences, static steps =>
    {
        Dictionary<long, Quantity> sums = [];
        Run(steps, (before, decision, now) =>
        {
            foreach (Draw draw in (decision.Entry?.Lines ?? []).SelectMany(line => line.Draws).Where(draw => draw.Grant != Draw.Plan))
            {
                sums[draw.Grant] = sums.GetValueOrDefault(draw.Grant) + draw.Used;
            }

            foreach (Grant grant in decision.Account.Grants.Values)
            {
                Assert.Equal(sums.GetValueOrDefault(grant.Number), grant.Drawn);
            }
        });
    }, Cases, variation: 4);

    [Fact(DisplayName = "GRANT-3: a dormant account stands as it would had a job opened each of its periods")]
    public void Dormant() => Law.Holds(Sequences, static steps =>
    {
        AccountState state = New();
        Run(steps, (before, decision, now) => state = decision.Account);
        AccountState opened = state;
        Instant now = s_start + Duration.FromDays(400);
        for (Instant at = state.Account.DecidedAt + Duration.FromHours(7); at < now; at += Duration.FromDays(11))
        {
            opened = Opening.Of(opened, New(), s_book, at, 100_000 + at.ToUnixTimeSeconds()).Account;
        }

        AccountState atOnce = Opening.Of(state, New(), s_book, now, 1_000_000).Account;
        opened = Opening.Of(opened, New(), s_book, now, 2_000_000).Account;
        Assert.Equal(UsageView.Of(atOnce, s_book, now), UsageView.Of(opened, s_book, now));
    }, Cases, variation: 5);

    private static void Run(GrantStep[] steps, Action<AccountState, Decision, Instant> watch)
    {
        AccountState account = New();
        AccountState workspace = New(Account.WorkspaceHead);
        List<Entry> events = [];
        Dictionary<Entry, List<Entry>> later = new(ReferenceEqualityComparer.Instance);
        Instant now = s_start;
        long number = 1;
        foreach (GrantStep step in steps)
        {
            now += Duration.FromMinutes((long)step.Minutes) + Clock.Microsecond;
            Opened opened = Opening.Of(account, workspace, s_book, now, number);
            number += opened.Entries.Length;
            account = opened.Account;
            now = Instant.Max(now, account.Account.DecidedAt + Clock.Microsecond);
            Entry? target = step.Kind is GrantStepKind.Reverse or GrantStepKind.Complete ? Target(step, events, later) : null;
            if (Decide(step, target, target is null ? [] : [.. later[target]], account, workspace, now, number) is not { } decision)
            {
                continue;
            }

            watch(account, decision, now);
            (account, workspace) = (decision.Account, decision.Workspace);
            if (decision.Entry is { } entry)
            {
                number++;
                later[entry] = [];
                (target is null ? events : later[target]).Add(entry);
            }
        }
    }

    private static AccountState New(long id = 1) => AccountState.Of(new Account
    {
        Id = id,
        CreatedAt = s_start,
        Plan = "free",
        Timeline = Timeline.Starting(Schedule.StartingOn(s_start, DateTimeZone.Utc)),
    });

    private static Entry? Target(GrantStep step, List<Entry> events, Dictionary<Entry, List<Entry>> later)
    {
        Entry[] open = [.. events.Where(entry => entry.Kind == EntryKind.Usage && later[entry].All(after => after.Kind != EntryKind.Reversal && (step.Kind == GrantStepKind.Reverse || after.Kind != EntryKind.Completion)))];
        return open.Length == 0 ? null : open[step.Choice % open.Length];
    }

    private static Decision? Decide(GrantStep step, Entry? target, ImmutableArray<Entry> later, AccountState account, AccountState workspace, Instant now, long number)
    {
        switch (step.Kind)
        {
            case GrantStepKind.Grant:
                return Granting.Decide(account, workspace, s_book, new Give(Terms(step, now), number, now, null, null));
            case GrantStepKind.End:
                Grant[] live = [.. account.Grants.Values.Where(grant => now < grant.EndsAt).OrderBy(grant => grant.Number)];
                return live.Length == 0 ? null : Granting.Decide(account, workspace, s_book, new EndGrant(live[step.Choice % live.Length].Number, now, null, null));
            case GrantStepKind.Reverse:
                return target is null ? null : Corrections.Decide(account, workspace, s_book, new Reverse(target, 1, later, now, null, null));
            case GrantStepKind.Complete:
                return target is null ? null : Corrections.Decide(account, workspace, s_book, new Complete(target, 1, later, step.Choice % 4 == 0 ? null : Rate(target.Type!, Math.Abs(step.Amount)), now));
            case GrantStepKind.Adjust:
                return Corrections.Decide(account, workspace, s_book, new Adjust(s_catalog.Meters["credits"], new Quantity(step.Amount * 100L), now, "agreed", "ops"));
            default:
                return Rate(step.Type, step.Amount) is not { } rated ? null : Weir.Engine.Admission.Decide(account, workspace, s_book, new Consume
                {
                    Rated = rated,
                    Mode = step.Kind == GrantStepKind.Enforce ? ConsumeMode.Enforce : ConsumeMode.Record,
                    Now = now,
                    At = step.Kind == GrantStepKind.Late ? now - Duration.FromHours(step.Choice % 200) : null,
                });
        }
    }

    private static GrantTerms Terms(GrantStep step, Instant now) => new()
    {
        Meter = step.Type switch { "use" => "credits", "call" => "calls", _ => "storage" },
        Scale = step.Type == "use" ? 2 : 0,
        Per = step is { Type: "use", Choice: var c } && c % 3 == 0 ? Per.Day : null,
        Amount = new Quantity(Math.Abs(step.Amount) + 1) is var amount && step.Type == "use" ? new Quantity(amount.Units * 100) : new Quantity(Math.Abs(step.Amount) + 1),
        Priority = step.Choice % 7,
        Start = now + Duration.FromHours((step.Choice % 5) - 2),
        End = step.Choice % 2 == 0 ? Instant.MaxValue : now + Duration.FromDays(1 + (step.Choice % 60)),
        BeforePlan = step.Choice % 5 == 0,
        Recurrence = step.Type != "store" && step.Choice % 4 == 1 ? (step.Choice % 8 == 1 ? Per.Week : Per.CalendarDay) : null,
        Rollover = step.Type != "store" && step.Choice % 12 == 1 ? new GrantRollover(new Quantity(step.Choice * 3), new Quantity(step.Choice % 5)) : null,
    };

    private static RatedEvent? Rate(string type, int amount)
    {
        string property = type == "store" ? "bytes" : "n";
        return Rater.Rate(s_catalog, s_catalog.Events[type], Properties.Of([new(property, PropertyValue.Of(amount))]), null, out _);
    }

    private static HashSet<(BalanceKey, Quantity)> Used(AccountState state) => [.. state.Balances.Where(pair => !pair.Value.Used.IsZero).Select(pair => (pair.Key, pair.Value.Used))];

    private static List<string> Figures(AccountState state, Instant now) =>
    [
        .. state.Grants.Values.OrderBy(grant => grant.Number).Select(grant =>
            $"{grant.Number}: {GrantRules.LeftOf(state, grant, now).Units} left, {grant.Drawn.Units} drawn, "
            + string.Join(", ", grant.Uses.Where(use => !use.Drawn.IsZero && !new Period(use.Start, use.End).IsClosedAt(now)).OrderBy(use => (use.Per, use.Start)).Select(use => (use.Per, use.Start, use.Drawn.Units)))),
    ];
}

internal enum GrantStepKind
{
    Grant,
    End,
    Enforce,
    Record,
    Late,
    Reverse,
    Complete,
    Adjust,
}

/// <param name="Choice">Decides what else there is to choose.</param>
/// <param name="Minutes">How long after the step before it.</param>
internal sealed record GrantStep(GrantStepKind Kind, string Type, int Amount, int Choice, int Minutes);
