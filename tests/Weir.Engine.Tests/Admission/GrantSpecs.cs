namespace Weir.Engine.Tests;

/// <summary>Extra allowance: which balance it adds to, in which order it is drawn, and where it returns to.</summary>
public sealed class GrantSpecs
{
    private const string Hundred = "plans: { free: { allowances: { credits: { limit: 100 } } } }";
    private const string MonthAndDay = "plans: { free: { allowances: { credits: [{ limit: 30, per: day }, { limit: 100 }, { limit: 90, scope: user }] } } }";

    [Fact(DisplayName = "GRANT-1: a grant adds to the longest balance of the whole account; the others still hold")]
    public void Longest() => Story.Tells(
        MonthAndDay,
        """
        grant a credits 50 as gift   | granted        |
        usage a                      |                | credits/day 0 of 30 leaves 30 (0 %); credits 0 of 150 leaves 150 (0 %)
        consume a use n=31           | limit_exceeded | credits/day wants 31, used 0 of 30, leaves 30 until 2026-03-02
        record a use n=95            | recorded       | credits/day 95 of 30; credits 95 of 150; credits@user 95 of 90; over limit
        at 2026-03-02
        record a use n=20 user=ann   | recorded       | credits/day 20 of 30; credits 115 of 150 (plan 5, gift 15); credits@user:ann 20 of 90
        """);

    [Fact(DisplayName = "GRANT-1: a grant that names its balance adds to that one, and is drawn in each of its periods")]
    public void Named() => Story.Tells(
        MonthAndDay,
        """
        grant a credits 20 per=day as gift | granted        |
        consume a use n=40                 | allowed        | credits/day 40 of 50 (plan 30, gift 10); credits 40 of 100; credits@user 40 of 90
        at 2026-03-02
        consume a use n=41                 | limit_exceeded | credits/day wants 41, used 0 of 40, leaves 40 until 2026-03-03
        consume a use n=40                 | allowed        | credits/day 40 of 40 (plan 30, gift 10); credits 80 of 100; credits@user 80 of 90
        left gift                          |                | 0 left, 20 drawn
        grant a credits 20 per=week        | invalid_request | /per
        """);

    [Fact(DisplayName = "GRANT-1: the limit is the allowance, what grants gave in the period, and what is left of them while they run")]
    public void Limit() => Story.Tells(
        Hundred,
        """
        grant a credits 50 expiry=2026-04-10 as gift | granted        |
        consume a use n=120                          | allowed        | credits 120 of 150 (plan 100, gift 20)
        at 2026-04-01
        usage a                                      |                | credits 0 of 130 leaves 130 (0 %)
        consume a use n=110                          | allowed        | credits 110 of 130 (plan 100, gift 10)
        at 2026-04-10
        usage a                                      |                | credits 110 of 110 leaves 0 (100 %)
        left gift                                    |                | 0 left, 30 drawn
        consume a use n=1                            | limit_exceeded | credits wants 1, used 110 of 110, leaves 0 until 2026-05-01
        at 2026-05-01
        usage a                                      |                | credits 0 of 100 leaves 100 (0 %)
        at 2026-05-04
        left gift                                    | gone           |
        """);

    [Fact(DisplayName = "GRANT-1: a grant adds to the override in place of the allowance, and not before it starts")]
    public void OverOverride() => Story.Tells(
        Hundred,
        """
        override a credits 10                          | changed |
        grant a credits 5 start=2026-03-02 as later    | granted |
        usage a                                        |         | credits 0 of 10 leaves 10 (0 %)
        at 2026-03-02
        consume a use n=15                             | allowed | credits 15 of 15 (plan 10, later 5)
        override a credits none                        | changed |
        usage a                                        |         | credits 15 of 105 leaves 90 (14.29 %)
        """);

    [Fact(DisplayName = "GRANT-1: unlimited stays unlimited, and only a grant before the plan is drawn of")]
    public void Unlimited() => Story.Tells(
        "",
        """
        grant a credits 50 as after         | granted | 
        consume a use n=10                  | allowed | credits 10
        grant a credits 50 before as first  | granted | 
        consume a use n=60                  | allowed | credits 70 (first 50, plan 10)
        """);

    [Fact(DisplayName = "GRANT-1: a soft limit and its ceiling rise with what is granted, and overage begins after it")]
    public void Soft() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100, enforcement: soft, ceiling: 120, overage: { rate: 0.5 } } } } }",
        """
        grant a credits 30 as gift   | granted        |
        consume a use n=125 as one   | allowed        | credits 125 of 130 (plan 100, gift 25)
        usage a                      |                | credits 125 of 130 leaves 5 (96.15 %)
        consume a use n=26           | limit_exceeded | credits wants 26, used 125 of 150, leaves 25 until 2026-04-01
        consume a use n=25 as two    | allowed        | credits 150 of 130 (gift 5, plan 20); over limit
        usage a                      |                | credits 150 of 130 leaves 0 (115.38 %) overage 20 costs 10
        reverse two                  | reversed       | credits 125 of 130 (plan -20, gift -5)
        """);

    [Fact(DisplayName = "GRANT-2: first grants that come before the plan, then the plan, then by priority, by end, by age")]
    public void Order() => Story.Tells(
        Hundred,
        """
        grant a credits 10 as old                                   | granted |
        grant a credits 10 expiry=2026-05-01 as ends                | granted |
        grant a credits 10 priority=1 as low                        | granted |
        grant a credits 10 expiry=2026-04-01 as soon                | granted |
        grant a credits 10 as young                                 | granted |
        grant a credits 10 before as first                          | granted |
        consume a use n=5                                           | allowed | credits 5 of 160 (first 5)
        consume a use n=104                                         | allowed | credits 109 of 160 (first 5, plan 99)
        consume a use n=46 as all                                   | allowed | credits 155 of 160 (plan 1, low 10, soon 10, ends 10, old 10, young 5)
        reverse all                                                 | reversed | credits 109 of 160 (young -5, old -10, ends -10, soon -10, low -10, plan -1)
        """);

    [Fact(DisplayName = "GRANT-2: what is used beyond every limit is the plan's, and a grant that comes later does not pay for it")]
    public void Beyond() => Story.Tells(
        Hundred,
        """
        record a use n=110 as over   | recorded       | credits 110 of 100; over limit
        grant a credits 50 as topup  | granted        |
        consume a use n=41           | limit_exceeded | credits wants 41, used 110 of 150, leaves 40 until 2026-04-01
        consume a use n=40           | allowed        | credits 150 of 150 (topup 40)
        at 2026-04-01
        consume a use n=110          | allowed        | credits 110 of 110 (plan 100, topup 10)
        """);

    [Fact(DisplayName = "COR-1: a reversal returns to the very grants, what has ended by then lapses")]
    public void Reverse() => Story.Tells(
        Hundred,
        """
        grant a credits 20 expiry=2026-03-10 as short | granted  |
        grant a credits 20 as long                    | granted  |
        consume a use n=130 as job                    | allowed  | credits 130 of 140 (plan 100, short 20, long 10)
        at 2026-03-10
        reverse job                                   | reversed | credits 0 of 120 (long -10, short -20, plan -100)
        left short                                    |          | 0 left, 0 drawn
        left long                                     |          | 20 left, 0 drawn
        """);

    [Fact(DisplayName = "COR-1: a settled call returns in the reverse order of drawing; what it needs more is drawn anew")]
    public void Complete() => Story.Tells(
        Hundred,
        """
        grant a credits 20 before as first | granted   |
        grant a credits 20 as last         | granted   |
        consume a use n=130 as job         | allowed   | credits 130 of 140 (first 20, plan 100, last 10)
        complete job n=60                  | completed | credits 60 of 140 (last -10, plan -60)
        consume a use n=65 as other        | allowed   | credits 125 of 140 (plan 60, last 5)
        complete other n=70                | completed | credits 130 of 140 (last 5)
        reverse other                      | reversed  | credits 60 of 140 (last -10, plan -60)
        reverse job                        | reversed  | credits 0 of 140 (plan -40, first -20)
        """);

    [Fact(DisplayName = "COR-1: an adjustment draws and returns like use; what it took from a grant is not returned twice")]
    public void Adjust() => Story.Tells(
        Hundred,
        """
        grant a credits 20 as gift  | granted  |
        consume a use n=110 as one  | allowed  | credits 110 of 120 (plan 100, gift 10)
        adjust a credits 5          | adjusted | credits 115 of 120 (gift 5)
        adjust a credits -20        | adjusted | credits 95 of 120 (gift -15, plan -5)
        reverse one                 | reversed | credits 0 of 120; clamped
        left gift                   |          | 20 left, 0 drawn
        """);

    [Fact(DisplayName = "GRANT-2: a late event draws in its own period, also of a grant that has ended since")]
    public void Late() => Story.Tells(
        Hundred,
        """
        grant a credits 20 expiry=2026-03-31 as short | granted  |
        consume a use n=100                           | allowed  | credits 100 of 120
        at 2026-04-02
        record a use n=15 at=2026-03-30 as late       | recorded | credits 115 of 115 (short 15); late
        record a use n=15 at=2026-03-31               | recorded | credits 130 of 115; late; over limit
        usage a                                       |          | credits 0 of 100 leaves 100 (0 %)
        reverse late                                  | reversed | credits 115 of 100 (short -15)
        left short                                    |          | 0 left, 0 drawn
        at 2026-04-03
        # The grant's own period is closed by now, the month is not.
        record a use n=5 at=2026-03-30                | recorded | credits 120 of 100; late; over limit
        """);

    [Fact(DisplayName = "GRANT-2: taken back, a grant gives nothing more; what it gave stays")]
    public void End() => Story.Tells(
        Hundred,
        """
        grant a credits 50 as gift  | granted        |
        consume a use n=120 as one  | allowed        | credits 120 of 150 (plan 100, gift 20)
        end gift                    | ended          |
        consume a use n=1           | limit_exceeded | credits wants 1, used 120 of 120, leaves 0 until 2026-04-01
        reverse one                 | reversed       | credits 0 of 100 (gift -20, plan -100)
        """);

    [Fact(DisplayName = "GRANT-2: a grant that recurs is there anew in each period, without what was left")]
    public void Recurs() => Story.Tells(
        Hundred,
        """
        at 2026-03-01
        account a
        at 2026-03-20
        grant a credits 10 recurs=month expiry=2026-06-10 as monthly | granted |
        consume a use n=104                                          | allowed | credits 104 of 110 (plan 100, monthly 4)
        at 2026-04-01
        consume a use n=110                                          | allowed | credits 110 of 110 (plan 100, monthly 10)
        # Nobody looks at it for a whole period.
        at 2026-06-01
        usage a                                                      |         | credits 0 of 110 leaves 110 (0 %)
        left monthly                                                 |         | 10 left, 14 drawn
        at 2026-06-10
        usage a                                                      |         | credits 0 of 100 leaves 100 (0 %)
        """);

    [Fact(DisplayName = "GRANT-2: what is left of a recurring grant moves on as its rollover says")]
    public void RecursWithRollover() => Story.Tells(
        Hundred,
        """
        grant a credits 10 recurs=month max=15 as pool  | granted |
        consume a use n=104 as first                    | allowed | credits 104 of 110 (plan 100, pool 4)
        at 2026-04-01
        usage a                                         |         | credits 0 of 116 leaves 116 (0 %)
        at 2026-08-01
        # 16, then 25 in every period: 10 and at most 15 of what was left.
        usage a                                         |         | credits 0 of 125 leaves 125 (0 %)
        consume a use n=120                             | allowed | credits 120 of 125 (plan 100, pool 20)
        at 2026-09-01
        usage a                                         |         | credits 0 of 115 leaves 115 (0 %)
        grant b credits 10 recurs=month max=8 min=3 as floor | granted |
        consume b use n=110                             | allowed | credits 110 of 110 (plan 100, floor 10)
        at 2026-10-01
        usage b                                         |         | credits 0 of 113 leaves 113 (0 %)
        """);

    [Fact(DisplayName = "GRANT-2: what returns to a recurring grant's earlier period lapses; a late event draws of that period")]
    public void RecursLate() => Story.Tells(
        Hundred,
        """
        grant a credits 10 recurs=month as monthly | granted  |
        consume a use n=104 as one                 | allowed  | credits 104 of 110 (plan 100, monthly 4)
        at 2026-04-02
        record a use n=8 at=2026-03-30             | recorded | credits 112 of 110 (monthly 6, plan 2); late; over limit
        reverse one                                | reversed | credits 8 of 106 (monthly -4, plan -100)
        left monthly                               |          | 10 left, 6 drawn
        """);

    [Fact(DisplayName = "BAL-7: grants on a level are drawn as it rises and return as it falls")]
    public void Level() => Story.Tells(
        "plans: { free: { allowances: { storage: { limit: 100 } } } }",
        """
        grant a storage 50 as disk      | granted          |
        consume a store bytes=120 as up | allowed          | storage 120 of 150 (plan 100, disk 20)
        consume a store bytes=31        | limit_exceeded   | storage wants 31, used 120 of 150, leaves 30
        consume a store bytes=-60       | allowed          | storage 60 of 150 (disk -20, plan -40)
        consume a put bytes=110         | allowed          | storage 110 of 150 (plan 40, disk 10)
        end disk                        | ended            |
        usage a                         |                  | storage 110 of 110 leaves 0 (100 %)
        consume a store bytes=-20       | allowed          | storage 90 of 100 (disk -10, plan -10)
        grant a storage 5 recurs=month  | invalid_request  | /recurrence
        """);

    [Fact(DisplayName = "RES-4: what is held of a grant survives its end; what returns then lapses")]
    public void Holds() => Story.Tells(
        Hundred,
        """
        grant a credits 50 as gift           | granted   |
        reserve a use n=120 as job           | held      | credits 0 of 150 held 120 (plan held 100, gift held 20)
        reserve a use n=10 as other          | held      | credits 0 of 150 held 130 (gift held 10)
        left gift                            |           | 20 left, 0 drawn, 30 held
        release other                        | released  | credits 0 of 150 held 120 (gift held -10)
        grow job n=125                       | grown     | credits 0 of 150 held 125 (gift held 5)
        end gift                             | ended     |
        usage a                              |           | credits 0 of 125 held 125 leaves 0 (0 %)
        commit job n=110                     | committed | credits 110 of 110 held 0 (plan 100 held -100, gift 10 held -10, gift held -5, gift held -10)
        left gift                            |           | 0 left, 10 drawn
        """);

    [Fact(DisplayName = "RES-4: a job returns to the very grants that it held of, in the reverse order of drawing; what it needs more is drawn anew")]
    public void HoldsInOrder() => Story.Tells(
        Hundred,
        """
        grant a credits 20 before as first   | granted   |
        grant a credits 20 priority=1 as one | granted   |
        grant a credits 20 priority=2 as two | granted   |
        reserve a use n=150 as job           | held      | credits 0 of 160 held 150 (first held 20, plan held 100, one held 20, two held 10)
        grant a credits 30 priority=0 as top | granted   |
        commit job n=115                     | committed | credits 115 of 190 held 0 (first 20 held -20, plan 95 held -95, two held -10, one held -20, plan held -5)
        reserve a use n=20 as next           | held      | credits 115 of 190 held 20 (plan held 5, top held 15)
        commit next n=40 overrun=consume     | committed | credits 155 of 190 held 0 (plan 5 held -5, top 15 held -15, top 15, one 5)
        reverse next                         | reversed  | credits 115 of 190 (one -5, top -30, plan -5)
        """);

    [Fact(DisplayName = "RES-1: what an expired job held of a grant can be drawn at once; it returned when the job expired, however late that is written down")]
    public void HoldsExpire() => Story.Tells(
        Hundred,
        """
        grant a credits 50 expiry=2026-03-02 as gift | granted   |
        reserve a use n=140 ttl=1h as job            | held      | credits 0 of 150 held 140 (plan held 100, gift held 40)
        after 2h
        left gift                                    |           | 50 left, 0 drawn
        consume a use n=150 as all                   | allowed   | credits 150 of 150 (plan 100, gift 50)
        expire job                                   | expired   | credits 150 of 150 held 0 (gift held -40, plan held -100)
        left gift                                    |           | 0 left, 50 drawn
        reverse all                                  | reversed  | credits 0 of 150 (gift -50, plan -100)
        reserve a use n=110 ttl=1h as late           | held      | credits 0 of 150 held 110 (plan held 100, gift held 10)
        at 2026-03-03
        # It expired while the grant still ran.
        expire late                                  | expired   | credits 0 of 100 held 0 (gift held -10, plan held -100)
        record a use n=150 at=2026-03-01T12:00Z      | recorded  | credits 150 of 150 (plan 100, gift 50)
        """);

    [Fact(DisplayName = "RES-3: a late commit draws like any use, whatever became of what was held")]
    public void LateCommit() => Story.Tells(
        Hundred,
        """
        grant a credits 20 as gift         | granted   |
        reserve a use n=110 ttl=1h as job  | held      | credits 0 of 120 held 110 (plan held 100, gift held 10)
        after 2h
        consume a use n=115                | allowed   | credits 115 of 120 (plan 100, gift 15)
        expire job                         | expired   | credits 115 of 120 held 0 (gift held -10, plan held -100)
        commit job n=110                   | committed | credits 225 of 120 (gift 5, plan 105); over limit; after expiry
        """);

    [Fact(DisplayName = "GRANT-1: what a grant cannot be is refused with its place")]
    public void Refused() => Story.Tells(
        Hundred,
        """
        grant a coins 5                                  | unknown_meter   | /meter
        grant a credits 0                                | invalid_request | /amount
        grant a credits 5 priority=-1                    | invalid_request | /priority
        grant a credits 5 start=2026-01-20               | invalid_request | /start
        grant a credits 5 expiry=2026-03-01              | invalid_request | /expiry
        grant a credits 5 start=2026-05-01 expiry=2026-04-01 | invalid_request | /expiry
        grant a credits 5 recurs=lifetime                | invalid_request | /recurrence
        grant a credits 5 max=10                         | invalid_request | /rollover
        grant a credits 5 recurs=month max=1 min=2       | invalid_request | /rollover
        """);

    [Fact(DisplayName = "BAL-11: the limit of an advised plan is that plan's own")]
    public void Advice() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 10 } } }, big: { price: { monthly: 5 }, allowances: { credits: { limit: 100 } } } }",
        """
        grant a credits 5    | granted        |
        consume a use n=20   | limit_exceeded | credits wants 20, used 0 of 15, leaves 15 until 2026-04-01; advice big credits 100
        """);
}
