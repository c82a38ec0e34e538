using Npgsql;

using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>Transactions of several nodes draw their numbers in one order and commit in another.</summary>
public sealed class PostgreSqlFollowerTests : IDisposable
{
    private readonly PostgreSqlDatabase _database = new();
    private readonly FakeClock _clock = new(Sample.Start);

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "LOG-1: a follower takes nothing above a number that a transaction under way may still write")]
    public async Task AFollowerWaitsForWhatMayStillAppear()
    {
        await using PostgreSqlStore first = await _database.OpenAsync(_clock);
        await using PostgreSqlStore second = await _database.OpenAsync(_clock);
        WorkspaceId workspace = await first.NewWorkspaceAsync();
        await first.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1), Sample.New("beta", 2)], None);

        long slow;
        long fast;
        await using (ILedgerTransaction late = await first.Ledger.BeginAsync(workspace, None))
        {
            slow = (await late.LoadAsync(new LedgerLoad { Accounts = [new AccountKey("acme")] }, None)).NextSequence;
            fast = (await second.UseAsync(workspace, "beta", "fast"))[0];
            Assert.True(slow < fast);
            Assert.Equal(fast, await second.Ledger.LastSequenceAsync(workspace, None));
            Assert.Empty(await second.Ledger.FollowAsync(workspace, 0, 10, None));
            Assert.Null(await second.Ledger.ReadStretchesAsync(workspace, [new LogStretch(1, fast)], 10, None));
            Assert.Empty((await second.Ledger.ReadStretchesAsync(workspace, [new LogStretch(1, slow - 1)], 10, None))!);

            Assert.True(await late.WriteAsync(new LedgerWrites { Rows = [Sample.Row("slow", Sample.Entry(1))] }, None));
            Assert.Empty(await second.Ledger.FollowAsync(workspace, 0, 10, None));
            await late.CommitAsync(None);
        }

        Assert.Equal([slow, fast], (await second.Ledger.FollowAsync(workspace, 0, 10, None)).Select(entry => entry.Sequence));
        Assert.Equal([slow, fast], (await second.Ledger.ReadStretchesAsync(workspace, [new LogStretch(1, fast)], 10, None))!.Select(entry => entry.Sequence));
    }

    [Fact(DisplayName = "LOG-1: a transaction that is given up holds followers back no longer")]
    public async Task WhatIsGivenUpHoldsNobodyBack()
    {
        await using PostgreSqlStore store = await _database.OpenAsync(_clock);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1), Sample.New("beta", 2)], None);
        await using (ILedgerTransaction given = await store.Ledger.BeginAsync(workspace, None))
        {
            await given.LoadAsync(new LedgerLoad { Accounts = [new AccountKey("acme")] }, None);
            await store.UseAsync(workspace, "beta", "evt-1");
        }

        Assert.Single(await store.Ledger.FollowAsync(workspace, 0, 10, None));
    }

    [Fact(DisplayName = "LOG-1: entries of one account are numbered in the order in which they were decided, whoever came first to the database")]
    public async Task NumbersFollowTheLocks()
    {
        await using PostgreSqlStore store = await _database.OpenAsync(_clock);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1), Sample.New("beta", 2)], None);

        // The second transaction holds the first account and waits for the other, while the one before it writes there.
        await using ILedgerTransaction before = await store.Ledger.BeginAsync(workspace, None);
        await before.LoadAsync(new LedgerLoad { Accounts = [new AccountKey("beta")] }, None);
        Task<IReadOnlyList<long>> waiting = Task.Run(async () =>
        {
            await using ILedgerTransaction both = await store.Ledger.BeginAsync(workspace, None);
            LedgerSnapshot snapshot = await both.LoadAsync(new LedgerLoad { Accounts = [new AccountKey("acme"), new AccountKey("beta")] }, None);
            Assert.True(await both.WriteAsync(new LedgerWrites { Rows = [Sample.Row("later", Sample.Entry(2))] }, None));
            await both.CommitAsync(None);
            return (IReadOnlyList<long>)[snapshot.NextSequence];
        });
        await using (NpgsqlConnection observer = _database.Connect("postgres"))
        {
            await UntilAsync(observer, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')");
        }

        Assert.True(await before.WriteAsync(new LedgerWrites { Rows = [Sample.Row("earlier", Sample.Entry(2))] }, None));
        await before.CommitAsync(None);
        await waiting;
        Assert.Equal(["earlier", "later"], (await store.Ledger.FollowAsync(workspace, 0, 10, None)).Select(entry => entry.Details.Id));
    }

    [Fact(DisplayName = "LOG-1: a batch with more rows than it took numbers for is decided again, and its rows stay together")]
    public async Task ABatchFindsNumbersForAllItsRows()
    {
        await using PostgreSqlStore store = await _database.OpenAsync(_clock);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1)], None);
        LedgerRow[] rows = [.. Enumerable.Range(0, 1_000).Select(i => Sample.Row($"evt-{i}", Sample.Entry(1)))];
        Assert.False(await TryAsync(store, workspace, rows));
        Assert.True(await TryAsync(store, workspace, rows));
        IReadOnlyList<StoredEntry> log = await store.Ledger.FollowAsync(workspace, 0, 2_000, None);
        Assert.Equal(rows.Select(row => row.Details.Id), log.Select(entry => entry.Details.Id));
        Assert.Equal(999, log[^1].Sequence - log[0].Sequence);

        static async Task<bool> TryAsync(PostgreSqlStore store, WorkspaceId workspace, LedgerRow[] rows)
        {
            await using ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, None);
            await transaction.LoadAsync(new LedgerLoad { Accounts = [new AccountKey("acme")] }, None);
            if (!await transaction.WriteAsync(new LedgerWrites { Rows = rows }, None))
            {
                return false;
            }

            await transaction.CommitAsync(None);
            return true;
        }
    }

    [Fact(DisplayName = "LOG-1: whoever is cancelled while he draws numbers leaves nobody waiting for his turn")]
    public async Task ACancelledDrawHoldsNobodyUp()
    {
        await using PostgreSqlStore cancelled = await _database.OpenAsync(_clock);
        await using PostgreSqlStore other = await _database.OpenAsync(_clock);
        WorkspaceId workspace = await cancelled.NewWorkspaceAsync();
        await cancelled.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1), Sample.New("beta", 2)], None);
        await using (NpgsqlConnection owner = _database.Connect(PostgreSqlCluster.Owner))
        await using (NpgsqlConnection observer = _database.Connect("postgres"))
        {
            // Nobody gets a number while the sequence is being changed.
            await using NpgsqlTransaction change = await owner.BeginTransactionAsync(None);
            await using (NpgsqlCommand alter = new("ALTER SEQUENCE log_numbers CACHE 1", owner, change))
            {
                await alter.ExecuteNonQueryAsync(None);
            }

            Task drawing = Task.Run(async () =>
            {
                await using ILedgerTransaction transaction = await cancelled.Ledger.BeginAsync(workspace, None);
                await transaction.LoadAsync(new LedgerLoad { Accounts = [new AccountKey("acme")] }, None);
            });
            const string Waiting = "FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND relation = 'weir.log_numbers'::regclass";
            await UntilAsync(observer, $"SELECT count(*) > 0 {Waiting}");
            await using (NpgsqlCommand cancel = new($"SELECT pg_cancel_backend(pid) {Waiting}", observer))
            {
                await cancel.ExecuteNonQueryAsync(None);
            }

            await Assert.ThrowsAnyAsync<Exception>(() => drawing);
        }

        Assert.Single(await other.UseAsync(workspace, "beta", "evt-1"));
    }

    private static async Task UntilAsync(NpgsqlConnection observer, string condition)
    {
#pragma warning disable CA2100 // The texts are those of the tests.
        await using NpgsqlCommand command = new(condition, observer);
#pragma warning restore CA2100
        while (!(bool)(await command.ExecuteScalarAsync())!)
        {
            await Task.Yield();
        }
    }
}
