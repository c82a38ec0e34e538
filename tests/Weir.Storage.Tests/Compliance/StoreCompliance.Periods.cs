using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private static readonly Duration s_minute = Duration.FromMinutes(1);

    [Fact(DisplayName = "PER-6: balances are found by the end of their periods, of the accounts that are asked for, also right after their commit")]
    public async Task EndedBalancesAreFound()
    {
        await CreateAsync(Sample.New("acme", 1), Sample.New("beta", 2));
        Balance first = Sample.Balance(1, Sample.Key(start: Month(0)), Month(1), held: 3);
        Balance second = Sample.Balance(2, Sample.Key(start: Month(1)), Month(2));
        Balance lifetime = Sample.Balance(3, Sample.Key("storage", Per.Lifetime));
        await WriteAsync(new LedgerWrites
        {
            Accounts = [Sample.WriteOf(Sample.StateOf(Sample.Account(1), first, second, lifetime)), Sample.WriteOf(Sample.StateOf(Sample.Account(2), first), "beta")],
        });

        await FindsAsync([1], Month(0), Month(3), (1, first), (1, second));
        await FindsAsync([1], Month(1), Month(2), (1, second));
        await FindsAsync([1, 2, 3], Month(1) - Clock.Microsecond, Month(1), (1, first), (2, first));
        await FindsAsync([2], Month(1), Month(9));
        await FindsAsync([], Month(0), Month(9));
        await FindsAsync([1, 2], Instant.MinValue, Month(1), (1, first), (2, first));

        async Task FindsAsync(long[] accounts, Instant after, Instant upTo, params (long, Balance)[] expected) =>
            Same(expected, (await Store.Periods.ReadEndedAsync(Own, accounts, after, upTo, None)).OrderBy(pair => pair.Account).ThenBy(pair => pair.Balance.PeriodEnd));
    }

    [Fact(DisplayName = "PER-6: the last entry that moved a balance is found, whatever kind it was and however much was written since")]
    public async Task LastMovesAreFound()
    {
        await CreateAsync(Sample.New("acme", 1), Sample.New("beta", 2));
        BalanceKey credits = Sample.Key(start: Month(0));
        BalanceKey calls = Sample.Key("calls", start: Month(0));
        long target = (await RecordAsync(Sample.Row("1", Moved(1, "free", 1, Month(0), (credits, 1), (calls, 7)))))[0];
        await RecordAsync(Sample.Row("2", Moved(2, "other", 5, Month(0), (credits, 99))));
        for (int i = 0; i < 450; i++)
        {
            await RecordAsync(Sample.Row($"i-{i}", Moved(1, "free", 1, Month(0) + Duration.FromHours(i), (credits, 2 + i))));
        }

        await WriteAsync(new LedgerWrites
        {
            Rows = [Sample.RowWithoutId(Moved(1, "pro", 4, Month(1) + Duration.FromHours(71), (credits, 800)) with { Kind = EntryKind.Commit, Target = target })],
        });
        await RecordAsync(Sample.Row("late", Moved(1, "pro", 4, Month(1) + Duration.FromDays(9), (Sample.Key(start: Month(1)), 3))));

        IReadOnlyDictionary<BalanceKey, LastMove> moves = await Store.Periods.ReadLastMovesAsync(
            Own, 1, [Sample.Balance(800, credits, Month(1)), Sample.Balance(7, calls, Month(1)), Sample.Balance(0, Sample.Key("none", start: Month(0)), Month(1))], None);
        Assert.Equal([("calls", "free", 1, 7L), ("credits", "pro", 4, 800L)], moves.OrderBy(move => move.Key.Meter).Select(move => (move.Key.Meter, move.Value.Plan, move.Value.CatalogVersion, move.Value.Line.Used.Units)));
        Assert.Empty(await Store.Periods.ReadLastMovesAsync(Own, 1, [], None));
        Assert.Empty(await Store.Periods.ReadLastMovesAsync(Own, 3, [Sample.Balance(1, credits, Month(1))], None));
    }

    [Fact(DisplayName = "PER-6: a closing summary comes back exactly; the first one of a period stays, whoever writes another")]
    public async Task TheFirstSummaryStays()
    {
        ClosingSummary full = Summary(Sample.Key(start: Month(0)), 1_250) with { Granted = new Quantity(300), OverageRate = new UnitPrice(0.000000000001m) };
        ClosingSummary bare = Summary(Sample.Key("calls", Per.CalendarYear, start: Month(0)), 0) with { Limit = null, Enforcement = LimitEnforcement.Hard, OverageRate = null };
        Assert.Equal(2, await Store.Periods.CloseAsync(Own, [full, bare], Month(2), None));
        Assert.Equal(0, await Store.Periods.CloseAsync(Own, [full with { Used = new Quantity(9), Plan = "pro" }, bare], Month(3), None));
        Assert.Equal(1, await Store.Periods.CloseAsync(Own, [full, bare with { Account = 7 }], Month(3), None));

        Same(
            new[] { new EndedPeriod(null, bare, Month(2)), new EndedPeriod(null, full, Month(2)) },
            await Store.Periods.ReadAsync(Own, Sample.AcmeId, new PeriodFilter { EndedBy = Month(20) }, None));
        Assert.Equal(new Quantity(250), full.Overage);
        Assert.Equal(new Money(0.0000000000025m), full.OverageCost);
    }

    [Fact(DisplayName = "PER-6: periods that are over are paged by a place, the latest end first, each once, with balance, summary or both")]
    public async Task PeriodsArePaged()
    {
        await CreateAcmeAsync();
        List<Balance> balances = [Sample.Balance(5, Sample.Key("storage", Per.Lifetime)), Sample.Balance(9, Sample.Key(start: Month(0), scope: ScopeKind.User, scopeId: 4), Month(1))];
        List<ClosingSummary> summaries = [Summary(Sample.Key("calls", start: Month(2)), 0)];
        for (int month = 0; month < 5; month++)
        {
            balances.Add(Sample.Balance(month, Sample.Key(start: Month(month)), Month(month + 1)));
            balances.Add(Sample.Balance(month, Sample.Key("calls", Per.CalendarMonth, start: Month(month)), Month(month + 1)));
            summaries.Add(Summary(Sample.Key(start: Month(month)), month));
        }

        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(Sample.StateOf(Sample.Account(), [.. balances]))] });
        await Store.Periods.CloseAsync(Own, summaries, Month(9), None);

        IReadOnlyList<EndedPeriod> all = await Store.Periods.ReadAsync(Own, Sample.AcmeId, new PeriodFilter { EndedBy = Month(9) }, None);
        Assert.Equal(11, all.Count);
        Assert.Equal(all.OrderBy(period => period.Position).Select(period => period.Position), all.Select(period => period.Position));
        Assert.Equal((5, 5, 1), (all.Count(p => p is { Balance: not null, Summary: not null }), all.Count(p => p.Summary is null), all.Count(p => p.Balance is null)));
        foreach (int limit in new[] { 1, 2, 3, 10, 11 })
        {
            List<EndedPeriod> paged = [];
            PeriodPosition? after = null;
            IReadOnlyList<EndedPeriod> page;
            do
            {
                page = await Store.Periods.ReadAsync(Own, Sample.AcmeId, new PeriodFilter { EndedBy = Month(9), After = after, Limit = limit }, None);
                paged.AddRange(page);
                after = page.Count == 0 ? after : page[^1].Position;
            }
            while (page.Count > 0);
            Same(all, paged);
        }

        async Task<int> CountAsync(PeriodFilter filter) => (await Store.Periods.ReadAsync(Own, Sample.AcmeId, filter, None)).Count;
        Assert.Equal(5, await CountAsync(new PeriodFilter { EndedBy = Month(9), Meter = "credits" }));
        Assert.Equal(1, await CountAsync(new PeriodFilter { EndedBy = Month(9), Meter = "calls", Per = Per.Month }));
        Assert.Equal(2, await CountAsync(new PeriodFilter { EndedBy = Month(1) }));
        Assert.Equal(0, await CountAsync(new PeriodFilter { EndedBy = Month(1) - Clock.Microsecond }));
        Assert.Equal(5, await CountAsync(new PeriodFilter { EndedBy = Month(9), From = Month(2), To = Month(4) }));
        Assert.Equal(1, await CountAsync(new PeriodFilter { EndedBy = Month(9), Scope = ScopeKind.User }));
        Assert.Empty(await Store.Periods.ReadAsync(Own, 99, new PeriodFilter { EndedBy = Month(9) }, None));
    }

    [Fact(DisplayName = "PER-7: a job has one owner until its lease ends; the fence rises, and who has lost it can neither keep nor end it")]
    public async Task OneOwner()
    {
        Assert.Null(await Store.ScheduledJobs.FindAsync(Own, "closing", None));
        ScheduledJobLease first = (await Store.ScheduledJobs.TakeAsync(Own, "closing", "node-1", s_minute, None))!;
        Assert.Equal(("node-1", 1L, null), (first.Owner, first.Fence, first.Through));
        Assert.Null(await Store.ScheduledJobs.TakeAsync(Own, "closing", "node-2", s_minute, None));
        Assert.NotNull(await Store.ScheduledJobs.TakeAsync(Own, "other", "node-2", s_minute, None));

        Time.Advance(Duration.FromSeconds(59));
        Assert.True(await Store.ScheduledJobs.KeepAsync(Own, first, s_minute, None));
        Time.Advance(Duration.FromSeconds(59));
        Assert.Null(await Store.ScheduledJobs.TakeAsync(Own, "closing", "node-2", s_minute, None));
        Time.Advance(Duration.FromSeconds(1));
        ScheduledJobLease second = (await Store.ScheduledJobs.TakeAsync(Own, "closing", "node-2", s_minute, None))!;
        Assert.Equal(("node-2", 2L), (second.Owner, second.Fence));
        Assert.False(await Store.ScheduledJobs.KeepAsync(Own, first, s_minute, None));
        Assert.False(await Store.ScheduledJobs.EndAsync(Own, first, new ScheduledJobResult { Through = Month(1) }, Record("t1"), [Sample.Note("msg_1")], None));
        Assert.Empty(await Store.Notifications.FollowAsync(Own, 0, 9, None));

        ScheduledJobResult result = new() { Through = Month(0), Accounts = 3, Written = 2, Failures = 1, Error = "one" };
        Assert.True(await Store.ScheduledJobs.EndAsync(Own, second, result, Record("t1"), [Sample.Note("msg_1")], None));
        Assert.False(await Store.ScheduledJobs.EndAsync(Own, second, result, null, [], None));
        Assert.False(await Store.ScheduledJobs.KeepAsync(Own, second, s_minute, None));
        Same(new ScheduledJob("closing", "node-2", 2, null, second.TakenAt, second.TakenAt, Month(0), result), await Store.ScheduledJobs.FindAsync(Own, "closing", None));
        Assert.Single(await Store.Notifications.FollowAsync(Own, 0, 9, None));
        Assert.Contains(await Store.Audit.ReadAsync(Own, new AuditFilter(), None), record => record.Action == Record("t1").Action);

        // A run that got no further leaves how far the job is.
        ScheduledJobLease third = (await Store.ScheduledJobs.TakeAsync(Own, "closing", "node-1", s_minute, None))!;
        Assert.Equal((3L, Month(0)), (third.Fence, third.Through));
        Assert.True(await Store.ScheduledJobs.EndAsync(Own, third, new ScheduledJobResult { Error = "two" }, null, [], None));
        ScheduledJob state = (await Store.ScheduledJobs.FindAsync(Own, "closing", None))!;
        Assert.Equal((Month(0), null, "two"), (state.Through, state.Last!.Through, state.Last.Error));
    }

    [Fact(DisplayName = "PER-7: of many who take a job at once, one gets it")]
    public async Task OneOfMany()
    {
        ScheduledJobLease?[] leases = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => Store.ScheduledJobs.TakeAsync(Own, "closing", $"node-{i}", s_minute, None).AsTask())));
        Assert.Single(leases, lease => lease is not null);
    }

    private static Instant Month(int number) => new LocalDate(2026, 4, 1).PlusMonths(number).AtStartOfDayInZone(DateTimeZone.Utc).ToInstant();

    private static ClosingSummary Summary(BalanceKey key, long used) => new(
        Sample.AcmeId, key, key.PeriodStart == Sample.MonthStart ? Sample.MonthEnd : new LocalDate(key.PeriodStart.InUtc().Year, key.PeriodStart.InUtc().Month, 1).PlusMonths(key.Per == Per.CalendarYear ? 12 : 1).AtStartOfDayInZone(DateTimeZone.Utc).ToInstant(),
        2, "free", 3, new Quantity(1_000), LimitEnforcement.Soft, Quantity.Zero, new Quantity(used), null);

    private static Entry Moved(long account, string plan, int version, Instant at, params (BalanceKey Key, long Used)[] lines) => Sample.Entry(account, at: at) with
    {
        Plan = plan,
        CatalogVersion = version,
        Lines = [.. lines.Select(line => new EntryLine(line.Key, Month(1), 2, new Quantity(1), new Quantity(line.Used), Quantity.Zero, null, LimitEnforcement.Hard, null))],
    };
}
