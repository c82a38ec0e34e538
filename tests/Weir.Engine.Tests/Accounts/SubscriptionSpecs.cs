namespace Weir.Engine.Tests;

/// <summary>What an account may use: its plan, the version of it, overrides, its zone and anchor.</summary>
public sealed class SubscriptionSpecs
{
    private const string Plans = """
        plans:
          free:    { allowances: { credits: { limit: 100 } } }
          starter: { allowances: { credits: { limit: 1000 } } }
          old:     { retired: true, allowances: { credits: { limit: 9 } } }
        """;

    [Fact(DisplayName = "PLAN-1: a change of plan keeps what is used; below usage nothing remains")]
    public void ChangeKeepsUsed() => Story.Tells(
        Plans,
        """
        consume a use n=95    | allowed        | credits 95 of 100
        change a plan=starter | changed        |
        consume a use n=400   | allowed        | credits 495 of 1000
        change a plan=free    | changed        |
        usage a               |                | credits 495 of 100 leaves 0 (495 %)
        consume a use n=0.01  | limit_exceeded | credits wants 0.01, used 495 of 100, leaves 0 until 2026-04-01; advice starter credits 1000
        """);

    [Fact(DisplayName = "PLAN-1: nobody moves to an unknown or a retired plan; who has a retired one keeps it")]
    public void UnknownAndRetired() => Story.Tells(
        Plans,
        """
        account o plan=old
        change a plan=gold   | unknown_plan | /plan
        change a plan=old    | plan_retired | /plan
        change o plan=old    | unchanged    |
        consume o use n=9    | allowed      | credits 9 of 9
        change o plan=free   | changed      |
        change o plan=old    | plan_retired | /plan
        """);

    [Fact(DisplayName = "PLAN-1: an account follows the active version of its plan, unless it is pinned")]
    public void Pinned() => Story.Tells(
        [Plans, Plans.Replace("limit: 1000", "limit: 50", StringComparison.Ordinal), "plans: { free: { allowances: { credits: { limit: 7 } } } }"],
        """
        change a plan=starter           | changed        |
        change p plan=starter pin=true  | changed        |
        consume a use n=60              | allowed        | credits 60 of 1000
        consume p use n=60              | allowed        | credits 60 of 1000
        catalog 2
        consume a use n=1               | limit_exceeded | credits wants 1, used 60 of 50, leaves 0 until 2026-04-01; advice free credits 100
        consume p use n=1               | allowed        | credits 61 of 1000
        # Saying again what holds already moves nothing, the version least of all.
        change p plan=starter           | unchanged      |
        change p plan=starter pin=true  | unchanged      |
        change p pin=true               | unchanged      |
        consume p use n=1               | allowed        | credits 62 of 1000
        # The plan is gone from version 3: who followed it is on the default plan, who is pinned keeps it.
        catalog 3
        consume a use n=1               | limit_exceeded | credits wants 1, used 60 of 7, leaves 0 until 2026-04-01
        consume p use n=1               | allowed        | credits 63 of 1000
        catalog 2
        change p pin=false              | changed        |
        usage p                         |                | credits 63 of 50 leaves 0 (126 %)
        """);

    [Fact(DisplayName = "PLAN-1: a move to another plan follows its active version; pin holds the new one")]
    public void PinOnMove() => Story.Tells(
        [Plans, Plans.Replace("limit: 100 ", "limit: 200 ", StringComparison.Ordinal), Plans.Replace("limit: 100 ", "limit: 300 ", StringComparison.Ordinal)],
        """
        change a plan=starter pin=true | changed |
        catalog 2
        change a plan=free             | changed |
        consume a use n=1              | allowed | credits 1 of 200
        catalog 3
        consume a use n=1              | allowed | credits 2 of 300
        catalog 2
        change a plan=starter          | changed |
        change a plan=free pin=true    | changed |
        catalog 3
        consume a use n=1              | allowed | credits 3 of 200
        """);

    [Fact(DisplayName = "BAL-2: an override stands in place of the plan's limit, until its end")]
    public void Override() => Story.Tells(
        Plans,
        """
        override a credits 150 until=2026-03-05     | changed        |
        consume a use n=120                         | allowed        | credits 120 of 150
        at 2026-03-04T23:59:59.999999Z
        consume a use n=10                          | allowed        | credits 130 of 150
        after 1us
        consume a use n=1                           | limit_exceeded | credits wants 1, used 130 of 100, leaves 0 until 2026-04-01; advice starter credits 1000
        override a credits unlimited                | changed        |
        consume a use n=5000                        | allowed        | credits 5130
        override a credits 0                        | changed        |
        consume a use n=0.01                        | limit_exceeded | credits wants 0.01, used 5130 of 0, leaves 0 until 2026-04-01
        override a credits none                     | changed        |
        usage a                                     |                | credits 5130 of 100 leaves 0 (5130 %)
        """);

    [Fact(DisplayName = "BAL-2: an override that names its per goes before one for every per, in whatever order they came")]
    public void OverrideOfOnePer() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 10, per: hour }, { limit: 30, per: day }, { limit: 20, per: day, scope: user }] } } }",
        """
        override a credits 7 per=day        | changed |
        override a credits 5                | changed |
        consume a use n=1 user=ann          | allowed | credits/hour 1 of 5; credits/day 1 of 7; credits/day@user:ann 1 of 20
        override b credits 5                | changed |
        override b credits 7 per=day        | changed |
        override b credits 2 scope=user     | changed |
        consume b use n=1 user=ann          | allowed | credits/hour 1 of 5; credits/day 1 of 7; credits/day@user:ann 1 of 2
        override b credits 8 per=day        | changed |
        consume b use n=1 user=ann          | allowed | credits/hour 2 of 5; credits/day 2 of 8; credits/day@user:ann 2 of 2
        override b credits 3 per=year       | changed |
        consume b use n=1                   | allowed | credits/hour 3 of 5; credits/day 3 of 8; credits/day@user 1 of 2; credits/year 1 of 3
        """);

    [Fact(DisplayName = "BAL-4: overrides on a meter without an allowance: the one that names its per goes first, in whatever order they came")]
    public void OverrideWithoutAllowance() => Story.Tells(
        "",
        """
        override a credits 10               | changed |
        override a credits 5 per=day        | changed |
        consume a use n=1                   | allowed | credits 1 of 10; credits/day 1 of 5
        override b credits 5 per=day        | changed |
        override b credits 10               | changed |
        consume b use n=1                   | allowed | credits/day 1 of 5; credits 1 of 10
        override b credits 7 per=month      | changed |
        consume b use n=1                   | allowed | credits/day 2 of 5; credits 2 of 7
        override c credits 7 per=month      | changed |
        override c credits 10               | changed |
        consume c use n=1                   | allowed | credits 1 of 7
        usage c                             |         | credits 1 of 7 leaves 6 (14.29 %)
        """);

    [Fact(DisplayName = "BAL-3: an override above the ceiling lifts the ceiling with it; below it the ceiling stays")]
    public void OverrideAboveCeiling() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100, enforcement: soft, ceiling: 120 } } } }",
        """
        override a credits 150     | changed        |
        consume a use n=150        | allowed        | credits 150 of 150
        consume a use n=1          | limit_exceeded | credits wants 1, used 150 of 150, leaves 0 until 2026-04-01
        override a credits 10      | changed        |
        consume b use n=5          | allowed        | credits 5 of 100
        override b credits 10      | changed        |
        consume b use n=115        | allowed        | credits 120 of 10; over limit
        override a credits unlimited | changed      |
        consume a use n=1000       | allowed        | credits 1150
        """);

    [Fact(DisplayName = "NUM-5: an override of an unknown meter, below 0, of the workspace, or with a per on a level is refused")]
    public void OverrideRefused() => Story.Tells(
        Plans,
        """
        override a gold 5                       | unknown_meter   | /
        override a credits -1                   | invalid_request | /limit
        override a credits 90071992547409.92    | invalid_request | /limit
        override a credits 90071992547409.91    | changed         |
        override a credits 5 scope=workspace    | invalid_request | /scope
        override a storage 5 per=month          | invalid_request | /per
        override a storage 5 per=lifetime       | changed         |
        override a storage 5 per=lifetime       | unchanged       |
        consume a store bytes=6                 | limit_exceeded  | storage wants 6, used 0 of 5, leaves 5
        override a storage none per=day         | unchanged       |
        """);

    [Fact(DisplayName = "NUM-5: an account has at most 200 overrides; another value of one of them is not one more")]
    public void MostOverrides()
    {
        CatalogBook book = new(1, System.Collections.Immutable.ImmutableDictionary<int, Catalog>.Empty.Add(1, StoryCatalog.Read("")));
        Account account = new() { Id = 1, CreatedAt = default, Plan = "free", Timeline = Timeline.Starting(PeriodText.Schedule("UTC 2026-01-01 00:00")) };
        LimitOverride[] overrides = [.. from scope in (ScopeKind[])[ScopeKind.Account, ScopeKind.User, ScopeKind.Campaign, ScopeKind.Key]
                                        from per in Enum.GetValues<Per>()
                                        from meter in (string[])["credits", "calls", "cost", "m3", "m4"]
                                        select new LimitOverride(meter, scope, per, Quantity.Zero, null, null)];
        account = account with { Overrides = [.. overrides.Take(AccountRules.MostOverrides)] };
        LimitOverride one = new("credits", ScopeKind.Account, null, Quantity.Zero, null, null);

        Assert.Null(AccountRules.Apply(account, new AccountChange { SetOverride = one }, book, null, default, out Failure? failure));
        Assert.Equal(Refusal.InvalidRequest, failure?.Refusal);
        Account? changed = AccountRules.Apply(account, new AccountChange { SetOverride = overrides[0] with { Limit = new Quantity(5) } }, book, null, default, out failure);
        Assert.Null(failure);
        Assert.Equal(AccountRules.MostOverrides, changed?.Overrides.Length);
        Assert.Contains(changed!.Overrides, o => o.Limit == new Quantity(5));
    }

    [Fact(DisplayName = "PER-4: after a new zone the current period keeps its end and its balance; the next runs to the first new boundary")]
    public void NewZone() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 70, per: calendar-day }] } } }",
        """
        at 2026-02-01
        account a
        at 2026-02-10T12:00Z
        consume a use n=60           | allowed        | credits 60 of 100; credits/calendar-day 60 of 70
        change a zone=Asia/Kathmandu | changed        |
        # In Kathmandu the 11th has begun at 18:15, but the 10th was promised to last until midnight.
        at 2026-02-10T23:59:59.999999Z
        consume a use n=11           | limit_exceeded | credits/calendar-day wants 11, used 60 of 70, leaves 10 until 2026-02-11
        after 1us
        consume a use n=41           | limit_exceeded | credits wants 41, used 60 of 100, leaves 40 until 2026-03-01
        consume a use n=40           | allowed        | credits 100 of 100; credits/calendar-day 40 of 70
        consume a use n=31           | limit_exceeded | credits wants 31, used 100 of 100, leaves 0 until 2026-03-01; credits/calendar-day wants 31, used 40 of 70, leaves 30 until 2026-02-11T18:15Z
        at 2026-03-01
        consume a use n=101          | limit_exceeded | credits wants 101, used 0 of 100, leaves 100 until 2026-03-31T18:15Z; credits/calendar-day wants 101, used 0 of 70, leaves 70 until 2026-03-01T18:15Z
        """);

    [Fact(DisplayName = "PER-4: after a new anchor the current period keeps its end and its balance")]
    public void NewAnchor() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } } } }",
        """
        at 2026-01-31
        account a
        at 2026-02-10T12:00Z
        consume a use n=60                | allowed        | credits 60 of 100
        change a anchor=2026-01-15T09:00  | changed        |
        change a anchor=2026-01-15T09:00  | unchanged      |
        consume a use n=41                | limit_exceeded | credits wants 41, used 60 of 100, leaves 40 until 2026-02-28
        at 2026-02-28
        consume a use n=101               | limit_exceeded | credits wants 101, used 0 of 100, leaves 100 until 2026-03-15T09:00Z
        """);
}
