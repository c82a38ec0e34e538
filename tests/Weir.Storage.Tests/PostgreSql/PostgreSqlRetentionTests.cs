using NodaTime;

using Npgsql;

using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>Months of the ledger go as whole partitions, of all workspaces at once, without holding up anybody who writes.</summary>
public sealed class PostgreSqlRetentionTests : IAsyncLifetime
{
    private const string January = "(extract(epoch FROM timestamp '2020-01-01') * 1000000)::bigint";

    private static readonly Instant s_january = Instant.FromUtc(2020, 1, 15, 12, 0);

    private static readonly Instant s_february = Instant.FromUtc(2020, 2, 1, 0, 0);

    private readonly PostgreSqlDatabase _database = new();
    private readonly FakeClock _clock = new(s_january);
    private PostgreSqlStore? _store;

    private static CancellationToken None => CancellationToken.None;

    private PostgreSqlStore Store => _store!;

    public async ValueTask InitializeAsync() => _store = await _database.OpenAsync(_clock);

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _database.Dispose();
    }

    [Fact(DisplayName = "LOG-3: a month stays until every workspace with entries in it has carried it, and then its partitions go; ids go before")]
    public async Task AMonthWaitsForEveryWorkspace()
    {
        WorkspaceId own = await FillAsync("own");
        WorkspaceId other = await FillAsync("other");
        WorkspaceId empty = (await Store.Workspaces.CreateAsync("empty", null, "UTC", None))!.Id;
        await CarryAsync(own);
        Assert.Equal(2, await DropAsync(own));
        Assert.Equal(0, await DropAsync(empty));
        Assert.Equal("waits", await DropMonthAsync(own));
        Assert.Equal(4, (await Store.Ledger.FollowAsync(own, 0, 10, None)).Count);
        Assert.Equal(4, (await Store.Ledger.FollowAsync(other, 0, 10, None)).Count);
        Assert.Null(await Store.Ledger.FindAsync(own, new EventId("january-1"), None));
        Assert.NotNull(await Store.Ledger.FindAsync(other, new EventId("january-1"), None));
        Assert.Equal(["february-1", "february-2"], (await Store.Ledger.ReadAsync(own, new LedgerFilter { Ascending = true }, None)).Select(record => record.Details.Id));

        // A workspace that has carried the month and ended before its ids went keeps them with their entries.
        await CarryAsync(other);
        await DropAsync(own);
        Assert.Equal("waits", await DropMonthAsync(own));
        Assert.NotNull(await Store.Ledger.FindAsync(other, new EventId("january-1"), None));
        Assert.Equal(2, await DropAsync(other));
        Assert.Null(Scalar("SELECT to_regclass('weir.events_202001')::text"));
        Assert.Null(Scalar("SELECT to_regclass('weir.event_details_202001')::text"));
        Assert.Equal(2, (await Store.Ledger.FollowAsync(own, 0, 10, None)).Count);
        Assert.Equal(2, (await Store.Ledger.FollowAsync(other, 0, 10, None)).Count);
        Assert.Equal("gone", await DropMonthAsync(own));
        Assert.Equal(0, await DropAsync(own));

        // What comes to be recorded in it after all has a place again.
        Assert.Equal("", Scalar($"SELECT make_month({January})::text"));
        Assert.Equal("events_202001", Scalar("SELECT to_regclass('weir.events_202001')::text"));
    }

    [Fact(DisplayName = "LOG-3: with an entry that stays the month keeps its partition, thin, with what belongs to the entry and nothing else of any workspace")]
    public async Task AThinMonth()
    {
        WorkspaceId own = await FillAsync("own");
        WorkspaceId other = await FillAsync("other");
        long target = (await Store.Ledger.FindAsync(own, new EventId("january-1"), None))!.Sequence;
        await WriteAsync(own, Sample.RowWithoutId(Sample.Entry(own.Value, kind: EntryKind.Reversal, target: target, recordedAt: s_february + Duration.FromDays(3))));
        await CarryAsync(own);
        await CarryAsync(other);
        Assert.Equal(3, await DropAsync(own) + await DropAsync(other));
        Assert.Equal(["january-1", "february-1", "february-2", null], (await Store.Ledger.FollowAsync(own, 0, 10, None)).Select(entry => entry.Details.Id));
        Assert.Equal(1L, Scalar("SELECT count(*) FROM weir.events_202001"));
        Assert.Equal(1L, Scalar("SELECT count(*) FROM weir.event_details_202001"));
        Assert.Equal(2, (await Store.Ledger.FollowAsync(other, 0, 10, None)).Count);
        Assert.Equal("kept", await DropMonthAsync(own));

        // The thin one is shut like any other.
        Assert.Equal(true, Scalar("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'weir.events_202001'::regclass"));
        await Store.DisposeAsync();
        _store = await _database.OpenAsync(_clock);
        Assert.Equal(target, (await Store.Ledger.FindAsync(own, new EventId("january-1"), None))!.Sequence);
    }

    [Fact(DisplayName = "LOG-3: whoever reads for long makes the month stay, and nobody who writes waits for that; when the reader has gone, the month goes")]
    public async Task ALongReader()
    {
        WorkspaceId own = await FillAsync("own");
        await CarryAsync(own);
        await using (NpgsqlConnection reader = _database.Connect(PostgreSqlCluster.Runtime))
        {
            await using NpgsqlTransaction reading = await reader.BeginTransactionAsync();
            await using NpgsqlCommand read = new("SELECT count(*) FROM events", reader, reading);
            await read.ExecuteScalarAsync();
            Task<LedgerDrop> drop = Store.Retention.DropAsync(own, null, 100, None).AsTask();
            for (int i = 0; i < 30 || !drop.IsCompleted; i++)
            {
                // A lock that was waited for without a bound would let none of these through: nodes give up after five seconds.
                await WriteAsync(own, Sample.Row($"meanwhile-{i}", Sample.Entry(own.Value, recordedAt: s_february)));
            }

            Assert.True((await drop).IsBlocked);
            Assert.Equal("locked", await DropMonthAsync(own));
            Assert.Equal("events_202001", Scalar("SELECT to_regclass('weir.events_202001')::text"));
        }

        await DropAsync(own);
        Assert.Null(Scalar("SELECT to_regclass('weir.events_202001')::text"));
    }

    [Fact(DisplayName = "LOG-3: whoever asks for an entry that stays while its month is emptied waits for that and finds it")]
    public async Task ReadersWhileAMonthIsEmptied()
    {
        WorkspaceId own = await FillAsync("own");
        long target = (await Store.Ledger.FindAsync(own, new EventId("january-1"), None))!.Sequence;
        await WriteAsync(own, Sample.RowWithoutId(Sample.Entry(own.Value, kind: EntryKind.Reversal, target: target, recordedAt: s_february + Duration.FromDays(3))));
        await CarryAsync(own);

        // One transaction that holds the month from before they ask until it is thin.
        await using NpgsqlConnection connection = _database.Connect("postgres");
        await using NpgsqlTransaction emptying = await connection.BeginTransactionAsync();
        await using NpgsqlCommand hold = new("LOCK TABLE weir.events_202001 IN ACCESS EXCLUSIVE MODE", connection, emptying);
        await hold.ExecuteNonQueryAsync();
        Task<LedgerRecord?> found = Store.Ledger.FindAsync(own, new EventId("january-1"), None).AsTask();
        Task<IReadOnlyDictionary<long, EntryHistory>> entries = Store.Ledger.ReadEntriesAsync(own, [target], None).AsTask();
        while (Scalar("SELECT count(*) FROM pg_locks WHERE relation = 'weir.events_202001'::regclass AND NOT granted") is not 2L)
        {
            await Task.Yield();
        }

        await using NpgsqlCommand drop = new(
            $"SELECT set_config('app.workspace', '{own.Value}', true); SELECT weir.prune_carried({January}, {January}, 10); SELECT weir.drop_month({January})", connection, emptying);
        await using (NpgsqlDataReader reader = await drop.ExecuteReaderAsync())
        {
            await reader.NextResultAsync();
            await reader.NextResultAsync();
            await reader.ReadAsync();
            Assert.Equal("kept", reader.GetString(0));
        }

        await emptying.CommitAsync();
        Assert.Equal(1L, Scalar("SELECT count(*) FROM weir.events_202001"));
        Assert.Equal(target, (await found)?.Sequence);
        Assert.Equal([target], (await entries).Keys);
    }

    [Fact(DisplayName = "LOG-3: what is looked at as of one moment stays there until the look ends, also what was carried before")]
    public async Task ALookKeepsTheMonth()
    {
        WorkspaceId own = await FillAsync("own");
        IWeirStore look = (await Store.LookAsync(None))!;
        await CarryAsync(own);
        Assert.True((await Store.Retention.DropAsync(own, null, 100, None)).IsBlocked);
        Assert.Equal(Instant.MinValue, await look.Retention.StartAsync(own, None));
        Assert.Equal(4, (await look.Ledger.FollowAsync(own, 0, 10, None)).Count);
        await look.DisposeAsync();
        await DropAsync(own);
        Assert.Equal(2, (await Store.Ledger.FollowAsync(own, 0, 10, None)).Count);
    }

    [Fact(DisplayName = "ACC-2: whoever lets a month go stays in the workspace that it has named, and takes nothing that is not carried, by whatever name")]
    public async Task TheFunctionsLookForThemselves()
    {
        WorkspaceId own = await FillAsync("own");
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        await using (NpgsqlTransaction transaction = await connection.BeginTransactionAsync())
        {
            await using NpgsqlCommand command = new(
                $"SELECT set_config('app.workspace', '{own.Value}', true); SELECT drop_month({January}); SELECT current_setting('app.workspace')", connection, transaction);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
            await reader.NextResultAsync();
            await reader.ReadAsync();
            Assert.Equal("waits", reader.GetString(0));
            await reader.NextResultAsync();
            await reader.ReadAsync();
            Assert.Equal(own.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), reader.GetString(0));
        }

        await using NpgsqlTransaction another = await connection.BeginTransactionAsync();
        await using NpgsqlCommand prune = new($"SELECT set_config('app.workspace', '{own.Value}', true); SELECT prune_carried({January}, {January}, 10)", connection, another);
        Assert.Contains("as long as the ledger", (await Assert.ThrowsAsync<PostgresException>(() => prune.ExecuteScalarAsync())).MessageText, StringComparison.Ordinal);
    }

    [Theory(DisplayName = "LOG-3: no ledger starts within 400 days by the database's clock, whoever says so")]
    [InlineData(399, false)]
    [InlineData(401, true)]
    public async Task NoStartWithin400Days(int days, bool isTaken)
    {
        WorkspaceId own = await FillAsync("own");
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await using NpgsqlCommand move = new(
            $"SELECT set_config('app.workspace', '{own.Value}', true); INSERT INTO ledger_starts VALUES ({own.Value}, clock_micros(NULL) - {days} * 86400000000)", connection, transaction);
        PostgresException? refused = await Record.ExceptionAsync(() => move.ExecuteNonQueryAsync()) as PostgresException;
        Assert.Equal(isTaken ? null : PostgresErrorCodes.CheckViolation, refused?.SqlState);
    }

    [Fact(DisplayName = "LOG-3: when ids have gone and the process ends before the entries go, nothing is missing, and the next run does the rest")]
    public async Task IdsWithoutEntries()
    {
        WorkspaceId own = await FillAsync("own");
        await CarryAsync(own);
        await using (NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime))
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
            await using NpgsqlCommand prune = new($"SELECT set_config('app.workspace', '{own.Value}', true); SELECT ids_gone FROM prune_carried({January}, {January}, 10)", connection, transaction);
            await prune.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }

        Assert.Null(await Store.Ledger.FindAsync(own, new EventId("january-1"), None));
        Assert.Equal(4, (await Store.Ledger.FollowAsync(own, 0, 10, None)).Count);
        await WriteAsync(own, Sample.Row("january-1", Sample.Entry(own.Value, recordedAt: s_february + Duration.FromDays(5))));
        Assert.Equal(0, await DropAsync(own));
        Assert.Equal(["february-1", "february-2", "january-1"], (await Store.Ledger.FollowAsync(own, 0, 10, None)).Select(entry => entry.Details.Id));
        Assert.NotNull(await Store.Ledger.FindAsync(own, new EventId("january-1"), None));
    }

    /// <summary>Two entries in January and two in February, which the summaries hold.</summary>
    private async Task<WorkspaceId> FillAsync(string key)
    {
        WorkspaceId workspace = (await Store.Workspaces.CreateAsync(key, null, "UTC", None))!.Id;
        await Store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", workspace.Value)], None);
        foreach ((string name, Instant time) in ((string, Instant)[])[("january", s_january), ("february", s_february)])
        {
            await WriteAsync(workspace, [.. Enumerable.Range(1, 2).Select(i => Sample.Row($"{name}-{i}", Sample.Entry(workspace.Value, recordedAt: time)))]);
        }

        return workspace;
    }

    private async Task WriteAsync(WorkspaceId workspace, params LedgerRow[] rows)
    {
        await using ILedgerTransaction transaction = await Store.Ledger.BeginAsync(workspace, None);
        await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
        Assert.True(await transaction.WriteAsync(new LedgerWrites { Rows = rows }, None));
        await transaction.CommitAsync(None);
    }

    private async Task CarryAsync(WorkspaceId workspace)
    {
        long last = await Store.Ledger.LastSequenceAsync(workspace, None);
        Assert.True(await Store.Summaries.AddAsync(workspace, 0, last, new Dictionary<SummaryKey, SummaryFigures>(), None));
        await Store.Retention.CarryAsync(workspace, s_february, [new CarriedBalance(workspace.Value, Sample.Key(), new Quantity(200), Quantity.Zero)], [], None);
        Assert.True(await Store.Retention.MoveStartAsync(workspace, s_february, last, None));
    }

    /// <summary>How many ids went.</summary>
    private async Task<long> DropAsync(WorkspaceId workspace)
    {
        long ids = 0;
        LedgerDrop step = default;
        do
        {
            step = await Store.Retention.DropAsync(workspace, step.Next, 100, None);
            Assert.False(step.IsBlocked);
            ids += step.Ids;
        }
        while (step.Next is not null);
        return ids;
    }

    private async Task<string?> DropMonthAsync(WorkspaceId workspace)
    {
        await using NpgsqlConnection connection = _database.Connect(PostgreSqlCluster.Runtime);
        await using NpgsqlCommand command = new($"SELECT drop_month({January}) WHERE {workspace.Value} > 0", connection);
        return (string?)await command.ExecuteScalarAsync();
    }

    /// <summary>As the superuser, whom no policy holds back.</summary>
    private object? Scalar(string statement)
    {
        using NpgsqlConnection connection = _database.Connect("postgres");
#pragma warning disable CA2100 // The texts are those of the tests.
        using NpgsqlCommand command = new(statement, connection);
#pragma warning restore CA2100
        return command.ExecuteScalar() is var value && value is DBNull ? null : value;
    }
}
