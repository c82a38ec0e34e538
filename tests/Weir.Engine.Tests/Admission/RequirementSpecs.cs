namespace Weir.Engine.Tests;

/// <summary>What a request must fulfil beside its limits, and which plan would have allowed it.</summary>
public sealed class RequirementSpecs
{
    [Fact(DisplayName = "BAL-9: a feature that the plan lacks, or has as anything but true, denies")]
    public void Features() => Story.Tells(
        """
        events: { analyze: { requires: [ai, export], charges: { calls: 1 } } }
        plans:
          none: {}
          off:  { features: { ai: false, export: true } }
          text: { features: { ai: "yes", export: 1 } }
          full: { retired: true, features: { ai: true, export: true } }
        defaultPlan: none
        """,
        """
        account n
        account o plan=off
        account t plan=text
        account f plan=full
        consume n analyze | feature_not_in_plan | no feature ai; no feature export
        consume o analyze | feature_not_in_plan | no feature ai
        consume t analyze | feature_not_in_plan | no feature ai; no feature export
        consume f analyze | allowed             | calls 1
        """);

    [Fact(DisplayName = "BAL-9: a request limit refuses a property above it; equality and absence pass")]
    public void RequestLimits() => Story.Tells(
        "plans: { free: { requests: { max_bytes: 10.5 } } }",
        """
        consume a call bytes=10.5   | allowed                | calls 1
        consume a call bytes=10.51  | request_limit_exceeded | max_bytes 10.5, given 10.51
        consume a call              | allowed                | calls 2
        consume a call bytes=true   | property_type          | /properties/bytes
        consume a call bytes='99'   | property_type          | /properties/bytes
        record a call bytes=11      | recorded               | calls 3
        """);

    [Fact(DisplayName = "BAL-9: a suspended account is denied everything but records")]
    public void Suspended() => Story.Tells(
        "",
        """
        consume a call           | allowed           | calls 1
        change a suspended=true  | changed           |
        consume a call           | account_suspended | suspended
        best_effort a call       | account_suspended | suspended
        record a call            | recorded          | calls 2
        change a suspended=false | changed           |
        consume a call           | allowed           | calls 3
        """);

    [Fact(DisplayName = "BAL-11: advice is the cheapest plan, not retired, that would have allowed this very request")]
    public void Advice() => Story.Tells(
        """
        plans:
          free:     { price: { monthly: 0 }, allowances: { credits: { limit: 100 } } }
          custom:   { allowances: { credits: { limit: null } } }
          pro:      { price: { monthly: 49, yearly: 490 }, allowances: { credits: { limit: 5000 } } }
          starter:  { price: { monthly: 19 }, allowances: { credits: { limit: 1000 } } }
          old:      { price: { monthly: 5 }, retired: true, allowances: { credits: { limit: 9000 } } }
          annual:   { price: { yearly: 120 }, allowances: { credits: { limit: 200 } } }
        """,
        """
        consume a use n=95     | allowed        | credits 95 of 100
        consume a use n=25     | limit_exceeded | credits wants 25, used 95 of 100, leaves 5 until 2026-04-01; advice annual credits 200
        consume a use n=105    | limit_exceeded | credits wants 105, used 95 of 100, leaves 5 until 2026-04-01; advice annual credits 200
        consume a use n=105.01 | limit_exceeded | credits wants 105.01, used 95 of 100, leaves 5 until 2026-04-01; advice starter credits 1000
        consume a use n=1000   | limit_exceeded | credits wants 1000, used 95 of 100, leaves 5 until 2026-04-01; advice pro credits 5000
        consume a use n=9000   | limit_exceeded | credits wants 9000, used 95 of 100, leaves 5 until 2026-04-01; advice custom credits unlimited
        """);

    [Fact(DisplayName = "BAL-11: no advice where no plan would help: the workspace's limit, a suspended account, the best plan itself")]
    public void NoAdvice() => Story.Tells(
        """
        plans:
          free: { price: { monthly: 0 }, allowances: { credits: { limit: 100 } } }
          pro:  { price: { monthly: 9 }, allowances: { credits: { limit: 200 } } }
        workspace: { allowances: { credits: { limit: 300 } } }
        """,
        """
        account p plan=pro
        consume a use n=201     | limit_exceeded    | credits wants 201, used 0 of 100, leaves 100 until 2026-04-01
        consume p use n=201     | limit_exceeded    | credits wants 201, used 0 of 200, leaves 200 until 2026-04-01
        consume p use n=200     | allowed           | credits 200 of 200; credits@workspace 200 of 300
        consume a use n=101     | limit_exceeded    | credits wants 101, used 0 of 100, leaves 100 until 2026-04-01; credits@workspace wants 101, used 200 of 300, leaves 100 until 2026-04-01
        change a suspended=true | changed           |
        consume a use n=1       | account_suspended | suspended
        """);

    [Fact(DisplayName = "BAL-11: advice looks at everything that said no: features, request limits, rates, every allowance")]
    public void AdviceOnAll() => Story.Tells(
        """
        events: { use: { requires: [ai], rate: api, charges: { credits: { per: { property: n } } } } }
        plans:
          free:  { price: { monthly: 0 }, rates: { api: { limit: 1, per: 1h } }, features: { ai: true }, requests: { max_n: 10 }, allowances: { credits: [{ limit: 20, per: day }, { limit: 50 }] } }
          nofeature: { price: { monthly: 1 } }
          slow:  { price: { monthly: 2 }, features: { ai: true }, rates: { api: { limit: 1, per: 1h } } }
          small: { price: { monthly: 3 }, features: { ai: true }, requests: { max_n: 14 } }
          tight: { price: { monthly: 4 }, features: { ai: true }, allowances: { credits: { limit: 24 } } }
          right: { price: { monthly: 5 }, features: { ai: true }, allowances: { credits: [{ limit: 80 }, { limit: 40, per: day }] } }
        """,
        """
        consume a use n=10 | allowed                | credits/day 10 of 20; credits 10 of 50
        consume a use n=15 | request_limit_exceeded | max_n 10, given 15; credits/day wants 15, used 10 of 20, leaves 10 until 2026-03-02; rate api wants 1, used 1 of 1, leaves 0 until 2026-03-01T01:01Z; advice right credits 40
        consume a use n=4  | rate_limited           | rate api wants 1, used 1 of 1, leaves 0 until 2026-03-01T01:01Z; advice small
        """);

    [Fact(DisplayName = "BAL-11: for best_effort a plan helps where it leaves something of every charge")]
    public void AdviceForBestEffort() => Story.Tells(
        """
        plans:
          free:  { price: { monthly: 0 }, allowances: { credits: { limit: 100 } } }
          plus:  { price: { monthly: 1 }, allowances: { credits: { limit: 101 } } }
        """,
        """
        best_effort a use n=150 | allowed        | credits 100 of 100; credits cut from 150 to 100
        best_effort a use n=150 | limit_exceeded | credits wants 150, used 100 of 100, leaves 0 until 2026-04-01; advice plus credits 101
        """);

    [Fact(DisplayName = "BAL-11: an account's own override would stand under the other plan too")]
    public void AdviceUnderOverride() => Story.Tells(
        """
        plans:
          free: { price: { monthly: 0 }, allowances: { credits: { limit: 100 } } }
          pro:  { price: { monthly: 9 }, allowances: { credits: { limit: 500 } } }
        """,
        """
        override a credits 50                   | changed        |
        consume a use n=51                      | limit_exceeded | credits wants 51, used 0 of 50, leaves 50 until 2026-04-01
        override a credits none                 | changed        |
        consume a use n=101                     | limit_exceeded | credits wants 101, used 0 of 100, leaves 100 until 2026-04-01; advice pro credits 500
        """);
}
