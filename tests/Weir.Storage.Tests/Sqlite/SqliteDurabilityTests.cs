using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

public sealed class SqliteDurabilityTests : IDisposable
{
    private const int Accounts = 7;

    private readonly SqliteFolder _folder = new();
    private readonly FakeClock _time = new(Sample.Start);

    public void Dispose() => _folder.Dispose();

    // So few that nothing has reached its table; so many that part of it has, a slice with every row, with every third, or many at once.
    [Theory(DisplayName = "TX-2: what was acknowledged is there after a crash: balances, rates, ids, the log of each account")]
    [InlineData(1, SqliteStoreOptions.DefaultSliceRows)]
    [InlineData(40, SqliteStoreOptions.DefaultSliceRows)]
    [InlineData(40, 1)]
    [InlineData(Pending.Slices, 1)]
    [InlineData(Pending.Slices, 3)]
    public async Task AfterACrash(int batches, int sliceRows)
    {
        await using SqliteStore store = await OpenAsync(sliceRows);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        Dictionary<string, List<long>> expected = await FillAsync(store, workspace, batches);
        List<AccountState> states = await StatesAsync(store, workspace);

        using SqliteFolder crashed = _folder.CopyAsAfterCrash();
        await using SqliteStore restarted = await crashed.OpenAsync(_time);

        await VerifyAsync(restarted, workspace, expected, states);
        Assert.Empty(crashed.Query("SELECT * FROM journal"));
    }

    [Fact(DisplayName = "TX-2: after a stop in order every table is complete, and the next start finds everything")]
    public async Task AfterAStop()
    {
        Dictionary<string, List<long>> expected;
        List<AccountState> states;
        WorkspaceId workspace;
        await using (SqliteStore store = await _folder.OpenAsync(_time))
        {
            workspace = await store.NewWorkspaceAsync();
            expected = await FillAsync(store, workspace, 30);
            states = await StatesAsync(store, workspace);
        }

        Assert.Empty(_folder.Query("SELECT * FROM journal"));
        Assert.Equal(expected.Values.Sum(list => list.Count), _folder.Query("SELECT * FROM account_events").Count);
        Assert.Equal(expected.Values.Sum(list => list.Count), _folder.Query("SELECT * FROM ids").Count);
        await using SqliteStore restarted = await _folder.OpenAsync(_time);
        await VerifyAsync(restarted, workspace, expected, states);
    }

    [Fact(DisplayName = "TX-2: the journal lets go of a commit when everything of it has reached its table, and not before")]
    public async Task TheJournalIsTrimmed()
    {
        await using SqliteStore store = await OpenAsync(sliceRows: 10);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", Sample.AcmeId)], CancellationToken.None);
        for (int i = 0; i < 300; i++)
        {
            await store.UseAsync(workspace, "acme", [.. Enumerable.Range(0, 1 + (i % 25)).Select(n => $"{i}-{n}")]);
            List<object?[]> missing = _folder.Query("""
                SELECT e.seq FROM events e
                WHERE (NOT EXISTS (SELECT 1 FROM account_events a WHERE a.seq = e.seq) OR NOT EXISTS (SELECT 1 FROM ids i WHERE i.reference = e.seq))
                  AND e.seq < (SELECT ifnull(min(first_seq), 0) FROM journal)
                """);
            Assert.Empty(missing);
        }

        // 256 slices of 10 rows wait at most, and the rows of the commits at both ends.
        Assert.InRange((long)_folder.Query("SELECT max(e.seq) - (SELECT min(first_seq) FROM journal) FROM events e")[0][0]!, 1, (Pending.Slices * 10) + 50);

        // A batch that is larger than everything that may wait leaves nothing of what came before it.
        await store.UseAsync(workspace, "acme", [.. Enumerable.Range(0, Pending.Slices * 11).Select(n => $"large-{n}")]);
        Assert.Single(_folder.Query("SELECT * FROM journal"));
    }

    [Fact(DisplayName = "LOG-3: readers see every figure whether or not its table has followed, with memories too small for all accounts")]
    public async Task SmallMemories()
    {
        await using SqliteStore store = new(_folder.Options with { RememberedAccounts = 16, RememberedAliases = 16, CheckpointPages = 100, SliceRows = 2 }, _time);
        await store.OpenAsync(CancellationToken.None);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        Random random = new(7);
        string[] keys = [.. Enumerable.Range(0, 60).Select(i => $"account-{i:00}")];
        await store.Ledger.CreateAccountsAsync(workspace, [.. keys.Select(key => Sample.New(key, random.NextInt64(1, long.MaxValue)))], CancellationToken.None);
        Dictionary<string, long> used = keys.ToDictionary(key => key, _ => 0L);
        for (int i = 0; i < Pending.Slices + 100; i++)
        {
            string key = keys[random.Next(keys.Length)];
            await store.UseAsync(workspace, key, $"{i}-a", $"{i}-b");
            used[key] += 2;
        }

        foreach (string key in keys)
        {
            Assert.Equal(used[key], await store.UsedAsync(workspace, key));
            Assert.Equal(used[key], (await store.Ledger.ReadAsync(workspace, new LedgerFilter { Account = new AccountKey(key), Limit = 1000 }, CancellationToken.None)).Count);
        }

        IReadOnlyList<AccountRecord> listed = await store.Accounts.ListAsync(workspace, new AccountFilter { Limit = 1000 }, CancellationToken.None);
        Assert.Equal(used.Values, listed.Select(record => record.State.Balances.GetValueOrDefault(Sample.Key())?.Used.Units ?? 0));
        Dictionary<long, long> balances = [];
        await foreach ((long account, Balance balance) in store.Ledger.ReadBalancesAsync(workspace, CancellationToken.None))
        {
            balances.Add(account, balance.Used.Units);
        }

        Assert.Equal(used.Values.Where(value => value > 0).Order(), balances.Values.Order());
    }

    [Fact(DisplayName = "BAL-10: readers beside the writer never see a figure fall back, nor a row without its account's log")]
    public async Task ReadersBesideTheWriter()
    {
        await using SqliteStore store = await OpenAsync(sliceRows: 1);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        Dictionary<string, List<long>> expected = await FillAsync(store, workspace, 1);
        using CancellationTokenSource done = new();
        Task[] readers = [.. Enumerable.Range(0, Accounts).Select(i => Task.Run(() => ReadAsync($"a{i}")))];
        for (int i = 0; i < (2 * Pending.Slices) + 10; i++)
        {
            expected[$"a{i % Accounts}"].AddRange(await store.UseAsync(workspace, $"a{i % Accounts}", $"more-{i}"));
        }

        await done.CancelAsync();
        await Task.WhenAll(readers);
        await VerifyAsync(store, workspace, expected, await StatesAsync(store, workspace));

        async Task ReadAsync(string account)
        {
            AccountKey key = new(account);
            long least = 0;
            while (!done.IsCancellationRequested)
            {
                long logged = (await store.Ledger.ReadAsync(workspace, new LedgerFilter { Account = key, Limit = 1000 }, CancellationToken.None)).Count;
                AccountState state = (await store.Accounts.FindAsync(workspace, key, CancellationToken.None))!.State;
                long used = state.Balances.GetValueOrDefault(Sample.Key())?.Used.Units ?? 0;
                Assert.InRange(logged, least, used);
                least = used;
            }
        }
    }

    [Fact(DisplayName = "BAL-10: a reader whose look at the file is old still finds what was moved into the tables meanwhile")]
    public async Task AnOldLook()
    {
        await using SqliteStore store = await OpenAsync(sliceRows: 1);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", Sample.AcmeId), Sample.New("other", 1)], CancellationToken.None);
        IReadOnlyList<long> sequences = await store.UseAsync(workspace, "acme", "a", "b");
        using Connection reader = Connection.OpenReader(_folder.Database);
        reader.Execute("BEGIN");
        reader.Prepared("Database/PinSnapshot").Run();

        for (int i = 0; i < Pending.Slices - 10; i++)
        {
            await store.UseAsync(workspace, "other", $"other-{i}");
        }

        Assert.NotEmpty(_folder.Query($"SELECT * FROM balances WHERE account = {Sample.AcmeId}"));
        Assert.Equal(2, _folder.Query($"SELECT * FROM account_events WHERE account = {Sample.AcmeId}").Count);
        PendingView look = new(reader, workspace.Value, store.Memory.Pending);
        Assert.Null(AccountRows.FindBalance(reader, workspace.Value, Sample.AcmeId, Sample.Key()));
        Assert.Equal(sequences, look.EventsOf(Sample.AcmeId));
        Assert.Equal(sequences[1], look.FindId(Digest.Of("b"))!.Value.Sequence);
        Assert.Equal(2, look.StateOf(Sample.AcmeId, Sample.Now)!.Balances[Sample.Key()].Used.Units);
    }

    [Fact(DisplayName = "TX-2: a full disk leaves everything as it was, says so, and passes when there is room again")]
    public async Task AFullDisk()
    {
        await using SqliteStore store = await _folder.OpenAsync(_time);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        Dictionary<string, List<long>> expected = await FillAsync(store, workspace, 10);
        List<AccountState> states = await StatesAsync(store, workspace);
        long pages = (long)_folder.Query("PRAGMA page_count")[0][0]!;
        await store.Writer.ExecuteAsync($"PRAGMA max_page_count = {pages}");
        string[] many = [.. Enumerable.Range(0, 2000).Select(i => $"too-much-{i}")];

        StoreUnavailableException refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.UseAsync(workspace, "a0", many));

        Assert.Contains("is full", refused.Message, StringComparison.Ordinal);
        await VerifyAsync(store, workspace, expected, states);
        Assert.Null(await store.Ledger.FindAsync(workspace, new EventId("too-much-0"), CancellationToken.None));

        // The connection was opened anew, without the narrow bound.
        expected["a0"].AddRange(await store.UseAsync(workspace, "a0", many));
        await VerifyAsync(store, workspace, expected, await StatesAsync(store, workspace));
        Assert.Equal(expected["a0"].Count, await store.UsedAsync(workspace, "a0"));
    }

    [Fact(DisplayName = "TX-2: a crash right after a failed write finds the file as it was before")]
    public async Task ACrashAfterAFailure()
    {
        await using SqliteStore store = await _folder.OpenAsync(_time);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        Dictionary<string, List<long>> expected = await FillAsync(store, workspace, 5);
        List<AccountState> states = await StatesAsync(store, workspace);
        long pages = (long)_folder.Query("PRAGMA page_count")[0][0]!;
        await store.Writer.ExecuteAsync($"PRAGMA max_page_count = {pages}");
        string[] many = [.. Enumerable.Range(0, 2000).Select(i => $"too-much-{i}")];

        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.UseAsync(workspace, "a1", many));
        using SqliteFolder crashed = _folder.CopyAsAfterCrash();

        await VerifyAsync(store, workspace, expected, states);
        await using SqliteStore restarted = await crashed.OpenAsync(_time);
        await VerifyAsync(restarted, workspace, expected, states);
    }

    [Fact(DisplayName = "LOG-1: the ledger is append-only: the file itself refuses to change or delete an entry")]
    public async Task AppendOnly()
    {
        await using SqliteStore store = await _folder.OpenAsync(_time);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await FillAsync(store, workspace, 1);

        Assert.Contains("never changed", Assert.ThrowsAny<Exception>(() => _folder.Query("UPDATE events SET plan = 'other'")).Message, StringComparison.Ordinal);
        Assert.Contains("never deleted", Assert.ThrowsAny<Exception>(() => _folder.Query("DELETE FROM events")).Message, StringComparison.Ordinal);
        Assert.Equal(Accounts, _folder.Query("SELECT * FROM events WHERE plan = 'free'").Count);
    }

    [Fact(DisplayName = "LOG-3: what the ledger carries is only added to: the file itself refuses to change or delete a sum or a start, and lets go of entries before the start only")]
    public async Task CarriedSumsStay()
    {
        await using SqliteStore store = await _folder.OpenAsync(_time);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await FillAsync(store, workspace, 1);
        long last = await store.Ledger.LastSequenceAsync(workspace, CancellationToken.None);
        Instant start = (await store.Ledger.FollowAsync(workspace, 0, 1, CancellationToken.None))[0].Entry.RecordedAt;
        await store.Summaries.AddAsync(workspace, 0, last, new Dictionary<SummaryKey, SummaryFigures>(), CancellationToken.None);
        await store.Retention.CarryAsync(workspace, start, [new CarriedBalance(1, Sample.Key(), new Quantity(1), Quantity.Zero)], [new CarriedGrant(1, 1, new Quantity(1), Quantity.Zero)], CancellationToken.None);
        Assert.True(await store.Retention.MoveStartAsync(workspace, start, last, CancellationToken.None));
        foreach (string table in (string[])["carried_balances", "carried_grants", "ledger_starts"])
        {
            Assert.Contains("never changed", Assert.ThrowsAny<Exception>(() => _folder.Query($"UPDATE {table} SET start_at = 0")).Message, StringComparison.Ordinal);
            Assert.Contains("never deleted", Assert.ThrowsAny<Exception>(() => _folder.Query($"DELETE FROM {table}")).Message, StringComparison.Ordinal);
        }

        Assert.Contains("never deleted", Assert.ThrowsAny<Exception>(() => _folder.Query($"DELETE FROM events WHERE recorded_at >= {Clock.ToMicros(start)}")).Message, StringComparison.Ordinal);
        Assert.Empty(_folder.Query($"DELETE FROM events WHERE recorded_at < {Clock.ToMicros(start)} RETURNING seq"));
    }

    [Fact(DisplayName = "PRIV-1: personal data stands in the rows that can be erased, and nowhere else")]
    public async Task PersonalData()
    {
        string[] erasable = ["account_profiles", "aliases", "event_details"];
        string[] personal = ["P-key", "P-name", "P-external", "P-user", "P-campaign", "P-gateway", "P-id", "P-request", "P-resource", "P-address", "P-agent", "P-free", "P-text"];
        await using (SqliteStore store = await _folder.OpenAsync(_time))
        {
            WorkspaceId workspace = await store.NewWorkspaceAsync();
            AccountProfile profile = new(new AccountKey("P-key")) { Name = "P-name", ExternalIds = new Dictionary<string, string> { ["billing"] = "P-external" } };
            await store.Ledger.CreateAccountsAsync(workspace, [new NewAccount(Sample.Account(), profile)], CancellationToken.None);
            EventDetails details = new()
            {
                Id = "P-id",
                User = "P-user",
                Campaign = "P-campaign",
                Key = "P-gateway",
                Resource = "P-resource",
                RequestId = "P-request",
                Address = "P-address",
                UserAgent = "P-agent",
                Source = "web",
                FreeProperties = Properties.Of([new("P-free", PropertyValue.Of("P-text"))]),
            };
            await using ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, CancellationToken.None);
            await transaction.LoadAsync(new LedgerLoad { Accounts = [profile.Key] }, CancellationToken.None);
            await transaction.WriteAsync(
                new LedgerWrites
                {
                    Accounts = [Sample.WriteOf(Sample.FullState(), "P-key")],
                    Aliases = [.. new[] { (ScopeKind.User, "P-user"), (ScopeKind.Campaign, "P-campaign"), (ScopeKind.Key, "P-gateway") }.Select((a, i) => new NewAlias(Sample.AcmeId, new Alias(profile.Key, a.Item1, a.Item2), i + 1))],
                    Rows = [new LedgerRow(Sample.FullEntry(), details, Digest.Of("P-id"), Digest.Of("content"))],
                    Denials = [new StoredDenial(Digest.Of("P-id of a denial"), default, "{}"u8.ToArray(), Sample.Now)],
                    DenialCounts = [new DenialCount(Sample.AcmeId, SummaryKey.BucketOf(Sample.Now), "render", Refusal.RateLimited, 1)],
                },
                CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
        }

        string[] tables = [.. _folder.Query("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'").Select(row => (string)row[0]!)];
        string kept = string.Join('\n', tables.Except(erasable).Select(Text));
        string erased = string.Join('\n', erasable.Select(Text));
        Assert.All(personal, text => Assert.DoesNotContain(text, kept, StringComparison.Ordinal));
        Assert.All(personal, text => Assert.Contains(text, erased, StringComparison.Ordinal));

        string Text(string table) => string.Join('\n', _folder.Query($"SELECT * FROM \"{table}\"").SelectMany(row => row).Select(value => value is byte[] bytes ? System.Text.Encoding.Latin1.GetString(bytes) : value?.ToString()));
    }

    [Fact(DisplayName = "LOG-1: generated entries come back from the file exactly")]
    public async Task RoundTrip()
    {
        await using SqliteStore store = await _folder.OpenAsync(_time);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        List<LedgerRow> rows = [];
        for (int seed = 0; seed < 300; seed++)
        {
            GeneratedEntries generated = new(seed);
            rows.Add(new LedgerRow(generated.Next() with { Target = null }, generated.Details() with { Id = $"id-{seed}" }, Digest.Of($"id-{seed}"), Digest.Of("c")));
        }

        await using (ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, CancellationToken.None))
        {
            await transaction.WriteAsync(new LedgerWrites { Rows = rows }, CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
        }

        IReadOnlyList<StoredEntry> stored = await store.Ledger.FollowAsync(workspace, 0, 1000, CancellationToken.None);
        Assert.Equal(rows.Count, stored.Count);
        foreach ((LedgerRow row, StoredEntry entry) in rows.Zip(stored))
        {
            Same.Entry(row.Entry, entry.Entry);
            Same.Details(row.Details, entry.Details);
        }
    }

    private async Task<SqliteStore> OpenAsync(int sliceRows)
    {
        SqliteStore store = new(_folder.Options with { SliceRows = sliceRows }, _time);
        await store.OpenAsync(CancellationToken.None);
        return store;
    }

    /// <summary>Batches over several accounts; the expected numbers of the events of each.</summary>
    private async Task<Dictionary<string, List<long>>> FillAsync(SqliteStore store, WorkspaceId workspace, int batches)
    {
        Random random = new(batches);
        string[] keys = [.. Enumerable.Range(0, Accounts).Select(i => $"a{i}")];
        await store.Ledger.CreateAccountsAsync(workspace, [.. keys.Select(key => Sample.New(key, random.NextInt64(1, long.MaxValue)))], CancellationToken.None);
        Dictionary<string, List<long>> expected = keys.ToDictionary(key => key, _ => new List<long>());
        for (int i = 0; i < batches; i++)
        {
            string key = keys[i % keys.Length];
            expected[key].AddRange(await store.UseAsync(workspace, key, [.. Enumerable.Range(0, i == 0 ? Accounts : 2).Select(n => $"{key}-{i}-{n}")]));
            _time.Advance(Duration.FromMilliseconds(1));
        }

        return expected;
    }

    private static async Task<List<AccountState>> StatesAsync(SqliteStore store, WorkspaceId workspace)
    {
        List<AccountState> states = [];
        for (int i = 0; i < Accounts; i++)
        {
            states.Add((await store.Ledger.ReadStateAsync(workspace, new AccountKey($"a{i}"), CancellationToken.None))!);
        }

        return states;
    }

    private static async Task VerifyAsync(SqliteStore store, WorkspaceId workspace, Dictionary<string, List<long>> expected, List<AccountState> states)
    {
        for (int i = 0; i < Accounts; i++)
        {
            AccountKey key = new($"a{i}");
            Same.State(states[i], (await store.Ledger.ReadStateAsync(workspace, key, CancellationToken.None))!);
            IReadOnlyList<LedgerRecord> log = await store.Ledger.ReadAsync(workspace, new LedgerFilter { Account = key, Ascending = true, Limit = 5000 }, CancellationToken.None);
            Assert.Equal(expected[key.Value], log.Select(record => record.Sequence));
            foreach (LedgerRecord record in log.Take(5).Concat(log.TakeLast(5)))
            {
                Assert.Equal(record.Sequence, (await store.Ledger.FindAsync(workspace, new EventId(record.Details.Id!), CancellationToken.None))!.Sequence);
                await using ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, CancellationToken.None);
                Digest id = Digest.Of(record.Details.Id!);
                Assert.Equal(record.Sequence, (await transaction.LoadAsync(new LedgerLoad { Accounts = [], Ids = [id] }, CancellationToken.None)).Ids[id].Sequence);
            }
        }
    }
}
