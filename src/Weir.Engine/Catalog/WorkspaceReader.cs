using System.Collections.Frozen;

namespace Weir.Engine;

/// <summary>The section <c>workspace</c>: limits that all accounts share.</summary>
internal static class WorkspaceReader
{
    public static WorkspaceLimits Read(MemberSet catalog, CatalogDraft draft)
    {
        if (!catalog.TryGet("workspace", out DocumentCursor cursor)
            || cursor.Members("the workspace", "allowances", "slots", "rates") is not { } members)
        {
            return new WorkspaceLimits
            {
                Allowances = [],
                Slots = FrozenDictionary<string, int>.Empty,
                Rates = FrozenDictionary<string, RateLimit>.Empty,
            };
        }

        return new WorkspaceLimits
        {
            Allowances = AllowanceReader.Read(members, draft, ofWorkspace: true),
            Slots = RateReader.Slots(members, draft),
            Rates = RateReader.Rates(members, draft, ofWorkspace: true),
        };
    }
}
