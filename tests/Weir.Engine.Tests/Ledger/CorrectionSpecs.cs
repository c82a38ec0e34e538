namespace Weir.Engine.Tests;

/// <summary>Entries that take back, correct or settle earlier ones.</summary>
public sealed class CorrectionSpecs
{
    private const string MonthAndDay = """
        plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 30, per: day }] } } }
        workspace: { allowances: { credits: { limit: 500 } } }
        """;

    [Fact(DisplayName = "COR-1: a reversal gives back to every balance that the event moved")]
    public void Reverse() => Story.Tells(
        MonthAndDay,
        """
        consume a use n=10 as one   | allowed  | credits 10 of 100; credits/day 10 of 30; credits@workspace 10 of 500
        consume a use n=5 as two    | allowed  | credits 15 of 100; credits/day 15 of 30; credits@workspace 15 of 500
        at 2026-03-02
        consume a use n=1           | allowed  | credits 16 of 100; credits/day 1 of 30; credits@workspace 16 of 500
        reverse one                 | reversed | credits 6 of 100; credits/day 5 of 30; credits@workspace 6 of 500
        usage a                     |          | credits 6 of 100 leaves 94 (6 %); credits/day 1 of 30 leaves 29 (3.33 %)
        """);

    [Fact(DisplayName = "COR-1: after a period that the event counts in is closed, it is not reversed")]
    public void ReverseClosed() => Story.Tells(
        MonthAndDay,
        """
        consume a use n=10 as one  | allowed       | credits 10 of 100; credits/day 10 of 30; credits@workspace 10 of 500
        consume a use n=0 as free  | allowed       | credits 10 of 100; credits/day 10 of 30; credits@workspace 10 of 500
        at 2026-03-04T23:59:59.999999Z
        consume b use n=10 as two  | allowed       | credits 10 of 100; credits/day 10 of 30; credits@workspace 20 of 500
        after 1us
        reverse one                | period_closed | /
        # What charged nothing moves nothing in closed periods either.
        reverse free               | reversed      |
        reverse two                | reversed      | credits 0 of 100; credits/day 0 of 30; credits@workspace 10 of 500
        """);

    [Fact(DisplayName = "COR-1: a reversal is clamped at 0 where the balance was corrected meanwhile, and flagged")]
    public void ReverseClamped() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } } } }",
        """
        consume a use n=25 as one  | allowed        | credits 25 of 100
        adjust a credits -20       | adjusted       | credits 5 of 100
        reverse one                | reversed       | credits 0 of 100; clamped
        """);

    [Fact(DisplayName = "BAL-7: the reversal of a level's change is clamped too, and the workspace's level follows it")]
    public void ReverseLevel() => Story.Tells(
        "workspace: { allowances: { storage: { limit: 1000 } } }",
        """
        consume b store bytes=500        | allowed  | storage 500; storage@workspace 500 of 1000
        consume a store bytes=100 as up  | allowed  | storage 100; storage@workspace 600 of 1000
        consume a store bytes=-60 as down | allowed | storage 40; storage@workspace 540 of 1000
        reverse up                       | reversed | storage 0; storage@workspace 500 of 1000; storage clamped from -100 to -40; clamped
        record b store bytes=480         | recorded | storage 980; storage@workspace 980 of 1000
        reverse down                     | reversed | storage 60; storage@workspace 1040 of 1000; over limit
        """);

    [Fact(DisplayName = "COR-1: what was clamped or cut is reversed by what was applied")]
    public void ReverseApplied() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 10 } } } }",
        """
        best_effort a use n=25 as cut        | allowed  | credits 10 of 10; credits cut from 25 to 10
        reverse cut                          | reversed | credits 0 of 10
        consume a store bytes=30             | allowed  | storage 30
        record a store bytes=-50 as clamped  | recorded | storage 0; storage clamped from -50 to -30; clamped
        consume a store bytes=5              | allowed  | storage 5
        reverse clamped                      | reversed | storage 35
        """);

    [Fact(DisplayName = "COR-1: a late event is reversed where it counted; a carried one in the period that it was carried into")]
    public void ReverseLate() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } } } }",
        """
        at 2026-02-01
        account a
        at 2026-03-03
        record a use n=10 at=2026-02-20 as late    | recorded      | credits 10 of 100; late
        at 2026-03-05
        record a use n=20 at=2026-02-20 as carried | recorded      | credits 20 of 100; carried
        reverse late                               | period_closed | /
        reverse carried                            | reversed      | credits 0 of 100
        """);

    [Fact(DisplayName = "COR-1: an adjustment can be reversed, a reversal and a completion cannot")]
    public void ReverseOfCorrections() => Story.Tells(
        "",
        """
        consume a use n=25 as one        | allowed        | credits 25
        adjust a credits -5 as courtesy  | adjusted       | credits 20
        reverse courtesy                 | reversed       | credits 25
        complete one n=30 as done        | completed      | credits 30
        reverse done                     | not_reversible | /
        reverse one as back              | reversed       | credits 0
        reverse back                     | not_reversible | /
        """);

    [Fact(DisplayName = "COR-1: a reversal after a plan change shows the limit as it stands now, and gives no rate back")]
    public void ReverseAfterPlanChange() => Story.Tells(
        """
        events: { use: { rate: api, charges: { credits: { per: { property: n } } } } }
        plans:
          free: { allowances: { credits: { limit: 100 } }, rates: { api: { limit: 1, per: 1h } } }
          days: { allowances: { credits: { limit: 50, per: day } }, rates: { api: { limit: 1, per: 1h } } }
        """,
        """
        consume a use n=25 as one  | allowed      | credits 25 of 100
        override a credits 70      | changed      |
        reverse one                | reversed     | credits 0 of 70
        consume a use n=1          | rate_limited | rate api wants 1, used 1 of 1, leaves 0 until 2026-03-01T01:01Z
        consume b use n=25 as two  | allowed      | credits 25 of 100
        change b plan=days         | changed      |
        reverse two                | reversed     | credits 0 of 100
        """);

    [Fact(DisplayName = "COR-1: a negative adjustment is at most what is used, in each of the account's balances")]
    public void Adjust() => Story.Tells(
        MonthAndDay,
        """
        consume a use n=25        | allowed               | credits 25 of 100; credits/day 25 of 30; credits@workspace 25 of 500
        at 2026-03-02
        consume a use n=5         | allowed               | credits 30 of 100; credits/day 5 of 30; credits@workspace 30 of 500
        adjust a credits -5.01    | adjustment_below_zero | /amount
        adjust a credits -5       | adjusted              | credits 25 of 100; credits/day 0 of 30
        adjust a credits -0.01    | adjustment_below_zero | /amount
        adjust a credits 80       | adjusted              | credits 105 of 100; credits/day 80 of 30; over limit
        consume a use n=1         | limit_exceeded        | credits wants 1, used 105 of 100, leaves 0 until 2026-04-01; credits/day wants 1, used 80 of 30, leaves 0 until 2026-03-03
        """);

    [Fact(DisplayName = "COR-1: an adjustment moves balances of the whole account; where a meter has none it is refused")]
    public void AdjustScopes() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 9, scope: user }, calls: [{ limit: 9 }, { limit: 5, scope: user }] } } }",
        """
        adjust a credits 5      | invalid_request | /meter
        adjust a calls 5        | adjusted        | calls 5 of 9
        adjust a storage 70     | adjusted        | storage 70
        adjust a storage -71    | adjustment_below_zero | /amount
        consume a call user=ann | allowed         | calls 6 of 9; calls@user:ann 1 of 5
        """);

    [Fact(DisplayName = "COR-1: a reset takes every running period of the account back to 0, not what is counted for life; a level has none")]
    public void Reset() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 70, per: day }, { limit: 900, per: lifetime }, { limit: 50, per: day, scope: user }] } } }",
        """
        consume a use n=30              | allowed         | credits 30 of 100; credits/day 30 of 70; credits/lifetime 30 of 900; credits/day@user 30 of 50
        after 24h
        consume a use n=20              | allowed         | credits 50 of 100; credits/day 20 of 70; credits/lifetime 50 of 900; credits/day@user 20 of 50
        reset a credits as r            | adjusted        | credits 0 of 100; credits/day 0 of 70
        reset a credits                 | adjusted        | credits 0 of 100; credits/day 0 of 70
        consume a use n=1               | allowed         | credits 1 of 100; credits/day 1 of 70; credits/lifetime 51 of 900; credits/day@user 21 of 50
        reverse r                       | reversed        | credits 51 of 100; credits/day 21 of 70
        consume a store bytes=5         | allowed         | storage 5
        reset a storage                 | invalid_request | /reset
        """);

    [Fact(DisplayName = "COR-1: a completion settles a call by its final figures: more, also beyond the limit, or less")]
    public void Complete() => Story.Tells(
        MonthAndDay,
        """
        consume a use n=10 as one  | allowed   | credits 10 of 100; credits/day 10 of 30; credits@workspace 10 of 500
        complete one n=14.5        | completed | credits 14.5 of 100; credits/day 14.5 of 30; credits@workspace 14.5 of 500
        consume a use n=10 as two  | allowed   | credits 24.5 of 100; credits/day 24.5 of 30; credits@workspace 24.5 of 500
        complete two n=2           | completed | credits 16.5 of 100; credits/day 16.5 of 30; credits@workspace 16.5 of 500
        consume a use n=1 as three | allowed   | credits 17.5 of 100; credits/day 17.5 of 30; credits@workspace 17.5 of 500
        complete three n=51        | completed | credits 67.5 of 100; credits/day 67.5 of 30; credits@workspace 67.5 of 500; over limit
        consume b use n=1 as four  | allowed   | credits 1 of 100; credits/day 1 of 30; credits@workspace 68.5 of 500
        complete four n=1          | completed |
        """);

    [Fact(DisplayName = "COR-1: a call that failed charges nothing")]
    public void CompleteFailed() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 10 } } } }",
        """
        consume a both n=10 as one       | allowed   | credits 10 of 10; calls 1
        complete one failed              | completed | credits 0 of 10; calls 0; failed
        consume a store bytes=50 as two  | allowed   | storage 50
        consume a store bytes=-20        | allowed   | storage 30
        complete two failed              | completed | storage 0; storage clamped from -50 to -30; clamped; failed
        """);

    [Fact(DisplayName = "COR-1: a completion brings the cost that was not known before; the reversal of it all leaves nothing")]
    public void CompleteCost() => Story.Tells(
        """
        events: { use: { charges: { credits: { per: { property: n } } } } }
        plans: { free: { allowances: { cost: { limit: 1, per: calendar-day } } } }
        """,
        """
        consume a use n=10 as one   | allowed   | credits 10
        complete one n=10 cost=0.75 | completed | cost/calendar-day 0.75 of 1; cost 0.75; cost/lifetime 0.75
        consume a use n=1 as two    | allowed   | credits 11
        complete two n=3 cost=0.5   | completed | credits 13; cost/calendar-day 1.25 of 1; cost 1.25; cost/lifetime 1.25; over limit
        reverse two                 | reversed  | credits 10; cost/calendar-day 0.75 of 1; cost 0.75; cost/lifetime 0.75
        reverse one                 | reversed  | credits 0; cost/calendar-day 0 of 1; cost 0; cost/lifetime 0
        """);

    [Fact(DisplayName = "COR-1: a reversed event stays reversed when its call completes; a closed period stays as it is")]
    public void CompleteAfterwards() => Story.Tells(
        MonthAndDay,
        """
        consume a use n=10 as one  | allowed   | credits 10 of 100; credits/day 10 of 30; credits@workspace 10 of 500
        reverse one                | reversed  | credits 0 of 100; credits/day 0 of 30; credits@workspace 0 of 500
        complete one n=25          | completed |
        consume a use n=10 as two  | allowed   | credits 10 of 100; credits/day 10 of 30; credits@workspace 10 of 500
        at 2026-03-05
        complete two n=12          | completed | credits 12 of 100; credits@workspace 12 of 500
        """);

    [Fact(DisplayName = "COR-1: a cut charge moves at its completion only where the final figure is another than was asked")]
    public void CompleteCut() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 10 } } } }",
        """
        best_effort a use n=25 as one  | allowed   | credits 10 of 10; credits cut from 25 to 10
        complete one n=25              | completed |
        best_effort b use n=25 as two  | allowed   | credits 10 of 10; credits cut from 25 to 10
        complete two n=4               | completed | credits 4 of 10
        best_effort c use n=25 as three | allowed  | credits 10 of 10; credits cut from 25 to 10
        complete three n=26            | completed | credits 26 of 10; over limit
        consume a put bytes=50 as four | allowed   | storage 50
        complete four bytes=70         | completed |
        """);
}
