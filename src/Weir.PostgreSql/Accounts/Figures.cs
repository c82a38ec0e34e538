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
            ScopeKind scope = (ScopeKind)reader.Number();
            long scopeId = reader.Number();
            string meter = string.Intern(reader.Text());
            Per per = (Per)reader.Number();
            BalanceKey key = new(scope, scopeId, meter, per, Clock.FromMicros(reader.Number()));
            Instant end = Clock.FromMicros(reader.Number());
            figures.Balances[key] = new Balance(key, end, new Quantity(reader.Number()), new Quantity(reader.Number()));
        }

        for (long rest = reader.Number(); rest > 0; rest--)
        {
            ScopeKind scope = (ScopeKind)reader.Number();
            long scopeId = reader.Number();
            RateKey key = new(scope, scopeId, string.Intern(reader.Text()));
            long length = reader.Number();
            figures.Rates[key] = new RateWindow(length, reader.Number(), DecodeCounts(ref reader));
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
        foreach ((BalanceKey key, Balance balance) in Balances)
        {
            writer.Number((long)key.Scope);
            writer.Number(key.ScopeId);
            writer.Text(key.Meter);
            writer.Number((long)key.Per);
            writer.Number(Clock.ToMicros(key.PeriodStart));
            writer.Number(Clock.ToMicros(balance.PeriodEnd));
            writer.Number(balance.Used.Units);
            writer.Number(balance.Held.Units);
        }

        writer.Number(Rates.Count);
        foreach ((RateKey key, RateWindow window) in Rates)
        {
            writer.Number((long)key.Scope);
            writer.Number(key.ScopeId);
            writer.Text(key.Name);
            writer.Number(window.Window);
            writer.Number(window.Newest);
            EncodeCounts(writer, window.Counts);
        }

        return [Form, .. writer.Written];
    }

    public static byte[] EncodeCounts(ImmutableArray<long> counts)
    {
        ByteWriter writer = new();
        EncodeCounts(writer, counts);
        return writer.Written.ToArray();
    }

    public static ImmutableArray<long> DecodeCounts(byte[] bytes)
    {
        ByteReader reader = new(bytes);
        return DecodeCounts(ref reader);
    }

    private static void EncodeCounts(ByteWriter writer, ImmutableArray<long> counts)
    {
        writer.Number(counts.Length);
        foreach (long count in counts)
        {
            writer.Number(count);
        }
    }

    private static ImmutableArray<long> DecodeCounts(ref ByteReader reader)
    {
        int length = checked((int)reader.Number());
        ImmutableArray<long>.Builder counts = ImmutableArray.CreateBuilder<long>(length);
        for (int i = 0; i < length; i++)
        {
            counts.Add(reader.Number());
        }

        return counts.MoveToImmutable();
    }
}
