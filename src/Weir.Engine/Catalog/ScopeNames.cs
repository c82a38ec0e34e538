namespace Weir.Engine;

/// <summary>The texts of <see cref="ScopeKind"/> in catalogs and answers: <c>account</c>, <c>user</c>, <c>campaign</c>, <c>key</c>, <c>workspace</c>.</summary>
public static class ScopeNames
{
    private static readonly string[] s_names = ["account", "user", "campaign", "key", "workspace"];

    public static string Name(this ScopeKind scope) => s_names[(int)scope];

    public static bool TryParse(string? text, out ScopeKind scope)
    {
        int index = Array.IndexOf(s_names, text);
        scope = index < 0 ? default : (ScopeKind)index;
        return index >= 0;
    }

    /// <summary>The member <c>scope</c> of an allowance or a rate of a plan; the account where it is absent.</summary>
    internal static ScopeKind Read(MemberSet members) =>
        members.TryGet("scope", out DocumentCursor cursor)
            ? cursor.Choice(
                "scope",
                ("account", ScopeKind.Account),
                ("user", ScopeKind.User),
                ("campaign", ScopeKind.Campaign),
                ("key", ScopeKind.Key))
            : ScopeKind.Account;
}
