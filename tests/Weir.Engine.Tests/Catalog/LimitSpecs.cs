namespace Weir.Engine.Tests;

public sealed class LimitSpecs
{
    public static TheoryData<string, string> Figures => SpecTable.Rows("""
        plans: { free: { allowances: { credits: { limit: -1 } } } }
            /plans/free/allowances/credits/limit 5:50 A limit must be a number of 0 or more, or null for unlimited; unlimited is written null, not -1.
        plans: { free: { allowances: { credits: { limit: -2 } } } }
            /plans/free/allowances/credits/limit 5:50 A limit must be a number of 0 or more, or null for unlimited; this is -2.
        plans: { free: { allowances: { credits: {} } } }
            /plans/free/allowances/credits/limit 5:41 'limit' is required in an allowance: a number of 0 or more, or null for unlimited.
        plans: { free: { allowances: { credits: { limit: "100" } } } }
            /plans/free/allowances/credits/limit 5:50 A limit must be a number of 0 or more, or null for unlimited; this is the text '100'.
        plans: { free: { allowances: { credits: { limit: 0.001 } } } }
            /plans/free/allowances/credits/limit 5:50 A limit may have at most 2 decimal places, the scale of the meter 'credits'; this is 0.001.
        plans: { free: { allowances: { calls: { limit: 0.5 } } } }
            /plans/free/allowances/calls/limit 5:48 A limit must be a whole number, because the meter 'calls' has scale 0; this is 0.5.
        plans: { free: { allowances: { calls: { limit: 9007199254740992 } } } }
            /plans/free/allowances/calls/limit 5:48 A limit may be at most 9007199254740991, which is 2^53 - 1 smallest units; this is 9007199254740992. Unlimited is written null.
        plans: { free: { allowances: { credits: { limit: 90071992547409.92 } } } }
            /plans/free/allowances/credits/limit 5:50 A limit may be at most 90071992547409.91, which is 2^53 - 1 smallest units; this is 90071992547409.92. Unlimited is written null.
        plans: { free: { allowances: { calls: { limit: 1e40 } } } }
            /plans/free/allowances/calls/limit 5:48 A limit must be a number of 0 or more, or null for unlimited; 1e40 has more digits than the 28 that a decimal holds.
        plans: { free: { allowances: { calls: { limit: .inf } } } }
            /plans/free/allowances/calls/limit 5:48 A limit must be a number of 0 or more, or null for unlimited; this is the text '.inf'.
        plans: { free: { allowances: { calls: { limit: 0x10 } } } }
            /plans/free/allowances/calls/limit 5:48 A limit must be a number of 0 or more, or null for unlimited; this is the text '0x10'.
        plans: { free: { allowances: { calls: { limit: 0.00000000000000000000000000001 } } } }
            /plans/free/allowances/calls/limit 5:48 A limit must be a number of 0 or more, or null for unlimited; 0.00000000000000000000000000001 has more digits than the 28 that a decimal holds.
        workspace: { allowances: { cost: {} } }
            /workspace/allowances/cost/limit 6:34 'limit' is required in an allowance of the workspace: a number of 0 or more, or null for unlimited.
        plans: { free: { rates: { api: { limit: -1, per: 1m } } } }
            /plans/free/rates/api/limit 5:41 The limit of a rate must be a number of 0 or more; this is -1.
        plans: { free: { rates: { api: { limit: null, per: 1m } } } }
            /plans/free/rates/api/limit 5:32 'limit' is required in a rate: a number of 0 or more.
        plans: { free: { rates: { api: { limit: 1.5, per: 1m } } } }
            /plans/free/rates/api/limit 5:41 The limit of a rate must be a whole number of events; this is 1.5.
        plans: { free: { requests: { max_bytes: -1 } } }
            /plans/free/requests/max_bytes 5:41 A request limit must be a number of 0 or more; this is -1.
        plans: { free: { slots: { job: 0 } } }
            /plans/free/slots/job 5:32 A number of slots must be a whole number from 1 to 100000; this is 0.
        plans: { free: { slots: { job: 100001 } } }
            /plans/free/slots/job 5:32 A number of slots must be a whole number from 1 to 100000; this is 100001.
        plans: { free: { slots: { job: null } } }
            /plans/free/slots/job 5:32 A number of slots must be a whole number from 1 to 100000; this is null.
        """);

    public static TheoryData<string, string> Allowances => SpecTable.Rows("""
        plans: { free: { allowances: { credits: { limit: 5, overage: { rate: 0.01 } } } } }
            /plans/free/allowances/credits/overage 5:53 'overage' is not allowed here: a hard allowance ends at its limit; write enforcement: soft to let usage pass beyond it.
        plans: { free: { allowances: { credits: { limit: 5, enforcement: hard, ceiling: 9 } } } }
            /plans/free/allowances/credits/ceiling 5:72 'ceiling' is not allowed here: a hard allowance ends at its limit; write enforcement: soft to let usage pass beyond it.
        plans: { free: { allowances: { credits: { limit: 5, enforcement: soft, ceiling: 4.99 } } } }
            /plans/free/allowances/credits/ceiling 5:81 A ceiling must be at least the limit 5; this is 4.99.
        plans: { free: { allowances: { credits: { limit: null, enforcement: soft, ceiling: 4 } } } }
            /plans/free/allowances/credits/ceiling 5:84 A ceiling is not allowed here: the limit is unlimited.
        plans: { free: { allowances: { credits: { limit: 5, enforcement: soft, overage: {} } } } }
            /plans/free/allowances/credits/overage/rate 5:81 'rate' is required in overage: the price of one unit beyond the limit.
        plans: { free: { allowances: { credits: { limit: 5, enforcement: soft, overage: { rate: 0.0000000000001 } } } } }
            /plans/free/allowances/credits/overage/rate 5:89 An overage rate must be a number from 0 to 1000000000000000 with at most 12 decimal places; this is 0.0000000000001.
        plans: { free: { allowances: { credits: { limit: 5, enforcement: sotf, overage: { rate: 1 } } } } }
            /plans/free/allowances/credits/enforcement 5:66 Enforcement must be one of 'hard' and 'soft'; this is the text 'sotf' (did you mean 'soft'?).
        plans: { free: { allowances: { credits: { limit: 5, enforcement: soft, ceiling: 9, overage: { rate: 0.01 } } } } }
        """);

    public static TheoryData<string, string> Shapes => SpecTable.Rows("""
        plans: { free: { allowances: { credits: 100 } } }
            /plans/free/allowances/credits 5:41 An allowance must be a mapping (members: 'limit', 'per', 'scope', 'enforcement', 'ceiling', 'overage' and 'rollover'); this is the number 100.
        plans: { free: { allowances: { credit: { limit: 100 } } } }
            /plans/free/allowances/credit 5:32 'credit' is not a meter of this catalog (did you mean 'credits'?); meters: 'credits', 'calls', 'storage' and 'cost'.
        plans: { free: { allowances: { credits: { limit: 1, per: monthly } } } }
            /plans/free/allowances/credits/per 5:58 Per must be one of 'lifetime', 'hour', 'day', 'week', 'month', 'year', 'calendar-hour', 'calendar-day', 'calendar-week', 'calendar-month' and 'calendar-year'; this is the text 'monthly' (did you mean 'month'?).
        plans: { free: { allowances: { credits: { limit: 1, per: 30 } } } }
            /plans/free/allowances/credits/per 5:58 Per must be one of 'lifetime', 'hour', 'day', 'week', 'month', 'year', 'calendar-hour', 'calendar-day', 'calendar-week', 'calendar-month' and 'calendar-year'; this is the number 30.
        plans: { free: { allowances: { credits: { limit: 1, scope: team } } } }
            /plans/free/allowances/credits/scope 5:60 Scope must be one of 'account', 'user', 'campaign' and 'key'; this is the text 'team'.
        plans: { free: { allowances: { credits: { limit: 1, scope: workspace } } } }
            /plans/free/allowances/credits/scope 5:60 Scope must be one of 'account', 'user', 'campaign' and 'key'; this is the text 'workspace'.
        plans: { free: { allowances: { credits: [{ limit: 1, per: day }, { limit: 9 }, { limit: 2, per: day }] } } }
            /plans/free/allowances/credits/2 5:80 The meter 'credits' has another allowance with scope 'account' per 'day'; scope and per together must be unique.
        plans: { free: { allowances: { credits: [{ limit: 1 }, { limit: 2, per: month, scope: account }] } } }
            /plans/free/allowances/credits/1 5:56 The meter 'credits' has another allowance with scope 'account' per 'month'; scope and per together must be unique.
        plans: { free: { allowances: { credits: [{ limit: 1, per: day }, { limit: 1, per: day, scope: user }, { limit: 9, per: month }] } } }
        plans: { free: { allowances: [] } }
            /plans/free/allowances 5:30 Allowances must be a mapping from names to values; this is a list.
        plans: { free: { allowances: { credits: { limit: 1, rollover: { most: 4 } } } } }
            /plans/free/allowances/credits/rollover/most 5:65 'most' is not a member of rollover; allowed: 'max'.
        plans: { free: { allowances: { credits: { limit: 1, rollover: 4 } } } }
            /plans/free/allowances/credits/rollover 5:63 Rollover must be true, false or a mapping with the member 'max'; this is the number 4.
        plans: { free: { allowances: { credits: { limit: 1, rollover: { max: 0.001 } } } } }
            /plans/free/allowances/credits/rollover/max 5:70 Max may have at most 2 decimal places, the scale of the meter 'credits'; this is 0.001.
        plans: { free: { allowances: { credits: { limit: 1, scope: user, rollover: true } } } }
            /plans/free/allowances/credits/rollover 5:76 'rollover' is not allowed here: what rolls over is a grant, and grants belong to the whole account.
        plans: { free: { allowances: { credits: { limit: 1, per: lifetime, rollover: true } } } }
            /plans/free/allowances/credits/rollover 5:78 'rollover' is not allowed here: this allowance has no next period.
        plans: { free: { allowances: { credits: { limit: null, rollover: true } } } }
            /plans/free/allowances/credits/rollover 5:66 'rollover' is not allowed here: an unlimited allowance leaves no rest.
        workspace: { allowances: { credits: { limit: 1, scope: user } } }
            /workspace/allowances/credits/scope 6:49 'scope' is not a member of an allowance of the workspace; allowed: 'limit', 'per', 'enforcement', 'ceiling' and 'overage'.
        workspace: { allowances: { credits: { limit: 1, rollover: true } } }
            /workspace/allowances/credits/rollover 6:49 'rollover' is not a member of an allowance of the workspace; allowed: 'limit', 'per', 'enforcement', 'ceiling' and 'overage'.
        workspace: { features: { a: true } }
            /workspace/features 6:14 'features' is not a member of the workspace; allowed: 'allowances', 'slots' and 'rates'.
        """);

    public static TheoryData<string, string> Levels => SpecTable.Rows("""
        plans: { free: { allowances: { storage: { limit: 5, per: month } } } }
            /plans/free/allowances/storage/per 5:58 'per' is not allowed here: the level meter 'storage' has one balance that does not start anew.
        plans: { free: { allowances: { storage: { limit: 5, per: lifetime } } } }
        plans: { free: { allowances: { storage: { limit: 5, rollover: true } } } }
            /plans/free/allowances/storage/rollover 5:63 'rollover' is not allowed here: this allowance has no next period.
        """);

    public static TheoryData<string, string> Rates => SpecTable.Rows("""
        plans: { free: { rates: { api: { limit: 100 } } } }
            /plans/free/rates/api/per 5:32 'per' is required in a rate: the window, such as '1h'.
        plans: { free: { rates: { api: { per: 1h } } } }
            /plans/free/rates/api/limit 5:32 'limit' is required in a rate: a number of 0 or more.
        plans: { free: { rates: { api: { limit: 100, per: 0s } } } }
            /plans/free/rates/api/per 5:51 The window of a rate must be digits and one of s, m, h or d (such as '30s', '15m', '1h' or '1d'), from 1 second to 31 days; this is the text '0s'.
        plans: { free: { rates: { api: { limit: 100, per: 32d } } } }
            /plans/free/rates/api/per 5:51 The window of a rate must be digits and one of s, m, h or d (such as '30s', '15m', '1h' or '1d'), from 1 second to 31 days; this is the text '32d'.
        plans: { free: { rates: { api: { limit: 100, per: 1 h } } } }
            /plans/free/rates/api/per 5:51 The window of a rate must be digits and one of s, m, h or d (such as '30s', '15m', '1h' or '1d'), from 1 second to 31 days; this is the text '1 h'.
        plans: { free: { rates: { api: { limit: 100, per: hour } } } }
            /plans/free/rates/api/per 5:51 The window of a rate must be digits and one of s, m, h or d (such as '30s', '15m', '1h' or '1d'), from 1 second to 31 days; this is the text 'hour'.
        plans: { free: { rates: { api: { limit: 100, per: 60 } } } }
            /plans/free/rates/api/per 5:51 The window of a rate must be digits and one of s, m, h or d (such as '30s', '15m', '1h' or '1d'), from 1 second to 31 days; this is the number 60.
        plans: { free: { rates: { api: { limit: 100, per: 1h, meter: tokens } } } }
            /plans/free/rates/api/meter 5:62 'tokens' is not a meter of this catalog; meters: 'credits', 'calls', 'storage' and 'cost'.
        plans: { free: { rates: { api: { limit: 100, per: 1h, meter: storage } } } }
            /plans/free/rates/api/meter 5:62 A rate counts what adds up, and 'storage' is a level meter; name a meter of kind sum.
        plans: { free: { rates: { api: { limit: 100, per: 1h, scope: user, burst: 5 } } } }
            /plans/free/rates/api/burst 5:68 'burst' is not a member of a rate; allowed: 'limit', 'per', 'scope' and 'meter'.
        plans: { free: { rates: { api: 100 } } }
            /plans/free/rates/api 5:32 A rate must be a mapping (members: 'limit', 'per', 'scope' and 'meter'); this is the number 100.
        workspace: { rates: { api: { limit: 100, per: 1h, scope: account } } }
            /workspace/rates/api/scope 6:51 'scope' is not a member of a rate of the workspace; allowed: 'limit', 'per' and 'meter'.
        """);

    [Theory(DisplayName = "NUM-2, NUM-5: limits are 0 or more, fit the scale and 2^53 - 1; unlimited is null, never -1 or absent")]
    [MemberData(nameof(Figures))]
    public void Figures_that_are_refused(string fragment, string errors) => SpecTable.Check(fragment, errors);

    [Theory(DisplayName = "BAL-3: only a soft allowance has a ceiling and overage")]
    [MemberData(nameof(Allowances))]
    public void Enforcement(string fragment, string errors) => SpecTable.Check(fragment, errors);

    [Theory(DisplayName = "BAL-4: an allowance is an object or a list in which (scope, per) is unique")]
    [MemberData(nameof(Shapes))]
    public void Shapes_of_allowances(string fragment, string errors) => SpecTable.Check(fragment, errors);

    [Theory(DisplayName = "BAL-7: a level meter has no per")]
    [MemberData(nameof(Levels))]
    public void Level_meters(string fragment, string errors) => SpecTable.Check(fragment, errors);

    [Theory(DisplayName = "RATE-1: a rate is a number of events, or of a sum meter's units, in a window of 1 s to 31 days")]
    [MemberData(nameof(Rates))]
    public void Rates_and_windows(string fragment, string errors) => SpecTable.Check(fragment, errors);
}
