using System.Diagnostics;

namespace Weir.Chaos;

/// <summary>
/// Notes when this tool itself, and with it likely the whole machine, came to run late, so that the machine's pauses are not laid to the
/// nodes.
/// </summary>
internal sealed class Pulse : IAsyncDisposable
{
    private static readonly TimeSpan s_beat = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _end = new();
    private readonly List<(long From, long To)> _pauses = [];
    private readonly Thread _thread;

    public Pulse()
    {
        // A thread of its own: what only waits for the thread pool is the tool's business too, but not the machine's.
        _thread = new Thread(Beat) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>How long of the time between two ticks of the stopwatch the machine stood still.</summary>
    public TimeSpan PausedIn(long from, long to)
    {
        lock (_pauses)
        {
            return TimeSpan.FromTicks(_pauses.Sum(pause => Math.Max(0, Stopwatch.GetElapsedTime(Math.Max(pause.From, from), Math.Min(pause.To, to)).Ticks)));
        }
    }

    /// <summary>How long something took, without the machine's pauses.</summary>
    public TimeSpan Net(long from, long to) => Stopwatch.GetElapsedTime(from, to) - PausedIn(from, to);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _thread.Join();
        _end.Dispose();
    }

    private void Beat()
    {
        long last = Stopwatch.GetTimestamp();
        while (!_end.Token.WaitHandle.WaitOne(s_beat))
        {
            long now = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(last, now) > 5 * s_beat)
            {
                lock (_pauses)
                {
                    _pauses.Add((last, now));
                }
            }

            last = now;
        }
    }
}
