namespace Weir.Engine.Tests;

public sealed class EventTypeSpecs
{
    public static TheoryData<string, string> Charges => SpecTable.Rows("""
        events: { e: { charges: { tokens: 1 } } }
            /events/e/charges/tokens 4:27 'tokens' is not a meter of this catalog; meters: 'credits', 'calls', 'storage' and 'cost'.
        events: { e: { charges: { cost: 1 } } }
            /events/e/charges/cost 4:27 The meter 'cost' is charged with every event's cost by itself; to charge another meter with it, write cost: true there.
        events: { e: { charges: { calls: -1 } } }
            /events/e/charges/calls 4:34 A charge must be a number from 0 to 1000000000000000; this is -1.
        events: { e: { charges: { calls: 1.5 } } }
            /events/e/charges/calls 4:34 A charge of 1.5 has more decimal places than the meter 'calls' keeps (0), so it could not be charged; give the charge rounding: nearest or up.
        events: { e: { charges: { calls: "1" } } }
            /events/e/charges/calls 4:34 A charge must be a number or a mapping; this is the text '1'.
        events: { e: { charges: { calls: 1000000000000001 } } }
            /events/e/charges/calls 4:34 A charge must be a number from 0 to 1000000000000000; this is 1000000000000001.
        events: { e: { charges: { calls: {} } } }
            /events/e/charges/calls 4:34 This charge adds nothing: give it base, per, bonuses or cost: true.
        events: { e: { charges: { calls: { multiplier: { property: n } } } } }
            /events/e/charges/calls 4:34 This charge adds nothing: give it base, per, bonuses or cost: true.
        events: { e: { charges: { calls: { base: 0.5 } } } }
            /events/e/charges/calls/base 4:42 A base of 0.5 has more decimal places than the meter 'calls' keeps (0), so it could not be charged; give the charge rounding: nearest or up.
        events: { e: { charges: { calls: { base: 0.5, rounding: up } } } }
        events: { e: { charges: { calls: { base: 0.5, multiplier: { property: n } } } } }
        events: { e: { charges: { calls: { base: 1, rounding: down } } } }
            /events/e/charges/calls/rounding 4:55 Rounding must be one of 'exact', 'nearest' and 'up'; this is the text 'down'.
        events: { e: { charges: { calls: { base: 1, bonuses: { echo: -1 } } } } }
            /events/e/charges/calls/bonuses/echo 4:62 A bonus must be a number from 0 to 1000000000000000; this is -1.
        events: { e: { charges: { calls: { base: 1, bonuses: { echo: 0.5, deep: 1 } } } } }
            /events/e/charges/calls/bonuses/echo 4:62 A bonus of 0.5 has more decimal places than the meter 'calls' keeps (0), so it could not be charged; give the charge rounding: nearest or up.
        events: { e: { charges: { calls: { base: 1, bonuses: [echo] } } } }
            /events/e/charges/calls/bonuses 4:54 Bonuses must be a mapping from names to values; this is a list.
        events: { e: { charges: { calls: { base: 1, multiplier: { min: 1 } } } } }
            /events/e/charges/calls/multiplier/property 4:57 'property' is required in a multiplier: the name of a property with a number.
        events: { e: { charges: { calls: { base: 1, multiplier: { property: n, min: 3, max: 1 } } } } }
            /events/e/charges/calls/multiplier/max 4:85 The multiplier's max must be at least its min 3; this is 1.
        events: { e: { charges: { calls: { base: 1, multiplier: { property: n, min: -1 } } } } }
            /events/e/charges/calls/multiplier/min 4:77 Min must be a number of 0 or more; this is -1.
        events: { e: { charges: { calls: { base: 1, multiplier: n } } } }
            /events/e/charges/calls/multiplier 4:57 A multiplier must be a mapping (members: 'property', 'min' and 'max'); this is the text 'n'.
        events: { e: { charges: { calls: { per: { unit: 60, amount: 1 } } } } }
            /events/e/charges/calls/per/property 4:41 'property' is required in per: the name of a property with a number.
        events: { e: { charges: { calls: { per: { property: n, unit: 0 } } } } }
            /events/e/charges/calls/per/unit 4:62 A unit must be a number from 0.000001 to 1000000000000000; this is 0.
        events: { e: { charges: { calls: { per: { property: "a b", amount: -1 } } } } }
            /events/e/charges/calls/per/property 4:53 'a b' cannot be a property: a name is a letter or '_' followed by letters, digits, '_', '-' or '.', at most 100 characters.
            /events/e/charges/calls/per/amount 4:68 An amount must be a number from 0 to 1000000000000000; this is -1.
        events: { e: { charges: { calls: { per: [{ property: a }, { property: b, units: 2 }] } } } }
            /events/e/charges/calls/per/1/units 4:74 'units' is not a member of per (did you mean 'unit'?); allowed: 'property', 'unit' and 'amount'.
        events: { e: { charges: { calls: { bsae: 1 } } } }
            /events/e/charges/calls 4:34 This charge adds nothing: give it base, per, bonuses or cost: true.
            /events/e/charges/calls/bsae 4:36 'bsae' is not a member of a charge (did you mean 'base'?); allowed: 'base', 'per', 'multiplier', 'bonuses', 'change', 'set', 'cost' and 'rounding'.
        events: { e: { charges: { calls: [1] } } }
            /events/e/charges/calls 4:34 A charge must be a number or a mapping; this is a list.
        events: { e: { charges: [calls] } }
            /events/e/charges 4:25 Charges must be a mapping from names to values; this is a list.
        """);

    public static TheoryData<string, string> LevelCharges => SpecTable.Rows("""
        events: { e: { charges: { storage: 1 } } }
            /events/e/charges/storage 4:36 The level meter 'storage' is charged by a property: write change: { property: … } or set: { property: … }.
        events: { e: { charges: { storage: { base: 1 } } } }
            /events/e/charges/storage 4:36 A charge on the level meter 'storage' must have either change: { property: … } or set: { property: … }; this has neither.
            /events/e/charges/storage/base 4:38 'base' is not allowed here: the level meter 'storage' takes only change or set, with the property that carries the figure.
        events: { e: { charges: { storage: { change: { property: b }, set: { property: b } } } } }
            /events/e/charges/storage 4:36 A charge on the level meter 'storage' must have either change: { property: … } or set: { property: … }; this has both.
        events: { e: { charges: { storage: { change: b } } } }
            /events/e/charges/storage/change 4:46 Change must be a mapping (members: 'property'); this is the text 'b'.
        events: { e: { charges: { storage: { set: {} } } } }
            /events/e/charges/storage/set/property 4:43 'property' is required in set: the name of a property.
        events: { e: { charges: { storage: { change: { property: b }, cost: true } } } }
            /events/e/charges/storage/cost 4:63 'cost' is not allowed here: the level meter 'storage' takes only change or set, with the property that carries the figure.
        events: { e: { charges: { calls: { change: { property: b } } } } }
            /events/e/charges/calls/change 4:36 'change' is not allowed here: only level meters are changed or set, and 'calls' adds up.
        events: { e: { charges: { storage: { change: { property: b }, rounding: up } } } }
        """);

    public static TheoryData<string, string> CostCharges => SpecTable.Rows("""
        events: { e: { charges: { credits: { cost: true, base: 1 } } } }
            /events/e/charges/credits/base 4:50 'base' is not allowed here: a charge with cost: true is the event's cost and nothing else.
        events: { e: { charges: { credits: { cost: true, rounding: nearest } } } }
            /events/e/charges/credits/rounding 4:50 'rounding' is not allowed here: a charge with cost: true is always rounded up, so that a budget is never exceeded.
        events: { e: { charges: { credits: { cost: maybe, base: 1 } } } }
            /events/e/charges/credits/cost 4:44 'cost' must be true or false; this is the text 'maybe'.
        events: { e: { charges: { credits: { cost: true } } } }
        """);

    public static TheoryData<string, string> Members => SpecTable.Rows("""
        events: { e: { requires: [advanced_ai] } }
            /events/e/requires/0 4:27 'advanced_ai' is not a feature of this catalog, because no plan defines it under features; defined: 'pro'.
        events: { e: { requires: [pro, pro] } }
            /events/e/requires/1 4:32 'pro' stands twice in requires; each name is given once.
        events: { e: { requires: pro } }
        events: { e: { rate: apis } }
            /events/e/rate 4:22 'apis' is not a rate of this catalog, because neither a plan nor the workspace defines it under rates (did you mean 'api'?); defined: 'api'.
        events: { e: { rate: [api, hourly] } }
            /events/e/rate/1 4:28 'hourly' is not a rate of this catalog, because neither a plan nor the workspace defines it under rates; defined: 'api'.
        events: { e: { slot: jobs } }
            /events/e/slot 4:22 'jobs' is not a kind of slot of this catalog, because neither a plan nor the workspace defines it under slots (did you mean 'job'?); defined: 'job'.
        events: { e: { slot: [job] } }
            /events/e/slot 4:22 A kind of slot must be a text; this is a list.
        events: { e: { dimensions: [a, b, a] } }
            /events/e/dimensions/2 4:35 'a' stands twice in dimensions; each name is given once.
        events: { e: { dimensions: { a: b } } }
            /events/e/dimensions 4:28 Dimensions must be a list; this is a mapping.
        events: { e: { dimensions: [5] } }
            /events/e/dimensions/0 4:29 A dimension must be a text; this is the number 5, which becomes a text in quotes.
        events: { e: { late_commit: drop } }
            /events/e/late_commit 4:29 'late_commit' must be one of 'record', 'consume' and 'reject'; this is the text 'drop'.
        events: { e: { lateCommit: record } }
            /events/e/lateCommit 4:16 'lateCommit' is not a member of an event type (did you mean 'late_commit'?); allowed: 'description', 'category', 'endpoint', 'dimensions', 'requires', 'charges', 'slot', 'rate', 'late_commit', 'retired' and 'metadata'.
        events: { e: { category: "" } }
            /events/e/category 4:26 Category must not be blank and is at most 255 characters of Unicode without control characters or lone surrogates.
        events: { e: { endpoint: 5 } }
            /events/e/endpoint 4:26 Endpoint must be a text; this is the number 5, which becomes a text in quotes.
        events: { e: { description: "a\nb" } }
            /events/e/description 4:29 Description must not be blank and is at most 255 characters of Unicode without control characters or lone surrogates.
        events: { e: { retired: 1 } }
            /events/e/retired 4:25 'retired' must be true or false; this is the number 1.
        events: { "e e": {} }
            /events/e e 4:11 'e e' cannot name an event type: a name is a letter or '_' followed by letters, digits, '_', '-' or '.', at most 100 characters.
        events: { e: 1 }
            /events/e 4:14 An event type must be a mapping (members: 'description', 'category', 'endpoint', 'dimensions', 'requires', 'charges', 'slot', 'rate', 'late_commit', 'retired' and 'metadata'); this is the number 1.
        events: [e]
            /events 4:9 Events must be a mapping from names to values; this is a list.
        events: { e: }
        """);

    [Theory(DisplayName = "NUM-3: a charge says how it is computed and rounded")]
    [MemberData(nameof(Charges))]
    public void Charges_that_are_refused(string fragment, string errors) => SpecTable.Check(fragment, errors);

    [Theory(DisplayName = "BAL-7: a level meter takes change or set, a sum meter neither")]
    [MemberData(nameof(LevelCharges))]
    public void Level_charges(string fragment, string errors) => SpecTable.Check(fragment, errors);

    [Theory(DisplayName = "NUM-4: a meter charged with the event's cost rounds up")]
    [MemberData(nameof(CostCharges))]
    public void Cost_charges(string fragment, string errors) => SpecTable.Check(fragment, errors);

    [Theory(DisplayName = "CAT-1: an event type names only what the catalog defines")]
    [MemberData(nameof(Members))]
    public void Members_that_are_refused(string fragment, string errors) => SpecTable.Check(fragment, errors);
}
