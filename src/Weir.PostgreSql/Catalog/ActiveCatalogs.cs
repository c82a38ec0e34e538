using System.Collections.Concurrent;

namespace Weir.PostgreSql;

/// <summary>
/// The active catalog version of each workspace as it was seen: every request asks for it, and a new version has to act on every node within
/// a second (CAT-1). Decisions do not rely on it: their transaction reads the version itself (TX-5).
/// </summary>
internal sealed class ActiveCatalogs(IChangeWatch changes)
{
    /// <summary>For how long a version is good while nothing is heard from the database.</summary>
    private static readonly TimeSpan s_unwatched = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<int, (int Version, Freshness Freshness)> _seen = new();

    /// <summary>Null when it must be looked up.</summary>
    public int? Find(int workspace) =>
        _seen.TryGetValue(workspace, out (int Version, Freshness Freshness) known)
        && known.Freshness.Holds(changes, new WorkspaceId(workspace), Remembered.Catalog, TimeProvider.System, s_unwatched) ? known.Version : null;

    /// <summary>To be taken before a version is looked up.</summary>
    public Freshness Now(int workspace) => Freshness.Of(changes, new WorkspaceId(workspace), Remembered.Catalog, TimeProvider.System);

    public void Saw(int workspace, int version, Freshness freshness) => _seen[workspace] = (version, freshness);

    /// <summary>As a transaction saw it a moment ago. What is known meanwhile may be newer, and stays.</summary>
    public void Saw(int workspace, int version)
    {
        if (Find(workspace) is null)
        {
            _seen[workspace] = (version, new Freshness(TimeProvider.System.GetTimestamp(), null));
        }
    }
}
