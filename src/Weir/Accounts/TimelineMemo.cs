using Weir.Engine;

namespace Weir;

/// <summary>
/// The timelines that were read last, by their texts. Every decision reads that of its account, and accounts that began on the same day have
/// the same. What falls on a place that is taken replaces what is there.
/// </summary>
internal sealed class TimelineMemo(Func<ReadOnlySpan<byte>, Timeline> read)
{
    private const int Places = 4_096;

    private readonly Known?[] _known = new Known?[Places];

    public Timeline Read(ReadOnlySpan<byte> text)
    {
        HashCode hash = default;
        hash.AddBytes(text);
        ref Known? place = ref _known[unchecked((uint)hash.ToHashCode()) % Places];
        if (Volatile.Read(ref place) is { } known && text.SequenceEqual(known.Text))
        {
            return known.Timeline;
        }

        Timeline timeline = read(text);
        Volatile.Write(ref place, new Known(text.ToArray(), timeline));
        return timeline;
    }

    private sealed record Known(byte[] Text, Timeline Timeline);
}
