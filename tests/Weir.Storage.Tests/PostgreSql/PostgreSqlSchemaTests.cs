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

    private async Task<StoreUnavailableException> RefusedAsync(string user)
    {
        await using PostgreSqlStore store = new(s_cluster.ConnectionString(_name, user));
        return await Assert.ThrowsAsync<StoreUnavailableException>(() => store.OpenAsync(None));
    }
}
