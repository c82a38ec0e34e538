using System.Diagnostics;

using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

public sealed class SqliteOpeningTests : IDisposable
{
    private readonly SqliteFolder _folder = new();
    private readonly FakeClock _time = new(Sample.Start);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_second_writer_is_told_who_has_the_file_and_gets_it_afterwards()
    {
        await using (SqliteStore first = await _folder.OpenAsync(_time))
        {
            StoreUnavailableException refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => _folder.OpenAsync(_time));

            Assert.Contains($"process {Environment.ProcessId} on {Environment.MachineName} (since 2026-03-14 09:26:53 UTC)", refused.Message, StringComparison.Ordinal);
            Assert.Contains("--url", refused.Message, StringComparison.Ordinal);
            Assert.NotEqual(default, await first.NewWorkspaceAsync());
        }

        await using SqliteStore second = await _folder.OpenAsync(_time);
        Assert.NotNull(await second.Workspaces.FindAsync("default", CancellationToken.None));
    }

    [Fact]
    public async Task The_lock_is_gone_with_a_process_that_is_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "It uses the flock program.");
        await (await _folder.OpenAsync(_time)).DisposeAsync();
        using Process other = Process.Start(new ProcessStartInfo("flock", ["--no-fork", StoreLock.PathOf(_folder.Database), "cat"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await other.StandardInput.WriteLineAsync("held");
        await other.StandardInput.FlushAsync();
        Assert.Equal("held", await other.StandardOutput.ReadLineAsync());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _folder.OpenAsync(_time));

        other.Kill();
        await other.WaitForExitAsync();

        await using SqliteStore store = await _folder.OpenAsync(_time);
        Assert.NotEqual(default, await store.NewWorkspaceAsync());
    }

    [Fact]
    public async Task Migrations_run_once()
    {
        await (await _folder.OpenAsync(_time)).DisposeAsync();
        List<object?[]> migrations = _folder.Query("SELECT number, name, applied_at FROM migrations");
        List<object?[]> schema = _folder.Query("SELECT name, sql FROM sqlite_schema ORDER BY name");
        _time.Advance(Duration.FromDays(1));

        await (await _folder.OpenAsync(_time)).DisposeAsync();

        Assert.Equal([1L, "0001_initial", Clock.ToMicros(Sample.Now)], migrations[0]);
        Assert.Equal(Sql.Migrations().Select(name => name[Sql.MigrationFolder.Length..]), migrations.Select(row => row[1]));
        Assert.Equal(migrations, _folder.Query("SELECT number, name, applied_at FROM migrations"));
        Assert.Equal(schema, _folder.Query("SELECT name, sql FROM sqlite_schema ORDER BY name"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_of_a_newer_program_is_refused(bool readOnly)
    {
        await (await _folder.OpenAsync(_time)).DisposeAsync();
        _folder.Query("INSERT INTO migrations VALUES (9000, 'from the future', 0)");

        StoreUnavailableException refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => _folder.OpenAsync(_time, readOnly));

        Assert.Contains("newer program (step 9000", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_file_is_kept_as_the_design_says()
    {
        await using SqliteStore store = await _folder.OpenAsync(_time);

        Assert.Equal("wal", _folder.Query("PRAGMA journal_mode")[0][0]);
        Assert.All(
            _folder.Query("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'"),
            table => Assert.Equal(1L, table[1]));
        long? synchronous = await store.Writer.WriteAsync(connection => new Statement(connection, "PRAGMA synchronous").Scalar(), CancellationToken.None);
        Assert.Equal(2, synchronous);
    }

    [Fact]
    public async Task What_is_not_a_database_is_named()
    {
        await File.WriteAllTextAsync(_folder.Database, new string('x', 5000));

        StoreUnavailableException refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => _folder.OpenAsync(_time));

        Assert.Contains("not a sound database", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reading_only_needs_a_file()
    {
        StoreUnavailableException refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => _folder.OpenAsync(_time, readOnly: true));

        Assert.Contains("There is no database", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.Database));
    }

    [Fact]
    public async Task Reading_only_works_beside_a_server_and_changes_nothing()
    {
        await using SqliteStore server = await _folder.OpenAsync(_time);
        WorkspaceId workspace = await server.NewWorkspaceAsync();
        await server.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", Sample.AcmeId)], CancellationToken.None);
        IReadOnlyList<long> sequences = await server.UseAsync(workspace, "acme", "a", "b", "c");
        await using SqliteStore reader = await _folder.OpenAsync(_time, readOnly: true);

        // What the server still holds back from its tables is seen all the same.
        Assert.Empty(_folder.Query("SELECT * FROM balances"));
        Assert.Equal(3, await reader.UsedAsync(workspace, "acme"));
        Same.State((await server.Ledger.ReadStateAsync(workspace, Sample.Acme, CancellationToken.None))!, (await reader.Ledger.ReadStateAsync(workspace, Sample.Acme, CancellationToken.None))!);
        Assert.Equal(sequences, (await reader.Ledger.ReadAsync(workspace, new LedgerFilter { Account = Sample.Acme, Ascending = true }, CancellationToken.None)).Select(r => r.Sequence));
        Assert.Equal(sequences[1], (await reader.Ledger.FindAsync(workspace, new EventId("b"), CancellationToken.None))!.Sequence);
        Assert.Equal(3, (await reader.Accounts.ListAsync(workspace, new AccountFilter(), CancellationToken.None))[0].State.Balances[Sample.Key()].Used.Units);
        await foreach ((long account, Balance balance) in reader.Ledger.ReadBalancesAsync(workspace, CancellationToken.None))
        {
            Assert.Equal((Sample.AcmeId, 3L), (account, balance.Used.Units));
        }

        await Assert.ThrowsAsync<StoreUnavailableException>(() => reader.Workspaces.CreateAsync("other", null, "UTC", CancellationToken.None).AsTask());
        await using (ILedgerTransaction transaction = await reader.Ledger.BeginAsync(workspace, CancellationToken.None))
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, CancellationToken.None).AsTask());
        }
    }

    [Fact]
    public async Task Reading_only_sees_the_moment_of_its_opening_throughout()
    {
        await using SqliteStore server = await _folder.OpenAsync(_time);
        WorkspaceId workspace = await server.NewWorkspaceAsync();
        await server.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", Sample.AcmeId)], CancellationToken.None);
        await server.UseAsync(workspace, "acme", "a", "b", "c");
        await using SqliteStore before = await _folder.OpenAsync(_time, readOnly: true);
        await server.UseAsync(workspace, "acme", "d");
        await using SqliteStore after = await _folder.OpenAsync(_time, readOnly: true);

        Assert.Equal(3, await before.UsedAsync(workspace, "acme"));
        Assert.Equal(3, (await before.Ledger.ReadAsync(workspace, new LedgerFilter(), CancellationToken.None)).Count);
        Assert.Equal(4, await after.UsedAsync(workspace, "acme"));
        Assert.Equal(4, (await after.Ledger.ReadAsync(workspace, new LedgerFilter(), CancellationToken.None)).Count);
    }
}
