using Weir.Engine;

namespace Weir.Server;

/// <summary>Makes single events as the users of Nexa would cause them. The same numbers give the same events.</summary>
internal static class DemoEvents
{
    private static readonly (string Type, int Weight)[] s_tools =
    [
        ("structuring_diagnose", 22), ("structuring_generate_solution", 10), ("visuals_planning", 12), ("visuals_sketch", 8),
        ("solutioning_image_analysis", 8), ("solutioning_ai_enhance", 10), ("solutioning_structure_solution", 6),
        ("solutioning_node_stack", 8), ("solutioning_formatting", 14), ("solutioning_hyper_canvas", 4),
        ("push_structuring_to_visuals", 8), ("push_visuals_to_solutioning", 6), ("push_solutioning_to_sow", 4), ("push_sow_to_loe", 4),
    ];

    /// <summary>Prices in dollars for a million tokens in and out; a picture costs as much as its tokens out.</summary>
    private static readonly (string Provider, string Model, decimal In, decimal Out, int Weight)[] s_models =
    [
        ("openai", "gpt-5", 1.25m, 10m, 45), ("openai", "gpt-4o", 2.50m, 10m, 20), ("anthropic", "claude-sonnet-4-5", 3m, 15m, 30),
        ("mistral", "mistral-large", 2m, 6m, 5),
    ];

    private static readonly string[] s_sources = ["web", "web", "web", "web", "web", "web", "api", "api", "mobile"];

    /// <summary>A call of a tool, or a push from one to the next; one in sixty fails and charges nothing.</summary>
    public static UsageEvent Tool(DemoAccount account, Random random)
    {
        string type = Pick(s_tools, t => t.Weight, random).Type;
        if (type.StartsWith("push_", StringComparison.Ordinal))
        {
            return New(account, type, random, [], 40, 400);
        }

        double roll = random.NextDouble();
        string status = roll < 0.012 ? "error" : roll < 0.017 ? "rate_limited" : "success";
        double weight = random.NextDouble();
        decimal complexity = Math.Round(1 + (decimal)(weight * weight * 2), 1);
        List<KeyValuePair<string, PropertyValue>> properties = [new("complexity", PropertyValue.Of(complexity))];
        if (type.StartsWith("structuring_", StringComparison.Ordinal))
        {
            properties.Add(new("echo", PropertyValue.Of(random.NextDouble() < 0.35)));
            properties.Add(new("traceback", PropertyValue.Of(random.NextDouble() < 0.2)));
        }

        (string provider, string model, decimal priceIn, decimal priceOut, _) = Pick(s_models, m => m.Weight, random);
        int tokensIn = (int)(600 * complexity) + random.Next(1, 1500);
        int tokensOut = (int)(350 * complexity) + random.Next(1, 900);
        properties.Add(new("input_tokens", PropertyValue.Of((decimal)tokensIn)));
        properties.Add(new("output_tokens", PropertyValue.Of((decimal)tokensOut)));
        UsageEvent e = New(account, type, random, properties, 900, 9000);
        bool failed = status != "success";
        return e with
        {
            Failed = failed,
            Cost = failed ? null : new GivenCost(((tokensIn * priceIn) + (tokensOut * priceOut)) / 1_000_000m, "USD"),
            Details = e.Details with { Provider = provider, Model = model, Status = status },
        };
    }

    public static UsageEvent Session(DemoAccount account, Random random) => New(account, "session_started", random, [], 20, 120);

    public static UsageEvent Export(DemoAccount account, Random random) => New(account, "pdf_export", random, [], 300, 4000);

    /// <param name="bytes">Negative when assets were removed.</param>
    public static UsageEvent Asset(DemoAccount account, long bytes, Random random) =>
        New(account, "asset_stored", random, [new("bytes", PropertyValue.Of((decimal)bytes))], 60, 900);

    public static UsageEvent Members(DemoAccount account, int members, Random random) =>
        New(account, "team_member_changed", random, [new("members", PropertyValue.Of((decimal)members))], 15, 60);

    private static UsageEvent New(DemoAccount account, string type, Random random, List<KeyValuePair<string, PropertyValue>> properties, int fastest, int slowest)
    {
        // The first people of an organization do most of the work.
        double spread = random.NextDouble();
        double latency = random.NextDouble();
        return new UsageEvent
        {
            Account = new AccountKey(account.Key),
            Type = type,
            Properties = Properties.Of(properties),
            Details = new EventDetails
            {
                User = $"user-{1 + (int)(spread * spread * account.Users)}",
                Source = s_sources[random.Next(s_sources.Length)],
                Status = "success",
                LatencyMs = fastest + (long)(latency * latency * (slowest - fastest)),
            },
        };
    }

    private static T Pick<T>(T[] choices, Func<T, int> weight, Random random)
    {
        int rest = random.Next(choices.Sum(weight));
        foreach (T choice in choices)
        {
            rest -= weight(choice);
            if (rest < 0)
            {
                return choice;
            }
        }

        return choices[^1];
    }
}
