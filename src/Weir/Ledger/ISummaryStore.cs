using System.Collections.Immutable;

using NodaTime;

namespace Weir;

/// <summary>
/// One cell of the summaries (LOG-2): a quarter of an hour of one account and event type, in total or for one value of one dimension.
/// </summary>
/// <param name="Dimension">
/// <c>""</c> for the total; else <c>user</c>, <c>source</c>, <c>endpoint</c>, <c>model</c>, <c>campaign</c>, <c>status</c>, or a declared
/// dimension as <c>properties.NAME</c>.
/// </param>
/// <param name="Value">Users and campaigns stand as their random ids in decimal: summaries hold no personal data.</param>
public readonly record struct SummaryKey(long Account, Instant Bucket, string Type, string Dimension, string Value)
{
    public static readonly Duration BucketLength = Duration.FromMinutes(15);

    /// <summary>Whether an instant is the start of a bucket; the open ends of time are.</summary>
    public static bool IsBoundary(Instant instant) => instant == Instant.MinValue || instant == Instant.MaxValue || BucketOf(instant) == instant;

    public static Instant BucketOf(Instant instant)
    {
        long micros = Engine.Clock.ToMicros(instant);
        const long length = 15L * 60 * 1_000_000;
        long rest = ((micros % length) + length) % length;
        return Engine.Clock.FromMicros(micros - rest);
    }
}

/// <summary>What a cell counts. Amounts are smallest units of each meter; level meters count their net change.</summary>
/// <param name="Events">Events that happened, without failed calls.</param>
/// <param name="Failed">Calls of hosts that failed or were refused.</param>
public sealed record SummaryFigures(long Events, long Failed, long LatencyMs, long LatencyCount, ImmutableSortedDictionary<string, long> Amounts)
{
    public static readonly SummaryFigures Zero = new(0, 0, 0, 0, ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal));

    public SummaryFigures Plus(SummaryFigures other)
    {
        ImmutableSortedDictionary<string, long> amounts = Amounts;
        foreach ((string meter, long amount) in other.Amounts)
        {
            amounts = amounts.SetItem(meter, amounts.GetValueOrDefault(meter) + amount);
        }

        return new SummaryFigures(Events + other.Events, Failed + other.Failed, LatencyMs + other.LatencyMs, LatencyCount + other.LatencyCount, amounts);
    }
}

/// <summary>Which cells to read; half-open in time.</summary>
/// <param name="Account">The account's internal id, or null for all.</param>
/// <param name="Types">Event types, or null for all.</param>
/// <param name="Dimension"><c>""</c> for totals, null for totals and all dimensions.</param>
/// <param name="Value">One value of the dimension, or null for all.</param>
public sealed record SummaryQuery(long? Account, IReadOnlyCollection<string>? Types, string? Dimension, string? Value, Instant From, Instant To)
{
    /// <summary>Whether a cell is among those that are asked for.</summary>
    public bool Includes(SummaryKey key) =>
        (Dimension is null || key.Dimension == Dimension)
        && From <= key.Bucket && key.Bucket < To
        && (Account is not { } account || key.Account == account)
        && (Types is null || Types.Contains(key.Type))
        && (Value is null || key.Value == Value);
}

/// <summary>
/// What of the summaries was not made anew when they were last thrown away, because the entries that it came from may have gone (LOG-3):
/// cells before a time hold every entry up to a number already.
/// </summary>
/// <param name="Through">Entries up to this number add to cells from <paramref name="Before"/> on only; 0 for none.</param>
public readonly record struct SummaryFloor(long Through, Instant Before)
{
    public static readonly SummaryFloor None = new(0, Instant.MinValue);
}

/// <summary>How far the log has been summed.</summary>
/// <param name="Checkpoint">The sequence number up to which it has.</param>
public readonly record struct SummaryProgress(long Checkpoint, SummaryFloor Floor);

/// <summary>
/// Summaries of the log. They are made from it behind the writer, by checkpoint, and can be thrown away and rebuilt as far as the ledger goes
/// back.
/// </summary>
public interface ISummaryStore
{
    /// <summary>The sequence number up to which the log has been summed.</summary>
    ValueTask<long> CheckpointAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>The same with what those who sum on from there must leave out.</summary>
    ValueTask<SummaryProgress> ProgressAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>
    /// Adds figures and moves the checkpoint in one transaction, if it still stands at <paramref name="from"/>; false when it does not.
    /// </summary>
    ValueTask<bool> AddAsync(WorkspaceId workspace, long from, long to, IReadOnlyDictionary<SummaryKey, SummaryFigures> figures, CancellationToken cancellationToken);

    /// <summary>The cells, in the order of their time.</summary>
    IAsyncEnumerable<(SummaryKey Key, SummaryFigures Figures)> ReadAsync(WorkspaceId workspace, SummaryQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// Drops every cell from the ledger's start on (<see cref="IRetentionStore.StartAsync"/>) and sets the checkpoint to 0. Cells before
    /// the start stay, and what they hold is remembered as <see cref="SummaryProgress.Floor"/>.
    /// </summary>
    ValueTask ClearAsync(WorkspaceId workspace, CancellationToken cancellationToken);
}
