using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    [Fact(DisplayName = "LOG-2: a store that tells what stands before a commit tells of its own workspace, and right")]
    public async Task TheNewestRowIsKnownOrNotTold()
    {
        WorkspaceId other = await NewWorkspaceAsync("other");
        for (int i = 0; i < 3; i++)
        {
            foreach (WorkspaceId workspace in (WorkspaceId[])[Own, other])
            {
                await WriteAsync(new LedgerWrites { Rows = [Sample.Row($"a-{i}", Sample.Entry(1)), Sample.Row($"b-{i}", Sample.Entry(1))] }, workspace);
                LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [] }, workspace);
                Assert.Equal(await Ledger.LastSequenceAsync(workspace, None), snapshot.LastSequence ?? await Ledger.LastSequenceAsync(workspace, None));
            }
        }
    }

    [Fact(DisplayName = "BAL-1, PER-1: an account's head, balances and rates come back exactly as they were written")]
    public async Task AStateRoundTrips()
    {
        await CreateAcmeAsync();
        AccountState state = Sample.FullState();
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(state)] });

        LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] });
        Same(state, snapshot.Accounts[Sample.Acme]);
        Same(state, await Ledger.ReadStateAsync(Own, Sample.Acme, None));
        Same(state, (await Store.Accounts.FindAsync(Own, Sample.Acme, None))!.State);
    }

    [Fact(DisplayName = "BAL-1: a later write changes what it names and keeps the rest")]
    public async Task AWriteKeepsWhatItDoesNotName()
    {
        await CreateAcmeAsync();
        AccountState state = Sample.FullState();
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(state)] });

        Balance more = Sample.Balance(99, held: 1);
        RateKey rate = new(ScopeKind.Account, 0, "api");
        AccountState next = state with
        {
            Account = state.Account with { Version = 1, Suspended = false, Overrides = [], PinnedVersion = null, FirstLiveEventAt = null },
            Balances = state.Balances.SetItem(more.Key, more),
            Rates = state.Rates.SetItem(rate, Sample.Window with { Newest = Sample.Window.Newest + 1, Counts = [1, 2] }),
            Holds = state.Holds.Remove(42),
        };
        await WriteAsync(new LedgerWrites { Accounts = [new AccountWrite(next, [more.Key], [rate]) { Key = Sample.Acme, Parts = [new StatePart(StatePartKind.Hold, 42)] }] });

        Same(next, await Ledger.ReadStateAsync(Own, Sample.Acme, None));
    }

    [Fact(DisplayName = "RES-1: accounts of which a reservation has expired are found by time, and no more once it is gone")]
    public async Task WhatFallsDueIsFound()
    {
        await CreateAcmeAsync();
        AccountState state = Sample.FullState();
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(state)] });
        Instant first = Sample.Hold(41).ExpiresAt;

        Assert.Empty(await Ledger.ReadDueAsync(Own, first - Clock.Microsecond, 10, None));
        Assert.Equal([Sample.Acme], await Ledger.ReadDueAsync(Own, first, 10, None));
        Assert.Empty(await Ledger.ReadDueAsync(Own, first, 0, None));

        AccountState tidied = state with { Holds = state.Holds.Remove(41) };
        await WriteAsync(new LedgerWrites { Accounts = [new AccountWrite(tidied, [], []) { Key = Sample.Acme, Parts = [new StatePart(StatePartKind.Hold, 41)] }] });
        Assert.Empty(await Ledger.ReadDueAsync(Own, first, 10, None));
        Assert.Equal([Sample.Acme], await Ledger.ReadDueAsync(Own, first + Duration.FromHours(1), 10, None));
    }

    [Fact(DisplayName = "TX-1: disposed without a commit, a transaction leaves no trace")]
    public async Task ARollbackLeavesNoTrace()
    {
        await CreateAcmeAsync();
        AccountState before = (await Ledger.ReadStateAsync(Own, Sample.Acme, None))!;
        await using (ILedgerTransaction transaction = await Ledger.BeginAsync(Own, None))
        {
            await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
            Assert.True(await transaction.WriteAsync(Everything(), None));
        }

        Same(before, await Ledger.ReadStateAsync(Own, Sample.Acme, None));
        Same(Sample.New("acme", Sample.AcmeId).Profile, (await Store.Accounts.FindAsync(Own, Sample.Acme, None))!.Profile);
        Assert.Empty(await Ledger.ReadAsync(Own, new LedgerFilter(), None));
        Assert.Empty(await Ledger.FollowAsync(Own, 0, 100, None));
        Assert.Empty(await AllAsync(Ledger.ReadBalancesAsync(Own, None)));
        Assert.Empty(await Ledger.ReadDenialsAsync(Own, null, Instant.MinValue, Instant.MaxValue, None));
        Assert.Empty(await Store.Notifications.FollowAsync(Own, 0, 100, None));
        Assert.Empty(await Alerts.ListAsync(Own, new AlertFilter { Now = Sample.Now }, None));
        Assert.Equal(0, await Ledger.LastSequenceAsync(Own, None));
        Assert.Equal(default, await Ledger.ReadScopesAsync(Own, Sample.Acme, "u-7", null, null, None));
        LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [Sample.Acme], Ids = [Digest.Of("evt-1"), Digest.Of("no-1")], Targets = [Digest.Of("evt-1")] });
        Assert.Empty(snapshot.Ids);
        Assert.Empty(snapshot.Targets);
        Assert.Empty(snapshot.Workspace.Balances);
    }

    [Fact(DisplayName = "TX-1: what a transaction wrote is there as a whole after its commit")]
    public async Task ACommitWritesEverything()
    {
        await CreateAcmeAsync();
        LedgerWrites writes = Everything();
        IReadOnlyList<long> sequences = await WriteAsync(writes);

        Same(writes.Accounts[0].State, await Ledger.ReadStateAsync(Own, Sample.Acme, None));
        Same(writes.Accounts[1].State, await Ledger.ReadWorkspaceStateAsync(Own, None));
        Same(writes.Profiles[0].Profile, (await Store.Accounts.FindAsync(Own, Sample.Acme, None))!.Profile);
        Assert.Equal(sequences[0], Assert.Single(await Ledger.ReadAsync(Own, new LedgerFilter(), None)).Sequence);
        Same(writes.DenialCounts, await Ledger.ReadDenialsAsync(Own, null, Instant.MinValue, Instant.MaxValue, None));
        Assert.Equal(new Scopes(11, 0, 0), await Ledger.ReadScopesAsync(Own, Sample.Acme, "u-7", null, null, None));
        Same(writes.Notifications, (await Store.Notifications.FollowAsync(Own, 0, 100, None)).Select(stored => stored.Notification));
        Same(writes.Alerts, (await Alerts.ListAsync(Own, new AlertFilter { Now = Sample.Now }, None)).Select(stored => stored.Alert));
    }

    [Fact(DisplayName = "TX-1: an account is made once and then stays as it is")]
    public async Task AnAccountIsMadeOnce()
    {
        await CreateAsync(Sample.New("acme", 1, "free", "Acme"), Sample.New("beta", 2, "pro"));
        await CreateAsync(Sample.New("acme", 3, "pro", "Other"), Sample.New("gamma", 4));

        Assert.Equal((1, "free"), await IdAndPlanAsync("acme"));
        Assert.Equal((2, "pro"), await IdAndPlanAsync("beta"));
        Assert.Equal((4, "free"), await IdAndPlanAsync("gamma"));
        Assert.Equal("Acme", (await Store.Accounts.FindAsync(Own, Sample.Acme, None))!.Profile.Name);

        async Task<(long, string)> IdAndPlanAsync(string key)
        {
            AccountState state = (await Ledger.ReadStateAsync(Own, new AccountKey(key), None))!;
            return (state.Account.Id, state.Account.Plan);
        }
    }

    [Fact(DisplayName = "TX-1: makers of the same account at once make one")]
    public async Task ConcurrentMakersMakeOneAccount()
    {
        await Task.WhenAll(Enumerable.Range(1, 16).Select(id => Task.Run(() => CreateAsync(Sample.New("acme", id), Sample.New("beta", 100 + id)))));

        Assert.Equal(2, await Store.Accounts.CountAsync(Own, None));
        Assert.InRange((await Ledger.ReadStateAsync(Own, Sample.Acme, None))!.Account.Id, 1, 16);
    }

    [Fact(DisplayName = "TX-1: a load leaves out accounts that are missing")]
    public async Task ALoadLeavesOutMissingAccounts()
    {
        await CreateAcmeAsync();
        LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [new AccountKey("beta"), Sample.Acme] });
        Assert.Equal([Sample.Acme], snapshot.Accounts.Keys);
        Assert.Null(await Ledger.ReadStateAsync(Own, new AccountKey("beta"), None));
    }

    [Fact(DisplayName = "TX-1: transactions of one account follow one another, and none loses what another wrote")]
    public async Task ConcurrentTransactionsLoseNothing()
    {
        const int writers = 8;
        const int each = 10;
        await CreateAcmeAsync();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < each; i++)
            {
                await using ILedgerTransaction transaction = await Ledger.BeginAsync(Own, None);
                AccountState state = (await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None)).Accounts[Sample.Acme];
                Balance balance = state.BalanceOf(Sample.Key(), Sample.MonthEnd);
                Balance next = balance with { Used = balance.Used + new Quantity(1) };
                AccountState changed = state with { Account = state.Account with { Version = state.Account.Version + 1 }, Balances = state.Balances.SetItem(next.Key, next) };
                Assert.True(await transaction.WriteAsync(new LedgerWrites
                {
                    Accounts = [new AccountWrite(changed, [next.Key], []) { Key = Sample.Acme }],
                    Rows = [Sample.Row($"evt-{writer}-{i}")],
                }, None));
                await transaction.CommitAsync(None);
            }
        })));

        AccountState end = (await Ledger.ReadStateAsync(Own, Sample.Acme, None))!;
        Assert.Equal(writers * each, end.Account.Version);
        Assert.Equal(writers * each, end.Balances[Sample.Key()].Used.Units);
        Assert.Equal(writers * each, (await Ledger.FollowAsync(Own, 0, 1_000, None)).Count);
    }

    [Fact(DisplayName = "TX-3: the load stamps the store's clock in whole microseconds")]
    public async Task TheClockIsInMicroseconds()
    {
        Assert.Equal(Sample.Now, (await LoadAsync(new LedgerLoad { Accounts = [] })).Clock);
        Time.Advance(Duration.FromMilliseconds(1));
        Assert.Equal(Sample.Now + Duration.FromMilliseconds(1), (await LoadAsync(new LedgerLoad { Accounts = [] })).Clock);
    }

    [Fact(DisplayName = "TX-5: the load reads the active catalog version")]
    public async Task TheLoadReadsTheActiveVersion()
    {
        Assert.Equal(0, (await LoadAsync(new LedgerLoad { Accounts = [] })).ActiveCatalogVersion);
        await Store.Catalogs.AddAsync(Own, "name: a", CatalogFormat.Yaml, null, 0, None);
        Assert.Equal(1, (await LoadAsync(new LedgerLoad { Accounts = [] })).ActiveCatalogVersion);
    }

    [Fact(DisplayName = "ID-3: an id is remembered with its fingerprint and its effect")]
    public async Task AnIdIsRemembered()
    {
        await CreateAcmeAsync();
        LedgerRow row = Sample.Row("evt-1", Sample.FullEntry(), Sample.FullDetails);
        IReadOnlyList<long> sequences = await RecordAsync(row);

        LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [], Ids = [Digest.Of("evt-1"), Digest.Of("evt-2")] });
        (Digest id, StoredId stored) = Assert.Single(snapshot.Ids);
        Assert.Equal(Digest.Of("evt-1"), id);
        Assert.Equal((row.Fingerprint, sequences[0]), (stored.Fingerprint, stored.Sequence));
        Same(row.Entry, stored.Entry);
    }

    [Fact(DisplayName = "ID-3: a denial is remembered with its answer and has no effect")]
    public async Task ADenialIsRemembered()
    {
        await CreateAcmeAsync();
        byte[] answer = [0, 1, 2, 255, (byte)'{'];
        await WriteAsync(new LedgerWrites { Denials = [new StoredDenial(Digest.Of("no-1"), Digest.Of("content"), answer, Sample.Now)] });

        LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [], Ids = [Digest.Of("no-1")], Targets = [Digest.Of("no-1")] });
        StoredId stored = snapshot.Ids[Digest.Of("no-1")];
        Assert.Equal(Digest.Of("content"), stored.Fingerprint);
        Assert.Null(stored.Entry);
        Assert.Equal(answer, stored.Answer.ToArray());
        Assert.Empty(snapshot.Targets);
        Assert.Null(await Ledger.FindAsync(Own, new EventId("no-1"), None));
        Assert.Equal(0, await Ledger.LastSequenceAsync(Own, None));
    }

    [Theory(DisplayName = "ID-5: a write with an id that is taken is given up as a whole")]
    [InlineData("evt-1", false)]
    [InlineData("evt-1", true)]
    [InlineData("no-1", false)]
    [InlineData("no-1", true)]
    public async Task ATakenIdGivesTheTransactionUp(string taken, bool byDenial)
    {
        await CreateAcmeAsync();
        await WriteAsync(new LedgerWrites { Rows = [Sample.Row("evt-1")], Denials = [new StoredDenial(Digest.Of("no-1"), default, new byte[] { 1 }, Sample.Now)] });
        long last = await Ledger.LastSequenceAsync(Own, None);
        AccountState state = Sample.FullState();
        await using (ILedgerTransaction transaction = await Ledger.BeginAsync(Own, None))
        {
            await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
            Assert.False(await transaction.WriteAsync(
                new LedgerWrites
                {
                    Accounts = [Sample.WriteOf(state)],
                    Rows = byDenial ? [Sample.Row("evt-2")] : [Sample.Row("evt-2"), Sample.Row(taken)],
                    Denials = byDenial ? [new StoredDenial(Digest.Of(taken), default, new byte[] { 2 }, Sample.Now)] : [],
                }, None));
        }

        Assert.Equal(last, await Ledger.LastSequenceAsync(Own, None));
        Assert.Empty((await Ledger.ReadStateAsync(Own, Sample.Acme, None))!.Balances);
        Assert.Null(await Ledger.FindAsync(Own, new EventId("evt-2"), None));
    }

    [Fact(DisplayName = "COR-1: a target comes with its account, its details and everything that came after it")]
    public async Task ATargetComesWithWhatCameAfter()
    {
        await CreateAcmeAsync();
        LedgerRow first = Sample.Row("evt-1", Sample.FullEntry(), Sample.FullDetails);
        long sequence = (await RecordAsync(first, Sample.Row("evt-2")))[0];
        LedgerRow completion = Sample.RowWithoutId(Sample.Entry(kind: EntryKind.Completion, target: sequence), new EventDetails { Status = "200", LatencyMs = 5 });
        LedgerRow reversal = Sample.RowWithoutId(Sample.Entry(kind: EntryKind.Reversal, target: sequence));
        IReadOnlyList<long> later = [.. await RecordAsync(completion), .. await RecordAsync(reversal)];

        LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [], Targets = [Digest.Of("evt-1"), Digest.Of("evt-2"), Digest.Of("evt-3")] });
        Assert.Equal(2, snapshot.Targets.Count);
        Same(
            new StoredTarget(Sample.Acme, sequence, first.Entry, first.Details,
                [new StoredEntry(later[0], completion.Entry, completion.Details), new StoredEntry(later[1], reversal.Entry, reversal.Details)]),
            snapshot.Targets[Digest.Of("evt-1")]);
        Assert.Empty(snapshot.Targets[Digest.Of("evt-2")].Later);
    }

    [Fact(DisplayName = "PRIV-1: aliases are known by account, kind and name")]
    public async Task AliasesAreKnown()
    {
        await CreateAsync(Sample.New("acme", 1), Sample.New("beta", 2));
        AccountKey beta = new("beta");
        Alias user = new(Sample.Acme, ScopeKind.User, "x");
        Alias campaign = new(Sample.Acme, ScopeKind.Campaign, "x");
        Alias key = new(Sample.Acme, ScopeKind.Key, "x");
        Alias betas = new(beta, ScopeKind.User, "x");
        await WriteAsync(new LedgerWrites { Aliases = [new NewAlias(1, user, 11), new NewAlias(1, campaign, 12), new NewAlias(1, key, 13), new NewAlias(2, betas, 14)] });

        Alias unknown = new(Sample.Acme, ScopeKind.User, "X");
        LedgerSnapshot snapshot = await LoadAsync(new LedgerLoad { Accounts = [Sample.Acme, beta], Aliases = [user, campaign, key, betas, unknown] });
        Same(new Dictionary<Alias, long> { [user] = 11, [campaign] = 12, [key] = 13, [betas] = 14 }, snapshot.Aliases);
        Assert.Equal(new Scopes(11, 12, 13), await Ledger.ReadScopesAsync(Own, Sample.Acme, "x", "x", "x", None));
        Assert.Equal(new Scopes(14, 0, 0), await Ledger.ReadScopesAsync(Own, beta, "x", "x", null, None));
        Assert.Equal(default, await Ledger.ReadScopesAsync(Own, new AccountKey("gamma"), "x", "x", "x", None));
        Same(new Dictionary<long, string> { [11] = "x" }, await Store.Accounts.AliasesAsync(Own, 1, ScopeKind.User, None));
        Assert.Empty(await Store.Accounts.AliasesAsync(Own, 2, ScopeKind.Key, None));
        Assert.Empty(await Store.Accounts.AliasesAsync(Own, 3, ScopeKind.User, None));
    }

    [Fact(DisplayName = "PER-2: a state has every balance that is not closed; those of closed periods are found by their keys")]
    public async Task ClosedBalancesAreFoundByTheirKeys()
    {
        await CreateAcmeAsync();
        Balance closed = Sample.Balance(5, Sample.Key(start: Instant.FromUtc(2026, 1, 1, 0, 0)), Instant.FromUtc(2026, 2, 1, 0, 0));
        Balance ended = Sample.Balance(6, Sample.Key("calls", Per.Hour, start: Sample.Now - Duration.FromHours(72)), Sample.Now - Duration.FromHours(71));
        Balance open = Sample.Balance(7);
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(Sample.StateOf(Sample.Account(), closed, ended, open))] });

        AccountState state = (await Ledger.ReadStateAsync(Own, Sample.Acme, None))!;
        Same(ended, state.Balances[ended.Key]);
        Same(open, state.Balances[open.Key]);

        Time.Advance(Duration.FromDays(60));
        await using ILedgerTransaction transaction = await Ledger.BeginAsync(Own, None);
        await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
        IReadOnlyList<Balance> found = await transaction.LoadBalancesAsync(Sample.AcmeId, [open.Key, Sample.Key("other"), closed.Key, ended.Key], None);
        Same(new[] { closed, ended, open }, found.OrderBy(balance => balance.Used.Units));
        Assert.Empty(await transaction.LoadBalancesAsync(Sample.AcmeId + 1, [open.Key], None));
    }

    [Fact(DisplayName = "TX-1: the workspace has a head of its own, in its own zone")]
    public async Task TheWorkspaceHasAHead()
    {
        Workspace workspace = (await Store.Workspaces.CreateAsync("zoned", null, "Pacific/Auckland", None))!;
        AccountState head = await Ledger.ReadWorkspaceStateAsync(workspace.Id, None);
        Same(AccountState.Of(workspace.NewHead()), head);

        Balance balance = Sample.Balance(3, Sample.Key("cost", Per.CalendarDay, ScopeKind.Workspace), Sample.MonthEnd);
        RateKey rate = new(ScopeKind.Workspace, 0, "api");
        AccountState changed = new(
            head.Account with { Version = 2, DecidedAt = Sample.Now },
            head.Balances.Add(balance.Key, balance),
            head.Rates.Add(rate, Sample.Window));
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(changed, key: null)] }, workspace.Id);

        Same(changed, await Ledger.ReadWorkspaceStateAsync(workspace.Id, None));
        Same(changed, (await LoadAsync(new LedgerLoad { Accounts = [] }, workspace.Id)).Workspace);
    }

    [Fact(DisplayName = "BAL-1: every stored balance is given with the account that holds it")]
    public async Task EveryBalanceIsRead()
    {
        await CreateAsync(Sample.New("acme", 1), Sample.New("beta", 2));
        Balance old = Sample.Balance(5, Sample.Key(start: Instant.FromUtc(2020, 1, 1, 0, 0)), Instant.FromUtc(2020, 2, 1, 0, 0));
        Balance lifetime = Sample.Balance(6, Sample.Key("storage", Per.Lifetime), held: 9);
        Balance shared = Sample.Balance(7, Sample.Key(scope: ScopeKind.Workspace));
        AccountState head = await Ledger.ReadWorkspaceStateAsync(Own, None);
        await WriteAsync(new LedgerWrites
        {
            Accounts =
            [
                Sample.WriteOf(Sample.StateOf(Sample.Account(1), old, lifetime)),
                Sample.WriteOf(Sample.StateOf(Sample.Account(2), lifetime), "beta"),
                Sample.WriteOf(head with { Balances = head.Balances.Add(shared.Key, shared) }, key: null),
            ],
        });

        List<(long Account, Balance Balance)> all = await AllAsync(Ledger.ReadBalancesAsync(Own, None));
        Same(new[] { (0L, shared), (1L, old), (1L, lifetime), (2L, lifetime) }, all.OrderBy(b => b.Account).ThenBy(b => b.Balance.Used.Units));
    }

    [Fact(DisplayName = "BAL-10: the history has the balances whose period starts in a stretch of time, oldest first")]
    public async Task TheHistoryIsReadByTime()
    {
        await CreateAcmeAsync();
        Balance[] months = [.. Enumerable.Range(1, 4).Select(month => Sample.Balance(month, Sample.Key(start: Instant.FromUtc(2026, month, 1, 0, 0)), Instant.FromUtc(2026, month + 1, 1, 0, 0)))];
        Balance day = Sample.Balance(10, Sample.Key(per: Per.Day, start: Instant.FromUtc(2026, 2, 5, 0, 0)), Instant.FromUtc(2026, 2, 6, 0, 0));
        Balance calls = Sample.Balance(20, Sample.Key("calls", start: Instant.FromUtc(2026, 2, 1, 0, 0)), Instant.FromUtc(2026, 3, 1, 0, 0));
        Balance user = Sample.Balance(30, Sample.Key(scope: ScopeKind.User, scopeId: 9, start: Instant.FromUtc(2026, 3, 1, 0, 0)), Instant.FromUtc(2026, 4, 1, 0, 0));
        Balance lifetime = Sample.Balance(40, Sample.Key("storage", Per.Lifetime));
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(Sample.StateOf(Sample.Account(), [.. months, day, calls, user, lifetime]))] });

        Same(new[] { months[1], months[2] }, (await ReadAsync("credits", Per.Month, 2, 4)).Where(b => b.Key.Scope == ScopeKind.Account));
        Same(new[] { months[1], day, months[2], user }, await ReadAsync("credits", null, 2, 4));
        Same(new[] { calls }, await ReadAsync("calls", null, 1, 12));
        Same(new[] { 20L, 2, 10, 3, 30 }, (await ReadAsync(null, null, 2, 4)).Select(b => b.Used.Units));
        Same(new[] { lifetime }, await Ledger.ReadHistoryAsync(Own, Sample.Acme, "storage", Per.Lifetime, Instant.MinValue, Instant.MaxValue, None));
        Assert.Equal(8, (await Ledger.ReadHistoryAsync(Own, Sample.Acme, null, null, Instant.MinValue, Instant.MaxValue, None)).Count);
        Assert.Empty(await Ledger.ReadHistoryAsync(Own, new AccountKey("beta"), null, null, Instant.MinValue, Instant.MaxValue, None));

        ValueTask<IReadOnlyList<Balance>> ReadAsync(string? meter, Per? per, int from, int to) =>
            Ledger.ReadHistoryAsync(Own, Sample.Acme, meter, per, Instant.FromUtc(2026, from, 1, 0, 0), Instant.FromUtc(2026, to, 1, 0, 0), None);
    }

    [Fact(DisplayName = "LOG-1: denials are counted by account, quarter of an hour, type and reason")]
    public async Task DenialsAreCounted()
    {
        await CreateAsync(Sample.New("acme", 1), Sample.New("beta", 2));
        Instant first = SummaryKey.BucketOf(Sample.Now);
        Instant second = first + SummaryKey.BucketLength;
        await WriteAsync(new LedgerWrites { DenialCounts = [Count(1, first, "a", Refusal.LimitExceeded, 2), Count(2, first, "a", Refusal.RateLimited, 5)] });
        await WriteAsync(new LedgerWrites { DenialCounts = [Count(1, first, "a", Refusal.LimitExceeded, 3), Count(1, first, "b", Refusal.LimitExceeded, 1), Count(1, second, "a", Refusal.RateLimited, 1)] });

        Same(
            new[]
            {
                Count(1, first, "a", Refusal.LimitExceeded, 5), Count(1, first, "b", Refusal.LimitExceeded, 1), Count(2, first, "a", Refusal.RateLimited, 5),
                Count(1, second, "a", Refusal.RateLimited, 1),
            },
            await Ledger.ReadDenialsAsync(Own, null, first, second + Clock.Microsecond, None));
        Assert.Equal([5, 1], (await Ledger.ReadDenialsAsync(Own, Sample.Acme, first, second, None)).Select(c => c.Count));
        Assert.Equal([1], (await Ledger.ReadDenialsAsync(Own, Sample.Acme, first + Clock.Microsecond, Instant.MaxValue, None)).Select(c => c.Count));
        Assert.Empty(await Ledger.ReadDenialsAsync(Own, new AccountKey("gamma"), Instant.MinValue, Instant.MaxValue, None));

        static DenialCount Count(long account, Instant bucket, string type, Refusal refusal, long count) => new(account, bucket, type, refusal, count);
    }

    /// <summary>One of everything that a transaction can write, for <c>acme</c>.</summary>
    private LedgerWrites Everything()
    {
        Balance shared = Sample.Balance(4, Sample.Key(scope: ScopeKind.Workspace));
        return new LedgerWrites
        {
            Accounts =
            [
                Sample.WriteOf(Sample.FullState()),
                Sample.WriteOf(Sample.StateOf(new Workspace(Own, "own", null, "UTC", Sample.Now).NewHead() with { Version = 1 }, shared), key: null),
            ],
            Profiles =
            [
                new ProfileWrite(Sample.AcmeId, new AccountProfile(Sample.Acme)
                {
                    Name = "Acme & Söhne", ExternalIds = ImmutableSortedDictionary<string, string>.Empty.Add("stripe", "cus_1").Add("crm", "ü"),
                }),
            ],
            Aliases = [new NewAlias(Sample.AcmeId, new Alias(Sample.Acme, ScopeKind.User, "u-7"), 11)],
            Rows = [Sample.Row("evt-1", Sample.FullEntry(), Sample.FullDetails)],
            Denials = [new StoredDenial(Digest.Of("no-1"), Digest.Of("content"), new byte[] { 1, 2 }, Sample.Now)],
            DenialCounts = [new DenialCount(Sample.AcmeId, SummaryKey.BucketOf(Sample.Now), "diagnose", Refusal.LimitExceeded, 3)],
            Alerts = [Sample.FullAlert("alr_1")],
            Notifications = [Sample.Note("msg_1"), Sample.Note("msg_2", NotificationTypes.AlertResolved)],
        };
    }
}
