namespace Weir.Engine.Tests;

/// <summary>Holding amounts and slots for jobs in flight.</summary>
public sealed class ReservationSpecs
{
    private const string Jobs = """
        events:
          job: { slot: job, charges: { credits: { per: { property: n } } } }
          use: { charges: { credits: { per: { property: n } } } }
          big: { charges: { credits: { per: { property: n } }, calls: 1 } }
        plans: { free: { allowances: { credits: { limit: 100 } }, slots: { job: 2 } }, pro: { allowances: { credits: { limit: 1000 } }, slots: { job: 5 } } }
        """;

    [Fact(DisplayName = "RES-1: what is held counts like what is used, until it is committed")]
    public void HeldCounts() => Story.Tells(Jobs, """
        reserve a job n=60 as j    | held           | credits 0 of 100 held 60; slot job#1
        usage a                    |                | credits 0 of 100 held 60 leaves 40 (0 %)
        consume a use n=40.01      | limit_exceeded | credits wants 40.01, used 0, held 60 of 100, leaves 40 until 2026-04-01; advice pro credits 1000
        consume a use n=40         | allowed        | credits 40 of 100 held 60
        commit j n=60              | committed      | credits 100 of 100 held 0
        """);

    [Fact(DisplayName = "RES-1: exactly one transition succeeds")]
    public void EndsOnce() => Story.Tells(Jobs, """
        reserve a job n=60 as j    | held              | credits 0 of 100 held 60; slot job#1
        commit j n=50              | committed         | credits 50 of 100 held 0
        commit j n=50              | reservation_ended | /
        release j                  | reservation_ended | /
        extend j                   | reservation_ended | /
        grow j n=70                | reservation_ended | /
        reserve a job n=10 as k    | held              | credits 50 of 100 held 10; slot job#2
        release k                  | released          | credits 50 of 100 held 0
        release k                  | reservation_ended | /
        commit k                   | reservation_ended | /
        """);

    [Fact(DisplayName = "RES-1: it is live while now < expiresAt, judged inside every decision, tidied or not")]
    public void ExpiresByTime() => Story.Tells(Jobs, """
        reserve a job n=100 ttl=60s as j | held           | credits 0 of 100 held 100; slot job#1
        after 59s+999999us
        consume a use n=1                | limit_exceeded | credits wants 1, used 0, held 100 of 100, leaves 0 until 2026-04-01; advice pro credits 1000
        after 1us
        usage a                          |                | credits 0 of 100 leaves 100 (0 %)
        consume a use n=100              | allowed        | credits 100 of 100
        expire j                         | expired        | credits 100 of 100 held 0
        """);

    [Fact(DisplayName = "RES-1: extending moves the end away from now, never nearer, and not after it")]
    public void Extends() => Story.Tells(Jobs, """
        reserve a job n=1 ttl=60s as j | held              | credits 0 of 100 held 1; slot job#1
        after 30s
        extend j ttl=60s               | held              | until 2026-03-01T00:01:30Z
        extend j ttl=1s                | held              | until 2026-03-01T00:01:30Z
        after 60s
        extend j ttl=60s               | reservation_ended | /
        """);

    [Fact(DisplayName = "RES-2: commit without properties commits what is held; less returns the rest")]
    public void CommitsLess() => Story.Tells(Jobs, """
        reserve a big n=60 as j | held      | credits 0 of 100 held 60; calls 0 held 1
        commit j                | committed | credits 60 of 100 held 0; calls 1 held 0
        reserve a big n=40 as k | held      | credits 60 of 100 held 40; calls 1 held 1
        commit k n=1            | committed | credits 61 of 100 held 0; calls 2 held 0
        """);

    [Fact(DisplayName = "RES-2: more than is held is rejected by default and stays held; consume needs room; record always passes")]
    public void Overruns() => Story.Tells(Jobs, """
        reserve a job n=60 as j         | held                | credits 0 of 100 held 60; slot job#1
        commit j n=61                   | exceeds_reservation | credits wants 61, held 60
        commit j n=101 overrun=consume  | limit_exceeded      | credits wants 101, used 0, held 60 of 100, leaves 40 until 2026-04-01; advice pro credits 1000
        commit j n=100 overrun=consume  | committed           | credits 100 of 100 held 0
        adjust a credits -100           | adjusted            | credits 0 of 100
        reserve a job n=60 as k         | held                | credits 0 of 100 held 60; slot job#2
        commit k n=161 overrun=record   | committed           | credits 161 of 100 held 0; over limit
        """);

    [Fact(DisplayName = "BAL-11: a commit that does not fit is advised the plan in which it would, what it holds counted once")]
    public void AdvisesCommits() => Story.Tells("""
        events:
          job: { charges: { credits: { per: { property: n } } } }
          late: { late_commit: consume, charges: { credits: { per: { property: n } } } }
        plans:
          free: { allowances: { credits: { limit: 100 } } }
          mid: { price: { monthly: 10 }, allowances: { credits: { limit: 150 } } }
          day: { price: { monthly: 15 }, allowances: { credits: { limit: 155, per: day } } }
          pro: { price: { monthly: 20 }, allowances: { credits: { limit: 1000 } } }
        """, """
        reserve a job n=90 as j          | held           | credits 0 of 100 held 90
        commit j n=150 overrun=consume   | limit_exceeded | credits wants 150, used 0, held 90 of 100, leaves 10 until 2026-04-01; advice mid credits 150
        commit j n=151 overrun=consume   | limit_exceeded | credits wants 151, used 0, held 90 of 100, leaves 10 until 2026-04-01; advice day credits 155
        commit j n=156 overrun=consume   | limit_exceeded | credits wants 156, used 0, held 90 of 100, leaves 10 until 2026-04-01; advice pro credits 1000
        commit j n=1001 overrun=consume  | limit_exceeded | credits wants 1001, used 0, held 90 of 100, leaves 10 until 2026-04-01
        commit j n=101                   | exceeds_reservation | credits wants 101, held 90
        release j                        | released       | credits 0 of 100 held 0
        consume a job n=40               | allowed        | credits 40 of 100
        reserve a late n=60 ttl=60s as k | held           | credits 40 of 100 held 60
        after 60s
        expire k                         | expired        | credits 40 of 100 held 0
        commit k n=110                   | limit_exceeded | credits wants 110, used 40 of 100, leaves 60 until 2026-04-01; advice mid credits 150
        """);

    [Fact(DisplayName = "RES-2: a meter without a limit takes more than was expected")]
    public void Unlimited() => Story.Tells("""
        events: { job: { charges: { credits: { per: { property: n } }, calls: { per: { property: calls } } } } }
        plans: { free: { allowances: { credits: { limit: 100 } } } }
        """, """
        reserve a job n=60 as j | held      | credits 0 of 100 held 60; calls 0
        commit j n=60 calls=7   | committed | credits 60 of 100 held 0; calls 7
        """.Replace("; calls 0\n", "\n", StringComparison.Ordinal));

    [Fact(DisplayName = "RES-2: a reservation is rated with its own catalog version")]
    public void OwnCatalog() => Story.Tells(
        [Jobs, Jobs.Replace("job: { slot: job, charges: { credits: { per: { property: n } } } }", "job: { slot: job, charges: { credits: { per: { property: n, amount: 2 } } } }", StringComparison.Ordinal)],
        """
        reserve a job n=10 as j | held      | credits 0 of 100 held 10; slot job#1
        catalog 2
        commit j n=9            | committed | credits 9 of 100 held 0
        reserve a job n=10 as k | held      | credits 9 of 100 held 20; slot job#2
        """);

    [Fact(DisplayName = "RES-3: a late commit leaves the state expired and is recorded, once, flagged")]
    public void LateCommit() => Story.Tells(Jobs, """
        reserve a job n=60 ttl=60s as j | held              | credits 0 of 100 held 60; slot job#1
        after 60s
        consume a use n=80              | allowed           | credits 80 of 100
        expire j                        | expired           | credits 80 of 100 held 0
        commit j n=50 fence=1           | stale_fence       | /fence
        commit j n=50                   | committed         | credits 130 of 100; over limit; after expiry
        commit j n=50                   | reservation_ended | /
        """);

    [Fact(DisplayName = "RES-3: an event type may want late commits to fit, or none at all")]
    public void LateAsTheTypeSays() => Story.Tells("""
        events:
          fits: { late_commit: consume, charges: { credits: { per: { property: n } } } }
          none: { late_commit: reject, charges: { credits: { per: { property: n } } } }
        plans: { free: { allowances: { credits: { limit: 100 } } } }
        """, """
        reserve a fits n=60 ttl=60s as j | held              | credits 0 of 100 held 60
        reserve a none n=10 ttl=60s as k | held              | credits 0 of 100 held 70
        after 60s
        expire j                         | expired           | credits 0 of 100 held 0
        expire k                         | expired           | credits 0 of 100 held 0
        commit j n=101                   | limit_exceeded    | credits wants 101, used 0 of 100, leaves 100 until 2026-04-01
        commit j n=100                   | committed         | credits 100 of 100; after expiry
        commit k n=1                     | reservation_ended | /
        """);

    [Fact(DisplayName = "RES-3: a commit counts in the reservation's period while that is open, and is carried into the open one afterwards")]
    public void Carried() => Story.Tells(
        "plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 50, per: day }] } } }",
        """
        at 2026-03-31T23:00Z
        account a anchor=2026-03-01T00:00
        reserve a use n=40 ttl=120h as j | held      | credits 0 of 100 held 40; credits/day 0 of 50 held 40
        reserve a use n=10 ttl=120h as k | held      | credits 0 of 100 held 50; credits/day 0 of 50 held 50
        at 2026-04-02
        commit j n=30                    | committed | credits 30 of 100 held 10; credits/day 30 of 50 held 10; late
        at 2026-04-04
        commit k n=10                    | committed | credits 10 of 100; credits 30 of 100 held 0; credits/day 30 of 50 held 0; carried
        """);

    [Fact(DisplayName = "RES-1: growing holds more, all of it or nothing")]
    public void Grows() => Story.Tells(Jobs, """
        reserve a job n=60 as j | held           | credits 0 of 100 held 60; slot job#1
        grow j n=50             | grown          | slot job#1
        grow j n=90             | grown          | credits 0 of 100 held 90; slot job#1
        grow j n=101            | limit_exceeded | credits wants 11, used 0, held 90 of 100, leaves 10 until 2026-04-01; advice pro credits 1000
        commit j                | committed      | credits 90 of 100 held 0
        """);

    [Fact(DisplayName = "RES-1: an account has at most 100,000 open reservations")]
    public void TooMany() => Story.Tells(Jobs, """
        crowd a
        reserve a use n=1 | too_many_reservations | /
        consume a use n=1 | allowed               | credits 1 of 100
        """);

    [Fact(DisplayName = "RES-2: what a job held of a grant is used from it, and the rest returns in the reverse order")]
    public void FromGrants() => Story.Tells(Jobs, """
        grant a credits 50 as gift  | granted   |
        reserve a job n=130 as j    | held      | credits 0 of 150 held 130 (plan held 100, gift held 30); slot job#1
        commit j n=110              | committed | credits 110 of 150 held 0 (plan 100 held -100, gift 10 held -10, gift held -20)
        """);

    [Fact(DisplayName = "SLOT-1: at most as many unexpired leases as slots; the fence rises and is verified where sent")]
    public void Slots() => Story.Tells(Jobs, """
        reserve a job n=1 ttl=60s as i | held        | credits 0 of 100 held 1; slot job#1
        reserve a job n=1 as j         | held        | credits 0 of 100 held 2; slot job#2
        reserve a job n=1              | no_slot     | no slot job, 2 of 2 until 2026-03-01T00:01Z; advice pro
        after 60s
        reserve a job n=1 as k         | held        | credits 0 of 100 held 2; slot job#3
        reserve a job n=1              | no_slot     | no slot job, 2 of 2 until 2026-03-01T00:15Z; advice pro
        extend k fence=2               | stale_fence | /fence
        commit j fence=1               | stale_fence | /fence
        commit j fence=2               | committed   | credits 1 of 100 held 1
        """);

    [Fact(DisplayName = "SLOT-1: consume touches no slot, and the whole service may have fewer slots than a plan")]
    public void SharedSlots() => Story.Tells(Jobs + "\nworkspace: { slots: { job: 3 } }", """
        consume a job n=1          | allowed | credits 1 of 100
        account b plan=pro
        reserve b job n=1 ttl=60s  | held    | credits 0 of 1000 held 1; slot job#1
        reserve b job n=1          | held    | credits 0 of 1000 held 2; slot job#2
        reserve b job n=1          | held    | credits 0 of 1000 held 3; slot job#3
        reserve b job n=1          | no_slot | no slot job@workspace, 3 of 3 until 2026-03-01T00:01Z
        reserve a job n=1          | no_slot | no slot job@workspace, 3 of 3 until 2026-03-01T00:01Z
        after 60s
        reserve a job n=1          | held    | credits 1 of 100 held 1; slot job#1
        """);

    [Fact(DisplayName = "SLOT-2: a caller that does not wait passes nobody who does")]
    public void BehindTheQueue() => Story.Tells(Jobs, """
        reserve a job n=1          | held    | credits 0 of 100 held 1; slot job#1
        reserve a job n=1 queue=1  | no_slot | no slot job, 1 of 2 until 2026-03-01T00:15Z
        """);

    [Fact(DisplayName = "RES-1: limits of the whole service hold too, and return what expired")]
    public void SharedLimits() => Story.Tells("""
        plans: { free: { allowances: { credits: { limit: 100 } } } }
        workspace: { allowances: { credits: { limit: 120, per: calendar-day } } }
        """, """
        reserve a use n=100 ttl=60s as j | held           | credits 0 of 100 held 100; credits/calendar-day@workspace 0 of 120 held 100
        consume b use n=30               | limit_exceeded | credits/calendar-day@workspace wants 30, used 0, held 100 of 120, leaves 20 until 2026-03-02
        after 60s
        consume b use n=30               | allowed        | credits 30 of 100; credits/calendar-day@workspace 30 of 120
        expire j                         | expired        | credits 0 of 100 held 0; credits/calendar-day@workspace 30 of 120 held 0
        """);

    [Fact(DisplayName = "COR-1: a committed reservation is reversed like an event, an open one is not")]
    public void Reversed() => Story.Tells(Jobs, """
        reserve a job n=60 as j | held              | credits 0 of 100 held 60; slot job#1
        reverse j               | not_reversible    | /
        commit j n=40           | committed         | credits 40 of 100 held 0
        reverse j               | reversed          | credits 0 of 100
        commit j n=40           | reservation_ended | /
        """);

    [Fact(DisplayName = "BAL-8: where the plan observes, jobs are held beyond limits and slots")]
    public void Observed() => Story.Tells(Jobs, """
        host observe
        reserve a job n=101 as j | held      | credits 0 of 100 held 101; slot job#1; warning credits wants 101, used 0 of 100, leaves 100 until 2026-04-01
        commit j n=150           | committed | credits 150 of 100 held 0; over limit
        """);

    [Fact(DisplayName = "RATE-1: a reservation counts once, when it is made; a refused one takes nothing of any limit, rate or slot")]
    public void Rates() => Story.Tells("""
        events: { job: { slot: job, rate: api, charges: { credits: { per: { property: n } } } } }
        plans: { free: { allowances: { credits: { limit: 100 } }, slots: { job: 1 }, rates: { api: { limit: 2, per: 1h } } } }
        """, """
        reserve a job n=200        | limit_exceeded | credits wants 200, used 0 of 100, leaves 100 until 2026-04-01
        reserve a job n=1 as j     | held           | credits 0 of 100 held 1; slot job#1
        reserve a job n=1          | no_slot        | no slot job, 1 of 1 until 2026-03-01T00:15Z
        commit j                   | committed      | credits 1 of 100 held 0
        reserve a job n=1 as k     | held           | credits 1 of 100 held 1; slot job#2
        release k                  | released       | credits 1 of 100 held 0
        reserve a job n=1          | rate_limited   | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T01:01Z
        """);
}
