using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>The section <c>events</c>.</summary>
internal static class EventTypeReader
{
    /// <summary>To be read after plans and workspace, whose features, rates and slots the events name.</summary>
    public static List<EventType> Read(MemberSet catalog, CatalogDraft draft)
    {
        List<EventType> types = [];
        if (catalog.TryGet("events", out DocumentCursor section))
        {
            foreach (DocumentMember member in section.Entries("events", "an event type", CatalogBounds.MostEventTypes))
            {
                if (Read(section.Into(member), member.Key, draft) is { } type)
                {
                    types.Add(type);
                }
            }
        }

        return types;
    }

    private static EventType? Read(DocumentCursor cursor, string key, CatalogDraft draft)
    {
        if (cursor.IsNull)
        {
            return new EventType
            {
                Key = key,
                Dimensions = [],
                Requires = [],
                Charges = [],
                Rates = [],
                Metadata = Metadata.Empty,
                NamedProperties = draft.RequestProperties.ToFrozenSet(StringComparer.Ordinal),
            };
        }

        if (cursor.Members(
            "an event type",
            "description", "category", "endpoint", "dimensions", "requires", "charges", "slot", "rate", "late_commit",
            "retired", "metadata") is not { } members)
        {
            return null;
        }

        ImmutableArray<string> dimensions = Names(members, "dimensions", "a dimension");
        ImmutableArray<ChargeRule> charges = ChargeReader.Read(members, draft);
        return new EventType
        {
            Key = key,
            Description = members.Text("description"),
            Category = members.Text("category"),
            Endpoint = members.Text("endpoint"),
            Dimensions = dimensions,
            Requires = Defined(members, "requires", "a feature", draft.Features, "no plan defines it under features"),
            Charges = charges,
            Slot = Slot(members, draft),
            Rates = Defined(members, "rate", "a rate", draft.Rates, "neither a plan nor the workspace defines it under rates"),
            LateCommit = members.TryGet("late_commit", out DocumentCursor late)
                ? late.Choice("'late_commit'", ("record", LateCommit.Record), ("consume", LateCommit.Consume), ("reject", LateCommit.Reject))
                : LateCommit.Record,
            Retired = members.Boolean("retired"),
            Metadata = MetadataReader.Read(members),
            NamedProperties = NamedProperties(dimensions, charges, draft),
        };
    }

    private static string? Slot(MemberSet members, CatalogDraft draft)
    {
        if (!members.TryGet("slot", out DocumentCursor cursor) || cursor.Name("a kind of slot") is not { } kind)
        {
            return null;
        }

        CheckDefined(cursor, kind, draft.Slots, "a kind of slot", "neither a plan nor the workspace defines it under slots");
        return kind;
    }

    private static ImmutableArray<string> Defined(MemberSet members, string member, string what, HashSet<string> defined, string otherwise)
    {
        ImmutableArray<string> names = Names(members, member, what, cursor => CheckDefined(cursor, Text(cursor), defined, what, otherwise));
        return names;

        static string Text(DocumentCursor cursor) => ((DocumentScalar)cursor.Node).Text;
    }

    private static void CheckDefined(DocumentCursor cursor, string name, HashSet<string> defined, string what, string otherwise)
    {
        if (!defined.Contains(name))
        {
            cursor.Fail(
                $"'{name}' is not {what} of this catalog, because {otherwise}{NearestName.Suggestion(name, defined)}; defined: {DocumentCursor.List(defined)}.");
        }
    }

    /// <summary>A list of names, or one name in place of a list of one.</summary>
    private static ImmutableArray<string> Names(MemberSet members, string member, string what, Action<DocumentCursor>? check = null)
    {
        if (!members.TryGet(member, out DocumentCursor section))
        {
            return [];
        }

        IEnumerable<DocumentCursor> items = section.Node is DocumentScalar ? [section] : section.Items(member, CatalogBounds.MostNamesOfAnEvent);
        ImmutableArray<string>.Builder names = ImmutableArray.CreateBuilder<string>();
        foreach (DocumentCursor item in items)
        {
            if (item.Name(what) is not { } name)
            {
                continue;
            }

            if (names.Contains(name))
            {
                item.Fail($"'{name}' stands twice in {member}; each name is given once.");
                continue;
            }

            check?.Invoke(item);
            names.Add(name);
        }

        return names.ToImmutable();
    }

    private static FrozenSet<string> NamedProperties(ImmutableArray<string> dimensions, ImmutableArray<ChargeRule> charges, CatalogDraft draft)
    {
        HashSet<string> names = new(draft.RequestProperties, StringComparer.Ordinal);
        names.UnionWith(dimensions);
        foreach (ChargeRule charge in charges)
        {
            names.UnionWith(charge.PerUnits.Select(per => per.Property));
            names.UnionWith(charge.Bonuses.Select(bonus => bonus.Property));
            if (charge.Multiplier is { } multiplier)
            {
                names.Add(multiplier.Property);
            }

            if ((charge.ChangeProperty ?? charge.SetProperty) is { } level)
            {
                names.Add(level);
            }
        }

        return names.ToFrozenSet(StringComparer.Ordinal);
    }
}
