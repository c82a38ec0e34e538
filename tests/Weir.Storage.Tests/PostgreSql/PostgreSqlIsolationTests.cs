using Npgsql;

using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>What the runtime role can do past the program: looks by raw SQL.</summary>
public sealed class PostgreSqlIsolationTests : IDisposable
{
    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "ACC-2: without a workspace no table shows a row, and with one only its own")]
    public async Task ATableShowsOneWorkspace()
    {
        (WorkspaceId own, WorkspaceId other) = await FillAsync();
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        string[] tables = await TablesAsync(connection);
        Assert.Contains("events", tables);
        HashSet<string> filled = [];
        foreach (string table in tables)
        {
            Assert.Equal(0L, await ScalarAsync(connection, $"SELECT count(*) FROM {table}"));
            foreach ((WorkspaceId workspace, WorkspaceId hidden) in new[] { (own, other), (other, own) })
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
                await EnterAsync(connection, workspace);
                Assert.Equal(0L, await ScalarAsync(connection, $"SELECT count(*) FROM {table} WHERE workspace <> {workspace.Value}"));
                Assert.Equal(0L, await ScalarAsync(connection, $"SELECT count(*) FROM {table} WHERE workspace = {hidden.Value}"));
                if ((long)(await ScalarAsync(connection, $"SELECT count(*) FROM {table}"))! > 0)
                {
                    filled.Add(table);
                }
            }
        }

        Assert.Superset(new HashSet<string> { "accounts", "account_profiles", "aliases", "api_keys", "audit", "event_details", "events", "ids", "used_meters", "workspace_state" }, filled);
    }

    [Fact(DisplayName = "ACC-2: no row of another workspace is written, changed or deleted")]
    public async Task NoRowOfAnotherWorkspaceIsTouched()
    {
        (WorkspaceId own, WorkspaceId other) = await FillAsync();
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        await RefusedAsync(connection, own, $"INSERT INTO used_meters (workspace, meter) VALUES ({other.Value}, 'x')");
        await RefusedAsync(connection, own, $"INSERT INTO ids (workspace, digest, fingerprint, recorded_at) VALUES ({other.Value}, '\\x00', '\\x00', 0)");
        await RefusedAsync(connection, null, $"INSERT INTO used_meters (workspace, meter) VALUES ({own.Value}, 'x')");
        await RefusedAsync(connection, own, $"UPDATE accounts SET workspace = {other.Value} WHERE id <> 0");
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await EnterAsync(connection, own);
        await using NpgsqlCommand delete = new($"DELETE FROM api_keys WHERE workspace = {other.Value}", connection, transaction);
        Assert.Equal(0, await delete.ExecuteNonQueryAsync());

        // A key that another workspace has is no key here: nothing is learned from a conflict.
        await using NpgsqlCommand insert = new($"INSERT INTO ids (workspace, digest, fingerprint, recorded_at) SELECT {own.Value}, sha256('only-the-other'), '\\x00', 0 ON CONFLICT DO NOTHING", connection, transaction);
        Assert.Equal(1, await insert.ExecuteNonQueryAsync());
    }

    [Theory(DisplayName = "LOG-1: the runtime role appends to the ledger, the ids and the audit log, and can do nothing else to them")]
    [InlineData("UPDATE events SET plan = 'x'")]
    [InlineData("DELETE FROM events")]
    [InlineData("TRUNCATE events")]
    [InlineData("UPDATE ids SET seq = 1")]
    [InlineData("DELETE FROM ids")]
    [InlineData("UPDATE audit SET actor = 'x'")]
    [InlineData("DELETE FROM audit")]
    [InlineData("ALTER TABLE events NO FORCE ROW LEVEL SECURITY")]
    [InlineData("DROP TABLE events")]
    [InlineData("CREATE TABLE weir.own (id integer)")]
    [InlineData("SELECT * FROM events_{month}")]
    [InlineData("INSERT INTO events_{month} SELECT * FROM events")]
    [InlineData("ALTER TABLE events DETACH PARTITION events_{month}")]
    [InlineData("COPY ids FROM STDIN")]
    [InlineData("SELECT isolate('events')")]
    [InlineData("SET ROLE weir_owner")]
    [InlineData("SELECT prune_ids(clock_micros(NULL) - 399 * 86400000000, 10)")]
    [InlineData("SELECT prune_carried(clock_micros(NULL) - 399 * 86400000000, 0, 10)")]
    [InlineData("SELECT prune_carried(clock_micros(NULL) - 500 * 86400000000, 0, 10)")]
    [InlineData("SELECT drop_month(clock_micros(NULL) - 399 * 86400000000)")]
    [InlineData("SELECT drop_month_of_all(0)")]
    [InlineData("DELETE FROM grant_draws")]
    [InlineData("UPDATE carried_balances SET used = 0")]
    [InlineData("DELETE FROM carried_balances")]
    [InlineData("UPDATE carried_grants SET used = 0")]
    [InlineData("DELETE FROM carried_grants")]
    [InlineData("UPDATE ledger_starts SET start_at = 0")]
    [InlineData("DELETE FROM ledger_starts")]
    public async Task TheLedgerOnlyGrows(string statement)
    {
        (WorkspaceId own, _) = await FillAsync();
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        await RefusedAsync(connection, own, statement.Replace("{month}", "202603", StringComparison.Ordinal));
    }

    [Fact(DisplayName = "ACC-2: a connection that comes back from a batch, a look, a write or any failure among them sees nothing, and is as it was at first")]
    public async Task AReturnedConnectionSeesNothing()
    {
        (WorkspaceId own, _) = await FillAsync();
        // One for batches, and one for everything else.
        await using Weir.PostgreSql.Database database = new(_database.Options with { Connections = 2 });
        PostgreSqlLedger ledger = new(database, new ActiveCatalogs(NoOtherNodes.Instance));
        string before = await BorrowAsync(database);
        Func<Task>[] uses =
        [
            async () => Assert.NotEmpty(await ledger.FollowAsync(own, 0, 10, default)),
            async () => Assert.NotEmpty(await ledger.ReadAsync(own, new LedgerFilter { Limit = 10 }, default)),
            async () => Assert.NotNull(await ledger.ReadStateAsync(own, Sample.Acme, default)),
            async () => Assert.NotNull(await ledger.FindOwnerAsync(own, new Engine.EventId("only-the-own"), default)),
            async () => Assert.NotNull(await ledger.FindAsync(own, new Engine.EventId("only-the-own"), default)),
            () => Assert.ThrowsAsync<PostgresException>(async () => await database.WriteAsync(own, async session => await FailAsync(session), default)),
            () => Assert.ThrowsAsync<PostgresException>(async () => await database.ReadAsync(own, async session => await FailAsync(session), default)),
            () => BatchAsync(ledger, own, "committed", commits: true),
            () => BatchAsync(ledger, own, "given-up", commits: false),
            () => Assert.ThrowsAsync<InvalidOperationException>(() => BatchAsync(ledger, own, "failed", commits: null)),
        ];
        foreach (Func<Task> use in uses)
        {
            await use();
            Assert.Equal(before, await BorrowAsync(database));
        }

        static async Task<int> FailAsync(Session session)
        {
            await using NpgsqlBatch batch = session.Batch();
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT 1 / (SELECT count(*) - count(*) FROM events)"));
            return await batch.ExecuteNonQueryAsync();
        }

        static async Task BatchAsync(PostgreSqlLedger ledger, WorkspaceId workspace, string id, bool? commits)
        {
            await using ILedgerTransaction transaction = await ledger.BeginAsync(workspace, default);
            await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, default);
            if (commits is null)
            {
                throw new InvalidOperationException("Given up while the locks are held.");
            }

            Assert.True(await transaction.WriteAsync(new LedgerWrites { Rows = [Sample.Row(id, Sample.FullEntry(workspace.Value), Sample.FullDetails)] }, default));
            if (commits.Value)
            {
                await transaction.CommitAsync(default);
            }
        }

        // Both connections as the next borrowers find them: which they are, that they see and hold nothing, and all their settings.
        static async Task<string> BorrowAsync(Weir.PostgreSql.Database database)
        {
            await using NpgsqlConnection one = await database.OpenAsync(default);
            await using NpgsqlConnection other = await database.OpenForBatchAsync(default);
            List<string> found = [];
            foreach (NpgsqlConnection connection in (NpgsqlConnection[])[one, other])
            {
                Assert.Equal(0L, await ScalarAsync(connection, "SELECT count(*) FROM events"));
                Assert.Equal("", await ScalarAsync(connection, "SELECT coalesce(current_setting('app.workspace', true), '')"));
                Assert.Equal(0L, await ScalarAsync(connection, "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'"));
                found.Add($"{connection.ProcessID}: {await ScalarAsync(connection, "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings WHERE name NOT LIKE '%.%'")}");
            }

            return string.Join('\n', found.Order(StringComparer.Ordinal));
        }
    }

    private async Task<(WorkspaceId Own, WorkspaceId Other)> FillAsync()
    {
        await using PostgreSqlStore store = await _database.OpenAsync(new FakeClock(Sample.Start));
        List<WorkspaceId> workspaces = [];
        foreach (string key in (string[])["own", "other"])
        {
            WorkspaceId workspace = (await store.Workspaces.CreateAsync(key, null, "UTC", CancellationToken.None))!.Id;
            await store.Keys.AddAsync(workspace, new ApiKey("k1", "", true, KeyScopes.Read, default, Sample.Now, null), CancellationToken.None);
            await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", workspace.Value)], CancellationToken.None);
            await using ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, CancellationToken.None);
            await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, CancellationToken.None);
            Assert.True(await transaction.WriteAsync(
                new LedgerWrites
                {
                    Rows = [Sample.Row("only-the-" + key, Sample.FullEntry(workspace.Value), Sample.FullDetails)],
                    Aliases = [new NewAlias(workspace.Value, new Alias(Sample.Acme, Engine.ScopeKind.User, "u-7"), 11)],
                },
                CancellationToken.None));
            await transaction.CommitAsync(CancellationToken.None);
            workspaces.Add(workspace);
        }

        return (workspaces[0], workspaces[1]);
    }

    /// <summary>Every table that a policy shuts.</summary>
    private static async Task<string[]> TablesAsync(NpgsqlConnection connection)
    {
        await using NpgsqlCommand command = new(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT IN ('workspaces', 'migrations') ORDER BY 1", connection);
        List<string> tables = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            tables.Add(reader.GetString(0));
        }

        return [.. tables];
    }

    private static async Task RefusedAsync(NpgsqlConnection connection, WorkspaceId? workspace, string statement)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        if (workspace is { } named)
        {
            await EnterAsync(connection, named);
        }

        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(connection, statement));
        Assert.True(refused.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.FeatureNotSupported, refused.ToString());
    }

    private static Task EnterAsync(NpgsqlConnection connection, WorkspaceId workspace) => ScalarAsync(connection, $"SELECT set_config('app.workspace', '{workspace.Value}', true)");

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string statement)
    {
#pragma warning disable CA2100 // The texts are those of the tests.
        await using NpgsqlCommand command = new(statement, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }
}
