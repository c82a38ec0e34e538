using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>The section <c>plans</c>.</summary>
internal static class PlanReader
{
    private const string RequestPrefix = "max_";

    public static List<Plan> Read(MemberSet catalog, CatalogDraft draft)
    {
        List<Plan> plans = [];
        if (catalog.TryRequire("plans", "a mapping from keys to plans", out DocumentCursor section))
        {
            foreach (DocumentMember member in section.Entries("plans", "a plan", CatalogBounds.MostPlans))
            {
                plans.Add(Read(section.Into(member), member.Key, draft));
            }
        }

        return plans;
    }

    private static Plan Read(DocumentCursor cursor, string key, CatalogDraft draft)
    {
        // A plan without members limits nothing; an error leaves the same stand-in, so that references to it hold.
        MemberSet? members = cursor.IsNull
            ? null
            : cursor.Members(
                "a plan",
                "name", "description", "price", "allowances", "requests", "slots", "rates", "features", "alerts",
                "enforcement", "retired", "account", "metadata");
        return members is null
            ? new Plan
            {
                Key = key,
                Name = key,
                Allowances = [],
                Requests = [],
                Slots = FrozenDictionary<string, int>.Empty,
                Rates = FrozenDictionary<string, RateLimit>.Empty,
                Features = FrozenDictionary<string, PlanFeature>.Empty,
                Alerts = [],
                Metadata = Metadata.Empty,
            }
            : new Plan
            {
                Key = key,
                Name = members.Text("name") ?? key,
                Description = members.Text("description"),
                Price = Price(members),
                Allowances = AllowanceReader.Read(members, draft, ofWorkspace: false),
                Requests = Requests(members, draft),
                Slots = RateReader.Slots(members, draft),
                Rates = RateReader.Rates(members, draft, ofWorkspace: false),
                Features = Features(members, draft),
                Alerts = Alerts(members),
                Enforcement = members.TryGet("enforcement", out DocumentCursor mode) ? CatalogReader.Enforcement(mode) : null,
                Retired = members.Boolean("retired"),
                Account = members.TryGet("account", out DocumentCursor account) ? OwnAccount(account) : null,
                Metadata = MetadataReader.Read(members),
            };
    }

    /// <summary>The account that a plan is made for.</summary>
    private static string? OwnAccount(DocumentCursor cursor)
    {
        string? key = cursor.RawText("the account of a plan");
        if (key is not null && !Identifier.IsValid(key))
        {
            cursor.Fail($"'{DocumentCursor.Cut(key)}' cannot be the key of an account: it must be {Identifier.Form}.");
        }

        return key;
    }

    private static PlanPrice? Price(MemberSet plan)
    {
        if (!plan.TryGet("price", out DocumentCursor cursor) || cursor.Members("a price", "monthly", "yearly") is not { } members)
        {
            return null;
        }

        decimal? monthly = members.TryGet("monthly", out DocumentCursor month) ? month.Price("a monthly price") : null;
        decimal? yearly = members.TryGet("yearly", out DocumentCursor year) ? year.Price("a yearly price") : null;
        return new PlanPrice(monthly, yearly);
    }

    private static ImmutableArray<RequestLimit> Requests(MemberSet plan, CatalogDraft draft)
    {
        if (!plan.TryGet("requests", out DocumentCursor section))
        {
            return [];
        }

        ImmutableArray<RequestLimit>.Builder limits = ImmutableArray.CreateBuilder<RequestLimit>();
        foreach (DocumentMember member in section.Entries("request limits", "a request limit", CatalogBounds.MostEntriesOfAPlan))
        {
            string property = member.Key.StartsWith(RequestPrefix, StringComparison.Ordinal) ? member.Key[RequestPrefix.Length..] : "";
            if (!CatalogName.IsValid(property))
            {
                section.FailAt(
                    member,
                    $"'{member.Key}' is not a request limit: write max_ and the name of the property that it limits, such as 'max_file_bytes'.");
                continue;
            }

            draft.RequestProperties.Add(property);
            DocumentCursor cursor = section.Into(member);

            // Null is unlimited, as everywhere: the plan then has no limit of that name.
            if (!cursor.IsNull && cursor.NumberBetween("a request limit", 0, null) is { } most)
            {
                limits.Add(new RequestLimit(member.Key, property, most));
            }
        }

        return limits.ToImmutable();
    }

    private static FrozenDictionary<string, PlanFeature> Features(MemberSet plan, CatalogDraft draft)
    {
        Dictionary<string, PlanFeature> features = new(StringComparer.Ordinal);
        if (plan.TryGet("features", out DocumentCursor section))
        {
            foreach (DocumentMember member in section.Entries("features", "a feature", CatalogBounds.MostEntriesOfAPlan))
            {
                draft.Features.Add(member.Key);
                if (Feature(section.Into(member)) is { } value)
                {
                    features[member.Key] = new PlanFeature(member.Key, value);
                }
            }
        }

        return features.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static PropertyValue? Feature(DocumentCursor cursor)
    {
        switch (cursor.Node)
        {
            case DocumentScalar { Kind: ScalarKind.Boolean } scalar:
                return PropertyValue.Of(scalar.IsTrue);
            case DocumentScalar { Kind: ScalarKind.Number }:
                return cursor.Number("a feature", "true, false, a number or a text") is { } number ? PropertyValue.Of(number) : null;
            case DocumentScalar { Kind: ScalarKind.Text }:
                return cursor.Text("a feature") is { } text ? PropertyValue.Of(text) : null;
            default:
                cursor.Fail($"A feature must be true, false, a number or a text; this is {cursor.Describe()}.");
                return null;
        }
    }

    private static ImmutableArray<decimal> Alerts(MemberSet plan)
    {
        if (!plan.TryGet("alerts", out DocumentCursor section))
        {
            return [];
        }

        ImmutableArray<decimal>.Builder alerts = ImmutableArray.CreateBuilder<decimal>();
        foreach (DocumentCursor item in section.Items("alerts", CatalogBounds.MostAlerts))
        {
            if (item.NumberBetween("an alert, in percent,", CatalogBounds.LowestAlert, CatalogBounds.HighestAlert) is not { } percent)
            {
                continue;
            }

            if (alerts.Count > 0 && percent <= alerts[^1])
            {
                item.Fail($"Alerts must rise, each once; {percent} stands after {alerts[^1]}.");
                continue;
            }

            alerts.Add(percent);
        }

        return alerts.ToImmutable();
    }
}
