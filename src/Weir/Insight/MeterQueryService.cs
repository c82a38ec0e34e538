using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Answers what a meter counted, from summaries where they are fine enough and from the log where not (LOG-2). An answer has everything
/// that was committed before the question.
/// </summary>
public sealed class MeterQueryService
{
    private const string Subject = "subject";
    private const string Type = "type";

    private static readonly Instant s_earliest = Instant.FromUtc(1900, 1, 1, 0, 0);
    private static readonly Instant s_latest = Instant.FromUtc(9000, 1, 1, 0, 0);

    private readonly IWeirStore _store;
    private readonly CatalogService _catalogs;
    private readonly UsageParts _parts;
    private readonly TimeProvider _time;

    public MeterQueryService(IWeirStore store, CatalogService catalogs, SummaryProjector projector, TimeProvider time)
    {
        _store = store;
        _catalogs = catalogs;
        _parts = new UsageParts(store, catalogs, projector);
        _time = time;
    }

    public async ValueTask<MeterAnswer> QueryAsync(WorkspaceId workspace, MeterQuery query, CancellationToken cancellationToken)
    {
        (_, Catalog catalog) = await _catalogs.ActiveAsync(workspace, cancellationToken);
        if (Check(query, catalog, out Meter? meter) is { } failure)
        {
            return Fail(failure);
        }

        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(_time.GetUtcNow()));
        if (UsageWindows.Of(query.From, query.To, query.WindowSize, query.WindowZone, MeterQuery.MostRows) is not { } windows)
        {
            return Fail(TooMany());
        }

        windows = [.. windows.Where(window => window.Start <= now)];
        if (windows.IsEmpty)
        {
            return new MeterAnswer([]);
        }

        (UsageQuestion? question, failure) = await AskAsync(workspace, query, catalog, meter!, windows, cancellationToken);
        if (question is null)
        {
            return Fail(failure!);
        }

        Tally tally = await _parts.ReadAsync(question, () => new Tally(question, query, meter!, windows), (t, part) => t.Add(part), cancellationToken);
        GroupNames names = new(_store, workspace);
        await names.LearnAccountsAsync([.. tally.Accounts], cancellationToken);
        ImmutableArray<MeterRow>? rows = await RowsAsync(query, question, meter!, windows, tally, names, cancellationToken);
        return rows is { } found ? new MeterAnswer(found) : Fail(TooMany());
    }

    private static MeterAnswer Fail(Failure failure) => new([]) { Failure = failure };

    private static Failure TooMany() =>
        new(Refusal.InvalidRequest, "/windowSize", $"The answer would have more than {MeterQuery.MostRows} rows; take larger windows, a shorter time or fewer groups.");

    private static Failure? Check(MeterQuery query, Catalog catalog, out Meter? meter)
    {
        if (!catalog.Meters.TryGetValue(query.Meter, out meter))
        {
            return new Failure(Refusal.UnknownMeter, "/meter", $"There is no meter '{query.Meter}'; the catalog has {string.Join(", ", catalog.Meters.Keys.Order(StringComparer.Ordinal))}.");
        }

        if (query.From >= query.To || query.From < s_earliest || query.To > s_latest)
        {
            return new Failure(Refusal.InvalidRequest, "/to", $"'from' must lie before 'to', both in the years 1900 to 8999; they are {query.From} and {query.To}.");
        }

        if (query.Subjects.Count > MeterQuery.MostSubjects)
        {
            return new Failure(Refusal.InvalidRequest, "/subject", $"At most {MeterQuery.MostSubjects} subjects; leave them out to ask for all accounts.");
        }

        if (query.GroupBy.Count > MeterQuery.MostGroups)
        {
            return new Failure(Refusal.InvalidRequest, "/groupBy", $"At most {MeterQuery.MostGroups} groups.");
        }

        foreach ((string name, string where) in query.GroupBy.Select(name => (name, "/groupBy")).Concat(query.Filter.Keys.Select(name => (name, $"/filterGroupBy/{name}"))))
        {
            if (name is not (Subject or Type) && !Dimensions.BuiltIn.Contains(name) && !(name.StartsWith(Dimensions.PropertyPrefix, StringComparison.Ordinal) && name.Length > Dimensions.PropertyPrefix.Length))
            {
                return new Failure(Refusal.InvalidRequest, where, $"'{name}' is no dimension; take {Subject}, {Type}, {string.Join(", ", Dimensions.BuiltIn)} or properties.NAME.");
            }
        }

        return null;
    }

    /// <summary>Chooses between summaries and log, and says what the log cannot answer.</summary>
    private async ValueTask<(UsageQuestion? Question, Failure? Failure)> AskAsync(
        WorkspaceId workspace, MeterQuery query, Catalog catalog, Meter meter, ImmutableArray<Engine.Period> windows, CancellationToken cancellationToken)
    {
        ImmutableArray<string> dimensions = [.. query.GroupBy.Concat(query.Filter.Keys).Where(name => name is not (Subject or Type)).Distinct(StringComparer.Ordinal)];
        bool summed = dimensions.Length == 0 || (dimensions.Length == 1 && Dimensions.IsSummed(dimensions[0], catalog));
        bool fine = !windows.Skip(1).All(window => SummaryKey.IsBoundary(window.Start));
        Instant from = windows[0].Start;
        Instant to = windows[^1].End;
        if ((!summed || fine) && to - from > MeterQuery.LongestLogged)
        {
            string why = fine ? "windows that do not begin at quarters of an hour" : dimensions.Length > 1 ? "more than one dimension" : $"a property that no event type declares as a dimension ('{dimensions[0]}')";
            return (null, new Failure(Refusal.InvalidRequest, "/from", $"A query with {why} reads the log and takes at most 31 days; shorten the time, or ask for {(fine ? "larger windows" : "one declared dimension")}."));
        }

        if (!summed && meter.Kind == MeterKind.Level)
        {
            return (null, new Failure(Refusal.InvalidRequest, "/groupBy", $"'{meter.Key}' is a level: its value follows from all that came before, which is summed by one declared dimension at a time. Take one of them."));
        }

        UsageQuestion question = new()
        {
            Workspace = workspace,
            Accounts = await AccountsAsync(workspace, query, cancellationToken),
            Types = query.Filter.TryGetValue(Type, out IReadOnlyCollection<string>? types) ? types : null,
            Dimensions = dimensions,
            WithoutValue = !query.Filter.Keys.Any(dimensions.Contains),
        };
        (ImmutableArray<Engine.Period> core, ImmutableArray<Engine.Period> edges) = !summed || fine ? ([], [new Engine.Period(from, to)]) : UsageParts.Cut(from, to);
        if (meter.Kind == MeterKind.Level)
        {
            // A level at a time is the sum of all its changes before.
            Instant start = SummaryKey.BucketOf(from);
            core = core.Insert(0, new Engine.Period(Instant.MinValue, start));
            edges = start < from ? edges.Insert(0, new Engine.Period(start, from)) : edges;
        }

        return (question with { Summed = core, Logged = edges }, null);
    }

    private async ValueTask<IReadOnlyCollection<long>?> AccountsAsync(WorkspaceId workspace, MeterQuery query, CancellationToken cancellationToken)
    {
        IEnumerable<string> keys = query.Subjects.Select(key => key.Value);
        if (query.Filter.TryGetValue(Subject, out IReadOnlyCollection<string>? filter))
        {
            keys = query.Subjects.Count == 0 ? filter : keys.Where(filter.Contains);
        }
        else if (query.Subjects.Count == 0)
        {
            return null;
        }

        HashSet<long> ids = [];
        foreach (string key in keys.Distinct(StringComparer.Ordinal))
        {
            if (await _store.Ledger.ReadStateAsync(workspace, new AccountKey(key), cancellationToken) is { } state)
            {
                ids.Add(state.Account.Id);
            }
        }

        return ids;
    }

    private static async ValueTask<ImmutableArray<MeterRow>?> RowsAsync(
        MeterQuery query, UsageQuestion question, Meter meter, ImmutableArray<Engine.Period> windows, Tally tally, GroupNames names, CancellationToken cancellationToken)
    {
        Dictionary<GroupKey, Dictionary<int, decimal>> groups = [];
        if (query.GroupBy.Count == 0)
        {
            // Without groups every window has a row, also where nothing was used.
            groups.Add(new GroupKey([]), []);
        }

        foreach ((RawKey key, Dictionary<int, decimal> amounts) in tally.Amounts)
        {
            if (await NameAsync(query, question, key, names, cancellationToken) is { } named)
            {
                if (!groups.TryGetValue(named, out Dictionary<int, decimal>? sums))
                {
                    groups.Add(named, sums = []);
                }

                foreach ((int window, decimal amount) in amounts)
                {
                    sums[window] = sums.GetValueOrDefault(window) + amount;
                }
            }
        }

        string? only = query.Subjects.Count == 1 ? query.Subjects.First().Value : null;
        List<MeterRow> rows = [];
        foreach ((GroupKey group, Dictionary<int, decimal> sums) in groups)
        {
            AddRows(rows, query, meter, windows, group, sums, only);
            if (rows.Count > MeterQuery.MostRows)
            {
                return null;
            }
        }

        return [.. rows.OrderBy(row => row.WindowStart).ThenBy(row => row.Subject, StringComparer.Ordinal).ThenBy(row => string.Join('\n', row.GroupBy.Values), StringComparer.Ordinal)];
    }

    private static void AddRows(List<MeterRow> rows, MeterQuery query, Meter meter, ImmutableArray<Engine.Period> windows, GroupKey group, Dictionary<int, decimal> sums, string? only)
    {
        ImmutableSortedDictionary<string, string?> values = ImmutableSortedDictionary<string, string?>.Empty.WithComparers(StringComparer.Ordinal)
            .AddRange(query.GroupBy.Zip(group.Values, KeyValuePair.Create).Where(pair => pair.Key != Subject).DistinctBy(pair => pair.Key, StringComparer.Ordinal));
        int subject = query.GroupBy.ToList().IndexOf(Subject);
        string? account = subject >= 0 ? group.Values[subject] : only;
        decimal running = sums.GetValueOrDefault(Tally.Before);
        for (int i = 0; i < windows.Length; i++)
        {
            decimal amount = sums.GetValueOrDefault(i);
            running += amount;
            decimal value = meter.Kind == MeterKind.Level ? running : amount;
            if (value != 0 || query.GroupBy.Count == 0)
            {
                rows.Add(new MeterRow(Decimals.Normalize(value / Decimals.PowerOfTen(meter.Scale)), windows[i].Start, windows[i].End, account, values));
            }
        }
    }

    /// <summary>The group as the host knows it, or null when the filter leaves it out.</summary>
    private static async ValueTask<GroupKey?> NameAsync(MeterQuery query, UsageQuestion question, RawKey key, GroupNames names, CancellationToken cancellationToken)
    {
        Dictionary<string, string?> values = new(StringComparer.Ordinal) { [Subject] = names.OfAccount(key.Account), [Type] = key.Type.Length == 0 ? null : key.Type };
        for (int i = 0; i < question.Dimensions.Length; i++)
        {
            values[question.Dimensions[i]] = await names.OfValueAsync(key.Account, question.Dimensions[i], key.Values[i], cancellationToken);
        }

        bool passes = query.Filter.All(filter => filter.Key is Subject or Type || (values[filter.Key] is { } value && filter.Value.Contains(value)));
        return passes ? new GroupKey([.. query.GroupBy.Select(name => values[name])]) : null;
    }

    /// <summary>What is kept apart while it is added up: only what the groups and filters need.</summary>
    private readonly record struct RawKey(long Account, string Type, ImmutableArray<string?> Values)
    {
        public bool Equals(RawKey other) => Account == other.Account && Type == other.Type && Values.AsSpan().SequenceEqual(other.Values.AsSpan());

        public override int GetHashCode() => HashCode.Combine(Account, Type, Values.Length == 0 ? null : Values[0]);
    }

    private sealed class GroupKey(ImmutableArray<string?> values) : IEquatable<GroupKey>
    {
        public ImmutableArray<string?> Values { get; } = values;

        public bool Equals(GroupKey? other) => other is not null && Values.AsSpan().SequenceEqual(other.Values.AsSpan());

        public override bool Equals(object? obj) => Equals(obj as GroupKey);

        public override int GetHashCode()
        {
            HashCode hash = default;
            foreach (string? value in Values)
            {
                hash.Add(value, StringComparer.Ordinal);
            }

            return hash.ToHashCode();
        }
    }

    private sealed class Tally
    {
        /// <summary>The place of what a level was before the first window.</summary>
        public const int Before = -1;

        private readonly Meter _meter;
        private readonly ImmutableArray<Engine.Period> _windows;
        private readonly bool _byAccount;
        private readonly bool _byType;

        public Tally(UsageQuestion question, MeterQuery query, Meter meter, ImmutableArray<Engine.Period> windows)
        {
            _meter = meter;
            _windows = windows;
            _byType = query.GroupBy.Contains(Type);
            _byAccount = query.GroupBy.Contains(Subject) || question.Dimensions.Any(GroupNames.IsAlias);
        }

        public Dictionary<RawKey, Dictionary<int, decimal>> Amounts { get; } = [];

        public IEnumerable<long> Accounts => _byAccount ? Amounts.Keys.Select(key => key.Account).Distinct() : [];

        public void Add(UsagePart part)
        {
            if (!part.Figures.Amounts.TryGetValue(_meter.Key, out long amount) || amount == 0 || part.At >= _windows[^1].End)
            {
                return;
            }

            RawKey key = new(_byAccount ? part.Account : 0, _byType ? part.Type : "", part.Values);
            if (!Amounts.TryGetValue(key, out Dictionary<int, decimal>? sums))
            {
                Amounts.Add(key, sums = []);
            }

            int window = WindowOf(part.At);
            sums[window] = sums.GetValueOrDefault(window) + ((decimal)part.Sign * amount);
        }

        private int WindowOf(Instant at)
        {
            if (at < _windows[0].Start)
            {
                return Before;
            }

            int low = 0;
            for (int high = _windows.Length - 1; low < high;)
            {
                int middle = (low + high + 1) / 2;
                (low, high) = _windows[middle].Start <= at ? (middle, high) : (low, middle - 1);
            }

            return low;
        }
    }
}
