using NodaTime;

namespace Weir;

/// <summary>When a delivery that has failed is tried again: exponential waits with jitter, until the time is up.</summary>
internal static class RetrySchedule
{
    /// <summary>Each wait is this many times as long as the one before.</summary>
    private const int Growth = 4;

    /// <summary>A wait is up to this part shorter or longer, so that those that failed together do not come back together.</summary>
    private const double Jitter = 0.2;

    /// <summary>When to try again, or null when the time is up. The last attempt is made when it is.</summary>
    /// <param name="failures">Attempts that failed since <paramref name="since"/>.</param>
    /// <param name="askedFor">How long the receiver asked to be left alone; at most the longest wait is granted.</param>
    /// <param name="chance">From 0 to 1.</param>
    public static Instant? Next(WebhookOptions options, int failures, Instant since, Instant now, Duration? askedFor, double chance)
    {
        Instant end = since + Duration.FromTimeSpan(options.TryFor);
        if (now >= end)
        {
            return null;
        }

        double wait = Math.Min(options.FirstWait.TotalSeconds * Math.Pow(Growth, failures - 1), options.LongestWait.TotalSeconds);
        wait *= 1 - Jitter + (2 * Jitter * chance);
        if (askedFor is { } asked)
        {
            wait = Math.Max(wait, Math.Min(asked.TotalSeconds, options.LongestWait.TotalSeconds));
        }

        Instant next = now + Duration.FromMilliseconds((long)Math.Round(wait * 1000));
        return next < end ? next : end;
    }
}
