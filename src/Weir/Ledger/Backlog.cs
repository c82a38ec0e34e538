namespace Weir;

/// <summary>
/// Tells a load that the writer does not keep up with from many events that come at once: more commands than a bound have been open for a while,
/// without a gap.
/// </summary>
internal sealed class Backlog(int bound, TimeProvider time)
{
    /// <summary>For how long more must be open than the bound, and for how long it counts afterwards.</summary>
    private static readonly TimeSpan s_while = TimeSpan.FromSeconds(1);

    /// <summary>Fewer are open for less than that between the answers of two batches and what their callers send next.</summary>
    private static readonly TimeSpan s_gap = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private bool _isNoted;
    private long _since;
    private long _last;

    /// <summary>Whether there is one, or was within the last second.</summary>
    public bool Lasts
    {
        get
        {
            lock (_lock)
            {
                return _isNoted && time.GetElapsedTime(_since, _last) >= s_while && time.GetElapsedTime(_last) < s_while;
            }
        }
    }

    /// <param name="open">Commands that wait for their answers now.</param>
    public void Note(int open)
    {
        if (open <= bound)
        {
            return;
        }

        lock (_lock)
        {
            long now = time.GetTimestamp();
            if (!_isNoted || time.GetElapsedTime(_last, now) > s_gap)
            {
                _since = now;
            }

            (_isNoted, _last) = (true, now);
        }
    }
}
