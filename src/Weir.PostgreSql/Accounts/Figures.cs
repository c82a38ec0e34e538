using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>
/// What stands in a head: the balances and rates of the account as a whole, those that nearly every decision moves. Balances stay there
/// until the first write after their period closed; then they get rows of their own, as those of single users, campaigns and keys have.
/// </summary>
internal sealed class Figures
{
    private const byte Form = 1;

    public Dictionary<BalanceKey, Balance> Balances { get; } = [];

    public Dictionary<RateKey, RateWindow> Rates { get; } = [];

    public static bool StandsInHead(BalanceKey key) => key.ScopeId == 0;

    public static bool StandsInHead(RateKey key) => key.ScopeId == 0;

    public static bool IsClosed(Balance balance, Instant now) => new Engine.Period(balance.Key.PeriodStart, balance.PeriodEnd).IsClosedAt(now);

    /// <summary>When the newest sub-bucket of a window has left it, in microseconds.</summary>
    public static long EmptyAt(RateWindow window) =>
        (long)Int128.Min((((Int128)window.Newest + RateWindow.SubBuckets + 2) * window.Window / RateWindow.SubBuckets) + 1, long.MaxValue);

    public static Figures Decode(ReadOnlySpan<byte> bytes)
    {
        Figures figures = new();
        if (bytes.IsEmpty)
        {
            return figures;
        }

        if (bytes[0] != Form)
        {
            throw new InvalidDataException($"The figures of an account are in form {bytes[0]}, which this program does not know; they were written by a newer one.");
        }

        ByteReader reader = new(bytes[1..]);
        for (long rest = reader.Number(); rest > 0; rest--)
        {
            Balance balance = FigureBytes.ReadBalance(ref reader);
            figures.Balances[balance.Key] = balance;
        }

        for (long rest = reader.Number(); rest > 0; rest--)
        {
            (RateKey key, RateWindow window) = FigureBytes.ReadRate(ref reader);
            figures.Rates[key] = window;
        }

        return figures;
    }

    /// <summary>Null for nothing.</summary>
    public byte[]? Encode(ByteWriter writer)
    {
        if (Balances.Count == 0 && Rates.Count == 0)
        {
            return null;
        }

        writer.Clear();
        writer.Number(Balances.Count);
        foreach (Balance balance in Balances.Values)
        {
            FigureBytes.Write(writer, balance);
        }

        writer.Number(Rates.Count);
        foreach ((RateKey key, RateWindow window) in Rates)
        {
            FigureBytes.Write(writer, key, window);
        }

        return [Form, .. writer.Written];
    }

    public static byte[] EncodeCounts(ImmutableArray<long> counts)
    {
        ByteWriter writer = new();
        FigureBytes.WriteCounts(writer, counts);
        return writer.Written.ToArray();
    }

    public static ImmutableArray<long> DecodeCounts(byte[] bytes)
    {
        ByteReader reader = new(bytes);
        return FigureBytes.ReadCounts(ref reader);
    }
}
