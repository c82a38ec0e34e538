using NodaTime;

using Npgsql;

using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>A transaction that the database ends at any of its statements: it lost against another, was cancelled, or its connection was ended.</summary>
public sealed class PostgreSqlLostStatementTests : IDisposable
{
    private const string Commit = "commit";
    private const string Lock = "begin_log";
    private const int Always = 1_000_000;

    /// <summary>Everything that a batch with a usage of a known account does to the database, in its order.</summary>
    private static readonly string[] s_places = [Lock, "ids", "accounts", "events", "event_details", Commit];

    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    [Theory(DisplayName = "TX-2: a transaction that loses at any of its statements or its commit is decided again under the same ids, counts once, and says so when it loses for good")]
    [InlineData(PostgresErrorCodes.SerializationFailure)]
    [InlineData(PostgresErrorCodes.DeadlockDetected)]
    public async Task Loses(string state)
    {
        await using UsageDesk desk = await OpenAsync();
        foreach (string place in s_places)
        {
            await FailAsync(place, state, times: 3);
            await desk.RecordAsync($"{place}-thrice", "ping");
            Assert.Equal(4, await TriesAsync());
            await FailAsync(place, state, times: Always);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => desk.RecordAsync($"{place}-always", "ping"));
            await HealAsync();
            Assert.DoesNotContain($"{place}-always", await IdsAsync(desk));
            await desk.RecordAsync($"{place}-always", "ping");
        }

        await CompareAsync(desk, s_places.SelectMany(place => (string[])[$"{place}-thrice", $"{place}-always"]));
    }

    [Theory(DisplayName = "TX-2: a statement or a commit that the database gives up fails its request, not as a denial, leaves nothing, and its repeat counts once")]
    [InlineData(PostgresErrorCodes.QueryCanceled)]
    [InlineData(PostgresErrorCodes.LockNotAvailable)]
    public async Task IsCancelled(string state)
    {
        await using UsageDesk desk = await OpenAsync();
        foreach (string place in s_places)
        {
            await FailAsync(place, state, times: 1);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => desk.RecordAsync(place, "ping"));
            Assert.DoesNotContain(place, await IdsAsync(desk));
            await desk.RecordAsync(place, "ping");
            await HealAsync();
        }

        await CompareAsync(desk, s_places);
    }

    private async Task<UsageDesk> OpenAsync()
    {
        UsageDesk desk = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => _database.NewStore(null));
        await desk.RecordAsync("first", "ping");
        return desk;
    }

    /// <summary>What is done at a place fails so many times from now on.</summary>
    private async Task FailAsync(string place, string state, int times)
    {
        await HealAsync();
        string raise = $"IF nextval('weir.tries') <= {times} THEN RAISE SQLSTATE '{state}' USING MESSAGE = 'lost'; END IF;";
        await ExecuteAsync(place == Lock
            ? $"""
              CREATE SEQUENCE weir.tries;
              ALTER FUNCTION weir.begin_log(bigint) RENAME TO begin_log_of_weir;
              CREATE FUNCTION weir.try() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {raise} END $$;
              CREATE FUNCTION weir.begin_log(wanted bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM weir.try(); RETURN weir.begin_log_of_weir(wanted); END $$;
              """
            : $"""
              CREATE SEQUENCE weir.tries;
              CREATE FUNCTION weir.lose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {raise} RETURN NULL; END $$;
              {(place == Commit
                  ? "CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON weir.ids DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir.lose()"
                  : $"CREATE TRIGGER lose BEFORE INSERT OR UPDATE ON weir.{place} FOR EACH STATEMENT EXECUTE FUNCTION weir.lose()")}
              """);
    }

    private Task HealAsync() => ExecuteAsync("""
        DO $$ BEGIN
          DROP FUNCTION IF EXISTS weir.lose() CASCADE;
          IF to_regprocedure('weir.begin_log_of_weir(bigint)') IS NOT NULL THEN
            DROP FUNCTION weir.begin_log(bigint);
            DROP FUNCTION weir.try();
            ALTER FUNCTION weir.begin_log_of_weir(bigint) RENAME TO begin_log;
          END IF;
          DROP SEQUENCE IF EXISTS weir.tries;
        END $$
        """);

    private async Task<long> TriesAsync()
    {
        await using NpgsqlConnection connection = _database.Connect("postgres");
        await using NpgsqlCommand command = new("SELECT last_value FROM weir.tries", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlConnection connection = _database.Connect("postgres");
#pragma warning disable CA2100 // The texts are those of the tests.
        await using NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<string?>> IdsAsync(UsageDesk desk) =>
        [.. (await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 1_000, CancellationToken.None)).Select(stored => stored.Details.Id)];

    private static async Task CompareAsync(UsageDesk desk, IEnumerable<string> ids)
    {
        Assert.Equal([.. ids.Append("first").Order(StringComparer.Ordinal)], (await IdsAsync(desk)).Order(StringComparer.Ordinal));
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
    }
}
