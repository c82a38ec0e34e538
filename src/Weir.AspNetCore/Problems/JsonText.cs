using System.Buffers.Text;
using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>How values look in answers: amounts in the meter's unit without trailing zeros, times in UTC.</summary>
internal static class JsonText
{
    /// <summary>Such as <c>2026-11-21T09:30:00Z</c>, with the fraction of the second that there is.</summary>
    public static string Format(Instant instant)
    {
        Span<byte> text = stackalloc byte[MostBytes];
        return System.Text.Encoding.ASCII.GetString(text[..Format(instant, text)]);
    }

    public static void Write(Utf8JsonWriter writer, Instant instant)
    {
        if (instant == Instant.MinValue || instant == Instant.MaxValue)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStringValue(Utf8Of(instant));
    }

    /// <summary>The text of a time. Answers carry the same few ends of periods over and over.</summary>
    private static ReadOnlySpan<byte> Utf8Of(Instant instant)
    {
        (Instant Instant, byte[] Text)[] recent = t_recent ??= new (Instant, byte[])[RecentTimes];
        ref (Instant Instant, byte[] Text) known = ref recent[instant.GetHashCode() & (RecentTimes - 1)];
        if (known.Text is null || known.Instant != instant)
        {
            Span<byte> text = stackalloc byte[MostBytes];
            known = (instant, text[..Format(instant, text)].ToArray());
        }

        return known.Text;
    }

    private const int RecentTimes = 64;

    [ThreadStatic]
    private static (Instant Instant, byte[] Text)[]? t_recent;

    private const int MostBytes = 32;

    private static int Format(Instant instant, Span<byte> text)
    {
        // The round-trip format has seven digits of the second and a Z: the zeros at the end of the fraction go.
        if (!Utf8Formatter.TryFormat(instant.ToDateTimeUtc(), text, out int length, new System.Buffers.StandardFormat('O')))
        {
            throw new InvalidOperationException($"{instant} cannot be written.");
        }

        int end = length - 1;
        while (text[end - 1] == (byte)'0')
        {
            end--;
        }

        end = text[end - 1] == (byte)'.' ? end - 1 : end;
        text[end] = (byte)'Z';
        return end + 1;
    }

    public static void Time(Utf8JsonWriter writer, ReadOnlySpan<byte> name, Instant? instant)
    {
        writer.WritePropertyName(name);
        Write(writer, instant ?? Instant.MaxValue);
    }

    public static void Amount(Utf8JsonWriter writer, ReadOnlySpan<byte> name, Quantity? amount, int scale)
    {
        if (amount is not { } value)
        {
            writer.WriteNull(name);
        }
        else if (scale == 0)
        {
            writer.WriteNumber(name, value.Units);
        }
        else
        {
            writer.WriteNumber(name, value.ToDecimal(scale));
        }
    }

    public static void Text(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    /// <summary>Used as a part of the limit, holds apart, to two places; a limit of 0 is full (BAL-10).</summary>
    public static decimal? Percent(Quantity used, Quantity? limit) => limit switch
    {
        null => null,
        { Units: 0 } => 100,
        { } value => Percent(used.Units, value.Units),
    };

    private static decimal Percent(long used, long limit)
    {
        // In hundredths of a percent, halves away from zero.
        Int128 twice = (Int128)used * 20_000;
        Int128 hundredths = (twice + (used < 0 ? -limit : limit)) / (2 * (Int128)limit);
        return hundredths > long.MaxValue || hundredths < long.MinValue
            ? Decimals.Normalize(Math.Round(used * 100m / limit, 2, MidpointRounding.AwayFromZero))
            : new Quantity((long)hundredths).ToDecimal(2);
    }

    public static string Name(ReservationState state) => state switch
    {
        ReservationState.Held => "held",
        ReservationState.Committed => "committed",
        ReservationState.Released => "released",
        _ => "expired",
    };

    public static string Name(ScopeKind scope) => scope switch
    {
        ScopeKind.User => "user",
        ScopeKind.Campaign => "campaign",
        ScopeKind.Key => "key",
        ScopeKind.Workspace => "workspace",
        _ => "account",
    };
}
