namespace Weir.Server.Tests;

/// <summary>Small catalogs for tests of the API.</summary>
internal static class Catalogs
{
    /// <summary>A meter <c>calls</c> with one event type <c>call</c> and a hard limit per month.</summary>
    public static string Calls(int limit) => $$"""
        name: calls
        defaultPlan: free
        meters: { calls: { unit: call } }
        events: { call: { category: api, charges: { calls: 1 } } }
        plans: { free: { allowances: { calls: { limit: {{limit}}, per: month } } } }
        """;

    /// <summary>Everything that answers can show.</summary>
    public const string Rich = """
        name: rich
        defaultPlan: free
        currency: USD
        meters:
          credits: { unit: credit, scale: 2 }
          tokens:  { unit: token }
          storage: { unit: byte, kind: level }
        events:
          diagnose:
            description: An analysis
            category: ai
            endpoint: /api/diagnose
            dimensions: [department]
            charges:
              credits: { base: 10, multiplier: { property: complexity, min: 1.0, max: 2.5 }, bonuses: { echo: 5 } }
          chat:    { category: ai, charges: { tokens: { per: { property: tokens, unit: 1, amount: 1 } } } }
          stored:  { category: storage, charges: { storage: { change: { property: bytes } } } }
          upload:  { charges: { tokens: { per: { property: file_bytes, unit: 1, amount: 1 } } } }
          premium: { requires: [advanced], charges: { credits: 1 } }
          ping:    { rate: api, charges: { tokens: 1 } }
        plans:
          free:
            name: Free Plan
            description: To try it
            price: { monthly: 0 }
            allowances:
              credits: { limit: 100, per: month }
              tokens:  [{ limit: 1000, per: month }, { limit: 300, per: day, scope: user }]
              storage: { limit: 5000 }
            requests: { max_file_bytes: 500 }
            slots: { render: 2 }
            rates: { api: { limit: 2, per: 1m, scope: user } }
            features: { advanced: false, seats: 3, label: "3 seats" }
          pro:
            name: Pro Plan
            price: { monthly: 49 }
            allowances:
              credits: { limit: 1000, per: month, enforcement: soft, ceiling: 2000, overage: { rate: 0.02 } }
              cost: { limit: 50, per: calendar-day }
            features: { advanced: true, support: true }
        workspace:
          allowances: { cost: { limit: 500, per: calendar-day } }
        """;
}
