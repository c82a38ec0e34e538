using System.Collections.Concurrent;
using System.Numerics;

namespace Weir.PostgreSql;

/// <summary>
/// How long the connections of a node keep the plans of what finds all by keys. Planning costs a batch several milliseconds; but a plan that was
/// made while a table was nearly empty may search the wrong one of its indexes, and the server plans anew by itself only when it has analysed
/// the table, minutes later. So plans are made anew after twice as many uses each time, up to a number.
/// </summary>
/// <param name="most">Uses after which the plans are made anew at the latest.</param>
internal sealed class KeptPlans(int most)
{
    /// <summary>Connections come and go; who is forgotten only plans more often for a while.</summary>
    private const int MostConnections = 10_000;

    private readonly ConcurrentDictionary<int, int> _uses = new();

    /// <summary>Whether the connection should plan anew before its next use, which is counted.</summary>
    /// <param name="connection">The number of the server's process.</param>
    public bool AreOld(int connection)
    {
        if (_uses.Count > MostConnections)
        {
            _uses.Clear();
        }

        int uses = _uses.AddOrUpdate(connection, 0, static (_, before) => before == int.MaxValue ? 0 : before + 1);
        return uses > 0 && (uses % most == 0 || BitOperations.IsPow2(uses));
    }
}
