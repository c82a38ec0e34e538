using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Which usage to read, and from where: stretches of time from the summaries, others from the log. Stretches do not overlap.</summary>
internal sealed record UsageQuestion
{
    public required WorkspaceId Workspace { get; init; }

    /// <summary>Internal ids, or null for all accounts.</summary>
    public IReadOnlyCollection<long>? Accounts { get; init; }

    /// <summary>Event types, or null for all.</summary>
    public IReadOnlyCollection<string>? Types { get; init; }

    /// <summary>The dimensions whose values are wanted; from summaries at most one.</summary>
    public ImmutableArray<string> Dimensions { get; init; } = [];

    /// <summary>Whether usage without a value of the dimensions is wanted too.</summary>
    public bool WithoutValue { get; init; } = true;

    /// <summary>Stretches that begin and end with quarters of an hour.</summary>
    public ImmutableArray<Engine.Period> Summed { get; init; } = [];

    public ImmutableArray<Engine.Period> Logged { get; init; } = [];
}

/// <summary>Figures of one account and type at a time, to be added up.</summary>
/// <param name="Values">One for each dimension of the question, as summaries hold them; null where there is none.</param>
/// <param name="At">From summaries the start of the quarter of an hour.</param>
/// <param name="Sign">−1 takes the figures out of those without a value, which have come with the total.</param>
internal readonly record struct UsagePart(long Account, string Type, ImmutableArray<string?> Values, Instant At, SummaryFigures Figures, int Sign);

/// <summary>Reads usage from summaries and, where they are too coarse, from the log (LOG-2).</summary>
internal sealed class UsageParts(IWeirStore store, CatalogService catalogs, SummaryProjector projector)
{
    /// <summary>The most accounts that are asked for one by one.</summary>
    private const int MostSingleQueries = 50;

    private static readonly ImmutableArray<string?> s_noValue = [null];

    private readonly SummaryReader _reader = new(store, catalogs, projector);

    /// <summary>
    /// Cuts a stretch of time into what summaries can answer and the edges that only the log can: each is less than a quarter of an hour.
    /// </summary>
    public static (ImmutableArray<Engine.Period> Summed, ImmutableArray<Engine.Period> Logged) Cut(Instant from, Instant to)
    {
        Instant first = SummaryKey.IsBoundary(from) ? from : SummaryKey.BucketOf(from) + SummaryKey.BucketLength;
        Instant last = SummaryKey.IsBoundary(to) ? to : SummaryKey.BucketOf(to);
        if (first >= last)
        {
            return ([], [new Engine.Period(from, to)]);
        }

        ImmutableArray<Engine.Period> edges = [new Engine.Period(from, first), new Engine.Period(last, to)];
        return ([new Engine.Period(first, last)], [.. edges.Where(edge => edge.Start < edge.End)]);
    }

    /// <exception cref="BeforeLedgerException">It reads the log for a time before the ledger begins.</exception>
    public async ValueTask<T> ReadAsync<T>(UsageQuestion question, Func<T> seed, Action<T, UsagePart> add, CancellationToken cancellationToken)
    {
        await CheckStartAsync(question, cancellationToken);
        T result = question.Summed.IsEmpty ? seed() : await ReadSummariesAsync(question, seed, add, cancellationToken);
        bool declaredOnly = !question.Summed.IsEmpty;
        foreach (Engine.Period stretch in question.Logged)
        {
            await foreach (EntryHistory history in store.Ledger.ScanAsync(question.Workspace, question.Accounts, stretch.Start, stretch.End, cancellationToken))
            {
                NetEvent net = new(history);
                if (question.Types?.Contains(net.Type) != false)
                {
                    await AddAsync(result, net, question, stretch, declaredOnly, add, cancellationToken);
                }
            }
        }

        // What went meanwhile was not read.
        await CheckStartAsync(question, cancellationToken);
        return result;
    }

    private async ValueTask CheckStartAsync(UsageQuestion question, CancellationToken cancellationToken)
    {
        if (!question.Logged.IsEmpty && await store.Retention.StartAsync(question.Workspace, cancellationToken) is var start && question.Logged.Any(stretch => stretch.Start < start))
        {
            throw new BeforeLedgerException(start);
        }
    }

    private ValueTask<T> ReadSummariesAsync<T>(UsageQuestion question, Func<T> seed, Action<T, UsagePart> add, CancellationToken cancellationToken)
    {
        string dimension = question.Dimensions.Length switch
        {
            0 => "",
            1 => question.Dimensions[0],
            _ => throw new ArgumentException("Summaries know one dimension at a time.", nameof(question)),
        };
        IEnumerable<long?> accounts = question.Accounts is { Count: <= MostSingleQueries } few ? few.Select(account => (long?)account) : [null];
        HashSet<long>? wanted = question.Accounts is { Count: > MostSingleQueries } many ? [.. many] : null;
        IEnumerable<string> dimensions = dimension.Length > 0 && question.WithoutValue ? ["", dimension] : [dimension];
        List<SummaryQuery> queries =
        [
            .. from stretch in question.Summed
               from account in accounts
               from name in dimensions
               select new SummaryQuery(account, question.Types, name, null, stretch.Start, stretch.End),
        ];
        return _reader.ReadAsync(question.Workspace, queries, seed, AddCell, cancellationToken);

        void AddCell(T result, SummaryKey key, SummaryFigures figures)
        {
            if (wanted?.Contains(key.Account) == false)
            {
                return;
            }

            if (dimension.Length == 0)
            {
                add(result, new UsagePart(key.Account, key.Type, [], key.Bucket, figures, 1));
                return;
            }

            if (key.Dimension.Length > 0)
            {
                add(result, new UsagePart(key.Account, key.Type, [key.Value], key.Bucket, figures, 1));
            }

            if (question.WithoutValue)
            {
                add(result, new UsagePart(key.Account, key.Type, s_noValue, key.Bucket, figures, key.Dimension.Length > 0 ? -1 : 1));
            }
        }
    }

    private async ValueTask AddAsync<T>(
        T result, NetEvent net, UsageQuestion question, Engine.Period stretch, bool declaredOnly, Action<T, UsagePart> add, CancellationToken cancellationToken)
    {
        ImmutableArray<string?>.Builder builder = ImmutableArray.CreateBuilder<string?>(question.Dimensions.Length);
        foreach (string dimension in question.Dimensions)
        {
            builder.Add(await IsKnownAsync(net, question.Workspace, dimension, declaredOnly, cancellationToken) ? net.ValueOf(dimension) : null);
        }

        ImmutableArray<string?> values = builder.MoveToImmutable();
        if (!question.WithoutValue && values.Contains(null))
        {
            return;
        }

        if (net.Happened && stretch.Contains(net.Entry.CountedAt))
        {
            SummaryFigures figures = SummaryFigures.Zero with
            {
                Events = net.Failed ? 0 : 1, Failed = net.Failed ? 1 : 0, LatencyMs = net.LatencyMs ?? 0, LatencyCount = net.LatencyMs is null ? 0 : 1,
            };
            add(result, new UsagePart(net.Entry.Account, net.Type, values, net.Entry.CountedAt, figures, 1));
        }

        foreach (Movement movement in net.Movements())
        {
            if (stretch.Contains(movement.At))
            {
                SummaryFigures figures = SummaryFigures.Zero with { Amounts = SummaryFigures.Zero.Amounts.Add(movement.Meter, movement.Amount) };
                add(result, new UsagePart(net.Entry.Account, net.Type, values, movement.At, figures, 1));
            }
        }
    }

    /// <summary>Where summaries answer too, a property is a dimension only of the events whose catalog declared it.</summary>
    private async ValueTask<bool> IsKnownAsync(NetEvent net, WorkspaceId workspace, string dimension, bool declaredOnly, CancellationToken cancellationToken)
    {
        if (net.Entry.Kind == EntryKind.Adjustment)
        {
            return false;
        }

        if (!declaredOnly || !dimension.StartsWith(Dimensions.PropertyPrefix, StringComparison.Ordinal))
        {
            return true;
        }

        Catalog catalog = await catalogs.FindAsync(workspace, net.Entry.CatalogVersion, cancellationToken);
        return catalog.Events.TryGetValue(net.Type, out EventType? type) && type.Dimensions.Contains(dimension[Dimensions.PropertyPrefix.Length..]);
    }
}
