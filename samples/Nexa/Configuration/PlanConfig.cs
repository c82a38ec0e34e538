using System.Globalization;
using System.Text.Json.Nodes;

using Weir.Engine;

namespace Nexa;

/// <summary>Nexa's form of a plan, over the catalog's.</summary>
internal static class PlanConfig
{
    private const decimal BytesOfAMegabyte = 1_048_576m;

    /// <summary>How far beyond its credits a plan with an overage rate goes on.</summary>
    private const decimal Ceiling = 1.6m;

    private const string Labels = "feature_labels";

    private static readonly (string Limit, string Meter, decimal Unit, bool IsLevel)[] s_limits =
    [
        ("aiCallsPerMonth", "ai_calls", 1m, false), ("pdfExportsPerMonth", "pdf_exports", 1m, false), ("sessionLimit", "sessions", 1m, false),
        ("teamMembersLimit", "team_members", 1m, true), ("storageLimit", "storage", BytesOfAMegabyte, true),
    ];

    /// <summary>The catalog's plan with the members of a config laid over it; what the config leaves out stays, and null is no limit.</summary>
    /// <param name="current">As the catalog has it, or null for a new one.</param>
    public static JsonObject Apply(JsonObject? current, ConfigObject config, Catalog catalog)
    {
        config.Allow("displayName", "description", "monthlyCredits", "pricing", "limits", "features", "overageRate");
        JsonObject plan = current ?? [];
        if (current is null && !config.Has("monthlyCredits"))
        {
            config.Wrong("monthlyCredits", "'monthlyCredits' is required for a new plan; null is no limit.");
        }

        if (config.Text("displayName") is { } name)
        {
            plan["name"] = name;
        }

        if (config.Text("description") is { } description)
        {
            plan["description"] = description;
        }

        if (config.Object("pricing")?.Allow("monthly", "annual") is { } pricing)
        {
            JsonObject price = Child(plan, "price");
            Replace(price, "monthly", pricing, "monthly");
            Replace(price, "yearly", pricing, "annual");
        }

        Limits(Child(plan, "allowances"), config);
        if (config.Texts("features") is { } features)
        {
            plan["features"] = Features(features, catalog);
            Child(plan, "metadata")[Labels] = string.Join(", ", features);
        }

        return plan;
    }

    /// <summary>A plan in Nexa's form.</summary>
    public static JsonObject Of(Plan plan)
    {
        Allowance? credits = plan.Allowances.FirstOrDefault(allowance => allowance.Meter.Key == CreditUsage.Meter);
        JsonObject limits = [];
        foreach ((string limit, string meter, decimal unit, bool _) in s_limits)
        {
            if (plan.Allowances.FirstOrDefault(allowance => allowance.Meter.Key == meter) is { } allowance)
            {
                limits[limit] = allowance.Limit is { } quantity ? Decimals.Normalize(Math.Round(quantity.ToDecimal(allowance.Meter.Scale) / unit, 6)) : null;
            }
        }

        string? labels = plan.Metadata.Entries.FirstOrDefault(entry => entry.Key == Labels).Value;
        IEnumerable<string> features = labels?.Split(", ", StringSplitOptions.RemoveEmptyEntries)
            ?? [.. plan.Features.Values.Where(feature => feature.Value is { Kind: PropertyKind.Boolean, Boolean: true })
                .Select(feature => CultureInfo.InvariantCulture.TextInfo.ToTitleCase(feature.Name.Replace('_', ' '))).Order(StringComparer.Ordinal)];
        return new JsonObject
        {
            ["displayName"] = plan.Name,
            ["description"] = plan.Description,
            ["monthlyCredits"] = credits?.Limit?.ToDecimal(credits.Meter.Scale),
            ["pricing"] = new JsonObject { ["monthly"] = plan.Price?.Monthly, ["annual"] = plan.Price?.Yearly },
            ["limits"] = limits,
            ["features"] = new JsonArray([.. features.Select(label => (JsonNode)label)]),
            ["overageRate"] = credits?.OverageRate?.Amount ?? 0m,
        };
    }

    /// <summary>Where a place of the catalog stands in a request of Nexa.</summary>
    public static string Place(string pointer, string key)
    {
        string place = pointer.Replace($"/plans/{key}", "/data/config", StringComparison.Ordinal)
            .Replace("/allowances/credits/limit", "/monthlyCredits", StringComparison.Ordinal)
            .Replace("/allowances/credits/overage/rate", "/overageRate", StringComparison.Ordinal)
            .Replace("/price/yearly", "/pricing/annual", StringComparison.Ordinal)
            .Replace("/price/", "/pricing/", StringComparison.Ordinal);
        return s_limits.Aggregate(place, (text, limit) => text.Replace($"/allowances/{limit.Meter}/limit", $"/limits/{limit.Limit}", StringComparison.Ordinal));
    }

    private static void Limits(JsonObject allowances, ConfigObject config)
    {
        if (config.Has("monthlyCredits") || config.Has("overageRate"))
        {
            JsonObject credits = Child(allowances, CreditUsage.Meter);
            credits["per"] = "month";
            Replace(credits, "limit", config, "monthlyCredits");
            decimal? rate = config.Has("overageRate") ? config.Number("overageRate") : credits["overage"]?["rate"]?.GetValue<decimal>();
            credits.Remove("overage");
            credits.Remove("ceiling");
            credits.Remove("enforcement");
            if (rate > 0 && credits["limit"] is { } limit)
            {
                // Whoever pays for more may go on, to an end.
                credits["enforcement"] = "soft";
                credits["ceiling"] = decimal.Round(limit.GetValue<decimal>() * Ceiling, 2);
                credits["overage"] = new JsonObject { ["rate"] = rate };
            }
        }

        if (config.Object("limits")?.Allow([.. s_limits.Select(limit => limit.Limit)]) is not { } limits)
        {
            return;
        }

        foreach ((string name, string meter, decimal unit, bool isLevel) in s_limits)
        {
            if (limits.Has(name))
            {
                JsonObject allowance = Child(allowances, meter);
                allowance["limit"] = limits.Number(name) is { } number ? Decimals.Normalize(number * unit) : null;
                if (!isLevel)
                {
                    allowance["per"] = "month";
                }
            }
        }
    }

    /// <summary>The features by the catalog's names: what is listed is on, what any plan has beside it is off.</summary>
    private static JsonObject Features(IReadOnlyList<string> labels, Catalog catalog)
    {
        JsonObject features = [];
        foreach (string known in catalog.Plans.Values.SelectMany(plan => plan.Features.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            features[known] = false;
        }

        foreach (string label in labels)
        {
            features[new string([.. label.Trim().ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')])] = true;
        }

        return features;
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

    private static void Replace(JsonObject target, string name, ConfigObject source, string sourceName)
    {
        if (source.Has(sourceName))
        {
            target[name] = source.Number(sourceName);
        }
    }
}
