namespace Weir.Engine.Tests;

/// <summary>Events that tell their own time: late ones, early ones, and history from elsewhere.</summary>
public sealed class LateEventSpecs
{
    private const string MonthAndDay = "plans: { free: { allowances: { credits: [{ limit: 100 }, { limit: 30, per: day }] } } }";

    [Fact(DisplayName = "PER-3: at from 35 days back to 5 minutes ahead, to the microsecond, and only with record")]
    public void Edges() => Story.Tells(
        "",
        """
        at 2026-01-01
        account a
        at 2026-03-05T12:00Z
        record a use n=1 at=2026-01-29T12:00Z           | recorded          | credits 1; carried
        record a use n=1 at=2026-01-29T11:59:59.999999Z | time_out_of_range | /at
        record a use n=1 at=2026-03-05T12:05Z           | recorded          | credits 2
        record a use n=1 at=2026-03-05T12:05:00.000001Z | time_out_of_range | /at
        record a use n=1 at=2026-03-05T12:00Z           | recorded          | credits 3
        consume a use n=1 at=2026-03-05T12:00Z          | invalid_request   | /at
        best_effort a use n=1 at=2026-03-05T11:00Z      | invalid_request   | /at
        """);

    [Fact(DisplayName = "PER-3: a late event counts in its own period while that is not closed")]
    public void InItsPeriod() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } } } }",
        """
        at 2026-02-01
        record a use n=50                     | recorded | credits 50 of 100
        at 2026-03-03T23:59:59.999999Z
        record a use n=5                      | recorded | credits 5 of 100
        record a use n=7 at=2026-02-28T23:59Z | recorded | credits 57 of 100; late
        record a use n=44 at=2026-02-10       | recorded | credits 101 of 100; late; over limit
        usage a                               |          | credits 5 of 100 leaves 95 (5 %)
        """);

    [Fact(DisplayName = "PER-2: a period is closed 72 h after its end by the clock, and its total changes no more")]
    public void Closed() => Story.Tells(
        "plans: { free: { allowances: { credits: { limit: 100 } } } }",
        """
        at 2026-02-01
        record a use n=50                     | recorded | credits 50 of 100
        at 2026-03-03T23:59:59.999999Z
        record a use n=7 at=2026-02-28T23:59Z | recorded | credits 57 of 100; late
        after 1us
        record a use n=7 at=2026-02-28T23:59Z | recorded | credits 7 of 100; carried
        record a use n=1                      | recorded | credits 8 of 100
        """);

    [Fact(DisplayName = "PER-3: from a closed period months and years carry a late event on, shorter ones ignore it")]
    public void CarriedOrIgnored() => Story.Tells(
        """
        plans:
          free:
            allowances:
              credits: [{ limit: 1, per: hour }, { limit: 2, per: day }, { limit: 3, per: week }, { limit: 40, per: month }, { limit: 50, per: year }, { limit: 60, per: lifetime }]
              calls: [{ limit: 1, per: calendar-hour }, { limit: 2, per: calendar-day }, { limit: 3, per: calendar-week }, { limit: 40, per: calendar-month }, { limit: 50, per: calendar-year }]
        """,
        """
        at 2025-12-20
        account a
        at 2026-01-10T12:00Z
        # The month since 20 December is open, 2025 closed on 4 January 00:00; the account's own year began on 20 December.
        record a use n=5 at=2025-12-22     | recorded | credits 5 of 40; credits/year 5 of 50; credits/lifetime 5 of 60
        record a call at=2025-12-22        | recorded | calls/calendar-month 1 of 40; calls/calendar-year 1 of 50; carried
        at 2026-01-27
        record a use n=1 at=2026-01-18       | recorded | credits 1 of 40; credits/year 6 of 50; credits/lifetime 6 of 60; carried
        record a use n=1 at=2026-01-23T23:59Z | recorded | credits 2 of 40; credits/year 7 of 50; credits/lifetime 7 of 60
        record a use n=1 at=2026-01-24       | recorded | credits/hour 1 of 1; credits/day 1 of 2; credits/week 1 of 3; credits 3 of 40; credits/year 8 of 50; credits/lifetime 8 of 60; late
        """);

    [Fact(DisplayName = "PER-3: a late day still open counts beside its month")]
    public void DayAndMonth() => Story.Tells(
        MonthAndDay,
        """
        at 2026-03-01
        account a
        at 2026-03-10T12:00Z
        record a use n=5 at=2026-03-07T06:00Z | recorded | credits 5 of 100; credits/day 5 of 30; late
        record a use n=5 at=2026-03-06T23:00Z | recorded | credits 10 of 100
        record a use n=5                      | recorded | credits 15 of 100; credits/day 5 of 30
        """);

    [Fact(DisplayName = "PER-3: the workspace's periods are late and closed by their own clock")]
    public void SharedPeriods() => Story.Tells(
        """
        plans: { free: { allowances: { credits: { limit: 100 } } } }
        workspace: { allowances: { credits: [{ limit: 1000, per: calendar-day }, { limit: 5000, per: calendar-month }] } }
        """,
        """
        at 2026-02-20
        account a
        at 2026-03-05T12:00Z
        # The account's month runs from 20 February; the workspace's February closed on 4 March.
        record a use n=5 at=2026-02-27 | recorded | credits 5 of 100; credits/calendar-month@workspace 5 of 5000; carried
        record a use n=5 at=2026-03-04 | recorded | credits 10 of 100; credits/calendar-day@workspace 5 of 1000; credits/calendar-month@workspace 10 of 5000; late
        """);

    [Fact(DisplayName = "PER-5: an import takes at of any age and carries nothing")]
    public void Import() => Story.Tells(
        MonthAndDay,
        """
        at 2026-03-10T12:00Z
        account a
        import a use n=500 at=2019-06-01T08:00Z | recorded          | credits 500 of 100; credits/day 500 of 30; imported; over limit
        import a use n=1 at=2019-06-01T09:00Z   | recorded          | credits 501 of 100; credits/day 501 of 30; imported; over limit
        import a use n=5 at=2026-03-10T11:00Z   | recorded          | credits 5 of 100; credits/day 5 of 30; imported
        import a use n=1                        | invalid_request   | /at
        import a use n=1 at=2026-03-10T12:00Z   | time_out_of_range | /at
        import a use n=1 at=1899-12-31          | time_out_of_range | /at
        """);

    [Fact(DisplayName = "PER-5: no import into a period that holds a live event of the account, nor a later one")]
    public void ImportIntoLivePeriod() => Story.Tells(
        MonthAndDay,
        """
        at 2026-03-10T12:00Z
        consume a use n=1                          | allowed                 | credits 1 of 100; credits/day 1 of 30
        import a use n=1 at=2026-03-10T06:00Z      | import_into_live_period | /at
        import a use n=1 at=2026-03-09T23:59Z      | recorded                | credits 1 of 100; credits/day 1 of 30; imported
        # A late event lives in the month before; from then on that month takes no imports either.
        at 2026-03-11
        record a use n=1 at=2026-03-09T23:00Z      | recorded                | credits 2 of 100; credits/day 2 of 30; late
        import a use n=1 at=2026-03-09T06:00Z      | import_into_live_period | /at
        import a use n=1 at=2026-02-20             | import_into_live_period | /at
        import a use n=1 at=2026-02-09T23:59Z      | recorded                | credits 1 of 100; credits/day 1 of 30; imported
        """);

    [Fact(DisplayName = "PER-5: an import counts in no rate, and in no closed period of the workspace")]
    public void ImportBesideOthers() => Story.Tells(
        """
        events: { call: { rate: api, charges: { calls: 1 } } }
        plans: { free: { rates: { api: { limit: 1, per: 1h } } } }
        workspace: { allowances: { calls: { limit: 3, per: calendar-month } } }
        """,
        """
        at 2026-03-03
        consume b call                   | allowed        | calls 1; calls/calendar-month@workspace 1 of 3
        import a call at=2025-06-01      | recorded       | calls 1; imported
        import a call at=2026-02-20      | recorded       | calls 1; calls/calendar-month@workspace 1 of 3; imported
        import a call at=2026-03-01      | recorded       | calls 2; calls/calendar-month@workspace 2 of 3; imported
        consume a call                   | allowed        | calls 1; calls/calendar-month@workspace 3 of 3
        """);
}
