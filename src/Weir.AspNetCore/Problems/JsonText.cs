using System.Text.Json;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>How values look in answers: amounts in the meter's unit without trailing zeros, times in UTC.</summary>
internal static class JsonText
{
    private static readonly InstantPattern s_instant = InstantPattern.ExtendedIso;

    public static string Format(Instant instant) => s_instant.Format(instant);

    public static void Write(Utf8JsonWriter writer, Instant instant)
    {
        if (instant == Instant.MinValue || instant == Instant.MaxValue)
        {
            writer.WriteNullValue();
        }
        else
        {
            writer.WriteStringValue(s_instant.Format(instant));
        }
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
        { } value => Decimals.Normalize(Math.Round(used.Units * 100m / value.Units, 2, MidpointRounding.AwayFromZero)),
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
