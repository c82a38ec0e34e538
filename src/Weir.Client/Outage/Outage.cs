namespace Weir.Client;

/// <summary>
/// Whether Weir can be reached, as far as the calls of this client have shown. While it cannot, one call in each interval asks again and
/// all others are decided without waiting for a server that does not answer.
/// </summary>
internal sealed class Outage(OutageOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Account, string Budget), decimal> _taken = [];
    private DateTimeOffset? _since;
    private long _asked;

    /// <summary>Told when the server has answered again.</summary>
    public Action? Ended { get; set; }

    /// <summary>Since when Weir has not been reached; null while it can be.</summary>
    public DateTimeOffset? Since
    {
        get
        {
            lock (_gate)
            {
                return _since;
            }
        }
    }

    /// <summary>How a call may ask the server.</summary>
    /// <param name="probes">It is the one that finds out whether Weir is back: it is sent once and not repeated.</param>
    public bool MayAsk(out bool probes)
    {
        lock (_gate)
        {
            probes = _since is not null;
            if (!probes)
            {
                return true;
            }

            if (time.GetElapsedTime(_asked) < options.ProbeInterval)
            {
                return false;
            }

            _asked = time.GetTimestamp();
            return true;
        }
    }

    /// <summary>The server has answered.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_since is null)
            {
                return;
            }

            _since = null;
            _taken.Clear();
        }

        Ended?.Invoke();
    }

    /// <summary>The server has not answered, or only that it cannot.</summary>
    /// <returns>Whether this is news.</returns>
    public bool Begin()
    {
        lock (_gate)
        {
            _asked = time.GetTimestamp();
            if (_since is not null)
            {
                return false;
            }

            _since = time.GetUtcNow();
            return true;
        }
    }

    /// <summary>Takes from what an account may use without the server.</summary>
    /// <param name="keep">False only asks.</param>
    public bool TryTake(OutagePolicy policy, UsageEvent e, decimal units, bool keep)
    {
        lock (_gate)
        {
            (string, string) key = KeyOf(policy, e);
            bool known = _taken.TryGetValue(key, out decimal taken);
            // The comparison cannot overflow: both sides are at most the amount.
            if (units > policy.Amount - taken || (!known && _taken.Count >= options.MostAccounts))
            {
                return false;
            }

            if (keep)
            {
                _taken[key] = taken + units;
            }

            return true;
        }
    }

    /// <summary>Gives back what was taken for an event that did not go ahead.</summary>
    public void Return(OutagePolicy policy, UsageEvent e, decimal units)
    {
        lock (_gate)
        {
            (string, string) key = KeyOf(policy, e);
            if (_taken.TryGetValue(key, out decimal taken))
            {
                _taken[key] = Math.Max(0, taken - units);
            }
        }
    }

    private static (string Account, string Budget) KeyOf(OutagePolicy policy, UsageEvent e) => (e.Account, policy.Budget ?? e.Type);
}
