using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Npgsql;

using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>A database that stands still, and clocks of nodes that are wrong.</summary>
public sealed class PostgreSqlOutageTests
{
    /// <summary>Far beyond what a busy machine needs, and far below the time-outs that stand in the way without what is tested.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Fact(DisplayName = "TX-2: who stops waiting for a database that stands still goes at once, and takes no thread with him")]
    public async Task AFrozenDatabase()
    {
        using PostgreSqlServer server = new();
        server.Execute("postgres", "CREATE ROLE weir_owner LOGIN CREATEROLE", "CREATE DATABASE weir OWNER weir_owner");
        await PostgreSqlSchema.MigrateAsync(server.ConnectionString("weir", "weir_owner"), "weir_runtime", null, CancellationToken.None);
        await using PostgreSqlStore store = new(new PostgreSqlStoreOptions { ConnectionString = server.ConnectionString("weir", "weir_runtime"), ConnectTimeout = s_patience, StatementTimeout = TimeSpan.FromHours(1) });
        await store.OpenAsync(CancellationToken.None);
        Assert.Null(await store.Workspaces.FindAsync("nobody", CancellationToken.None));
        server.Freeze();
        try
        {
            using CancellationTokenSource tired = new();
            Task<Workspace?>[] waiting = [.. Enumerable.Range(0, 2 * PostgreSqlStoreOptions.DefaultConnections).Select(_ => store.Workspaces.FindAsync("default", tired.Token).AsTask())];
            await Task.Run(tired.Cancel).WaitAsync(s_patience);
            foreach (Task<Workspace?> task in waiting)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(s_patience));
            }
        }
        finally
        {
            server.Thaw();
        }

        Assert.Null(await store.Workspaces.FindAsync("nobody", CancellationToken.None));
    }

    [Fact(DisplayName = "TX-1: a node with two connections answers five hundred callers; no batch waits for a connection that another batch holds")]
    public async Task APoolOfTwo()
    {
        const int Accounts = 12;
        using PostgreSqlDatabase database = new();
        await using (UsageDesk first = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => database.NewStore(null)))
        {
            for (int i = 0; i < Accounts; i++)
            {
                await first.RecordAsync($"first-{i}", "ping", account: $"account-{i}");
                await first.PutCatalogAsync(UsageDesk.Catalog.Replace("limit: 1000000", $"limit: {1_000_001 + i}", StringComparison.Ordinal));
            }
        }

        // Each account has a version of the catalog of its own, which the node has to read in the middle of a batch.
        await using (NpgsqlConnection operators = database.Connect("postgres"))
        {
            await using NpgsqlCommand pin = new("UPDATE accounts SET pinned_version = n FROM (SELECT account, row_number() OVER (ORDER BY key) AS n FROM account_profiles) p WHERE id = account", operators);
            Assert.Equal(Accounts, await pin.ExecuteNonQueryAsync());
        }

        await using UsageDesk desk = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => new PostgreSqlStore(database.Options with { Connections = 2 }));
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => desk.RecordAsync($"e-{i}", "ping", account: $"account-{i % Accounts}"))).WaitAsync(s_patience);
    }

    [Theory(DisplayName = "Kerberos is tried only where it is asked for, and a pool that is to be larger at the least than batches need is as large as these")]
    [InlineData("", GssEncryptionMode.Disable)]
    [InlineData(";GSS Encryption Mode=Prefer", GssEncryptionMode.Prefer)]
    [InlineData(";GSS Encryption Mode=Require;Minimum Pool Size=20", GssEncryptionMode.Require)]
    public async Task TheConnectionStringSays(string said, GssEncryptionMode expected)
    {
        await using ConnectionPools pools = new(new PostgreSqlStoreOptions { ConnectionString = "Host=/nowhere;Database=d;Username=u" + said });
        Assert.Equal(expected, new NpgsqlConnectionStringBuilder(pools.ConnectionString).GssEncryptionMode);
        Assert.Equal(
            (PostgreSqlStoreOptions.DefaultBatches, PostgreSqlStoreOptions.DefaultConnections - PostgreSqlStoreOptions.DefaultBatches),
            (new NpgsqlConnectionStringBuilder(pools.Batches.ConnectionString).MaxPoolSize, new NpgsqlConnectionStringBuilder(pools.Others.ConnectionString).MaxPoolSize));
    }

    [Fact(DisplayName = "However many read, batches have connections of their own")]
    public async Task ReadersLeaveConnectionsToBatches()
    {
        using PostgreSqlDatabase database = new();
        await using UsageDesk desk = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => new PostgreSqlStore(database.Options with { Connections = 3, Batches = 1, LockTimeout = s_patience, ConnectTimeout = s_patience, BatchTimeout = 2 * s_patience }));
        await desk.RecordAsync("first", "ping");
        await using NpgsqlConnection operators = database.Connect("postgres");
        await using NpgsqlTransaction holds = await operators.BeginTransactionAsync();
        await using (NpgsqlCommand take = new("LOCK TABLE denial_counts IN ACCESS EXCLUSIVE MODE", operators, holds))
        {
            await take.ExecuteNonQueryAsync();
        }

        Task[] readers = [.. Enumerable.Range(0, 6).Select(_ => desk.Store.Ledger.ReadDenialsAsync(desk.Workspace, null, Instant.MinValue, Instant.MaxValue, CancellationToken.None).AsTask())];
        for (int i = 0; i < 5; i++)
        {
            Assert.True((await desk.RecordAsync($"e-{i}", "ping")).Allowed);
        }

        Assert.DoesNotContain(readers, reader => reader.IsCompletedSuccessfully);
        await holds.RollbackAsync();
        await Task.WhenAll(readers);
    }

    [Fact(DisplayName = "TX-3: a node's time is the database's, whatever its own clock says and wherever that is set")]
    public void TheClockOfANode()
    {
        FakeClock own = new(Instant.FromUtc(2026, 11, 21, 12, 0));
        DatabaseClock clock = new(own);
        Assert.Equal(own.GetUtcNow(), clock.GetUtcNow());
        DateTimeOffset said = own.GetUtcNow() - TimeSpan.FromHours(2);
        long asked = clock.GetTimestamp();
        clock.Saw(said, asked, asked);
        Assert.InRange(clock.GetUtcNow(), said, said + s_patience);
        own.Advance(Duration.FromDays(-1));
        Assert.InRange(clock.GetUtcNow(), said, said + s_patience);

        // An answer that was long on its way says less than what is known.
        clock.Saw(said - TimeSpan.FromHours(5), asked - (10 * clock.TimestampFrequency), asked);
        Assert.InRange(clock.GetUtcNow(), said, said + s_patience);
    }

    [Fact(DisplayName = "TX-3: services on PostgreSQL go by the database's time, unless the host has a clock of its own")]
    public async Task TheClockOfServices()
    {
        const string connection = "Host=/nowhere;Database=d;Username=u";
        ServiceCollection services = new();
        services.AddWeir().AddPostgreSql(connection);
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            Assert.IsType<DatabaseClock>(provider.GetRequiredService<TimeProvider>());
            Assert.Same(provider.GetRequiredService<PostgreSqlStore>(), provider.GetRequiredService<IWeirStore>());
        }

        FakeClock own = new(Instant.FromUtc(2026, 11, 21, 12, 0));
        ServiceCollection hosts = new();
        hosts.AddSingleton<TimeProvider>(own);
        hosts.AddWeir().AddPostgreSql(connection);
        await using ServiceProvider host = hosts.BuildServiceProvider();
        Assert.Same(own, host.GetRequiredService<TimeProvider>());
    }
}
