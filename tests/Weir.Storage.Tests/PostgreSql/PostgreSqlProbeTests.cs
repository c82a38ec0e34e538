using Npgsql;

using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>
/// What the runtime role can do with raw SQL to each table that there is, by what the database itself says of its tables: a new one is
/// probed from its migration on. Each table has one row of each of two workspaces.
/// </summary>
public sealed class PostgreSqlProbeTests : IDisposable
{
    private const int Own = 1_001;
    private const int Other = 1_002;
    private const int Empty = 1_003;

    private static readonly PostgreSqlCluster s_cluster = PostgreSqlCluster.Current;

    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "ACC-2: in no table a row of another workspace is read, written, changed, deleted or copied, nor any without a workspace")]
    public async Task NoTableShowsAnother()
    {
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        List<Table> tables = await FillAsync();
        Assert.True(tables.Count > 20, "The tables were not found.");
        foreach (Table table in tables)
        {
            string before = await OthersAsync(table);
            foreach (int? named in (int?[])[Own, null])
            {
                long seen = named is null ? 0 : 1;
                Assert.Equal(seen, await ScalarAsync(connection, named, $"SELECT count(*) FROM {table.Name}"));
                Assert.Equal(0L, await ScalarAsync(connection, named, $"SELECT count(*) FROM {table.Name} WHERE workspace = {Other}"));

                // A condition of one's own is asked only about rows that may be seen, or it would tell of others by its errors.
                Assert.Equal(seen, await ScalarAsync(connection, named, $"SELECT count(*) FROM {table.Name} WHERE 1 / (CASE workspace WHEN {Other} THEN 0 ELSE 1 END) = 1"));
                Assert.Equal(seen, await CopyAsync(connection, named, $"COPY (SELECT * FROM {table.Name}) TO STDOUT"));

                // Of a table with partitions the server copies what stands in none of them: nothing.
                Assert.InRange(await CopyAsync(connection, named, $"COPY {table.Name} TO STDOUT"), 0, seen);
                Assert.Equal(0L, await CopyAsync(connection, named, $"COPY (SELECT * FROM {table.Name} WHERE workspace = {Other}) TO STDOUT"));
                await RefusedAsync(connection, named, table.InsertOf(Other, Other + 1));
                await RefusedAsync(connection, named, $"COPY {table.Name} FROM STDIN");
                await RefusedAsync(connection, named, $"TRUNCATE {table.Name}");
                await NothingAsync(connection, named, $"DELETE FROM {table.Name} WHERE workspace = {Other}");
                await NothingAsync(connection, named, $"UPDATE {table.Name} SET workspace = workspace WHERE workspace = {Other}");
                await NothingAsync(connection, named, $"UPDATE {table.Name} SET workspace = {Own} WHERE workspace = {Other}");
            }

            // One's own row does not go over to another workspace.
            await RefusedAsync(connection, Own, $"UPDATE {table.Name} SET workspace = {Other}");
            Assert.Equal(before, await OthersAsync(table));
        }
    }

    [Fact(DisplayName = "ACC-2: nothing of another workspace can be guessed by keys: what is taken there is free here, in each table")]
    public async Task NoKeyTells()
    {
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        List<Table> tables = await FillAsync();
        foreach (Table table in tables)
        {
            // All that is unique in the row of the other workspace, under one that has none.
            Assert.Equal(1, await RunAsync(connection, Empty, table.InsertOf(Empty, Other)));
        }

        await using NpgsqlConnection look = _database.Connect("postgres");
        Assert.Equal([], await TextsAsync(look, """
            SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            WHERE c.relnamespace = 'weir'::regnamespace AND c.relname NOT IN ('workspaces', 'migrations') AND i.indisunique
              AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace' AND a.attnum = ANY (i.indkey))
            """));
        Assert.Equal([], await TextsAsync(look, """
            SELECT o.conname::text FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
            WHERE c.relnamespace = 'weir'::regnamespace AND (o.contype = 'x' OR o.contype = 'f'
              AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace' AND a.attnum = ANY (o.conkey)))
            """));
    }

    [Fact(DisplayName = "ACC-2: no partition is reached past its parent, and each is shut like it")]
    public async Task NoPartitionIsReached()
    {
        await FillAsync();
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        List<string> partitions = await TextsAsync(connection, "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND relispartition AND relkind = 'r'");
        Assert.True(partitions.Count >= 4, "The partitions were not found.");
        foreach (string partition in partitions)
        {
            foreach (string statement in (string[])["SELECT 1 FROM {0}", "INSERT INTO {0} (workspace) VALUES (1001)", "UPDATE {0} SET workspace = 1001", "DELETE FROM {0}", "TRUNCATE {0}", "COPY {0} TO STDOUT", "COPY {0} FROM STDIN", "DROP TABLE {0}", "LOCK TABLE {0}"])
            {
                await RefusedAsync(connection, Own, statement.Replace("{0}", partition, StringComparison.Ordinal));
            }
        }

        Assert.Equal([], await TextsAsync(connection, "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p') AND relname NOT IN ('workspaces', 'migrations') AND NOT (relrowsecurity AND relforcerowsecurity)"));
    }

    [Fact(DisplayName = "ACC-2: what the database has counted of its rows is not shown either")]
    public async Task StatisticsShowNothing()
    {
        await FillAsync();
        s_cluster.Execute(_database.Name, "ANALYZE");
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        Assert.Equal([], await TextsAsync(connection, "SELECT DISTINCT tablename::text FROM pg_stats WHERE schemaname = 'weir' AND tablename NOT IN ('workspaces', 'migrations')"));
        await using NpgsqlConnection owner = _database.Connect("postgres");
        Assert.NotEmpty(await TextsAsync(owner, "SELECT DISTINCT tablename::text FROM pg_stats WHERE schemaname = 'weir'"));
    }

    /// <summary>Gives each table a row of each workspace, whose values differ wherever they can.</summary>
    private async Task<List<Table>> FillAsync()
    {
        await using NpgsqlConnection connection = _database.Connect("postgres");
        List<Table> tables = [];
        foreach (string name in await TextsAsync(connection, "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT IN ('workspaces', 'migrations') ORDER BY 1"))
        {
            List<string> columns = await TextsAsync(connection, $"SELECT quote_ident(attname) || ' ' || format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = '{name}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum");
            Table table = new(name, [.. columns.Select(column => (column.Split(' ', 2)[0], column.Split(' ', 2)[1]))]);
            Assert.Contains(table.Columns, column => column is ("workspace", "integer"));
            Assert.Equal(1, await RunAsync(connection, null, table.InsertOf(Own, Own)));
            Assert.Equal(1, await RunAsync(connection, null, table.InsertOf(Other, Other)));
            tables.Add(table);
        }

        // The superuser was not held back, and what was written stands.
        foreach (Table table in tables)
        {
            s_cluster.Execute(_database.Name, table.InsertOf(Own, Own, "weir."), table.InsertOf(Other, Other, "weir."));
        }

        return tables;
    }

    /// <summary>The row of the other workspace as it stands, with what would tell of an update that changed nothing.</summary>
    private async Task<string> OthersAsync(Table table)
    {
        await using NpgsqlConnection connection = _database.Connect("postgres");
        return string.Join('\n', await TextsAsync(connection, $"SELECT t.xmin::text || ' ' || t::text FROM {table.Name} t WHERE workspace = {Other}"));
    }

    private static async Task RefusedAsync(NpgsqlConnection connection, int? workspace, string statement)
    {
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(connection, workspace, statement));
        Assert.True(refused.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.FeatureNotSupported, $"{statement}: {refused}");
    }

    /// <summary>It is refused, or it finds no row.</summary>
    private static async Task NothingAsync(NpgsqlConnection connection, int? workspace, string statement)
    {
        try
        {
            Assert.Equal(0, await RunAsync(connection, workspace, statement));
        }
        catch (PostgresException refused)
        {
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
    }

    /// <summary>Each statement in a transaction of its own that is rolled back.</summary>
    private static async Task<T> InAsync<T>(NpgsqlConnection connection, int? workspace, Func<NpgsqlTransaction, Task<T>> work)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        if (workspace is { } named)
        {
            await using NpgsqlCommand enter = new($"SELECT set_config('app.workspace', '{named}', true)", connection, transaction);
            await enter.ExecuteNonQueryAsync();
        }

        return await work(transaction);
    }

    private static Task<int> RunAsync(NpgsqlConnection connection, int? workspace, string statement) => InAsync(
        connection, workspace, async transaction =>
        {
            await using NpgsqlCommand command = Command(connection, transaction, statement);
            return await command.ExecuteNonQueryAsync();
        });

    private static Task<object?> ScalarAsync(NpgsqlConnection connection, int? workspace, string statement) => InAsync(
        connection, workspace, async transaction =>
        {
            await using NpgsqlCommand command = Command(connection, transaction, statement);
            return await command.ExecuteScalarAsync();
        });

    /// <summary>How many rows a copy has.</summary>
    private static Task<long> CopyAsync(NpgsqlConnection connection, int? workspace, string statement) => InAsync(
        connection, workspace, async _ =>
        {
            using TextReader rows = await connection.BeginTextExportAsync(statement);
            return (long)(await rows.ReadToEndAsync()).Count(character => character == '\n');
        });

    private static async Task<List<string>> TextsAsync(NpgsqlConnection connection, string statement)
    {
        await using NpgsqlCommand command = Command(connection, null, statement);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        return await Session.ReadAllAsync(reader, row => row.Text(0), CancellationToken.None);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, NpgsqlTransaction? transaction, string statement)
    {
#pragma warning disable CA2100 // The texts are those of the tests.
        return new NpgsqlCommand(statement, connection, transaction);
#pragma warning restore CA2100
    }

    private sealed record Table(string Name, (string Name, string Type)[] Columns)
    {
        /// <param name="seed">Values follow from it.</param>
        public string InsertOf(int workspace, int seed, string schema = "") =>
            $"INSERT INTO {schema}{Name} ({string.Join(", ", Columns.Select(column => column.Name))}) SELECT {string.Join(", ", Columns.Select(column => column.Name switch
            {
                "workspace" => $"{workspace}",
                // Where a ledger starts lies long back.
                "start_at" => $"{seed}",
                _ => ValueOf(column.Type, seed),
            }))}";

        // Partitions are of months, by microseconds; those of now are there.
        private static string ValueOf(string type, int seed) => type switch
        {
            "integer" => $"{seed}",
            "bigint" => $"(extract(epoch FROM now()) * 1000000)::bigint + {seed}",
            "boolean" => "false",
            "text" => $"'text-{seed}'",
            "bytea" => $"sha256('bytes-{seed}')",
            "text[]" => $"ARRAY['text-{seed}']",
            "jsonb" => "'[]'::jsonb",
            "bytea[]" => $"ARRAY[sha256('bytes-{seed}')]",
            "bigint[]" => $"ARRAY[{seed}::bigint]",
            "integer[]" => $"ARRAY[{seed}]",
            "numeric" => $"{seed}",
            "uuid" => "gen_random_uuid()",
            _ => throw new InvalidOperationException($"Say here what a value of the type {type} may be."),
        };
    }
}
