namespace Weir.Engine.Tests;

/// <summary>Which alerts are raised and resolved, and when.</summary>
public sealed class AlertSpecs
{
    private const string Monthly = "plans: { free: { allowances: { credits: { limit: 100 } }, alerts: [80, 90, 100] }, big: { allowances: { credits: { limit: 1000 } }, alerts: [50] } }";

    [Fact(DisplayName = "ALERT-1: every threshold is raised where used reaches it, equality included, once in a period")]
    public void OncePerPeriod() => Story.Tells(
        Monthly,
        """
        consume a use n=79.99   | allowed        | credits 79.99 of 100
        consume a use n=0.01    | allowed        | credits 80 of 100; alert credits 80 %
        consume a use n=5       | allowed        | credits 85 of 100
        consume a use n=15      | allowed        | credits 100 of 100; alert credits 90 %; alert credits 100 %
        consume a use n=0.01    | limit_exceeded | credits wants 0.01, used 100 of 100, leaves 0 until 2026-04-01; advice big credits 1000
        record a use n=5        | recorded       | credits 105 of 100; over limit
        at 2026-04-01
        consume a use n=80      | allowed        | credits 80 of 100; alert credits 80 %
        """);

    [Fact(DisplayName = "ALERT-1: a jump from 10 % to 101 % raises 80, 90 and 100 once each")]
    public void Jump() => Story.Tells(
        Monthly,
        """
        consume a use n=10      | allowed        | credits 10 of 100
        record a use n=91       | recorded       | credits 101 of 100; over limit; alert credits 80 %; alert credits 90 %; alert credits 100 %
        record a use n=1        | recorded       | credits 102 of 100; over limit
        """);

    [Fact(DisplayName = "ALERT-1: raising the limit resolves what is raised and begins a generation, in which what is still reached is raised anew")]
    public void RaisedLimit() => Story.Tells(
        Monthly,
        """
        consume a use n=100                | allowed  | credits 100 of 100; alert credits 80 %; alert credits 90 %; alert credits 100 %
        override a credits 110             | changed  | alert credits 80 % over: limit raised; alert credits 90 % over: limit raised; alert credits 100 % over: limit raised; alert credits 80 % #1; alert credits 90 % #1
        consume a use n=10                 | allowed  | credits 110 of 110; alert credits 100 % #1
        override a credits none            | changed  |
        change a plan=big                  | changed  | alert credits 80 % #1 over: limit raised; alert credits 90 % #1 over: limit raised; alert credits 100 % #1 over: limit raised
        consume a use n=390                | allowed  | credits 500 of 1000; alert credits 50 % #2
        override a credits unlimited       | changed  | alert credits 50 % #2 over: limit raised
        override a credits 500             | changed  | alert credits 50 % #3
        """);

    [Fact(DisplayName = "ALERT-1: a grant raises the limit, and its end lowers it")]
    public void Grants() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } }, alerts: [80, 90] } }",
        """
        consume a use n=90                 | allowed       | credits 90 of 100; alert credits 80 %; alert credits 90 %
        grant a credits 12 as gift         | granted       | alert credits 80 % over: limit raised; alert credits 90 % over: limit raised; alert credits 80 % #1
        end gift                           | ended         | alert credits 90 % #1
        """);

    [Fact(DisplayName = "ALERT-1: a plan with other thresholds takes back what it does not watch")]
    public void OtherThresholds() => Story.Tells(
        """
        plans: { free: { allowances: { credits: { limit: 100 } }, alerts: [80, 90] }, other: { allowances: { credits: { limit: 100 } }, alerts: [85, 90] } }
        """,
        """
        consume a use n=92                 | allowed  | credits 92 of 100; alert credits 80 %; alert credits 90 %
        change a plan=other                | changed  | alert credits 80 % over: not watched; alert credits 85 % #1
        change a plan=free                 | changed  | alert credits 85 % #1 over: not watched; alert credits 80 % #2
        """);

    [Fact(DisplayName = "ALERT-1: a limit that is lowered raises what is reached now, without resolving anything")]
    public void LoweredLimit() => Story.Tells(
        Monthly,
        """
        consume a use n=80                 | allowed  | credits 80 of 100; alert credits 80 %
        override a credits 85              | changed  | alert credits 90 %
        override a credits 80              | changed  | alert credits 100 %
        override a credits 81              | changed  | alert credits 80 % over: limit raised; alert credits 90 % over: limit raised; alert credits 100 % over: limit raised; alert credits 80 % #1; alert credits 90 % #1
        """);

    [Fact(DisplayName = "ALERT-1: an override that ends is noticed at the account's next decision, whatever it touches")]
    public void EndedOverride() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } }, alerts: [80] } }",
        """
        override a credits 50 until=2026-03-10 | changed  |
        consume a use n=45                     | allowed  | credits 45 of 50; alert credits 80 %
        at 2026-03-10
        consume a call                         | allowed  | calls 1; alert credits 80 % over: limit raised
        """);

    [Fact(DisplayName = "ALERT-1: a new catalog is noticed at the account's next decision, whatever it touches")]
    public void NewCatalog() => Story.Tells(
        [
            "plans: { free: { allowances: { credits: { limit: 100 } }, alerts: [80, 90] } }",
            "plans: { free: { allowances: { credits: { limit: 110 } }, alerts: [80, 90] } }",
            "plans: { free: { alerts: [80, 90] } }",
        ],
        """
        consume a use n=95      | allowed  | credits 95 of 100; alert credits 80 %; alert credits 90 %
        catalog 2
        consume a call          | allowed  | calls 1; alert credits 80 % over: limit raised; alert credits 90 % over: limit raised; alert credits 80 % #1
        catalog 3
        consume a call          | allowed  | calls 2; alert credits 80 % #1 over: limit raised
        """);

    [Fact(DisplayName = "ALERT-1: neither a reversal nor an adjustment re-arms within a period")]
    public void Reversal() => Story.Tells(
        Monthly,
        """
        consume a use n=95 as big  | allowed  | credits 95 of 100; alert credits 80 %; alert credits 90 %
        reverse big                | reversed | credits 0 of 100
        consume a use n=95         | allowed  | credits 95 of 100
        adjust a credits -90       | adjusted | credits 5 of 100
        consume a use n=95         | allowed  | credits 100 of 100; alert credits 100 %
        """);

    [Fact(DisplayName = "ALERT-1: levels re-arm 5 points below")]
    public void Levels() => Story.Tells(
        "plans: { free: { allowances: { storage: { limit: 1000 } }, alerts: [80, 90, 100] } }",
        """
        consume a store bytes=950   | allowed | storage 950 of 1000; alert storage 80 %; alert storage 90 %
        consume a store bytes=-99   | allowed | storage 851 of 1000
        consume a store bytes=100   | allowed | storage 951 of 1000
        consume a store bytes=-101  | allowed | storage 850 of 1000; alert storage 90 % over: fell
        consume a store bytes=50    | allowed | storage 900 of 1000; alert storage 90 % #1
        consume a put bytes=0       | allowed | storage 0 of 1000; alert storage 80 % over: fell; alert storage 90 % #1 over: fell
        consume a put bytes=1000    | allowed | storage 1000 of 1000; alert storage 80 % #2; alert storage 90 % #2; alert storage 100 % #2
        """);

    [Fact(DisplayName = "ALERT-1: lifetimes re-arm 5 points below")]
    public void Lifetimes() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100, per: lifetime } }, alerts: [80] } }",
        """
        consume a use n=80 as big  | allowed  | credits/lifetime 80 of 100; alert credits/lifetime 80 %
        adjust a credits -4.99     | adjusted | credits/lifetime 75.01 of 100
        adjust a credits -0.01     | adjusted | credits/lifetime 75 of 100; alert credits/lifetime 80 % over: fell
        consume a use n=5          | allowed  | credits/lifetime 80 of 100; alert credits/lifetime 80 % #1
        """);

    [Fact(DisplayName = "ALERT-1: none for periods that have ended")]
    public void EndedPeriods() => Story.Tells(
        Monthly,
        """
        account a
        at 2026-03-31T23:00Z
        consume a use n=10                       | allowed  | credits 10 of 100
        at 2026-04-01T01:00Z
        record a use n=90 at=2026-03-31T23:30Z   | recorded | credits 100 of 100; late
        record a use n=80                        | recorded | credits 80 of 100; alert credits 80 %
        """);

    [Fact(DisplayName = "ALERT-1, PER-5: an import raises nothing; the next event of the account does")]
    public void Imports() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 200, per: lifetime }] }, alerts: [80] } }",
        """
        import a use n=190 at=2026-01-10  | recorded | credits 190 of 100; credits/lifetime 190 of 200; imported; over limit
        record a use n=1                  | recorded | credits 1 of 100; credits/lifetime 191 of 200; alert credits/lifetime 80 %
        """);

    [Fact(DisplayName = "ALERT-1: a limit of 0 is full at the first use that passes")]
    public void ZeroLimit() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 0, enforcement: soft }, calls: { limit: 0 } }, alerts: [90, 100, 110] } }",
        """
        consume a use n=0    | allowed        | credits 0 of 0
        consume a call       | limit_exceeded | calls wants 1, used 0 of 0, leaves 0 until 2026-04-01
        consume a use n=0.01 | allowed        | credits 0.01 of 0; over limit; alert credits 90 %; alert credits 100 %
        record a call        | recorded       | calls 1 of 0; over limit; alert calls 90 %; alert calls 100 %
        """);

    [Fact(DisplayName = "ALERT-1: each user has alerts of their own, and so has each allowance of a meter")]
    public void Scopes() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 10, per: day, scope: user }] }, alerts: [80] } }",
        """
        consume a use n=8 user=ann   | allowed  | credits 8 of 100; credits/day@user:ann 8 of 10; alert credits/day@user:ann 80 %
        consume a use n=8 user=bob   | allowed  | credits 16 of 100; credits/day@user:bob 8 of 10; alert credits/day@user:bob 80 %
        consume a use n=8            | allowed  | credits 24 of 100; credits/day@user 8 of 10; alert credits/day@user 80 %
        after 24h
        consume a use n=8 user=ann   | allowed  | credits 32 of 100; credits/day@user:ann 8 of 10; alert credits/day@user:ann 80 %
        record a use n=48 user=ann   | recorded | credits 80 of 100; credits/day@user:ann 56 of 10; over limit; alert credits 80 %
        """);

    [Fact(DisplayName = "ALERT-1: a plan that names no thresholds raises nothing, and what has no limit has no percentage")]
    public void NoThresholds() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } } }, pro: { alerts: [1] } }",
        """
        consume a use n=100     | allowed  | credits 100 of 100
        change a plan=pro       | changed  |
        consume a use n=1000    | allowed  | credits 1100
        """);

    [Fact(DisplayName = "ALERT-1: an account's own thresholds come beside the plan's, by percentage, by what remains and by amount")]
    public void OwnRules() => Story.Tells(
        Monthly,
        """
        watch a credits percent=85            | changed  |
        watch a credits remaining=12.5        | changed  |
        watch a credits amount=50             | changed  |
        watch a calls amount=2 per=day        | changed  |
        watch a credits percent=85            | invalid_request | /rules/4
        consume a use n=50                    | allowed  | credits 50 of 100; alert credits 50 used
        consume a use n=37.5                  | allowed  | credits 87.5 of 100; alert credits 80 %; alert credits 85 %; alert credits 12.5 left
        consume a call                        | allowed  | calls 1; calls/day 1
        consume a call                        | allowed  | calls 2; calls/day 2; alert calls/day 2 used
        after 24h
        consume a call                        | allowed  | calls 3; calls/day 1
        override a credits 200                | changed  | alert credits 80 % over: limit raised; alert credits 85 % over: limit raised; alert credits 12.5 left over: limit raised
        watch a none                          | changed  | alert credits 50 used over: not watched
        """);

    [Fact(DisplayName = "ALERT-1: an account's own thresholds can stand in place of the plan's")]
    public void ReplacingRules() => Story.Tells(
        Monthly,
        """
        watch a only                          | changed  |
        watch a credits percent=50            | changed  |
        consume a use n=90                    | allowed  | credits 90 of 100; alert credits 50 %
        watch a none                          | changed  | alert credits 50 % over: not watched; alert credits 80 % #1; alert credits 90 % #1
        """);

    [Fact(DisplayName = "ALERT-1: a day's cost is counted for whom it is watched, also where no allowance names it")]
    public void CostOfADay() => Story.Tells(
        "plans: { free: {} }",
        """
        watch a cost amount=20 per=calendar-day  | changed  |
        record a call cost=19.5                  | recorded | calls 1; cost 19.5; cost/lifetime 19.5; cost/calendar-day 19.5
        record a call cost=0.5                   | recorded | calls 2; cost 20; cost/lifetime 20; cost/calendar-day 20; alert cost/calendar-day 20 used
        at 2026-03-02
        record a call cost=25                    | recorded | calls 3; cost 45; cost/lifetime 45; cost/calendar-day 25; alert cost/calendar-day 20 used
        """);

    [Fact(DisplayName = "Thresholds of an account that make no sense are refused with their place")]
    public void Refused() => Story.Tells(
        Monthly,
        """
        watch a nothing percent=80               | unknown_meter   | /rules/0/meter
        watch a credits percent=0.5              | invalid_request | /rules/0/percent
        watch a credits percent=1001             | invalid_request | /rules/0/percent
        watch a credits amount=0                 | invalid_request | /rules/0/amount
        watch a credits remaining=-1             | invalid_request | /rules/0/remaining
        watch a storage percent=80 per=day       | invalid_request | /rules/0/per
        watch a credits percent=80 scope=workspace | invalid_request | /rules/0/scope
        """);
}
