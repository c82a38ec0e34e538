using NodaTime;

namespace Weir.Storage.Tests;

public sealed class RetryScheduleTests
{
    private static readonly Instant s_since = Sample.Now;

    [Fact(DisplayName = "HOOK-4: waits grow fourfold to their longest, with a fifth of jitter, and the last attempt is at the end of three days")]
    public void Grows()
    {
        WebhookOptions options = new();
        List<Duration> waits = [];
        Instant now = s_since;
        while (RetrySchedule.Next(options, waits.Count + 1, s_since, now, null, 0.5) is { } next)
        {
            waits.Add(next - now);
            now = next;
        }

        Assert.Equal(s_since + Duration.FromDays(3), now);
        Assert.Equal([5, 20, 80, 320, 1280, 5120, 20_480, 21_600, 21_600], waits.Take(9).Select(wait => (int)wait.TotalSeconds));
        Assert.InRange(waits.Count, 15, 25);
    }

    [Theory(DisplayName = "HOOK-4: jitter spreads a wait evenly around itself")]
    [InlineData(0, 4.0)]
    [InlineData(0.5, 5.0)]
    [InlineData(1, 6.0)]
    public void Jitters(double chance, double seconds) =>
        Assert.Equal(Duration.FromSeconds(seconds), RetrySchedule.Next(new WebhookOptions(), 1, s_since, s_since, null, chance) - s_since);

    [Fact(DisplayName = "HOOK-4: a receiver may ask for more time, up to the longest wait and the end")]
    public void Asked()
    {
        WebhookOptions options = new();
        Assert.Equal(Duration.FromMinutes(2), RetrySchedule.Next(options, 1, s_since, s_since, Duration.FromMinutes(2), 0.5) - s_since);
        Assert.Equal(Duration.FromSeconds(5), RetrySchedule.Next(options, 1, s_since, s_since, Duration.FromSeconds(-9), 0.5) - s_since);
        Assert.Equal(Duration.FromHours(6), RetrySchedule.Next(options, 1, s_since, s_since, Duration.FromDays(400), 0.5) - s_since);
        Instant late = s_since + Duration.FromDays(3) - Duration.FromSeconds(1);
        Assert.Equal(s_since + Duration.FromDays(3), RetrySchedule.Next(options, 1, s_since, late, Duration.FromHours(1), 0.5));
        Assert.Null(RetrySchedule.Next(options, 1, s_since, s_since + Duration.FromDays(3), null, 0.5));
    }
}
