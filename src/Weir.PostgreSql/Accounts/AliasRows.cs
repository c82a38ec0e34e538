using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>The ids that stand for one user, campaign and key of an account.</summary>
internal static class AliasRows
{
    public const string Statement = "Accounts/FindAliases";

    /// <summary>Null when nothing is asked for.</summary>
    public static NpgsqlParameter[]? Parameters(AccountKey account, string? user, string? campaign, string? key)
    {
        (ScopeKind Kind, string? Name)[] named = [(ScopeKind.User, user), (ScopeKind.Campaign, campaign), (ScopeKind.Key, key)];
        (ScopeKind Kind, string? Name)[] asked = [.. named.Where(name => name.Name is not null)];
        return asked.Length == 0
            ? null
            : [Value.Texts(asked.Select(_ => account.Value)), Value.Ints([.. asked.Select(name => (int)name.Kind)]), Value.Texts(asked.Select(name => name.Name))];
    }

    public static (ScopeKind Kind, long Id) Read(NpgsqlDataReader row) => ((ScopeKind)row.Int(1), row.Long(3));

    /// <summary>What is not known is left out.</summary>
    public static Scopes ToScopes(IEnumerable<(ScopeKind Kind, long Id)> rows)
    {
        Dictionary<ScopeKind, long> ids = rows.ToDictionary();
        return new Scopes(ids.GetValueOrDefault(ScopeKind.User), ids.GetValueOrDefault(ScopeKind.Campaign), ids.GetValueOrDefault(ScopeKind.Key));
    }
}
