namespace Weir.Client;

/// <summary>A hold that the client allowed without the server.</summary>
/// <param name="Units">What was taken for it of the policy's amount.</param>
/// <param name="MayHaveArrived">The server may hold it too.</param>
internal sealed record AloneHold(UsageEvent Event, OutagePolicy Policy, decimal Units, DateTimeOffset ExpiresAt, bool MayHaveArrived);

/// <summary>The holds that the client allowed without the server, until they end. They are no more than this process remembers.</summary>
internal sealed class AloneHolds(int most, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, AloneHold> _holds = new(StringComparer.Ordinal);

    public AloneHold? Find(string id)
    {
        lock (_gate)
        {
            return _holds.GetValueOrDefault(id);
        }
    }

    /// <returns>False when there is no room even without those that have run out, or another was first.</returns>
    public bool TryAdd(string id, AloneHold hold)
    {
        lock (_gate)
        {
            if (_holds.Count >= most)
            {
                DateTimeOffset now = time.GetUtcNow();
                foreach (string over in _holds.Where(entry => entry.Value.ExpiresAt <= now).Select(entry => entry.Key).ToList())
                {
                    _holds.Remove(over);
                }
            }

            return _holds.Count < most && _holds.TryAdd(id, hold);
        }
    }

    /// <returns>False when it has ended meanwhile.</returns>
    public bool TryReplace(string id, AloneHold hold)
    {
        lock (_gate)
        {
            if (!_holds.ContainsKey(id))
            {
                return false;
            }

            _holds[id] = hold;
            return true;
        }
    }

    public void Remove(string id)
    {
        lock (_gate)
        {
            _holds.Remove(id);
        }
    }
}
