using Microsoft.Extensions.Logging;

using Npgsql;

using Weir.PostgreSql;

namespace Weir.Storage.Tests;

public sealed class PostgreSqlSchemaTests : IDisposable
{
    private static readonly PostgreSqlCluster s_cluster = PostgreSqlCluster.Current;

    private readonly string _name = s_cluster.NewEmptyDatabase();

    private static CancellationToken None => CancellationToken.None;

    private string OwnerConnection => s_cluster.ConnectionString(_name, PostgreSqlCluster.Owner);

    public void Dispose() => s_cluster.Drop(_name);

    [Fact(DisplayName = "The schema is made once, by however many at the same time, and what is there already stays")]
    public async Task TheSchemaIsMadeOnce()
    {
        int[] applied = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => PostgreSqlSchema.MigrateAsync(OwnerConnection, PostgreSqlCluster.Runtime, null, None))));
        Assert.Equal(PostgreSqlSchema.Newest, applied.Sum());
        await using PostgreSqlStore store = new(s_cluster.ConnectionString(_name, PostgreSqlCluster.Runtime));
        await store.OpenAsync(None);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        Assert.Equal(0, await PostgreSqlSchema.MigrateAsync(OwnerConnection, PostgreSqlCluster.Runtime, null, None));
        Assert.Equal(workspace, (await store.Workspaces.FindAsync("default", None))!.Id);
    }

    [Fact(DisplayName = "A database without the schema, or with one of another time, is refused with what to do")]
    public async Task AnUnknownSchemaIsRefused()
    {
        StoreUnavailableException empty = await RefusedAsync(PostgreSqlCluster.Owner);
        Assert.Contains("weir migrate", empty.Message, StringComparison.Ordinal);
        await PostgreSqlSchema.MigrateAsync(OwnerConnection, PostgreSqlCluster.Runtime, null, None);
        s_cluster.Execute(_name, $"INSERT INTO weir.migrations (number, name, applied_at) VALUES ({PostgreSqlSchema.Newest + 1}, 'next', 0)");
        await using (PostgreSqlStore store = new(s_cluster.ConnectionString(_name, PostgreSqlCluster.Runtime)))
        {
            // The version before goes on while the next one is rolled out.
            await store.OpenAsync(None);
        }

        s_cluster.Execute(_name, $"INSERT INTO weir.migrations (number, name, applied_at) VALUES ({PostgreSqlSchema.Newest + 2}, 'the one after', 0)");
        Assert.Contains("newer program", (await RefusedAsync(PostgreSqlCluster.Runtime)).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => PostgreSqlSchema.MigrateAsync(OwnerConnection, null, null, None));
        s_cluster.Execute(_name, "DELETE FROM weir.migrations");
        Assert.Contains("run 'weir migrate'", (await RefusedAsync(PostgreSqlCluster.Runtime)).Message, StringComparison.Ordinal);
    }

    [Theory(DisplayName = "A node does not serve past row-level security: each way round it is named")]
    [InlineData("postgres", null, "is a superuser")]
    [InlineData(PostgreSqlCluster.Owner, null, "owns the schema")]
    [InlineData(PostgreSqlCluster.Runtime, "ALTER TABLE weir.accounts NO FORCE ROW LEVEL SECURITY", "accounts is not shut")]
    [InlineData(PostgreSqlCluster.Runtime, "ALTER TABLE weir.ids DISABLE ROW LEVEL SECURITY", "ids is not shut")]
    [InlineData(PostgreSqlCluster.Runtime, "CREATE POLICY more ON weir.rates USING (true)", "rates is not shut")]
    [InlineData(PostgreSqlCluster.Runtime, "CREATE TABLE weir.further (workspace integer)", "further is not shut")]
    [InlineData(PostgreSqlCluster.Runtime, "CREATE VIEW weir.seen AS SELECT * FROM weir.events", "the view seen")]
    [InlineData(PostgreSqlCluster.Runtime, "GRANT DELETE ON weir.events TO weir_runtime", "may delete rows of events")]
    [InlineData(PostgreSqlCluster.Runtime, "DO $$ BEGIN EXECUTE 'GRANT SELECT ON weir.events_' || to_char(now(), 'YYYYMM') || ' TO weir_runtime'; END $$", "directly")]
    [InlineData(PostgreSqlCluster.Runtime, "CREATE FUNCTION weir.all_rows() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM weir.events'", "the function all_rows")]
    [InlineData(PostgreSqlCluster.Runtime, "ALTER FUNCTION weir.make_month(bigint) RESET search_path", "the function make_month")]
    [InlineData(PostgreSqlCluster.Runtime, "ALTER FUNCTION weir.prune_ids(bigint, integer) RESET search_path", "the function prune_ids")]
    [InlineData(PostgreSqlCluster.Runtime, "ALTER DATABASE {name} SET synchronous_commit = off", "synchronous_commit is off")]
    public async Task WhatIsUnsafeIsNamed(string user, string? statement, string named)
    {
        await PostgreSqlSchema.MigrateAsync(OwnerConnection, PostgreSqlCluster.Runtime, null, None);
        if (statement is not null)
        {
            s_cluster.Execute(_name, statement.Replace("{name}", _name, StringComparison.Ordinal));
        }

        Assert.Contains(named, (await RefusedAsync(user)).Message, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "A node of the version before starts on a schema that the next version has migrated, works, and says what it does not know")]
    public async Task TheNextVersionHasMigrated()
    {
        await PostgreSqlSchema.MigrateAsync(OwnerConnection, PostgreSqlCluster.Runtime, null, None);
        s_cluster.Execute(_name, $"{Later} {LaterFunction}");
        using Heard heard = new();
        await using PostgreSqlStore store = new(new PostgreSqlStoreOptions { ConnectionString = s_cluster.ConnectionString(_name, PostgreSqlCluster.Runtime) }, heard.Logger);
        await store.OpenAsync(None);
        Assert.Equal(2, heard.Lines.Count);
        Assert.Contains($"at step {PostgreSqlSchema.Newest + 1}", heard.Lines[0], StringComparison.Ordinal);
        Assert.Contains("the function count_later acts with the rights of the schema's owner", heard.Lines[1], StringComparison.Ordinal);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1)], None);
        Assert.Equal(1, await store.Accounts.CountAsync(workspace, None));
        Examination found = await PostgreSqlDoctor.ExamineAsync(new PostgreSqlStoreOptions { ConnectionString = s_cluster.ConnectionString(_name, PostgreSqlCluster.Runtime) }, 1, TimeProvider.System, None);
        Assert.True(found.IsSound, string.Join('\n', found.Findings));
        Assert.Equal(["data_checksums", "function", "schema"], found.Findings.Select(finding => finding.Check).Order(StringComparer.Ordinal));
    }

    [Theory(DisplayName = "What the next version has migrated is refused all the same where it is not shut, is not the owner's, or is the runtime role's")]
    [InlineData("SET ROLE weir_owner; CREATE TABLE weir.open (workspace integer)", "open is not shut")]
    [InlineData("SET ROLE weir_owner; CREATE TABLE weir.half (workspace integer); SELECT weir.isolate('weir.half'); ALTER TABLE weir.half NO FORCE ROW LEVEL SECURITY", "half is not shut")]
    [InlineData("SET ROLE weir_owner; CREATE VIEW weir.seen AS SELECT * FROM weir.events", "the view seen")]
    [InlineData("SET ROLE weir_owner; CREATE FUNCTION weir.found() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM weir.events'", "the function found")]
    [InlineData("CREATE FUNCTION weir.found() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = weir, pg_temp AS 'SELECT count(*) FROM weir.events'", "the function found")]
    [InlineData("ALTER FUNCTION weir.make_month(bigint) RESET search_path", "the function make_month")]
    [InlineData("CREATE TABLE weir.own (workspace integer); SELECT weir.isolate('weir.own'); ALTER TABLE weir.own OWNER TO weir_runtime", "owns, or may act as the owner of, own")]
    public async Task WhatTheNextVersionMayNot(string statement, string named)
    {
        await PostgreSqlSchema.MigrateAsync(OwnerConnection, PostgreSqlCluster.Runtime, null, None);
        s_cluster.Execute(_name, $"{Later} {LaterFunction}", "RESET ROLE", statement);
        string message = (await RefusedAsync(PostgreSqlCluster.Runtime)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.DoesNotContain("count_later", message, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "At its own step a node refuses a function of the owner's that it does not know")]
    public async Task AtItsOwnStep()
    {
        await PostgreSqlSchema.MigrateAsync(OwnerConnection, PostgreSqlCluster.Runtime, null, None);
        s_cluster.Execute(_name, $"SET ROLE weir_owner; {LaterFunction}");
        Assert.Contains("the function count_later", (await RefusedAsync(PostgreSqlCluster.Runtime)).Message, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "For development an owner migrates and serves by itself")]
    public async Task AnInsecureOwnerServes()
    {
        await using PostgreSqlStore store = new(new PostgreSqlStoreOptions { ConnectionString = OwnerConnection, InsecureOwner = true });
        await store.OpenAsync(None);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 1)], None);
        Assert.Equal(1, await store.Accounts.CountAsync(workspace, None));
    }

    [Fact(DisplayName = "A new runtime role is made with its password, and a name or password is only ever a name or password")]
    public async Task ARuntimeRoleIsMade()
    {
        const string name = "weir \"runtime\"; DROP SCHEMA weir --";
        await PostgreSqlSchema.MigrateAsync(OwnerConnection, name, "it's; DROP SCHEMA weir", None);
        try
        {
            await using PostgreSqlStore store = new(s_cluster.ConnectionString(_name, name));
            await store.OpenAsync(None);
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            s_cluster.Execute(_name, "DROP OWNED BY \"weir \"\"runtime\"\"; DROP SCHEMA weir --\"", "DROP ROLE \"weir \"\"runtime\"\"; DROP SCHEMA weir --\"");
        }
    }

    /// <summary>A step that no program has yet: a column, a table that is shut, and a function with the owner's rights.</summary>
    private static string Later => $"""
        SET ROLE weir_owner;
        ALTER TABLE weir.account_profiles ADD COLUMN later text;
        CREATE TABLE weir.laters (workspace integer NOT NULL, number bigint NOT NULL, PRIMARY KEY (workspace, number));
        SELECT weir.isolate('weir.laters');
        INSERT INTO weir.migrations (number, name, applied_at) VALUES ({PostgreSqlSchema.Newest + 1}, 'later', 0);
        """;

    private const string LaterFunction = "CREATE FUNCTION weir.count_later() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = weir, pg_temp AS 'SELECT count(*) FROM account_profiles'";

    private async Task<StoreUnavailableException> RefusedAsync(string user)
    {
        await using PostgreSqlStore store = new(s_cluster.ConnectionString(_name, user));
        return await Assert.ThrowsAsync<StoreUnavailableException>(() => store.OpenAsync(None));
    }

    /// <summary>What a store logs.</summary>
    private sealed class Heard : ILoggerProvider, ILogger
    {
        private readonly LoggerFactory _factory;

        public Heard() => _factory = new LoggerFactory([this]);

        public List<string> Lines { get; } = [];

        public ILogger<PostgreSqlStore> Logger => _factory.CreateLogger<PostgreSqlStore>();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == 5003)
            {
                Lines.Add(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
