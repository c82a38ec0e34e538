using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>Validates a catalog document as a whole and freezes it.</summary>
public static class CatalogReader
{
    private const string DefaultName = "default";
    private const string DefaultCurrency = "USD";

    /// <summary>The catalog of a document, or every error in it, in the order of the document.</summary>
    /// <param name="root">The tree of a parser: without duplicate members, at most <see cref="CatalogBounds.LargestDepth"/> deep.</param>
    public static CatalogResult Read(DocumentNode root)
    {
        CatalogErrors errors = new();
        Catalog? catalog = Read(new DocumentCursor(root, "", errors));
        return errors.IsEmpty ? new CatalogResult(catalog, []) : new CatalogResult(null, errors.Sorted());
    }

    private static Catalog? Read(DocumentCursor document)
    {
        if (document.Members(
            "a catalog",
            "name", "enforcement", "defaultPlan", "autoCreate", "currency", "metadata",
            "meters", "events", "plans", "workspace", "prices") is not { } members)
        {
            return null;
        }

        string currency = members.TryGet("currency", out DocumentCursor code) ? Currency(code) : DefaultCurrency;
        CatalogDraft draft = new(currency);
        MeterReader.Read(members, draft);

        // Events name the features, rates and slots of plans and of the workspace, so these are read first.
        List<Plan> plans = PlanReader.Read(members, draft);
        WorkspaceLimits workspace = WorkspaceReader.Read(members, draft);
        List<EventType> events = EventTypeReader.Read(members, draft);
        ImmutableArray<PriceOverride> prices = PriceOverrideReader.Read(members);

        Plan? defaultPlan = DefaultPlan(members, plans);
        EnforcementMode enforcement = members.TryGet("enforcement", out DocumentCursor mode) ? Enforcement(mode) : EnforcementMode.Enforce;
        string name = members.Text("name") ?? DefaultName;
        bool autoCreate = members.Boolean("autoCreate", absent: true);
        Metadata metadata = MetadataReader.Read(members);

        return defaultPlan is null
            ? null
            : new Catalog
            {
                Name = name,
                Enforcement = enforcement,
                DefaultPlan = defaultPlan,
                AutoCreate = autoCreate,
                Currency = currency,
                Meters = draft.Meters.ToFrozenDictionary(StringComparer.Ordinal),
                Events = events.ToFrozenDictionary(type => type.Key, StringComparer.Ordinal),
                Plans = plans.ToFrozenDictionary(plan => plan.Key, StringComparer.Ordinal),
                Workspace = workspace,
                Prices = prices,
                Metadata = metadata,
                PlanOrder = [.. plans.Select(plan => plan.Key)],
                EventOrder = [.. events.Select(type => type.Key)],
            };
    }

    internal static EnforcementMode Enforcement(DocumentCursor cursor) =>
        cursor.Choice("enforcement", ("enforce", EnforcementMode.Enforce), ("observe", EnforcementMode.Observe));

    private static Plan? DefaultPlan(MemberSet members, List<Plan> plans)
    {
        if (!members.TryRequire("defaultPlan", "the key of the plan that a new account gets", out DocumentCursor cursor)
            || cursor.Name("'defaultPlan'") is not { } key)
        {
            return null;
        }

        Plan? plan = plans.Find(plan => plan.Key == key);
        // Where there is no section of plans, that is the error.
        if (plan is null && members.Has("plans"))
        {
            IEnumerable<string> keys = plans.Select(one => one.Key);
            cursor.Fail($"'{key}' is not a plan of this catalog{NearestName.Suggestion(key, keys)}; plans: {DocumentCursor.List(keys)}.");
        }
        else if (plan is { Retired: true })
        {
            cursor.Fail($"The plan '{key}' is retired, so new accounts cannot get it; defaultPlan must be a plan that is not retired.");
        }

        else if (plan is { Account: not null })
        {
            cursor.Fail($"The plan '{key}' is made for one account, so new accounts cannot get it; defaultPlan must be a plan for all.");
        }

        return plan;
    }

    private static string Currency(DocumentCursor cursor)
    {
        if (cursor.Node is DocumentScalar { Kind: ScalarKind.Text, Text: { Length: 3 } text } && text.All(char.IsAsciiLetterUpper))
        {
            return text;
        }

        cursor.Fail($"Currency must be an ISO 4217 code of three capital letters such as 'USD'; this is {cursor.Describe()}.");
        return DefaultCurrency;
    }
}
