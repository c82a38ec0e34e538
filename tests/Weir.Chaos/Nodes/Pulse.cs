using System.Diagnostics;

namespace Weir.Chaos;

/// <summary>
/// Notes when this tool itself came to run late, so that its own waiting for a processor is not laid to the nodes: their answers are taken
/// by the same threads.
/// </summary>
internal sealed class Pulse : IAsyncDisposable
{
    private static readonly TimeSpan s_beat = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _end = new();
    private readonly List<(long From, long To)> _pauses = [];
    private readonly Task _beating;

    public Pulse() => _beating = Task.Run(BeatAsync);

    /// <summary>How long something took, without the pauses of this tool.</summary>
    public TimeSpan Net(long from, long to)
    {
        lock (_pauses)
        {
            return Stopwatch.GetElapsedTime(from, to)
                - TimeSpan.FromTicks(_pauses.Sum(pause => Math.Max(0, Stopwatch.GetElapsedTime(Math.Max(pause.From, from), Math.Min(pause.To, to)).Ticks)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _beating;
        _end.Dispose();
    }

    private async Task BeatAsync()
    {
        long last = Stopwatch.GetTimestamp();
        while (!_end.IsCancellationRequested)
        {
            await Task.Delay(s_beat, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
