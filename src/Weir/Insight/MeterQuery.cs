using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>What one meter counted, in windows and groups.</summary>
public sealed record MeterQuery
{
    /// <summary>The most rows of an answer.</summary>
    public const int MostRows = 50_000;

    public const int MostSubjects = 100;

    public const int MostGroups = 5;

    /// <summary>The longest stretch that the log answers.</summary>
    public static readonly Duration LongestLogged = Duration.FromDays(31);

    public required string Meter { get; init; }

    /// <summary>Half-open.</summary>
    public required Instant From { get; init; }

    public required Instant To { get; init; }

    /// <summary>Null is one window from <see cref="From"/> to <see cref="To"/>.</summary>
    public WindowSize? WindowSize { get; init; }

    /// <summary>The zone whose calendar the windows follow.</summary>
    public DateTimeZone WindowZone { get; init; } = DateTimeZone.Utc;

    /// <summary>Accounts; all when empty. An unknown one has used nothing.</summary>
    public IReadOnlyCollection<AccountKey> Subjects { get; init; } = [];

    /// <summary><c>subject</c>, <c>type</c>, one of <see cref="Dimensions.BuiltIn"/>, or <c>properties.NAME</c>.</summary>
    public IReadOnlyList<string> GroupBy { get; init; } = [];

    /// <summary>Only usage with one of the values, by the same names as <see cref="GroupBy"/>; users and campaigns as the host names them.</summary>
    public IReadOnlyDictionary<string, IReadOnlyCollection<string>> Filter { get; init; } = ImmutableDictionary<string, IReadOnlyCollection<string>>.Empty;
}

/// <summary>One window of one group.</summary>
/// <param name="Value">In the meter's unit: what was counted in the window; for a level what stood at its end (BAL-7).</param>
/// <param name="Subject">The account, where the rows are grouped by it or one was asked for.</param>
/// <param name="GroupBy">The group's values by name; null where the usage has none.</param>
public sealed record MeterRow(decimal Value, Instant WindowStart, Instant WindowEnd, string? Subject, ImmutableSortedDictionary<string, string?> GroupBy);

/// <summary>The rows in the order of their windows, or what is wrong with the question.</summary>
public sealed record MeterAnswer(ImmutableArray<MeterRow> Rows)
{
    public Failure? Failure { get; init; }
}
