namespace Weir.Engine.Tests;

/// <summary>Plans over time: changes now and with the next period, trials, plans for one account, pinned versions that move on.</summary>
public sealed class PlansOverTimeSpecs
{
    private const string Plans = """
        plans:
          free:    { allowances: { credits: { limit: 100 } } }
          starter: { allowances: { credits: { limit: 1000 } } }
          pro:     { allowances: { credits: { limit: 5000 } } }
          old:     { retired: true, allowances: { credits: { limit: 9 } } }
          acme:    { account: a, allowances: { credits: { limit: 70 } } }
        """;

    [Fact(DisplayName = "PLAN-2: a change with the next period acts at the end of the account's month, to the microsecond, and no job is needed")]
    public void NextPeriod() => Story.Tells(
        Plans,
        """
        account a plan=pro anchor=2026-01-15T09:00
        consume a use n=400                      | allowed        | credits 400 of 5000
        subscribe a free when=next_period        | changed        |
        plan a                                   |                | pro; free from 2026-03-15T09:00Z
        subscribe a free when=next_period        | unchanged      |
        at 2026-03-15T08:59:59.999999Z
        consume a use n=200                      | allowed        | credits 600 of 5000
        after 1us
        consume a use n=101                      | limit_exceeded | credits wants 101, used 0 of 100, leaves 100 until 2026-04-15T09:00Z; advice starter credits 1000
        consume a use n=100                      | allowed        | credits 100 of 100
        plan a                                   |                | free; was pro until 2026-03-15T09:00Z
        """);

    [Fact(DisplayName = "PLAN-2: a trial is a plan until a date; then the plan that was named, or the default one")]
    public void Trial() => Story.Tells(
        Plans,
        """
        subscribe a pro until=2026-03-15                  | changed        |
        subscribe b pro until=2026-03-15 then=starter     | changed        |
        plan a                                            |                | pro; free from 2026-03-15
        consume a use n=400                               | allowed        | credits 400 of 5000
        at 2026-03-14T23:59:59.999999Z
        consume a use n=1                                 | allowed        | credits 401 of 5000
        consume b use n=1                                 | allowed        | credits 1 of 5000
        after 1us
        # In the middle of a period: what was used stays, nothing remains.
        consume a use n=1                                 | limit_exceeded | credits wants 1, used 401 of 100, leaves 0 until 2026-04-01; advice starter credits 1000
        usage a                                           |                | credits 401 of 100 leaves 0 (401 %)
        consume b use n=1                                 | allowed        | credits 2 of 1000
        """);

    [Fact(DisplayName = "PLAN-2: who buys in a trial keeps the plan; another plan at once ends the trial; a cancelled change does not come")]
    public void Replaced() => Story.Tells(
        Plans,
        """
        subscribe a pro until=2026-03-15        | changed   |
        subscribe a pro                         | changed   |
        plan a                                  |           | pro
        subscribe b pro until=2026-03-15        | changed   |
        change b plan=pro                       | unchanged |
        plan b                                  |           | pro; free from 2026-03-15
        change b plan=starter                   | changed   |
        plan b                                  |           | starter
        subscribe c free                        | unchanged |
        subscribe c pro when=next_period        | changed   |
        cancel c                                | changed   |
        cancel c                                | unchanged |
        plan c                                  |           | free
        # The current plan with the next period is the same as a cancellation.
        subscribe c pro when=next_period        | changed   |
        subscribe c free when=next_period       | changed   |
        plan c                                  |           | free
        """);

    [Fact(DisplayName = "PLAN-2: a change with the next period leaves alone what is planned before it, and replaces what is planned from then on")]
    public void Sequence() => Story.Tells(
        Plans,
        """
        subscribe a pro until=2026-03-15 then=starter                | changed |
        subscribe a pro when=next_period until=2026-06-01 then=free  | changed |
        plan a                                                       |         | pro; starter from 2026-03-15; pro from 2026-04-01; free from 2026-06-01
        subscribe a free when=next_period                            | changed |
        plan a                                                       |         | pro; starter from 2026-03-15; free from 2026-04-01
        at 2026-03-20
        subscribe a starter when=next_period                         | changed |
        plan a                                                       |         | starter; was pro until 2026-03-15
        """);

    [Fact(DisplayName = "PLAN-2: an end before the beginning, or that changes nothing, a plan after no end, unknown and retired plans are refused")]
    public void Refused() => Story.Tells(
        Plans,
        """
        subscribe a pro until=2026-03-01                       | invalid_request | /until
        subscribe a pro until=2026-04-01 when=next_period      | invalid_request | /until
        subscribe a pro until=9997-01-01                       | invalid_request | /until
        subscribe a free until=2026-03-15                      | invalid_request | /until
        subscribe a pro until=2026-03-15 then=pro              | invalid_request | /then
        subscribe a pro then=free                              | invalid_request | /then
        subscribe a pro until=2026-03-15 then=gold             | unknown_plan    | /then
        subscribe a pro until=2026-03-15 then=old              | plan_retired    | /then
        subscribe a gold                                       | unknown_plan    | /plan
        subscribe a old when=next_period                       | plan_retired    | /plan
        plan a                                                 |                 | free
        """);

    [Fact(DisplayName = "PLAN-2: with pin the next period holds the version that was active when it was planned")]
    public void PinnedAhead() => Story.Tells(
        [Plans, Plans.Replace("limit: 5000", "limit: 50", StringComparison.Ordinal)],
        """
        subscribe a pro when=next_period pin=true   | changed        |
        subscribe b pro when=next_period            | changed        |
        plan a                                      |                | free; pro@1 from 2026-04-01
        catalog 2
        at 2026-04-01
        consume a use n=51                          | allowed        | credits 51 of 5000
        consume b use n=51                          | limit_exceeded | credits wants 51, used 0 of 50, leaves 50 until 2026-05-01; advice free credits 100
        """);

    [Fact(DisplayName = "PLAN-3: migrate moves what is pinned to the active version, planned changes too, and a repeat changes nothing")]
    public void Migrate() => Story.Tells(
        [Plans, Plans.Replace("limit: 5000", "limit: 50", StringComparison.Ordinal)],
        """
        subscribe a pro pin=true                                                  | changed   |
        subscribe b starter pin=true                                              | changed   |
        subscribe b pro when=next_period pin=true                                 | changed   |
        subscribe f pro                                                           | changed   |
        consume a use n=60                                                        | allowed   | credits 60 of 5000
        migrate a                                                                 | unchanged |
        catalog 2
        plan b                                                                    |           | starter@1; pro@1 from 2026-04-01
        migrate b plan=pro                                                        | changed   |
        plan b                                                                    |           | starter@1; pro@2 from 2026-04-01
        migrate b                                                                 | changed   |
        migrate b                                                                 | unchanged |
        migrate f                                                                 | unchanged |
        compare a migrate                                                         |           | credits 5000 -> 50, used 60 over
        migrate a                                                                 | changed   |
        consume a use n=1                                                         | limit_exceeded | credits wants 1, used 60 of 50, leaves 0 until 2026-04-01; advice free credits 100
        """);

    [Fact(DisplayName = "PLAN-4: a plan that is made for one account is had by that account only, and advised to nobody")]
    public void OwnPlan() => Story.Tells(
        Plans.Replace("limit: 70", "limit: 150", StringComparison.Ordinal),
        """
        subscribe b acme                                | unknown_plan   | /plan
        subscribe b pro until=2026-03-15 then=acme      | unknown_plan   | /then
        consume a use n=101                             | limit_exceeded | credits wants 101, used 0 of 100, leaves 100 until 2026-04-01; advice starter credits 1000
        subscribe a acme                                | changed        |
        consume a use n=101                             | allowed        | credits 101 of 150
        """);

    [Fact(DisplayName = "BAL-9: a suspended account is refused whatever it asks, by every mode but record, and nothing is advised")]
    public void Suspended() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } } }, demo: { enforcement: observe } }",
        """
        consume a use n=5            | allowed           | credits 5 of 100
        change a suspended=true      | changed           |
        consume a use n=1            | account_suspended | suspended
        consume a use n=0            | account_suspended | suspended
        best_effort a use n=1        | account_suspended | suspended
        consume a use n=200          | account_suspended | suspended; credits wants 200, used 5 of 100, leaves 95 until 2026-04-01
        record a use n=1             | recorded          | credits 6 of 100
        subscribe a demo             | changed           |
        consume a use n=1            | allowed           | credits 7; warning suspended
        change a suspended=false     | changed           |
        consume a use n=1            | allowed           | credits 8
        """);

    [Fact(DisplayName = "PER-4: a change that was planned keeps its instant when zone or anchor change; the next one follows the new months")]
    public void NewAnchorAfterPlanning() => Story.Tells(
        Plans,
        """
        subscribe a pro when=next_period           | changed |
        change a anchor=2026-01-10T00:00           | changed |
        plan a                                     |         | free; pro from 2026-04-01
        at 2026-04-05
        subscribe a starter when=next_period       | changed |
        plan a                                     |         | pro; starter from 2026-04-10; was free until 2026-04-01
        """);
}
