namespace Weir.Engine.Tests;

/// <summary>How limits act: enforce, best effort, record, observe.</summary>
public sealed class EnforcementSpecs
{
    [Fact(DisplayName = "BAL-2: equality is allowed, the smallest unit more is denied and charges nothing")]
    public void Equality() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } } } }",
        """
        consume a use n=25     | allowed        | credits 25 of 100
        consume a use n=75.01  | limit_exceeded | credits wants 75.01, used 25 of 100, leaves 75 until 2026-04-01
        consume a use n=75     | allowed        | credits 100 of 100
        consume a use n=0.01   | limit_exceeded | credits wants 0.01, used 100 of 100, leaves 0 until 2026-04-01
        """);

    [Fact(DisplayName = "BAL-2: limits test only charges above 0")]
    public void NothingCharged() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 }, calls: { limit: 0 } } } }",
        """
        record a use n=150     | recorded       | credits 150 of 100; over limit
        consume a use n=0      | allowed        | credits 150 of 100
        consume a use          | allowed        | credits 150 of 100
        consume a use n=0.01   | limit_exceeded | credits wants 0.01, used 150 of 100, leaves 0 until 2026-04-01
        consume a call         | limit_exceeded | calls wants 1, used 0 of 0, leaves 0 until 2026-04-01
        """);

    [Fact(DisplayName = "BAL-2: several allowances on one meter must all hold; a denial names every violated one")]
    public void SeveralAllowances() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 10, per: hour }, { limit: 30, per: day }, { limit: 35 }] } } }",
        """
        consume a use n=10     | allowed        | credits/hour 10 of 10; credits/day 10 of 30; credits 10 of 35
        consume a use n=10     | limit_exceeded | credits/hour wants 10, used 10 of 10, leaves 0 until 2026-03-01T01:00Z
        after 1h
        consume a use n=10     | allowed        | credits/hour 10 of 10; credits/day 20 of 30; credits 20 of 35
        after 1h
        consume a use n=11     | limit_exceeded | credits/hour wants 11, used 0 of 10, leaves 10 until 2026-03-01T03:00Z; credits/day wants 11, used 20 of 30, leaves 10 until 2026-03-02
        consume a use n=10     | allowed        | credits/hour 10 of 10; credits/day 30 of 30; credits 30 of 35
        after 1h
        consume a use n=6      | limit_exceeded | credits/day wants 6, used 30 of 30, leaves 0 until 2026-03-02; credits wants 6, used 30 of 35, leaves 5 until 2026-04-01
        at 2026-03-02
        consume a use n=6      | limit_exceeded | credits wants 6, used 30 of 35, leaves 5 until 2026-04-01
        consume a use n=5      | allowed        | credits/hour 5 of 10; credits/day 5 of 30; credits 35 of 35
        """);

    [Fact(DisplayName = "BAL-2: all limits of a request decide together, on all meters it charges")]
    public void AllMetersTogether() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 10 }, calls: { limit: 1 } } } }",
        """
        consume a both n=11    | limit_exceeded | credits wants 11, used 0 of 10, leaves 10 until 2026-04-01
        consume a both n=4     | allowed        | credits 4 of 10; calls 1 of 1
        consume a both n=4     | limit_exceeded | calls wants 1, used 1 of 1, leaves 0 until 2026-04-01
        consume a both n=7     | limit_exceeded | credits wants 7, used 4 of 10, leaves 6 until 2026-04-01; calls wants 1, used 1 of 1, leaves 0 until 2026-04-01
        consume a use n=6      | allowed        | credits 10 of 10
        """);

    [Fact(DisplayName = "BAL-3: soft passes beyond the limit, flagged, up to the ceiling")]
    public void Soft() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100, enforcement: soft, ceiling: 120, overage: { rate: 0.01 } } } } }",
        """
        consume a use n=100    | allowed        | credits 100 of 100
        consume a use n=20.01  | limit_exceeded | credits wants 20.01, used 100 of 120, leaves 20 until 2026-04-01
        consume a use n=20     | allowed        | credits 120 of 100; over limit
        consume a use n=0.01   | limit_exceeded | credits wants 0.01, used 120 of 120, leaves 0 until 2026-04-01
        usage a                |                | credits 120 of 100 leaves 0 (120 %) overage 20 costs 0.2
        record a use n=80      | recorded       | credits 200 of 100; over limit
        usage a                |                | credits 200 of 100 leaves 0 (200 %) overage 100 costs 1
        """);

    [Fact(DisplayName = "BAL-3: soft without a ceiling has no end")]
    public void SoftWithoutCeiling() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100, enforcement: soft } } } }",
        """
        consume a use n=5000000     | allowed | credits 5000000 of 100; over limit
        best_effort a use n=5000000 | allowed | credits 10000000 of 100; over limit
        """);

    [Fact(DisplayName = "BAL-3: a soft limit and a hard one on the same meter: the hard one ends it")]
    public void SoftAndHard() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 10, per: day, enforcement: soft }, { limit: 30 }] } } }",
        """
        consume a use n=30     | allowed        | credits/day 30 of 10; credits 30 of 30; over limit
        consume a use n=1      | limit_exceeded | credits wants 1, used 30 of 30, leaves 0 until 2026-04-01
        """);

    [Fact(DisplayName = "BAL-5: best_effort cuts each charge to the least that is left of its balances")]
    public void BestEffort() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 30, per: day }] } } }",
        """
        consume a use n=25       | allowed        | credits 25 of 100; credits/day 25 of 30
        best_effort a use n=10   | allowed        | credits 30 of 100; credits/day 30 of 30; credits cut from 10 to 5
        best_effort a use n=10   | limit_exceeded | credits/day wants 10, used 30 of 30, leaves 0 until 2026-03-02
        best_effort a use n=0    | allowed        | credits 30 of 100; credits/day 30 of 30
        at 2026-03-02
        best_effort a use n=30   | allowed        | credits 60 of 100; credits/day 30 of 30
        at 2026-03-03
        best_effort a use n=30   | allowed        | credits 90 of 100; credits/day 30 of 30
        at 2026-03-04
        best_effort a use n=30   | allowed        | credits 100 of 100; credits/day 10 of 30; credits cut from 30 to 10
        best_effort a use n=0.01 | limit_exceeded | credits wants 0.01, used 100 of 100, leaves 0 until 2026-04-01
        """);

    [Fact(DisplayName = "BAL-5: where one charge above 0 would become 0, all is denied; none is cut alone")]
    public void BestEffortOfSeveralMeters() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 10 }, calls: { limit: 2 } } } }",
        """
        best_effort a both n=8   | allowed        | credits 8 of 10; calls 1 of 2
        best_effort a both n=8   | allowed        | credits 10 of 10; calls 2 of 2; credits cut from 8 to 2
        best_effort a both n=0   | limit_exceeded | calls wants 1, used 2 of 2, leaves 0 until 2026-04-01
        best_effort a both n=1   | limit_exceeded | credits wants 1, used 10 of 10, leaves 0 until 2026-04-01; calls wants 1, used 2 of 2, leaves 0 until 2026-04-01
        """);

    [Fact(DisplayName = "BAL-5: the workspace's limits cut too; a soft limit cuts at its ceiling")]
    public void BestEffortShared() => Story.Tells(
        """
        plans: { free: { allowances: { credits: { limit: 10, enforcement: soft, ceiling: 50 } } } }
        workspace: { allowances: { credits: { limit: 80 } } }
        """,
        """
        best_effort a use n=60   | allowed        | credits 50 of 10; credits@workspace 50 of 80; credits cut from 60 to 50; over limit
        best_effort b use n=60   | allowed        | credits 30 of 10; credits@workspace 80 of 80; credits cut from 60 to 30; over limit
        best_effort b use n=60   | limit_exceeded | credits@workspace wants 60, used 80 of 80, leaves 0 until 2026-04-01
        """);

    [Fact(DisplayName = "BAL-6: a record is always recorded, also beyond hard limits and for a suspended account")]
    public void Record() => Story.Tells(
        """
        events: { use: { requires: [gold], rate: api, charges: { credits: { per: { property: n } } } } }
        plans: { free: { allowances: { credits: { limit: 100 } }, rates: { api: { limit: 1, per: 1h } }, features: { gold: false }, requests: { max_n: 50 } } }
        """,
        """
        record a use n=60       | recorded          | credits 60 of 100
        record a use n=60       | recorded          | credits 120 of 100; over limit
        change a suspended=true | changed           |
        record a use n=60       | recorded          | credits 180 of 100; over limit
        consume a use n=60      | account_suspended | suspended; no feature gold; max_n 50, given 60; credits wants 60, used 180 of 100, leaves 0 until 2026-04-01; rate api wants 1, used 3 of 1, leaves 0 until 2026-03-01T01:01Z
        """);

    [Fact(DisplayName = "BAL-6: a host's failed call is a row without a charge, and counts in no rate")]
    public void Failed() => Story.Tells(
        """
        events: { call: { rate: api, charges: { calls: 1 } } }
        plans: { free: { allowances: { calls: { limit: 1 } }, rates: { api: { limit: 1, per: 1h } } } }
        """,
        """
        failed a call           | recorded       | failed
        failed a call cost=0.25 | recorded       | failed
        consume a call          | allowed        | calls 1 of 1
        consume a call          | limit_exceeded | calls wants 1, used 1 of 1, leaves 0 until 2026-04-01; rate api wants 1, used 1 of 1, leaves 0 until 2026-03-01T01:01Z
        """);

    [Fact(DisplayName = "BAL-8: observe records everything in full and tells in warnings what would have been a denial")]
    public void Observe() => Story.Tells(
        """
        enforcement: observe
        events: { use: { requires: [gold], rate: api, charges: { credits: { per: { property: n } } } }, store: { charges: { storage: { change: { property: bytes } } } } }
        plans: { free: { allowances: { credits: { limit: 10 }, storage: { limit: 5 } }, rates: { api: { limit: 1, per: 1h } }, features: { gold: true }, requests: { max_n: 50 } } }
        """,
        """
        consume a use n=8        | allowed | credits 8 of 10
        consume a use n=60       | allowed | credits 68 of 10; over limit; warning max_n 50, given 60; warning credits wants 60, used 8 of 10, leaves 2 until 2026-04-01; warning rate api wants 1, used 1 of 1, leaves 0 until 2026-03-01T01:01Z
        consume a store bytes=-3 | allowed | storage 0 of 5; storage clamped from -3 to 0; clamped; warning storage wants -3, used 0 of 5, leaves 5
        change a suspended=true  | changed |
        consume a use n=1        | allowed | credits 69 of 10; over limit; warning suspended; warning credits wants 1, used 68 of 10, leaves 0 until 2026-04-01; warning rate api wants 1, used 2 of 1, leaves 0 until 2026-03-01T01:01Z
        """);

    [Fact(DisplayName = "BAL-8: under observe nothing is cut either")]
    public void ObserveBestEffort() => Story.Tells(
        """
        enforcement: observe
        plans: { free: { allowances: { credits: { limit: 10 } } } }
        """,
        """
        best_effort a use n=6  | allowed | credits 6 of 10
        best_effort a use n=6  | allowed | credits 12 of 10; over limit; warning credits wants 6, used 6 of 10, leaves 4 until 2026-04-01
        best_effort a use n=6  | allowed | credits 18 of 10; over limit; warning credits wants 6, used 12 of 10, leaves 0 until 2026-04-01
        """);

    [Fact(DisplayName = "BAL-8: the host's word stands over the plan's, the plan's over the catalog's")]
    public void WhoDecides() => Story.Tells(
        """
        enforcement: observe
        plans:
          free: { enforcement: enforce, allowances: { credits: { limit: 10 } } }
          demo: { allowances: { credits: { limit: 10 } } }
        """,
        """
        account f plan=free
        account d plan=demo
        consume f use n=11     | limit_exceeded | credits wants 11, used 0 of 10, leaves 10 until 2026-04-01; advice demo credits 10
        consume d use n=11     | allowed        | credits 11 of 10; over limit; warning credits wants 11, used 0 of 10, leaves 10 until 2026-04-01
        host observe
        consume f use n=11     | allowed        | credits 11 of 10; over limit; warning credits wants 11, used 0 of 10, leaves 10 until 2026-04-01
        host enforce
        consume d use n=11     | limit_exceeded | credits wants 11, used 11 of 10, leaves 0 until 2026-04-01
        """);

    [Fact(DisplayName = "NUM-5: unlimited is null, 0 blocks")]
    public void UnlimitedAndZero() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: null }, calls: { limit: 0 } } } }",
        """
        consume a use n=1000000000   | allowed        | credits 1000000000
        best_effort a use n=1        | allowed        | credits 1000000001
        consume a call               | limit_exceeded | calls wants 1, used 0 of 0, leaves 0 until 2026-04-01
        best_effort a call           | limit_exceeded | calls wants 1, used 0 of 0, leaves 0 until 2026-04-01
        """);

    [Fact(DisplayName = "TX-3: an entry carries the time that its command was stamped with; a denial stamps nothing")]
    public void Stamped() => Story.Tells(
        "plans: { free: { allowances: { calls: { limit: 1, per: hour } } } }",
        """
        at 2026-03-01T00:59:59.999999Z
        consume a call    | allowed        | calls/hour 1 of 1
        consume a call    | limit_exceeded | calls/hour wants 1, used 1 of 1, leaves 0 until 2026-03-01T01:00Z
        after 1us
        consume a call    | allowed        | calls/hour 1 of 1
        """);
}
