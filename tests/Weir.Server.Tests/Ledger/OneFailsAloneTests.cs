using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

using Npgsql;

using Weir.PostgreSql;
using Weir.Storage.Tests;

namespace Weir.Server.Tests.Ledger;

/// <summary>What shares a transaction with others, and cannot be kept, over HTTP on PostgreSQL, where one error ends a whole transaction.</summary>
public sealed class OneFailsAloneTests(FullHost full) : IClassFixture<FullHost>
{
    private const int Count = 200;
    private const int Overflows = 50;
    private const int Refused = 100;
    private const int Unknown = 150;

    private readonly WeirHost _host = full.Host;

    [Fact(DisplayName = "TX-2: of an array of 200 events, one that overflows a balance, one that the database refuses and one of an unknown account fail, each by itself; the others stand")]
    public async Task OfAnArray()
    {
        string[] bodies = [.. Enumerable.Range(0, Count).Select(i => Item("e", i))];
        JsonArray results = (await WhileLockedAsync(() => _host.Admin.PostJsonAsync("/api/v1/events", FullHost.Array(bodies)))).ExpectOk()["results"]!.AsArray();
        Assert.Equal(Count, results.Count);
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal($"e-{i}", (string)results[i]!["id"]!);
            Assert.Equal(CodeOf(i) is null ? "recorded" : "rejected", (string)results[i]!["status"]!);
            Assert.Equal(CodeOf(i), (string?)results[i]!["code"]);
        }

        Assert.Contains("violates check constraint \"traced\"", (string)results[Refused]!["detail"]!, StringComparison.Ordinal);
        await StandsAsync("e");

        // Sent again, what stands is a repeat, and the others fail again: nothing was stored under their ids.
        JsonArray again = (await _host.Admin.PostJsonAsync("/api/v1/events", FullHost.Array(bodies))).ExpectOk()["results"]!.AsArray();
        Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(CodeOf(i) is null ? "duplicate" : "rejected", (string)again[i]!["status"]!));
        await StandsAsync("e");
    }

    [Fact(DisplayName = "TX-2: of 200 requests that share commits, one that overflows a balance, one that the database refuses and one of an unknown account fail, each by itself")]
    public async Task OfRequests()
    {
        Reply[] replies = await WhileLockedAsync(() => Task.WhenAll(Enumerable.Range(0, Count).Select(i => _host.Admin.PostJsonAsync("/api/v1/consume", Item("c", i)))));
        for (int i = 0; i < Count; i++)
        {
            if (CodeOf(i) is { } code)
            {
                Assert.InRange((int)replies[i].Status, 400, 499);
                Assert.Equal(code, (string)replies[i].Json["code"]!);
            }
            else
            {
                Assert.True((bool)replies[i].ExpectOk()["allowed"]!);
            }
        }

        await StandsAsync("c");
    }

    private static string? CodeOf(int i) => i switch { Overflows => "quantity_overflow", Refused => "invalid_request", Unknown => "unknown_account", _ => null };

    private static string Item(string prefix, int i) => i switch
    {
        Overflows => FullHost.Body($"{prefix}-{i}", "full", FullHost.Largest),
        Refused => FullHost.Body($"{prefix}-{i}", $"{prefix}-1", 1, "untraced"),
        Unknown => FullHost.Body($"{prefix}-{i}", "nobody", 1),
        _ => FullHost.Body($"{prefix}-{i}", $"{prefix}-{i % 3}", i),
    };

    /// <summary>While somebody else has the accounts, so that everything gathers behind the first batch.</summary>
    private async Task<T> WhileLockedAsync<T>(Func<Task<T>> send)
    {
        Task<T> sent;
        await using (NpgsqlConnection holder = new(full.Database))
        {
            await holder.OpenAsync();
            await using NpgsqlTransaction transaction = await holder.BeginTransactionAsync();
            await using NpgsqlCommand lockAll = new("SELECT count(*) FROM (SELECT 1 FROM weir.accounts FOR UPDATE) locked", holder, transaction);
            await lockAll.ExecuteScalarAsync();
            sent = send();
            await using NpgsqlCommand waiters = new("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", holder, transaction);
            while ((long)(await waiters.ExecuteScalarAsync())! == 0)
            {
                await Task.Yield();
            }
        }

        return await sent;
    }

    /// <summary>The log and the balances have exactly what was good, and what is good was written together.</summary>
    private async Task StandsAsync(string prefix)
    {
        int[] good = [.. Enumerable.Range(0, Count).Where(i => CodeOf(i) is null)];
        Reply log = (await _host.Admin.ReadAsync("/api/v1/events?limit=1000")).ExpectOk();
        Assert.Equal(
            good.Select(i => $"{prefix}-{i}").Order(StringComparer.Ordinal),
            log["items"]!.AsArray().Select(item => (string)item!["id"]!).Where(id => id.StartsWith(prefix + "-", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        foreach (int account in Enumerable.Range(0, 3))
        {
            Reply usage = (await _host.Admin.ReadAsync($"/api/v1/accounts/{prefix}-{account}/usage")).ExpectOk();
            Assert.Equal(good.Where(i => i % 3 == account).Sum(), (int)usage["balances"]![0]!["used"]!);
        }

        Reply filled = (await _host.Admin.ReadAsync("/api/v1/accounts/full/usage")).ExpectOk();
        Assert.Equal(FullHost.OfEach * (decimal)FullHost.Largest, (decimal)filled["balances"]![0]!["used"]!);
        await using NpgsqlConnection connection = new(full.Database);
        await connection.OpenAsync();
        await using NpgsqlCommand together = new(
            "SELECT max(rows) FROM (SELECT count(*) AS rows FROM weir.events e JOIN weir.event_details d USING (workspace, seq) WHERE starts_with(d.id, @prefix) GROUP BY e.xmin) batches", connection);
        together.Parameters.AddWithValue("prefix", prefix + "-");
        Assert.InRange((long)(await together.ExecuteScalarAsync())!, 2, Count);
    }
}

/// <summary>A server on PostgreSQL with an account whose balance is nearly full, and a rule of the operator's about what is written.</summary>
public sealed class FullHost : IAsyncLifetime
{
    /// <summary>The most that one event may carry, of which 9,223 fit 64 bits.</summary>
    public const long Largest = 1_000_000_000_000_000;

    public const int OfEach = 9_223;

    private const string Catalog = """
        name: batches
        autoCreate: false
        defaultPlan: free
        meters: { units: { unit: unit } }
        events: { work: { charges: { units: { per: { property: n } } } } }
        plans: { free: { allowances: { units: { limit: null, per: lifetime } } } }
        """;

    private static readonly PostgreSqlCluster s_cluster = PostgreSqlCluster.Current;

    private readonly string _database = s_cluster.NewEmptyDatabase();

    public WeirHost Host { get; private set; } = null!;

    /// <summary>For the superuser.</summary>
    public string Database => s_cluster.ConnectionString(_database, "postgres");

    public async ValueTask InitializeAsync()
    {
        await PostgreSqlSchema.MigrateAsync(s_cluster.ConnectionString(_database, PostgreSqlCluster.Owner), PostgreSqlCluster.Runtime, null, CancellationToken.None);
        // A rule of the operator's.
        s_cluster.Execute(_database, "ALTER TABLE weir.event_details ADD CONSTRAINT traced CHECK (request_id <> 'untraced')");
        Host = await WeirHost.StartAsync(catalog: null, weir => weir.AddPostgreSql(s_cluster.ConnectionString(_database, PostgreSqlCluster.Runtime)));
        (await Host.Admin.PutAsync("/api/v1/catalog", Catalog, "application/yaml")).ExpectOk();
        foreach (string account in new[] { "full", "e-0", "e-1", "e-2", "c-0", "c-1", "c-2" })
        {
            Assert.True((await Host.Admin.PutJsonAsync($"/api/v1/accounts/{account}", "{}")).Status is HttpStatusCode.OK or HttpStatusCode.Created);
        }

        foreach (int[] part in Enumerable.Range(0, OfEach).Chunk(1_000))
        {
            Reply filled = (await Host.Admin.PostJsonAsync("/api/v1/events", Array(part.Select(i => Body($"fill-{i}", "full", Largest))))).ExpectOk();
            Assert.All(filled["results"]!.AsArray(), result => Assert.Equal("recorded", (string)result!["status"]!));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        s_cluster.Drop(_database);
    }

    public static string Body(string id, string account, long n, string request = "r") => string.Create(
        CultureInfo.InvariantCulture, $$"""{ "id": "{{id}}", "account": "{{account}}", "type": "work", "requestId": "{{request}}", "properties": { "n": {{n}} } }""");

    public static string Array(IEnumerable<string> bodies) => "[" + string.Join(",", bodies) + "]";
}
