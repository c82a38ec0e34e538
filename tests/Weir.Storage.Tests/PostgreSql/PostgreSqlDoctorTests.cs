using System.Diagnostics;
using System.Globalization;

using Npgsql;

using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>Each fault planted once, in a database and with a role of its own.</summary>
public sealed class PostgreSqlDoctorTests : IDisposable
{
    /// <summary>What the server of these tests is told of in any case.</summary>
    private const string Always = "data_checksums";

    private static readonly PostgreSqlCluster s_cluster = PostgreSqlCluster.Current;

    private readonly string _name = s_cluster.NewEmptyDatabase();
    private readonly string _role;

    public PostgreSqlDoctorTests()
    {
        _role = "doctor_" + _name;
        s_cluster.Execute("postgres", $"CREATE ROLE {_role} LOGIN");
    }

    private static CancellationToken None => CancellationToken.None;

    public void Dispose()
    {
        s_cluster.Drop(_name);
        s_cluster.Execute("postgres", $"DROP ROLE {_role}");
    }

    [Fact(DisplayName = "A database as 'weir migrate' leaves it has no fault, and the doctor leaves it as it was")]
    public async Task ASoundDatabaseIsSound()
    {
        await MigrateAsync();
        Examination found = await ExamineAsync();
        Assert.True(found.IsSound, string.Join('\n', found.Findings));
        Assert.Equal([Always], found.Findings.Select(finding => finding.Check));
        Assert.Contains($"schema at step {PostgreSqlSchema.Newest}", found.Subject, StringComparison.Ordinal);
        Assert.Equal(found.Findings, (await ExamineAsync()).Findings);
    }

    [Theory(DisplayName = "Each fault that is planted is the one that is named, with what to do")]
    [InlineData("superuser", "ALTER ROLE {role} SUPERUSER")]
    [InlineData("bypass", "ALTER ROLE {role} BYPASSRLS")]
    [InlineData("owner", "GRANT weir_owner TO {role}")]
    [InlineData("row_security", "ALTER TABLE weir.accounts NO FORCE ROW LEVEL SECURITY")]
    [InlineData("row_security", "ALTER TABLE weir.ids DISABLE ROW LEVEL SECURITY")]
    [InlineData("row_security", "CREATE POLICY more ON weir.rates USING (true)")]
    [InlineData("row_security", "CREATE TABLE weir.further (workspace integer)")]
    [InlineData("row_security", "ALTER TABLE weir.events_{month} NO FORCE ROW LEVEL SECURITY")]
    [InlineData("policy", "ALTER POLICY own_workspace ON weir.rates USING (true)")]
    [InlineData("policy", "ALTER POLICY own_workspace ON weir.rates WITH CHECK (workspace > 0)")]
    [InlineData("policy", "ALTER POLICY own_workspace ON weir.event_details_{month} TO weir_owner")]
    [InlineData("view", "CREATE VIEW weir.seen AS SELECT * FROM weir.events")]
    [InlineData("rights", "GRANT UPDATE ON weir.events TO {role}")]
    [InlineData("rights", "GRANT DELETE ON weir.audit TO {role}")]
    [InlineData("rights", "GRANT UPDATE (fingerprint) ON weir.ids TO {role}")]
    [InlineData("rights", "GRANT DELETE ON weir.migrations TO {role}")]
    [InlineData("rights", "GRANT TRUNCATE ON weir.accounts TO {role}")]
    [InlineData("rights", "GRANT TRIGGER ON weir.rates TO {role}")]
    [InlineData("rights", "GRANT REFERENCES ON weir.accounts TO PUBLIC")]
    [InlineData("rights_missing", "REVOKE INSERT ON weir.events FROM {role}")]
    [InlineData("partition_rights", "GRANT SELECT ON weir.events_{month} TO {role}")]
    [InlineData("function", "CREATE FUNCTION weir.all_rows() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM weir.events'")]
    [InlineData("function", "ALTER FUNCTION weir.make_month(bigint) RESET search_path")]
    [InlineData("synchronous_commit", "ALTER ROLE {role} SET synchronous_commit = off")]
    [InlineData("read_only", "ALTER DATABASE {name} SET default_transaction_read_only = on")]
    [InlineData("connections", "ALTER ROLE {role} CONNECTION LIMIT 32")]
    [InlineData("connections", "ALTER DATABASE {name} CONNECTION LIMIT 32")]
    [InlineData("schema", "DELETE FROM weir.migrations")]
    [InlineData("schema", "INSERT INTO weir.migrations (number, name, applied_at) VALUES ({newest} + 2, 'later', 0)")]
    [InlineData("schema", "DROP SCHEMA weir CASCADE")]
    [InlineData("connection", "REVOKE USAGE ON SCHEMA weir FROM {role}")]
    public async Task AFaultIsNamed(string check, string statement)
    {
        await MigrateAsync();
        Execute(statement);
        Examination found = await ExamineAsync();
        Assert.False(found.IsSound);
        Assert.All(found.Findings.Where(finding => finding.Level == FindingLevel.Fault), finding => Assert.Equal(check, finding.Check));
        Assert.All(found.Findings, finding => Assert.False(string.IsNullOrWhiteSpace(finding.Remedy)));

        // A node refuses what loses or shows something; a lack of connections it meets when it needs them.
        await using PostgreSqlStore store = new(Options);
        if (check is not ("connections" or "read_only"))
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => store.OpenAsync(None));
        }
    }

    [Theory(DisplayName = "What will go wrong one day is a warning, and no fault")]
    [InlineData("partitions", "DROP TABLE weir.events_{next}")]
    [InlineData("schema", "INSERT INTO weir.migrations (number, name, applied_at) VALUES ({newest} + 1, 'next', 0)")]
    public async Task AWeaknessIsNamed(string check, string statement)
    {
        await MigrateAsync();
        Execute(statement);
        Examination found = await ExamineAsync();
        Assert.True(found.IsSound, string.Join('\n', found.Findings));
        Assert.Equal([Always, check], found.Findings.Select(finding => finding.Check).Order(StringComparer.Ordinal));
    }

    [Fact(DisplayName = "ACC-2: rows that are seen without a workspace are found by looking, whatever stands in the catalog of the database")]
    public async Task ALookFindsWhatIsSeen()
    {
        await MigrateAsync();
        await using (PostgreSqlStore store = new(Options))
        {
            await store.OpenAsync(None);
            await store.NewWorkspaceAsync();
        }

        Assert.True((await ExamineAsync()).IsSound);
        Execute("ALTER POLICY own_workspace ON weir.workspace_state USING (true)");
        Assert.Equal(["policy", "probe"], (await ExamineAsync()).Findings.Where(finding => finding.Level == FindingLevel.Fault).Select(finding => finding.Check).Order(StringComparer.Ordinal));
    }

    [Theory(DisplayName = "TX-3: clocks that differ are named; far apart they are a fault")]
    [InlineData(0, null)]
    [InlineData(-20, FindingLevel.Warning)]
    [InlineData(20, FindingLevel.Warning)]
    [InlineData(7_200, FindingLevel.Fault)]
    public async Task ClocksAreCompared(int seconds, FindingLevel? level)
    {
        await MigrateAsync();
        Examination found = await PostgreSqlDoctor.ExamineAsync(Options, 1, new SkewedClock(TimeSpan.FromSeconds(seconds)), None);
        Assert.Equal(level, found.Findings.SingleOrDefault(finding => finding.Check == "clock")?.Level);
    }

    [Fact(DisplayName = "More nodes than the server has connections for are a fault")]
    public async Task ConnectionsAreCounted()
    {
        await MigrateAsync();
        // The server has 300, of which 3 are reserved.
        Assert.True((await PostgreSqlDoctor.ExamineAsync(Options, 9, TimeProvider.System, None)).IsSound);
        Finding found = Assert.Single((await PostgreSqlDoctor.ExamineAsync(Options, 10, TimeProvider.System, None)).Findings, finding => finding.Level == FindingLevel.Fault);
        Assert.Equal("connections", found.Check);
        Assert.Contains("330", found.What, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "A database that does not answer, and a way to it that others can read, are named")]
    public async Task WhatCannotBeReachedIsNamed()
    {
        Examination found = await PostgreSqlDoctor.ExamineAsync(new PostgreSqlStoreOptions { ConnectionString = "Host=db.invalid;Database=d;Username=u;Password=secret;Timeout=2" }, 1, TimeProvider.System, None);
        Assert.Equal(["connection", "tls"], found.Findings.Select(finding => finding.Check));
        Assert.DoesNotContain("secret", found.Subject + string.Concat(found.Findings), StringComparison.Ordinal);
        Assert.DoesNotContain(
            (await PostgreSqlDoctor.ExamineAsync(new PostgreSqlStoreOptions { ConnectionString = "Host=127.0.0.1;Port=1;Database=d;Username=u" }, 1, TimeProvider.System, None)).Findings, finding => finding.Check == "tls");
    }

    [Fact(DisplayName = "The encoding of a database is UTF8")]
    public async Task TheEncodingIsLookedAt()
    {
        s_cluster.Drop(_name);
        s_cluster.Execute("postgres", $"CREATE DATABASE {_name} OWNER {PostgreSqlCluster.Owner} ENCODING 'SQL_ASCII' TEMPLATE template0");
        await MigrateAsync();
        Assert.Contains((await ExamineAsync()).Findings, finding => finding is { Check: "encoding", Level: FindingLevel.Fault });
    }

    [Fact(DisplayName = "Settings of a whole server with which something acknowledged could be lost, or the disk fills, are named")]
    public async Task SettingsOfAServerAreLookedAt()
    {
        using PostgreSqlCluster faulty = PostgreSqlCluster.StartAnother(
            "fsync=off", "full_page_writes=off", "autovacuum=off", "data_sync_retry=on", "zero_damaged_pages=on", "ignore_checksum_failure=on", "track_counts=off", "max_connections=30",
            "archive_mode=on", "archive_command=false", "synchronous_standby_names=nobody", "synchronous_commit=local");
        string name = faulty.Rent();
        faulty.Execute(name, "SELECT pg_create_physical_replication_slot('forgotten', true)");
        await using (NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(faulty.ConnectionString(name, "postgres")) { Pooling = false }.ConnectionString))
        {
            await connection.OpenAsync(None);
            await using NpgsqlCommand failed = new("SELECT count(*) FROM pg_stat_archiver WHERE last_failed_time IS NOT NULL", connection);
            faulty.Execute(name, "CREATE TABLE public.some (one integer)", "SELECT pg_switch_wal()");
            Stopwatch waited = Stopwatch.StartNew();
            while ((long)(await failed.ExecuteScalarAsync(None))! == 0)
            {
                Assert.True(waited.Elapsed < TimeSpan.FromMinutes(1), "Nothing has tried to archive.");
                await Task.Delay(TimeSpan.FromMilliseconds(50), None);
            }
        }

        Examination found = await PostgreSqlDoctor.ExamineAsync(new PostgreSqlStoreOptions { ConnectionString = faulty.ConnectionString(name, PostgreSqlCluster.Runtime) }, 1, TimeProvider.System, None);
        Assert.Equal(["connections", "fsync", "full_page_writes"], Checks(FindingLevel.Fault));
        Assert.Equal(
            ["archive", "autovacuum", Always, "data_sync_retry", "ignore_checksum_failure", "replication_slot", "synchronous_standby", "track_counts", "zero_damaged_pages"],
            Checks(FindingLevel.Warning));

        IEnumerable<string> Checks(FindingLevel level) => found.Findings.Where(finding => finding.Level == level).Select(finding => finding.Check).Order(StringComparer.Ordinal);
    }

    [Fact(DisplayName = "LOG-1: the rights that are looked for are those that migrate gives, for every table that there is")]
    public async Task EveryTableHasItsRights()
    {
        await MigrateAsync();
        await using NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(Options.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(None);
        await using NpgsqlCommand command = new(
            "SELECT relname || ' ' || may FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) may WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p') AND has_table_privilege(oid, may)",
            connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(None);
        IEnumerable<string> has = await Session.ReadAllAsync(reader, row => row.Text(0), None);
        Assert.Equal(
            Rights.Granted.Where(granted => !granted.Right.EndsWith("COLUMNS", StringComparison.Ordinal)).Select(granted => $"{granted.Table} {granted.Right}").Order(StringComparer.Ordinal),
            has.Order(StringComparer.Ordinal));
        foreach (string table in (string[])["events", "audit", "ids"])
        {
            Assert.Equal(["INSERT", "SELECT"], Rights.Granted.Where(granted => granted.Table == table).Select(granted => granted.Right).Order(StringComparer.Ordinal));
        }
    }

    private PostgreSqlStoreOptions Options => new() { ConnectionString = s_cluster.ConnectionString(_name, _role) };

    private Task<int> MigrateAsync() => PostgreSqlSchema.MigrateAsync(s_cluster.ConnectionString(_name, PostgreSqlCluster.Owner), _role, null, None);

    private Task<Examination> ExamineAsync() => PostgreSqlDoctor.ExamineAsync(Options, 1, TimeProvider.System, None);

    private void Execute(string statement)
    {
        NpgsqlConnection.ClearAllPools();
        DateTime now = DateTime.UtcNow;
        s_cluster.Execute(
            _name,
            statement.Replace("{role}", _role, StringComparison.Ordinal).Replace("{name}", _name, StringComparison.Ordinal)
                .Replace("{newest}", PostgreSqlSchema.Newest.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{month}", now.ToString("yyyyMM", CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{next}", now.AddDays(1 - now.Day).AddMonths(1).ToString("yyyyMM", CultureInfo.InvariantCulture), StringComparison.Ordinal));
    }

    private sealed class SkewedClock(TimeSpan skew) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + skew;
    }
}
