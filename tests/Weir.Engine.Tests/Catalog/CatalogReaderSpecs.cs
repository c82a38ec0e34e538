using NodaTime;

namespace Weir.Engine.Tests;

public sealed class CatalogReaderSpecs
{
    [Fact(DisplayName = "BAL-4: a sum meter without per is counted by the month, a list keeps its order")]
    public void Allowances_are_frozen()
    {
        Plan plan = SpecTable.Catalog(
            "plans: { free: { allowances: { credits: { limit: 1.25 }, calls: [{ limit: 10, per: day, scope: user }, { limit: null, per: lifetime }], storage: { limit: 0 } } } }").DefaultPlan;
        Assert.Equal(
            [
                ("credits", ScopeKind.Account, Per.Month, (long?)125),
                ("calls", ScopeKind.User, Per.Day, 10),
                ("calls", ScopeKind.Account, Per.Lifetime, null),
                ("storage", ScopeKind.Account, Per.Lifetime, 0),
            ],
            plan.Allowances.Select(allowance => (allowance.Meter.Key, allowance.Scope, allowance.Per, allowance.Limit?.Units)));
        Assert.All(plan.Allowances, allowance => Assert.Equal(LimitEnforcement.Hard, allowance.Enforcement));
    }

    [Theory(DisplayName = "NUM-2: the largest limit is 2^53 - 1 smallest units, at every scale")]
    [InlineData(0, "9007199254740991")]
    [InlineData(2, "90071992547409.91")]
    [InlineData(9, "9007199.254740991")]
    [InlineData(9, "9007199254740991e-9")]
    public void Largest_limit(int scale, string limit)
    {
        string text = $"{{\"defaultPlan\":\"p\",\"meters\":{{\"m\":{{\"scale\":{scale}}}}},\"plans\":{{\"p\":{{\"allowances\":{{\"m\":{{\"limit\":{limit}}}}}}}}}}}";
        CatalogResult result = CatalogText.Read(text, CatalogFormat.Json);
        Assert.Equal("", SpecTable.Text(result));
        Assert.Equal(Quantity.LargestLimitUnits, result.Catalog!.DefaultPlan.Allowances[0].Limit!.Value.Units);
    }

    [Theory(DisplayName = "GRANT-3: rollover is all of the rest or at most a figure")]
    [InlineData("true", null)]
    [InlineData("{}", null)]
    [InlineData("{ max: null }", null)]
    [InlineData("{ max: 2.5 }", 250L)]
    public void Rollover_is_frozen(string written, long? max)
    {
        Catalog catalog = SpecTable.Catalog($"plans: {{ free: {{ allowances: {{ credits: {{ limit: 5, rollover: {written} }} }} }} }}");
        Assert.Equal(max, catalog.DefaultPlan.Allowances[0].Rollover!.Max?.Units);
    }

    [Fact(DisplayName = "GRANT-3: without rollover nothing rolls over")]
    public void No_rollover() =>
        Assert.Null(SpecTable.Catalog("plans: { free: { allowances: { credits: { limit: 5, rollover: false } } } }").DefaultPlan.Allowances[0].Rollover);

    [Theory(DisplayName = "RATE-1: windows are read to the second")]
    [InlineData("1s", 1)]
    [InlineData("15m", 900)]
    [InlineData("1h", 3_600)]
    [InlineData("31d", 2_678_400)]
    [InlineData("2678400s", 2_678_400)]
    public void Windows(string written, int seconds)
    {
        Catalog catalog = SpecTable.Catalog($"plans: {{ free: {{ rates: {{ api: {{ limit: 2.50, per: {written}, meter: credits, scope: campaign }} }} }} }}");
        Assert.Equal(
            new RateLimit("api", new Quantity(250), Duration.FromSeconds(seconds), ScopeKind.Campaign, catalog.Meters["credits"]),
            catalog.DefaultPlan.Rates["api"]);
    }

    [Fact(DisplayName = "NUM-4: a charge with the event's cost rounds up")]
    public void Cost_charge()
    {
        ChargeRule charge = SpecTable.Catalog("events: { e: { charges: { credits: { cost: true } } } }").Events["e"].Charges[0];
        Assert.True(charge.Cost);
        Assert.Equal(Rounding.Up, charge.Rounding);
    }

    [Fact(DisplayName = "BAL-9: a request limit of any plan names its property for every event type")]
    public void Named_properties()
    {
        CatalogResult result = CatalogText.Read(
            """
            defaultPlan: a
            meters: { m: {}, l: { kind: level } }
            plans: { a: { requests: { max_bytes: 5 } }, b: { requests: { max_pages: null } } }
            events:
              e: { dimensions: [d], charges: { m: { per: [{ property: p }, { property: q, unit: 2, amount: 0 }], multiplier: { property: f }, bonuses: { g: 1 } }, l: { set: { property: s } } } }
              n:
            """,
            CatalogFormat.Yaml);
        Assert.Equal("", SpecTable.Text(result));
        Assert.Equal("bytes d f g p pages q s", string.Join(' ', result.Catalog!.Events["e"].NamedProperties.Order(StringComparer.Ordinal)));
        Assert.Equal("bytes pages", string.Join(' ', result.Catalog.Events["n"].NamedProperties.Order(StringComparer.Ordinal)));
        Assert.Equal([new PerUnitRule("p", 1, 1), new PerUnitRule("q", 2, 0)], result.Catalog.Events["e"].Charges[0].PerUnits);
    }

    [Fact(DisplayName = "What a document leaves out has its default")]
    public void Defaults()
    {
        CatalogResult result = CatalogText.Read("{\"defaultPlan\":\"free\",\"plans\":{\"free\":{}}}", CatalogFormat.Json);
        Catalog catalog = result.Catalog!;
        Assert.Equal(("default", EnforcementMode.Enforce, true, "USD"), (catalog.Name, catalog.Enforcement, catalog.AutoCreate, catalog.Currency));
        Assert.Equal(["cost"], catalog.Meters.Keys);
        Assert.Empty(catalog.Events);
        Plan plan = catalog.DefaultPlan;
        Assert.Equal(("free", null, null, false), (plan.Name, plan.Price, plan.Enforcement, plan.Retired));
        Assert.True(plan.Allowances.IsEmpty && plan.Alerts.IsEmpty && plan.Requests.IsEmpty);
        Assert.True(catalog.Workspace.Allowances.IsEmpty && catalog.Prices.IsEmpty);
    }

    [Fact(DisplayName = "Metadata keeps numbers and booleans as texts")]
    public void Metadata_is_frozen() =>
        Assert.Equal(
            [KeyValuePair.Create("a", "1.50"), KeyValuePair.Create("b", "true"), KeyValuePair.Create("c/d", "text")],
            SpecTable.Catalog("metadata: { a: 1.50, b: True, c/d: text, e: null }").Metadata.Entries);

    [Fact(DisplayName = "CAT-1: a long document's example from the design is valid")]
    public void Example()
    {
        CatalogResult result = CatalogText.Read(
            """
            name: nexa
            enforcement: enforce
            defaultPlan: professional
            currency: EUR
            meters:
              credits:  { unit: credit, scale: 2 }
              ai_calls: { unit: call }
              storage:  { unit: byte, kind: level }
            events:
              structuring_diagnose:
                dimensions: [department]
                requires: [advanced_ai]
                charges:
                  credits:
                    base: 10
                    multiplier: { property: complexity, min: 1.0, max: 2.5 }
                    bonuses: { echo: 5, traceback: 3 }
                  ai_calls: 1
              transcription:
                slot: transcription
                rate: api
                late_commit: consume
                charges:
                  credits: { per: { property: duration_seconds, unit: 60, amount: 1 }, rounding: nearest }
              asset_stored:
                charges:
                  storage: { change: { property: bytes } }
            plans:
              professional:
                price: { monthly: 49, yearly: 490 }
                allowances:
                  credits:  { limit: 5000, per: month, enforcement: soft, ceiling: 8000, overage: { rate: 0.01 } }
                  ai_calls: { limit: 2000, per: month }
                  storage:  { limit: 5242880000 }
                  cost:     { limit: 50, per: calendar-day }
                requests: { max_file_bytes: 104857600 }
                slots:    { transcription: 5 }
                rates:    { api: { limit: 100, per: 1h, scope: user } }
                features: { advanced_ai: true, priority_support: true, seats_label: "20 seats" }
                alerts:   [80, 90, 100]
            workspace:
              allowances: { cost: { limit: 500, per: calendar-day } }
              slots:      { transcription: 20 }
            prices:
              - { provider: openai, model: gpt-4o, unit: input_tokens, per: 1000000, price: 2.50, from: 2025-10-01, source: contract }
            """,
            CatalogFormat.Yaml);
        Assert.Equal("", SpecTable.Text(result));
        Catalog catalog = result.Catalog!;
        Assert.Equal("EUR", catalog.Meters[Meter.CostKey].Unit);
        Assert.Equal(LateCommit.Consume, catalog.Events["transcription"].LateCommit);
        Assert.Equal("20 seats", catalog.DefaultPlan.Features["seats_label"].Value.Text);
        Assert.Equal(new RequestLimit("max_file_bytes", "file_bytes", 104857600), Assert.Single(catalog.DefaultPlan.Requests));
        Assert.Equal(new Quantity(50_000_000_000), catalog.DefaultPlan.Allowances[3].Limit);
    }

    [Theory(DisplayName = "The sizes of a catalog are bounded")]
    [InlineData("meters", "m{0}: {{}}", 1_001, "There may be at most 1000 meters here; these are 1001.")]
    [InlineData("events", "e{0}: {{}}", 2_001, "There may be at most 2000 events here; these are 2001.")]
    [InlineData("plans", "p{0}: {{}}", 501, "There may be at most 500 plans here; these are 501.")]
    [InlineData("metadata", "m{0}: x", 51, "Metadata may have at most 50 entries; these are 51.")]
    public void Bounds(string section, string entry, int count, string message)
    {
        string entries = string.Join(", ", Enumerable.Range(0, count).Select(i => string.Format(null, System.Text.CompositeFormat.Parse(entry), i)));
        string plans = section == "plans" ? "" : "plans: { p0: {} }\n";
        CatalogResult result = CatalogText.Read($"defaultPlan: p0\n{plans}{section}: {{ {entries} }}\n", CatalogFormat.Yaml);
        Assert.Contains(message, result.Errors.Select(error => error.Message));
    }

    [Fact(DisplayName = "The charges of an event and the length of a metadata value are bounded")]
    public void Bounds_within()
    {
        string meters = string.Join(", ", Enumerable.Range(0, 101).Select(i => $"m{i}: {{}}"));
        string charges = string.Join(", ", Enumerable.Range(0, 101).Select(i => $"m{i}: 1"));
        CatalogResult result = CatalogText.Read(
            $"defaultPlan: p\nplans: {{ p: {{}} }}\nmeters: {{ {meters} }}\nevents: {{ e: {{ charges: {{ {charges} }} }} }}\nmetadata: {{ a: {new string('x', 501)} }}\n",
            CatalogFormat.Yaml);
        Assert.Equal(
            ["There may be at most 100 charges here; these are 101.", "A value of metadata may have at most 500 characters; this has 501."],
            result.Errors.Select(error => error.Message));
    }
}
