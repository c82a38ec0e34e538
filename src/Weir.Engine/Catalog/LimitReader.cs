using NodaTime;

namespace Weir.Engine;

/// <summary>The figures that limits are written with.</summary>
internal static class LimitReader
{
    /// <summary>A limit in the meter's unit. Null is unlimited; it is null after an error too.</summary>
    /// <param name="meter">Null where events are counted.</param>
    public static Quantity? Read(DocumentCursor cursor, Meter? meter, CatalogDraft draft, string what)
    {
        const string Allowed = "a number of 0 or more, or null for unlimited";
        if (cursor.IsNull || cursor.Number(what, Allowed) is not { } value)
        {
            return null;
        }

        if (value < 0)
        {
            string hint = value == -1 ? "; unlimited is written null, not -1" : $"; this is {value}";
            cursor.Fail($"{DocumentCursor.Capital(what)} must be {Allowed}{hint}.");
            return null;
        }

        return Amount(cursor, value, meter, draft, what);
    }

    /// <summary>As <see cref="Read"/>, but there is no unlimited.</summary>
    public static Quantity? ReadFinite(DocumentCursor cursor, Meter? meter, CatalogDraft draft, string what) =>
        cursor.NumberBetween(what, 0, null) is { } value ? Amount(cursor, value, meter, draft, what) : null;

    /// <summary>A time such as <c>30s</c>, <c>15m</c>, <c>1h</c> or <c>1d</c>.</summary>
    public static Duration? Window(DocumentCursor cursor)
    {
        const string Form = "digits and one of s, m, h or d (such as '30s', '15m', '1h' or '1d'), from 1 second to 31 days";
        if (cursor.Node is DocumentScalar { Kind: ScalarKind.Text, Text: { Length: >= 2 and <= 8 } text }
            && !text.AsSpan(0, text.Length - 1).ContainsAnyExceptInRange('0', '9'))
        {
            long count = long.Parse(text.AsSpan(0, text.Length - 1));
            long seconds = text[^1] switch
            {
                's' => count,
                'm' => count * 60,
                'h' => count * 3_600,
                'd' => count * 86_400,
                _ => 0,
            };
            if (seconds is >= CatalogBounds.ShortestWindowSeconds and <= CatalogBounds.LongestWindowSeconds)
            {
                return Duration.FromSeconds(seconds);
            }
        }

        cursor.Fail($"The window of a rate must be {Form}; this is {cursor.Describe()}.");
        return null;
    }

    private static Quantity? Amount(DocumentCursor cursor, decimal value, Meter? meter, CatalogDraft draft, string what)
    {
        if (meter is not null && !draft.IsSound(meter))
        {
            return Quantity.Zero;
        }

        int scale = meter?.Scale ?? 0;
        string subject = DocumentCursor.Capital(what);
        if (Decimals.Places(value) > scale)
        {
            cursor.Fail(scale == 0
                ? $"{subject} must be a whole number{(meter is null ? " of events" : $", because the meter '{meter.Key}' has scale 0")}; this is {value}."
                : $"{subject} may have at most {scale} decimal places, the scale of the meter '{meter!.Key}'; this is {value}.");
            return null;
        }

        decimal largest = Quantity.LargestLimitUnits / Decimals.PowerOfTen(scale);
        if (value > largest)
        {
            cursor.Fail($"{subject} may be at most {largest}, which is 2^53 - 1 smallest units; this is {value}. Unlimited is written null.");
            return null;
        }

        return new Quantity((long)(value * Decimals.PowerOfTen(scale)));
    }
}
