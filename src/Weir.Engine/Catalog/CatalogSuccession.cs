using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>What a new version of a catalog must keep of the one before it.</summary>
public static class CatalogSuccession
{
    /// <summary>
    /// The errors for which <paramref name="next"/> cannot follow <paramref name="current"/>: a plan or a meter in use is
    /// gone or becomes another account's own, or a meter in use has another scale or kind. Empty when it can.
    /// </summary>
    /// <param name="nextRoot">The document of <paramref name="next"/>, for positions; without it they are 0.</param>
    /// <param name="plansInUse">Keys of plans that accounts have.</param>
    /// <param name="metersInUse">Keys of meters that have entries; with <c>cost</c> among them the currency is fixed.</param>
    public static ImmutableArray<CatalogError> Check(
        Catalog current, Catalog next, DocumentNode? nextRoot, IReadOnlySet<string> plansInUse, IReadOnlySet<string> metersInUse)
    {
        CatalogErrors errors = new();
        foreach (string key in current.PlanOrder)
        {
            if (!plansInUse.Contains(key))
            {
                continue;
            }

            if (!next.Plans.TryGetValue(key, out Plan? plan))
            {
                Add(errors, nextRoot, $"The plan '{key}' is in use and cannot be removed; mark it retired: true.", "plans", key);
            }
            else if (plan.Account is not null && plan.Account != current.Plans[key].Account)
            {
                Add(errors, nextRoot, $"The plan '{key}' is in use and cannot become another account's own; make a new plan for that account.", "plans", key, "account");
            }
        }

        foreach (Meter meter in current.Meters.Values.OrderBy(meter => meter.Key, StringComparer.Ordinal))
        {
            if (!metersInUse.Contains(meter.Key) || meter.Key == Meter.CostKey)
            {
                continue;
            }

            if (!next.Meters.TryGetValue(meter.Key, out Meter? successor))
            {
                Add(errors, nextRoot, $"The meter '{meter.Key}' is in use and cannot be removed; mark it retired: true.", "meters", meter.Key);
                continue;
            }

            if (successor.Scale != meter.Scale)
            {
                Add(
                    errors,
                    nextRoot,
                    $"The meter '{meter.Key}' is in use and keeps its scale {meter.Scale}, this is {successor.Scale}; mark it retired: true and define another meter.",
                    "meters", meter.Key, "scale");
            }

            if (successor.Kind != meter.Kind)
            {
                Add(
                    errors,
                    nextRoot,
                    $"The meter '{meter.Key}' is in use and keeps its kind {Word(meter.Kind)}, this is {Word(successor.Kind)}; mark it retired: true and define another meter.",
                    "meters", meter.Key, "kind");
            }
        }

        if (metersInUse.Contains(Meter.CostKey) && next.Currency != current.Currency)
        {
            Add(
                errors,
                nextRoot,
                $"Costs are recorded in {current.Currency}, so the currency stays {current.Currency}; this is {next.Currency}.",
                "currency");
        }

        return errors.Sorted();
    }

    private static string Word(MeterKind kind) => kind == MeterKind.Level ? "level" : "sum";

    /// <summary>At the member, or at the nearest one above it that the document has.</summary>
    private static void Add(CatalogErrors errors, DocumentNode? root, string message, params ReadOnlySpan<string> path)
    {
        string pointer = "";
        DocumentNode? node = root;
        DocumentPosition position = root?.Position ?? default;
        foreach (string key in path)
        {
            pointer = DocumentCursor.Below(pointer, key);
            DocumentMember? member = (node as DocumentMapping)?.Find(key);
            position = member?.KeyPosition ?? position;
            node = member?.Value;
        }

        errors.Add(pointer, position, message);
    }
}
