namespace Weir.Engine.Tests;

/// <summary>Sliding windows as decisions see them.</summary>
public sealed class RateSpecs
{
    private const string Api = """
        events: { call: { rate: api, charges: { calls: 1 } } }
        plans: { free: { rates: { api: { limit: 2, per: 1h } } } }
        """;

    [Fact(DisplayName = "RATE-1: an event counts in the current sub-bucket and the 60 after it")]
    public void Window() => Story.Tells(
        Api,
        """
        at 2026-03-01
        consume a call  | allowed      | calls 1
        at 2026-03-01T00:30:30Z
        consume a call  | allowed      | calls 2
        consume a call  | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T01:01Z
        at 2026-03-01T01:00:59.999999Z
        consume a call  | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T01:01Z
        after 1us
        consume a call  | allowed      | calls 3
        consume a call  | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T01:31Z
        at 2026-03-01T01:31Z
        consume a call  | allowed      | calls 4
        consume a call  | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T02:02Z
        """);

    [Fact(DisplayName = "RATE-1: room returns at most 1/60 of the window late")]
    public void Late() => Story.Tells(
        Api,
        """
        at 2026-03-01T00:00:59.999999Z
        consume a call  | allowed      | calls 1
        consume a call  | allowed      | calls 2
        # A window of exactly an hour would have room again at 01:00:59.999999.
        consume a call  | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T01:01Z
        at 2026-03-01T01:01Z
        consume a call  | allowed      | calls 3
        at 2026-03-01T02:01:59.999999Z
        consume a call  | allowed      | calls 4
        consume a call  | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T02:02Z
        """);

    [Fact(DisplayName = "RATE-1: a refused call takes nothing of any limit or rate")]
    public void RefusedTakesNothing() => Story.Tells(
        """
        events: { call: { rate: [minute, hour], charges: { calls: 1 } } }
        plans: { free: { allowances: { calls: { limit: 3 } }, rates: { minute: { limit: 2, per: 1m }, hour: { limit: 5, per: 1h } } } }
        """,
        """
        consume a call  | allowed        | calls 1 of 3
        consume a call  | allowed        | calls 2 of 3
        consume a call  | rate_limited   | rate minute wants 1, used 2 of 2, leaves 0 until 2026-03-01T00:01:01Z
        after 61s
        consume a call  | allowed        | calls 3 of 3
        consume a call  | limit_exceeded | calls wants 1, used 3 of 3, leaves 0 until 2026-04-01
        record a call   | recorded       | calls 4 of 3; over limit
        record a call   | recorded       | calls 5 of 3; over limit
        consume a call  | limit_exceeded | calls wants 1, used 5 of 3, leaves 0 until 2026-04-01; rate minute wants 1, used 3 of 2, leaves 0 until 2026-03-01T00:02:02Z; rate hour wants 1, used 5 of 5, leaves 0 until 2026-03-01T01:01Z
        """);

    [Fact(DisplayName = "RATE-1: a rate that names a meter counts the charge; what is more than the limit never fits")]
    public void OfMeter() => Story.Tells(
        """
        events: { use: { rate: volume, charges: { credits: { per: { property: n } } } }, call: { rate: volume, charges: { calls: 1 } } }
        plans: { free: { rates: { volume: { limit: 100, per: 1h, meter: credits } } } }
        """,
        """
        consume a use n=60.5   | allowed      | credits 60.5
        consume a use n=39.51  | rate_limited | rate volume wants 39.51, used 60.5 of 100, leaves 39.5 until 2026-03-01T01:01Z
        consume a use n=39.5   | allowed      | credits 100
        consume a use n=0      | allowed      | credits 100
        consume a call         | allowed      | calls 1
        consume a use n=100.01 | rate_limited | rate volume wants 100.01, used 100 of 100, leaves 0
        """);

    [Fact(DisplayName = "RATE-1: a charge that best_effort cuts counts as cut")]
    public void OfMeterCut() => Story.Tells(
        """
        events: { use: { rate: volume, charges: { credits: { per: { property: n } } } } }
        plans: { free: { allowances: { credits: { limit: 10, per: day } }, rates: { volume: { limit: 15, per: 2d, meter: credits } } } }
        """,
        """
        best_effort a use n=50 | allowed      | credits/day 10 of 10; credits cut from 50 to 10
        at 2026-03-02
        best_effort a use n=5  | allowed      | credits/day 5 of 10
        best_effort a use n=50 | rate_limited | rate volume wants 5, used 15 of 15, leaves 0 until 2026-03-03T00:48Z
        """);

    [Fact(DisplayName = "RATE-1: a rate for each user, the common one where none is named, and one for the whole workspace")]
    public void Scopes() => Story.Tells(
        """
        events: { call: { rate: api, charges: { calls: 1 } } }
        plans: { free: { rates: { api: { limit: 1, per: 1m, scope: user } } } }
        workspace: { rates: { api: { limit: 4, per: 1m } } }
        """,
        """
        consume a call user=ann | allowed      | calls 1
        consume a call user=ann | rate_limited | rate api@user wants 1, used 1 of 1, leaves 0 until 2026-03-01T00:01:01Z
        consume a call user=bob | allowed      | calls 2
        consume a call          | allowed      | calls 3
        consume a call          | rate_limited | rate api@user wants 1, used 1 of 1, leaves 0 until 2026-03-01T00:01:01Z
        consume b call user=ann | allowed      | calls 1
        consume b call user=bob | rate_limited | rate api@workspace wants 1, used 4 of 4, leaves 0 until 2026-03-01T00:01:01Z
        """);

    [Fact(DisplayName = "RATE-1: a rate of 0 blocks, a rate that the plan does not define does not limit")]
    public void ZeroAndNone() => Story.Tells(
        """
        events: { call: { rate: api, charges: { calls: 1 } } }
        plans:
          free: { rates: { api: { limit: 0, per: 1m } } }
          pro: {}
        """,
        """
        account p plan=pro
        consume a call | rate_limited | rate api wants 1, used 0 of 0, leaves 0; advice pro
        consume p call | allowed      | calls 1
        """);

    [Fact(DisplayName = "RATE-1: the catalog shortens a window: what came longer ago than that counts no more")]
    public void Shortened() => Story.Tells(
        [Api, Api.Replace("1h", "10m", StringComparison.Ordinal)],
        """
        consume a call | allowed      | calls 1
        at 2026-03-01T00:20Z
        consume a call | allowed      | calls 2
        at 2026-03-01T00:25Z
        consume a call | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T01:01Z
        catalog 2
        consume a call | allowed      | calls 3
        # The call of 00:20 is taken to have come at the end of its old sub-bucket, a minute long.
        consume a call | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T00:31Z
        at 2026-03-01T00:31Z
        consume a call | allowed      | calls 4
        """);

    [Fact(DisplayName = "RATE-1: the time that a denial promised after a change of the window holds")]
    public void PromiseAfterChange() => Story.Tells(
        [Api, Api.Replace("1h", "10m", StringComparison.Ordinal)],
        """
        at 2026-03-01T00:20Z
        consume a call | allowed      | calls 1
        consume a call | allowed      | calls 2
        at 2026-03-01T00:25Z
        catalog 2
        consume a call | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T00:31Z
        at 2026-03-01T00:30:59.999999Z
        consume a call | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T00:31Z
        after 1us
        consume a call | allowed      | calls 3
        """);

    [Fact(DisplayName = "RATE-1: the catalog lengthens a window: what the old one still knew counts on")]
    public void Lengthened() => Story.Tells(
        [Api.Replace("1h", "10m", StringComparison.Ordinal), Api],
        """
        consume a call | allowed      | calls 1
        at 2026-03-01T00:05Z
        consume a call | allowed      | calls 2
        catalog 2
        at 2026-03-01T00:09Z
        consume a call | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T01:01Z
        at 2026-03-01T00:40Z
        consume a call | rate_limited | rate api wants 1, used 2 of 2, leaves 0 until 2026-03-01T01:01Z
        at 2026-03-01T01:01Z
        consume a call | allowed      | calls 3
        """);
}
