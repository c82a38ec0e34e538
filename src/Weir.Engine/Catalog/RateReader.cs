using System.Collections.Frozen;

using NodaTime;

namespace Weir.Engine;

/// <summary>The sections <c>rates</c> and <c>slots</c> of a plan or of the workspace.</summary>
internal static class RateReader
{
    private static readonly string[] s_ofPlan = ["limit", "per", "scope", "meter"];
    private static readonly string[] s_ofWorkspace = ["limit", "per", "meter"];

    public static FrozenDictionary<string, RateLimit> Rates(MemberSet owner, CatalogDraft draft, bool ofWorkspace)
    {
        Dictionary<string, RateLimit> rates = new(StringComparer.Ordinal);
        if (owner.TryGet("rates", out DocumentCursor section))
        {
            foreach (DocumentMember member in section.Entries("rates", "a rate", CatalogBounds.MostEntriesOfAPlan))
            {
                draft.Rates.Add(member.Key);
                if (Rate(section.Into(member), member.Key, draft, ofWorkspace) is { } rate)
                {
                    rates[member.Key] = rate;
                }
            }
        }

        return rates.ToFrozenDictionary(StringComparer.Ordinal);
    }

    public static FrozenDictionary<string, int> Slots(MemberSet owner, CatalogDraft draft)
    {
        Dictionary<string, int> slots = new(StringComparer.Ordinal);
        if (owner.TryGet("slots", out DocumentCursor section))
        {
            foreach (DocumentMember member in section.Entries("slots", "a kind of slot", CatalogBounds.MostEntriesOfAPlan))
            {
                draft.Slots.Add(member.Key);
                if (section.Into(member).Whole("a number of slots", 1, CatalogBounds.MostSlotsOfAKind) is { } count)
                {
                    slots[member.Key] = count;
                }
            }
        }

        return slots.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static RateLimit? Rate(DocumentCursor cursor, string name, CatalogDraft draft, bool ofWorkspace)
    {
        if (cursor.Members(ofWorkspace ? "a rate of the workspace" : "a rate", ofWorkspace ? s_ofWorkspace : s_ofPlan) is not { } members)
        {
            return null;
        }

        Meter? meter = null;
        if (members.TryGet("meter", out DocumentCursor meterCursor))
        {
            meter = draft.MeterNamed(meterCursor);
            if (meter is null)
            {
                return null;
            }

            if (meter.Kind == MeterKind.Level && draft.IsSound(meter))
            {
                meterCursor.Fail($"A rate counts what adds up, and '{meter.Key}' is a level meter; name a meter of kind sum.");
            }
        }

        Quantity? limit = null;
        if (members.TryRequire("limit", "a number of 0 or more", out DocumentCursor limitCursor))
        {
            limit = LimitReader.ReadFinite(limitCursor, meter, draft, "the limit of a rate");
        }

        Duration? window = null;
        if (members.TryRequire("per", "the window, such as '1h'", out DocumentCursor windowCursor))
        {
            window = LimitReader.Window(windowCursor);
        }

        ScopeKind scope = ofWorkspace ? ScopeKind.Workspace : ScopeNames.Read(members);
        return limit is { } known && window is { } length ? new RateLimit(name, known, length, scope, meter) : null;
    }
}
