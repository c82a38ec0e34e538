using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    [Fact(DisplayName = "LOG-1: an entry comes back exactly, wherever it is read")]
    public async Task AnEntryRoundTrips()
    {
        await CreateAcmeAsync();
        LedgerRow row = new(Sample.FullEntry(), Sample.FullDetails, Digest.Of(Sample.FullDetails.Id!), Digest.Of("content"));
        LedgerRow bare = new(
            new Entry { Kind = EntryKind.Adjustment, Account = Sample.AcmeId, At = Sample.Now, RecordedAt = Sample.Now, CatalogVersion = 1, Plan = "free" },
            EventDetails.Empty, Digest.Of("bare"), default);
        IReadOnlyList<long> sequences = await RecordAsync(row, bare);

        StoredEntry[] stored = [new(sequences[0], row.Entry, row.Details, row.Fingerprint), new(sequences[1], bare.Entry, bare.Details)];
        EntryHistory[] histories = [.. stored.Select(entry => new EntryHistory(entry, []))];
        LedgerRecord record = new(Sample.Acme, sequences[0], row.Entry, row.Details, null, null);
        Same(stored, await Ledger.FollowAsync(Own, 0, 10, None));
        Same(histories, await AllAsync(Ledger.ScanAsync(Own, null, Instant.MinValue, Instant.MaxValue, None)));
        Same(histories.ToDictionary(history => history.Entry.Sequence), await Ledger.ReadEntriesAsync(Own, [sequences[1], sequences[0]], None));
        Same(record, await Ledger.FindAsync(Own, new EventId(row.Details.Id!), None));
        Same(new[] { record, new LedgerRecord(Sample.Acme, sequences[1], bare.Entry, bare.Details, null, null) }, await Ledger.ReadAsync(Own, new LedgerFilter { Ascending = true }, None));
    }

    [Fact(DisplayName = "LOG-1: sequence numbers rise in the order of the rows, from batch to batch")]
    public async Task SequenceNumbersRise()
    {
        await CreateAcmeAsync();
        Assert.Equal(0, await Ledger.LastSequenceAsync(Own, None));
        IReadOnlyList<long> first = await RecordAsync(Sample.Row("1"), Sample.Row("2"));
        IReadOnlyList<long> second = await RecordAsync(Sample.Row("3"));
        long[] all = [.. first, .. second];
        Assert.True(0 < all[0] && all[0] < all[1] && all[1] < all[2]);
        Assert.Equal(all[2], await Ledger.LastSequenceAsync(Own, None));
        Assert.Equal(all, (await Ledger.FollowAsync(Own, 0, 10, None)).Select(entry => entry.Sequence));
        Assert.Equal(["1", "2", "3"], (await Ledger.FollowAsync(Own, 0, 10, None)).Select(entry => entry.Details.Id));
    }

    [Fact(DisplayName = "LOG-1: the newest rows come first, the oldest with order=asc; the cursor goes on behind them")]
    public async Task PagesFollowOneAnother()
    {
        await CreateAcmeAsync();
        string[] ids = [.. Enumerable.Range(0, 7).Select(i => $"evt-{i}")];
        await RecordAsync([.. ids.Select(id => Sample.Row(id))]);

        Assert.Equal(ids, await PagesAsync(ascending: true));
        Assert.Equal(Enumerable.Reverse(ids), await PagesAsync(ascending: false));

        async Task<List<string?>> PagesAsync(bool ascending)
        {
            List<string?> read = [];
            LedgerFilter filter = new() { Ascending = ascending, Limit = 3 };
            for (IReadOnlyList<LedgerRecord> page = await Ledger.ReadAsync(Own, filter, None); page.Count > 0; page = await Ledger.ReadAsync(Own, filter, None))
            {
                Assert.InRange(page.Count, 1, 3);
                read.AddRange(page.Select(record => record.Details.Id));
                filter = filter with { Cursor = page[^1].Sequence };
            }

            return read;
        }
    }

    [Fact(DisplayName = "LOG-1: the log is filtered by account, type, user, campaign, model, status and time, alone and together")]
    public async Task TheLogIsFiltered()
    {
        await CreateAsync(Sample.New("acme", 1), Sample.New("beta", 2));
        Instant t = Sample.Now;
        await RecordAsync(
            Row("a", 1, "diagnose", t, "u1", "spring", "m1", "200"),
            Row("b", 1, "diagnose", t + Clock.Microsecond, "u2", null, "m2", "500"),
            Row("c", 1, "render", t + Duration.FromHours(1), "u1", null, null, null),
            Row("d", 2, "diagnose", t, "u1", "spring", "m1", "200"),
            Row("e", 2, "Diagnose", t - Clock.Microsecond, null, null, "M1", "ok"));

        Assert.Equal("abc", await IdsAsync(new() { Account = Sample.Acme }));
        Assert.Equal("", await IdsAsync(new() { Account = new AccountKey("gamma") }));
        Assert.Equal("abd", await IdsAsync(new() { Type = "diagnose" }));
        Assert.Equal("acd", await IdsAsync(new() { User = "u1" }));
        Assert.Equal("ad", await IdsAsync(new() { Campaign = "spring" }));
        Assert.Equal("ad", await IdsAsync(new() { Model = "m1" }));
        Assert.Equal("b", await IdsAsync(new() { Status = "500" }));
        Assert.Equal("abcd", await IdsAsync(new() { From = t }));
        Assert.Equal("bc", await IdsAsync(new() { From = t + Clock.Microsecond }));
        Assert.Equal("e", await IdsAsync(new() { To = t }));
        Assert.Equal("ade", await IdsAsync(new() { To = t + Clock.Microsecond }));
        Assert.Equal("a", await IdsAsync(new() { Account = Sample.Acme, Type = "diagnose", User = "u1", Campaign = "spring", Model = "m1", Status = "200", From = t, To = t + Clock.Microsecond }));
        Assert.Equal("", await IdsAsync(new() { Account = Sample.Acme, Type = "render", Model = "m1" }));

        async Task<string> IdsAsync(LedgerFilter filter) =>
            string.Concat((await Ledger.ReadAsync(Own, filter with { Ascending = true }, None)).Select(record => record.Details.Id));

        static LedgerRow Row(string id, long account, string type, Instant at, string? user, string? campaign, string? model, string? status) =>
            Sample.Row(id, Sample.Entry(account, type, at: at), new EventDetails { User = user, Campaign = campaign, Model = model, Status = status });
    }

    [Fact(DisplayName = "LOG-1: a completion stands in what it completes, and the filters see what it says; a reversal is a row of its own")]
    public async Task CompletionsStandInWhatTheyComplete()
    {
        await CreateAcmeAsync();
        IReadOnlyList<long> sequences = await RecordAsync(Sample.Row("evt-1", details: new EventDetails { Model = "m1" }), Sample.Row("evt-2", details: new EventDetails { Status = "200" }));
        EventDetails outcome = new() { Status = "500", LatencyMs = 77, Model = "m2" };
        Entry completion = Sample.Entry(kind: EntryKind.Completion, target: sequences[0]) with { Flags = EntryFlags.Failed };
        Entry reversal = Sample.Entry(kind: EntryKind.Reversal, target: sequences[1], recordedAt: Sample.Now + Duration.FromMinutes(3));
        IReadOnlyList<long> later = await RecordAsync(Sample.RowWithoutId(completion, outcome), Sample.RowWithoutId(reversal));

        IReadOnlyList<LedgerRecord> rows = await Ledger.ReadAsync(Own, new LedgerFilter { Ascending = true }, None);
        Assert.Equal([sequences[0], sequences[1], later[1]], rows.Select(row => row.Sequence));
        Same(new StoredEntry(later[0], completion, outcome), rows[0].Completion);
        Assert.Equal([null, reversal.RecordedAt, null], rows.Select(row => row.ReversedAt));
        Assert.Null(rows[1].Completion);
        Same(rows[0], await Ledger.FindAsync(Own, new EventId("evt-1"), None));
        Same(rows[1], await Ledger.FindAsync(Own, new EventId("evt-2"), None));
        Assert.Equal([sequences[0]], await SequencesAsync(new LedgerFilter { Status = "500" }));
        Assert.Equal([sequences[0]], await SequencesAsync(new LedgerFilter { Model = "m2" }));
        Assert.Empty(await SequencesAsync(new LedgerFilter { Model = "m1" }));
        Assert.Equal([sequences[1]], await SequencesAsync(new LedgerFilter { Status = "200" }));
        Assert.Equal([sequences[0], sequences[1], later[0], later[1]], (await Ledger.FollowAsync(Own, 0, 10, None)).Select(entry => entry.Sequence));

        async Task<IEnumerable<long>> SequencesAsync(LedgerFilter filter) => (await Ledger.ReadAsync(Own, filter, None)).Select(record => record.Sequence);
    }

    [Fact(DisplayName = "ID-2: an event is found by its id, compared as bytes")]
    public async Task AnEventIsFoundByItsId()
    {
        await CreateAcmeAsync();
        await RecordAsync(Sample.Row("evt-a"), Sample.Row("evt-A"));
        Assert.Equal("evt-a", (await Ledger.FindAsync(Own, new EventId("evt-a"), None))!.Details.Id);
        Assert.Equal("evt-A", (await Ledger.FindAsync(Own, new EventId("evt-A"), None))!.Details.Id);
        Assert.Null(await Ledger.FindAsync(Own, new EventId("Evt-a"), None));
        Assert.Equal(Sample.Acme, await Ledger.FindOwnerAsync(Own, new EventId("evt-a"), None));
        Assert.Null(await Ledger.FindOwnerAsync(Own, new EventId("Evt-a"), None));
    }

    [Fact(DisplayName = "ID-3: nobody owns what stands under the id of a denial")]
    public async Task ADenialHasNoOwner()
    {
        await CreateAcmeAsync();
        await WriteAsync(new LedgerWrites { Denials = [new StoredDenial(Digest.Of("no"), default, new byte[] { 9 }, Sample.Now)] });
        Assert.Null(await Ledger.FindOwnerAsync(Own, new EventId("no"), None));
        Assert.Null(await Ledger.FindAsync(Own, new EventId("no"), None));
    }

    [Fact(DisplayName = "LOG-1: a follower goes on after any number and takes at most what it asks for")]
    public async Task AFollowerGoesOn()
    {
        await CreateAcmeAsync();
        IReadOnlyList<long> sequences = await RecordAsync([.. Enumerable.Range(0, 5).Select(i => Sample.Row($"evt-{i}"))]);
        Assert.Equal(sequences.Take(2), (await Ledger.FollowAsync(Own, 0, 2, None)).Select(entry => entry.Sequence));
        Assert.Equal(sequences.Skip(2).Take(2), (await Ledger.FollowAsync(Own, sequences[1], 2, None)).Select(entry => entry.Sequence));
        Assert.Empty(await Ledger.FollowAsync(Own, sequences[4], 2, None));
        Assert.Empty(await Ledger.FollowAsync(Own, long.MaxValue, 2, None));
    }

    [Fact(DisplayName = "LOG-1: stretches of the log are read in its order, and at most what is asked for")]
    public async Task StretchesAreRead()
    {
        await CreateAcmeAsync();
        IReadOnlyList<long> sequences = await RecordAsync([.. Enumerable.Range(0, 9).Select(i => Sample.Row($"evt-{i}"))]);
        LogStretch[] stretches = [new(0, sequences[1]), new(sequences[3], sequences[3]), new(sequences[5], sequences[7])];
        Assert.Equal([sequences[0], sequences[1], sequences[3], sequences[5], sequences[6], sequences[7]], await ReadAsync(stretches, 100));
        Assert.Equal([sequences[0], sequences[1], sequences[3], sequences[5]], await ReadAsync(stretches, 4));
        Assert.Equal([sequences[0]], await ReadAsync(stretches, 1));
        Assert.Empty(await ReadAsync([], 100));

        async Task<IEnumerable<long>> ReadAsync(LogStretch[] asked, int limit) => (await Ledger.ReadStretchesAsync(Own, asked, limit, None))!.Select(entry => entry.Sequence);
    }

    [Fact(DisplayName = "LOG-1: a follower never misses a row that commits late")]
    public async Task AFollowerMissesNothing()
    {
        const int writers = 4;
        const int batches = 20;
        await CreateAcmeAsync();
        Task writing = Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < batches; i++)
            {
                await RecordAsync(Sample.Row($"{writer}-{i}-a"), Sample.Row($"{writer}-{i}-b"));
            }
        })));

        List<StoredEntry> followed = [];
        while (true)
        {
            bool complete = writing.IsCompleted;
            IReadOnlyList<StoredEntry> next = await Ledger.FollowAsync(Own, followed.Count == 0 ? 0 : followed[^1].Sequence, 7, None);
            followed.AddRange(next);
            if (complete && next.Count == 0)
            {
                break;
            }
        }

        await writing;
        Assert.Equal(writers * batches * 2, followed.Count);
        Assert.Equal(followed.Select(entry => entry.Sequence), followed.Select(entry => entry.Sequence).Distinct().Order());
        Assert.Equal(followed.Count, followed.Select(entry => entry.Details.Id).Distinct().Count());
    }

    [Fact(DisplayName = "LOG-2: entries are read by their numbers with what came after them")]
    public async Task EntriesAreReadByNumber()
    {
        await CreateAcmeAsync();
        IReadOnlyList<long> sequences = await RecordAsync(Sample.Row("evt-1"), Sample.Row("evt-2"));
        LedgerRow completion = Sample.RowWithoutId(Sample.Entry(kind: EntryKind.Completion, target: sequences[0]));
        LedgerRow reversal = Sample.RowWithoutId(Sample.Entry(kind: EntryKind.Reversal, target: sequences[0]));
        IReadOnlyList<long> later = await RecordAsync(completion, reversal);

        IReadOnlyDictionary<long, EntryHistory> found = await Ledger.ReadEntriesAsync(Own, [sequences[0], later[1], later[1], later[1] + 1, 0, -1], None);
        Assert.Equal(2, found.Count);
        Assert.Equal(later, found[sequences[0]].Later.Select(entry => entry.Sequence));
        Same(new EntryHistory(new StoredEntry(later[1], reversal.Entry, reversal.Details), []), found[later[1]]);
        Assert.Empty(await Ledger.ReadEntriesAsync(Own, [], None));
    }

    [Fact(DisplayName = "LOG-2: a scan finds what happened, was recorded, completed or reversed in a stretch of time")]
    public async Task AScanFindsWhatMovedInAStretch()
    {
        await CreateAsync(Sample.New("acme", 1), Sample.New("beta", 2));
        Instant from = Instant.FromUtc(2026, 3, 10, 12, 0);
        Instant to = from + Duration.FromHours(1);
        Instant before = from - Clock.Microsecond;
        IReadOnlyList<long> sequences = await RecordAsync(
            Row("happened at the start", from, to),
            Row("happened before the end", to - Clock.Microsecond, to + Duration.FromDays(1)),
            Row("recorded", from - Duration.FromDays(30), from),
            Row("too early", before, before),
            Row("too late", to, to),
            Row("completed", before, before),
            Row("reversed", before, before),
            Row("completed too late", before, before),
            Row("of another", from, from, 2));
        await RecordAsync(
            After(EntryKind.Completion, sequences[5], from),
            After(EntryKind.Reversal, sequences[6], to - Clock.Microsecond),
            After(EntryKind.Completion, sequences[7], to));

        Assert.Equal(
            ["happened at the start", "happened before the end", "recorded", "completed", "reversed", "of another"],
            (await AllAsync(Ledger.ScanAsync(Own, null, from, to, None))).Select(history => history.Entry.Details.Id));
        List<EntryHistory> own = await AllAsync(Ledger.ScanAsync(Own, [1, 3], from, to, None));
        Assert.Equal(["happened at the start", "happened before the end", "recorded", "completed", "reversed"], own.Select(history => history.Entry.Details.Id));
        Assert.Equal([0, 0, 0, 1, 1], own.Select(history => history.Later.Count));
        Assert.Empty(await AllAsync(Ledger.ScanAsync(Own, [], from, to, None)));

        static LedgerRow Row(string id, Instant at, Instant recordedAt, long account = 1) => Sample.Row(id, Sample.Entry(account, at: at, recordedAt: recordedAt));

        static LedgerRow After(EntryKind kind, long target, Instant recordedAt) => Sample.RowWithoutId(Sample.Entry(1, kind: kind, target: target, at: recordedAt));
    }
}
