using System.Text.Json.Nodes;

using Weir.Engine;

namespace Nexa;

/// <summary>Nexa's form of an event type, over the catalog's.</summary>
internal static class EventConfig
{
    private const string Complexity = "complexity";
    private const string AiCategory = "ai_";
    private const string AiCalls = "ai_calls";

    /// <summary>The catalog's event type with the members of a config laid over it; what the config leaves out stays.</summary>
    /// <param name="current">As the catalog has it, or null for a new one.</param>
    public static JsonObject Apply(JsonObject? current, ConfigObject config)
    {
        config.Allow("baseCredits", "description", "category", "endpoint", "multipliers");
        JsonObject type = current ?? [];
        Set(type, "description", config.Text("description"));
        Set(type, "category", config.Text("category"));
        Set(type, "endpoint", config.Text("endpoint"));
        JsonObject charges = Child(type, "charges");
        if (current is null && type["category"]?.GetValue<string>().StartsWith(AiCategory, StringComparison.Ordinal) == true)
        {
            charges[AiCalls] = 1;
        }

        if (current is null && !config.Has("baseCredits"))
        {
            config.Wrong("baseCredits", "'baseCredits' is required for a new event.");
        }

        // The short form of a charge, 'credits: 2', is only its base.
        if (charges[CreditUsage.Meter] is JsonValue number)
        {
            charges[CreditUsage.Meter] = new JsonObject { ["base"] = number.DeepClone() };
        }

        if (config.Number("baseCredits") is { } credits)
        {
            Child(charges, CreditUsage.Meter)["base"] = credits;
        }

        if (config.Object("multipliers")?.Allow(Complexity, "features") is { } multipliers)
        {
            Multiply(Child(charges, CreditUsage.Meter), multipliers);
        }

        return type;
    }

    /// <summary>An event type in Nexa's form.</summary>
    public static JsonObject Of(EventType type)
    {
        JsonObject config = new() { ["baseCredits"] = 0, ["description"] = type.Description, ["category"] = type.Category, ["endpoint"] = type.Endpoint };
        if (type.Charges.FirstOrDefault(charge => charge.Meter.Key == CreditUsage.Meter) is not { } credits)
        {
            return config;
        }

        config["baseCredits"] = credits.Base;
        JsonObject multipliers = [];
        if (credits.Multiplier is { Property: Complexity } complexity)
        {
            multipliers[Complexity] = new JsonObject { ["min"] = complexity.Min, ["max"] = complexity.Max };
        }

        if (!credits.Bonuses.IsEmpty)
        {
            multipliers["features"] = new JsonObject(credits.Bonuses.Select(bonus => KeyValuePair.Create(bonus.Property, (JsonNode?)bonus.Amount)));
        }

        if (multipliers.Count > 0)
        {
            config["multipliers"] = multipliers;
        }

        return config;
    }

    /// <summary>Where a place of the catalog stands in a request of Nexa.</summary>
    public static string Place(string pointer, string key) => pointer.Replace($"/events/{key}", "/data/config", StringComparison.Ordinal)
        .Replace("/charges/credits/multiplier", "/multipliers/complexity", StringComparison.Ordinal)
        .Replace("/charges/credits/bonuses", "/multipliers/features", StringComparison.Ordinal)
        .Replace("/charges/credits/base", "/baseCredits", StringComparison.Ordinal);

    private static void Multiply(JsonObject credits, ConfigObject multipliers)
    {
        if (multipliers.Object(Complexity)?.Allow("min", "max") is { } complexity)
        {
            JsonObject rule = new() { ["property"] = Complexity };
            Set(rule, "min", complexity.Number("min"));
            Set(rule, "max", complexity.Number("max"));
            credits["multiplier"] = rule;
            credits["rounding"] = "nearest";
        }
        else if (multipliers.Has(Complexity))
        {
            credits.Remove("multiplier");
        }

        if (multipliers.Object("features") is { } features)
        {
            JsonObject bonuses = [];
            foreach (string name in features.Names)
            {
                Set(bonuses, name, features.Number(name));
            }

            credits["bonuses"] = bonuses;
        }
        else if (multipliers.Has("features"))
        {
            credits.Remove("bonuses");
        }
    }

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child)
        {
            child = [];
            parent[name] = child;
        }

        return child;
    }

    private static void Set(JsonObject json, string name, string? value)
    {
        if (value is not null)
        {
            json[name] = value;
        }
    }

    private static void Set(JsonObject json, string name, decimal? value)
    {
        if (value is not null)
        {
            json[name] = value;
        }
    }
}
