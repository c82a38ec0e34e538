namespace Weir.Engine.Tests;

/// <summary>What a balance is, which balances an event touches, and how they are read.</summary>
public sealed class BalanceSpecs
{
    [Fact(DisplayName = "BAL-1: one balance for each user; without a user the common one, so leaving it out bypasses nothing")]
    public void UserScope() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 30, scope: user }] } } }",
        """
        consume a use n=25 user=ann | allowed        | credits 25 of 100; credits@user:ann 25 of 30
        consume a use n=6 user=ann  | limit_exceeded | credits@user wants 6, used 25 of 30, leaves 5 until 2026-04-01
        consume a use n=6 user=bob  | allowed        | credits 31 of 100; credits@user:bob 6 of 30
        consume a use n=30          | allowed        | credits 61 of 100; credits@user 30 of 30
        consume a use n=1           | limit_exceeded | credits@user wants 1, used 30 of 30, leaves 0 until 2026-04-01
        consume a use n=5 user=ann  | allowed        | credits 66 of 100; credits@user:ann 30 of 30
        usage a                     |                | credits 66 of 100 leaves 34 (66 %); credits@user 30 of 30 leaves 0 (100 %); credits@user:ann 30 of 30 leaves 0 (100 %); credits@user:bob 6 of 30 leaves 24 (20 %)
        """);

    [Fact(DisplayName = "BAL-1: campaigns and keys have balances of their own too; all scopes of an event are decided together")]
    public void OtherScopes() => Story.Tells(
        "plans: { free: { allowances: { calls: [{ limit: 2, scope: campaign }, { limit: 3, scope: key, per: day }] } } }",
        """
        consume a call campaign=spring key=k1 | allowed        | calls@campaign:spring 1 of 2; calls/day@key:k1 1 of 3
        consume a call campaign=spring key=k1 | allowed        | calls@campaign:spring 2 of 2; calls/day@key:k1 2 of 3
        consume a call campaign=spring key=k2 | limit_exceeded | calls@campaign wants 1, used 2 of 2, leaves 0 until 2026-04-01
        consume a call campaign=autumn key=k1 | allowed        | calls@campaign:autumn 1 of 2; calls/day@key:k1 3 of 3
        consume a call campaign=spring key=k1 | limit_exceeded | calls@campaign wants 1, used 2 of 2, leaves 0 until 2026-04-01; calls/day@key wants 1, used 3 of 3, leaves 0 until 2026-03-02
        consume a call user=ann               | allowed        | calls@campaign 1 of 2; calls/day@key 1 of 3
        """);

    [Fact(DisplayName = "BAL-1: accounts share nothing but the workspace's limits")]
    public void Workspace() => Story.Tells(
        """
        plans: { free: { allowances: { credits: { limit: 100 } } } }
        workspace: { allowances: { credits: { limit: 120, per: calendar-day } } }
        """,
        """
        at 2026-03-01T18:00Z
        consume a use n=90  | allowed        | credits 90 of 100; credits/calendar-day@workspace 90 of 120
        consume b use n=31  | limit_exceeded | credits/calendar-day@workspace wants 31, used 90 of 120, leaves 30 until 2026-03-02
        consume b use n=30  | allowed        | credits 30 of 100; credits/calendar-day@workspace 120 of 120
        consume a use n=11  | limit_exceeded | credits wants 11, used 90 of 100, leaves 10 until 2026-04-01; credits/calendar-day@workspace wants 11, used 120 of 120, leaves 0 until 2026-03-02
        usage workspace     |                | credits/calendar-day@workspace 120 of 120 leaves 0 (100 %)
        at 2026-03-02
        consume b use n=31  | allowed        | credits 61 of 100; credits/calendar-day@workspace 31 of 120
        usage b             |                | credits 61 of 100 leaves 39 (61 %)
        """);

    [Fact(DisplayName = "BAL-1: another period is another balance, by the microsecond")]
    public void NextPeriod() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } } } }",
        """
        at 2026-01-31T09:00Z
        consume a use n=100 | allowed        | credits 100 of 100
        at 2026-02-27T23:59:59.999999Z
        consume a use n=1   | limit_exceeded | credits wants 1, used 100 of 100, leaves 0 until 2026-02-28
        after 1us
        consume a use n=100 | allowed        | credits 100 of 100
        at 2026-03-30T23:59:59.999999Z
        consume a use n=1   | limit_exceeded | credits wants 1, used 100 of 100, leaves 0 until 2026-03-31
        after 1us
        consume a use n=1   | allowed        | credits 1 of 100
        """);

    [Fact(DisplayName = "BAL-4: a meter without an allowance is counted per month, without limit")]
    public void NoAllowance() => Story.Tells(
        "",
        """
        at 2026-03-10
        consume a both n=1000000 | allowed | credits 1000000; calls 1
        consume a both n=1000000 | allowed | credits 2000000; calls 2
        usage a                  |         | calls 2; credits 2000000
        at 2026-04-10
        usage a                  |         |
        consume a both n=1       | allowed | credits 1; calls 1
        """);

    [Fact(DisplayName = "BAL-4: an override for a user or a day on a meter without an allowance leaves its month counted")]
    public void NoAllowanceButOverrides() => Story.Tells(
        "",
        """
        consume a use n=10                 | allowed        | credits 10
        override a credits 5 scope=user    | changed        |
        consume a use n=5 user=ann         | allowed        | credits@user:ann 5 of 5; credits 15
        override a credits 7 per=day       | changed        |
        consume a use n=8 user=bob         | limit_exceeded | credits@user wants 8, used 0 of 5, leaves 5 until 2026-04-01; credits/day wants 8, used 0 of 7, leaves 7 until 2026-03-02
        consume a use n=3 user=bob         | allowed        | credits@user:bob 3 of 5; credits/day 3 of 7; credits 18
        override a credits none scope=user | changed        |
        override a credits none per=day    | changed        |
        consume a use n=10 user=ann        | allowed        | credits 28
        """);

    [Fact(DisplayName = "BAL-4: an allowance that a plan change opens in mid-period starts at 0")]
    public void OpenedInMidPeriod() => Story.Tells(
        """
        plans:
          free: { allowances: { credits: { limit: 100 } } }
          pro:  { allowances: { credits: [{ limit: 1000 }, { limit: 50, per: day }] } }
        """,
        """
        at 2026-03-01T08:00Z
        consume a use n=90      | allowed        | credits 90 of 100
        change a plan=pro       | changed        |
        consume a use n=51      | limit_exceeded | credits/day wants 51, used 0 of 50, leaves 50 until 2026-03-02
        consume a use n=50      | allowed        | credits 140 of 1000; credits/day 50 of 50
        """);

    [Fact(DisplayName = "BAL-7: a level goes up and down, is tested when it goes up, and does not start anew")]
    public void Level() => Story.Tells(
        "plans: { free: { allowances: { storage: { limit: 1000 } } } }",
        """
        consume a store bytes=600   | allowed          | storage 600 of 1000
        consume a store bytes=401   | limit_exceeded   | storage wants 401, used 600 of 1000, leaves 400
        consume a store bytes=400   | allowed          | storage 1000 of 1000
        consume a store bytes=-700  | allowed          | storage 300 of 1000
        consume a store bytes=-301  | level_below_zero | storage wants -301, used 300 of 1000, leaves 700
        consume a store bytes=-300  | allowed          | storage 0 of 1000
        record a store bytes=1500   | recorded         | storage 1500 of 1000; over limit
        consume a store bytes=-100  | allowed          | storage 1400 of 1000
        consume a store bytes=1     | limit_exceeded   | storage wants 1, used 1400 of 1000, leaves 0
        at 2027-03-01
        usage a                     |                  | storage 1400 of 1000 leaves 0 (140 %)
        """);

    [Fact(DisplayName = "BAL-7: below 0 a record is clamped: the change that was made is stored and flagged")]
    public void Clamped() => Story.Tells(
        "plans: { free: { allowances: { storage: { limit: 1000 } } } }",
        """
        consume a store bytes=300     | allowed          | storage 300 of 1000
        best_effort a store bytes=-400 | level_below_zero | storage wants -400, used 300 of 1000, leaves 700
        record a store bytes=-400     | recorded         | storage 0 of 1000; storage clamped from -400 to -300; clamped
        record a store bytes=-1       | recorded         | storage 0 of 1000; storage clamped from -1 to 0; clamped
        consume a store bytes=20      | allowed          | storage 20 of 1000
        """);

    [Fact(DisplayName = "BAL-7: set stores the change that it made")]
    public void Set() => Story.Tells(
        "plans: { free: { allowances: { storage: { limit: 1000 } } } }",
        """
        consume a put bytes=250      | allowed           | storage 250 of 1000
        consume a put bytes=1001     | limit_exceeded    | storage wants 751, used 250 of 1000, leaves 750
        consume a put bytes=1000     | allowed           | storage 1000 of 1000
        consume a put bytes=1000     | allowed           | storage 1000 of 1000
        consume a put bytes=40       | allowed           | storage 40 of 1000
        record a put bytes=2000      | recorded          | storage 2000 of 1000; over limit
        consume a put bytes=1999     | allowed           | storage 1999 of 1000
        consume a put bytes=-1       | negative_quantity | /properties/bytes
        consume a put                | property_missing  | /properties/bytes
        consume a put bytes=0        | allowed           | storage 0 of 1000
        best_effort a put bytes=1400 | allowed           | storage 1000 of 1000; storage cut from 1400 to 1000
        """);

    [Fact(DisplayName = "BAL-7: the workspace's level follows what was applied to the account's, and never refuses a decrease")]
    public void SharedLevel() => Story.Tells(
        [
            "plans: { free: {} }",
            """
            plans: { free: {} }
            workspace: { allowances: { storage: { limit: 1000 } } }
            """,
        ],
        """
        consume a store bytes=100  | allowed        | storage 100
        catalog 2
        consume b store bytes=50   | allowed        | storage 50; storage@workspace 50 of 1000
        consume b store bytes=951  | limit_exceeded | storage@workspace wants 951, used 50 of 1000, leaves 950
        record b store bytes=-80   | recorded       | storage 0; storage@workspace 0 of 1000; storage clamped from -80 to -50; clamped
        consume b put bytes=70     | allowed        | storage 70; storage@workspace 70 of 1000
        # What a stored before the limit was there is not in the workspace's balance; taking it away still goes.
        consume a store bytes=-100 | allowed        | storage 0; storage@workspace 0 of 1000
        """);

    [Fact(DisplayName = "BAL-7: a level may be limited for each user beside the account; a set is of the account's")]
    public void LevelOfUsers() => Story.Tells(
        "plans: { free: { allowances: { storage: [{ limit: 60, scope: user }, { limit: 100 }] } } }",
        """
        consume a store bytes=50 user=ann | allowed        | storage@user:ann 50 of 60; storage 50 of 100
        consume a store bytes=40 user=bob | allowed        | storage@user:bob 40 of 60; storage 90 of 100
        consume a store bytes=11 user=bob | limit_exceeded | storage wants 11, used 90 of 100, leaves 10
        consume a put bytes=95 user=bob   | allowed        | storage@user:bob 45 of 60; storage 95 of 100
        record a store bytes=-48 user=bob | recorded       | storage@user:bob 0 of 60; storage 47 of 100; clamped
        """);

    [Fact(DisplayName = "BAL-10: usage comes from the balances: used, limit, remaining, percent; a limit of 0 is 100 %")]
    public void Usage() => Story.Tells(
        """
        meters: { credits: { unit: credit, scale: 2 }, calls: { unit: call }, gold: { unit: coin } }
        events: { use: { charges: { credits: { per: { property: n } } } }, call: { charges: { calls: 1 } } }
        plans: { free: { allowances: { calls: [{ limit: 3, per: day }, { limit: null }], credits: { limit: 40, enforcement: soft, overage: { rate: 0.015 } }, gold: { limit: 0 } } } }
        """,
        """
        usage a             |          | calls/day 0 of 3 leaves 3 (0 %); calls 0; credits 0 of 40 leaves 40 (0 %); gold 0 of 0 leaves 0 (100 %)
        consume a call      | allowed  | calls/day 1 of 3; calls 1
        consume a use n=50  | allowed  | credits 50 of 40; over limit
        usage a             |          | calls/day 1 of 3 leaves 2 (33.33 %); calls 1; credits 50 of 40 leaves 0 (125 %) overage 10 costs 0.15; gold 0 of 0 leaves 0 (100 %)
        after 24h
        usage a             |          | calls/day 0 of 3 leaves 3 (0 %); calls 1; credits 50 of 40 leaves 0 (125 %) overage 10 costs 0.15; gold 0 of 0 leaves 0 (100 %)
        """);
}
