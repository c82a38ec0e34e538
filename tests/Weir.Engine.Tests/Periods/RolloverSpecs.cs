namespace Weir.Engine.Tests;

/// <summary>What a plan's allowance leaves, and its next period.</summary>
public sealed class RolloverSpecs
{
    private const string Rolls = "plans: { free: { allowances: { credits: { limit: 100, rollover: { max: 30 } } } }, plain: { allowances: { credits: { limit: 100 } } } }";

    [Fact(DisplayName = "GRANT-3: the first command of a new period finds what was left, at most the plan's maximum")]
    public void Rollover() => Story.Tells(
        Rolls,
        """
        consume a use n=80   | allowed        | credits 80 of 100
        consume b use n=10   | allowed        | credits 10 of 100
        at 2026-04-01
        open a               | opened         | credits/month 20 until 2026-05-01
        open a               | nothing        |
        usage b              |                | credits 0 of 130 leaves 130 (0 %)
        consume a use n=121  | limit_exceeded | credits wants 121, used 0 of 120, leaves 120 until 2026-05-01
        consume a use n=115  | allowed        | credits 115 of 120 (plan 100, rollover 15)
        """);

    [Fact(DisplayName = "GRANT-3: rolled amounts do not roll again, and a period without a command is like any other")]
    public void NotAgain() => Story.Tells(
        Rolls,
        """
        consume a use n=90   | allowed | credits 90 of 100
        consume b use n=90   | allowed | credits 90 of 100
        at 2026-04-01
        open a               | opened  | credits/month 10 until 2026-05-01
        consume a use n=105  | allowed | credits 105 of 110 (plan 100, rollover 5)
        at 2026-05-01
        open a               | nothing |
        usage a              |         | credits 0 of 100 leaves 100 (0 %)
        # b was dormant in April: it left all of that month's allowance.
        open b               | opened  | credits/month 30 until 2026-06-01
        """);

    [Fact(DisplayName = "GRANT-3: late events and reversals in the period before do not change what rolled over")]
    public void LateEvents() => Story.Tells(
        Rolls,
        """
        consume a use n=80 as one         | allowed  | credits 80 of 100
        consume b use n=100 as all        | allowed  | credits 100 of 100
        at 2026-04-01
        record a use n=15 at=2026-03-20   | recorded | credits 95 of 100; late
        usage a                           |          | credits 0 of 120 leaves 120 (0 %)
        reverse one                       | reversed | credits 15 of 100
        usage a                           |          | credits 0 of 120 leaves 120 (0 %)
        reverse all                       | reversed | credits 0 of 100
        usage b                           |          | credits 0 of 100 leaves 100 (0 %)
        """);

    [Fact(DisplayName = "GRANT-3: only the plan's own allowance rolls over, not what grants gave or have left")]
    public void OnlyThePlan() => Story.Tells(
        Rolls,
        """
        grant a credits 50 before as first | granted |
        consume a use n=120                | allowed | credits 120 of 150 (first 50, plan 70)
        override b credits 40              | changed |
        consume b use n=15                 | allowed | credits 15 of 40
        at 2026-04-01
        open a                             | opened  | credits/month 30 until 2026-05-01
        open b                             | opened  | credits/month 25 until 2026-05-01
        """);

    [Fact(DisplayName = "GRANT-3: there is no rollover from before an account's first period, of an unlimited allowance, or of a plan without it")]
    public void Nothing() => Story.Tells(
        Rolls,
        """
        override b credits unlimited                   | changed |
        consume b use n=1                              | allowed | credits 1
        account c plan=plain
        consume c use n=1                              | allowed | credits 1 of 100
        at 2026-04-01
        consume a use n=1                              | allowed | credits 1 of 100
        open b                                         | nothing |
        change c plan=free                             | changed |
        open c                                         | nothing |
        at 2026-05-01
        open c                                         | opened  | credits/month 30 until 2026-06-01
        """);

    [Fact(DisplayName = "GRANT-3: what is held at the end of the period counts as spent, what has expired by then does not, whenever the period is opened")]
    public void Holds() => Story.Tells(
        Rolls,
        """
        account a
        account b
        at 2026-03-31T22:00Z
        consume a use n=70              | allowed   | credits 70 of 100
        reserve a use n=25 ttl=3h as x  | held      | credits 70 of 100 held 25
        consume b use n=70              | allowed   | credits 70 of 100
        reserve b use n=25 ttl=1h as y  | held      | credits 70 of 100 held 25
        at 2026-04-05
        open a                          | opened    | credits/month 5 until 2026-05-01
        open b                          | opened    | credits/month 30 until 2026-05-01
        """);
}
