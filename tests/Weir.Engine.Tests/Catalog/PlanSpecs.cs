namespace Weir.Engine.Tests;

public sealed class PlanSpecs
{
    public static TheoryData<string, string> Plans => SpecTable.Rows("""
        plans: { free: { price: { monthly: -1 } } }
            /plans/free/price/monthly 5:36 A monthly price must be a number from 0 to 1000000000000000 with at most 12 decimal places; this is -1.
        plans: { free: { price: { monthly: 0.0000000000001, weekly: 2 } } }
            /plans/free/price/monthly 5:36 A monthly price must be a number from 0 to 1000000000000000 with at most 12 decimal places; this is 0.0000000000001.
            /plans/free/price/weekly 5:53 'weekly' is not a member of a price; allowed: 'monthly' and 'yearly'.
        plans: { free: { price: 49 } }
            /plans/free/price 5:25 A price must be a mapping (members: 'monthly' and 'yearly'); this is the number 49.
        plans: { free: { requests: { bytes: 5 } } }
            /plans/free/requests/bytes 5:30 'bytes' is not a request limit: write max_ and the name of the property that it limits, such as 'max_file_bytes'.
        plans: { free: { requests: { max_: 5 } } }
            /plans/free/requests/max_ 5:30 'max_' is not a request limit: write max_ and the name of the property that it limits, such as 'max_file_bytes'.
        plans: { free: { requests: { max_bytes: null } } }
        plans: { free: { features: { a: null, b: [c], "d e": true } } }
            /plans/free/features/a 5:33 A feature must be true, false, a number or a text; this is null.
            /plans/free/features/b 5:42 A feature must be true, false, a number or a text; this is a list.
            /plans/free/features/d e 5:47 'd e' cannot name a feature: a name is a letter or '_' followed by letters, digits, '_', '-' or '.', at most 100 characters.
        plans: { free: { features: { a: true, b: 20, c: "20 seats" } } }
        plans: { free: { alerts: [90, 80] } }
            /plans/free/alerts/1 5:31 Alerts must rise, each once; 80 stands after 90.
        plans: { free: { alerts: [80, 80] } }
            /plans/free/alerts/1 5:31 Alerts must rise, each once; 80 stands after 80.
        plans: { free: { alerts: [0, 1001, "90"] } }
            /plans/free/alerts/0 5:27 An alert, in percent, must be a number from 1 to 1000; this is 0.
            /plans/free/alerts/1 5:30 An alert, in percent, must be a number from 1 to 1000; this is 1001.
            /plans/free/alerts/2 5:36 An alert, in percent, must be a number from 1 to 1000; this is the text '90'.
        plans: { free: { alerts: 80 } }
            /plans/free/alerts 5:26 Alerts must be a list; this is the number 80.
        plans: { free: { enforcement: off } }
            /plans/free/enforcement 5:31 Enforcement must be one of 'enforce' and 'observe'; this is the text 'off'.
        plans: { free: { name: "x\ty" } }
            /plans/free/name 5:24 Name must not be blank and is at most 255 characters of Unicode without control characters or lone surrogates.
        plans: { free: { limits: { credits: 5 } } }
            /plans/free/limits 5:18 'limits' is not a member of a plan; allowed: 'name', 'description', 'price', 'allowances', 'requests', 'slots', 'rates', 'features', 'alerts', 'enforcement', 'retired', 'account' and 'metadata'.
        plans: { free: { slots: { "a b": 1 } } }
            /plans/free/slots/a b 5:27 'a b' cannot name a kind of slot: a name is a letter or '_' followed by letters, digits, '_', '-' or '.', at most 100 characters.
        plans: { free: [] }
            /plans/free 5:16 A plan must be a mapping (members: 'name', 'description', 'price', 'allowances', 'requests', 'slots', 'rates', 'features', 'alerts', 'enforcement', 'retired', 'account' and 'metadata'); this is a list.
        plans: { free: {}, acme: { account: acme } }
        plans: { free: { account: acme } }
            /defaultPlan 2:14 The plan 'free' is made for one account, so new accounts cannot get it; defaultPlan must be a plan for all.
        plans: { free: {}, acme: { account: 5 }, other: { account: "a b" } }
            /plans/acme/account 5:37 The account of a plan must be a text; this is the number 5, which becomes a text in quotes.
            /plans/other/account 5:60 'a b' cannot be the key of an account: it must be 1 to 255 printable ASCII characters without spaces (0x21 to 0x7E).
        plans: { free: }
        plans: { paid: {} }
            /defaultPlan 2:14 'free' is not a plan of this catalog; plans: 'paid'.
        plans: { free: { retired: true } }
            /defaultPlan 2:14 The plan 'free' is retired, so new accounts cannot get it; defaultPlan must be a plan that is not retired.
        plans: {}
            /defaultPlan 2:14 'free' is not a plan of this catalog; plans: none.
        plans: null
            /plans 1:1 'plans' is required in a catalog: a mapping from keys to plans.
        """);

    public static TheoryData<string, string> Document => SpecTable.Rows("""
        defaultPlan: fre
            /defaultPlan 2:14 'fre' is not a plan of this catalog (did you mean 'free'?); plans: 'free'.
        defaultPlan: null
            /defaultPlan 1:1 'defaultPlan' is required in a catalog: the key of the plan that a new account gets.
        defaultPlan: 5
            /defaultPlan 2:14 'defaultPlan' must be a text; this is the number 5, which becomes a text in quotes.
        currency: usd
            /currency 8:11 Currency must be an ISO 4217 code of three capital letters such as 'USD'; this is the text 'usd'.
        currency: EURO
            /currency 8:11 Currency must be an ISO 4217 code of three capital letters such as 'USD'; this is the text 'EURO'.
        currency: 840
            /currency 8:11 Currency must be an ISO 4217 code of three capital letters such as 'USD'; this is the number 840.
        currency: EUR
        enforcement: strict
            /enforcement 8:14 Enforcement must be one of 'enforce' and 'observe'; this is the text 'strict'.
        autoCreate: "no"
            /autoCreate 8:13 'autoCreate' must be true or false; this is the text 'no'.
        name: 5
            /name 1:7 Name must be a text; this is the number 5, which becomes a text in quotes.
        default_plan: free
            /default_plan 8:1 'default_plan' is not a member of a catalog (did you mean 'defaultPlan'?); allowed: 'name', 'enforcement', 'defaultPlan', 'autoCreate', 'currency', 'metadata', 'meters', 'events', 'plans', 'workspace' and 'prices'.
        metadata: { a: 1, b: true, c: text, d: null, "e f": "" }
        metadata: { "": x, a: [1] }
            /metadata 8:13 '' cannot name an entry of metadata: a name is not blank, at most 100 characters, without control characters.
            /metadata/a 8:23 A value of metadata must be a text, a number or a boolean; this is a list.
        metadata: [a]
            /metadata 8:11 Metadata must be a mapping from names to texts, numbers or booleans; this is a list.
        workspace: { slots: { job: 1.5 } }
            /workspace/slots/job 6:28 A number of slots must be a whole number from 1 to 100000; this is 1.5.
        workspace: []
            /workspace 6:12 The workspace must be a mapping (members: 'allowances', 'slots' and 'rates'); this is a list.
        """);

    public static TheoryData<string, string> Prices => SpecTable.Rows("""
        prices: [{ provider: openai, model: gpt-4o, unit: input_tokens, per: 1000000, price: 2.50, from: 2025-10-01, source: contract }]
        prices: [{}]
            /prices/0/provider 7:10 'provider' is required in a price: who is paid, such as 'openai'.
            /prices/0/model 7:10 'model' is required in a price: the model as the provider names it.
            /prices/0/unit 7:10 'unit' is required in a price: what is counted, such as 'input_tokens'.
            /prices/0/price 7:10 'price' is required in a price: a number of 0 or more.
            /prices/0/from 7:10 'from' is required in a price: the first day, such as 2025-10-01.
        prices: [{ provider: open ai, model: 4, unit: "a b", per: 0, price: -1, from: 2025-13-01 }]
            /prices/0/provider 7:22 'open ai' cannot be a provider: it must be 1 to 255 printable ASCII characters without spaces (0x21 to 0x7E).
            /prices/0/model 7:38 A model must be a text; this is the number 4, which becomes a text in quotes.
            /prices/0/unit 7:47 'a b' cannot be a unit: a name is a letter or '_' followed by letters, digits, '_', '-' or '.', at most 100 characters.
            /prices/0/per 7:59 Per must be a number from 0.000001 to 1000000000000000; this is 0.
            /prices/0/price 7:69 A price must be a number from 0 to 1000000000000000 with at most 12 decimal places; this is -1.
            /prices/0/from 7:79 From must be a day written YYYY-MM-DD; this is the text '2025-13-01'.
        prices: [{ provider: p, model: m, unit: u, price: 1, per: 3, from: 2025-10-01 }]
            /prices/0/price 7:51 The price of one unit, 1 / 3, must be exact with at most 12 decimal places; give the price for another number of units.
        prices: [{ provider: p, model: m, unit: u, price: 0.0000000000001, from: 2025-10-01 }]
            /prices/0/price 7:51 A price must be a number from 0 to 1000000000000000 with at most 12 decimal places; this is 0.0000000000001.
        prices: [{ provider: p, model: m, unit: u, price: 1, from: 2025-10-01, to: 2025-10-01 }]
            /prices/0/to 7:76 The end of a price must be after its start; it holds on the days from 'from' up to, but not on, 'to'.
        prices: [{ provider: p, model: m, unit: u, price: 1, from: 20251001, currency: EUR }]
            /prices/0/from 7:60 From must be a day written YYYY-MM-DD; this is the number 20251001.
            /prices/0/currency 7:70 'currency' is not a member of a price; allowed: 'provider', 'model', 'unit', 'per', 'price', 'from', 'to', 'source' and 'metadata'.
        prices: [{ provider: p, model: m, unit: u, price: 1, from: 2025-10-01 }, { provider: p, model: m, unit: u, price: 2, from: 2025-10-01 }]
            /prices/1 7:74 There is another price of u for p m from 2025-10-01; give one of them another date or remove it.
        prices: [{ provider: p, model: m, unit: u, price: 1, from: 2025-10-01, metadata: 5 }]
            /prices/0/metadata 7:82 Metadata must be a mapping from names to texts, numbers or booleans; this is the number 5.
        prices: { openai: 5 }
            /prices 7:9 Prices must be a list; this is a mapping.
        """);

    [Theory(DisplayName = "CAT-1: every error of a plan is named with its place and what is allowed")]
    [MemberData(nameof(Plans))]
    public void Plans_that_are_refused(string fragment, string errors) => SpecTable.Check(fragment, errors);

    [Theory(DisplayName = "CAT-1: every error of the document's own members is named")]
    [MemberData(nameof(Document))]
    public void Documents_that_are_refused(string fragment, string errors) => SpecTable.Check(fragment, errors);

    [Theory(DisplayName = "NUM-4: unit prices have at most 12 decimal places")]
    [MemberData(nameof(Prices))]
    public void Prices_that_are_refused(string fragment, string errors) => SpecTable.Check(fragment, errors);
}
