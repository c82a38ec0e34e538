using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>The catalog versions that a batch of decisions needs; a version never changes (TX-5).</summary>
public sealed class CatalogBook(int activeVersion, ImmutableDictionary<int, Catalog> versions)
{
    public int ActiveVersion { get; } = activeVersion;

    public Catalog Active { get; } = versions[activeVersion];

    public ImmutableDictionary<int, Catalog> Versions { get; } = versions;

    /// <summary>The catalog whose plans hold for an account: its pinned version, else the active one (PLAN-1).</summary>
    public Catalog CatalogOf(Account account) =>
        account.PinnedVersion is { } pinned && Versions.TryGetValue(pinned, out Catalog? catalog) ? catalog : Active;

    /// <summary>The account's plan; the default plan where its own no longer stands in the catalog.</summary>
    public Plan PlanOf(Account account)
    {
        Catalog catalog = CatalogOf(account);
        return catalog.Plans.TryGetValue(account.Plan, out Plan? plan) ? plan : catalog.DefaultPlan;
    }
}
