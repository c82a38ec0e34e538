using FsCheck;
using FsCheck.Fluent;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>The window of 60 sub-buckets against an exact log of every time.</summary>
public sealed class RateLaws
{
    private const int Cases = 1_000;
    private const int Calls = 60;

    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 1, 0, 0);

    private static Gen<Duration> Lengths { get; } =
        from seconds in Gen.OneOf(Gen.Elements(1, 7, 60, 3_600, 86_400, 2_678_400), Gen.Choose(1, 100_000))
        select Duration.FromSeconds((long)seconds);

    private static Gen<Traffic> All { get; } =
        from length in Lengths
        from limit in Gen.Choose(0, 20)
        from calls in (from thousandths in Gen.OneOf(Gen.Choose(0, 40), Gen.Choose(0, 1_100), Gen.Constant(1_000))
                       from micros in Gen.Choose(0, 2)
                       from amount in Gen.Choose(1, 8)
                       select (thousandths, micros, amount)).ListOf(Calls)
        select new Traffic(length, limit, [.. calls.Select(c => (length * c.thousandths / 1_000, c.micros, (long)c.amount))]);

    [Fact(DisplayName = "RATE-1: never more than the limit in any real window of the length")]
    public void NeverTooMany() => Law.Holds(
        All,
        static traffic =>
        {
            foreach (Admitted call in traffic.Run())
            {
                if (call.IsAdmitted)
                {
                    Assert.True(call.LoggedSince(call.At - traffic.Length) <= traffic.Limit);
                }
            }
        },
        Cases);

    [Fact(DisplayName = "RATE-1: who is refused would have been refused by a window 1/60 longer too")]
    public void RefusedForAReason() => Law.Holds(
        All,
        static traffic =>
        {
            foreach (Admitted call in traffic.Run())
            {
                if (!call.IsAdmitted)
                {
                    Assert.True(call.LoggedSince(call.At - (traffic.Length * 61 / 60)) + call.Amount > traffic.Limit);
                }
            }
        },
        Cases);

    [Fact(DisplayName = "RATE-1: room returns at the time that is told, to the microsecond, at most 1/60 of the window late")]
    public void RoomWhenTold() => Law.Holds(
        All,
        static traffic =>
        {
            foreach (Admitted call in traffic.Run())
            {
                Instant? room = call.Before.RoomAt(call.At, call.Amount, traffic.Limit);
                Assert.Equal(call.Amount <= traffic.Limit, room is not null);
                if (room is not { } told)
                {
                    continue;
                }

                Assert.Equal(call.IsAdmitted, told == call.At);
                Assert.True(call.Before.Sum(told) + call.Amount <= traffic.Limit);
                if (!call.IsAdmitted)
                {
                    Assert.True(call.Before.Sum(told - Clock.Microsecond) + call.Amount > traffic.Limit);
                    Assert.True(told <= call.ExactRoom(traffic) + (traffic.Length / 60) + Clock.Microsecond);
                }
            }
        },
        Cases);

    [Fact(DisplayName = "RATE-1: in a window that the catalog shortens there are never more than the limit either, and the promise holds")]
    public void Shortened() => Law.Holds(
        from traffic in All
        from percent in Gen.Choose(1, 100)
        from at in Gen.Choose(0, Calls - 1)
        select (traffic, percent, at),
        static input =>
        {
            (Traffic traffic, int percent, int at) = input;
            Admitted last = traffic.Run().ElementAt(at);
            Duration shorter = Duration.FromTicks((traffic.Length * percent / 100).BclCompatibleTicks / 10 * 10);
            shorter = Duration.Max(shorter, Duration.FromSeconds(1));
            RateWindow changed = last.Before.WithLength(shorter, last.At);

            Assert.True(changed.Sum(last.At) >= last.LoggedBeforeSince(last.At - shorter));
            if (changed.RoomAt(last.At, 1, traffic.Limit) is { } told)
            {
                // The decision at that time starts from what is stored, which is still the old window.
                Assert.True(last.Before.WithLength(shorter, told).Sum(told) + 1 <= traffic.Limit);
                Assert.True(last.LoggedBeforeSince(told - shorter) + 1 <= traffic.Limit);
            }
        },
        Cases);

    private sealed record Traffic(Duration Length, long Limit, (Duration After, int Micros, long Amount)[] Calls)
    {
        public IEnumerable<Admitted> Run()
        {
            RateWindow window = RateWindow.Empty(Length);
            List<(Instant At, long Amount)> log = [];
            Instant now = s_start;
            foreach ((Duration after, int micros, long amount) in Calls)
            {
                now = Clock.Truncate(now + after) + (Clock.Microsecond * micros);
                RateWindow before = window;
                bool admitted = window.Sum(now) + amount <= Limit;
                if (admitted)
                {
                    window = window.Add(now, amount);
                    log.Add((now, amount));
                }

                yield return new Admitted(now, amount, admitted, before, [.. log]);
            }
        }
    }

    private sealed record Admitted(Instant At, long Amount, bool IsAdmitted, RateWindow Before, (Instant At, long Amount)[] Log)
    {
        public long LoggedSince(Instant since) => Log.Where(call => call.At > since).Sum(call => call.Amount);

        /// <summary>Without this call itself.</summary>
        public long LoggedBeforeSince(Instant since) => LoggedSince(since) - (IsAdmitted && At > since ? Amount : 0);

        /// <summary>When a window of exactly the length has room for this call, which was refused.</summary>
        public Instant ExactRoom(Traffic traffic) =>
            Log.Select(call => call.At + traffic.Length).Prepend(At).Where(at => at >= At).Order()
                .First(at => Log.Where(call => call.At > at - traffic.Length).Sum(call => call.Amount) + Amount <= traffic.Limit);
    }
}
