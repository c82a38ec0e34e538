using System.Collections.Concurrent;
using System.Numerics;

namespace Weir.PostgreSql;

/// <summary>
/// How long the connections of a node keep the plans of their batches. Planning costs a batch several milliseconds; but a plan that was made
/// while a table was nearly empty may search the wrong one of its indexes, and the server plans anew by itself only when it has analysed the
/// table, minutes later. So plans are made anew after twice as many batches each time, up to a number.
/// </summary>
internal sealed class KeptPlans
{
    private const int MostBatches = 64;

    /// <summary>Connections come and go; who is forgotten only plans more often for a while.</summary>
    private const int MostConnections = 10_000;

    private readonly ConcurrentDictionary<int, int> _batches = new();

    /// <summary>Whether the connection should plan anew before its next batch, which is counted.</summary>
    /// <param name="connection">The number of the server's process.</param>
    public bool AreOld(int connection)
    {
        if (_batches.Count > MostConnections)
        {
            _batches.Clear();
        }

        int batches = _batches.AddOrUpdate(connection, 0, static (_, before) => before == int.MaxValue ? 0 : before + 1);
        return batches > 0 && (batches % MostBatches == 0 || BitOperations.IsPow2(batches));
    }
}
