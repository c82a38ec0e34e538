using System.Diagnostics;

using NodaTime;

using Npgsql;

using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>Accounts of entries, looked up by many at once.</summary>
public sealed class OwnerLookupTests
{
    /// <summary>Far beyond what a busy machine needs.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private static readonly CancellationToken s_none = CancellationToken.None;

    [Fact(DisplayName = "Each of many who ask at once for the account of an entry learns his own, also twice at once and of none; who has given up disturbs nobody")]
    public async Task ManyAtOnce()
    {
        using PostgreSqlDatabase database = new();
        await using UsageDesk desk = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), database.NewStore);
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => desk.RecordAsync($"evt-{i}", "ping", account: $"account-{i % 7}")));
        WorkspaceId empty = (await desk.Store.Workspaces.CreateAsync("empty", null, "UTC", s_none))!.Id;
        using CancellationTokenSource gone = new();
        await gone.CancelAsync();
        Task[] asked = [.. Enumerable.Range(0, 2_000).Select(n => Task.Run(async () =>
        {
            int i = n % 330;
            if (n % 11 == 0)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => desk.Store.Ledger.FindOwnerAsync(desk.Workspace, new EventId($"evt-{i}"), gone.Token).AsTask());
                return;
            }

            AccountKey? owner = await desk.Store.Ledger.FindOwnerAsync(n % 13 == 0 ? empty : desk.Workspace, new EventId($"evt-{i}"), s_none);
            Assert.Equal(i < 300 && n % 13 != 0 ? new AccountKey($"account-{i % 7}") : null, owner);
        }))];
        await Task.WhenAll(asked).WaitAsync(s_patience);
    }

    [Fact(DisplayName = "Who asks for the account of an entry does not wait for a connection on which another's question stands still")]
    public async Task AConnectionThatStandsStill()
    {
        using PostgreSqlDatabase database = new();
        TimeSpan never = TimeSpan.FromMinutes(5);
        await using UsageDesk desk = await UsageDesk.OpenAsync(
            SystemClock.Instance.GetCurrentInstant(), time => new PostgreSqlStore(database.Options with { Time = time, LockTimeout = never, StatementTimeout = never }));
        await desk.RecordAsync("evt-1", "ping", account: "acme");
        await using NpgsqlConnection holder = database.Connect("postgres"), operators = database.Connect("postgres");
        int backend;
        Task<AccountKey?> first;
        Task<AccountKey?>[] gathered;
        await using (NpgsqlTransaction holding = await holder.BeginTransactionAsync())
        {
            await using NpgsqlCommand hold = new("LOCK TABLE weir.account_profiles IN ACCESS EXCLUSIVE MODE", holder);
            await hold.ExecuteNonQueryAsync();
            first = FindAsync(desk);
            backend = await WaitingBackendAsync(operators);
            PostgreSqlServer.Freeze(backend);
            gathered = [.. Enumerable.Range(0, 20).Select(_ => FindAsync(desk))];
        }

        try
        {
            Assert.All(await Task.WhenAll(gathered).WaitAsync(s_patience), owner => Assert.Equal(new AccountKey("acme"), owner));
            Assert.Equal(new AccountKey("acme"), await FindAsync(desk).WaitAsync(s_patience));
            Assert.False(first.IsCompleted);
        }
        finally
        {
            PostgreSqlServer.Thaw(backend);
        }

        Assert.Equal(new AccountKey("acme"), await first.WaitAsync(s_patience));
    }

    [Fact(DisplayName = "Everybody who asks for the account of an entry while there is no database is told that it is not there, and later ones are answered")]
    public async Task NoDatabase()
    {
        using PostgreSqlServer server = new();
        server.Execute("postgres", "CREATE ROLE weir_owner LOGIN CREATEROLE", "CREATE DATABASE weir OWNER weir_owner");
        await PostgreSqlSchema.MigrateAsync(server.ConnectionString("weir", "weir_owner"), "weir_runtime", null, s_none);
        await using UsageDesk desk = await UsageDesk.OpenAsync(
            SystemClock.Instance.GetCurrentInstant(), _ => new PostgreSqlStore(new PostgreSqlStoreOptions { ConnectionString = server.ConnectionString("weir", "weir_runtime") }));
        await desk.RecordAsync("evt-1", "ping", account: "acme");
        server.KillAll();
        foreach (Task<AccountKey?> task in (Task<AccountKey?>[])[.. Enumerable.Range(0, 50).Select(_ => FindAsync(desk))])
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => task.WaitAsync(s_patience));
        }

        server.StartAgain();
        Assert.Equal(new AccountKey("acme"), await FindAsync(desk).WaitAsync(s_patience));
    }

    private static Task<AccountKey?> FindAsync(UsageDesk desk) => desk.Store.Ledger.FindOwnerAsync(desk.Workspace, new EventId("evt-1"), s_none).AsTask();

    private static async Task<int> WaitingBackendAsync(NpgsqlConnection operators)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_patience; await Task.Delay(5))
        {
            await using NpgsqlCommand find = new("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '%unnest%ordinality%account_profiles%'", operators);
            if (await find.ExecuteScalarAsync() is int backend)
            {
                return backend;
            }
        }

        throw new TimeoutException("Nobody waits for the lock.");
    }
}
