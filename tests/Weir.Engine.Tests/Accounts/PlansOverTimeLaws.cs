using System.Collections.Immutable;

using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>Laws of plans over time, over generated sequences of changes, against a list of what was said.</summary>
public sealed class PlansOverTimeLaws
{
    private static readonly string[] s_plans = ["free", "starter", "pro"];
    private static readonly Catalog s_catalog = StoryCatalog.Read("plans: { free: {}, starter: {}, pro: {} }");
    private static readonly CatalogBook s_book = new(1, ImmutableDictionary<int, Catalog>.Empty.Add(1, s_catalog));
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 1, 0, 0);

    /// <summary>What is said, and how long after what was said before.</summary>
    public sealed record Saying(int Hours, string? Plan, bool Next, int UntilHours, bool Pin);

    private static Gen<Saying[]> Sayings { get; } =
        (from hours in Gen.Choose(1, 400)
         from plan in Gen.Elements(s_plans.Append(null).ToArray())
         from next in Gen.Elements(false, true)
         from until in Gen.Choose(-200, 2_000)
         from pin in Gen.Elements(false, false, true)
         select new Saying(hours, plan, next, until, pin)).ArrayOf().Where(sayings => sayings.Length is > 0 and < 30);

    [Fact(DisplayName = "PLAN-2: the plan at any time is that of the last change at or before it, however the account is asked, folded or stored")]
    public void LastChange() => Law.Holds(
        Sayings,
        static sayings =>
        {
            Account account = NewAccount();

            // The model: for each instant the last thing said that holds from then on.
            SortedDictionary<Instant, Subscription> model = new() { [Instant.MinValue] = new Subscription("free", null) };
            Instant now = s_start;
            foreach (Saying saying in sayings)
            {
                now += Duration.FromHours(saying.Hours);
                if (Say(account, saying, now, out SubscriptionChange? said) is not { } changed)
                {
                    continue;
                }

                account = changed;
                Follow(model, account, said, now);
                Agree(model, account, now);
                Assert.True(account.Planned.Length <= 3, $"{account.Planned.Length} changes are planned.");
            }
        },
        2_000);

    [Fact(DisplayName = "PLAN-2: a planned change acts exactly at its instant, and so does every end")]
    public void Exactly() => Law.Holds(
        Sayings,
        static sayings =>
        {
            Account account = NewAccount();
            Instant now = s_start;
            foreach (Saying saying in sayings)
            {
                now += Duration.FromHours(saying.Hours);
                account = Say(account, saying, now, out _) ?? account;
                Subscription before = account.SubscriptionAt(now);
                foreach (PlannedChange change in account.Planned.Where(change => change.At > now))
                {
                    Assert.Equal(before, account.SubscriptionAt(change.At - Clock.Microsecond));
                    Assert.Equal(change.Subscription, account.SubscriptionAt(change.At));
                    Assert.Equal(change.Subscription.Plan, s_book.PlanOf(account, change.At).Key);
                    before = change.Subscription;
                }
            }
        },
        1_000,
        variation: 2);

    private static Account NewAccount() =>
        new() { Id = 1, Version = 1, CreatedAt = s_start, Plan = "free", Timeline = Timeline.Starting(Schedule.StartingOn(s_start, DateTimeZone.Utc)) };

    private static Account? Say(Account account, Saying saying, Instant now, out SubscriptionChange? said)
    {
        said = saying.Plan is null ? null : new SubscriptionChange(saying.Plan)
        {
            When = saying.Next ? PlanStart.NextPeriod : PlanStart.Immediate,
            Pin = saying.Pin,
            Until = saying.UntilHours > 0 ? now + Duration.FromHours(saying.UntilHours) : null,
        };
        return AccountRules.Apply(account, new AccountChange { Subscribe = said, CancelPlanned = said is null }, s_book, null, now, out _);
    }

    private static void Follow(SortedDictionary<Instant, Subscription> model, Account account, SubscriptionChange? said, Instant now)
    {
        Instant start = said is { When: PlanStart.NextPeriod } ? account.Timeline.At(Per.Month, now).End : now;
        foreach (Instant later in model.Keys.Where(at => said is null ? at > now : at >= start).ToList())
        {
            model.Remove(later);
        }

        if (said is not null)
        {
            model[start] = new Subscription(said.Plan, said.Pin ? 1 : null);
            if (said.Until is { } until)
            {
                model[until] = new Subscription("free", null);
            }
        }
    }

    private static void Agree(SortedDictionary<Instant, Subscription> model, Account account, Instant now)
    {
        Account stored = account with { Planned = AccountJson.ReadPlanned(AccountJson.WritePlanned(account.Planned)), FormerPlans = AccountJson.ReadFormer(AccountJson.WriteFormer(account.FormerPlans)) };
        Account folded = SubscriptionRules.Fold(account, now + Duration.FromHours(900));
        foreach (Instant at in model.Keys.SelectMany(at => at == Instant.MinValue ? [s_start] : (Instant[])[at - Clock.Microsecond, at, at + Duration.FromHours(1)]).Append(now + Duration.FromDays(500)))
        {
            Subscription expected = model.Last(said => said.Key <= at).Value;
            Assert.Equal(expected, account.SubscriptionAt(at));
            Assert.Equal(expected, stored.SubscriptionAt(at));
            Assert.Equal(expected, folded.SubscriptionAt(at));
        }
    }
}
