using NodaTime;

namespace Weir.Storage.Tests;

/// <summary>A clock that stands still until a test moves it, with its timers: a time-out ends when the test says so.</summary>
public sealed class TimedClock(Instant now) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Timer> _timers = [];
    private Instant _now = now;

    public Instant Now
    {
        get
        {
            lock (_gate)
            {
                return _now;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => Now.ToDateTimeOffset();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Timer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves on, and lets every timer that becomes due on the way run at its own time.</summary>
    public void Advance(Duration duration)
    {
        Instant end = Now + duration;
        while (Next(end) is { } timer)
        {
            timer.Run();
        }

        lock (_gate)
        {
            _now = end;
        }
    }

    private Timer? Next(Instant end)
    {
        lock (_gate)
        {
            Timer? next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
            if (next is not null)
            {
                _now = next.Due > _now ? next.Due : _now;
                next.Due = next.Period > Duration.Zero ? next.Due + next.Period : Instant.MaxValue;
            }

            return next;
        }
    }

    private sealed class Timer(TimedClock clock, TimerCallback callback, object? state) : ITimer
    {
        public Instant Due { get; set; } = Instant.MaxValue;

        public Duration Period { get; private set; }

        public void Run() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
                Due = dueTime < TimeSpan.Zero ? Instant.MaxValue : clock._now + Duration.FromTimeSpan(dueTime);
                Period = period > TimeSpan.Zero ? Duration.FromTimeSpan(period) : Duration.Zero;
                clock._timers.Add(this);
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
