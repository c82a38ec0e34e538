namespace Weir.Engine;

/// <summary>How often an allowance starts anew.</summary>
public enum Per
{
    /// <summary>Never: one balance for the life of the account. The only form for level meters.</summary>
    Lifetime,

    /// <summary>3,600 seconds, counted from the anchor.</summary>
    Hour,

    /// <summary>A day of the account's zone, at the anchor's time of day.</summary>
    Day,

    /// <summary>Seven days of the account's zone, from the anchor.</summary>
    Week,

    /// <summary>A month from the anchor, clamped to the month's last day.</summary>
    Month,

    /// <summary>A year from the anchor, clamped to the month's last day.</summary>
    Year,

    /// <summary>An hour of UTC.</summary>
    CalendarHour,

    /// <summary>A day of the account's zone, from its start.</summary>
    CalendarDay,

    /// <summary>A week of the account's zone, from the start of Monday.</summary>
    CalendarWeek,

    /// <summary>A month of the account's zone, from the start of its first day.</summary>
    CalendarMonth,

    /// <summary>A year of the account's zone, from the start of 1 January.</summary>
    CalendarYear,
}

/// <summary>The texts of <see cref="Per"/> in catalogs and answers: <c>hour</c>, <c>calendar-day</c>, <c>lifetime</c>, ….</summary>
public static class PerNames
{
    private static readonly string[] s_names =
    [
        "lifetime", "hour", "day", "week", "month", "year",
        "calendar-hour", "calendar-day", "calendar-week", "calendar-month", "calendar-year",
    ];

    public static IReadOnlyList<string> All => s_names;

    public static string Name(this Per per) => s_names[(int)per];

    public static bool TryParse(string? text, out Per per)
    {
        int index = Array.IndexOf(s_names, text);
        per = index < 0 ? default : (Per)index;
        return index >= 0;
    }
}
