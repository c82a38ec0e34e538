using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Balances and rates as bytes, for the rows in which stores keep many of them together.</summary>
public static class FigureBytes
{
    public static void Write(ByteWriter writer, Balance balance)
    {
        BalanceKey key = balance.Key;
        writer.Number((long)key.Scope);
        writer.Number(key.ScopeId);
        writer.Text(key.Meter);
        writer.Number((long)key.Per);
        writer.Number(Clock.ToMicros(key.PeriodStart));
        writer.Number(Clock.ToMicros(balance.PeriodEnd));
        writer.Number(balance.Used.Units);
        writer.Number(balance.Held.Units);
    }

    public static Balance ReadBalance(ref ByteReader reader)
    {
        ScopeKind scope = (ScopeKind)reader.Number();
        long scopeId = reader.Number();
        string meter = string.Intern(reader.Text());
        Per per = (Per)reader.Number();
        BalanceKey key = new(scope, scopeId, meter, per, Clock.FromMicros(reader.Number()));
        Instant end = Clock.FromMicros(reader.Number());
        return new Balance(key, end, new Quantity(reader.Number()), new Quantity(reader.Number()));
    }

    public static void Write(ByteWriter writer, RateKey key, RateWindow window)
    {
        writer.Number((long)key.Scope);
        writer.Number(key.ScopeId);
        writer.Text(key.Name);
        writer.Number(window.Window);
        writer.Number(window.Newest);
        WriteCounts(writer, window.Counts);
    }

    public static (RateKey Key, RateWindow Window) ReadRate(ref ByteReader reader)
    {
        ScopeKind scope = (ScopeKind)reader.Number();
        long scopeId = reader.Number();
        RateKey key = new(scope, scopeId, string.Intern(reader.Text()));
        long length = reader.Number();
        return (key, new RateWindow(length, reader.Number(), ReadCounts(ref reader)));
    }

    /// <summary>The sub-buckets of a window, the newest first.</summary>
    public static void WriteCounts(ByteWriter writer, ImmutableArray<long> counts)
    {
        writer.Number(counts.Length);
        foreach (long count in counts)
        {
            writer.Number(count);
        }
    }

    public static ImmutableArray<long> ReadCounts(ref ByteReader reader)
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
