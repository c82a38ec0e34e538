using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>The catalog versions that a batch of decisions needs; a version never changes (TX-5).</summary>
public sealed class CatalogBook(int activeVersion, ImmutableDictionary<int, Catalog> versions)
{
    public int ActiveVersion { get; } = activeVersion;

    public Catalog Active { get; } = versions[activeVersion];

    public ImmutableDictionary<int, Catalog> Versions { get; } = versions;

    /// <summary>The catalog whose plans hold for an account at a time: the version that it is pinned to then, else the active one (PLAN-1).</summary>
    public Catalog CatalogOf(Account account, Instant now) => CatalogOf(account.SubscriptionAt(now));

    /// <summary>The account's plan at a time; the default plan where its own no longer stands in the catalog.</summary>
    public Plan PlanOf(Account account, Instant now)
    {
        Subscription subscription = account.SubscriptionAt(now);
        Catalog catalog = CatalogOf(subscription);
        return catalog.Plans.TryGetValue(subscription.Plan, out Plan? plan) ? plan : catalog.DefaultPlan;
    }

    private Catalog CatalogOf(Subscription subscription) =>
        subscription.PinnedVersion is { } pinned && Versions.TryGetValue(pinned, out Catalog? catalog) ? catalog : Active;
}
