using System.Collections.Immutable;
using System.Runtime.InteropServices;

using NodaTime;

namespace Weir.Engine;

/// <summary>
/// A sliding window in 60 sub-buckets: the current one and the 60 before it count, so that never too many pass and room
/// comes back at most 1/60 of the window late (RATE-1).
/// </summary>
/// <param name="Window">Length in microseconds.</param>
/// <param name="Newest">Number of the newest sub-bucket since the epoch.</param>
/// <param name="Counts">Counts from the newest back; trailing sub-buckets that are left out are empty.</param>
public sealed record RateWindow(long Window, long Newest, ImmutableArray<long> Counts)
{
    /// <summary>Sub-buckets of a window; one more counts, the current one.</summary>
    public const int SubBuckets = 60;

    public static RateWindow Empty(Duration window) => new(Micros(window), 0, []);

    /// <summary>The sum of the current sub-bucket and the 60 before it.</summary>
    public long Sum(Instant now)
    {
        long current = BucketAt(now);
        long sum = 0;
        for (int i = 0; i < Counts.Length; i++)
        {
            if (current - (Newest - i) <= SubBuckets)
            {
                sum += Counts[i];
            }
        }

        return sum;
    }

    /// <summary>The window with <paramref name="amount"/> counted at <paramref name="now"/>; a time before the newest sub-bucket counts in the newest.</summary>
    public RateWindow Add(Instant now, long amount)
    {
        long current = Math.Max(BucketAt(now), Newest);
        int shift = (int)Math.Min(current - Newest, SubBuckets + 1);
        int kept = Math.Min(Counts.Length, SubBuckets + 1 - shift);
        if (kept <= 0)
        {
            return this with { Newest = current, Counts = [amount] };
        }

        long[] counts = new long[kept + shift];
        Counts.AsSpan(0, kept).CopyTo(counts.AsSpan(shift));
        counts[0] += amount;
        return this with { Newest = current, Counts = ImmutableCollectionsMarshal.AsImmutableArray(counts) };
    }

    /// <summary>
    /// The window at another length, after the catalog changed it. What a sub-bucket counted is taken to have come at that sub-bucket's
    /// end: room may come back later than it could, by one of the old sub-buckets, and never too early.
    /// </summary>
    public RateWindow WithLength(Duration window, Instant now)
    {
        if (Micros(window) == Window)
        {
            return this;
        }

        RateWindow changed = Empty(window);
        for (int i = Counts.Length - 1; i >= 0; i--)
        {
            if (Counts[i] != 0)
            {
                Instant last = StartOf(Newest - i + 1) - Clock.Microsecond;
                changed = changed.Add(last < now ? last : now, Counts[i]);
            }
        }

        return changed;
    }

    /// <summary>The earliest time at which <paramref name="amount"/> more fits under <paramref name="limit"/>, or null when it never does.</summary>
    public Instant? RoomAt(Instant now, long amount, long limit)
    {
        if (amount > limit)
        {
            return null;
        }

        long sum = Sum(now);
        long current = BucketAt(now);
        Instant room = now;
        for (int i = Counts.Length - 1; i >= 0 && sum + amount > limit; i--)
        {
            long bucket = Newest - i;
            if (current - bucket <= SubBuckets)
            {
                sum -= Counts[i];
                room = StartOf(bucket + SubBuckets + 1);
            }
        }

        return room;
    }

    private long BucketAt(Instant now) => (long)((Int128)Clock.ToMicros(now) * SubBuckets / Window);

    private Instant StartOf(long bucket) => Clock.FromMicros((long)(((Int128)bucket * Window + SubBuckets - 1) / SubBuckets));

    private static long Micros(Duration window) => window.BclCompatibleTicks / 10;
}
