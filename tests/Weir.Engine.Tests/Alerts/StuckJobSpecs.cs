namespace Weir.Engine.Tests;

/// <summary>Which jobs are stuck, and when they are not any more.</summary>
public sealed class StuckJobSpecs
{
    private const string Jobs = """
        events:
          job: { slot: export, charges: { calls: 1 } }
          call: { charges: { calls: 1 } }
        plans: { free: { slots: { export: 3 }, alerts: [80] } }
        """;

    [Fact(DisplayName = "ALERT-2: a job with a slot is stuck after half its time without a sign of life, once, and no more when it is heard of")]
    public void HalfItsTime() => Story.Tells(
        Jobs,
        """
        reserve a job ttl=10m as j      | held      | calls 0 held 1; slot export#1
        after 299s
        silence a                       | none      |
        after 1s
        silence a                       | stuck     | alert job 1
        silence a                       | none      |
        after 60s
        extend j ttl=10m                | held      | until 2026-03-01T00:16Z
        after 9m
        silence a                       | none      |
        """);

    [Fact(DisplayName = "ALERT-2: nobody is stuck within a minute, nor without a slot, nor after the end")]
    public void NotStuck() => Story.Tells(
        Jobs,
        """
        reserve a job ttl=61s as j      | held      | calls 0 held 1; slot export#1
        reserve a job ttl=60s as k      | held      | calls 0 held 2; slot export#2
        reserve a call ttl=10m as c     | held      | calls 0 held 3
        after 59s
        silence a                       | none      |
        after 1s
        silence a                       | stuck     | alert job 1
        after 1s
        silence a                       | none      |
        after 8m
        silence a                       | none      |
        """);

    [Fact(DisplayName = "ALERT-2: the end of a job, whatever it is, resolves its alert")]
    public void Ends() => Story.Tells(
        Jobs,
        """
        reserve a job ttl=5m as j       | held      | calls 0 held 1; slot export#1
        reserve a job ttl=5m as k       | held      | calls 0 held 2; slot export#2
        reserve a job ttl=5m as l       | held      | calls 0 held 3; slot export#3
        after 200s
        silence a                       | stuck     | alert job 1; alert job 2; alert job 3
        commit j                        | committed | calls 1 held 2; alert job 1 over: ended
        release k                       | released  | calls 1 held 1; alert job 2 over: ended
        after 5m
        expire l                        | expired   | calls 1 held 0; alert job 3 over: ended
        """);

    [Fact(DisplayName = "ALERT-3: an hour is unusual above three times the median, six deviations, and half again the busiest of its weekday")]
    public void MostUsual()
    {
        static long? Of(params long[] history) => UnusualUsage.MostUsual(history);
        static long[] Same(long count, int days = UnusualUsage.Days) => [.. Enumerable.Repeat(count, days)];

        Assert.Null(Of(Same(1_000, 6)));
        Assert.Equal(3_000, Of(Same(1_000, 7)));
        Assert.Equal(100, Of(Same(0)));
        Assert.Equal(100, Of(Same(33)));
        Assert.Equal(300, Of(Same(100)));

        // A single day, however strange, moves it only where it was on the same weekday.
        long[] strange = Same(100);
        strange[3] = 1_000_000;
        Assert.Equal(300, Of(strange));
        strange[3] = 100;
        strange[13] = 1_000;
        Assert.Equal(1_500, Of(strange));

        // Work on Mondays only: the other days are nothing, and the next Monday is as it was.
        Assert.Equal(750, Of([.. Enumerable.Range(1, 28).Select(day => day % 7 == 0 ? 500L : 0)]));

        // Hours that vary widely: median 500, deviations of 250, so 500 + 6 × 1.4826 × 250.
        Assert.Equal(2_723, Of([.. Enumerable.Range(0, 28).Select(day => day / 2 % 2 == 0 ? 250L : 750L)]));
    }
}
