using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Weir.Engine.Tests;

/// <summary>Everything that a catalog says, as one text, so that two catalogs can be compared.</summary>
internal static class CatalogDump
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    public static string Of(Catalog catalog) => JsonSerializer.Serialize(
        new
        {
            catalog.Name,
            Enforcement = catalog.Enforcement.ToString(),
            DefaultPlan = catalog.DefaultPlan.Key,
            catalog.AutoCreate,
            catalog.Currency,
            Meters = Sorted(catalog.Meters, meter => new { meter.Key, meter.Unit, meter.Scale, Kind = meter.Kind.ToString(), meter.Description, meter.Retired, meter.Metadata }),
            Events = catalog.EventOrder.Select(key => Event(catalog.Events[key])),
            Plans = catalog.PlanOrder.Select(key => Plan(catalog.Plans[key])),
            Workspace = new
            {
                Allowances = catalog.Workspace.Allowances.Select(Allowance),
                Slots = Sorted(catalog.Workspace.Slots, count => count),
                Rates = Sorted(catalog.Workspace.Rates, Rate),
            },
            Prices = catalog.Prices.Select(price => new { price.Provider, price.Model, price.Unit, price.Per, price.Price, From = price.From.ToString(), To = price.To?.ToString(), price.Source, price.Metadata }),
            catalog.Metadata,
        },
        s_indented);

    private static object Event(EventType type) => new
    {
        type.Key,
        type.Description,
        type.Category,
        type.Endpoint,
        type.Dimensions,
        type.Requires,
        Charges = type.Charges.Select(charge => new
        {
            Meter = charge.Meter.Key,
            charge.Base,
            charge.PerUnits,
            charge.Multiplier,
            charge.Bonuses,
            charge.ChangeProperty,
            charge.SetProperty,
            charge.Cost,
            Rounding = charge.Rounding.ToString(),
        }),
        type.Slot,
        type.Rates,
        LateCommit = type.LateCommit.ToString(),
        type.Retired,
        type.Metadata,
        NamedProperties = type.NamedProperties.Order(StringComparer.Ordinal),
    };

    private static object Plan(Plan plan) => new
    {
        plan.Key,
        plan.Name,
        plan.Description,
        plan.Price,
        Allowances = plan.Allowances.Select(Allowance),
        plan.Requests,
        Slots = Sorted(plan.Slots, count => count),
        Rates = Sorted(plan.Rates, Rate),
        Features = Sorted(plan.Features, feature => $"{feature.Value.Kind} {feature.Value}"),
        plan.Alerts,
        Enforcement = plan.Enforcement?.ToString(),
        plan.Retired,
        plan.Metadata,
    };

    private static object Allowance(Allowance allowance) => new
    {
        Meter = allowance.Meter.Key,
        Scope = allowance.Scope.Name(),
        Per = allowance.Per.Name(),
        Limit = allowance.Limit?.Units,
        Enforcement = allowance.Enforcement.ToString(),
        Ceiling = allowance.Ceiling?.Units,
        Overage = allowance.OverageRate?.Amount,
        Rollover = allowance.Rollover is { } rollover ? rollover.Max?.Units.ToString() ?? "all" : null,
    };

    private static object Rate(RateLimit rate) => new
    {
        rate.Name,
        rate.Limit.Units,
        Window = rate.Window.ToString(),
        Scope = rate.Scope.Name(),
        Meter = rate.Meter?.Key,
    };

    private static ImmutableSortedDictionary<string, object> Sorted<T>(FrozenDictionary<string, T> entries, Func<T, object> value) =>
        entries.ToImmutableSortedDictionary(entry => entry.Key, entry => value(entry.Value), StringComparer.Ordinal);
}
