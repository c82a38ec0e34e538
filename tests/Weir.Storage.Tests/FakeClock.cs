using NodaTime;

namespace Weir.Storage.Tests;

/// <summary>A clock that stands still until a test moves it. Timers are the system's own.</summary>
public sealed class FakeClock(Instant now) : TimeProvider
{
    private readonly Lock _gate = new();
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

        set
        {
            lock (_gate)
            {
                _now = value;
            }
        }
    }

    public void Advance(Duration duration)
    {
        lock (_gate)
        {
            _now += duration;
        }
    }

    public override DateTimeOffset GetUtcNow() => Now.ToDateTimeOffset();
}
