namespace Weir.PostgreSql;

/// <summary>
/// The database's time on a node (TX-3): what the database said last, and what has passed since by a timer that nobody sets. The clock of
/// the node's machine may be wrong by hours and may be set while it runs. Until the database has said anything, it is that clock.
/// </summary>
internal sealed class DatabaseClock(TimeProvider node) : TimeProvider, IAsyncDisposable
{
    /// <summary>How often the database is asked: timers of machines differ by less than a millisecond in between.</summary>
    private static readonly TimeSpan s_ask = TimeSpan.FromSeconds(10);

    /// <summary>A slower answer says less than what is known, unless nothing is.</summary>
    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(500);

    private volatile Reading? _last;
    private Timer? _asking;

    public override DateTimeOffset GetUtcNow() => _last is { } last ? last.Time + GetElapsedTime(last.Stamp) : node.GetUtcNow();

    /// <param name="time">What the database said.</param>
    /// <param name="asked">When it was asked, as a timestamp of this clock.</param>
    /// <param name="answered">When the answer came.</param>
    public void Saw(DateTimeOffset time, long asked, long answered)
    {
        if (_last is null || GetElapsedTime(asked, answered) < s_slow)
        {
            _last = new Reading(time, asked + ((answered - asked) / 2));
        }
    }

    /// <summary>Asks the database for its time, now and from time to time.</summary>
    public async Task FollowAsync(Func<CancellationToken, Task<DateTimeOffset>> ask, CancellationToken cancellationToken)
    {
        await AskAsync(ask, cancellationToken);
        _asking ??= new Timer(_ => _ = AskAgainAsync(ask), null, s_ask, s_ask);
    }

    public ValueTask DisposeAsync() => _asking?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task AskAsync(Func<CancellationToken, Task<DateTimeOffset>> ask, CancellationToken cancellationToken)
    {
        long asked = GetTimestamp();
        DateTimeOffset time = await ask(cancellationToken);
        Saw(time, asked, GetTimestamp());
    }

    private async Task AskAgainAsync(Func<CancellationToken, Task<DateTimeOffset>> ask)
    {
        try
        {
            await AskAsync(ask, CancellationToken.None);
        }
        catch (Exception exception) when (exception is StoreUnavailableException or ObjectDisposedException)
        {
            // Until the next time, what was said last goes on.
        }
    }

    private sealed record Reading(DateTimeOffset Time, long Stamp);
}
