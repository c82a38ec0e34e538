using System.Globalization;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Turns what summaries hold into what the host knows: accounts, users and campaigns by their names. Erased ones keep their random ids.
/// </summary>
internal sealed class GroupNames(IWeirStore store, WorkspaceId workspace)
{
    private readonly Dictionary<(long Account, ScopeKind Kind), IReadOnlyDictionary<long, string>> _aliases = [];
    private readonly Dictionary<long, string> _accounts = [];

    /// <summary>Whether the values of a dimension are ids inside an account.</summary>
    public static bool IsAlias(string dimension) => dimension is Dimensions.User or Dimensions.Campaign;

    public async ValueTask LearnAccountsAsync(IReadOnlyCollection<long> accounts, CancellationToken cancellationToken)
    {
        foreach ((long id, AccountProfile profile) in await store.Accounts.NamesAsync(workspace, accounts, cancellationToken))
        {
            _accounts[id] = profile.Key.Value;
        }
    }

    public string OfAccount(long account) => _accounts.TryGetValue(account, out string? key) ? key : account.ToString(CultureInfo.InvariantCulture);

    public async ValueTask<string?> OfValueAsync(long account, string dimension, string? value, CancellationToken cancellationToken)
    {
        if (value is null || !IsAlias(dimension))
        {
            return value;
        }

        ScopeKind kind = dimension == Dimensions.User ? ScopeKind.User : ScopeKind.Campaign;
        if (!_aliases.TryGetValue((account, kind), out IReadOnlyDictionary<long, string>? aliases))
        {
            aliases = await store.Accounts.AliasesAsync(workspace, account, kind, cancellationToken);
            _aliases.Add((account, kind), aliases);
        }

        return aliases.GetValueOrDefault(long.Parse(value, CultureInfo.InvariantCulture), value);
    }
}
