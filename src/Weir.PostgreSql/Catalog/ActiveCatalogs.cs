using System.Collections.Concurrent;
using System.Diagnostics;

namespace Weir.PostgreSql;

/// <summary>
/// The active catalog version of each workspace as it was seen a moment ago: every request asks for it, and a new version has to act on
/// every node within a second (CAT-1). Decisions do not rely on it: their transaction reads the version itself (TX-5).
/// </summary>
internal sealed class ActiveCatalogs
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<int, (int Version, long SeenAt)> _seen = new();

    /// <summary>Null when it must be looked up.</summary>
    public int? Find(int workspace) => _seen.TryGetValue(workspace, out (int Version, long SeenAt) known) && Stopwatch.GetElapsedTime(known.SeenAt) < s_fresh ? known.Version : null;

    public void Saw(int workspace, int version) => _seen[workspace] = (version, Stopwatch.GetTimestamp());
}
