using NodaTime;

using Npgsql;

using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>A database that closes connections: it goes down, or lets a transaction go whose node stood still.</summary>
public sealed class PostgreSqlCutOffTests : IDisposable
{
    private readonly PostgreSqlDatabase _database = new();

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "TX-2: after the database has closed every connection of a node, nobody meets an error: batches, writes and reads go on with others")]
    public async Task NobodyMeetsADeadConnection()
    {
        await using UsageDesk desk = await OpenAsync(out _);
        for (int round = 0; round < 3; round++)
        {
            // As many as the pool has at most lie there idle.
            await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => desk.Store.Workspaces.ListAsync(None).AsTask()));
            await CutOffAsync();
            await desk.RecordAsync($"evt-{round}", "ping");
            await CutOffAsync();
            Assert.NotNull(await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Sample.Acme, None));
            await CutOffAsync();
            Assert.Equal(round + 1, (await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 10, None)).Count);
            await CutOffAsync();
            Assert.Equal(round + 1, (await desk.Store.Ledger.ReadAsync(desk.Workspace, new LedgerFilter(), None)).Count);
            await CutOffAsync();
            Assert.NotNull(await desk.Store.Workspaces.CreateAsync($"other-{round}", null, "UTC", None));
        }
    }

    [Fact(DisplayName = "TX-2: a transaction that is cut off before its commit is decided again; nothing of it stands")]
    public async Task ATransactionIsCutOff()
    {
        await using UsageDesk desk = await OpenAsync(out _);
        await desk.RecordAsync("first", "ping");
        await using (ILedgerTransaction transaction = await desk.Store.Ledger.BeginAsync(desk.Workspace, None))
        {
            await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
            await CutOffAsync();
            await Assert.ThrowsAsync<StoreConflictException>(async () => await transaction.WriteAsync(new LedgerWrites { Rows = [Sample.Row("second", Sample.Entry(1))] }, None));
        }

        Assert.Single(await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 10, None));
    }

    [Fact(DisplayName = "TX-2: a node that stood still in a transaction for too long decides it again")]
    public async Task ANodeStoodStill()
    {
        await using PostgreSqlStore store = new(_database.Options with { IdleInTransactionTimeout = TimeSpan.FromMilliseconds(200) });
        await store.OpenAsync(None);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1)], None);
        await using NpgsqlConnection observer = _database.Connect("postgres");
        await using ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, None);
        await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
        while (await CountAsync(observer, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'") > 0)
        {
            await Task.Delay(20);
        }

        await Assert.ThrowsAsync<StoreConflictException>(async () => await transaction.WriteAsync(new LedgerWrites { Rows = [Sample.Row("evt", Sample.Entry(1))] }, None));
    }

    [Fact(DisplayName = "TX-2: what became of a commit that is cut off is not known, and the same id tells")]
    public async Task ACommitIsCutOff()
    {
        await using UsageDesk desk = await OpenAsync(out HookedStore store);
        await desk.RecordAsync("first", "ping");
        store.BeforeCommit = () =>
        {
            store.BeforeCommit = null;
            return CutOffAsync();
        };
        await Assert.ThrowsAsync<StoreUnavailableException>(() => desk.RecordAsync("second", "ping"));
        await desk.RecordAsync("second", "ping");
        Assert.Equal(2, (await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 10, None)).Count);
    }

    [Fact(DisplayName = "TX-2: whatever comes of it when a connection breaks under what is done on it, that is done again on another one; what fails by itself is not")]
    public async Task ItBreaksUnderOddErrors()
    {
        await using Database database = new(_database.Options);
        foreach (Func<Func<Session, Task<int>>, ValueTask<int>> way in (Func<Func<Session, Task<int>>, ValueTask<int>>[])[work => database.ReadAsync(new WorkspaceId(1), work, None), work => database.WriteAsync(new WorkspaceId(1), work, None)])
        {
            int tries = 0;
            Assert.Equal(2, await way(async session =>
            {
                if (++tries == 1)
                {
                    await Assert.ThrowsAnyAsync<NpgsqlException>(() => session.RunAllAsync([new NpgsqlBatchCommand("SELECT pg_terminate_backend(pg_backend_pid())")]));
                    throw new ObjectDisposedException("something of the driver's");
                }

                return tries;
            }));
            tries = 0;
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await way(_ => ++tries > 0 ? throw new InvalidOperationException("a fault") : Task.FromResult(1)));
            Assert.Equal(1, tries);

            // What breaks its connection each time is tried once more, and no more.
            tries = 0;
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await way(async session =>
            {
                tries++;
                await Assert.ThrowsAnyAsync<NpgsqlException>(() => session.RunAllAsync([new NpgsqlBatchCommand("SELECT pg_terminate_backend(pg_backend_pid())")]));
                throw new ObjectDisposedException("something of the driver's");
            }));
            Assert.Equal(2, tries);
        }
    }

    [Fact(DisplayName = "TX-2: a connection that the database and the driver see differently is used no more, and what met it is done again on another one")]
    public async Task OneIsOutOfStep()
    {
        await using Database database = new(_database.Options with { Connections = 1 });
        PostgreSqlLedger ledger = new(database, new ActiveCatalogs(NoOtherNodes.Instance));
        WorkspaceId workspace = (await new PostgreSqlWorkspaces(database).CreateAsync("one", null, "UTC", None))!.Id;
        await ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1)], None);
        async Task<AccountState> LoadAsync()
        {
            await using ILedgerTransaction transaction = await ledger.BeginAsync(workspace, None);
            return (await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None)).Accounts[Sample.Acme];
        }

        // From its second use on a statement stands prepared with the database, until the database is told to forget them all.
        async Task<int> ForgetAfterAsync(Func<Task> use)
        {
            await use();
            await use();
            await use();
            int process = await database.TogetherAsync(
                workspace,
                _ => [new NpgsqlBatchCommand("SELECT pg_backend_pid()"), new NpgsqlBatchCommand("DEALLOCATE ALL")],
                async (reader, stop) => (await Session.ReadAllAsync(reader, row => row.GetInt32(0), stop))[0],
                None);
            await using NpgsqlConnection connection = await database.OpenForBatchAsync(None);
            await using NpgsqlCommand forget = new("DEALLOCATE ALL", connection);
            await forget.ExecuteNonQueryAsync();
            return process;
        }

        await using NpgsqlConnection observer = _database.Connect("postgres");
        for (int round = 0; round < 2; round++)
        {
            Func<Task> read = async () => Assert.NotNull(await ledger.ReadStateAsync(workspace, Sample.Acme, None));
            int process = await ForgetAfterAsync(read);
            await read();
            Assert.Equal(0, await CountAsync(observer, $"SELECT count(*) FROM pg_stat_activity WHERE pid = {process}"));
            Func<Task> write = () => ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1)], None).AsTask();
            process = await ForgetAfterAsync(write);
            await write();
            Assert.Equal(0, await CountAsync(observer, $"SELECT count(*) FROM pg_stat_activity WHERE pid = {process}"));
            await ForgetAfterAsync(LoadAsync);
            await Assert.ThrowsAsync<StoreConflictException>(LoadAsync);
            await LoadAsync();
        }

        List<int> processes = [];
        await database.TogetherAsync(
            workspace,
            _ => [new NpgsqlBatchCommand("SELECT pg_backend_pid()")],
            async (reader, stop) =>
            {
                processes.Add((await Session.ReadAllAsync(reader, row => row.GetInt32(0), stop))[0]);
                return processes.Count > 1 ? 0 : throw new ObjectDisposedException("something of the driver's");
            },
            None);
        Assert.Equal(2, processes.Distinct().Count());
    }

    [Fact(DisplayName = "A statement that was cancelled although nobody asked for it is an outage, not a cancellation; one that was asked for is one")]
    public async Task AStrayCancellation()
    {
        await using Database database = new(_database.Options);
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await database.ReadAsync<int>(new WorkspaceId(1), _ => throw new OperationCanceledException(), stop.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await database.ReadAsync<int>(
            new WorkspaceId(1),
            async session =>
            {
                await stop.CancelAsync();
                await session.RunAllAsync([new NpgsqlBatchCommand("SELECT pg_sleep(10)")]);
                return 1;
            },
            stop.Token));
    }

    private Task<UsageDesk> OpenAsync(out HookedStore store)
    {
        HookedStore hooked = store = new(_database.NewStore(null));
        return UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => hooked);
    }

    /// <summary>Every connection of the runtime role, and waits until they are gone.</summary>
    private async Task CutOffAsync()
    {
        await using NpgsqlConnection operators = _database.Connect("postgres");
        await CountAsync(operators, $"SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity WHERE datname = current_database() AND usename = '{PostgreSqlCluster.Runtime}'");
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string query)
    {
#pragma warning disable CA2100 // The texts are those of the tests.
        await using NpgsqlCommand command = new(query, connection);
#pragma warning restore CA2100
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
