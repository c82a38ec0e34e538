using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private static readonly Instant s_february = Instant.FromUtc(2020, 2, 1, 0, 0);

    private static readonly Instant s_march = Instant.FromUtc(2020, 3, 1, 0, 0);

    [Fact(DisplayName = "LOG-3: what is carried counts from the ledger's start on, stays as it was written, and adds up over the starts")]
    public async Task WhatIsCarriedCountsFromTheStart()
    {
        CarriedBalance first = new(Sample.AcmeId, Sample.Key(), new Quantity(7), new Quantity(-2));
        CarriedBalance scoped = new(0, Sample.Key("storage", Per.Lifetime, ScopeKind.Workspace, 0), new Quantity(-3), Quantity.Zero);
        CarriedGrant grant = new(Sample.AcmeId, 31, new Quantity(4), new Quantity(1));
        Assert.Equal(Instant.MinValue, await Store.Retention.StartAsync(Own, None));
        await Store.Retention.CarryAsync(Own, s_february, [first, scoped], [grant], None);
        await Store.Retention.CarryAsync(Own, s_february, [first with { Used = new Quantity(99) }], [grant with { Used = new Quantity(99) }], None);
        Assert.Empty(await AllAsync(Store.Retention.ReadBalancesAsync(Own, None)));
        Assert.Empty(await AllAsync(Store.Retention.ReadGrantsAsync(Own, None)));

        Assert.True(await Store.Retention.MoveStartAsync(Own, s_february, 0, None));
        await Store.Retention.CarryAsync(Own, s_march, [first with { Held = new Quantity(2) }], [], None);
        Assert.Equal(s_february, await Store.Retention.StartAsync(Own, None));
        Assert.Equal([scoped, first], (await AllAsync(Store.Retention.ReadBalancesAsync(Own, None))).OrderBy(sum => sum.Account));
        Assert.Equal([grant], await AllAsync(Store.Retention.ReadGrantsAsync(Own, None)));

        Assert.True(await Store.Retention.MoveStartAsync(Own, s_march, 0, None));
        Assert.True(await Store.Retention.MoveStartAsync(Own, s_february, 0, None));
        Assert.Equal(s_march, await Store.Retention.StartAsync(Own, None));
        Assert.Equal([scoped, first with { Used = new Quantity(14), Held = Quantity.Zero }], (await AllAsync(Store.Retention.ReadBalancesAsync(Own, None))).OrderBy(sum => sum.Account));
    }

    [Fact(DisplayName = "LOG-2, LOG-3: the ledger starts where the summaries hold everything before; made anew, they keep what lies before the start and say what is in it")]
    public async Task SummariesKeepWhatLiesBeforeTheStart()
    {
        SummaryKey before = new(1, s_february - SummaryKey.BucketLength, "a", "", "");
        SummaryKey after = before with { Bucket = s_february };
        Assert.False(await Store.Retention.MoveStartAsync(Own, s_february, 5, None));
        Assert.True(await AddAsync(0, 4, (before, Figures(1)), (after, Figures(2))));
        Assert.False(await Store.Retention.MoveStartAsync(Own, s_february, 5, None));
        Assert.True(await AddAsync(4, 5, (before, Figures(1))));
        Same(new SummaryProgress(5, new SummaryFloor(0, Instant.MinValue)).Checkpoint, (await Store.Summaries.ProgressAsync(Own, None)).Checkpoint);
        Assert.True(await Store.Retention.MoveStartAsync(Own, s_february, 5, None));

        await Store.Summaries.ClearAsync(Own, None);
        Same(new SummaryProgress(0, new SummaryFloor(5, s_february)), await Store.Summaries.ProgressAsync(Own, None));
        Assert.Equal([(before, 2L)], await KeptAsync());

        // While they are made anew the start stands still, and to begin once more loses nothing.
        Assert.False(await Store.Retention.MoveStartAsync(Own, s_march, 0, None));
        Assert.True(await AddAsync(0, 3, (after, Figures(2))));
        await Store.Summaries.ClearAsync(Own, None);
        Same(new SummaryProgress(0, new SummaryFloor(5, s_february)), await Store.Summaries.ProgressAsync(Own, None));
        Assert.True(await AddAsync(0, 9, (after, Figures(2)), (before, Figures(1))));
        Assert.True(await Store.Retention.MoveStartAsync(Own, s_march, 9, None));
        await Store.Summaries.ClearAsync(Own, None);
        Same(new SummaryProgress(0, new SummaryFloor(9, s_march)), await Store.Summaries.ProgressAsync(Own, None));
        Assert.Equal([(before, 3L), (after, 2L)], await KeptAsync());

        async Task<IEnumerable<(SummaryKey, long)>> KeptAsync() =>
            (await CellsAsync(new SummaryQuery(null, null, null, null, Instant.MinValue, Instant.MaxValue))).Select(cell => (cell.Key, cell.Figures.Events));
    }

    [Fact(DisplayName = "LOG-3, ID-3: carried entries go with their details and ids; what open reservations, grants, younger entries and the numbers need stays")]
    public async Task CarriedEntriesGo()
    {
        await CreateAcmeAsync();
        Dictionary<string, long> of = [];
        await AppendAsync("plain", 1);
        await AppendAsync("completed", 2);
        await AppendAsync(null, 3, "completed", EntryKind.Completion);
        await AppendAsync("reversed", 4);
        await AppendAsync(null, 5, "reversed", EntryKind.Completion);
        await AppendAsync("held", 6, kind: EntryKind.Reservation);
        await AppendAsync("grown", 7, "held", EntryKind.Growth);
        await AppendAsync("granted", 8, kind: EntryKind.Grant);
        await AppendAsync("draws", 9, draws: of["granted"]);
        AccountState state = AccountState.Of(Sample.Account()) with
        {
            Holds = HoldSet.Empty.Set(Sample.Hold(of["held"])),
            Grants = StateMap<long, Grant>.Empty.Add(of["granted"], Sample.Grant(of["granted"])),
        };
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(state)] });
        await AppendAsync("february", 40, draws: of["granted"]);
        await AppendAsync(null, 41, "reversed", EntryKind.Reversal);
        long last = await Ledger.LastSequenceAsync(Own, None);

        Assert.Equal(s_longAgo + Duration.FromDays(1), await Store.Retention.FirstRecordedAsync(Own, None));
        Assert.Equal(9, (await Store.Retention.ReadAsync(Own, s_february, 0, 100, None)).Count);
        Assert.Equal(of["reversed"], (await Store.Retention.ReadAsync(Own, s_february, of["completed"], 2, None))[^1].Sequence);
        Assert.Equal(0, await DropAllAsync());
        Assert.Equal(11, (await Ledger.FollowAsync(Own, 0, 100, None)).Count);

        await Store.Retention.CarryAsync(Own, s_february, [], [new CarriedGrant(Sample.AcmeId, of["granted"], new Quantity(60), Quantity.Zero)], None);
        await AddAsync(0, last);
        Assert.True(await Store.Retention.MoveStartAsync(Own, s_february, last, None));
        Assert.Equal(s_longAgo + Duration.FromDays(40), await Store.Retention.FirstRecordedAsync(Own, None));
        Quantity drawn = await Ledger.SumDrawsAsync(Own, of["granted"], None);
        Assert.Equal(3, await DropAllAsync());
        Assert.Equal(["reversed", null, "held", "grown", "granted", "february", null], (await Ledger.FollowAsync(Own, 0, 100, None)).Select(entry => entry.Details.Id));
        Assert.Equal(drawn, await Ledger.SumDrawsAsync(Own, of["granted"], None));
        Assert.Equal(new Quantity(60 + 60), drawn);
        Assert.Equal([of["february"]], (await Ledger.ReadDrawsAsync(Own, of["granted"], 0, 1, None)).Select(entry => entry.Sequence));
        Assert.Equal(["february"], (await Ledger.ReadAsync(Own, new LedgerFilter { Ascending = true }, None)).Where(record => record.Entry.Kind == EntryKind.Usage).Select(record => record.Details.Id));
        Assert.Equal(2, (await Ledger.ReadEntriesAsync(Own, [of["reversed"]], None))[of["reversed"]].Later.Count);
        Assert.Equal(last, await Ledger.LastSequenceAsync(Own, None));
        LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [], Ids = [.. of.Keys.Select(Digest.Of)], Targets = [Digest.Of("held"), Digest.Of("plain")] });
        Assert.Equal(["february", "granted", "grown", "held", "reversed"], of.Keys.Where(id => snapshot.Ids.ContainsKey(Digest.Of(id))).Order(StringComparer.Ordinal));
        Assert.Equal([Digest.Of("held")], snapshot.Targets.Keys);
        Assert.Null(await Ledger.FindAsync(Own, new EventId("plain"), None));
        Assert.Equal(0, await DropAllAsync());

        // What nothing refers to any more goes with the next start, and an id that is free is anybody's.
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(AccountState.Of(Sample.Account())) with { Parts = Sample.WriteOf(state).Parts }] });
        await AddAsync(last, last + 1);
        Assert.True(await Store.Retention.MoveStartAsync(Own, s_march, last, None));
        Assert.Equal(4, await DropAllAsync());
        Assert.Equal(["reversed", null, null], (await Ledger.FollowAsync(Own, 0, 100, None)).Select(entry => entry.Details.Id));
        await AppendAsync("plain", 70);
        Assert.True(of["plain"] > last);
        Assert.Equal(of["plain"], (await Ledger.FindAsync(Own, new EventId("plain"), None))!.Sequence);

        async Task AppendAsync(string? id, int day, string? target = null, EntryKind kind = EntryKind.Usage, long? draws = null)
        {
            Entry entry = Sample.Entry(kind: kind, target: target is null ? null : of[target], recordedAt: s_longAgo + Duration.FromDays(day));
            if (draws is { } number)
            {
                entry = entry with { Lines = [entry.Lines[0] with { Draws = new Draws([new Draw(number, null, new Quantity(60), Quantity.Zero)]) }] };
            }

            LedgerRow row = id is null ? Sample.RowWithoutId(entry) : Sample.Row(id, entry);
            long sequence = Assert.Single(await RecordAsync(row));
            if (id is not null)
            {
                of[id] = sequence;
            }
        }
    }

    [Fact(DisplayName = "PRIV-2, LOG-3: where a run ended between an event and what came after it, details of the rest go by their age, and then the rest goes")]
    public async Task ARestWithoutItsEvent()
    {
        await CreateAcmeAsync();
        long first = Assert.Single(await RecordAsync(Sample.Row("first", Sample.Entry(recordedAt: s_longAgo + Duration.FromDays(1)))));
        await RecordAsync(Sample.RowWithoutId(Sample.Entry(kind: EntryKind.Completion, target: first, recordedAt: s_longAgo + Duration.FromDays(2))));
        long last = Assert.Single(await RecordAsync(Sample.Row("newest", Sample.Entry(recordedAt: s_longAgo + Duration.FromDays(40)))));
        await AddAsync(0, last);
        Assert.True(await Store.Retention.MoveStartAsync(Own, s_february, last, None));
        Assert.Equal(1, (await Store.Retention.DropAsync(Own, null, 1, None)).Ids);
        await Store.Privacy.PruneAsync(Own, RetentionKind.EventDetails, s_february, 10, None);
        await DropAllAsync();
        Assert.Equal([last], (await Ledger.FollowAsync(Own, 0, 10, None)).Select(entry => entry.Sequence));
    }

    /// <summary>How many ids went.</summary>
    private async Task<long> DropAllAsync()
    {
        long ids = 0;
        LedgerDrop step = default;
        do
        {
            step = await Store.Retention.DropAsync(Own, step.Next, 2, None);
            Assert.False(step.IsBlocked);
            ids += step.Ids;
        }
        while (step.Next is not null);
        return ids;
    }
}
